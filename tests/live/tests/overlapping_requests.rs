//! Slow requests that overlap are no pinned client: each of them is older than what a client in a
//! closed loop has running, and the end of one does not give up the other.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, clock};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

#[test]
fn a_slow_request_that_began_before_another_one_ended_is_waited_for() {
    let place = Place::new("overlapping");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut first = Connection::open(&server.target()).expect("the server accepts");
    let mut second = Connection::open(&server.target()).expect("the server accepts");
    second.ask(&Request::get("/fast")).expect("an answer");
    first.send(&Request::get("/slow?ms=6000")).expect("the request can be sent");
    clock::pause(Duration::from_millis(200));

    let stop = Kubelet::stop_pod(&agent, &server);
    let client = spawn(move || {
        // On its old connection, as a pooled client does; a second before the other one ends.
        clock::pause(Duration::from_millis(4800));
        let reply = second.ask(&Request::get("/slow?ms=5000"));
        (reply, clock::now())
    });
    let stopped = stop.finish();

    let (reply, completed) = client.join().expect("the client did not panic");
    assert_eq!(reply.expect("the second request is answered").status, 200);
    assert!(
        completed < stopped.answered,
        "the hook was answered {:?} before the second request was: {}",
        completed - stopped.answered,
        stopped.verdict.body
    );
}
