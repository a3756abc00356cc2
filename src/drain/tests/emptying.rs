//! What keeps a pod from being empty.

use super::*;
use crate::drain::*;

/// Delisted as early as can be: no readiness, half a second of silence is enough.
fn quick() -> Pod {
    quick_with(plan())
}

fn quick_with(plan: Plan) -> Pod {
    let mut pod = Pod::new(Plan { unready: Unready::Never, ..plan });
    pod.busy_before(1000);
    pod
}

fn ends(pod: &mut Pod) -> (f64, Outcome) {
    let app = pod.pod_stop();
    let began = pod.at();
    pod.run_to(began + 40.0);
    let after = pod.answered_at(app) - began;
    ((after * 1000.0).round() / 1000.0, pod.ended(app).0)
}

#[test]
fn an_idle_pod_drains_when_everything_has_held_for_300_ms() {
    let mut pod = quick();
    pod.ports[0].idle = 200;
    let (after, outcome) = ends(&mut pod);
    assert_eq!(outcome, Outcome::Drained);
    assert!((0.8..0.9).contains(&after), "0.5 s quiet, 0.3 s window: {after}");
}

#[test]
fn a_busy_moment_in_the_window_begins_it_anew() {
    let mut pod = quick();
    let app = pod.pod_stop();
    pod.run_to(12.7);
    pod.ports[0].busy = 1;
    pod.run_to(12.75);
    pod.ports[0].busy = 0;
    pod.run_to(30.0);
    let at = pod.answered_at(app);
    assert!((13.05..13.2).contains(&at), "{at}");
}

#[test]
fn a_backlog_holds_whatever_the_sources_say() {
    let sources = vec![SourcePlan { name: "jobs".into(), complete: true }];
    let mut pod = quick_with(Plan { sources, ..plan() });
    pod.ports[0].backlog = 1;
    assert_eq!(ends(&mut pod), (19.0, Outcome::Deadline));
}

#[test]
fn what_cannot_be_judged_is_never_drained_nor_pinned() {
    let mut pod = quick();
    pod.ports[0].unknown = 1;
    pod.ports[0].requesting = 1;
    pod.trust = Trust::CountedOnly("no socket diagnostics".into());
    assert_eq!(ends(&mut pod), (19.0, Outcome::Deadline));
    let last = pod.drain.status(pod.now()).last.unwrap();
    assert_eq!(last.caveats, ["connections were counted and not judged: no socket diagnostics"]);
}

#[test]
fn unreadable_sockets_are_never_drained() {
    let mut pod = quick();
    pod.readable = false;
    assert_eq!(ends(&mut pod), (19.0, Outcome::Deadline));
    let last = pod.drain.status(pod.now()).last.unwrap();
    assert_eq!(last.caveats, ["the sockets could not be read: permission denied"]);
    assert_eq!(last.in_flight_at_start, None);
}

#[test]
fn sockets_that_become_readable_again_end_the_drain_by_evidence() {
    let mut pod = quick();
    pod.readable = false;
    let app = pod.pod_stop();
    pod.run_to(16.0);
    pod.readable = true;
    pod.run_to(30.0);
    assert_eq!(pod.ended(app).0, Outcome::Drained);
    assert!(pod.answered_at(app) < 17.0);
}

#[test]
fn a_source_that_is_busy_or_unknown_holds_and_is_told() {
    let sources = vec![SourcePlan { name: "jobs".into(), complete: false }];
    for reading in [Reading::Busy(3), Reading::Unknown("no route".into())] {
        let mut pod = quick_with(Plan { sources: sources.clone(), ..plan() });
        pod.sources = vec![reading.clone()];
        assert_eq!(ends(&mut pod), (19.0, Outcome::Deadline));
        let last = pod.drain.status(pod.now()).last.unwrap();
        if reading == Reading::Busy(3) {
            assert_eq!(last.waiting_for.as_deref(), Some("3 in work, says jobs"));
        } else {
            assert_eq!(last.caveats, ["source jobs is unknown: no route"]);
        }
    }
}

#[test]
fn a_complete_source_stands_alone() {
    let sources = vec![SourcePlan { name: "envoy".into(), complete: true }];
    let mut pod = quick_with(Plan { sources, ..plan() });
    pod.ports[0].busy = 5;
    let (after, outcome) = ends(&mut pod);
    assert_eq!(outcome, Outcome::Drained);
    assert!(after < 1.0);
}

