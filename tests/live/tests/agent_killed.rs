//! An agent that dies while it holds a hook holds it no longer: the kubelet goes on at once.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, clock};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn the_hooks_connection_breaks_at_once_when_the_agent_is_killed() {
    let place = Place::new("agent-killed");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=60000")).expect("the request can be sent");
    clock::pause(Duration::from_millis(200));

    let stop = Kubelet::stop_pod(&agent, &server);
    clock::pause(Duration::from_millis(1500));
    let killed = clock::now();
    agent.process().signal("KILL");
    let call = stop.hook_call();

    assert!(call.reply.is_err(), "there was nobody to answer: {:?}", call.reply);
    assert!(call.at > killed, "the hook broke before the kill: {:?}", call.reply);
    let after = call.at - killed;
    assert!(after < Duration::from_secs(2), "the kubelet noticed {after:?} after the kill");
}
