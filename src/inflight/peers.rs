//! Which peers have the most connections, in a fixed amount of memory.

use crate::drain::PeerCount;
use std::net::IpAddr;

/// Exact for up to this many peers; beyond that, counts are lower bounds and a peer with more
/// than 1/32 of all connections is never missed (Misra and Gries, 1982).
const PLACES: usize = 32;
const REPORTED: usize = 5;

#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Vec<PeerCount>);

impl Peers {
    pub(super) fn add(&mut self, peer: IpAddr) {
        if let Some(known) = self.0.iter_mut().find(|known| known.peer == peer) {
            known.connections += 1;
        } else if self.0.len() < PLACES {
            self.0.push(PeerCount { peer, connections: 1 });
        } else {
            self.0.retain_mut(|known| {
                known.connections -= 1;
                known.connections > 0
            });
        }
    }

    /// Most connections first.
    pub(super) fn most(mut self) -> Vec<PeerCount> {
        self.0.sort_by(|one, other| {
            other.connections.cmp(&one.connections).then(one.peer.cmp(&other.peer))
        });
        self.0.truncate(REPORTED);
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_largest_come_first_and_few_peers_are_counted_exactly() {
        let mut peers = Peers::default();
        for last in 1..=9u8 {
            (0..last).for_each(|_| peers.add(IpAddr::from([10, 0, 0, last])));
        }
        let counts: Vec<u32> = peers.most().iter().map(|peer| peer.connections).collect();
        assert_eq!(counts, [9, 8, 7, 6, 5]);
    }

    #[test]
    fn a_heavy_peer_is_found_among_ten_thousand_others_in_constant_memory() {
        let mut peers = Peers::default();
        let heavy = IpAddr::from([192, 0, 2, 1]);
        for number in 0..10_000u32 {
            peers.add(IpAddr::from(number.to_be_bytes()));
            if number % 10 == 0 {
                peers.add(heavy);
            }
            assert!(peers.0.len() <= PLACES);
        }
        assert_eq!(peers.most()[0].peer, heavy);
    }
}
