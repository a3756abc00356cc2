use super::*;
use crate::drain::{PortRole, Protocol};
use crate::inflight::classify::{TcpInfo, TcpState};
use std::ops::Range;

const PORT: u16 = 8080;
const US: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 5));
const THEM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));
const PROBER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

struct Clock {
    origin: Instant,
    at: Duration,
    connections: Connections,
}

impl Clock {
    fn new() -> Self {
        let origin = super::super::clock();
        let mut connections = Connections::new(origin);
        let chosen = Chosen { port: PORT, protocol: Protocol::Http, role: PortRole::Serving };
        connections.watch(vec![chosen], Duration::from_secs(5));
        connections.expects_events = true;
        Self { origin, at: Duration::ZERO, connections }
    }

    /// One look a second after the last; the connections are idle.
    fn look(&mut self, ids: Range<u64>) -> PortCensus {
        self.look_at(ids, THEM, TcpState::Established)
    }

    fn look_at(&mut self, ids: Range<u64>, peer: IpAddr, state: TcpState) -> PortCensus {
        self.at += Duration::from_secs(1);
        let now = self.origin + self.at;
        let mut look = self.connections.begin(now, Some(PROBER), true);
        let info = TcpInfo {
            last_data_recv: 2_000,
            bytes_received: 9,
            bytes_sent: 9,
            ..TcpInfo::default()
        };
        let info = TcpInfo { last_data_sent: 1_000, data_segs_in: 2, data_segs_out: 2, ..info };
        let row = SocketRow { state, rqueue: 0, wqueue: 0, info: Some(info) };
        for id in ids {
            self.connections.see(&mut look, &Seen { id, port: PORT, local: US, peer, row });
        }
        self.connections.finish(look).remove(0)
    }

    fn destroy(&mut self, id: u64) -> bool {
        self.connections.destroyed(id, PORT, US, THEM, Some(PROBER))
    }
}

#[test]
fn who_came_and_who_left_is_counted_once() {
    let mut clock = Clock::new();
    let seen = |port: PortCensus| (port.arrivals, port.departures, port.idle);
    assert_eq!(seen(clock.look(0..10)), (10, 0, 10));
    assert_eq!(seen(clock.look(4..12)), (2, 4, 8));
    assert_eq!(seen(clock.look(4..12)), (0, 0, 8));
}

#[test]
fn an_event_of_a_connection_that_was_seen_is_no_arrival_early_or_late() {
    let mut clock = Clock::new();
    clock.look(0..2);
    assert!(!clock.destroy(0), "before the look that misses it");
    clock.look(0..0);
    assert!(!clock.destroy(1), "after it");
    assert!(clock.destroy(77), "never seen");
    assert_eq!(clock.look(0..0).arrivals, 1);
}

#[test]
fn what_is_gone_is_forgotten_even_if_its_event_never_comes() {
    let mut clock = Clock::new();
    clock.look(0..1);
    for _ in 0..8 {
        clock.look(0..0);
    }
    assert!(clock.connections.table.get_mut(0).is_none());
}

#[test]
fn a_connection_leaves_when_it_closes_and_not_again_when_it_is_gone() {
    let mut clock = Clock::new();
    clock.look(0..1);
    let closing = clock.look_at(0..1, THEM, TcpState::FinWait2);
    assert_eq!((closing.departures, closing.closing, closing.established()), (1, 1, 0));
    assert_eq!(clock.look(0..0).departures, 0);
}

#[test]
fn probes_come_and_go_without_being_traffic() {
    let mut clock = Clock::new();
    let probe = clock.look_at(0..1, PROBER, TcpState::Established);
    assert_eq!((probe.arrivals, probe.arrivals_from_prober), (0, 1));
    assert_eq!(clock.look(0..0).departures, 0);
}

#[test]
fn an_arrival_survives_a_look_that_failed() {
    let mut clock = Clock::new();
    let now = clock.origin + Duration::from_millis(500);
    let mut failed = clock.connections.begin(now, None, true);
    let row = SocketRow { state: TcpState::Established, rqueue: 0, wqueue: 0, info: None };
    clock.connections.see(&mut failed, &Seen { id: 5, port: PORT, local: US, peer: THEM, row });
    drop(failed);
    assert_eq!(clock.look(5..6).arrivals, 1);
}

#[test]
fn a_connection_that_the_walk_meets_twice_counts_once() {
    let mut clock = Clock::new();
    let mut look = clock.connections.begin(clock.origin, None, true);
    let row = SocketRow { state: TcpState::Established, rqueue: 0, wqueue: 0, info: None };
    for _ in 0..2 {
        clock.connections.see(&mut look, &Seen { id: 5, port: PORT, local: US, peer: THEM, row });
    }
    let port = clock.connections.finish(look).remove(0);
    assert_eq!((port.unknown, port.arrivals), (1, 1));
}

#[test]
fn two_months_of_looks_do_not_confuse_the_clock() {
    let mut clock = Clock::new();
    for _ in 0..300 {
        clock.at += Duration::from_secs(60 * 60 * 5);
        let port = clock.look(0..1);
        assert_eq!((port.idle, port.departures), (1, 0));
    }
}
