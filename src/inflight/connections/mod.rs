//! The connections of the watched ports from look to look: who is new, who left, who is busy.
//! Knows rows and events, not where they come from.

#[cfg(test)]
mod tests;

use super::classify::{Millis, Rules, SocketRow, SocketState, Verdict};
use super::ports::Chosen;
use super::table::{APART, DESTROYED, Entry, GONE, LEFT, Table};
use super::tally::{Judged, Origin, Tally, Turnover};
use crate::drain::PortCensus;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// A connection in one dump, by whatever identifies it for as long as it lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) id: u64,
    pub(super) port: u16,
    pub(super) local: IpAddr,
    pub(super) peer: IpAddr,
    pub(super) row: SocketRow,
}

/// One look that is being taken.
#[derive(Debug)]
pub(super) struct Look {
    now: Instant,
    at: Millis,
    prober: Option<IpAddr>,
    /// New connections are arrivals. Not at the first look: they were there before.
    counts_arrivals: bool,
    tallies: Vec<Tally>,
}

#[derive(Debug)]
pub(super) struct Connections {
    table: Table,
    origin: Instant,
    generation: u8,
    ports: Vec<(Chosen, Rules)>,
    numbers: Vec<u16>,
    turnover: Vec<Turnover>,
    /// New connections ever, of any origin.
    arrived: u64,
    /// Destroy events come, so what is gone is remembered until its event has come.
    pub(super) expects_events: bool,
}

/// A destroy event is sent by a kernel worker; later than this it is not expected any more.
const EVENT_PATIENCE: Millis = 5_000;
/// Times are kept in 32 bits of milliseconds; after 24 days the origin moves.
const REBASE: Millis = 1 << 31;

impl Connections {
    pub(super) fn new(origin: Instant) -> Self {
        Self {
            table: Table::default(),
            origin,
            generation: 0,
            ports: Vec::new(),
            numbers: Vec::new(),
            turnover: Vec::new(),
            arrived: 0,
            expects_events: false,
        }
    }

    /// From the next look on, these ports (sorted by number) are watched.
    pub(super) fn watch(&mut self, chosen: Vec<Chosen>, quiet_h2: Duration) {
        let numbers: Vec<u16> = chosen.iter().map(|one| one.port).collect();
        if numbers != self.numbers {
            self.turnover = vec![Turnover::default(); numbers.len()];
            self.numbers = numbers;
        }
        let with_rules = |one: Chosen| (one, Rules::new(one.protocol, quiet_h2));
        self.ports = chosen.into_iter().map(with_rules).collect();
    }

    /// A watch begins: what is known is old, and carried nothing yet.
    pub(super) fn mark_old(&mut self) {
        self.turnover.fill(Turnover::default());
        self.table.retain(|entry| {
            entry.state.set_carried(false);
            true
        });
    }

    pub(super) fn numbers(&self) -> &[u16] {
        &self.numbers
    }

    pub(super) fn port(&self, number: u16) -> Option<&Chosen> {
        self.place(number).map(|place| &self.ports[place].0)
    }

    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    pub(super) fn begin(
        &mut self,
        now: Instant,
        prober: Option<IpAddr>,
        counts_arrivals: bool,
    ) -> Look {
        let mut at = self.millis(now);
        if at >= REBASE {
            self.table.retain(|entry| {
                entry.state.rebase(REBASE);
                entry.seen = entry.seen.saturating_sub(REBASE);
                true
            });
            self.origin += Duration::from_millis(REBASE.into());
            at -= REBASE;
        }
        self.generation = self.generation.wrapping_add(1);
        let tallies = self.ports.iter().map(|(chosen, _)| Tally::new(chosen)).collect();
        Look { now, at, prober, counts_arrivals, tallies }
    }

