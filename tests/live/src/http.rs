//! An HTTP/1.1 client that hides nothing: one connection, no retry, no redial.
//!
//! A client library would repeat a request on a connection that broke, and so hide exactly the
//! loss that the scenarios look for.

use crate::tls;
use rustls::ClientConfig;
use std::io::{Error, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Where a connection is made to.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub tls: Option<Arc<ClientConfig>>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    /// Whole lines, each with its line end.
    pub headers: String,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// The server asked for this connection to be closed.
    pub close: bool,
}

pub struct Connection {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

struct Head {
    status: u16,
    length: Option<usize>,
    close: bool,
}

impl Target {
    pub fn clear(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl Request {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), headers: String::new(), body: Vec::new() }
    }

    pub fn post(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST", path: path.into(), headers: String::new(), body: body.into() }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// The head, with the length of `body` announced.
    pub fn head(&self, body: usize) -> Vec<u8> {
        let Self { method, path, headers, .. } = self;
        let length =
            if *method == "GET" { String::new() } else { format!("Content-Length: {body}\r\n") };
        format!("{method} {path} HTTP/1.1\r\nHost: app\r\n{headers}{length}\r\n").into_bytes()
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Connection {
    pub fn open(target: &Target) -> Result<Self, Error> {
        // Long enough for the longest request of any scenario, so that a loss is never a hang.
        let patience = Some(Duration::from_secs(60));
        let tcp = TcpStream::connect_timeout(&target.address, Duration::from_secs(10))?;
        tcp.set_read_timeout(patience)?;
        tcp.set_write_timeout(patience)?;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &target.tls {
            Some(config) => Box::new(tls::connect(tcp, config)?),
            None => Box::new(tcp),
        };
        Ok(Self { stream, received: Vec::new() })
    }

    /// One request and its whole answer.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, Error> {
        self.send(request)?;
        self.read_reply()
    }

    pub fn send(&mut self, request: &Request) -> Result<(), Error> {
        let mut bytes = request.head(request.body.len());
        bytes.extend_from_slice(&request.body);
        self.write(&bytes)
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    pub fn read_reply(&mut self) -> Result<Reply, Error> {
        self.read_reply_slowly(usize::MAX, Duration::ZERO)
    }

    /// Reads the body in bites of at least `bite` bytes with a pause after each.
    pub fn read_reply_slowly(&mut self, bite: usize, pause: Duration) -> Result<Reply, Error> {
        let head = self.read_head()?;
        let mut body = std::mem::take(&mut self.received);
        // A read of a TLS stream gives one record of 16 KiB, however much was asked for.
        let mut buffer = [0; 16 * 1024];
        let mut next_pause = bite;
        while head.length.is_none_or(|length| body.len() < length) {
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            body.extend_from_slice(&buffer[..read]);
            if body.len() >= next_pause {
                next_pause = body.len() + bite;
                crate::clock::pause(pause);
            }
        }
        match head.length {
            Some(length) if body.len() < length => {
                Err(Error::other(format!("the body ended after {} of {length} bytes", body.len())))
            }
            _ => Ok(Reply { status: head.status, body, close: head.close }),
        }
    }

    fn read_head(&mut self) -> Result<Head, Error> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                let head = parse_head(&self.received[..end])?;
                self.received.drain(..end + 4);
                return Ok(head);
            }
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err(Error::other("the connection was closed instead of an answer"));
            }
            self.received.extend_from_slice(&buffer[..read]);
        }
    }
}

fn parse_head(bytes: &[u8]) -> Result<Head, Error> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| Error::other(format!("no status line in {text:?}")))?;
    let mut head = Head { status, length: None, close: false };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match (name, value.trim()) {
            ("content-length", value) => head.length = value.parse().ok(),
            ("connection", "close") => head.close = true,
            ("transfer-encoding", _) => {
                return Err(Error::other("chunked answers are not expected here"));
            }
            _ => {}
        }
    }
    Ok(head)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_status_length_and_whether_to_close() {
        let head =
            parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close").unwrap();
        assert_eq!((head.status, head.length, head.close), (200, Some(5), true));
    }

    #[test]
    fn a_head_without_a_status_is_an_error() {
        assert!(parse_head(b"garbage").is_err());
    }
}
