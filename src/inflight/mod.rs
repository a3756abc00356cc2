//! Counts work in flight, and never decides whether zero is enough.
//!
//! Reads the sockets of the network namespace, judges every connection of the ports in question
//! and adds them up in the words of the core. It may not know phases, hooks or registries, and
//! an answer that it could not read completely is an error, never a zero.

pub mod classify;
mod connections;
mod kernel;
mod open;
mod peers;
mod ports;
mod proc_net;
pub mod replay;
mod snmp;
mod sock_diag;
mod table;
mod tally;

pub use open::open;

use crate::drain::{Census, ListenerSeen};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The inodes of the sockets that a process tree holds; `None` where they cannot be read.
pub type OwnedInodes = Box<dyn Fn() -> Option<Vec<u64>> + Send>;

/// Why the sockets could not be read. Every error means UNKNOWN, never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

/// The sockets of this network namespace, looked at again and again.
pub trait SocketTable {
    /// A look while nothing drains, so that the classifier knows the connections before a stop.
    /// Returns how long the kernel took.
    fn look(&mut self, now: Instant) -> Result<Duration, Unreadable>;
    /// A drain begins: chooses the ports from what listens, marks every connection as old and
    /// opens the stream of destroy events.
    fn begin_watch(&mut self, now: Instant) -> Result<(), Unreadable>;
    /// No drain runs any more.
    fn end_watch(&mut self);
    /// One complete census of the serving and helper ports. `prober`: the address of the
    /// agent's own probes, whose new connections are counted apart.
    fn census(&mut self, now: Instant, prober: Option<IpAddr>) -> Result<Census, Unreadable>;
    /// Between two censuses: takes in what the kernel keeps only for a while. Cheap; to be called
    /// some dozen times a second while a drain runs.
    fn keep_up(&mut self, _prober: Option<IpAddr>) {}
    /// The LISTEN sockets in question, and nothing else.
    fn listeners(&mut self, now: Instant) -> Result<Vec<ListenerSeen>, Unreadable>;
    /// Connections accepted so far in the whole namespace (`PassiveOpens`), where readable.
    fn accepted(&mut self) -> Option<u64>;
    /// One sentence for status and log: what is read, and what the self-test said.
    fn describe(&self) -> String;
}

/// How long the kernel takes is measured where it is asked.
#[expect(clippy::disallowed_methods, reason = "measures dumps; no rule of a drain depends on it")]
fn clock() -> Instant {
    Instant::now()
}
