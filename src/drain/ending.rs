//! The end of a drain: the outcome, the answers, the summary.

use super::aftermath::Ended;
use super::callers::Caller;
use super::course::Course;
use super::effect::Answer;
use super::outcome::{InFlight, LimitedBy, Note, Outcome, PhaseName, StopKind, Summary};
use super::plan::Plan;
use super::waiting::{Waiting, secs};
use super::wishes::Wishes;
use super::{Drain, Phase};
use std::sync::Arc;
use std::time::Instant;

impl Drain {
    /// The clocks that nothing may outrun.
    pub(super) fn check_deadline(&mut self, now: Instant) {
        let Phase::Active(course) = &self.phase else { return };
        let Some((budget, limit)) = course.stop.cap(&self.plan) else { return };
        if now < course.stop.began + budget {
            return;
        }
        let (outcome, limited_by) = match course.decided {
            Some((outcome, _)) => (outcome, LimitedBy::AdoptedHook),
            None => (Outcome::Deadline, limit),
        };
        // No time is left to wait for them, but they are owed the call.
        self.call_adopted_first();
        self.end(outcome, limited_by, now);
    }

    /// The verdict is in: the containers' own hooks are called, then the answer goes out.
    pub(super) fn decide(&mut self, outcome: Outcome, limited_by: LimitedBy, now: Instant) {
        let Phase::Active(course) = &mut self.phase else { return };
        course.decided.get_or_insert((outcome, limited_by));
        self.end_if_decided(now);
    }

    /// Ends a decided drain once the adopted hooks have returned.
    pub(super) fn end_if_decided(&mut self, now: Instant) {
        let Phase::Active(course) = &self.phase else { return };
        let Some((outcome, limited_by)) = course.decided else { return };
        self.call_adopted_first();
        let containers = self.adopted_first_running();
        if containers.is_empty() {
            self.end(outcome, limited_by, now);
        } else if let Phase::Active(course) = &mut self.phase {
            course.waiting = Some(Waiting::Adopted { containers });
        }
    }

    fn end(&mut self, outcome: Outcome, limited_by: LimitedBy, now: Instant) {
        let Phase::Active(course) = std::mem::replace(&mut self.phase, Phase::Serving) else {
            return;
        };
        let outcome = as_told(outcome, course.stop.kind);
        let summary =
            Arc::new(summarise(&course, &self.wishes, &self.plan, outcome, limited_by, now));
        self.last = Some(Arc::clone(&summary));
        let after = summary.total;
        let because = format!("{}, limited by {}", outcome.name(), limited_by.name());
        self.note(Note::PhaseBegan { phase: PhaseName::Ended, after, because });
        self.note(Note::Ended(Arc::clone(&summary)));
        self.phase = Phase::Ended(Box::new(Ended::new(*course, summary, now)));
        self.answer_ended(now);
        self.answer_strangers(now);
    }

    /// A manual drain was taken back before it was over.
    pub(super) fn undone_by_hand(&mut self, now: Instant) {
        let Phase::Active(course) = &self.phase else { return };
        let (outcome, limit) = (Outcome::Undone, LimitedBy::Nothing);
        let summary = Arc::new(summarise(course, &self.wishes, &self.plan, outcome, limit, now));
        self.last = Some(Arc::clone(&summary));
        self.note(Note::Ended(summary));
    }

    /// Answers the callers that the drain held, but for those that must wait for others.
    pub(super) fn answer_ended(&mut self, now: Instant) {
        let Phase::Ended(ended) = &self.phase else { return };
        let (plan, summary) = (&self.plan, Arc::clone(&ended.summary));
        let is_helper = |caller: &Caller| plan.is_helper(caller.container.as_deref());
        let serving_waits = !self.callers.waiting.iter().all(is_helper);
        let leaving = self.adopted.part(
            &self.callers.waiting,
            plan,
            now,
            |caller| ended.frees(caller, serving_waits, plan, now),
            |caller| ended.latest(caller, plan),
        );
        let free = self.let_go(leaving);
        let answered: Vec<_> = free
            .iter()
            .map(|caller| caller.container.clone())
            .filter(|name| !self.plan.is_helper(name.as_deref()))
            .collect();
        for caller in free {
            self.tell(&caller, &summary, now);
        }
        if let Phase::Ended(ended) = &mut self.phase {
            ended.remember(answered, now);
        }
    }

