//! When a pod counts as drained, between real connections.

use crate::support::{Agent, Connection, Server, now};
use serde_json::Value;
use std::time::Duration;

fn seconds(body: &Value, what: &str) -> f64 {
    body["seconds"][what].as_f64().unwrap()
}

fn outcome(body: &Value) -> (&str, &str) {
    (body["outcome"].as_str().unwrap(), body["limited_by"].as_str().unwrap())
}

fn answered(server: &Server, number: usize) -> Vec<Connection> {
    let one = |_| {
        let mut connection = server.connect();
        connection.exchange();
        connection
    };
    (0..number).map(one).collect()
}

#[test]
fn an_idle_service_ends_with_the_propagation_delay_and_not_with_the_budget() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "1s"), ("grace-period", "60s")]);
    let body = agent.stop().ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    let total = seconds(&body, "total");
    assert!((1.0..10.0).contains(&total), "{body}");
    assert_eq!(seconds(&body, "budget"), 49.0);
    drop(server);
    agent.leaves();
}

#[test]
fn a_slow_request_completes_first() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let mut slow = server.connect();
    slow.request();
    let call = agent.stop();
    agent.until("propagation is over", |status| status["seconds"]["elapsed"].as_f64() > Some(1.5));
    assert!(call.waits(), "one request is running");
    slow.answer();
    let answered = now();
    let reply = call.reply();
    assert!(reply.at > answered);
    let body = reply.json();
    assert_eq!(outcome(&body), ("drained", "busy_connections"), "{body}");
    assert!(reply.at < answered + Duration::from_secs(10), "{reply:?}");
    drop((server, slow));
    agent.leaves();
}

#[test]
fn a_request_longer_than_the_budget_leaves_the_application_its_reserve() {
    let server = Server::start();
    let settings = [("grace-period", "6s"), ("app-shutdown-reserve", "3s")];
    let agent = Agent::beside(&server, &settings);
    let mut slow = server.connect();
    slow.request();
    let reply = agent.stop().reply();
    let body = reply.json();
    assert_eq!(outcome(&body), ("deadline", "grace_period"), "{body}");
    assert!(reply.after <= Duration::from_secs(3), "the reserve was used up: {reply:?}");
    assert_eq!(body["leftovers"][0]["peer"], "127.0.0.6");
    assert_eq!(body["in_flight"]["end"]["busy"], 1);
    assert!(body["waiting_for"].as_str().unwrap().starts_with("1 busy on port"), "{body}");
    drop((server, slow));
    agent.leaves();
}

#[test]
fn clients_that_keep_coming_end_at_the_deadline_and_are_named() {
    let server = Server::start();
    let settings = [("grace-period", "4s"), ("app-shutdown-reserve", "1s")];
    let agent = Agent::beside(&server, &settings);
    let call = agent.stop();
    let mut clients = Vec::new();
    while call.waits() {
        let mut client = server.connect();
        client.exchange();
        clients.push(client);
        std::thread::sleep(Duration::from_millis(20));
    }
    let body = call.ended();
    assert_eq!(outcome(&body), ("deadline", "grace_period"), "{body}");
    assert_eq!(body["leftovers"][0]["peer"], "127.0.0.6");
    assert_eq!(body["last_new_connection"]["from"], "127.0.0.6");
    let late = body["late_connections"].as_u64().unwrap();
    assert!(late > 10 && late <= clients.len() as u64, "{body}");
    drop((server, clients));
    agent.leaves();
}

#[test]
fn two_hundred_idle_connections_do_not_hold() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let idle = answered(&server, 200);
    let body = agent.stop().ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    assert_eq!(body["in_flight"]["end"]["idle"], 200, "{body}");
    assert_ne!(body["limited_by"], "idle_wait", "nobody was told to close: {body}");
    assert!(seconds(&body, "total") < 10.0, "{body}");
    drop((server, idle));
    agent.leaves();
}

#[test]
fn a_request_after_a_pause_is_work_although_its_connection_was_idle() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "6s")]);
    let mut client = answered(&server, 1).remove(0);
    let call = agent.stop();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(agent.status()["in_flight"]["idle"], 1);
    client.request();
    agent.until("the request is seen", |status| status["in_flight"]["busy"] == 1);
    agent.until("propagation is over", |status| status["seconds"]["elapsed"].as_f64() > Some(7.0));
    assert!(call.waits(), "the connection was called idle within its request");
    client.answer();
    let body = call.ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    drop((server, client));
    agent.leaves();
}