#[test]
fn a_source_must_say_zero_for_the_whole_window_even_between_slow_censuses() {
    let sources = vec![SourcePlan { name: "jobs".into(), complete: false }];
    let mut pod = quick_with(Plan { sources, ..plan() });
    pod.took = secs(0.02);
    pod.sources = vec![Reading::Busy(1)];
    let app = pod.pod_stop();
    pod.run_to(17.95);
    pod.sources = vec![Reading::Zero];
    pod.tell(Input::SourceRead { source: 0, reading: Reading::Zero });
    pod.run_to(18.15);
    assert_eq!(pod.answer(app), None, "zero for a fifth of a second");
    pod.run_to(40.0);
    assert_eq!(pod.ended(app).0, Outcome::Drained);
}

#[test]
fn a_connection_that_carried_a_request_holds_until_the_propagation_delay_is_over() {
    for complete in [true, false] {
        let sources = vec![SourcePlan { name: "envoy".into(), complete }];
        let mut pod = quick_with(Plan { sources, ..plan() });
        pod.ports[0].idle = 3;
        pod.ports[0].carried = 1;
        let (after, outcome) = ends(&mut pod);
        assert_eq!(outcome, Outcome::Drained);
        assert!((5.3..5.4).contains(&after), "{after}");
        let last = pod.drain.status(pod.now()).last.unwrap();
        assert_eq!(last.limited_by, LimitedBy::WarmConnections);
    }
}

#[test]
fn a_warm_pool_that_closes_frees_the_drain() {
    let mut pod = quick();
    pod.ports[0].idle = 3;
    pod.ports[0].carried = 3;
    let app = pod.pod_stop();
    pod.run_to(14.0);
    pod.idle();
    pod.run_to(30.0);
    assert!(pod.answered_at(app) < 14.5);
}

#[test]
fn the_idle_wait_runs_from_the_later_of_delisted_and_the_first_acknowledged_notice() {
    for (acknowledged, ends_at) in [(0.1, 5.5), (3.0, 8.0)] {
        let mut pod = quick_with(Plan { notify: vec![NotifyChannel::Http], ..plan() });
        pod.notify = Reply::Confirms(acknowledged);
        pod.ports[0].idle = 1;
        let (after, outcome) = ends(&mut pod);
        assert_eq!(outcome, Outcome::Drained);
        assert!((after - ends_at).abs() < 0.15, "acknowledged after {acknowledged}: {after}");
    }
}

#[test]
fn the_idle_wait_ends_when_no_connection_is_left() {
    let mut pod = quick_with(Plan { notify: vec![NotifyChannel::Http], ..plan() });
    pod.ports[0].idle = 1;
    let app = pod.pod_stop();
    pod.run_to(14.0);
    pod.idle();
    pod.run_to(30.0);
    assert!(pod.answered_at(app) < 14.2);
    assert_eq!(pod.ended(app).1, LimitedBy::IdleWait);
}

#[test]
fn without_notify_or_with_all_notices_given_up_there_is_no_idle_wait() {
    for notify in [vec![], vec![NotifyChannel::Http]] {
        let mut pod = quick_with(Plan { notify, ..plan() });
        pod.notify = Reply::Fails(0.1);
        pod.ports[0].idle = 1;
        let (after, _) = ends(&mut pod);
        assert!(after < 1.1, "{after}");
    }
}

#[test]
fn a_notice_of_delisted_under_way_is_not_given_up() {
    let mut pod = quick_with(Plan { notify: vec![NotifyChannel::Http], ..plan() });
    pod.notify = Reply::Fails(0.1);
    pod.ports[0].idle = 1;
    let app = pod.pod_stop();
    pod.run_to(12.3);
    pod.notify = Reply::Confirms(0.9);
    pod.run_to(40.0);
    let at = pod.answered_at(app);
    assert!((18.3..18.7).contains(&at), "0.5 + 0.9 + 5: {at}");
}

#[test]
fn streams_hold_for_stream_wait_and_then_count_as_pinned() {
    let mut pod = quick();
    pod.ports[0].protocol = Protocol::WebSocket;
    pod.ports[0].busy = 2;
    let (after, outcome) = ends(&mut pod);
    assert_eq!(outcome, Outcome::Pinned);
    assert!((10.4..11.0).contains(&after), "{after}");
    assert_eq!(pod.drain.status(pod.now()).last.unwrap().limited_by, LimitedBy::StreamWait);
}

