//! Busy clients on kept-alive connections never leave by themselves: the drain does not wait for
//! them until the budget is spent, and does not give them up before the lists have changed.

use lameduck_live::{Agent, Kind, Kubelet, Load, Place, Request, Route, Server};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn nginx_with_busy_clients_ends_as_pinned_after_the_propagation_delay() {
    busy_clients_are_pinned(Kind::Nginx);
}

#[test]
fn node_with_busy_clients_ends_as_pinned_after_the_propagation_delay() {
    busy_clients_are_pinned(Kind::Node);
}

#[test]
fn go_with_busy_clients_ends_as_pinned_after_the_propagation_delay() {
    busy_clients_are_pinned(Kind::Go);
}

fn busy_clients_are_pinned(kind: Kind) {
    let propagation = Duration::from_secs(3);
    let place = Place::new("pinned");
    let server = Arc::new(Server::start(kind, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "3s"]));
    let route = Route::to(server.target());
    let load = Load::start(10, &route, &Request::get("/slow?ms=20"), Duration::from_millis(5));
    load.wait_for(100);

    let stopped = Kubelet::stop_pod(&agent, &server).finish();
    let tally = load.end();

    assert!(tally.answered > 500, "the clients were busy: {} answers", tally.answered);
    let verdict = &stopped.verdict;
    assert_eq!(verdict.outcome, "pinned", "{}", verdict.body);
    assert!(verdict.body.contains("127.0.0.1"), "the peers are named: {}", verdict.body);
    let held = stopped.held();
    assert!(held >= propagation, "given up after {held:?}: {}", verdict.body);
    assert!(held < propagation + Duration::from_secs(6), "held {held:?}: {}", verdict.body);
}
