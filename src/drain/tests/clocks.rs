//! Stops and their clocks.

use super::*;
use crate::drain::*;

/// One connection that is busy for ever and always moves.
fn busy(plan: Plan) -> Pod {
    let mut pod = Pod::new(plan);
    pod.ports[0].busy = 1;
    pod.ports[0].progressing = 1;
    pod.oldest = Some(0.0);
    pod
}

#[test]
fn a_known_stop_has_the_whole_budget() {
    let mut pod = busy(plan());
    let app = pod.pod_stop();
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 19.0);
    assert_eq!(pod.ended(app), (Outcome::Deadline, LimitedBy::GracePeriod));
}

#[test]
fn an_unknown_stop_is_capped_by_restart_drain_and_told_as_a_restart() {
    let mut pod = busy(plan());
    let app = pod.hook("app");
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 5.0);
    assert_eq!(pod.ended(app), (Outcome::Restarted, LimitedBy::RestartDrain));
}

#[test]
fn becoming_known_raises_the_cap_to_the_budget() {
    let mut pod = busy(plan());
    let app = pod.hook("app");
    pod.run_to(4.9);
    pod.own_hook();
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 19.0);
}

#[test]
fn the_deadline_is_checked_before_an_input_that_would_lift_it() {
    let mut pod = busy(plan());
    let app = pod.hook("app");
    pod.run_to(4.9);
    pod.stopped_until(5.0);
    pod.own_hook();
    assert_eq!(pod.answered_at(app), 5.0);
    assert_eq!(pod.kind(), Some(StopKind::PodStop), "and the undo is cancelled");
}

#[test]
fn every_later_call_joins_the_stop_with_its_clock() {
    let mut pod = busy(plan());
    let first = pod.pod_stop();
    pod.run_to(10.0);
    let (second, again) = (pod.hook("web"), pod.hook("app"));
    pod.run_to(60.0);
    for caller in [first, second, again] {
        assert_eq!(pod.answered_at(caller), 19.0);
    }
}

#[test]
fn a_container_that_was_answered_opens_a_new_stop_with_a_new_clock() {
    let mut pod = busy(Plan { registries: vec!["consul".into()], ..plan() });
    pod.hook("app");
    pod.run_to(8.0);
    let again = pod.hook("app");
    pod.run_to(12.9);
    assert_eq!(pod.answer(again), None);
    pod.run_to(13.0);
    assert_eq!(pod.answered_at(again), 13.0);
    let calls = pod.count(|e| matches!(e, Effect::Registry { .. }));
    assert_eq!(calls, 1, "what was withdrawn stays withdrawn");
}

#[test]
fn another_container_joins_an_ended_restart_drain() {
    let mut pod = busy(plan());
    pod.hook("app");
    pod.run_to(8.0);
    let other = pod.hook("web");
    assert_eq!(pod.answered_at(other), 8.0);
    assert_eq!(pod.phase(), PhaseName::Ended);
}

#[test]
fn a_confirmation_after_the_answer_makes_the_stop_known_and_starts_no_clock() {
    let mut pod = busy(plan());
    pod.hook("app");
    pod.run_to(7.0);
    pod.own_hook();
    assert_eq!(pod.kind(), Some(StopKind::PodStop));
    assert_eq!(pod.drain.status(pod.now()).elapsed, Some(secs(7.0)));
    let again = pod.hook("app");
    assert_eq!(pod.answered_at(again), 7.0, "a repeated hook of a finished known stop");
    pod.run_to(200.0);
    assert_eq!(pod.undo_at(), None);
}

#[test]
fn a_helper_uses_the_first_clock_after_a_late_confirmation() {
    let plan =
        Plan { containers: vec![container("app", &[8080]), helper("db", &[5432])], ..plan() };
    let mut pod = busy(plan);
    pod.hook("app");
    pod.run_to(7.0);
    pod.own_hook();
    let db = pod.hook("db");
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(db), 27.0);
}

#[test]
fn a_restart_drain_ends_after_a_second_without_progress() {
    let mut pod = busy(plan());
    pod.ports[0].progressing = 0;
    let app = pod.hook("app");
    pod.run_to(10.0);
    assert_eq!(pod.ended(app), (Outcome::Restarted, LimitedBy::NoProgress));
    assert!((pod.answered_at(app) - 3.0).abs() < 0.11, "at {}", pod.answered_at(app));
}

#[test]
fn progress_before_two_seconds_does_not_count_and_later_progress_prolongs() {
    let mut pod = busy(plan());
    let app = pod.hook("app");
    pod.run_to(2.8);
    pod.ports[0].progressing = 0;
    pod.run_to(10.0);
    let at = pod.answered_at(app);
    assert!((3.7..4.0).contains(&at), "at {at}");
}

#[test]
fn a_known_stop_does_not_end_for_want_of_progress() {
    let mut pod = busy(plan());
    pod.ports[0].progressing = 0;
    let app = pod.pod_stop();
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 19.0);
}

#[test]
fn no_grace_is_answered_at_once_and_a_short_one_after_300_ms() {
    for (grace, at) in [(0.0, 0.0), (1.0, 0.3), (2.0, 0.3), (4.0, 1.0)] {
        let mut pod = busy(Plan { grace: secs(grace), ..plan() });
        let app = pod.pod_stop();
        pod.run_to(10.0);
        assert_eq!(pod.answered_at(app), at, "grace {grace}");
    }
}

