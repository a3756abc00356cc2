//! A starved agent has seen nothing while it did not run, and concludes nothing from it.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, clock};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

#[test]
fn an_agent_that_stood_still_for_three_seconds_gives_no_early_verdict() {
    let place = Place::new("agent-paused");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=7000")).expect("the request can be sent");
    let client = spawn(move || (connection.read_reply(), clock::now()));
    clock::pause(Duration::from_millis(200));

    let stop = Kubelet::stop_pod(&agent, &server);
    clock::pause(Duration::from_millis(500));
    agent.process().signal("STOP");
    clock::pause(Duration::from_secs(3));
    agent.process().signal("CONT");
    let stopped = stop.finish();

    let (reply, completed) = client.join().expect("the client did not panic");
    assert_eq!(reply.expect("the slow request is answered").status, 200);
    assert!(
        completed < stopped.answered,
        "the hook was answered {:?} too early: {}",
        completed - stopped.answered,
        stopped.verdict.body
    );
    assert_eq!(stopped.verdict.outcome, "drained", "{}", stopped.verdict.body);
}

#[test]
fn a_request_that_came_while_the_agent_stood_still_holds_the_drain() {
    let place = Place::new("agent-paused-late");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "2s"]));

    let stop = Kubelet::stop_pod(&agent, &server);
    clock::pause(Duration::from_millis(500));
    agent.process().signal("STOP");
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=6000")).expect("the request can be sent");
    let client = spawn(move || (connection.read_reply(), clock::now()));
    // By its clock the propagation delay is over the moment it runs again.
    clock::pause(Duration::from_secs(3));
    agent.process().signal("CONT");
    let stopped = stop.finish();

    let (reply, completed) = client.join().expect("the client did not panic");
    assert_eq!(reply.expect("the late request is answered").status, 200);
    assert!(
        completed < stopped.answered,
        "the hook was answered {:?} too early: {}",
        completed - stopped.answered,
        stopped.verdict.body
    );
}
