//! One HTTP/1 request and its answer on one connection, which is then closed with care.

use hyper::header::{CONNECTION, HeaderValue};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

pub type Request = hyper::Request<hyper::body::Incoming>;
pub type Response = hyper::Response<String>;

/// hyper's smallest is 8 KiB; a hook's request head is under 1 KiB.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// Read and thrown away after the answer, so that closing does not turn into a reset.
const MOST_REMAINDER: usize = 256 * 1024;

/// How long a peer may take over the parts of an exchange that are its own.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the connection to the end of the request's head.
    pub head: Duration,
    /// From the written answer to the peer's closing.
    pub closing: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), closing: Duration::from_secs(2) }
    }
}

/// How the peer left after its answer was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Closing {
    /// It closed in turn, which a client does when it has read a `Connection: close` answer.
    Orderly,
    /// It reset the connection, stayed silent, or there was no request to answer.
    Other,
}

/// The peer of a connection, as seen while its answer is awaited.
#[derive(Clone, Debug)]
pub struct Peer(Arc<OwnedReadHalf>);

impl Peer {
    /// Ends when the peer has closed its side or is gone.
    ///
    /// Half-closing is legal in HTTP/1, so only callers whose answer matters little may be
    /// dropped for it. A peer that sent more than its request is not noticed.
    pub async fn left(&self) {
        let mut next = [0; 1];
        if let Ok(1..) = self.stream().peek(&mut next).await {
            std::future::pending::<()>().await;
        }
    }

    fn stream(&self) -> &TcpStream {
        (*self.0).as_ref()
    }

    /// Reads until the peer closes. Closing a socket with unread bytes in it sends a reset, which
    /// may overtake the answer and destroy it.
    async fn drained(&self) -> Closing {
        let mut scrap = [0; 1024];
        let mut left = MOST_REMAINDER;
        while left > 0 && self.stream().readable().await.is_ok() {
            match self.stream().try_read(&mut scrap) {
                Ok(0) => return Closing::Orderly,
                Ok(read) => left = left.saturating_sub(read),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        Closing::Other
    }
}

/// Serves one request and closes. `answer` may take as long as it likes.
///
/// `written` is called once the answer has been handed to the kernel, before the peer's closing
/// is awaited. A peer that closes its side keeps its answer coming.
pub async fn exchange<F>(
    stream: TcpStream,
    limits: Limits,
    answer: impl Fn(Request, Peer) -> F,
    written: impl FnOnce(),
) -> Closing
where
    F: Future<Output = Response>,
{
    // One small write: nothing is gained by waiting for more.
    stream.set_nodelay(true).ok();
    // hyper takes its buffers when it starts; a scanner that says nothing costs none. Peeked at,
    // because a fresh socket counts as readable until a read has failed.
    let spoke = tokio::time::timeout(limits.head, stream.peek(&mut [0; 1])).await;
    if !matches!(spoke, Ok(Ok(1..))) {
        return Closing::Other;
    }
    let (read, write) = stream.into_split();
    let peer = Peer(Arc::new(read));
    let io = Socket { read: peer.clone(), write };
    let service = service_fn(|request| {
        let answer = answer(request, peer.clone());
        async move { Ok::<_, Infallible>(closing(answer.await)) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .half_close(true)
        .keep_alive(false)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .auto_date_header(false)
        .serve_connection(io, service)
        .await;
    written();
    let closing = tokio::time::timeout(limits.closing, peer.drained()).await;
    if served.is_ok() { closing.unwrap_or(Closing::Other) } else { Closing::Other }
}

/// An answer with a JSON or text body; `exchange` adds what every answer has.
pub fn answered(status: hyper::StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The connection as hyper wants it. The read half is shared, so that the peer can be watched
/// while hyper waits for the answer and the remainder can be read when hyper is done.
struct Socket {
    read: Peer,
    write: OwnedWriteHalf,
}

impl Read for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; 2048];
        let wanted = buffer.remaining().min(chunk.len());
        loop {
            ready!(self.read.stream().poll_read_ready(cx))?;
            match self.read.stream().try_read(&mut chunk[..wanted]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(read) => {
                    buffer.put_slice(&chunk[..read]);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(cx)
    }
}
