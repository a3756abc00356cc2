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

/// How often the listeners are looked at while something hangs on them.
const DUMP_INTERVAL: Duration = Duration::from_millis(250);
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

    /// May this caller go?
    pub(super) fn frees(&self, caller: &Caller, plan: &Plan, now: Instant) -> bool {
        let name = caller.container.as_deref();
        if plan.is_helper(name) {
            return self.frees_helper(caller, plan, now);
        }
        let Some(after) = plan.container(name).and_then(|c| c.after.as_deref()) else {
            return true;
        };
        let late = self.stop.deadline(plan).is_none_or(|deadline| now >= deadline);
        late || self.is_gone(plan.container(Some(after)))
    }

    /// A helper waits until nobody needs it any more.
    fn frees_helper(&self, caller: &Caller, plan: &Plan, now: Instant) -> bool {
        if !self.stop.is_known() {
            return now >= caller.since + KIND_DECIDED;
        }
        if now >= self.stop.helper_deadline(plan) {
            return true;
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
        let recorded = self.sight.recorded.as_deref().unwrap_or(&[]);
        self.answered.iter().all(|name| {
            let ports = plan.ports_of(name.as_deref());
            seen.iter().filter(|listener| owns(ports, listener)).any(|listener| {
                let of_port = |other: &&ListenerSeen| other.port == listener.port;
                !recorded.iter().filter(of_port).any(|old| seen.contains(old))
            })
        })
    }

    pub(super) fn safety_at(&self, plan: &Plan) -> Instant {
        let restart = plan.restart_budget(self.stop.grace);
        self.last_answered + restart + self.stop.grace + SAFETY_MARGIN
    }
}

fn owns(ports: &[u16], listener: &ListenerSeen) -> bool {
    listener.role == PortRole::Serving && (ports.is_empty() || ports.contains(&listener.port))
}

/// Looks at the LISTEN sockets alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Dumps {
    wanted_at: Option<Instant>,
    asked_at: Option<Instant>,
    seen: Option<(Instant, Vec<ListenerSeen>)>,
    failed_at: Option<Instant>,
}

impl Dumps {
    /// One is wanted now, unless one is under way or has just been taken.
    pub(super) fn want(&mut self, now: Instant) {
        if self.wanted_at.is_none() && self.asked_at.is_none() {
            let last = self.seen.as_ref().map(|(at, _)| *at).max(self.failed_at);
            self.wanted_at = Some(last.map_or(now, |at| (at + DUMP_INTERVAL).max(now)));
        }
    }

    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let due = self.wanted_at.is_some_and(|at| at <= now);
        if due {
            self.wanted_at = None;
            self.asked_at = Some(now);
        }
        due
    }

    pub(super) fn taken(&mut self, now: Instant, seen: Vec<ListenerSeen>) {
        let began = self.asked_at.take().unwrap_or(now);
        self.seen = Some((began, seen));
    }

    pub(super) fn failed(&mut self, now: Instant) {
        if self.asked_at.take().is_some() {
            self.failed_at = Some(now);
        }
    }

    /// The latest dump, if it was begun at `from` or later.
    pub(super) fn since(&self, from: Instant) -> Option<&[ListenerSeen]> {
        self.seen.as_ref().filter(|(at, _)| *at >= from).map(|(_, seen)| &seen[..])
    }

    pub(super) fn failed_since(&self, from: Instant) -> bool {
        self.failed_at.is_some_and(|at| at >= from)
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.wanted_at
    }
}

impl Drain {
    pub(super) fn step_ended(&mut self, now: Instant) {
        self.free_idle_helpers(now);
        self.answer_ended(now);
        self.await_restart(now);
        self.finish_undo(now);
    }

    /// A helper's hook alone starts no drain: held for a known pod stop, then let go.
    fn free_idle_helpers(&mut self, now: Instant) {
        let unknown = !self.stop().is_some_and(Stop::is_known);
        if !unknown {
            return;
        }
        let plan = &self.plan;
        let free = self.callers.take(|caller| {
            plan.is_helper(caller.container.as_deref()) && now >= caller.since + KIND_DECIDED
        });
        let because = "a helper's container restarts";
        for caller in free {
            let waited = now.saturating_duration_since(caller.since);
            self.note(Note::HookAnswered { container: caller.container, waited, because });
            self.answer(caller.id, Answer::Nothing { because });
        }
    }

    /// While no pod stop is known, the container is expected back.
    fn await_restart(&mut self, now: Instant) {
        let Phase::Ended(ended) = &self.phase else { return };
        let awaited = matches!(ended.stop.kind, StopKind::Unknown | StopKind::Restart);
        if !awaited || !self.callers.waiting.is_empty() || self.term.is_some() {
            return;
        }
        let reborn = self
            .dumps
            .since(ended.last_answered)
            .is_some_and(|seen| ended.reborn(&self.plan, seen));
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
