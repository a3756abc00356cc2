//! Who called, and what a call means.

use super::census::{ListenerSeen, PortRole};
use super::course::Course;
use super::effect::{Answer, Effect};
use super::input::{CallerId, ControllerWord, StopCause};
use super::outcome::{Note, PhaseName, StopKind};
use super::plan::Container;
use super::stop::{KIND_DECIDED, Stop};
use super::{Drain, Phase};
use std::time::Instant;

impl Drain {
    pub(super) fn hook_called(
        &mut self,
        caller: CallerId,
        container: Option<String>,
        now: Instant,
    ) {
        let waiting = super::callers::Caller { id: caller, container, since: now };
        let confirmed = self.pod_stop_is_suspected(now);
        if self.plan.is_helper(waiting.container.as_deref()) {
            self.callers.waiting.push(waiting);
            if confirmed {
                self.pod_stop_known("a helper's hook and the agent's own", now);
            }
            return;
        }
        let again = matches!(&self.phase, Phase::Ended(ended)
            if !ended.stop.is_known() && ended.answered.contains(&waiting.container));
        self.callers.waiting.push(waiting);
        match &self.phase {
            Phase::Serving | Phase::Undoing { .. } => {
                self.begin(StopKind::Unknown, "app hook", now);
            }
            Phase::Ended(ended) if again || ended.stop.kind == StopKind::Manual => {
                self.begin(StopKind::Unknown, "app hook", now);
            }
            Phase::Active(course) if course.stop.kind == StopKind::Manual => {
                self.begin(StopKind::Unknown, "app hook", now);
            }
            Phase::Active(_) | Phase::Ended(_) => {}
        }
        if confirmed {
            self.pod_stop_known("the agent's own stop", now);
        }
    }

    /// Our own container is being stopped, and only an app hook was missing. After a SIGTERM
    /// this agent sees no restart through, however late the hook.
    fn pod_stop_is_suspected(&self, now: Instant) -> bool {
        self.own_hook.is_some_and(|at| recent(at, now)) || self.term.is_some()
    }

    /// A trusted hook waits, or somebody reached `/prestop` just now.
    pub(super) fn some_hook_waits(&self, now: Instant) -> bool {
        let strangers = &self.callers.strangers;
        !self.callers.waiting.is_empty() || strangers.iter().any(|s| recent(s.since, now))
    }

    pub(super) fn own_hook_called(&mut self, now: Instant) {
        let unknown = self
            .stop()
            .is_some_and(|stop| matches!(stop.kind, StopKind::Unknown | StopKind::Restart));
        if unknown || self.some_hook_waits(now) || !self.plan.any_hooked() {
            self.pod_stop_known("the agent's own hook", now);
        } else if !self.stop().is_some_and(Stop::is_known) {
            self.own_restart = false;
            self.own_hook.get_or_insert(now);
        }
    }

    /// Two seconds after the own hook alone: does a hooked container still listen?
    pub(super) fn decide_own_hook(&mut self, now: Instant) {
        let Some(since) = self.own_hook else { return };
        if now < since + KIND_DECIDED {
            return;
        }
        match self.dumps.since(since + KIND_DECIDED) {
            None if self.dumps.failed_since(since + KIND_DECIDED) => {
                self.pod_stop_known("the agent's own hook; the sockets cannot be read", now);
            }
            None => self.dumps.want(now),
            Some(seen) => {
                let serves = seen.iter().any(|listener| self.belongs_to_hooked(listener));
                if serves {
                    self.own_hook = None;
                    self.own_restart = true;
                    self.note(Note::OwnRestart);
                } else {
                    self.pod_stop_known("the agent's own hook; nothing listens", now);
                }
            }
        }
    }

    fn belongs_to_hooked(&self, listener: &ListenerSeen) -> bool {
        let owns = |container: &Container| {
            let every = container.ports.is_empty() && container.role == PortRole::Serving;
            container.ports.contains(&listener.port) || every && listener.role == PortRole::Serving
        };
        self.plan.containers.is_empty()
            || self.plan.containers.iter().filter(|container| container.hooked).any(owns)
    }

    pub(super) fn stranger_called(&mut self, caller: CallerId, near: bool, now: Instant) {
        let ended = matches!(&self.phase, Phase::Ended(ended) if ended.stop.is_known());
        if ended {
            self.answer(caller, Answer::Stranger);
            return;
        }
        if !self.callers.admit(caller, near, now) {
            self.note(Note::StrangerRefused);
            self.answer(caller, Answer::Full);
            return;
        }
        self.note(Note::StrangerHeld);
        if self.pod_stop_is_suspected(now) {
            self.pod_stop_known("the agent's own stop and a call without the token", now);
        }
    }

    /// It is certain that the pod is going away.
    pub(super) fn pod_stop_known(&mut self, by: &'static str, now: Instant) {
        match &mut self.phase {
            Phase::Serving | Phase::Undoing { .. } => self.begin(StopKind::PodStop, by, now),
            Phase::Active(course) if course.stop.kind == StopKind::Manual => {
                self.begin(StopKind::PodStop, by, now);
            }
            Phase::Ended(ended) if ended.stop.kind == StopKind::Manual => {
                self.begin(StopKind::PodStop, by, now);
            }
            Phase::Active(course) => {
                if !course.stop.is_known() {
                    course.stop.confirm(now);
                    self.announce_known(by, now);
                }
            }
            // A confirmation after the answer starts no clock; it only cancels the undo.
            Phase::Ended(ended) => {
                if !ended.stop.is_known() {
                    ended.stop.confirm(now);
                    self.announce_known(by, now);
                }
            }
        }
        self.own_hook = None;
    }

