//! The agent's own SIGTERM: when to leave.

use super::callers::Caller;
use super::census::{ListenerSeen, PortRole};
use super::effect::{Answer, Effect};
use super::input::Input;
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
        // What the agent's own hook meant decides whether anything is taken out at all.
        if self.exited || self.own_hook.is_some() || !self.callers.waiting.is_empty() {
            return;
        }
        let Some((hookless, latest)) = self.term_latest(&term) else { return };
        if hookless && !self.last_words(&term, now) {
            return;
        }
        let since = if hookless { term.at + KIND_DECIDED } else { term.at };
        self.leave_when_gone(since, latest, now);
    }

    /// Did no pod stop come with the SIGTERM, and when must the agent have left at the latest?
    fn term_latest(&self, term: &Term) -> Option<(bool, Instant)> {
        match &self.phase {
            Phase::Active(course) if course.stop.kind != StopKind::Manual => None,
            Phase::Ended(ended) if ended.stop.is_known() => {
                Some((false, ended.stop.began + ended.stop.grace.saturating_sub(MARGIN)))
            }
            Phase::Serving | Phase::Active(_) | Phase::Ended(_) | Phase::Undoing { .. } => {
                Some((true, term.at + self.plan.grace.saturating_sub(MARGIN)))
            }
        }
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
        let serves = |listener: &ListenerSeen| listener.role == PortRole::Serving;
        let gone = self.dumps.since(since).is_some_and(|seen| !seen.iter().any(serves));
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
        let words = term.withdrawn_at.map_or(hook, |at| at + LAST_WORDS);
        let latest = self.term_latest(term).map(|(_, latest)| latest);
        let past = |at: &Instant| self.latest.is_none_or(|latest| *at > latest);
        Some(words).into_iter().chain(latest).filter(past).min()
    }

    /// After the last word everybody is told that there is nobody any more.
    pub(super) fn turn_away(&mut self, input: &Input) {
        let because = "the agent leaves";
        match input {
            Input::HookCalled { caller, .. } => {
                self.answer(*caller, Answer::Nothing { because });
            }
            Input::StrangerCalled { caller, .. } => self.answer(*caller, Answer::Stranger),
            Input::DrainRequested { caller } | Input::UndrainRequested { caller } => {
                self.answer(*caller, Answer::Refused { because });
            }
            _ => {}
        }
    }
}
