//! An HTTP server that answers each connection as its script says, and records what it was sent.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one connection, in the order of the script; the last one repeats.
#[derive(Clone)]
pub(super) enum Play {
    Answer(String),
    /// Reads the request and says nothing.
    Hang,
    /// Sends this much and keeps the connection open.
    Stall(String),
    /// Sends zeros without end after this head.
    Flood(String),
}

pub(super) struct Server {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(script: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/phase", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let serving = tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let play = script[number.min(script.len() - 1)].clone();
                tokio::spawn(converse(stream, play, Arc::clone(&seen)));
            }
        });
        Self { url, requests, serving }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(super) fn status(line: &str) -> Play {
    Play::Answer(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"))
}

async fn converse(mut stream: TcpStream, play: Play, seen: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut stream).await;
    seen.lock().unwrap().push(request);
    match play {
        Play::Answer(text) => stream.write_all(text.as_bytes()).await.unwrap(),
        Play::Hang => wait_for_close(&mut stream).await,
        Play::Stall(text) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            wait_for_close(&mut stream).await;
        }
        Play::Flood(head) => {
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(&[b'0'; 16 * 1024]).await.is_ok() {}
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|l| l.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return text;
            }
        }
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "request ended early: {text}");
        request.extend_from_slice(&bytes[..read]);
    }
}

async fn wait_for_close(stream: &mut TcpStream) {
    while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
}
