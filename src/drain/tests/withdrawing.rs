//! Taking the pod off the lists.

use super::*;
use crate::drain::*;

fn with(unready: Unready) -> Plan {
    Plan { unready, ..plan() }
}

#[test]
fn everything_but_readiness_is_withdrawn_with_the_first_call() {
    let notify = vec![NotifyChannel::Http, NotifyChannel::File];
    let registries = vec!["consul".into(), "nacos".into()];
    let mut pod = Pod::new(Plan { notify, registries, ..plan() });
    pod.hook("app");
    assert_eq!(pod.at(), 0.0);
    assert_eq!(pod.count(|e| matches!(e, Effect::BeginWatch)), 1);
    assert_eq!(pod.count(|e| matches!(e, Effect::TakeCensus)), 1);
    assert_eq!(pod.notices(), [(0.0, NotifyPhase::Withdrawing); 2]);
    let out = |e: &Effect| matches!(e, Effect::Registry { wish: RegistryWish::Out, .. });
    assert_eq!(pod.count(out), 2);
    let bound = |e: &Effect| matches!(e, Effect::Registry { within, .. } if *within == secs(9.5));
    assert_eq!(pod.count(bound), 2, "min(10 s, budget / 2)");
}

#[test]
fn policy_always_turns_unready_at_once() {
    for known in [true, false] {
        let mut pod = Pod::new(with(Unready::Always));
        if known {
            pod.pod_stop()
        } else {
            pod.hook("app")
        };
        assert_eq!(pod.unready_at(), Some(0.0));
    }
}

#[test]
fn policy_never_leaves_readiness_alone() {
    for known in [true, false] {
        let mut pod = Pod::new(with(Unready::Never));
        let app = if known { pod.pod_stop() } else { pod.hook("app") };
        pod.run_to(20.0);
        assert!(pod.answer(app).is_some());
        assert_eq!(pod.unready_at(), None);
    }
}

#[test]
fn policy_auto_turns_unready_when_the_restart_is_clear() {
    let mut pod = Pod::new(plan());
    pod.hook("app");
    pod.run_to(10.0);
    assert_eq!(pod.unready_at(), Some(2.0));
}

#[test]
fn policy_auto_turns_unready_at_once_if_another_endpoint_is_known_to_be_ready() {
    let mut pod = Pod::new(Plan { controller: true, ..plan() });
    pod.hook("app");
    let another_ready_endpoint = Some(true);
    let word = ControllerWord { another_ready_endpoint, ..ControllerWord::default() };
    pod.tell(Input::ControllerAnswered(word));
    assert_eq!(pod.unready_at(), None, "not while the kind is unknown");
    pod.own_hook();
    assert_eq!(pod.unready_at(), Some(0.0));
}

#[test]
fn what_the_controller_said_at_an_earlier_stop_is_forgotten() {
    let mut pod = Pod::new(Plan { controller: true, ..plan() });
    pod.hook("app");
    let another_ready_endpoint = Some(true);
    let word = ControllerWord { another_ready_endpoint, ..ControllerWord::default() };
    pod.tell(Input::ControllerAnswered(word));
    pod.run_to(6.0);
    pod.reborn();
    pod.run_to(60.0);
    assert_eq!(pod.phase(), PhaseName::Serving);
    pod.log.clear();
    pod.pod_stop();
    assert_eq!(pod.unready_at(), None);
}

#[test]
fn policy_auto_turns_unready_when_new_connections_have_stopped() {
    let mut pod = Pod::new(plan());
    pod.busy_before(100);
    pod.pod_stop();
    pod.run_to(30.0);
    let after = pod.unready_at().unwrap() - 12.0;
    assert!((1.39..1.55).contains(&after), "140 arrivals at 100/s: {after}");
}

#[test]
fn policy_auto_turns_unready_when_the_lists_must_have_changed_whatever_comes() {
    for (propagation, at) in [(5.0, 5.0), (18.0, 15.0)] {
        let mut pod = Pod::new(Plan { propagation: secs(propagation), ..plan() });
        pod.pod_stop();
        while pod.at() < 19.0 {
            pod.ports[0].arrivals = 1;
            pod.run_to(pod.at() + 0.1);
        }
        assert_eq!(pod.unready_at(), Some(at), "min(propagation, deadline - 4 s)");
    }
}

/// Delisting of a pod that is probed, with a rate that makes 0.5 s of silence enough.
fn delisted_after_503(read_after: Option<f64>) -> f64 {
    let mut pod = Pod::new(with(Unready::Always));
    pod.busy_before(1000);
    pod.tell(Input::ProbeServed { ready: true, accepted: None });
    pod.pod_stop();
    if let Some(after) = read_after {
        pod.run_to(12.0 + after);
        pod.tell(Input::ProbeServed { ready: false, accepted: None });
    }
    pod.run_to(31.0);
    pod.emptying_at().unwrap() - 12.0
}

#[test]
fn the_quiet_period_is_asked_for_again_after_the_first_503_that_was_read() {
    let at = delisted_after_503(Some(1.2));
    assert!((1.7..1.8).contains(&at), "1.2 + 0.5, but {at}");
}

#[test]
fn the_first_503_is_waited_for_at_most_three_seconds() {
    let at = delisted_after_503(None);
    assert!((3.5..3.6).contains(&at), "3 + 0.5, but {at}");
}

#[test]
fn a_probe_that_was_answered_ready_is_no_503() {
    let mut pod = Pod::new(with(Unready::Always));
    pod.busy_before(1000);
    pod.tell(Input::ProbeServed { ready: true, accepted: None });
    pod.pod_stop();
    pod.tell(Input::ProbeServed { ready: true, accepted: None });
    pod.run_to(14.0);
    assert_eq!(pod.emptying_at(), None);
}

