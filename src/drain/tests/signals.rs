//! Who calls, and what a call means.

use super::*;
use crate::drain::*;

#[test]
fn the_own_hook_alone_is_the_agents_own_restart_while_the_app_listens() {
    let mut pod = Pod::new(plan());
    pod.own_hook();
    pod.tell(Input::TermReceived);
    pod.run_to(1.9);
    assert_eq!(pod.log, [], "nothing may be changed");
    pod.run_to(3.0);
    assert!((pod.exit_at().unwrap() - 2.0).abs() < 0.1);
    assert_eq!(pod.count(|e| matches!(e, Effect::Registry { .. } | Effect::SetReady(_))), 0);
    assert_eq!(pod.count(|e| matches!(e, Effect::BeginWatch | Effect::Notify { .. })), 0);
}

#[test]
fn the_own_hook_alone_takes_nothing_out_while_a_slow_dump_is_awaited() {
    let mut pod = Pod::new(Plan { registries: vec!["consul".into()], ..plan() });
    pod.own_hook();
    pod.run_to(0.001);
    pod.tell(Input::TermReceived);
    pod.run_to(1.999);
    pod.tell(Input::WakeupReached);
    pod.run_to(10.0);
    assert_eq!(pod.count(|e| matches!(e, Effect::Registry { .. })), 0);
    assert!(pod.exit_at().unwrap() < 2.3);
}

#[test]
fn the_own_hook_alone_is_a_pod_stop_where_nothing_listens_any_more() {
    let mut pod = Pod::new(plan());
    pod.app_dies();
    pod.own_hook();
    pod.run_to(2.1);
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
    // The clock runs since the first call.
    assert!(pod.drain.status(pod.now()).elapsed.unwrap() > secs(2.0));
}

#[test]
fn the_own_hook_is_a_pod_stop_at_once_where_no_container_is_hooked() {
    let app = Container { hooked: false, ..container("app", &[8080]) };
    let mut pod = Pod::new(Plan { containers: vec![app], ..plan() });
    pod.own_hook();
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
}

#[test]
fn a_hooked_helper_without_ports_owns_no_listener_of_the_app() {
    let app = Container { hooked: false, ..container("app", &[8080]) };
    let mut pod = Pod::new(Plan { containers: vec![app, helper("log", &[])], ..plan() });
    pod.own_hook();
    pod.run_to(2.1);
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
}

#[test]
fn unreadable_sockets_make_the_own_hook_a_pod_stop() {
    let mut pod = Pod::new(plan());
    pod.readable = false;
    pod.own_hook();
    pod.run_to(2.1);
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
}

#[test]
fn an_app_hook_within_two_seconds_of_the_own_hook_is_a_pod_stop_with_the_first_clock() {
    let mut pod = Pod::new(plan());
    pod.own_hook();
    pod.run_to(1.5);
    pod.hook("app");
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
    assert_eq!(pod.drain.status(pod.now()).elapsed, Some(secs(1.5)));
}

#[test]
fn an_app_hook_alone_is_a_container_restart_after_two_seconds() {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    pod.ports[0].progressing = 1;
    pod.hook("app");
    pod.run_to(1.99);
    assert_eq!(pod.kind(), Some(StopKind::Unknown));
    pod.run_to(2.0);
    assert_eq!(pod.kind(), Some(StopKind::Restart));
}

#[test]
fn a_stranger_changes_nothing_and_is_held_like_a_restart() {
    let mut pod = Pod::new(plan());
    let stranger = pod.stranger(false);
    pod.run_to(60.0);
    assert_eq!(pod.answer(stranger), Some((5.0, &Answer::Stranger)));
    let others = pod.count(|e| !matches!(e, Effect::Answer { .. } | Effect::Note(_)));
    assert_eq!(others, 0, "no polling, no wish: {:?}", pod.log);
}

#[test]
fn a_stranger_is_held_until_the_end_of_a_known_stop() {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    let app = pod.pod_stop();
    let stranger = pod.stranger(false);
    pod.run_to(30.0);
    assert_eq!(pod.answered_at(app), 19.0);
    assert_eq!(pod.answer(stranger), Some((19.0, &Answer::Stranger)));
    let late = pod.stranger(false);
    assert_eq!(pod.answer(late), Some((30.0, &Answer::Stranger)));
}

#[test]
fn a_stranger_without_a_place_is_refused_at_once_and_a_place_is_freed_by_leaving() {
    let mut pod = Pod::new(plan());
    let far: Vec<_> = (0..17).map(|_| pod.stranger(false)).collect();
    assert_eq!(pod.answer(far[16]), Some((0.0, &Answer::Full)));
    assert_eq!(pod.answer(far[15]), None);
    let near: Vec<_> = (0..17).map(|_| pod.stranger(true)).collect();
    assert_eq!(pod.answer(near[15]), None);
    assert_eq!(pod.answer(near[16]), Some((0.0, &Answer::Full)));
    pod.tell(Input::CallerLeft { caller: near[0] });
    let next = pod.stranger(true);
    assert_eq!(pod.answer(next), None);
}

#[test]
fn strangers_never_keep_out_a_trusted_hook() {
    let mut pod = Pod::new(plan());
    for _ in 0..64 {
        pod.stranger(true);
    }
    let app = pod.pod_stop();
    pod.run_to(30.0);
    assert!(pod.answer(app).is_some());
}

#[test]
fn without_a_token_a_call_and_the_own_hook_are_a_pod_stop() {
    for own_first in [true, false] {
        let mut pod = Pod::new(plan());
        if own_first {
            pod.own_hook();
            pod.stranger(true);
        } else {
            pod.stranger(true);
            pod.own_hook();
        }
        assert_eq!(pod.kind(), Some(StopKind::PodStop), "own hook first: {own_first}");
    }
}

#[test]
fn without_a_token_a_call_and_sigterm_are_a_pod_stop() {
    let mut pod = Pod::new(plan());
    let stranger = pod.stranger(true);
    pod.run_to(0.02);
    pod.tell(Input::TermReceived);
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
    pod.run_to(30.0);
    assert!(pod.answered_at(stranger) > 4.9, "held until the stop's end");
}

#[test]
fn a_stranger_of_long_ago_does_not_confirm_a_stop() {
    let mut pod = Pod::new(plan());
    pod.stranger(true);
    pod.run_to(3.0);
    pod.own_hook();
    assert_eq!(pod.kind(), None);
}

#[test]
fn the_controllers_word_is_a_pod_stop() {
    let mut pod = Pod::new(Plan { controller: true, ..plan() });
    pod.hook("app");
    assert_eq!(pod.count(|e| matches!(e, Effect::AskController)), 1);
    let word = ControllerWord { deletion_grace: Some(secs(60.0)), ..ControllerWord::default() };
    pod.tell(Input::ControllerAnswered(word));
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
    assert_eq!(pod.drain.status(pod.now()).budget_left, Some(secs(49.0)));
}

#[test]
fn a_trusted_caller_that_leaves_cancels_nothing() {
    let mut pod = Pod::new(plan());
    let app = pod.pod_stop();
    pod.tell(Input::CallerLeft { caller: app });
    pod.run_to(30.0);
    assert_eq!(pod.ended(app).0, Outcome::Drained);
}
