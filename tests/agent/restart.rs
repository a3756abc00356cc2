//! One container restarts and the pod lives on: everything is taken back.

use crate::support::{Agent, Server, agent::path, until};
use lameduck::control::client;

const QUICK: [(&str, &str); 2] = [("restart-drain", "2500ms"), ("propagation", "300ms")];

#[test]
fn a_restarted_container_serves_again_as_often_as_it_restarts() {
    let mut server = Server::start();
    let file = path("phase");
    let mut settings = vec![("notify-file", file.to_str().unwrap()), ("idle-wait", "0s")];
    settings.extend(QUICK);
    let agent = Agent::beside(&server, &settings);
    for round in 1..=5 {
        let body = agent.prestop("app").ended();
        assert_eq!(body["outcome"], "restarted", "{body}");
        assert!(file.exists(), "the application is told");
        let place = server.dies();
        server = place.restart();
        let status = agent.until_phase("serving");
        assert_eq!(status["ready"], true, "{status}");
        assert!(agent.probe());
        until("the application is told that it serves", || (!file.exists()).then_some(()));
        assert_eq!(agent.metrics_of("lameduck_drains_total").iter().sum::<f64>(), f64::from(round));
    }
    drop(server);
    agent.leaves();
}

#[test]
fn a_restart_that_is_held_ends_with_its_own_cap() {
    let server = Server::start();
    let agent = Agent::beside(&server, &QUICK);
    let mut slow = server.connect();
    slow.request();
    let reply = agent.prestop("app").reply();
    let body = reply.json();
    assert_eq!(body["outcome"], "restarted", "{body}");
    assert_eq!(body["limited_by"], "restart_drain", "{body}");
    assert_eq!(body["in_flight"]["end"]["busy"], 1);
    assert_eq!(agent.status()["ready"], false);
    drop((server, slow));
    agent.leaves();
}

#[test]
fn a_stop_after_a_restart_is_a_stop_of_its_own() {
    let server = Server::start();
    let agent = Agent::beside(&server, &QUICK);
    assert_eq!(agent.prestop("app").ended()["outcome"], "restarted");
    let server = server.dies().restart();
    agent.until_phase("serving");
    let body = agent.stop().ended();
    assert_eq!((&body["outcome"], &body["kind"]), (&"drained".into(), &"pod_stop".into()));
    drop(server);
    agent.leaves();
}

#[test]
fn a_container_that_never_comes_back_does_not_keep_the_pod_unready() {
    let server = Server::start();
    // The safety timer: restart-drain and grace after the answer, and ten seconds more.
    let settings = [("restart-drain", "300ms"), ("grace-period", "1s"), ("propagation", "300ms")];
    let agent = Agent::beside(&server, &settings);
    assert_eq!(agent.prestop("app").reply().json()["kind"], "unknown");
    drop(server);
    agent.until("the pod is unready no more", |status| {
        status["phase"] == "serving" && status["ready"] == true
    });
    agent.leaves();
}

#[test]
fn a_drain_by_hand_lasts_until_it_is_taken_back() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    agent.command(client::drain);
    assert_eq!(agent.status()["kind"], "manual");
    agent.until_phase("ended");
    assert!(!agent.probe());
    agent.command(client::undrain);
    let status = agent.until_phase("serving");
    assert_eq!(status["ready"], true);
    assert!(agent.probe());
    let said = client::undrain(&agent.socket);
    assert!(said.err.contains("nothing is drained"), "{said:?}");
    drop(server);
    agent.leaves();
}

#[test]
fn a_drain_by_hand_becomes_a_pod_stop() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    agent.command(client::drain);
    agent.until_phase("ended");
    let body = agent.stop().ended();
    assert_eq!((&body["outcome"], &body["kind"]), (&"drained".into(), &"pod_stop".into()));
    let said = client::undrain(&agent.socket);
    assert!(said.err.contains("the pod is stopping"), "{said:?}");
    drop(server);
    agent.leaves();
}
