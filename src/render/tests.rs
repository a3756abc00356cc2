use super::*;
use crate::drain::{
    InFlight, LimitedBy, Outcome, PeerCount, PhaseName, PortCensus, Protocol, Reason, Status,
    StopKind, Summary,
};
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn summary() -> Summary {
    Summary {
        outcome: Outcome::Pinned,
        limited_by: LimitedBy::PinnedWait,
        kind: StopKind::PodStop,
        total: Duration::from_millis(7_250),
        withdrawing: Duration::from_millis(5_000),
        emptying: Duration::from_millis(2_250),
        budget: Some(Duration::from_secs(19)),
        in_flight_at_start: Some(InFlight { busy: 3, idle: 12, unknown: 0, backlog: 1 }),
        in_flight_at_end: None,
        late_connections: 2,
        last_new_connection: Some((Duration::from_millis(1_310), "10.0.0.7".parse().ok())),
        leftovers: vec![PeerCount { peer: "10.0.0.9".parse().unwrap(), connections: 4 }],
        waiting_for: None,
        caveats: vec!["sockets were only counted".to_owned()],
        advice: Some("set notify".to_owned()),
    }
}

fn status(now: Instant) -> Status {
    let port = PortCensus {
        port: 8080,
        protocol: Protocol::Http,
        busy: 3,
        idle: 1200,
        oldest_request: now.checked_sub(Duration::from_millis(2_100)),
        reasons: vec![(Reason::AnswerNewer, 1), (Reason::RequestNewer, 3), (Reason::Queue, 2)],
        peers: vec![
            PeerCount { peer: "10.0.0.7".parse().unwrap(), connections: 2 },
            PeerCount { peer: "10.0.0.9".parse().unwrap(), connections: 9 },
        ],
        ..PortCensus::default()
    };
    let other = PortCensus {
        port: 90,
        peers: vec![PeerCount { peer: "10.0.0.7".parse().unwrap(), connections: 8 }],
        ..PortCensus::default()
    };
    Status {
        phase: PhaseName::Emptying,
        kind: Some(StopKind::PodStop),
        ready: false,
        elapsed: Some(Duration::from_millis(3_200)),
        budget_left: Some(Duration::from_millis(15_800)),
        waiting_for: Some("3 busy connections on port 8080".to_owned()),
        limited_by: Some(LimitedBy::BusyConnections),
        callers: 2,
        strangers: 0,
        arrival_rate: Some(12.34),
        in_flight: Some(InFlight { busy: 3, idle: 1200, unknown: 0, backlog: 0 }),
        ports: vec![port, other],
        late_connections: 1,
        caveats: vec!["the kernel dropped events".to_owned()],
        last: Some(Arc::new(summary())),
    }
}

#[test]
fn a_summary_has_every_fact_as_json() {
    assert_eq!(
        summary_json(&summary()),
        serde_json::json!({
            "outcome": "pinned",
            "limited_by": "pinned_wait",
            "kind": "pod_stop",
            "seconds": { "total": 7.25, "withdrawing": 5.0, "emptying": 2.25, "budget": 19.0 },
            "in_flight": {
                "start": { "busy": 3, "idle": 12, "unknown": 0, "backlog": 1 },
                "end": null,
            },
            "late_connections": 2,
            "last_new_connection": { "after_seconds": 1.31, "from": "10.0.0.7" },
            "leftovers": [{ "peer": "10.0.0.9", "connections": 4 }],
            "sleep_30_wasted_seconds": 22.75,
            "waiting_for": null,
            "caveats": ["sockets were only counted"],
            "advice": "set notify",
        })
    );
}

#[test]
fn a_summary_fits_the_termination_log_however_much_went_wrong() {
    let long = "ü".repeat(5_000);
    let summary = Summary {
        caveats: vec![long.clone(); 50],
        waiting_for: Some(long.clone()),
        advice: Some(long),
        ..summary()
    };
    let json = summary_json(&summary);
    assert!(json.to_string().len() < 4096, "{}", json.to_string().len());
    assert_eq!(json["caveats"].as_array().unwrap().len(), MOST_SENTENCES + 1);
    assert_eq!(json["caveats"][MOST_SENTENCES], "and 42 more");
}

#[test]
fn a_summary_is_one_sentence_for_people() {
    assert_eq!(
        super::summary::summary_text(&summary()),
        "pinned after 7.2 s, limited by pinned wait; 2 new connections after the stop, the last \
         after 1.3 s from 10.0.0.7; left: 10.0.0.9 (4)"
    );
}

#[test]
fn a_status_lines_up_for_people() {
    let now = start();
    let about = [("sockets", "socket diagnostics, self-test passed".to_owned())];
    let expected = "\
phase          emptying (pod stop), 3.2 s after the stop
waits for      3 busy connections on port 8080
limited by     busy connections
budget left    15.8 s
ready          no
hooks waiting  2
in flight      3 busy, 1200 idle, 0 not accepted yet
arrivals       12.3/s before the stop, 1 new connection since
sockets        socket diagnostics, self-test passed

PORT  PROTOCOL  ROLE     BUSY  IDLE  UNKNOWN  BACKLOG  OLDEST  WHY
8080  http      serving     3  1200        0        0   2.1 s  3 request newer than the last answer byte, 2 bytes queued in the socket
90    auto      serving     0     0        0        0       -

PEER      CONNECTIONS
10.0.0.7           10
10.0.0.9            9

keep in mind
  - the kernel dropped events

last drain: pinned after 7.2 s, limited by pinned wait; 2 new connections after the stop, the last after 1.3 s from 10.0.0.7; left: 10.0.0.9 (4)
  advice: set notify
";
    assert_eq!(status_text(&status(now), &about, now), expected);
}

#[test]
fn unknown_work_is_never_shown_as_zero() {
    let now = start();
    let status = Status { in_flight: None, ..status(now) };
    assert!(status_text(&status, &[], now).contains("in flight      not known"));
    assert!(status_json(&status, &[], now)["in_flight"].is_null());
}

#[test]
fn a_status_as_json_carries_ports_peers_and_the_last_drain() {
    let now = start();
    let json = status_json(&status(now), &[("version", "1".to_owned())], now);
    assert_eq!(json["phase"], "emptying");
    assert_eq!(json["seconds"]["budget_left"], 15.8);
    assert_eq!(json["ports"][0]["oldest_request_seconds"], 2.1);
    assert_eq!(json["ports"][0]["peers"][1]["peer"], "10.0.0.9");
    assert_eq!(json["ports"][1]["oldest_request_seconds"], Value::Null);
    assert_eq!(json["last"]["outcome"], "pinned");
    assert_eq!(json["about"]["version"], "1");
}
