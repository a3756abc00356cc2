//! Raw HTTP as the kubelet and a scraper speak it: one request, one connection.

use super::{PATIENCE, now};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A request under way.
pub(crate) struct Call {
    stream: TcpStream,
    began: Instant,
}

/// Everything that came until the end of the connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// In lower case, without the status line.
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
    /// From the request to the end of the connection.
    pub(crate) after: Duration,
    pub(crate) at: Instant,
}

impl Call {
    /// `headers`: whole lines without their ends.
    pub(crate) fn get(to: SocketAddr, path: &str, headers: &[String]) -> Self {
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: {to}\r\n");
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(to).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        Self { stream, began: now() }
    }

    /// Whether nothing has come yet, not even the end of the connection.
    pub(crate) fn waits(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    pub(crate) fn reply(mut self) -> Reply {
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut text = String::new();
        self.stream.read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
        let mut lines = head.lines().map(str::to_lowercase);
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let at = now();
        Reply { status, head: lines.collect(), body: body.to_owned(), after: at - self.began, at }
    }

    /// The summary of the drain that held this call.
    pub(crate) fn ended(self) -> Value {
        let body = self.reply().json();
        assert_eq!(body["answer"], "ended", "{body}");
        body
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Where an address on this machine is reached: the agent listens on every one.
pub(crate) fn at(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)
}
