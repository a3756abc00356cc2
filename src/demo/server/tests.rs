use super::*;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KEEP_ALIVE: &str = "POST /take/1 HTTP/1.1\r\nhost: demo\r\ncontent-length: 2\r\n\r\nhi";
const SLOW: &str = "GET /take/400 HTTP/1.1\r\nhost: demo\r\n\r\n";

struct Running {
    address: SocketAddr,
    leaving: Leaving,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn start(grace: Duration) -> Running {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let leaving = Leaving::default();
    let (stop, stopped) = oneshot::channel();
    let stopped = async move { drop(stopped.await) };
    let ended = tokio::spawn(serve(listener, leaving.clone(), stopped, grace));
    Running { address, leaving, stop, ended }
}

/// Sends a request and reads until the body has come.
async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    while !text.ends_with("done\n") {
        let mut buffer = [0; 1024];
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "closed after {text:?}");
        text += std::str::from_utf8(&buffer[..length]).unwrap();
    }
    text
}

#[tokio::test]
async fn a_stop_closes_idle_connections_and_finishes_running_requests() {
    let running = start(GRACE).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut idle, KEEP_ALIVE).await.starts_with("HTTP/1.1 200"));
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(SLOW.as_bytes()).await.unwrap();
    let begun = ask(&mut idle, KEEP_ALIVE).await;
    assert!(!begun.contains("connection: close"));

    running.stop.send(()).unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "the idle connection ends in order");
    let answer = ask(&mut busy, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.ended.await.unwrap().unwrap();
    let refused = TcpStream::connect(running.address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn requests_that_outlast_the_grace_are_cut_off() {
    let running = start(Duration::from_millis(50)).await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    let slowest = SLOW.replace("400", "10000");
    busy.write_all(slowest.as_bytes()).await.unwrap();
    running.stop.send(()).unwrap();
    running.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_notified_server_answers_and_then_closes() {
    let running = start(GRACE).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let told = br#"{"phase":"withdrawing","draining":true,"deadline_seconds":20}"#;
    let status = phase(State(running.leaving.clone()), Bytes::from_static(told)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let answer = ask(&mut stream, KEEP_ALIVE).await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);

    let told = br#"{"phase":"serving","draining":false}"#;
    phase(State(running.leaving.clone()), Bytes::from_static(told)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    assert!(!ask(&mut stream, KEEP_ALIVE).await.contains("connection: close"));
    let nonsense = phase(State(running.leaving.clone()), Bytes::from_static(b"hello")).await;
    assert_eq!(nonsense, StatusCode::BAD_REQUEST);
}

#[test]
fn bad_arguments_are_named() {
    let words = |line: &str| ports(line.split_whitespace().map(OsString::from).collect());
    assert_eq!(words("--port 80 --admin-port 81"), Ok((80, Some(81))));
    assert_eq!(words("--port x").unwrap_err(), "\"x\" is not a port");
    assert_eq!(words("").unwrap_err(), "--port is missing");
}
