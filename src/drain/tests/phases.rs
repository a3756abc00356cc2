//! The table of phases and inputs, row by row.

use super::*;
use crate::drain::*;

/// A pod with one request that never ends, in the phase that the row is about.
fn busy() -> Pod {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    pod.ports[0].progressing = 1;
    pod.oldest = Some(0.0);
    pod
}

fn awaiting_restart() -> Pod {
    let mut pod = busy();
    pod.hook("app");
    pod.run_to(6.0);
    assert_eq!((pod.phase(), pod.kind()), (PhaseName::Ended, Some(StopKind::Restart)));
    pod
}

fn ended_known() -> Pod {
    let mut pod = busy();
    pod.pod_stop();
    pod.run_to(20.0);
    assert_eq!((pod.phase(), pod.kind()), (PhaseName::Ended, Some(StopKind::PodStop)));
    pod
}

/// Undoing, because the application does not acknowledge that it serves again.
fn undoing() -> Pod {
    let mut pod = Pod::new(Plan { notify: vec![NotifyChannel::Http], ..plan() });
    pod.hook("app");
    pod.run_to(6.0);
    pod.notify = Reply::Fails(0.1);
    pod.reborn();
    pod.run_to(8.0);
    assert_eq!(pod.phase(), PhaseName::Undoing);
    pod
}

fn known_by_controller() -> Input {
    let deletion_grace = Some(secs(30.0));
    Input::ControllerAnswered(ControllerWord { deletion_grace, ..ControllerWord::default() })
}

fn now_is(pod: &Pod, phase: PhaseName, kind: StopKind) {
    assert_eq!((pod.phase(), pod.kind()), (phase, Some(kind)));
}

#[test]
fn serving_sleeps_without_an_alarm() {
    let mut pod = Pod::new(plan());
    assert_eq!(pod.drain.next_wakeup(), None);
    pod.tell(Input::ProbeServed { ready: true, accepted: Some(3) });
    assert_eq!(pod.drain.next_wakeup(), None);
    assert_eq!(pod.log, []);
}

#[test]
fn serving_meets_an_app_hook() {
    let mut pod = busy();
    pod.hook("app");
    now_is(&pod, PhaseName::Withdrawing, StopKind::Unknown);
}

#[test]
fn serving_meets_a_known_pod_stop() {
    let mut pod = busy();
    pod.tell(known_by_controller());
    now_is(&pod, PhaseName::Withdrawing, StopKind::PodStop);
}

#[test]
fn an_unknown_stop_is_joined_by_hooks_and_known_by_the_own_hook_sigterm_or_the_controller() {
    for (input, by) in [
        (Input::OwnHookCalled, "own hook"),
        (Input::TermReceived, "SIGTERM"),
        (known_by_controller(), "controller"),
    ] {
        let mut pod = busy();
        let first = pod.hook("app");
        pod.run_to(1.0);
        let joined = pod.hook("app");
        now_is(&pod, PhaseName::Withdrawing, StopKind::Unknown);
        pod.tell(input);
        now_is(&pod, PhaseName::Withdrawing, StopKind::PodStop);
        pod.run_to(40.0);
        assert_eq!((pod.answered_at(first), pod.answered_at(joined)), (19.0, 19.0), "{by}");
    }
}

#[test]
fn an_unknown_stop_at_its_cap_is_answered_and_awaits_the_restart() {
    let pod = awaiting_restart();
    assert!(pod.waits_for().unwrap().starts_with("the restarted container to listen anew"));
}

#[test]
fn emptying_without_a_known_stop_becomes_known_too() {
    let mut pod = Pod::new(Plan { propagation: secs(0.5), unready: Unready::Never, ..plan() });
    pod.ports[0].busy = 1;
    pod.ports[0].progressing = 1;
    pod.hook("app");
    pod.run_to(3.0);
    now_is(&pod, PhaseName::Emptying, StopKind::Restart);
    pod.own_hook();
    now_is(&pod, PhaseName::Emptying, StopKind::PodStop);
}

