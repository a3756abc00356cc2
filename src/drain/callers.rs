//! Who waits for an answer. Every caller leaves exactly once.

use super::census::PortRole;
use super::input::CallerId;
use super::plan::{Container, Plan};
use std::time::Instant;

/// Callers without the token that may wait at the same time.
const STRANGERS: usize = 32;
/// Of these, places that only the address of the agent's own probes may take.
const NEAR_ONLY: usize = 16;

/// A trusted caller: the kubelet, for one container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Caller {
    pub(super) id: CallerId,
    pub(super) container: Option<String>,
    pub(super) since: Instant,
}

/// A caller without the token. It changes nothing.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    pub(super) id: CallerId,
    pub(super) near: bool,
    pub(super) since: Instant,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Callers {
    pub(super) waiting: Vec<Caller>,
    pub(super) strangers: Vec<Stranger>,
}

impl Callers {
    /// A place for a stranger, if there is one.
    pub(super) fn admit(&mut self, id: CallerId, near: bool, since: Instant) -> bool {
        let far = self.strangers.iter().filter(|stranger| !stranger.near).count();
        let full = self.strangers.len() >= STRANGERS || (!near && far >= STRANGERS - NEAR_ONLY);
        if !full {
            self.strangers.push(Stranger { id, near, since });
        }
        !full
    }

    /// Frees a stranger's place. A trusted caller that leaves cancels nothing.
    pub(super) fn left(&mut self, id: CallerId) {
        self.strangers.retain(|stranger| stranger.id != id);
    }

    pub(super) fn take(&mut self, mut pick: impl FnMut(&Caller) -> bool) -> Vec<Caller> {
        let (taken, kept) = std::mem::take(&mut self.waiting).into_iter().partition(|c| pick(c));
        self.waiting = kept;
        taken
    }

    pub(super) fn take_strangers(
        &mut self,
        mut pick: impl FnMut(&Stranger) -> bool,
    ) -> Vec<Stranger> {
        let (taken, kept) = std::mem::take(&mut self.strangers).into_iter().partition(|s| pick(s));
        self.strangers = kept;
        taken
    }
}

/// What the plan says about a container that a hook names.
impl Plan {
    pub(super) fn container(&self, name: Option<&str>) -> Option<&Container> {
        let name = name?;
        self.containers.iter().find(|container| container.name == name)
    }

    /// A name that the plan does not know serves: to hold it too long is the smaller mistake.
    pub(super) fn is_helper(&self, name: Option<&str>) -> bool {
        self.container(name).is_some_and(|container| container.role == PortRole::Helper)
    }

    /// Does a hook come for any container when the pod stops?
    pub(super) fn any_hooked(&self) -> bool {
        self.containers.is_empty() || self.containers.iter().any(|container| container.hooked)
    }

    /// Ports of a container; empty: every serving port.
    pub(super) fn ports_of(&self, name: Option<&str>) -> &[u16] {
        self.container(name).map_or(&[], |container| &container.ports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_take_the_places_kept_for_the_kubelet() {
        let now = super::super::testing::instant();
        let mut callers = Callers::default();
        let admitted = (0..100).filter(|n| callers.admit(CallerId(*n), false, now)).count();
        assert_eq!(admitted, 16);
        let near = (100..200).filter(|n| callers.admit(CallerId(*n), true, now)).count();
        assert_eq!(near, 16);
        callers.left(CallerId(0));
        assert!(callers.admit(CallerId(300), false, now));
        assert!(!callers.admit(CallerId(301), true, now));
    }
}
