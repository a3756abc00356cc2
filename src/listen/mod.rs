//! TCP listeners that strangers can reach: both families, a bounded number of connections, one
//! HTTP/1 exchange each. Knows nothing of drains, hooks or metrics; `hook` and `admin` build on it.

mod exchange;
mod places;
#[cfg(test)]
mod tests;

pub use exchange::{Closing, Limits, Peer, Request, Response, answered, exchange};
pub use places::{Place, Places, Standing};

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Deep enough for what arrives while the process is stopped for some seconds: a SYN that finds
/// the queue full is dropped, and the kubelet's next try comes a second later.
const BACKLOG: u32 = 1024;

/// Descriptors run out for a moment, not for ever; a loop without a pause would take the core.
const AFTER_A_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// A bound port, not yet served.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    addr: SocketAddr,
    accepted: Arc<AtomicU64>,
}

/// Binds `[::]:port` for both families, or `0.0.0.0:port` where the node has no IPv6.
///
/// Port 0 takes any. Must be called inside a runtime. The error is the operating system's; it is
/// worth a message that names the port.
pub fn bind(port: u16) -> io::Result<Listener> {
    let sockets = match open(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        Ok(six) => {
            let port = six.local_addr()?.port();
            // Where `net.ipv6.bindv6only` is 1 the first socket takes no IPv4; elsewhere this
            // address is in use, by the first socket.
            let four = open(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).ok();
            std::iter::once(six).chain(four).collect()
        }
        Err(error) if is_final(&error) => return Err(error),
        Err(_) => vec![open(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?],
    };
    let addr = sockets.first().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr()?;
    Ok(Listener { sockets, addr, accepted: Arc::default() })
}

impl Listener {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections accepted so far, readable while the listener is served.
    pub fn accepted(&self) -> Arc<AtomicU64> {
        self.accepted.clone()
    }

    /// The next connection and its peer; an IPv4 peer is reported as such. Never fails.
    pub async fn accept(&self) -> (TcpStream, IpAddr) {
        loop {
            match self.accept_once().await {
                Ok((stream, peer)) => {
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    return (stream, peer.ip().to_canonical());
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(_) => tokio::time::sleep(AFTER_A_FAILED_ACCEPT).await,
            }
        }
    }

    async fn accept_once(&self) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|cx| {
            self.sockets
                .iter()
                .map(|socket| socket.poll_accept(cx))
                .find(Poll::is_ready)
                .unwrap_or(Poll::Pending)
        })
        .await
    }
}

fn open(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    // A restarted agent must not wait for its predecessor's TIME_WAIT sockets.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Errors that the other family would not cure.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
