//! Ten thousand idle connections hide neither the one that is busy nor the end of its request.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, clock};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

const CROWD: usize = 10_000;

#[test]
fn one_slow_request_among_ten_thousand_connections_is_waited_for() {
    let place = Place::new("crowd");
    // Node keeps each connection in one descriptor; nginx would open a second one behind it.
    let server = Arc::new(Server::start(Kind::Node, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "2s"]));
    let target = server.target();
    let clients: Vec<Connection> = (0..CROWD)
        .map(|_| {
            let mut client = Connection::open(&target)
                .expect("a connection; is the limit of open files at least 12,000?");
            assert_eq!(client.ask(&Request::get("/fast")).expect("an answer").status, 200);
            client
        })
        .collect();
    let mut connection = Connection::open(&target).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=6000")).expect("the request can be sent");
    let slow = spawn(move || (connection.read_reply(), clock::now()));
    clock::pause(Duration::from_millis(200));

    let stopped = Kubelet::stop_pod(&agent, &server).finish();

    let (reply, completed) = slow.join().expect("the client did not panic");
    assert_eq!(reply.expect("the slow request is answered").status, 200);
    assert!(completed < stopped.answered, "answered too early: {}", stopped.verdict.body);
    let after = stopped.answered - completed;
    assert!(after < Duration::from_secs(8), "held {after:?} after it: {}", stopped.verdict.body);
    assert_eq!(stopped.verdict.outcome, "drained", "{}", stopped.verdict.body);
    drop(clients);
}
