//! Only busy clients on old connections are left: when that is so, and when it is not.

use super::*;
use crate::drain::*;

/// One client in a closed loop: always busy, requests always young.
fn closed_loop(plan: Plan) -> Pod {
    let mut pod = Pod::new(Plan { unready: Unready::Never, ..plan });
    pod.busy_before(1000);
    pod.ports[0].busy = 1;
    pod.ports[0].requesting = 1;
    pod.ports[0].progressing = 1;
    pod.ports[0].carried = 1;
    pod
}

fn ends(pod: &mut Pod) -> (f64, Outcome) {
    let app = pod.pod_stop();
    pod.run_to(12.0 + 40.0);
    (pod.answered_at(app) - 12.0, pod.ended(app).0)
}

fn is_deadline(mut pod: Pod, why: &str) {
    assert_eq!(ends(&mut pod), (19.0, Outcome::Deadline), "{why}");
}

#[test]
fn a_closed_loop_client_is_pinned_after_the_propagation_delay_and_not_before() {
    let mut pod = closed_loop(plan());
    pod.ports[0].peers = vec![PeerCount { peer: [10, 0, 0, 7].into(), connections: 1 }];
    let (after, outcome) = ends(&mut pod);
    assert_eq!(outcome, Outcome::Pinned);
    assert!((7.0..7.1).contains(&after), "propagation 5 + pinned-wait 2: {after}");
    let last = pod.drain.status(pod.now()).last.unwrap();
    assert_eq!(last.limited_by, LimitedBy::PinnedWait);
    assert_eq!(last.leftovers[0].peer, std::net::IpAddr::from([10, 0, 0, 7]));
    assert!(last.advice.as_ref().unwrap().contains("Connection: close"));
}

#[test]
fn a_slow_download_is_not_pinned() {
    let mut pod = closed_loop(plan());
    pod.oldest = Some(0.0);
    is_deadline(pod, "a request is older than pinned-wait");
}

#[test]
fn an_old_request_without_newer_ones_is_not_pinned() {
    let mut pod = closed_loop(plan());
    pod.ports[0].requesting = 0;
    is_deadline(pod, "no requests come");
}

#[test]
fn an_unknown_source_or_connection_prevents_pinned() {
    let sources = vec![SourcePlan { name: "jobs".into(), complete: false }];
    let mut pod = closed_loop(Plan { sources, ..plan() });
    pod.sources = vec![Reading::Unknown("refused".into())];
    is_deadline(pod, "a source is unknown");
    let mut pod = closed_loop(plan());
    pod.ports[0].unknown = 1;
    is_deadline(pod, "a connection is unknown");
}

#[test]
fn an_unknown_source_behind_a_busy_one_prevents_pinned() {
    let source = |name: &str| SourcePlan { name: name.into(), complete: false };
    let mut pod = closed_loop(Plan { sources: vec![source("jobs"), source("queue")], ..plan() });
    let app = pod.pod_stop();
    // Zero a moment ago, so that no old request can be running.
    pod.run_to(18.8);
    pod.sources = vec![Reading::Busy(1), Reading::Unknown("refused".into())];
    pod.run_to(52.0);
    assert_eq!(pod.ended(app).0, Outcome::Deadline);
}

#[test]
fn a_full_accept_queue_prevents_pinned() {
    let mut pod = closed_loop(plan());
    pod.ports[0].backlog = 1;
    is_deadline(pod, "somebody was not accepted");
}

#[test]
fn departures_and_arrivals_begin_the_pinned_wait_anew() {
    for arrival in [true, false] {
        let mut pod = closed_loop(plan());
        let app = pod.pod_stop();
        pod.run_to(18.0);
        pod.ports[0].arrivals = u32::from(arrival);
        pod.ports[0].departures = u32::from(!arrival);
        pod.run_to(52.0);
        let at = pod.answered_at(app);
        assert!((20.0..20.2).contains(&at), "arrival {arrival}: {at}");
        assert_eq!(pod.ended(app).0, Outcome::Pinned);
    }
}

#[test]
fn the_end_of_an_old_request_begins_the_pinned_wait_anew() {
    let mut pod = closed_loop(plan());
    pod.oldest = Some(10.0);
    let app = pod.pod_stop();
    pod.run_to(22.0);
    // Another request began beside it, and is as old two seconds later.
    pod.oldest = Some(21.0);
    pod.run_to(25.0);
    assert!(pod.answer(app).is_none(), "the younger request is no pinned client's");
    // Nothing but young requests from here on.
    pod.oldest = None;
    pod.run_to(52.0);
    let at = pod.answered_at(app);
    assert!((26.9..27.2).contains(&at), "{at}");
    assert_eq!(pod.ended(app).0, Outcome::Pinned);
}

#[test]
fn clients_that_leave_all_the_time_are_never_pinned() {
    let mut pod = closed_loop(plan());
    let app = pod.pod_stop();
    while pod.at() < 32.0 {
        pod.ports[0].departures = 1;
        pod.run_to(pod.at() + 1.0);
    }
    assert_eq!(pod.ended(app).0, Outcome::Deadline);
}

#[test]
fn the_idle_wait_comes_before_pinned() {
    let mut pod = closed_loop(Plan { notify: vec![NotifyChannel::Http], ..plan() });
    pod.notify = Reply::Confirms(3.0);
    let (after, outcome) = ends(&mut pod);
    assert_eq!(outcome, Outcome::Pinned);
    assert!((10.0..10.2).contains(&after), "3 + idle-wait 5 + 2: {after}");
}

#[test]
fn on_multiplexed_ports_without_a_source_the_age_of_requests_does_not_count() {
    for protocol in [Protocol::H2, Protocol::Grpc] {
        let mut pod = closed_loop(plan());
        pod.ports[0].protocol = protocol;
        pod.oldest = Some(0.0);
        assert_eq!(ends(&mut pod).1, Outcome::Pinned, "{protocol:?}");
    }
}

#[test]
fn on_multiplexed_ports_with_a_source_work_without_a_pause_is_not_pinned() {
    let sources = vec![SourcePlan { name: "grpc".into(), complete: false }];
    let mut pod = closed_loop(Plan { sources, ..plan() });
    pod.ports[0].protocol = Protocol::Grpc;
    pod.sources = vec![Reading::Busy(1)];
    is_deadline(pod, "the source never said zero");
}

#[test]
fn a_pod_that_is_not_delisted_is_not_pinned() {
    let mut pod = closed_loop(Plan { registries: vec!["consul".into()], ..plan() });
    pod.registry = Reply::Confirms(8.0);
    let (after, outcome) = ends(&mut pod);
    assert_eq!(outcome, Outcome::Pinned);
    assert!((10.0..10.2).contains(&after), "8 + pinned-wait 2: {after}");
}

#[test]
fn a_restart_with_pinned_clients_is_told_as_a_restart() {
    let mut pod = closed_loop(Plan { propagation: secs(1.0), ..plan() });
    let app = pod.hook("app");
    pod.run_to(30.0);
    assert_eq!(pod.ended(app), (Outcome::Restarted, LimitedBy::PinnedWait));
}
