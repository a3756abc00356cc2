//! [`SocketTable`] over the kernel's socket diagnostics.

#[cfg(test)]
mod tests;

use super::classify::TcpState;
use super::connections::{Connections, Look, Seen};
use super::ports::{Listening, PortRules};
use super::snmp::{Segments, Snmp, Unseen};
use super::sock_diag::{Diag, DiagRow, Events, Query};
use super::{OwnedInodes, SocketTable, Unreadable, clock};
use crate::config::PortsSetting;
use crate::drain::{Census, ListenerSeen, PortCensus, Trust};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Judges every connection. Rows are streamed: what stays in memory is one small entry for each.
pub(super) struct KernelSockets {
    diag: Diag,
    events: Option<Events>,
    /// Why there is no stream of destroy events.
    no_events: Option<Unreadable>,
    snmp: Snmp,
    rules: PortRules,
    quiet_h2: Duration,
    owned: Option<OwnedInodes>,
    connections: Connections,
    watch: Watch,
    /// A look was taken since the ports were chosen first.
    looked: bool,
    events_lost: bool,
    unseen: Unseen,
    remembered: Option<Remembered>,
    tested: String,
}

/// Socket diagnostics that passed the self-test.
#[derive(Debug)]
pub(super) struct Tested {
    diag: Diag,
    outcome: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Off,
    /// Asked for, but the first look failed; the next census tries again.
    Wanted,
    On,
}

/// A census at which everything was idle. As long as the namespace moves no segment, another
/// dump would say the same.
struct Remembered {
    segments: Segments,
    census: Census,
    until: Instant,
}

/// An answer from memory is trusted for as long as polling at 1 % of a core would pause, but at
/// least for this long.
const MEMORY: Duration = Duration::from_secs(1);

impl KernelSockets {
    /// Opens socket diagnostics and proves on this namespace's own sockets that they answer as
    /// they must. An error says why they cannot be used.
    pub(super) fn test() -> Result<Tested, Unreadable> {
        let mut diag = Diag::open()?;
        let outcome = self_test(&mut diag)?;
        Ok(Tested { diag, outcome })
    }

    pub(super) fn new(
        tested: Tested,
        rules: PortRules,
        quiet_h2: Duration,
        owned: Option<OwnedInodes>,
    ) -> Self {
        Self {
            diag: tested.diag,
            events: None,
            no_events: None,
            snmp: Snmp::new(),
            rules,
            quiet_h2,
            owned,
            connections: Connections::new(clock()),
            watch: Watch::Off,
            looked: false,
            events_lost: false,
            unseen: Unseen::default(),
            remembered: None,
            tested: tested.outcome,
        }
    }

    fn open_events(&mut self) {
        if self.events.is_none() {
            match Events::open() {
                Ok(events) => (self.events, self.no_events) = (Some(events), None),
                Err(why) => self.no_events = Some(why),
            }
            self.connections.expects_events = self.events.is_some();
        }
    }

    /// Chooses the ports from what listens; returns the inodes that are the application's.
    fn choose_ports(&mut self) -> Result<Option<Vec<u64>>, Unreadable> {
        let owned = self.owned_inodes()?;
        let mut listening = Vec::new();
        if self.rules.setting == PortsSetting::Auto {
            self.diag.dump(Query::listeners(), |row| {
                listening.push(Listening {
                    address: row.local,
                    port: row.port,
                    inode: row.inode.into(),
                });
            })?;
        }
        let chosen = self.rules.choose(&listening, owned.as_deref());
        self.connections.watch(chosen, self.quiet_h2);
        Ok(owned)
    }

    fn owned_inodes(&self) -> Result<Option<Vec<u64>>, Unreadable> {
        let Some(owned) = &self.owned else { return Ok(None) };
        let unknown =
            || Unreadable("reading the sockets of the child's processes: no answer".to_owned());
        owned().map(Some).ok_or_else(unknown)
    }

