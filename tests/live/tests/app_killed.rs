//! An application that dies while it is drained leaves nothing to protect.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, clock};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn the_hook_is_answered_promptly_when_the_app_is_killed() {
    let place = Place::new("app-killed");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=60000")).expect("the request can be sent");
    clock::pause(Duration::from_millis(200));

    let stop = Kubelet::stop_pod(&agent, &server);
    clock::pause(Duration::from_secs(2));
    let killed = clock::now();
    server.process().signal("KILL");
    let stopped = stop.finish();

    assert_eq!(stopped.verdict.outcome, "app-gone", "{}", stopped.verdict.body);
    assert!(stopped.answered > killed, "the request held until then");
    let after = stopped.answered - killed;
    assert!(after < Duration::from_secs(3), "answered {after:?} after the kill");
}
