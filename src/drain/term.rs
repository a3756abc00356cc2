//! The agent's own SIGTERM: when to leave.

use super::callers::Caller;
use super::effect::{Answer, Effect};
use super::outcome::StopKind;
use super::stop::KIND_DECIDED;
use super::{Drain, Phase};
use std::time::{Duration, Instant};

/// Registries are given this long where no hook ever came.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Leaves this long before the kubelet would kill the agent.
const MARGIN: Duration = Duration::from_secs(1);

/// SIGTERM was received.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) at: Instant,
    /// What is registered was asked to leave, without a hook.
    withdrawn_at: Option<Instant>,
}

impl Drain {
    pub(super) fn term_received(&mut self, now: Instant) {
        if self.own_restart {
            self.exit();
            return;
        }
        if self.term.is_none() {
            self.term = Some(Term { at: now, withdrawn_at: None });
        }
        let waits = match &self.phase {
            Phase::Active(course) => course.stop.kind != StopKind::Manual,
            Phase::Ended(_) => false,
            Phase::Serving | Phase::Undoing { .. } => self.some_hook_waits(now),
        };
        if waits {
            self.pod_stop_known("SIGTERM", now);
        }
    }

    pub(super) fn step_term(&mut self, now: Instant) {
        let Some(term) = self.term.clone() else { return };
        if self.own_restart {
            return self.exit();
        }
        if self.exited || !self.callers.waiting.is_empty() {
            return;
        }
        let (hookless, latest) = match &self.phase {
            Phase::Active(course) if course.stop.kind != StopKind::Manual => return,
            Phase::Ended(ended) if ended.stop.is_known() => {
                (false, ended.stop.began + ended.stop.grace.saturating_sub(MARGIN))
            }
            Phase::Serving | Phase::Active(_) | Phase::Ended(_) | Phase::Undoing { .. } => {
                (true, term.at + self.plan.grace.saturating_sub(MARGIN))
            }
        };
        if hookless && !self.last_words(&term, now) {
            return;
        }
        self.leave_when_gone(term.at, latest, now);
    }

    /// Two seconds for a hook to come, then what is registered is taken out, within two more.
    fn last_words(&mut self, term: &Term, now: Instant) -> bool {
        if now < term.at + KIND_DECIDED {
            return false;
        }
        let Some(since) = term.withdrawn_at else {
            self.wishes.withdraw();
            if let Some(term) = &mut self.term {
                term.withdrawn_at = Some(now);
            }
            return self.wishes.registries_pending(now, now + LAST_WORDS).is_empty();
        };
        self.wishes.registries_pending(now, since + LAST_WORDS).is_empty()
    }

    fn leave_when_gone(&mut self, since: Instant, latest: Instant, now: Instant) {
        let gone = self.dumps.since(since).is_some_and(<[_]>::is_empty);
        if gone || now >= latest {
            self.exit();
        } else {
            self.dumps.want(now);
        }
    }

    /// Nobody is left unanswered.
    fn exit(&mut self) {
        if self.exited {
            return;
        }
        self.exited = true;
        for Caller { id, .. } in self.callers.take(|_| true) {
            self.answer(id, Answer::Nothing { because: "the agent leaves" });
        }
        for stranger in self.callers.take_strangers(|_| true) {
            self.answer(stranger.id, Answer::Stranger);
        }
        self.out.push(Effect::Exit);
    }

    /// When SIGTERM's own clocks run out.
    pub(super) fn term_due(&self) -> Option<Instant> {
        let term = self.term.as_ref().filter(|_| !self.exited)?;
        let hook = term.at + KIND_DECIDED;
        Some(term.withdrawn_at.map_or(hook, |at| at + LAST_WORDS))
    }
}
