//! The hook on the wire, byte by byte, against a driver that does what the test says.

mod contract;
mod flood;
mod strangers;

use super::{Decision, Gauge, Hook, bind};
use crate::drain::{Answer, CallerId, Input};
use crate::driver::{Handle, Message};
use crate::listen::Limits;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

const TOKEN: &str = "0123456789abcdef";

/// Longer than any machine is busy, shorter than a person's patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// A served hook port, with the driver's end of its handle.
struct House {
    port: u16,
    inbox: mpsc::UnboundedReceiver<Message>,
    decisions: Arc<Mutex<Vec<Decision>>>,
    ready: Arc<AtomicBool>,
    gauge: Gauge,
}

/// How a test wants its hook.
struct Wish {
    token: Option<&'static str>,
    near: IpAddr,
    limits: Limits,
    decided_panics: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            token: Some(TOKEN),
            near: Ipv4Addr::new(192, 0, 2, 1).into(),
            limits: Limits::default(),
            decided_panics: false,
        }
    }
}

fn house() -> House {
    house_with(Wish::default())
}

fn house_with(wish: Wish) -> House {
    let (handle, inbox) = Handle::new();
    let decisions = Arc::new(Mutex::new(Vec::new()));
    let ready = Arc::new(AtomicBool::new(true));
    let hook = Hook {
        handle,
        token: wish.token.map(str::to_owned),
        near: Arc::new(move |peer| peer == wish.near),
        ready: {
            let ready = ready.clone();
            Arc::new(move || ready.load(Ordering::SeqCst))
        },
        decided: {
            let decisions = decisions.clone();
            Arc::new(move |decision| {
                decisions.lock().unwrap().push(decision);
                assert!(!wish.decided_panics, "on purpose");
            })
        },
    };
    let mut bound = bind(0).unwrap();
    bound.limits = wish.limits;
    let (port, gauge) = (bound.addr().port(), bound.gauge());
    tokio::spawn(bound.serve(hook));
    House { port, inbox, decisions, ready, gauge }
}

impl House {
    async fn connect(&self) -> TcpStream {
        self.connect_to(Ipv4Addr::LOCALHOST.into()).await
    }

    async fn connect_to(&self, ip: IpAddr) -> TcpStream {
        TcpStream::connect(SocketAddr::new(ip, self.port)).await.unwrap()
    }

    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, request: &str) -> String {
        rest(self.send(request).await).await
    }

    async fn message(&mut self) -> Message {
        patiently(self.inbox.recv()).await.expect("the hook is gone")
    }

    async fn call(&mut self) -> (CallerId, Input, oneshot::Sender<Answer>) {
        match self.message().await {
            Message::Call { caller, input, reply } => (caller, input, reply),
            other => panic!("not a call: {other:?}"),
        }
    }

    fn is_silent(&mut self) -> bool {
        self.inbox.try_recv().is_err()
    }

    fn decisions(&self) -> Vec<Decision> {
        self.decisions.lock().unwrap().clone()
    }
}

/// A request with the token; `path` with its slash.
fn trusted(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\nLameduck-Token: {TOKEN}\r\n\r\n")
}

fn stranger(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

/// Everything until the peer closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    patiently(stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Whether nothing can be read at this moment: no byte and no end.
fn is_quiet(stream: &TcpStream) -> bool {
    let mut byte = [0; 1];
    matches!(stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing happened for a long time")
}

/// Waits for a state that no event announces.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = tokio::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn json(response: &str) -> serde_json::Value {
    serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn status(response: &str) -> &str {
    response.lines().next().unwrap()
}
