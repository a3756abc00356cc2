//! Idle kept-alive connections never leave by themselves and do not hold a drain.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn nginx_with_200_idle_connections_is_drained_after_the_propagation_delay() {
    idle_connections_do_not_hold(Kind::Nginx);
}

#[test]
fn nginx_with_tls_and_200_idle_connections_is_drained_after_the_propagation_delay() {
    idle_connections_do_not_hold(Kind::NginxTls);
}

#[test]
fn node_with_200_idle_connections_is_drained_after_the_propagation_delay() {
    idle_connections_do_not_hold(Kind::Node);
}

#[test]
fn go_with_200_idle_connections_is_drained_after_the_propagation_delay() {
    idle_connections_do_not_hold(Kind::Go);
}

#[test]
fn go_with_tls_and_200_idle_connections_is_drained_after_the_propagation_delay() {
    idle_connections_do_not_hold(Kind::GoTls);
}

fn idle_connections_do_not_hold(kind: Kind) {
    let place = Place::new("idle-connections");
    let server = Arc::new(Server::start(kind, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "2s"]));
    let target = server.target();
    let mut clients: Vec<_> =
        (0..200).map(|_| Connection::open(&target).expect("the server accepts")).collect();
    for client in &mut clients {
        // Two: a TLS port holds a connection's first exchange for ten seconds, because session
        // tickets look like an answer.
        for _ in 0..2 {
            assert_eq!(client.ask(&Request::get("/fast")).expect("an answer").status, 200);
        }
    }

    let stopped = Kubelet::stop_pod(&agent, &server).finish();

    assert_eq!(stopped.verdict.outcome, "drained", "{}", stopped.verdict.body);
    let held = stopped.held();
    assert!(held >= Duration::from_secs(2), "no evidence came sooner: {held:?}");
    let slack = if kind.is_tls() { 14 } else { 6 };
    assert!(held < Duration::from_secs(slack), "held {held:?}: {}", stopped.verdict.body);
    drop(clients);
}