    /// One dump: every connection judged, every listener noted.
    fn dump(
        &mut self,
        look: &mut Look,
        owned: Option<&[u64]>,
    ) -> Result<Vec<ListenerSeen>, Unreadable> {
        let Self { diag, connections, .. } = self;
        let numbers = connections.numbers().to_vec();
        let mut listeners = Vec::new();
        diag.dump(Query::sockets_of(&numbers), |row| {
            if row.socket.state == TcpState::Listen {
                if let Some(seen) = listener(connections, row, owned) {
                    connections.see_backlog(look, row.port, row.socket.rqueue);
                    listeners.push(seen);
                }
            } else {
                let DiagRow { cookie: id, port, local, peer, socket: row, .. } = *row;
                connections.see(look, &Seen { id, port, local, peer, row });
            }
        })?;
        Ok(listeners)
    }

    /// A look of which nobody is told.
    fn look_quietly(&mut self, now: Instant, counts_arrivals: bool) -> Result<(), Unreadable> {
        let owned = self.choose_ports()?;
        let mut look = self.connections.begin(now, None, counts_arrivals);
        self.dump(&mut look, owned.as_deref())?;
        self.connections.finish_quietly(&look);
        self.looked = true;
        Ok(())
    }

    fn begin(&mut self, now: Instant) -> Result<(), Unreadable> {
        self.open_events();
        self.read_events(None);
        self.look_quietly(now, false)?;
        self.connections.mark_old();
        self.events_lost = false;
        self.unseen = Unseen::default();
        self.watch = Watch::On;
        Ok(())
    }

    /// `true`: a connection came and went since the last look, or may have.
    fn read_events(&mut self, prober: Option<IpAddr>) -> bool {
        let Self { events: Some(events), connections, .. } = self else { return false };
        let mut missed = false;
        events.keep_only(connections.numbers());
        let lost = events.drain(|gone| {
            missed |= connections.destroyed(gone.cookie, gone.port, gone.local, gone.peer, prober);
        });
        self.events_lost |= lost;
        missed || lost
    }

    fn answer_from_memory(
        &mut self,
        now: Instant,
        segments: Option<Segments>,
    ) -> Result<Option<Census>, Unreadable> {
        let remembered = self.remembered.take();
        let valid = |one: &Remembered| Some(one.segments) == segments && now < one.until;
        let Some(remembered) = remembered.filter(valid) else { return Ok(None) };
        // A listener comes, goes and is accepted from without a segment.
        let started = clock();
        let (listeners, backlog) = self.dump_listeners()?;
        let took = clock().saturating_duration_since(started);
        let census = Census { began: now, took, listeners, ..remembered.census.clone() };
        self.remembered = Some(remembered);
        Ok((backlog == 0).then_some(census))
    }

    fn remember(&mut self, census: &Census, segments: Option<Segments>) {
        let still = |port: &PortCensus| port.busy + port.unknown + port.closing + port.backlog == 0;
        let Some(segments) = segments.filter(|_| census.ports.iter().all(still)) else { return };
        let mut census = census.clone();
        census.events_lost = false;
        for port in &mut census.ports {
            (port.arrivals, port.arrivals_from_prober, port.arrivals_local) = (0, 0, 0);
            (port.last_arrival, port.departures) = (None, 0);
            (port.progressing, port.requesting) = (0, 0);
        }
        let until = census.began + (census.took * 100).max(MEMORY);
        self.remembered = Some(Remembered { segments, census, until });
    }

    fn dump_listeners(&mut self) -> Result<(Vec<ListenerSeen>, u32), Unreadable> {
        let owned = self.owned_inodes()?;
        let Self { diag, connections, .. } = self;
        let (mut listeners, mut backlog) = (Vec::new(), 0);
        diag.dump(Query::listeners(), |row| {
            if let Some(seen) = listener(connections, row, owned.as_deref()) {
                backlog += row.socket.rqueue;
                listeners.push(seen);
            }
        })?;
        Ok((listeners, backlog))
    }
}

impl SocketTable for KernelSockets {
    fn look(&mut self, now: Instant) -> Result<Duration, Unreadable> {
        let started = clock();
        self.look_quietly(now, self.owned.is_some() && self.looked)?;
        Ok(clock().saturating_duration_since(started))
    }

