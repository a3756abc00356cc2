//! The hook of an application container: held until the pod is drained, answered once.

use crate::support::{Agent, Call, Server, now};
use std::time::Duration;

/// The reply with all that a kubelet's HTTP client needs, and nothing before or behind it.
fn is_one_buffered_answer(reply: &crate::support::Reply) {
    let length = format!("content-length: {}", reply.body.len());
    for line in ["connection: close", "content-type: application/json", &length] {
        assert!(reply.head.iter().any(|other| other == line), "no {line} in {reply:?}");
    }
    assert!(!reply.body.contains("HTTP/1.1"), "answered twice: {reply:?}");
}

#[test]
fn a_hook_is_held_until_the_pod_is_drained_and_answered_once() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let mut slow = server.connect();
    slow.request();
    let call = agent.stop();
    agent.until("the running request is seen", |status| {
        status["waiting_for"].as_str().is_some_and(|what| what.contains("busy on port"))
    });
    assert!(call.waits());
    slow.answer();
    let reply = call.reply();
    is_one_buffered_answer(&reply);
    let body = reply.json();
    assert_eq!((&body["answer"], &body["outcome"]), (&"ended".into(), &"drained".into()));
    assert_eq!(
        (&body["kind"], &body["in_flight"]["start"]["busy"]),
        (&"pod_stop".into(), &1.into())
    );
    let total = body["seconds"]["total"].as_f64().unwrap();
    assert!(total >= 0.5, "sooner than the propagation delay: {body}");

    let again = agent.prestop("app").ended();
    assert_eq!(again, body, "a repeated hook of a finished stop is a second drain");
    drop((server, slow));
    agent.leaves();
}

#[test]
fn the_path_of_an_old_kubelet_is_the_same_hook() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let token = format!("Lameduck-Token: {}", crate::support::agent::TOKEN);
    let call = Call::get(agent.hook, "//prestop?container=app", &[token]);
    agent.stopping();
    assert_eq!(call.ended()["outcome"], "drained");
    drop(server);
    agent.leaves();
}

#[test]
fn twenty_callers_join_one_drain() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "1s")]);
    let first = agent.stop();
    let calls: Vec<_> = (0..20).map(|number| agent.prestop(&format!("c{}", number % 4))).collect();
    agent.until("all are waiting", |status| status["callers"] == 21);
    let reply = first.reply();
    let whole = reply.json();
    for call in calls {
        let late = call.reply();
        assert_eq!(late.json(), whole, "another drain than the first caller's");
        is_one_buffered_answer(&late);
        // A second full wait would be another second.
        assert!(late.at < reply.at + Duration::from_millis(900), "{late:?}");
    }
    assert_eq!(agent.metrics_of("lameduck_drains_total"), [1.0]);
    drop(server);
    agent.leaves();
}

#[test]
fn a_caller_that_hangs_up_cancels_nothing() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "1s")]);
    let began = now();
    let call = agent.stop();
    agent.until_phase("withdrawing");
    drop(call);
    let second = agent.prestop("app");
    let body = second.ended();
    assert_eq!((&body["outcome"], &body["kind"]), (&"drained".into(), &"pod_stop".into()));
    let total = body["seconds"]["total"].as_f64().unwrap();
    assert!(total >= 1.0 && total <= began.elapsed().as_secs_f64(), "{body}");
    drop(server);
    agent.leaves();
}

#[test]
fn a_stop_whose_only_caller_left_ends_all_the_same() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    drop(agent.stop());
    let status = agent.until_phase("ended");
    assert_eq!(status["last"]["outcome"], "drained");
    drop(server);
    agent.leaves();
}

#[test]
fn the_own_hook_alone_beside_a_listening_application_changes_nothing() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    agent.stopping();
    let status = agent.until("the hook is considered", |status| !status["waiting_for"].is_null());
    assert_eq!((&status["phase"], &status["ready"]), (&"serving".into(), &true.into()));
    let status = agent.until("two seconds are over", |status| status["waiting_for"].is_null());
    assert_eq!((&status["phase"], &status["ready"]), (&"serving".into(), &true.into()));
    assert!(agent.probe());
    // Its own restart: it need not wait for an application that goes on.
    let began = now();
    agent.leaves();
    assert!(began.elapsed() < Duration::from_secs(10), "waited for the application");
    drop(server);
}

#[test]
fn the_own_hook_where_nothing_listens_is_a_pod_stop() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    drop(server);
    agent.stopping();
    let status = agent.until_phase("ended");
    assert_eq!(status["last"]["kind"], "pod_stop");
    agent.leaves();
}

#[test]
fn hooks_over_the_local_socket_are_the_same_hooks() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let socket = agent.socket.clone();
    let waiting = std::thread::spawn(move || lameduck::control::client::wait(&socket, "app", None));
    agent.until_phase("withdrawing");
    agent.command(lameduck::control::client::stopping);
    let said = waiting.join().unwrap();
    assert_eq!(said.exit, lameduck::control::client::Exit::Success);
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(answer["summary"]["outcome"], "drained", "{said:?}");
    assert_eq!(answer["summary"]["kind"], "pod_stop");
    assert_eq!((agent.hook_calls("wait"), agent.hook_calls("stopping")), (1.0, 1.0));
    drop(server);
    agent.leaves();
}