    fn announce_known(&mut self, by: &'static str, now: Instant) {
        self.by_hand = false;
        self.probes.begin(now);
        let Some(stop) = self.stop() else { return };
        let after = now.saturating_duration_since(stop.began);
        let budget = stop.budget(&self.plan);
        self.note(Note::StopKnown { by, after, budget });
    }

    /// A stop begins: a new clock, and everything that withdraws us is wished for at once.
    pub(super) fn begin(&mut self, kind: StopKind, by: &'static str, now: Instant) {
        let grace = self.deletion_grace.unwrap_or(self.plan.grace);
        let stop = Stop::new(self.first_call(now), kind, grace);
        let ports = self.known_ports();
        let rate = self.rate.at_stop(now, &self.plan.app_probes, ports);
        let budget = stop.budget(&self.plan);
        self.probes.end();
        if stop.is_known() {
            self.probes.begin(now);
        }
        self.phase = Phase::Active(Box::new(Course::new(stop, &self.plan, rate, now)));
        self.own_hook = None;
        self.own_restart = false;
        self.wishes.withdraw();
        self.out.push(Effect::BeginWatch);
        if self.plan.controller {
            self.out.push(Effect::AskController);
        }
        self.note(Note::StopSeen { kind, by, budget });
        let because = format!("{by} called");
        let phase = PhaseName::Withdrawing;
        self.note(Note::PhaseBegan { phase, after: std::time::Duration::ZERO, because });
    }

    /// The kubelet's clock runs since the first trusted call, which may have been a helper's
    /// hook or the agent's own stop a moment ago.
    fn first_call(&self, now: Instant) -> Instant {
        let term = self.term.as_ref().map(|term| term.at);
        let waiting = self.callers.waiting.iter().map(|caller| caller.since);
        let calls = self.own_hook.into_iter().chain(waiting.filter(|at| recent(*at, now)));
        calls.chain(term).min().unwrap_or(now)
    }

    /// How many serving ports there may be, for the share of the application's probes.
    fn known_ports(&self) -> usize {
        let declared: usize = self.plan.containers.iter().map(|c| c.ports.len()).sum();
        declared.max(1)
    }

    pub(super) fn controller_answered(&mut self, word: ControllerWord, now: Instant) {
        if let Some(grace) = word.deletion_grace {
            self.deletion_grace = Some(grace);
            self.pod_stop_known("the controller", now);
        }
        let stop = match &mut self.phase {
            Phase::Active(course) => &mut course.stop,
            Phase::Ended(ended) => &mut ended.stop,
            Phase::Serving | Phase::Undoing { .. } => return,
        };
        stop.another_ready = word.another_ready_endpoint.unwrap_or(false);
        stop.grace = self.deletion_grace.unwrap_or(stop.grace);
        stop.kubelet |= word.cause == Some(StopCause::Kubelet);
    }

    pub(super) fn drain_requested(&mut self, caller: CallerId, now: Instant) {
        let refused = match &self.phase {
            Phase::Serving | Phase::Undoing { .. } => None,
            Phase::Active(course) if course.stop.kind == StopKind::Manual => None,
            Phase::Ended(ended) if !ended.stop.is_known() && self.callers.waiting.is_empty() => {
                None
            }
            Phase::Ended(ended) if !ended.stop.is_known() => Some("a hook still waits"),
            Phase::Active(_) => Some("a stop is being drained already"),
            Phase::Ended(_) => Some("the pod is stopping"),
        };
        if let Some(because) = refused {
            self.answer(caller, Answer::Refused { because });
            return;
        }
        let manual = self.stop().is_some_and(|stop| stop.kind == StopKind::Manual);
        self.by_hand = true;
        if !manual {
            self.begin(StopKind::Manual, "lameduck drain", now);
        }
        self.answer(caller, Answer::Done);
    }

    pub(super) fn undrain_requested(&mut self, caller: CallerId, now: Instant) {
        let refused = match &self.phase {
            Phase::Serving | Phase::Undoing { .. } => Some("nothing is drained"),
            Phase::Active(course) if course.stop.kind == StopKind::Manual => None,
            Phase::Active(_) => Some("a container is being stopped"),
            Phase::Ended(ended) if ended.stop.is_known() => Some("the pod is stopping"),
            Phase::Ended(_) if !self.callers.waiting.is_empty() => Some("a hook still waits"),
            Phase::Ended(_) => None,
        };
        if let Some(because) = refused {
            self.answer(caller, Answer::Refused { because });
            return;
        }
        self.by_hand = false;
        self.undone_by_hand(now);
        self.begin_undo("lameduck undrain", now);
        self.answer(caller, Answer::Done);
    }
}

/// Recent enough to be part of the same stop.
fn recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) <= KIND_DECIDED
}
