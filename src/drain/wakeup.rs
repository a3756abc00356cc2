//! The core's next alarm, with its reason.

use super::aftermath::idle_helper_latest;
use super::outcome::StopKind;
use super::plan::Unready;
use super::stop::KIND_DECIDED;
use super::{Drain, Phase};
use std::time::Instant;

/// Why the core wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wakeup {
    Deadline,
    KindDecided,
    OwnHookDecided,
    ProbesMissed,
    UnreadyDue,
    CensusDue,
    ListenersDue,
    HelperDue,
    StrangerDue,
    SafetyUndo,
    TermDecided,
    NotifyRetry,
    RegistrySettled,
}

impl Drain {
    /// When to call `on(WakeupReached)` if nothing else happens, and why. `None`: never; a
    /// serving agent has no timer.
    pub fn next_wakeup(&self) -> Option<(Instant, Wakeup)> {
        if self.exited {
            return None;
        }
        let mut alarms: Vec<(Instant, Wakeup)> = Vec::new();
        let mut add = |at: Option<Instant>, why| alarms.extend(at.map(|at| (at, why)));
        match &self.phase {
            Phase::Active(course) => {
                let stop = &course.stop;
                add(stop.deadline(&self.plan), Wakeup::Deadline);
                add(stop.kind_due(), Wakeup::KindDecided);
                add(course.sight.next_census(), Wakeup::CensusDue);
                let judged = stop.is_known() && !stop.kubelet;
                add(self.probes.due().filter(|_| judged), Wakeup::ProbesMissed);
                let unready = course.unready_at.is_none()
                    && self.plan.unready == Unready::Auto
                    && stop.is_known();
                add(unready.then(|| stop.unready_due(&self.plan)), Wakeup::UnreadyDue);
                add(self.wishes.registries_settle_at(), Wakeup::RegistrySettled);
            }
            Phase::Ended(ended) => {
                if ended.wants_census(&self.callers) {
                    add(ended.sight.next_census(), Wakeup::CensusDue);
                    add(Some(ended.stop.helper_deadline(&self.plan)), Wakeup::HelperDue);
                    add(ended.stop.deadline(&self.plan), Wakeup::Deadline);
                }
                add(ended.stop.kind_due(), Wakeup::KindDecided);
                let awaited = matches!(ended.stop.kind, StopKind::Unknown | StopKind::Restart);
                let restart = awaited && self.term.is_none();
                add(restart.then(|| ended.safety_at(&self.plan)), Wakeup::SafetyUndo);
            }
            Phase::Serving | Phase::Undoing { .. } => {}
        }
        add(self.own_hook.map(|at| at + KIND_DECIDED), Wakeup::OwnHookDecided);
        add(self.dumps.due(), Wakeup::ListenersDue);
        add(self.helper_due(), Wakeup::HelperDue);
        add(self.stranger_due(), Wakeup::StrangerDue);
        add(self.term_due(), Wakeup::TermDecided);
        add(self.wishes.retry_due(), Wakeup::NotifyRetry);
        let past = |(at, _): &(Instant, Wakeup)| self.latest.is_none_or(|latest| *at > latest);
        alarms.into_iter().filter(past).min()
    }

    fn helper_due(&self) -> Option<Instant> {
        let (latest, stop) = (self.latest, self.stop());
        let helpers = self.callers.waiting.iter();
        let helpers = helpers.filter(|caller| self.plan.is_helper(caller.container.as_deref()));
        let dues = helpers.flat_map(|caller| {
            [caller.since + KIND_DECIDED, idle_helper_latest(caller, &self.plan, stop)]
        });
        dues.filter(|at| latest.is_none_or(|latest| *at > latest)).min()
    }

    fn stranger_due(&self) -> Option<Instant> {
        let held = self.plan.restart_budget(self.plan.grace);
        let known = self.stop().is_some_and(super::stop::Stop::is_known);
        let strangers = self.callers.strangers.iter().filter(|_| !known);
        strangers.map(|stranger| stranger.since + held).min()
    }
}
