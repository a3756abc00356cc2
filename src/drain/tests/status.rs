//! What a person is told: sentences while it runs, the summary afterwards.

use super::*;
use crate::drain::*;

fn said(pod: &Pod) -> String {
    pod.waits_for().unwrap()
}

fn quick() -> Pod {
    let mut pod = Pod::new(Plan { unready: Unready::Never, ..plan() });
    pod.busy_before(1000);
    pod
}

#[test]
fn silence_is_told_with_what_it_is_measured_against() {
    let mut pod = Pod::new(plan());
    pod.busy_before(100);
    pod.pod_stop();
    pod.run_to(12.65);
    assert_eq!(said(&pod), "no new connection for 0.6 s of the 1.4 s that 100/s ask for");
    pod.ports[0].arrivals = 1;
    pod.run_to(13.05);
    let words = said(&pod);
    assert_eq!(
        words,
        "no new connection for 0.3 s of the 4.9 s that late arrivals on port 8080 every 0.7 s ask for"
    );
}

#[test]
fn the_quiet_period_and_the_propagation_delay_have_their_own_words() {
    let mut pod = quick();
    pod.pod_stop();
    pod.run_to(12.25);
    assert_eq!(said(&pod), "no new connection for 0.2 s of the 0.5 s of the quiet period");
    let mut pod = Pod::new(plan());
    pod.pod_stop();
    pod.run_to(1.05);
    assert_eq!(
        said(&pod),
        "the propagation delay, 4.0 s of 5.0 s left (nothing else shows that the lists changed)"
    );
}

#[test]
fn readiness_is_told_while_it_is_waited_for() {
    let mut pod = Pod::new(Plan { unready: Unready::Always, ..plan() });
    pod.busy_before(1000);
    pod.tell(Input::ProbeServed { ready: true, accepted: None });
    pod.pod_stop();
    pod.run_to(13.05);
    assert_eq!(said(&pod), "the kubelet to read that the pod is unready, at most 2.0 s");
    pod.tell(Input::ProbeServed { ready: false, accepted: None });
    pod.run_to(13.25);
    assert!(said(&pod).ends_with("s more without a new connection after turning unready"));
}

#[test]
fn busy_connections_are_told_with_port_age_and_reason() {
    let mut pod = quick();
    pod.ports[0].busy = 3;
    pod.ports[0].reasons = vec![(Reason::AnswerNewer, 7), (Reason::RequestNewer, 3)];
    pod.oldest = Some(10.0);
    pod.pod_stop();
    pod.run_to(14.05);
    assert_eq!(
        said(&pod),
        "3 busy on port 8080, the oldest for 4.0 s (request newer than the last answer byte)"
    );
}

#[test]
fn what_else_may_hold_is_told_too() {
    let mut pod = quick();
    pod.ports[0].backlog = 2;
    pod.pod_stop();
    pod.run_to(13.05);
    assert_eq!(said(&pod), "2 not yet accepted on port 8080");

    let mut pod = quick();
    pod.ports[0].unknown = 1;
    pod.pod_stop();
    pod.run_to(13.05);
    assert_eq!(said(&pod), "1 connection that cannot be judged: the kernel gave no details");

    let mut pod = quick();
    (pod.ports[0].idle, pod.ports[0].carried) = (2, 2);
    pod.pod_stop();
    pod.run_to(13.05);
    let words = "2 connections that carried requests since the stop to close, at most 4.0 s more";
    assert_eq!(said(&pod), words);

    let mut pod = quick();
    (pod.ports[0].protocol, pod.ports[0].busy) = (Protocol::WebSocket, 4);
    pod.pod_stop();
    pod.run_to(14.55);
    assert!(said(&pod).starts_with("4 ws connections on port 8080, at most 8."), "{}", said(&pod));

    let mut pod = quick();
    pod.readable = false;
    pod.pod_stop();
    pod.run_to(13.05);
    assert_eq!(said(&pod), "a readable look at the sockets: permission denied");
}

#[test]
fn before_the_first_census_a_look_is_awaited() {
    let mut pod = Pod::new(plan());
    pod.hook("app");
    assert_eq!(said(&pod), "a look at the sockets");
    assert_eq!(pod.drain.status(pod.now()).in_flight, None, "not zero");
}

