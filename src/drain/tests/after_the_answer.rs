//! Helpers, the order of containers, and their own preStop hooks.

use super::*;
use crate::drain::*;

fn with_database() -> Plan {
    Plan { containers: vec![container("app", &[8080]), helper("db", &[5432])], ..plan() }
}

fn database(local: u32) -> PortCensus {
    PortCensus { role: PortRole::Helper, local, ..port(5432) }
}

#[test]
fn a_helpers_hook_alone_starts_no_drain_and_is_held_two_seconds() {
    let mut pod = Pod::new(with_database());
    let db = pod.hook("db");
    assert_eq!(pod.phase(), PhaseName::Serving);
    pod.run_to(10.0);
    let because = "a helper's container restarts";
    assert_eq!(pod.answer(db), Some((2.0, &Answer::Nothing { because })));
    assert_eq!(pod.count(|e| matches!(e, Effect::BeginWatch | Effect::SetReady(_))), 0);
}

#[test]
fn a_helpers_hook_and_the_own_hook_are_a_pod_stop() {
    for own_first in [true, false] {
        let mut pod = Pod::new(with_database());
        if own_first {
            pod.own_hook();
        }
        pod.hook("db");
        if !own_first {
            pod.own_hook();
        }
        assert_eq!(pod.kind(), Some(StopKind::PodStop));
    }
}

#[test]
fn a_helper_goes_when_the_app_is_gone_and_nobody_is_connected_to_it() {
    let mut pod = Pod::new(with_database());
    pod.ports.push(database(2));
    let (db, app) = (pod.hook("db"), pod.pod_stop());
    pod.run_to(12.0);
    assert!(pod.answer(app).is_some());
    assert_eq!(pod.answer(db), None, "the app still listens");
    pod.app_dies();
    pod.ports[1] = database(1);
    pod.run_to(14.0);
    assert_eq!(pod.answer(db), None, "somebody is still connected to it");
    pod.ports[1] = database(0);
    pod.run_to(40.0);
    assert!(pod.answered_at(db) < 14.2);
}

#[test]
fn a_helper_goes_at_the_latest_at_grace_minus_three_seconds() {
    let mut pod = Pod::new(with_database());
    pod.ports.push(database(2));
    let (db, _) = (pod.hook("db"), pod.pod_stop());
    pod.run_to(40.0);
    assert_eq!(pod.answered_at(db), 27.0);
}

#[test]
fn the_clock_of_a_stop_begins_with_a_helpers_hook_that_came_first() {
    let mut pod = Pod::new(with_database());
    pod.ports.push(database(2));
    let db = pod.hook("db");
    pod.run_to(1.0);
    pod.pod_stop();
    pod.run_to(40.0);
    assert_eq!(pod.answered_at(db), 27.0);
}

#[test]
fn a_helper_waits_for_serving_containers_that_are_not_answered() {
    let web = Container { after: Some("app".into()), ..container("web", &[9090]) };
    let containers = vec![container("app", &[8080]), web, helper("log", &[])];
    let mut pod = Pod::new(Plan { containers, ..plan() });
    let (log, app, web) = (pod.hook("log"), pod.hook("app"), pod.hook("web"));
    pod.own_hook();
    pod.run_to(10.0);
    assert!(pod.answer(app).is_some());
    assert_eq!((pod.answer(web), pod.answer(log)), (None, None));
    pod.app_dies();
    pod.run_to(40.0);
    assert!(pod.answered_at(web) < 10.2);
    assert!(pod.answered_at(log) >= pod.answered_at(web));
}

#[test]
fn a_container_after_another_goes_at_the_deadline_at_the_latest() {
    let web = Container { after: Some("app".into()), ..container("web", &[9090]) };
    let mut pod = Pod::new(Plan { containers: vec![container("app", &[8080]), web], ..plan() });
    let (app, web) = (pod.hook("app"), pod.hook("web"));
    pod.own_hook();
    pod.run_to(40.0);
    assert!(pod.answered_at(app) < 10.0);
    assert_eq!(pod.answered_at(web), 19.0);
}

#[test]
fn a_container_that_restarts_alone_waits_for_no_other() {
    let web = Container { after: Some("app".into()), ..container("web", &[9090]) };
    let mut pod = Pod::new(Plan {
        containers: vec![container("app", &[8080]), web],
        unready: Unready::Always,
        propagation: secs(0.5),
        ..plan()
    });
    let web = pod.hook("web");
    pod.run_to(40.0);
    assert_eq!(pod.answered_at(web), 2.0, "as soon as it is clear that it restarts");
}

