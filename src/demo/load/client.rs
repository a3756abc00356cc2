//! One client connection, and what can become of a request.

use axum::body::Body;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Why a request failed, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody listens there (any more).
    Refused,
    Reset,
    /// Closed without an answer.
    Eof,
    Timeout,
    /// Answered, and not with 200.
    Status,
}

impl Failure {
    pub(crate) const ALL: [Self; 5] =
        [Self::Refused, Self::Reset, Self::Eof, Self::Timeout, Self::Status];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Eof => "eof",
            Self::Timeout => "timeout",
            Self::Status => "status",
        }
    }
}

/// Why an exchange did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Found closed before a byte of the request was written: every pool dials anew then.
    Unsent,
    Failed(Failure),
}

/// An open connection.
pub(crate) struct Line {
    sender: SendRequest<Body>,
    local: SocketAddr,
}

impl Line {
    pub(crate) async fn dial(address: SocketAddr) -> Result<Self, Failure> {
        let opened = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            Ok::<_, io::Error>((stream, local))
        };
        let (stream, local) = opened.await.map_err(|error| of_io(&error))?;
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| of_hyper(&error))?;
        // Ends with the sender or the connection; its error is reported to the request, too.
        tokio::spawn(connection);
        Ok(Self { sender, local })
    }

    /// The client's own address.
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Has the server closed it? This is the look at the socket just before a request is written.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// One request and its whole answer; POSTs carry 64 bytes. `Ok(true)`: the connection may
    /// be used again.
    pub(crate) async fn exchange(&mut self, method: &str, path: &str) -> Result<bool, Broken> {
        let body = if method == "POST" { Body::from([b'x'; 64].as_slice()) } else { Body::empty() };
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "demo.lameduck.test")
            .body(body)
            .map_err(|_| Broken::Failed(Failure::Status))?;
        if self.sender.ready().await.is_err() {
            return Err(Broken::Unsent);
        }
        let answer = match self.sender.send_request(request).await {
            Ok(answer) => answer,
            Err(error) if error.is_canceled() => return Err(Broken::Unsent),
            Err(error) => return Err(Broken::Failed(of_hyper(&error))),
        };
        let ok = answer.status() == hyper::StatusCode::OK;
        let last = answer.headers().get("connection").is_some_and(|value| value == "close");
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 1 << 20).await;
        match body {
            Err(error) => Err(Broken::Failed(classify(&error))),
            Ok(_) if !ok => Err(Broken::Failed(Failure::Status)),
            Ok(_) => Ok(!last),
        }
    }
}

fn of_hyper(error: &hyper::Error) -> Failure {
    if error.is_incomplete_message() { Failure::Eof } else { classify(error) }
}

/// By the first cause that says something.
fn classify(error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return of_io(error);
        }
        cause = error.source();
    }
    Failure::Eof
}

fn of_io(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused => Failure::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            Failure::Reset
        }
        ErrorKind::TimedOut => Failure::Timeout,
        _ => Failure::Eof,
    }
}