#[test]
fn the_controllers_grace_replaces_the_pods_while_draining_and_for_helpers() {
    let containers = vec![container("app", &[8080]), helper("db", &[5432])];
    let mut pod = busy(Plan { controller: true, containers, ..plan() });
    let (app, db) = (pod.pod_stop(), pod.hook("db"));
    pod.run_to(1.0);
    let word = |grace| {
        let deletion_grace = Some(secs(grace));
        Input::ControllerAnswered(ControllerWord { deletion_grace, ..ControllerWord::default() })
    };
    pod.tell(word(10.0));
    pod.run_to(4.5);
    assert_eq!(pod.answered_at(app), 4.0);
    pod.tell(word(8.0));
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(db), 5.0);
}

#[test]
fn missed_probes_after_a_known_stop_reveal_a_kubelet_stop() {
    let mut pod = busy(plan());
    pod.probes(2.0, 8.0);
    pod.run_to(9.0);
    let app = pod.pod_stop();
    pod.run_to(60.0);
    // Three gaps of two seconds without a probe; by then cap - reserve = 5 s are over.
    assert_eq!(pod.ended(app), (Outcome::Deadline, LimitedBy::KubeletStopCap));
    assert_eq!(pod.answered_at(app), 15.0);
}

#[test]
fn two_probes_before_the_stop_are_no_rhythm_whatever_comes_after() {
    let mut pod = busy(plan());
    pod.probes(1.0, 1.0);
    let app = pod.hook("app");
    pod.run_to(1.5);
    pod.tell(Input::ProbeServed { ready: true, accepted: None });
    pod.own_hook();
    pod.run_to(60.0);
    assert_eq!(pod.ended(app).1, LimitedBy::GracePeriod);
}

#[test]
fn a_probe_lifts_the_kubelet_stop_cap() {
    let mut pod = busy(Plan { kubelet_stop_cap: secs(19.0), ..plan() });
    pod.probes(2.0, 8.0);
    let app = pod.pod_stop();
    pod.run_to(14.5);
    assert_eq!(pod.count(|e| matches!(e, Effect::Note(Note::KubeletStopSuspected { .. }))), 1);
    pod.probes(2.0, 60.0);
    assert_eq!(pod.ended(app).1, LimitedBy::GracePeriod);
    assert_eq!(pod.answered_at(app), 27.0);
}

#[test]
fn the_controllers_cause_is_a_kubelet_stop_without_probes() {
    let mut pod = busy(Plan { controller: true, ..plan() });
    let app = pod.pod_stop();
    let cause = Some(StopCause::Kubelet);
    pod.tell(Input::ControllerAnswered(ControllerWord { cause, ..ControllerWord::default() }));
    pod.run_to(60.0);
    assert_eq!(pod.answered_at(app), 5.0);
}

#[test]
fn time_in_which_the_agent_was_stopped_misses_no_probe() {
    let mut pod = busy(plan());
    pod.probes(2.0, 8.0);
    let app = pod.pod_stop();
    pod.run_to(8.5);
    pod.stopped_until(16.0);
    pod.tell(Input::WakeupReached);
    assert_eq!(pod.count(|e| matches!(e, Effect::Note(Note::Lapsed { .. }))), 1);
    pod.probes(2.0, 60.0);
    assert_eq!(pod.ended(app).1, LimitedBy::GracePeriod);
}

#[test]
fn after_a_lapse_there_is_no_verdict_without_a_new_census() {
    let mut pod = Pod::new(Plan { unready: Unready::Never, ..plan() });
    let app = pod.pod_stop();
    pod.run_to(4.95);
    pod.stopped_until(8.0);
    pod.ports[0].busy = 1;
    pod.oldest = Some(7.9);
    pod.tell(Input::WakeupReached);
    assert_eq!(pod.answer(app), None);
    assert_eq!(pod.waits_for().unwrap(), "a look at the sockets");
    pod.run_to(60.0);
    assert_eq!(pod.ended(app).0, Outcome::Deadline);
}

#[test]
fn a_census_that_arrives_long_after_it_was_taken_carries_no_verdict() {
    let mut pod = Pod::new(Plan { unready: Unready::Never, ..plan() });
    let app = pod.pod_stop();
    pod.run_to(5.05);
    let asked = pod.censuses.len();
    while pod.censuses.len() == asked {
        let at = pod.drain.next_wakeup().unwrap().0;
        let until = pod.at() + at.duration_since(pod.now()).as_secs_f64();
        pod.stopped_until(until);
        pod.tell(Input::WakeupReached);
    }
    pod.stopped_until(8.0);
    pod.ports[0].busy = 1;
    pod.run_to(8.0);
    assert_eq!(pod.answer(app), None);
    assert_eq!(pod.count(|e| matches!(e, Effect::Note(Note::Lapsed { .. }))), 1);
}

#[test]
fn propagation_larger_than_the_budget_ends_as_deadline_limited_by_the_grace() {
    let mut pod = Pod::new(Plan { propagation: secs(60.0), ..plan() });
    let app = pod.pod_stop();
    pod.run_to(60.0);
    assert_eq!(pod.ended(app), (Outcome::Deadline, LimitedBy::GracePeriod));
    assert_eq!(pod.answered_at(app), 19.0);
    assert_eq!(
        pod.summary(app).advice.unwrap(),
        "the propagation delay (60.0 s) does not fit into the budget (19.0 s = grace period \
         30.0 s - reserve 10.0 s - 1 s): raise terminationGracePeriodSeconds or lower propagation"
    );
}
