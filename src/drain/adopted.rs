//! The containers' own preStop hooks, which the agent's took the place of: each is called once
//! for a stop of its container, before the kubelet is answered.

use super::Drain;
use super::callers::Caller;
use super::effect::Effect;
use super::input::CallerId;
use super::plan::Plan;
use std::time::Instant;

/// Which of them were called and have not been answered for yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Adopted {
    running: Vec<String>,
    returned: Vec<String>,
}

impl Adopted {
    /// Calls a hook unless it was called for this stop.
    fn call(&mut self, name: &str) -> Option<Effect> {
        let called = self.running.iter().chain(&self.returned).any(|called| called == name);
        if called {
            return None;
        }
        self.running.push(name.to_owned());
        Some(Effect::CallAdopted { container: name.to_owned() })
    }

    pub(super) fn returned(&mut self, name: String) {
        if self.running.contains(&name) {
            self.running.retain(|running| *running != name);
            self.returned.push(name);
        }
    }

    pub(super) fn has_returned(&self, name: &str) -> bool {
        self.returned.iter().any(|returned| returned == name)
    }

    /// The kubelet was answered: the next stop of this container calls its hook again.
    pub(super) fn answered(&mut self, container: Option<&str>) {
        if let Some(name) = container {
            self.running.retain(|running| running != name);
            self.returned.retain(|returned| returned != name);
        }
    }
}

/// Callers whose turn it is.
pub(super) struct Leaving {
    free: Vec<CallerId>,
    /// Containers whose own hook is to be called.
    due: Vec<String>,
}

impl Adopted {
    /// Of the callers that may go, those whose own hook has returned or can be waited for no
    /// longer.
    pub(super) fn part(
        &self,
        waiting: &[Caller],
        plan: &Plan,
        now: Instant,
        may_go: impl Fn(&Caller) -> bool,
        latest: impl Fn(&Caller) -> Option<Instant>,
    ) -> Leaving {
        let turn: Vec<_> = waiting.iter().filter(|caller| may_go(caller)).collect();
        let name = |caller: &Caller| plan.adopted(caller.container.as_deref()).map(str::to_owned);
        let due = turn.iter().filter_map(|caller| name(caller)).collect();
        let goes = |caller: &&&Caller| {
            let Some(name) = name(caller) else { return true };
            let late = latest(caller).is_none_or(|at| now >= at);
            late || self.has_returned(&name)
        };
        let free = turn.iter().filter(goes).map(|caller| caller.id).collect();
        Leaving { free, due }
    }
}

impl Plan {
    /// The container's name, if it had a preStop hook of its own.
    pub(super) fn adopted(&self, container: Option<&str>) -> Option<&str> {
        self.container(container).filter(|c| c.adopted).map(|c| &*c.name)
    }

    /// Its turn comes after the drain: others must be gone first.
    fn comes_later(&self, container: Option<&str>) -> bool {
        self.is_helper(container)
            || self.container(container).is_some_and(|container| container.after.is_some())
    }
}

impl Drain {
    /// Calls the hooks that are due as soon as the drain is over.
    pub(super) fn call_adopted_first(&mut self) {
        let due: Vec<_> = self.adopted_first().map(str::to_owned).collect();
        self.call_adopted(&due);
    }

    /// Those of them that have not returned.
    pub(super) fn adopted_first_running(&self) -> Vec<String> {
        let mut running: Vec<_> = self.adopted_first().map(str::to_owned).collect();
        running.retain(|name| !self.adopted.has_returned(name));
        running.sort_unstable();
        running.dedup();
        running
    }

    fn adopted_first(&self) -> impl Iterator<Item = &str> {
        let waiting = self.callers.waiting.iter().map(|caller| caller.container.as_deref());
        let first = waiting.filter(|name| !self.plan.comes_later(*name));
        first.filter_map(|name| self.plan.adopted(name))
    }

    /// Calls the hooks of these containers where that is still to be done.
    fn call_adopted(&mut self, names: &[String]) {
        let calls = names.iter().filter_map(|name| self.adopted.call(name));
        self.out.extend(calls);
    }

    /// Calls the hooks that are due and says who goes.
    pub(super) fn let_go(&mut self, leaving: Leaving) -> Vec<Caller> {
        self.call_adopted(&leaving.due);
        let free = self.callers.take(|caller| leaving.free.contains(&caller.id));
        for caller in &free {
            self.adopted.answered(caller.container.as_deref());
        }
        free
    }
}
