//! The door for the kubelet: its preStop hooks come in as facts, the core's answer goes out when
//! there is one, and its readiness probes are told what the pod wants to be told.
//!
//! Everything that reaches the pod's address reaches this listener too, so a caller is believed
//! only for its token. The room decides nothing about a drain and may not know what readiness,
//! sockets or metrics are: it gets them as closures.

mod body;
mod caller;
mod decision;
mod routes;
#[cfg(test)]
mod tests;

pub use decision::Decision;

use crate::driver::Handle;
use crate::listen::{Closing, Limits, Listener, Places, Standing, exchange};
use caller::Gate;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;

/// Far above what a pod's kubelet needs (a few hooks and one probe) and far below what hurts: a
/// silent connection costs about 3 KiB, one that waits about 13 KiB (measured).
const MOST_CONNECTIONS: usize = 128;

/// What the hook needs from the rest of the program.
#[derive(Clone)]
pub struct Hook {
    pub handle: Handle,
    /// The secret in the `Lameduck-Token` header; `None`: nobody is believed.
    pub token: Option<String>,
    /// Whether an address is the one that the agent's own probes come from.
    pub near: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// What the readiness probe is told.
    pub ready: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Told exactly once for every request.
    pub decided: Arc<dyn Fn(Decision) + Send + Sync>,
}

/// The bound hook port.
#[derive(Debug)]
pub struct Bound {
    listener: Listener,
    places: Places,
    limits: Limits,
}

/// Numbers of a served hook port; cheap to clone.
#[derive(Clone, Debug)]
pub struct Gauge {
    accepted: Arc<AtomicU64>,
    places: Places,
}

/// Binds the hook port on every address of both families; port 0 takes any.
///
/// Must be called inside a runtime. The error is the operating system's.
pub fn bind(port: u16) -> io::Result<Bound> {
    Ok(Bound {
        listener: crate::listen::bind(port)?,
        places: Places::new(MOST_CONNECTIONS),
        limits: Limits::default(),
    })
}

impl Bound {
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    pub fn gauge(&self) -> Gauge {
        Gauge { accepted: self.listener.accepted(), places: self.places.clone() }
    }

    /// Serves until the future is dropped; connections under way outlive it.
    pub async fn serve(self, hook: Hook) {
        let hook = Arc::new(hook);
        loop {
            let (stream, peer) = self.listener.accept().await;
            let near = (hook.near)(peer);
            let standing = if near { Standing::NearSilent } else { Standing::Silent };
            let (hook, limits) = (hook.clone(), self.limits);
            self.places.seat(standing, move |place| {
                let gate = Gate { hook, peer, near, place, probe: OnceLock::new() };
                serve_one(stream, Arc::new(gate), limits)
            });
        }
    }
}

impl Gauge {
    /// Connections accepted so far; they are part of the namespace's `PassiveOpens`.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Callers whose answer is not written yet. The process should not leave before this is 0.
    pub fn unanswered(&self) -> usize {
        self.places.waiting()
    }
}

async fn serve_one(stream: TcpStream, gate: Arc<Gate>, limits: Limits) {
    let at_the_gate = gate.clone();
    let closing = exchange(
        stream,
        limits,
        move |request, peer| routes::answer(at_the_gate.clone(), request, peer),
        || gate.place.stands(Standing::Answered),
    )
    .await;
    // A kubelet that timed out has reset the connection: it saw no answer, so the drain must not
    // count from it.
    if let (Closing::Orderly, Some(&ready)) = (closing, gate.probe.get()) {
        gate.hook.handle.probed(ready, gate.peer);
    }
}

// Not derived: the token must not be printed.
impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").field("token", &self.token.is_some()).finish_non_exhaustive()
    }
}