fn adopting() -> Pod {
    let app = Container { adopted: true, ..container("app", &[8080]) };
    let db = Container { adopted: true, ..helper("db", &[5432]) };
    let containers = vec![app, container("web", &[9090]), db];
    let mut pod = Pod::new(Plan { containers, ..plan() });
    pod.ports.push(database(1));
    pod
}

fn called(pod: &Pod, name: &str) -> Vec<f64> {
    let call = |(at, effect): &(f64, Effect)| match effect {
        Effect::CallAdopted { container } if container == name => Some(*at),
        _ => None,
    };
    pod.log.iter().filter_map(call).collect()
}

#[test]
fn an_own_hook_of_the_container_is_called_once_between_the_end_and_the_answer() {
    let mut pod = adopting();
    let (app, web, again) = (pod.hook("app"), pod.hook("web"), pod.hook("app"));
    pod.own_hook();
    pod.run_to(5.9);
    let calls = called(&pod, "app");
    assert_eq!(calls.len(), 1);
    assert_eq!(pod.waits_for().unwrap(), "the preStop hook of app");
    pod.run_to(10.0);
    for caller in [app, web, again] {
        let after = pod.answered_at(caller) - calls[0];
        assert!((0.49..0.51).contains(&after), "{after}");
    }
    assert_eq!(pod.ended(app).0, Outcome::Drained);
}

#[test]
fn an_own_hook_that_does_not_return_is_answered_for_at_the_deadline() {
    let mut pod = adopting();
    pod.adopted = Reply::Never;
    let app = pod.pod_stop();
    pod.run_to(40.0);
    assert_eq!(pod.answered_at(app), 19.0);
    assert_eq!(pod.ended(app), (Outcome::Drained, LimitedBy::AdoptedHook));
}

#[test]
fn at_the_deadline_an_own_hook_is_called_and_not_waited_for() {
    let mut pod = adopting();
    pod.ports[0].busy = 1;
    let app = pod.pod_stop();
    pod.run_to(40.0);
    assert_eq!(called(&pod, "app"), [19.0]);
    assert_eq!(pod.answered_at(app), 19.0);
}

#[test]
fn a_helpers_own_hook_is_called_when_it_is_its_turn() {
    let mut pod = adopting();
    let (db, app) = (pod.hook("db"), pod.pod_stop());
    pod.run_to(12.0);
    assert!(pod.answer(app).is_some());
    assert_eq!(called(&pod, "db"), [] as [f64; 0], "the app may need it");
    pod.app_dies();
    pod.ports[1] = database(0);
    pod.run_to(40.0);
    let calls = called(&pod, "db");
    assert!((12.0..12.2).contains(&calls[0]), "{calls:?}");
    assert!((pod.answered_at(db) - calls[0] - 0.5).abs() < 0.01);
}

#[test]
fn a_container_that_comes_late_has_its_own_hook_called_too() {
    let mut pod = adopting();
    let web = pod.hook("web");
    pod.own_hook();
    pod.run_to(10.0);
    assert!(pod.answer(web).is_some());
    let app = pod.hook("app");
    pod.run_to(40.0);
    assert_eq!(called(&pod, "app"), [10.0]);
    assert_eq!(pod.answered_at(app), 10.5);
}

#[test]
fn a_container_that_restarts_twice_has_its_own_hook_called_twice() {
    let mut pod = adopting();
    pod.hook("app");
    pod.run_to(10.0);
    pod.reborn();
    pod.run_to(15.0);
    pod.hook("app");
    pod.run_to(25.0);
    assert_eq!(called(&pod, "app").len(), 2);
}

#[test]
fn a_helpers_own_hook_that_still_runs_does_not_hold_the_app() {
    let mut pod = adopting();
    pod.adopted = Reply::Never;
    pod.hook("db");
    pod.run_to(2.5);
    assert_eq!(called(&pod, "db"), [2.0]);
    let web = pod.hook("web");
    pod.own_hook();
    pod.run_to(40.0);
    assert_eq!(pod.ended(web).0, Outcome::Drained);
    assert!(pod.answered_at(web) < 10.0);
}

#[test]
fn a_drain_by_hand_is_refused_while_a_hook_waits_for_another_container() {
    let web = Container { after: Some("app".into()), ..container("web", &[9090]) };
    let containers = vec![container("app", &[8080]), web];
    let unready = Unready::Never;
    let mut pod = Pod::new(Plan { containers, unready, propagation: secs(0.5), ..plan() });
    let (app, web) = (pod.hook("app"), pod.hook("web"));
    pod.run_to(1.5);
    assert!(pod.answer(app).is_some() && pod.answer(web).is_none());
    let drain = pod.drain_by_hand();
    assert!(matches!(pod.answer(drain), Some((_, Answer::Refused { .. }))));
    pod.run_to(40.0);
    assert!(pod.answer(web).is_some());
}
