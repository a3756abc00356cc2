//! Which clock ends a drain, and that they do not add up.

use crate::support::{Agent, Server, now};
use serde_json::Value;
use std::time::Duration;

/// A drain that something holds for ever.
fn held(settings: &[(&str, &str)]) -> (Duration, Value) {
    let server = Server::start();
    let agent = Agent::beside(&server, settings);
    let mut slow = server.connect();
    slow.request();
    let reply = agent.stop().reply();
    let body = reply.json();
    drop((server, slow));
    agent.leaves();
    (reply.after, body)
}

#[test]
fn a_grace_of_one_second_is_not_overrun() {
    let (after, body) = held(&[("grace-period", "1s"), ("propagation", "5s")]);
    assert_eq!(body["seconds"]["budget"], 0.3, "{body}");
    assert_eq!(body["outcome"], "deadline");
    assert!(after < Duration::from_secs(1), "{after:?}");
}

#[test]
fn a_grace_of_two_seconds_is_not_overrun() {
    let (after, body) = held(&[("grace-period", "2s"), ("propagation", "5s")]);
    assert_eq!(body["outcome"], "deadline", "{body}");
    assert!(after < Duration::from_secs(2), "{after:?}");
}

#[test]
fn a_grace_of_six_seconds_is_halved_between_drain_and_application() {
    let (after, body) = held(&[("grace-period", "6s"), ("propagation", "5s")]);
    assert_eq!(body["seconds"]["budget"], 2.0, "{body}");
    assert_eq!(body["outcome"], "deadline");
    assert!(after < Duration::from_secs(3), "{after:?}");
}

#[test]
fn an_idle_pod_is_drained_within_a_short_grace() {
    let server = Server::start();
    // A look that a busy machine makes dear is repeated after two seconds; a grace of 6 s has no
    // more for the whole drain.
    let settings = [("grace-period", "15s"), ("app-shutdown-reserve", "3s")];
    let agent = Agent::beside(&server, &settings);
    let body = agent.stop().ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    drop(server);
    agent.leaves();
}

#[test]
fn hook_and_sigterm_share_one_clock() {
    let server = Server::start();
    let settings = [("grace-period", "6s"), ("app-shutdown-reserve", "2s")];
    let agent = Agent::beside(&server, &settings);
    let mut slow = server.connect();
    slow.request();
    let began = now();
    let call = agent.prestop("app");
    agent.until_phase("withdrawing");
    // An ordinary sidecar gets its SIGTERM while the hook of the application is still held.
    agent.term();
    let status = agent.until("the stop is known", |status| status["kind"] == "pod_stop");
    assert!(status["seconds"]["budget_left"].as_f64().unwrap() <= 3.0, "{status}");
    agent.term();
    let reply = call.reply();
    assert_eq!(reply.json()["outcome"], "deadline");
    assert!(reply.after < Duration::from_secs(4), "{reply:?}");
    // With the application still there it stays, within the same grace.
    agent.has_left();
    assert!(began.elapsed() >= Duration::from_secs(5), "left before the application");
    assert!(began.elapsed() < Duration::from_secs(12), "a second full grace");
    drop((server, slow));
}

#[test]
fn probes_that_cease_after_a_stop_cut_the_budget() {
    let server = Server::start();
    let settings = [("kubelet-stop-cap", "4s"), ("app-shutdown-reserve", "1s")];
    let agent = Agent::beside(&server, &settings);
    let probes = agent.probes(Duration::from_millis(200));
    agent.until("the rhythm of the probes is known", |_| agent.hook_calls("probe") > 4.0);
    let mut slow = server.connect();
    slow.request();
    let call = agent.stop();
    probes.stop();
    let reply = call.reply();
    let body = reply.json();
    assert_eq!(body["limited_by"], "kubelet_stop_cap", "{body}");
    assert_eq!(body["outcome"], "deadline");
    assert_eq!(agent.metric("lameduck_kubelet_stops_suspected_total"), 1.0);
    assert!(reply.after < Duration::from_secs(15), "{reply:?}");
    drop((server, slow));
    agent.leaves();
}

#[test]
fn probes_that_go_on_leave_the_whole_budget() {
    let server = Server::start();
    let settings =
        [("kubelet-stop-cap", "2s"), ("grace-period", "8s"), ("app-shutdown-reserve", "1s")];
    let agent = Agent::beside(&server, &settings);
    // Three medians of a second: a busy machine does not miss them.
    let probes = agent.probes(Duration::from_secs(1));
    agent.until("the rhythm of the probes is known", |_| agent.hook_calls("probe") > 3.0);
    let mut slow = server.connect();
    slow.request();
    let body = agent.stop().ended();
    assert_eq!(body["limited_by"], "grace_period", "{body}");
    probes.stop();
    drop((server, slow));
    agent.leaves();
}
