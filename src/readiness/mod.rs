//! Whether the pod asks for traffic: one cell between the driver that decides and the probe that
//! is answered. Knows no listener and no drain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the readiness probe is told; cheap to clone, all clones are one. Starts ready.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::Readiness;

    #[test]
    fn starts_ready_and_is_shared_by_its_clones() {
        let one = Readiness::default();
        let other = one.clone();
        assert!(other.is_ready());
        one.set(false);
        assert!(!other.is_ready());
        other.set(true);
        assert!(one.is_ready());
    }
}