    fn begin_watch(&mut self, now: Instant) -> Result<(), Unreadable> {
        self.watch = Watch::Wanted;
        self.remembered = None;
        self.begin(now)
    }

    fn keep_up(&mut self, prober: Option<IpAddr>) {
        if self.watch == Watch::On && self.read_events(prober) {
            self.remembered = None;
        }
    }

    fn end_watch(&mut self) {
        self.watch = Watch::Off;
        self.remembered = None;
        if self.owned.is_none() {
            self.events = None;
            self.connections.expects_events = false;
        }
    }

    fn census(&mut self, now: Instant, prober: Option<IpAddr>) -> Result<Census, Unreadable> {
        if self.watch != Watch::On {
            self.begin(now)?;
        }
        let missed = self.read_events(prober);
        // Read before the dump: what moves after this changes the counters again.
        let segments = self.snmp.read();
        if !missed && let Some(census) = self.answer_from_memory(now, segments)? {
            return Ok(census);
        }
        self.remembered = None;
        let started = clock();
        let arrived = self.connections.arrived();
        let owned = self.owned_inodes()?;
        let mut look = self.connections.begin(now, prober, true);
        let listeners = self.dump(&mut look, owned.as_deref())?;
        let took = clock().saturating_duration_since(started);
        let shown = self.connections.arrived() - arrived;
        let unseen = self.unseen.any(segments.map(|segments| segments.accepted), shown);
        self.events_lost |= unseen && self.events.is_none();
        let began = Connections::began(&look);
        let ports = self.connections.finish(look);
        let events_lost = std::mem::take(&mut self.events_lost);
        let census = Census { began, took, trust: Trust::Judged, ports, listeners, events_lost };
        self.remember(&census, segments);
        Ok(census)
    }

    fn listeners(&mut self, _now: Instant) -> Result<Vec<ListenerSeen>, Unreadable> {
        if self.watch == Watch::Off {
            self.choose_ports()?;
        }
        Ok(self.dump_listeners()?.0)
    }

    fn accepted(&mut self) -> Option<u64> {
        if self.owned.is_none() {
            return self.snmp.read().map(|segments| segments.accepted);
        }
        if self.watch == Watch::Off {
            self.open_events();
            self.read_events(None);
            self.look_quietly(clock(), self.looked).ok()?;
        }
        Some(self.connections.arrived())
    }

    fn describe(&self) -> String {
        let events = match &self.no_events {
            None => String::new(),
            Some(why) => format!("; short connections are only noticed by a counter ({why})"),
        };
        format!("kernel socket diagnostics: {}{events}", self.tested)
    }
}

/// `None`: a listener of another port or process tree.
fn listener(
    connections: &Connections,
    row: &DiagRow,
    owned: Option<&[u64]>,
) -> Option<ListenerSeen> {
    let chosen = connections.port(row.port)?;
    let ours = owned.is_none_or(|inodes| inodes.contains(&row.inode.into()));
    ours.then_some(ListenerSeen { port: row.port, cookie: row.cookie, role: chosen.role })
}

/// Asks about what surely exists: listeners, and one of their ports with the filter.
fn self_test(diag: &mut Diag) -> Result<String, Unreadable> {
    let mut shortest: Option<(usize, u16)> = None;
    let mut counters = true;
    diag.dump(Query::listeners_with_info(), |row| {
        counters &= row.socket.info.is_some();
        shortest =
            shortest.min(Some((row.info_length, row.port))).or(Some((row.info_length, row.port)));
    })?;
    let Some((length, port)) = shortest else {
        return Ok("answered; nothing listens yet, so tcp_info is not proven".to_owned());
    };
    if !counters {
        let why = format!(
            "the kernel's tcp_info has {length} bytes and lacks byte counters (Linux 4.19 or newer has them)"
        );
        return Err(Unreadable(why));
    }
    let mut foreign = 0;
    diag.dump(Query::sockets_of(&[port]), |row| foreign += u32::from(row.port != port))?;
    if foreign > 0 {
        return Err(Unreadable("the kernel ignores the port filter of a socket dump".to_owned()));
    }
    Ok(format!("self-test passed with {length} bytes of tcp_info"))
}