    /// One connection of the dump; those of other ports are left out.
    pub(super) fn see(&mut self, look: &mut Look, seen: &Seen) {
        let Some(place) = self.place(seen.port) else { return };
        let (at, generation) = (look.at, self.generation);
        let (entry, fresh) = self.table.entry(seen.id, || Entry {
            state: SocketState::new(at),
            seen: at,
            port: seen.port,
            generation,
            flags: 0,
        });
        if !fresh && entry.generation == generation {
            // The walk of the kernel's table may meet a socket twice.
            return;
        }
        let origin = Origin::of(seen.local, seen.peer, look.prober);
        if fresh && look.counts_arrivals {
            entry.flags |= if origin == Origin::Outside { 0 } else { APART };
            self.turnover[place].arrive(origin, seen.peer);
            self.arrived += 1;
        }
        (entry.seen, entry.generation) = (at, generation);
        entry.flags &= !GONE;
        let step = entry.state.step(&seen.row, at, &self.ports[place].1);
        if step.requested && (look.counts_arrivals || !fresh) {
            entry.state.set_carried(true);
        }
        if step.verdict == Verdict::Closing && entry.flags & LEFT == 0 {
            entry.flags |= LEFT;
            if !fresh && entry.flags & APART == 0 {
                self.turnover[place].depart();
            }
        }
        let request_since = entry.state.request_since();
        look.tallies[place].add(&Judged {
            step,
            peer: seen.peer,
            local: origin == Origin::Local,
            carried: entry.state.has_carried(),
            request_since: request_since
                .map(|since| self.origin + Duration::from_millis(since.into())),
        });
    }

    pub(super) fn see_backlog(&self, look: &mut Look, port: u16, connections: u32) {
        if let Some(place) = self.place(port) {
            look.tallies[place].add_backlog(connections);
        }
    }

    /// A connection was destroyed. `true`: it was never seen, so it came and went between two
    /// looks.
    pub(super) fn destroyed(
        &mut self,
        id: u64,
        port: u16,
        local: IpAddr,
        peer: IpAddr,
        prober: Option<IpAddr>,
    ) -> bool {
        let Some(place) = self.place(port) else { return false };
        match self.table.get_mut(id) {
            Some(entry) if entry.flags & GONE != 0 => self.table.remove(id),
            Some(entry) => entry.flags |= DESTROYED,
            None => {
                self.turnover[place].arrive(Origin::of(local, peer, prober), peer);
                self.arrived += 1;
                return true;
            }
        }
        false
    }

    /// The dump is complete: what it did not show is gone.
    pub(super) fn finish(&mut self, look: Look) -> Vec<PortCensus> {
        self.sweep(look.at);
        let turnover = self.turnover.iter_mut().map(std::mem::take);
        look.tallies
            .into_iter()
            .zip(turnover)
            .map(|(tally, turnover)| tally.finish(turnover))
            .collect()
    }

    /// The dump is complete, but nobody is told yet.
    pub(super) fn finish_quietly(&mut self, look: &Look) {
        self.sweep(look.at);
    }

    pub(super) fn began(look: &Look) -> Instant {
        look.now
    }

    fn sweep(&mut self, at: Millis) {
        let Self { table, generation, numbers, turnover, expects_events, .. } = self;
        table.retain(|entry| {
            if entry.flags & GONE != 0 {
                return at.saturating_sub(entry.seen) < EVENT_PATIENCE;
            }
            if entry.generation == *generation {
                return true;
            }
            if entry.flags & (LEFT | APART) == 0
                && let Ok(place) = numbers.binary_search(&entry.port)
            {
                turnover[place].depart();
            }
            entry.flags |= GONE | LEFT;
            entry.seen = at;
            *expects_events && entry.flags & DESTROYED == 0
        });
    }

    fn place(&self, port: u16) -> Option<usize> {
        self.numbers.binary_search(&port).ok()
    }

    fn millis(&self, now: Instant) -> Millis {
        Millis::try_from(now.saturating_duration_since(self.origin).as_millis())
            .unwrap_or(Millis::MAX)
    }
}
