//! A slow request in flight at the stop completes, and only then comes the answer that lets the
//! kubelet send SIGTERM.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, clock};
use std::sync::Arc;
use std::thread::spawn;
use std::time::Duration;

#[test]
fn nginx_finishes_a_slow_request_before_it_is_stopped() {
    finishes_a_slow_request(Kind::Nginx);
}

#[test]
fn nginx_with_tls_finishes_a_slow_request_before_it_is_stopped() {
    finishes_a_slow_request(Kind::NginxTls);
}

#[test]
fn node_finishes_a_slow_request_before_it_is_stopped() {
    finishes_a_slow_request(Kind::Node);
}

#[test]
fn go_finishes_a_slow_request_before_it_is_stopped() {
    finishes_a_slow_request(Kind::Go);
}

#[test]
fn go_with_tls_finishes_a_slow_request_before_it_is_stopped() {
    finishes_a_slow_request(Kind::GoTls);
}

fn finishes_a_slow_request(kind: Kind) {
    let place = Place::new("slow-request");
    let server = Arc::new(Server::start(kind, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    connection.send(&Request::get("/slow?ms=4000")).expect("the request can be sent");
    let client = spawn(move || (connection.read_reply(), clock::now()));
    // The request is on the server's side of loopback well within this.
    clock::pause(Duration::from_millis(200));

    let stopped = Kubelet::stop_pod(&agent, &server).finish();

    let (reply, completed) = client.join().expect("the client did not panic");
    let reply = reply.expect("the slow request is answered");
    assert_eq!((reply.status, reply.text().as_str()), (200, "slow"));
    assert!(
        completed < stopped.answered,
        "{kind:?}: the hook was answered {:?} before the request was: {}",
        completed - stopped.answered,
        stopped.verdict.body
    );
    assert_eq!(stopped.verdict.outcome, "drained", "{}", stopped.verdict.body);
    let lag = stopped.answered - completed;
    let slack = Duration::from_secs(if kind.is_tls() { 11 } else { 4 });
    assert!(lag < slack, "{kind:?}: held {lag:?} after the last byte: {}", stopped.verdict.body);
}
