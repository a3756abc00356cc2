//! Adds up one census, port by port.

use super::classify::{Step, Verdict};
use super::peers::Peers;
use super::ports::Chosen;
use crate::drain::{PortCensus, Reason};
use std::net::IpAddr;
use std::time::Instant;

/// Connections that came and left since the last census that was handed out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turnover {
    outside: u32,
    from_prober: u32,
    local: u32,
    last: Option<IpAddr>,
    departures: u32,
}

/// Where a connection comes from, as far as silence is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Outside,
    Prober,
    /// The peer is inside this network namespace.
    Local,
}

impl Origin {
    pub(super) fn of(local: IpAddr, peer: IpAddr, prober: Option<IpAddr>) -> Self {
        let (local, peer) = (local.to_canonical(), peer.to_canonical());
        // Istio's sidecar hands inbound traffic to the application from this address.
        let inbound_of_mesh = IpAddr::from([127, 0, 0, 6]);
        if peer != inbound_of_mesh && (peer.is_loopback() || peer == local) {
            Self::Local
        } else if prober.map(|prober| prober.to_canonical()) == Some(peer) {
            Self::Prober
        } else {
            Self::Outside
        }
    }
}

impl Turnover {
    pub(super) fn arrive(&mut self, origin: Origin, peer: IpAddr) {
        match origin {
            Origin::Outside => {
                self.outside += 1;
                self.last = Some(peer);
            }
            Origin::Prober => self.from_prober += 1,
            Origin::Local => self.local += 1,
        }
    }

    pub(super) fn depart(&mut self) {
        self.departures += 1;
    }
}

/// One established connection, judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub(super) step: Step,
    pub(super) peer: IpAddr,
    pub(super) local: bool,
    pub(super) carried: bool,
    pub(super) request_since: Option<Instant>,
}

/// The sums of one port.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    census: PortCensus,
    reasons: [u32; Reason::ALL.len()],
    /// Who is busy or carried a request: those are the ones that a drain waits for.
    concerned: Peers,
    connected: Peers,
}

impl Tally {
    pub(super) fn new(chosen: &Chosen) -> Self {
        let Chosen { port, protocol, role } = *chosen;
        Self {
            census: PortCensus { port, protocol, role, ..PortCensus::default() },
            reasons: [0; Reason::ALL.len()],
            concerned: Peers::default(),
            connected: Peers::default(),
        }
    }

    pub(super) fn add(&mut self, judged: &Judged) {
        let census = &mut self.census;
        match judged.step.verdict {
            Verdict::Closing => {
                census.closing += 1;
                return;
            }
            Verdict::Unknown => census.unknown += 1,
            Verdict::Busy(reason) => {
                census.busy += 1;
                census.progressing += u32::from(judged.step.moved);
                let oldest = census.oldest_request.into_iter().chain(judged.request_since).min();
                census.oldest_request = oldest;
                self.reasons[reason as usize] += 1;
            }
            Verdict::Idle(reason) => {
                census.idle += 1;
                self.reasons[reason as usize] += 1;
            }
        }
        census.requesting += u32::from(judged.step.requested);
        census.carried += u32::from(judged.carried);
        census.local += u32::from(judged.local);
        self.connected.add(judged.peer);
        if judged.carried || matches!(judged.step.verdict, Verdict::Busy(_)) {
            self.concerned.add(judged.peer);
        }
    }

    pub(super) fn add_backlog(&mut self, connections: u32) {
        self.census.backlog += connections;
    }

    pub(super) fn finish(self, turnover: Turnover) -> PortCensus {
        let peers = if self.concerned.is_empty() { self.connected } else { self.concerned };
        let reasons = Reason::ALL.into_iter().zip(self.reasons).filter(|&(_, count)| count > 0);
        PortCensus {
            arrivals: turnover.outside,
            arrivals_from_prober: turnover.from_prober,
            arrivals_local: turnover.local,
            last_arrival: turnover.last,
            departures: turnover.departures,
            reasons: reasons.collect(),
            peers: peers.most(),
            ..self.census
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_is_loopback_and_the_own_address_but_not_the_inbound_of_a_mesh() {
        let of = |local: &str, peer: &str| {
            let prober = Some("::ffff:10.0.0.1".parse().unwrap());
            Origin::of(local.parse().unwrap(), peer.parse().unwrap(), prober)
        };
        assert_eq!(of("127.0.0.1", "127.0.0.1"), Origin::Local);
        assert_eq!(of("::ffff:127.0.0.1", "::ffff:127.0.0.9"), Origin::Local);
        assert_eq!(of("::1", "::1"), Origin::Local);
        assert_eq!(of("10.0.0.5", "10.0.0.5"), Origin::Local);
        assert_eq!(of("127.0.0.1", "127.0.0.6"), Origin::Outside);
        assert_eq!(of("10.0.0.5", "10.0.0.1"), Origin::Prober);
        assert_eq!(of("10.0.0.5", "10.0.0.2"), Origin::Outside);
    }

    #[test]
    fn every_reason_has_its_own_place() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
    }
}