#[test]
fn the_own_hook_alone_is_told_while_it_is_not_clear() {
    let mut pod = Pod::new(plan());
    assert_eq!(pod.waits_for(), None);
    pod.own_hook();
    assert!(said(&pod).starts_with("two seconds for an app hook"));
}

#[test]
fn helpers_are_told_by_name_after_the_end() {
    let containers = vec![container("app", &[8080]), helper("db", &[5432])];
    let mut pod = Pod::new(Plan { containers, ..plan() });
    pod.hook("db");
    pod.pod_stop();
    pod.run_to(10.0);
    assert_eq!(said(&pod), "nobody to need db any more, at most 17.0 s");
}

#[test]
fn the_status_counts_down_the_budget_and_counts_callers() {
    let mut pod = Pod::new(plan());
    pod.busy_before(100);
    pod.pod_stop();
    pod.stranger(true);
    pod.run_to(13.0);
    let status = pod.drain.status(pod.now());
    assert_eq!((status.callers, status.strangers), (1, 1));
    assert_eq!(status.elapsed, Some(secs(1.0)));
    assert_eq!(status.budget_left, Some(secs(18.0)));
    assert_eq!(status.arrival_rate, Some(100.0));
    assert_eq!(status.limited_by, Some(LimitedBy::Silence));
    assert!(status.ready);
}

#[test]
fn the_summary_says_how_long_how_much_and_how_late() {
    let mut pod = quick();
    (pod.ports[0].busy, pod.ports[0].idle) = (1, 2);
    pod.ports[0].last_arrival = Some([10, 0, 0, 9].into());
    let app = pod.pod_stop();
    pod.run_to(12.15);
    pod.ports[0].arrivals = 3;
    pod.run_to(15.0);
    pod.idle();
    pod.run_to(40.0);
    let summary = pod.summary(app);
    assert_eq!((summary.outcome, summary.kind), (Outcome::Drained, StopKind::PodStop));
    assert_eq!(summary.total, summary.withdrawing + summary.emptying);
    assert_eq!(summary.budget, Some(secs(19.0)));
    let at_start = InFlight { busy: 1, idle: 2, ..InFlight::default() };
    assert_eq!(summary.in_flight_at_start, Some(at_start));
    assert_eq!(summary.in_flight_at_end, Some(InFlight::default()));
    assert_eq!(summary.late_connections, 3);
    let (after, peer) = summary.last_new_connection.unwrap();
    assert!((0.15..0.3).contains(&after.as_secs_f64()), "{after:?}");
    assert_eq!(peer, Some([10, 0, 0, 9].into()));
    assert_eq!(summary.waiting_for, None);
    assert_eq!(summary.advice, None);
}

#[test]
fn a_deadline_says_what_was_still_awaited_who_is_left_and_what_to_change() {
    let mut pod = quick();
    pod.ports[0].busy = 2;
    let peer = |last, connections| PeerCount { peer: [10, 0, 0, last].into(), connections };
    pod.ports[0].peers = vec![peer(1, 1)];
    pod.ports.push(PortCensus { peers: vec![peer(2, 3), peer(1, 1)], ..port(9090) });
    pod.oldest = Some(11.0);
    let app = pod.pod_stop();
    pod.run_to(60.0);
    let summary = pod.summary(app);
    let waiting_for = summary.waiting_for.unwrap();
    assert!(waiting_for.starts_with("2 busy on port 8080, the oldest for "), "{waiting_for}");
    assert_eq!(summary.leftovers, [peer(2, 3), peer(1, 2)]);
    assert_eq!(
        summary.advice.unwrap(),
        "the work in hand needs longer than the budget: raise terminationGracePeriodSeconds"
    );
}

#[test]
fn a_drain_says_what_limited_it_last() {
    let limited = |pod: &mut Pod| {
        let app = pod.pod_stop();
        pod.run_to(40.0);
        pod.ended(app)
    };
    assert_eq!(limited(&mut quick()), (Outcome::Drained, LimitedBy::Silence));
    let mut slow = Pod::new(Plan { unready: Unready::Never, ..plan() });
    assert_eq!(limited(&mut slow), (Outcome::Drained, LimitedBy::Propagation));
    let mut probed = Pod::new(Plan { unready: Unready::Always, ..plan() });
    probed.busy_before(1000);
    probed.tell(Input::ProbeServed { ready: true, accepted: None });
    assert_eq!(limited(&mut probed), (Outcome::Drained, LimitedBy::Readiness));
}
