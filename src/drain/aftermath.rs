//! After the answer: helpers are let go, a restarted container is awaited, everything is undone.

use super::callers::{Caller, Callers};
use super::census::{ListenerSeen, PortRole};
use super::course::Course;
use super::effect::{Answer, Effect};
use super::outcome::{Note, PhaseName, StopKind, Summary};
use super::plan::{Container, Plan};
use super::sight::{Sight, serving_listeners};
use super::stop::{KIND_DECIDED, Stop};
use super::{Drain, Phase};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A pod must never stay unready for ever: the safety timer's margin over the grace.
const SAFETY_MARGIN: Duration = Duration::from_secs(10);

/// The drain is over and the hooks were answered.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) stop: Stop,
    pub(super) sight: Sight,
    pub(super) summary: Arc<Summary>,
    ended_at: Instant,
    /// The containers that were answered.
    pub(super) answered: Vec<Option<String>>,
    last_answered: Instant,
}

impl Ended {
    pub(super) fn new(course: Course, summary: Arc<Summary>, now: Instant) -> Self {
        Self {
            stop: course.stop,
            sight: course.sight,
            summary,
            ended_at: now,
            answered: Vec::new(),
            last_answered: now,
        }
    }

    pub(super) fn remember(&mut self, answered: Vec<Option<String>>, now: Instant) {
        if answered.is_empty() {
            return;
        }
        self.last_answered = now;
        for container in answered {
            if !self.answered.contains(&container) {
                self.answered.push(container);
            }
        }
    }

    /// The latest moment at which this caller must be answered.
    pub(super) fn latest(&self, caller: &Caller, plan: &Plan) -> Option<Instant> {
        if plan.is_helper(caller.container.as_deref()) {
            Some(self.stop.helper_deadline(plan))
        } else {
            self.stop.deadline(plan)
        }
    }

    /// May this caller go, but for its own preStop hook?
    pub(super) fn frees(
        &self,
        caller: &Caller,
        serving_waits: bool,
        plan: &Plan,
        now: Instant,
    ) -> bool {
        let name = caller.container.as_deref();
        let late = self.latest(caller, plan).is_none_or(|latest| now >= latest);
        if plan.is_helper(name) {
            return late || !serving_waits && self.is_needless(caller, plan, now);
        }
        let Some(after) = plan.container(name).and_then(|c| c.after.as_deref()) else {
            return true;
        };
        // Containers have an order among themselves only when all of them stop.
        let alone = self.stop.kind == StopKind::Restart;
        late || alone || self.is_gone(plan.container(Some(after)))
    }

    /// A helper waits until nobody needs it any more.
    fn is_needless(&self, caller: &Caller, plan: &Plan, now: Instant) -> bool {
        if !self.stop.is_known() {
            return now >= caller.since + KIND_DECIDED;
        }
        let Some(census) = self.sight.latest.as_ref().filter(|c| c.began >= self.ended_at) else {
            return false;
        };
        let served = serving_listeners(census).is_empty()
            && self.sight.serving().all(|port| port.established() == 0);
        let ports = plan.ports_of(caller.container.as_deref());
        let needed = census.ports.iter().any(|port| ports.contains(&port.port) && port.local > 0);
        served && !needed
    }

    /// All listeners of the container are gone, as far as its ports are known.
    fn is_gone(&self, container: Option<&Container>) -> bool {
        let Some(container) = container else { return true };
        let Some(census) = self.sight.latest.as_ref().filter(|c| c.began >= self.ended_at) else {
            return false;
        };
        !census.listeners.iter().any(|listener| owns(&container.ports, listener))
    }

    pub(super) fn wants_census(&self, callers: &Callers) -> bool {
        !callers.waiting.is_empty()
    }