#[test]
fn streams_that_cannot_be_judged_are_pinned_and_never_drained() {
    let mut pod = quick();
    pod.ports[0].protocol = Protocol::WebSocket;
    pod.ports[0].unknown = 2;
    assert_eq!(ends(&mut pod).1, Outcome::Pinned);
}

#[test]
fn a_new_connection_in_emptying_begins_silence_anew_and_not_the_phase() {
    let mut pod = quick();
    pod.ports[0].busy = 1;
    let app = pod.pod_stop();
    pod.run_to(14.0);
    assert_eq!(pod.phase(), PhaseName::Emptying);
    pod.ports[0].busy = 0;
    pod.ports[0].arrivals = 1;
    pod.run_to(14.5);
    assert_eq!(pod.phase(), PhaseName::Emptying);
    pod.run_to(40.0);
    // The first gap is about two seconds; seven of them are cut to the propagation delay.
    let at = pod.answered_at(app);
    assert!((19.2..19.6).contains(&at), "{at}");
    assert_eq!(pod.summary(app).late_connections, 1);
}

#[test]
fn an_app_that_dies_ends_the_drain_at_once_even_while_withdrawing() {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    let app = pod.pod_stop();
    pod.run_to(1.0);
    pod.app_dies();
    pod.run_to(30.0);
    assert_eq!(pod.ended(app), (Outcome::AppGone, LimitedBy::ListenersGone));
    assert!(pod.answered_at(app) < 1.5);
}

#[test]
fn an_app_that_only_closed_its_listener_is_not_gone() {
    let mut pod = Pod::new(plan());
    pod.ports[0].busy = 1;
    let app = pod.pod_stop();
    pod.run_to(1.0);
    pod.listeners.clear();
    pod.run_to(30.0);
    assert_eq!(pod.ended(app).0, Outcome::Deadline);
}

#[test]
fn a_worker_that_never_listened_drains_after_withdrawing_and_says_so() {
    let mut pod = Pod::new(plan());
    pod.listeners.clear();
    pod.ports.clear();
    let app = pod.pod_stop();
    pod.run_to(30.0);
    assert_eq!(pod.ended(app).0, Outcome::Drained);
    assert!(pod.answered_at(app) < 1.0);
    let caveats = pod.summary(app).caveats;
    assert_eq!(caveats, ["nothing listened on a serving port when the stop was seen"]);
}

#[test]
fn a_worker_that_never_listened_is_held_by_its_sources() {
    let sources = vec![SourcePlan { name: "queue".into(), complete: false }];
    let mut pod = Pod::new(Plan { sources, ..plan() });
    pod.listeners.clear();
    pod.ports.clear();
    pod.sources = vec![Reading::Busy(1)];
    let app = pod.pod_stop();
    pod.run_to(7.0);
    pod.sources = vec![Reading::Zero];
    pod.run_to(30.0);
    let at = pod.answered_at(app);
    assert!((7.3..7.6).contains(&at), "{at}");
}

#[test]
fn an_expensive_census_is_never_taken_more_often_than_a_hundredth_of_the_time() {
    let mut pod = quick();
    pod.took = secs(0.015);
    pod.pod_stop();
    pod.run_to(40.0);
    let gaps: Vec<_> = pod.censuses.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 2);
    assert!(gaps[0] > 0.499, "the first is cold, and believed for 5 ms only: {gaps:?}");
    assert!(gaps[1..].iter().all(|gap| *gap > 1.499), "{gaps:?}");
}

#[test]
fn one_census_that_was_preempted_does_not_slow_the_next() {
    let mut pod = quick();
    pod.pod_stop();
    pod.run_to(0.5);
    pod.took = secs(0.05);
    let before = pod.censuses.len();
    while pod.censuses.len() == before {
        pod.run_to(pod.at() + 0.05);
    }
    pod.took = secs(0.0002);
    pod.run_to(pod.at() + 1.0);
    let gaps: Vec<_> = pod.censuses.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap < 0.3), "{gaps:?}");
}

#[test]
fn a_cheap_census_is_taken_every_100_ms_and_every_20_ms_before_the_verdict() {
    let mut pod = quick();
    pod.pod_stop();
    pod.run_to(40.0);
    let gaps: Vec<_> = pod.censuses.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap > 0.0199), "{gaps:?}");
    assert!(gaps.iter().filter(|gap| **gap < 0.021).count() > 10, "{gaps:?}");
}
