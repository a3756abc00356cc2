//! A body that is still on its way, in either direction, is work in flight.

use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Reply, Request, Server, clock};
use std::sync::Arc;
use std::thread::spawn;
use std::time::{Duration, Instant};

const PIECE: usize = 64 * 1024;
const PIECES: usize = 30;
const DOWNLOAD_KIB: usize = 48 * 1024;
/// What the sockets' buffers hold of a download that the client has not read: the server has
/// handed these bytes over, and its end loses none of them.
const BUFFERED: Duration = Duration::from_secs(2);

#[test]
fn nginx_receives_a_slow_upload_whole() {
    a_slow_upload_completes(Kind::Nginx);
}

#[test]
fn node_receives_a_slow_upload_whole() {
    a_slow_upload_completes(Kind::Node);
}

#[test]
fn go_receives_a_slow_upload_whole() {
    a_slow_upload_completes(Kind::Go);
}

#[test]
fn go_with_tls_receives_a_slow_upload_whole() {
    a_slow_upload_completes(Kind::GoTls);
}

#[test]
fn nginx_sends_a_slow_download_whole() {
    a_slow_download_completes(Kind::Nginx);
}

#[test]
fn nginx_with_tls_sends_a_slow_download_whole() {
    a_slow_download_completes(Kind::NginxTls);
}

#[test]
fn node_sends_a_slow_download_whole() {
    a_slow_download_completes(Kind::Node);
}

#[test]
fn go_sends_a_slow_download_whole() {
    a_slow_download_completes(Kind::Go);
}

fn a_slow_upload_completes(kind: Kind) {
    let (reply, completed, answered) = transfer(kind, |connection| {
        let request = Request::post("/upload", Vec::new());
        connection.write(&request.head(PIECE * PIECES))?;
        for _ in 0..PIECES {
            connection.write(&[b'x'; PIECE])?;
            clock::pause(Duration::from_millis(200));
        }
        connection.read_reply()
    });
    assert_eq!(reply.text(), (PIECE * PIECES).to_string(), "the bytes that the server has read");
    assert!(completed < answered, "the hook was answered {:?} too early", completed - answered);
}

fn a_slow_download_completes(kind: Kind) {
    let (reply, completed, answered) = transfer(kind, |connection| {
        connection.send(&Request::get(format!("/download?kib={DOWNLOAD_KIB}")))?;
        connection.read_reply_slowly(256 * 1024, Duration::from_millis(25))
    });
    assert_eq!(reply.body.len(), DOWNLOAD_KIB * 1024);
    let early = completed.saturating_duration_since(answered);
    assert!(early < BUFFERED, "the hook was answered {early:?} before the last byte was read");
}

/// Runs `exchange` on one connection and stops the pod half a second into it.
fn transfer(
    kind: Kind,
    exchange: impl FnOnce(&mut Connection) -> std::io::Result<Reply> + Send + 'static,
) -> (Reply, Instant, Instant) {
    let place = Place::new("transfer");
    let server = Arc::new(Server::start(kind, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    let client = spawn(move || (exchange(&mut connection), clock::now()));
    clock::pause(Duration::from_millis(500));

    let stopped = Kubelet::stop_pod(&agent, &server).finish();

    let (reply, completed) = client.join().expect("the client did not panic");
    let reply = reply.unwrap_or_else(|error| {
        panic!("the transfer of {kind:?} broke ({error}): {}", stopped.verdict.body)
    });
    assert_eq!(reply.status, 200);
    assert_eq!(stopped.verdict.outcome, "drained", "{}", stopped.verdict.body);
    (reply, completed, stopped.answered)
}
