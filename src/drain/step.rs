//! One step of the machine: everything that follows from what is known and from the time.

use super::course::Course;
use super::effect::{Answer, Effect, NotifyPhase};
use super::outcome::{LimitedBy, Note, Outcome, PhaseName, StopKind};
use super::plan::Unready;
use super::verdict::{Hold, View};
use super::{Drain, Phase};
use std::time::Instant;

impl Drain {
    pub(super) fn step(&mut self, now: Instant) {
        self.decide_own_hook(now);
        self.decide_kind(now);
        self.judge_probes(now);
        self.turn_unready(now);
        self.judge(now);
        self.check_deadline(now);
        self.step_ended(now);
        self.step_term(now);
        self.answer_strangers(now);
        self.act(now);
        self.look(now);
    }

    fn decide_kind(&mut self, now: Instant) {
        let stop = match &mut self.phase {
            Phase::Active(course) => &mut course.stop,
            Phase::Ended(ended) => &mut ended.stop,
            Phase::Serving | Phase::Undoing { .. } => return,
        };
        if stop.kind_due().is_some_and(|due| due <= now) {
            stop.kind = StopKind::Restart;
            let after = now.saturating_duration_since(stop.began);
            self.note(Note::RestartSeen { after });
        }
    }

    /// Probes that stop after a known stop reveal that the kubelet began it by itself.
    fn judge_probes(&mut self, now: Instant) {
        let Phase::Active(course) = &mut self.phase else { return };
        let known = course.stop.is_known() && !course.stop.kubelet;
        if !known || self.probes.due().is_none_or(|due| now < due) {
            return;
        }
        course.stop.kubelet = true;
        let budget = self.plan.kubelet_stop_budget(course.stop.grace);
        let silent_for = self.probes.silent_for(now);
        self.note(Note::KubeletStopSuspected { silent_for, budget });
    }

    pub(super) fn probe_served(&mut self, ready: bool, accepted: Option<u64>, now: Instant) {
        self.probes.seen(now, self.stop().is_none());
        if let Some(accepted) = accepted.filter(|_| matches!(self.phase, Phase::Serving)) {
            self.rate.read(now, accepted, true);
        }
        let Phase::Active(course) = &mut self.phase else { return };
        if !ready && course.unready_at.is_some() {
            course.unready_read_at.get_or_insert(now);
        }
        if std::mem::take(&mut course.stop.kubelet) {
            self.note(Note::KubeletStopWithdrawn);
        }
    }

    /// The policy of `unready`: when it is time to fail the readiness probe.
    fn turn_unready(&mut self, now: Instant) {
        let Phase::Active(course) = &self.phase else { return };
        let (always, because) = match (self.plan.unready, course.stop.kind) {
            (Unready::Never, _) => return,
            (Unready::Always, _) => (true, "policy always"),
            (Unready::Auto, StopKind::Unknown) => return,
            // Nothing else takes a pod that lives on out of the lists.
            (Unready::Auto, StopKind::Restart) => (true, "a container restarts"),
            (Unready::Auto, StopKind::Manual) => (true, "drained by hand"),
            (Unready::Auto, StopKind::PodStop) => {
                (course.stop.another_ready, "another endpoint is ready")
            }
        };
        if course.unready_at.is_some() {
            return;
        }
        if always {
            self.unready(because, now);
        } else if self.is_silent(course) {
            self.unready("new connections have stopped", now);
        } else if now >= course.stop.unready_due(&self.plan) {
            self.unready("the lists must have changed", now);
        }
    }

    fn is_silent(&self, course: &Course) -> bool {
        course.judged_at().is_some_and(|at| self.view(course, at).not_silent().is_none())
    }

    fn unready(&mut self, because: &'static str, now: Instant) {
        let Phase::Active(course) = &mut self.phase else { return };
        course.unready_at = Some(now);
        let after = now.saturating_duration_since(course.stop.began);
        // A stop that follows a withdrawn one finds the kubelet informed already.
        if !self.wishes.ready {
            course.unready_read_at = Some(now);
        }
        self.set_ready(false);
        self.note(Note::TurnedUnready { because, after });
    }

    fn view<'a>(&'a self, course: &'a Course, at: Instant) -> View<'a> {
        View { plan: &self.plan, course, wishes: &self.wishes, probed: self.probes.any(), at }
    }

    /// Moves the drain on as far as the latest census allows.
    fn judge(&mut self, now: Instant) {
        let Phase::Active(course) = &self.phase else { return };
        if course.decided.is_some() {
            return self.end_if_decided(now);
        }
        let Some(at) = course.judged_at() else {
            let failure = course.sight.failure.clone();
            return self
                .wait(Hold { waiting: super::waiting::Waiting::Census { failure }, due: None });
        };
        self.keep_windows(at, now);
        if self.ended_early(at, now) {
            return;
        }
        if let Some(hold) = self.withdraw(at, now) {
            return self.wait(hold);
        }
        let Phase::Active(course) = &self.phase else { return };
        match self.view(course, at).emptied() {
            Ok((outcome, limited_by)) => self.decide(outcome, limited_by, now),
            Err(hold) => self.wait(hold),
        }
    }