#[test]
fn a_known_stop_is_joined_and_changed_by_nothing_else() {
    let mut pod = busy();
    let first = pod.pod_stop();
    pod.run_to(1.0);
    let joined = pod.hook("app");
    pod.own_hook();
    pod.tell(Input::TermReceived);
    pod.tell(Input::TermReceived);
    pod.reborn();
    pod.ports[0].busy = 1;
    now_is(&pod, PhaseName::Withdrawing, StopKind::PodStop);
    pod.run_to(40.0);
    assert_eq!((pod.answered_at(first), pod.answered_at(joined)), (19.0, 19.0));
    assert_eq!(pod.count(|e| matches!(e, Effect::BeginWatch)), 1);
}

#[test]
fn a_restart_that_is_awaited_meets_the_same_container_again() {
    let mut pod = awaiting_restart();
    pod.hook("app");
    now_is(&pod, PhaseName::Withdrawing, StopKind::Unknown);
    assert_eq!(pod.drain.status(pod.now()).elapsed, Some(secs(0.0)));
}

#[test]
fn a_restart_that_is_awaited_becomes_known_and_the_undo_is_cancelled() {
    for input in [Input::OwnHookCalled, known_by_controller()] {
        let mut pod = awaiting_restart();
        pod.tell(input);
        now_is(&pod, PhaseName::Ended, StopKind::PodStop);
        pod.reborn();
        pod.run_to(200.0);
        assert_eq!(pod.undo_at(), None);
    }
}

#[test]
fn a_restart_that_is_awaited_meets_the_newborn_listener_or_the_safety_timer() {
    let mut pod = awaiting_restart();
    pod.reborn();
    pod.run_to(7.0);
    assert_eq!(pod.phase(), PhaseName::Serving);
    let mut pod = awaiting_restart();
    pod.run_to(49.9);
    assert_eq!(pod.phase(), PhaseName::Ended);
    pod.run_to(50.0);
    assert_eq!(pod.phase(), PhaseName::Serving, "5 + 5 + 30 + 10 s");
}

#[test]
fn an_ended_known_stop_answers_hooks_at_once_and_is_never_undone() {
    let mut pod = ended_known();
    let again = pod.hook("app");
    assert_eq!(pod.answered_at(again), 20.0);
    pod.own_hook();
    pod.tell(known_by_controller());
    pod.reborn();
    pod.run_to(500.0);
    now_is(&pod, PhaseName::Ended, StopKind::PodStop);
    assert_eq!(pod.undo_at(), None);
}

#[test]
fn an_ended_known_stop_leaves_after_sigterm_when_the_app_is_gone() {
    let mut pod = ended_known();
    pod.tell(Input::TermReceived);
    pod.run_to(22.0);
    assert_eq!(pod.exit_at(), None);
    pod.app_dies();
    pod.run_to(23.0);
    assert!(pod.exit_at().unwrap() < 22.3);
}

#[test]
fn an_undo_meets_an_app_hook_and_a_known_stop() {
    let mut pod = undoing();
    pod.hook("app");
    now_is(&pod, PhaseName::Withdrawing, StopKind::Unknown);
    let mut pod = undoing();
    pod.tell(known_by_controller());
    now_is(&pod, PhaseName::Withdrawing, StopKind::PodStop);
}

#[test]
fn an_undo_meets_the_own_hook_and_waits_two_seconds() {
    let mut pod = undoing();
    pod.own_hook();
    assert_eq!(pod.phase(), PhaseName::Undoing);
    pod.hook("app");
    now_is(&pod, PhaseName::Withdrawing, StopKind::PodStop);
}

#[test]
fn an_undo_meets_sigterm_as_serving_does() {
    let mut pod = undoing();
    pod.app_dies();
    pod.tell(Input::TermReceived);
    pod.run_to(30.0);
    let at = pod.exit_at().unwrap();
    assert!((10.0..10.5).contains(&at), "{at}");
}
