//! The fallback: `/proc/net/tcp` and `tcp6`. They show connections and queues, but neither
//! byte counters nor ages, so a handler that computes looks like an idle connection: everything
//! is counted and nothing is judged.

mod line;

pub(in crate::inflight) use line::{Line, parse};

use super::classify::{SocketRow, TcpState};
use super::connections::{Connections, Seen};
use super::ports::{Listening, PortRules};
use super::snmp::{Snmp, Unseen};
use super::{OwnedInodes, SocketTable, Unreadable, clock};
use crate::drain::{Census, ListenerSeen, Trust};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Counts connections where the kernel's socket diagnostics cannot be used.
pub(in crate::inflight) struct ProcSockets {
    /// Why they are only counted.
    why: String,
    snmp: Snmp,
    rules: PortRules,
    quiet_h2: Duration,
    owned: Option<OwnedInodes>,
    connections: Connections,
    unseen: Unseen,
    watching: bool,
    looked: bool,
    /// A connection has no number here; its addresses are one for as long as it lives.
    hasher: RandomState,
}

impl ProcSockets {
    pub(in crate::inflight) fn new(
        why: String,
        rules: PortRules,
        quiet_h2: Duration,
        owned: Option<OwnedInodes>,
    ) -> Self {
        Self {
            why,
            snmp: Snmp::new(),
            rules,
            quiet_h2,
            owned,
            connections: Connections::new(clock()),
            unseen: Unseen::default(),
            watching: false,
            looked: false,
            hasher: RandomState::new(),
        }
    }

    fn choose_ports(&mut self) -> Result<(), Unreadable> {
        let owned = self.owned_inodes()?;
        let mut listening = Vec::new();
        read_lines(|line| {
            if line.state == TcpState::Listen {
                let Line { local, inode, .. } = *line;
                listening.push(Listening { address: local.ip(), port: local.port(), inode });
            }
        })?;
        let chosen = self.rules.choose(&listening, owned.as_deref());
        self.connections.watch(chosen, self.quiet_h2);
        Ok(())
    }

    fn owned_inodes(&self) -> Result<Option<Vec<u64>>, Unreadable> {
        let Some(owned) = &self.owned else { return Ok(None) };
        let unknown =
            || Unreadable("reading the sockets of the child's processes: no answer".to_owned());
        owned().map(Some).ok_or_else(unknown)
    }

    fn take(
        &mut self,
        now: Instant,
        prober: Option<IpAddr>,
        counts_arrivals: bool,
    ) -> Result<(super::connections::Look, Vec<ListenerSeen>), Unreadable> {
        let owned = self.owned_inodes()?;
        let Self { connections, hasher, .. } = self;
        let mut look = connections.begin(now, prober, counts_arrivals);
        let mut listeners = Vec::new();
        read_lines(|line| match line.state {
            TcpState::Listen => {
                if let Some(seen) = listener(connections, line, owned.as_deref()) {
                    connections.see_backlog(&mut look, seen.port, line.rqueue);
                    listeners.push(seen);
                }
            }
            TcpState::TimeWait | TcpState::SynSent | TcpState::Close => {}
            state => {
                let (local, peer) = (line.local, line.remote);
                let id = hasher.hash_one((local, peer));
                let row = SocketRow { state, rqueue: line.rqueue, wqueue: line.wqueue, info: None };
                let seen = Seen { id, port: local.port(), local: local.ip(), peer: peer.ip(), row };
                connections.see(&mut look, &seen);
            }
        })?;
        Ok((look, listeners))
    }

    fn look_quietly(&mut self, now: Instant, counts_arrivals: bool) -> Result<(), Unreadable> {
        self.choose_ports()?;
        let (look, _) = self.take(now, None, counts_arrivals)?;
        self.connections.finish_quietly(&look);
        self.looked = true;
        Ok(())
    }
}

impl SocketTable for ProcSockets {
    fn look(&mut self, now: Instant) -> Result<Duration, Unreadable> {
        let started = clock();
        self.look_quietly(now, self.owned.is_some() && self.looked)?;
        Ok(clock().saturating_duration_since(started))
    }

    fn begin_watch(&mut self, now: Instant) -> Result<(), Unreadable> {
        self.look_quietly(now, false)?;
        self.connections.mark_old();
        self.unseen = Unseen::default();
        self.watching = true;
        Ok(())
    }

    fn end_watch(&mut self) {
        self.watching = false;
    }

    fn census(&mut self, now: Instant, prober: Option<IpAddr>) -> Result<Census, Unreadable> {
        if !self.watching {
            self.begin_watch(now)?;
        }
        let started = clock();
        let arrived = self.connections.arrived();
        let accepted = self.snmp.read().map(|segments| segments.accepted);
        let (look, listeners) = self.take(now, prober, true)?;
        let took = clock().saturating_duration_since(started);
        let ports = self.connections.finish(look);
        let trust = Trust::CountedOnly(self.why.clone());
        let events_lost = self.unseen.any(accepted, self.connections.arrived() - arrived);
        Ok(Census { began: now, took, trust, ports, listeners, events_lost })
    }

    fn listeners(&mut self, _now: Instant) -> Result<Vec<ListenerSeen>, Unreadable> {
        if !self.watching {
            self.choose_ports()?;
        }
        let owned = self.owned_inodes()?;
        let mut listeners = Vec::new();
        read_lines(|line| {
            if line.state == TcpState::Listen {
                listeners.extend(listener(&self.connections, line, owned.as_deref()));
            }
        })?;
        Ok(listeners)
    }

    fn accepted(&mut self) -> Option<u64> {
        if self.owned.is_none() {
            return self.snmp.read().map(|segments| segments.accepted);
        }
        if !self.watching {
            self.look_quietly(clock(), self.looked).ok()?;
        }
        Some(self.connections.arrived())
    }

    fn describe(&self) -> String {
        format!("/proc/net/tcp: connections are counted and not judged ({})", self.why)
    }
}

/// The listener's inode stands for its cookie: both are another one on another socket.
fn listener(connections: &Connections, line: &Line, owned: Option<&[u64]>) -> Option<ListenerSeen> {
    let port = line.local.port();
    let chosen = connections.port(port)?;
    let ours = owned.is_none_or(|inodes| inodes.contains(&line.inode));
    ours.then_some(ListenerSeen { port, cookie: line.inode, role: chosen.role })
}

fn read_lines(mut each: impl FnMut(&Line)) -> Result<(), Unreadable> {
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let failed = |error: &dyn std::fmt::Display| Unreadable(format!("reading {path}: {error}"));
        let file = match File::open(path) {
            Ok(file) => file,
            // A kernel without IPv6 has no tcp6.
            Err(error) if error.kind() == ErrorKind::NotFound && path.ends_with('6') => continue,
            Err(error) => return Err(failed(&error)),
        };
        let mut reader = BufReader::new(file);
        let mut text = String::new();
        let mut header = true;
        while reader.read_line(&mut text).map_err(|error| failed(&error))? > 0 {
            if !header {
                each(
                    &parse(&text)
                        .ok_or_else(|| failed(&format!("unknown line \"{}\"", text.trim())))?,
                );
            }
            header = false;
            text.clear();
        }
    }
    Ok(())
}