    /// Since when everything has held, and since when the application has been gone.
    fn keep_windows(&mut self, at: Instant, now: Instant) {
        let Phase::Active(course) = &self.phase else { return };
        let empty = self.view(course, at).not_empty().is_none();
        let gone = course.sight.app_is_gone();
        let Phase::Active(course) = &mut self.phase else { return };
        if empty {
            let proves = course.held_up_at.is_none_or(|held_up| at >= held_up);
            course.empty_since = course.empty_since.or(proves.then_some(at));
        } else {
            // A census of the past may be taken for empty only by what was read after it.
            let read_since = course.sources.exist();
            course.held_up_at = Some(if read_since { now } else { at });
            course.empty_since = None;
        }
        course.gone_since = if gone { course.gone_since.or(Some(at)) } else { None };
    }

    /// Nothing left to protect, or a restart that makes no progress.
    fn ended_early(&mut self, at: Instant, now: Instant) -> bool {
        let Phase::Active(course) = &self.phase else { return false };
        let view = self.view(course, at);
        match (view.app_gone(), view.no_progress()) {
            (Some(Ok((outcome, limited_by))), _) => self.decide(outcome, limited_by, now),
            (Some(Err(hold)), _) => self.wait(hold),
            (None, Some(Ok(()))) => self.decide(Outcome::Restarted, LimitedBy::NoProgress, now),
            (None, _) => return false,
        }
        true
    }

    /// What keeps the drain withdrawing; `None`: it is delisted.
    fn withdraw(&mut self, at: Instant, now: Instant) -> Option<Hold> {
        let Phase::Active(course) = &self.phase else { return None };
        if course.delisted_at.is_some() {
            return None;
        }
        if let Some(hold) = self.view(course, at).not_delisted(now) {
            return Some(hold);
        }
        let after = now.saturating_duration_since(course.stop.began);
        let because = match course.limit {
            LimitedBy::Nothing => "off the lists".to_owned(),
            limit => format!("off the lists, limited by {}", limit.name()),
        };
        if let Phase::Active(course) = &mut self.phase {
            course.delisted_at = Some(now);
        }
        self.wishes.notify(NotifyPhase::Delisted);
        self.note(Note::PhaseBegan { phase: PhaseName::Emptying, after, because });
        None
    }

    /// Remembers what is waited for, and has the next census come in time for it.
    fn wait(&mut self, hold: Hold) {
        let restart = match &self.phase {
            Phase::Active(course) => {
                let at = course.judged_at();
                at.and_then(|at| self.view(course, at).no_progress()?.err())
            }
            Phase::Serving | Phase::Ended(_) | Phase::Undoing { .. } => None,
        };
        let Phase::Active(course) = &mut self.phase else { return };
        let formality = hold.waiting.is_formality();
        if !formality {
            course.limit = hold.waiting.limit();
        }
        let due = hold.due.into_iter().chain(restart).min();
        course.sight.hurry(due, formality);
        course.waiting = Some(hold.waiting);
    }

    /// Strangers are held for as long as a fixed sleep would take, or until a stop's end.
    pub(super) fn answer_strangers(&mut self, now: Instant) {
        let held = self.plan.restart_budget(self.plan.grace);
        let (known, over) = match &self.phase {
            Phase::Active(course) => (course.stop.is_known(), false),
            Phase::Ended(ended) => (false, ended.stop.is_known()),
            Phase::Serving | Phase::Undoing { .. } => (false, false),
        };
        let free = self
            .callers
            .take_strangers(|stranger| over || (!known && now >= stranger.since + held));
        for stranger in free {
            self.answer(stranger.id, Answer::Stranger);
        }
    }

    /// Applies the newest wishes.
    fn act(&mut self, now: Instant) {
        let grace = self.stop().map_or(self.plan.grace, |stop| stop.grace);
        let deadline = self.stop().and_then(|stop| stop.deadline(&self.plan));
        let left = deadline.map(|at| at.saturating_duration_since(now));
        let within = self.plan.registry_bound(grace);
        self.wishes.act(now, left, within, &mut self.out);
    }

    /// Asks for the looks at the sockets that are due.
    fn look(&mut self, now: Instant) {
        let (census, sources) = match &mut self.phase {
            Phase::Active(course) => (course.sight.ask(now), course.sources.exist()),
            Phase::Ended(ended) => {
                (ended.wants_census(&self.callers) && ended.sight.ask(now), false)
            }
            Phase::Serving | Phase::Undoing { .. } => (false, false),
        };
        if census {
            self.out.push(Effect::TakeCensus);
        }
        if census && sources {
            self.out.push(Effect::ReadSources);
        }
        if self.dumps.ask(now) {
            self.out.push(Effect::DumpListeners);
        }
    }

    pub(super) fn census_taken(&mut self, census: super::Census, now: Instant) {
        // An answer that took much longer than the look itself: the agent did not run.
        let away = now.saturating_duration_since(census.began + census.took);
        self.lapsed(away, now);
        match &mut self.phase {
            Phase::Active(course) => course.sight.taken(census, &self.plan),
            Phase::Ended(ended) => ended.sight.taken(census, &self.plan),
            Phase::Serving | Phase::Undoing { .. } => {}
        }
    }

    pub(super) fn census_failed(&mut self, why: String, now: Instant) {
        self.dumps.failed(now);
        let news = match &mut self.phase {
            Phase::Active(course) => {
                course.empty_since = None;
                course.gone_since = None;
                course.sight.failed(now, why.clone())
            }
            Phase::Ended(ended) => ended.sight.failed(now, why.clone()),
            Phase::Serving | Phase::Undoing { .. } => false,
        };
        if news {
            self.note(Note::CensusFailed { why });
        }
    }
}