#[test]
fn an_arrival_after_the_503_asks_for_the_quiet_period_again() {
    let mut pod = Pod::new(with(Unready::Always));
    pod.busy_before(1000);
    pod.pod_stop();
    pod.run_to(12.45);
    pod.ports[0].arrivals = 1;
    pod.run_to(30.0);
    // One gap of half a second: seven of them.
    let at = pod.emptying_at().unwrap() - 12.5;
    assert!((3.4..3.7).contains(&at), "{at}");
}

#[test]
fn a_registry_holds_until_it_is_confirmed_and_settled() {
    let mut pod =
        Pod::new(Plan { registries: vec!["consul".into()], unready: Unready::Never, ..plan() });
    pod.registry = Reply::Confirms(6.0);
    pod.settle = secs(1.5);
    let app = pod.pod_stop();
    pod.run_to(5.5);
    assert_eq!(pod.waits_for().unwrap(), "confirmation from consul");
    pod.run_to(30.0);
    let at = pod.emptying_at().unwrap();
    assert!((7.5..7.6).contains(&at), "{at}");
    assert_eq!(pod.ended(app), (Outcome::Drained, LimitedBy::Registries));
    assert_eq!(pod.summary(app).caveats, [] as [String; 0]);
}

#[test]
fn the_settle_time_of_a_registry_is_cut_to_its_bound() {
    let mut pod = Pod::new(Plan { registries: vec!["eureka".into()], ..plan() });
    pod.settle = secs(60.0);
    pod.pod_stop();
    pod.run_to(30.0);
    assert!((pod.emptying_at().unwrap() - 9.5).abs() < 0.11);
}

#[test]
fn a_registry_that_gives_up_does_not_hold_and_is_told() {
    let mut pod = Pod::new(Plan { registries: vec!["consul".into()], ..plan() });
    pod.registry = Reply::Fails(1.0);
    let app = pod.pod_stop();
    pod.run_to(30.0);
    assert!(pod.emptying_at().unwrap() < 6.0);
    assert_eq!(pod.summary(app).caveats, ["registry consul: given up: timed out"]);
}

#[test]
fn a_registry_that_never_answers_is_given_up_after_its_bound() {
    let mut pod = Pod::new(Plan { registries: vec!["consul".into()], ..plan() });
    pod.registry = Reply::Never;
    let app = pod.pod_stop();
    pod.run_to(5.0);
    assert_eq!(pod.drain.status(pod.now()).caveats, [] as [String; 0], "not given up yet");
    pod.run_to(30.0);
    assert!((pod.emptying_at().unwrap() - 9.5).abs() < 0.11);
    assert_eq!(pod.summary(app).caveats, ["registry consul: given up: no confirmation in time"]);
}

#[test]
fn a_resurrected_instance_is_told_and_not_waited_for() {
    let mut pod = Pod::new(Plan { registries: vec!["nacos".into()], ..plan() });
    let app = pod.pod_stop();
    pod.run_to(5.2);
    let report = RegistryReport::Resurrected { why: "a heartbeat registered it".into() };
    pod.tell(Input::RegistryEnded { registry: 0, wish: RegistryWish::Out, report });
    pod.run_to(30.0);
    assert_eq!(pod.ended(app).0, Outcome::Drained);
    let caveats = pod.summary(app).caveats;
    assert_eq!(caveats, ["registry nacos: the instance came back: a heartbeat registered it"]);
}

#[test]
fn delisted_is_notified_once_and_after_withdrawing() {
    let mut pod = Pod::new(Plan { notify: vec![NotifyChannel::Http], ..plan() });
    pod.pod_stop();
    pod.run_to(30.0);
    let phases: Vec<_> = pod.notices().iter().map(|(_, phase)| *phase).collect();
    assert_eq!(phases, [NotifyPhase::Withdrawing, NotifyPhase::Delisted]);
    assert_eq!(pod.notices()[1].0, pod.emptying_at().unwrap());
}

#[test]
fn a_slow_notice_is_never_overtaken_by_the_next() {
    let mut pod = Pod::new(Plan { notify: vec![NotifyChannel::Http], ..plan() });
    pod.notify = Reply::Confirms(8.0);
    pod.pod_stop();
    pod.run_to(7.9);
    assert_eq!(pod.notices().len(), 1);
    pod.run_to(8.1);
    assert_eq!(pod.notices()[1], (8.0, NotifyPhase::Delisted));
}

#[test]
fn the_apps_probes_are_discounted_and_what_is_above_them_is_traffic() {
    let probes = vec![AppProbe { port: 8080, period: secs(1.0) }];
    for (per_second, late) in [(1, 0), (4, 8)] {
        let mut pod = Pod::new(Plan { app_probes: probes.clone(), ..plan() });
        pod.pod_stop();
        while pod.at() < 4.0 {
            pod.ports[0].arrivals_from_prober = per_second;
            pod.run_to(pod.at() + 1.0);
        }
        let counted = pod.drain.status(pod.now()).late_connections;
        assert!(counted >= late, "{counted} of {per_second}/s");
        assert_eq!(counted == 0, late == 0);
    }
}

#[test]
fn connections_from_inside_are_no_arrivals_and_make_the_rate_void() {
    let mut pod = Pod::new(with(Unready::Never));
    pod.busy_before(100);
    pod.ports[0].local = 1;
    pod.ports[0].arrivals_local = 1;
    pod.pod_stop();
    pod.run_to(30.0);
    assert!(pod.emptying_at().unwrap() >= 17.0, "the propagation delay decides");
    let late = pod.log.iter().any(
        |(_, e)| matches!(e, Effect::Note(Note::Ended(summary)) if summary.late_connections > 0),
    );
    assert!(!late);
}