    fn tell(&mut self, caller: &Caller, summary: &Arc<Summary>, now: Instant) {
        let waited = now.saturating_duration_since(caller.since);
        let container = caller.container.clone();
        self.note(Note::HookAnswered { container, waited, because: summary.outcome.name() });
        self.answer(caller.id, Answer::Ended(Arc::clone(summary)));
    }
}

/// While no pod stop is known, every end but the application's own is a restart's.
fn as_told(outcome: Outcome, kind: StopKind) -> Outcome {
    match (kind, outcome) {
        (StopKind::Unknown | StopKind::Restart, Outcome::AppGone) => Outcome::AppGone,
        (StopKind::Unknown | StopKind::Restart, _) => Outcome::Restarted,
        (StopKind::PodStop | StopKind::Manual, outcome) => outcome,
    }
}

fn summarise(
    course: &Course,
    wishes: &Wishes,
    plan: &Plan,
    outcome: Outcome,
    limited_by: LimitedBy,
    now: Instant,
) -> Summary {
    let began = course.stop.began;
    let total = now.saturating_duration_since(began);
    let delisted = course.delisted_at.map(|at| at.saturating_duration_since(began));
    let last = course.sight.silence.last_arrival();
    let clocked = matches!(outcome, Outcome::Deadline | Outcome::Restarted);
    let waiting = course.waiting.as_ref().filter(|_| clocked);
    let waiting_for = waiting.map(ToString::to_string);
    let withdrawing = delisted.unwrap_or(total).min(total);
    Summary {
        outcome,
        limited_by,
        kind: course.stop.kind,
        total,
        withdrawing,
        emptying: total.saturating_sub(withdrawing),
        budget: course.stop.budget(plan),
        in_flight_at_start: course.sight.at_start,
        in_flight_at_end: course.sight.in_flight(),
        late_connections: course.sight.silence.arrivals(),
        last_new_connection: last.map(|(at, peer)| (at.saturating_duration_since(began), peer)),
        leftovers: course.sight.peers(),
        waiting_for,
        caveats: caveats(course, wishes, plan, now),
        advice: advice(course, plan, outcome, limited_by),
    }
}

/// What was never known, and what was given up.
pub(super) fn caveats(course: &Course, wishes: &Wishes, plan: &Plan, now: Instant) -> Vec<String> {
    let give_up_at = course.stop.began + plan.registry_bound(course.stop.grace);
    let mut caveats = wishes.caveats(now >= give_up_at);
    caveats.extend(course.sources.caveats(plan));
    if let Some(why) = &course.sight.ever_failed {
        caveats.push(format!("the sockets could not be read: {why}"));
    }
    if let Some(why) = course.sight.counted_only() {
        caveats.push(format!("connections were counted and not judged: {why}"));
    } else if let Some(InFlight { unknown: unknown @ 1.., .. }) = course.sight.in_flight() {
        caveats.push(format!("{unknown} connections could not be judged"));
    }
    if course.sight.never_listened() {
        caveats.push("nothing listened on a serving port when the stop was seen".to_owned());
    }
    if course.sight.events_lost {
        caveats
            .push("the kernel dropped events: short connections may have been missed".to_owned());
    }
    caveats
}

fn advice(course: &Course, plan: &Plan, outcome: Outcome, limited_by: LimitedBy) -> Option<String> {
    let budget = plan.budget(course.stop.grace);
    match (outcome, limited_by) {
        (Outcome::Pinned, LimitedBy::StreamWait) => Some(
            "streams never end by themselves: let the application say good-bye when it is told \
             (setting notify), or raise stream-wait"
                .to_owned(),
        ),
        (Outcome::Pinned, _) => Some(
            "clients stay on their old connections: let the application answer with \
             Connection: close when it is told that it drains (setting notify)"
                .to_owned(),
        ),
        (Outcome::Deadline, _) if plan.propagation >= budget => Some(format!(
            "the propagation delay ({}) does not fit into the budget ({} = grace period {} - \
             reserve {} - 1 s): raise terminationGracePeriodSeconds or lower propagation",
            secs(plan.propagation),
            secs(budget),
            secs(course.stop.grace),
            secs(plan.reserve(course.stop.grace)),
        )),
        (Outcome::Deadline, LimitedBy::GracePeriod) => Some(
            "the work in hand needs longer than the budget: raise terminationGracePeriodSeconds"
                .to_owned(),
        ),
        (Outcome::Deadline, _)
        | (Outcome::Drained | Outcome::AppGone | Outcome::Restarted | Outcome::Undone, _) => None,
    }
}