#[test]
fn a_zero_right_after_the_stop_ends_nothing() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "2s")]);
    let call = agent.stop();
    agent.until("the first look says zero", |status| status["in_flight"]["busy"] == 0);
    // Some list still names the pod.
    let mut late = server.connect();
    late.request();
    let before = now();
    agent.until("the late request is seen", |status| status["late_connections"] == 1);
    assert!(call.waits());
    late.answer();
    let reply = call.reply();
    assert!(reply.at > before);
    let body = reply.json();
    assert_eq!((&body["outcome"], &body["late_connections"]), (&"drained".into(), &1.into()));
    assert!(seconds(&body, "total") >= 2.0, "{body}");
    drop((server, late));
    agent.leaves();
}

#[test]
fn what_the_agent_itself_is_asked_is_no_traffic() {
    let server = Server::start();
    let containers = format!("app={}/http", server.port());
    let agent = Agent::start(&[("containers", &containers), ("propagation", "1s")]);
    let probes = agent.probes(Duration::from_millis(50));
    agent.until("the rhythm of the probes is known", |_| agent.hook_calls("probe") > 4.0);
    let call = agent.stop();
    while call.waits() {
        agent.scrape();
        agent.status();
    }
    let body = call.ended();
    let (outcome, late) = (&body["outcome"], &body["late_connections"]);
    assert_eq!((outcome, late), (&"drained".into(), &0.into()), "{body}");
    let total = seconds(&body, "total");
    assert!(total < 10.0, "held by its own connections: {body}");
    probes.stop();
    drop(server);
    agent.leaves();
}

#[test]
fn half_closed_connections_do_not_hold() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let closing = answered(&server, 10);
    // CLOSE_WAIT at the server, FIN_WAIT_2 at the client.
    closing.iter().for_each(Connection::half_close);
    let body = agent.stop().ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    assert!(seconds(&body, "total") < 10.0, "{body}");
    drop((server, closing));
    agent.leaves();
}

#[test]
fn a_connection_that_nobody_accepts_holds() {
    let server = Server::start();
    let settings = [("grace-period", "6s"), ("app-shutdown-reserve", "2s")];
    let agent = Agent::beside(&server, &settings);
    let _waiting = server.knock();
    let body = agent.stop().ended();
    assert_eq!(outcome(&body), ("deadline", "grace_period"), "{body}");
    assert!(body["waiting_for"].as_str().unwrap().contains("not yet accepted"), "{body}");
    drop(server);
    agent.leaves();
}

#[test]
fn an_application_that_never_listened_ends_promptly() {
    let nowhere = Server::start();
    let agent = Agent::beside(&nowhere, &[("propagation", "15s"), ("unready", "never")]);
    drop(nowhere);
    let body = agent.stop().ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    assert!(seconds(&body, "total") < 10.0, "{body}");
    agent.leaves();
}

#[test]
fn an_application_that_dies_during_the_hold_ends_it() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "15s")]);
    let mut slow = server.connect();
    slow.request();
    let call = agent.stop();
    agent.until("the request is seen", |status| status["in_flight"]["busy"] == 1);
    let died = now();
    drop((server, slow));
    let reply = call.reply();
    let body = reply.json();
    assert_eq!(outcome(&body), ("app-gone", "listeners_gone"), "{body}");
    assert!(reply.at < died + Duration::from_secs(10), "{reply:?}");
    agent.leaves();
}

#[test]
fn sockets_that_are_counted_and_not_judged_are_never_called_idle() {
    let server = Server::start();
    let settings =
        [("inflight", "proc-net"), ("grace-period", "6s"), ("app-shutdown-reserve", "2s")];
    let agent = Agent::beside(&server, &settings);
    let idle = answered(&server, 1);
    let body = agent.stop().ended();
    assert_eq!(body["outcome"], "deadline", "{body}");
    assert_eq!(body["in_flight"]["end"]["unknown"], 1, "{body}");
    assert!(!body["caveats"].as_array().unwrap().is_empty(), "{body}");
    drop((server, idle));
    agent.leaves();
}

#[test]
fn a_client_in_a_closed_loop_ends_as_pinned_after_the_propagation_delay() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("pinned-wait", "1s")]);
    let mut client = server.connect();
    client.exchange();
    let call = agent.stop();
    while call.waits() {
        client.exchange();
        std::thread::sleep(Duration::from_millis(10));
    }
    let body = call.ended();
    assert_eq!(outcome(&body), ("pinned", "pinned_wait"), "{body}");
    assert!(seconds(&body, "total") >= 1.5, "{body}");
    assert_eq!(body["leftovers"][0]["peer"], "127.0.0.6");
    assert!(body["advice"].as_str().is_some(), "{body}");
    drop((server, client));
    agent.leaves();
}
