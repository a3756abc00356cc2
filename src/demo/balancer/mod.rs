//! A small L4 balancer that stands in for kube-proxy: it picks one backend per connection,
//! never moves a connection, and learns of a stopped instance late.

use super::delays::LISTS;
use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One way through the balancer. With none at all the race between a closing server and a
/// request on its way, which costs a pinned client its request, would be all but invisible.
pub(crate) const LATENCY: Duration = Duration::from_millis(5);

/// The lists of one Service, each of them a listener with its own view of the backends.
pub(crate) struct Balancer {
    lists: Vec<Arc<List>>,
}

/// One node's view: where its clients connect to, and where they may end up.
pub(crate) struct List {
    address: SocketAddr,
    view: Mutex<View>,
}

struct View {
    backends: Vec<SocketAddr>,
    random: fastrand::Rng,
    /// Clients whose backend refused the connection.
    refused: HashSet<SocketAddr>,
}

impl Balancer {
    pub(crate) async fn open(seed: u64) -> Result<Self, String> {
        let mut lists = Vec::new();
        for number in 0..LISTS as u64 {
            lists.push(List::open(fastrand::Rng::with_seed(seed.wrapping_add(number))).await?);
        }
        Ok(Self { lists })
    }

    /// The list of the node on which the client of this number lives.
    pub(crate) fn list(&self, client: usize) -> Arc<List> {
        self.lists[client % self.lists.len()].clone()
    }

    pub(crate) fn add(&self, backend: SocketAddr) {
        for list in &self.lists {
            list.view().backends.push(backend);
        }
    }

    /// The endpoint is gone from the API; each list notices after its own delay.
    pub(crate) fn remove_after(&self, backend: SocketAddr, delays: [Duration; LISTS]) {
        for (list, delay) in self.lists.iter().cloned().zip(delays) {
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                list.view().backends.retain(|known| *known != backend);
            });
        }
    }
}

impl List {
    async fn open(random: fastrand::Rng) -> Result<Arc<Self>, String> {
        let failed = |error| format!("cannot listen on 127.0.0.1 for the balancer: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let view = View { backends: Vec::new(), random, refused: HashSet::new() };
        let list = Arc::new(Self { address, view: Mutex::new(view) });
        tokio::spawn(accept(list.clone(), listener));
        Ok(list)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Was it the backend that refused this client's connection? The balancer has then already
    /// accepted it and can only reset it, where kube-proxy passes the refusal through.
    pub(crate) fn refused(&self, client: SocketAddr) -> bool {
        self.view().refused.remove(&client)
    }

    fn choose(&self) -> Option<SocketAddr> {
        let view = &mut *self.view();
        view.random.choice(&view.backends).copied()
    }

    fn view(&self) -> std::sync::MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(list: Arc<List>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((client, peer)) => drop(tokio::spawn(carry(list.clone(), client, peer))),
            // Out of file descriptors, mostly: the next moment may be better.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn carry(list: Arc<List>, mut client: TcpStream, peer: SocketAddr) {
    let backend = list.choose();
    tokio::time::sleep(LATENCY).await;
    let connected = match backend {
        Some(backend) => TcpStream::connect(backend).await,
        None => Err(std::io::ErrorKind::ConnectionRefused.into()),
    };
    let mut server = match connected {
        Ok(server) => server,
        Err(error) => {
            if error.kind() == std::io::ErrorKind::ConnectionRefused {
                list.view().refused.insert(peer);
            }
            client.set_zero_linger().ok();
            return;
        }
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let both = async {
        tokio::try_join!(pump(from_client, to_server), pump(from_server, to_client)).is_ok()
    };
    if !both.await {
        // A reset on one side must not look like an orderly end on the other.
        client.set_zero_linger().ok();
        server.set_zero_linger().ok();
    }
}

/// Copies one direction with its latency until the end of the stream (`Ok`) or a reset.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let read = from.read(&mut buffer).await;
        tokio::time::sleep(LATENCY).await;
        match read? {
            0 => return to.shutdown().await,
            length => to.write_all(&buffer[..length]).await?,
        }
    }
}

#[cfg(test)]
mod tests;
