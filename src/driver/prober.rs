//! Where the kubelet's probes of the agent come from.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Probes remembered; a single forged one does not move the address.
const KEPT: usize = 8;

/// The address of the agent's own probes; cheap to clone, all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Prober(Arc<Mutex<Vec<IpAddr>>>);

impl Prober {
    /// A probe came from this address.
    pub fn seen(&self, from: IpAddr) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == KEPT {
            seen.remove(0);
        }
        seen.push(from.to_canonical());
    }

    /// The address that most of the latest probes came from.
    pub fn address(&self) -> Option<IpAddr> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |address: &IpAddr| seen.iter().filter(|other| *other == address).count();
        seen.iter().copied().max_by_key(|address| count(address))
    }

    pub fn is_at(&self, address: IpAddr) -> bool {
        self.address() == Some(address.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_forged_probe_does_not_move_the_address() {
        let prober = Prober::default();
        assert_eq!(prober.address(), None);
        let kubelet: IpAddr = "10.0.0.1".parse().unwrap();
        for _ in 0..3 {
            prober.seen("::ffff:10.0.0.1".parse().unwrap());
        }
        prober.seen("10.9.9.9".parse().unwrap());
        assert_eq!(prober.address(), Some(kubelet));
        assert!(prober.is_at(kubelet));
    }
}