    /// Every answered container listens anew: all recorded listeners of one of its ports are
    /// gone and another one is there. A reload that keeps its listeners is no restart.
    fn reborn(&self, plan: &Plan, seen: &[ListenerSeen]) -> bool {
        // Without a look at the old listeners nothing tells them from new ones.
        let Some(recorded) = &self.sight.recorded else { return false };
        self.answered.iter().all(|name| {
            let ports = plan.ports_of(name.as_deref());
            let unheard = !recorded.iter().any(|old| owns(ports, old));
            seen.iter().filter(|listener| owns(ports, listener)).any(|listener| {
                let mut old = recorded.iter().filter(|old| old.port == listener.port).peekable();
                (unheard || old.peek().is_some()) && !old.any(|old| seen.contains(old))
            })
        })
    }

    pub(super) fn safety_at(&self, plan: &Plan) -> Instant {
        let restart = plan.restart_budget(self.stop.grace);
        self.last_answered + restart + self.stop.grace + SAFETY_MARGIN
    }
}

/// The latest answer to a helper's hook, counted from its own call.
pub(super) fn idle_helper_latest(caller: &Caller, plan: &Plan, stop: Option<&Stop>) -> Instant {
    caller.since + plan.helper_budget(stop.map_or(plan.grace, |stop| stop.grace))
}

fn owns(ports: &[u16], listener: &ListenerSeen) -> bool {
    listener.role == PortRole::Serving && (ports.is_empty() || ports.contains(&listener.port))
}

impl Drain {
    pub(super) fn step_ended(&mut self, now: Instant) {
        self.free_idle_helpers(now);
        self.answer_ended(now);
        self.await_restart(now);
        self.finish_undo(now);
    }

    /// A helper's hook alone starts no drain: held for a known pod stop, then let go. Whatever
    /// the pod does, the kubelet waits for a container no longer than its grace.
    fn free_idle_helpers(&mut self, now: Instant) {
        let (plan, stop) = (&self.plan, self.stop());
        let unknown = !stop.is_some_and(Stop::is_known);
        let latest = |caller: &Caller| idle_helper_latest(caller, plan, stop);
        let leaving = self.adopted.part(
            &self.callers.waiting,
            plan,
            now,
            |caller| {
                let idle = unknown && now >= caller.since + KIND_DECIDED;
                plan.is_helper(caller.container.as_deref()) && (idle || now >= latest(caller))
            },
            |caller| Some(latest(caller)),
        );
        let free = self.let_go(leaving);
        let because = if unknown { "a helper's container restarts" } else { "its grace is spent" };
        for caller in free {
            let waited = now.saturating_duration_since(caller.since);
            self.note(Note::HookAnswered { container: caller.container, waited, because });
            self.answer(caller.id, Answer::Nothing { because });
        }
    }

    /// While no pod stop is known, the container is expected back.
    fn await_restart(&mut self, now: Instant) {
        let Phase::Ended(ended) = &mut self.phase else { return };
        let awaited = matches!(ended.stop.kind, StopKind::Unknown | StopKind::Restart);
        if !awaited || !self.callers.waiting.is_empty() || self.term.is_some() {
            return;
        }
        let reborn = self.dumps.since(ended.last_answered).is_some_and(|seen| {
            ended.sight.respawned(seen);
            ended.reborn(&self.plan, seen)
        });
        if reborn {
            self.begin_undo("the container listens anew", now);
        } else if now >= ended.safety_at(&self.plan) {
            self.begin_undo("the safety timer ran out", now);
        } else {
            self.dumps.want(now);
        }
    }

    /// Takes everything back. A drain by hand outlives a container's restart.
    pub(super) fn begin_undo(&mut self, because: &'static str, now: Instant) {
        if self.by_hand {
            self.begin(StopKind::Manual, "lameduck drain, before the restart", now);
            return;
        }
        self.phase = Phase::Undoing { since: now };
        self.out.push(Effect::EndWatch);
        self.probes.end();
        self.set_ready(true);
        self.wishes.restore();
        self.note(Note::UndoBegan { because });
        let phase = PhaseName::Undoing;
        self.note(Note::PhaseBegan { phase, after: Duration::ZERO, because: because.to_owned() });
    }

    fn finish_undo(&mut self, now: Instant) {
        let Phase::Undoing { since } = self.phase else { return };
        if self.wishes.all_settled() {
            self.phase = Phase::Serving;
            self.note(Note::Undone { after: now.saturating_duration_since(since) });
        }
    }
}
