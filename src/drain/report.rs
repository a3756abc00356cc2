//! The core explains itself.

use super::ending::caveats;
use super::outcome::PhaseName;
use super::sight::Sight;
use super::status::Status;
use super::{Drain, Phase};
use std::time::Instant;

impl Drain {
    /// What is going on at this moment, and what is still waited for.
    pub fn status(&self, now: Instant) -> Status {
        let stop = self.stop();
        let course = match &self.phase {
            Phase::Active(course) => Some(course),
            Phase::Serving | Phase::Ended(_) | Phase::Undoing { .. } => None,
        };
        let deadline = course.and_then(|course| course.stop.deadline(&self.plan));
        let sight = self.sight();
        Status {
            phase: self.phase_name(),
            kind: stop.map(|stop| stop.kind),
            ready: self.wishes.ready,
            elapsed: stop.map(|stop| now.saturating_duration_since(stop.began)),
            budget_left: deadline.map(|at| at.saturating_duration_since(now)),
            waiting_for: self.waiting_for(now),
            limited_by: course.map(|course| course.limit),
            callers: count(self.callers.waiting.len()),
            strangers: count(self.callers.strangers.len()),
            arrival_rate: course.and_then(|course| course.rate),
            in_flight: sight.and_then(Sight::in_flight),
            ports: sight
                .and_then(|sight| sight.latest.as_ref())
                .map_or_else(Vec::new, |census| census.ports.clone()),
            late_connections: sight.map_or(0, |sight| sight.silence.arrivals()),
            caveats: course
                .map_or_else(Vec::new, |course| caveats(course, &self.wishes, &self.plan, now)),
            last: self.last.clone(),
        }
    }

    fn sight(&self) -> Option<&Sight> {
        match &self.phase {
            Phase::Active(course) => Some(&course.sight),
            Phase::Ended(ended) => Some(&ended.sight),
            Phase::Serving | Phase::Undoing { .. } => None,
        }
    }

    pub(super) fn phase_name(&self) -> PhaseName {
        match &self.phase {
            Phase::Serving => PhaseName::Serving,
            Phase::Active(course) if course.delisted_at.is_none() => PhaseName::Withdrawing,
            Phase::Active(_) => PhaseName::Emptying,
            Phase::Ended(_) => PhaseName::Ended,
            Phase::Undoing { .. } => PhaseName::Undoing,
        }
    }

    fn waiting_for(&self, now: Instant) -> Option<String> {
        match &self.phase {
            Phase::Serving => self.own_hook.map(|_| {
                "two seconds for an app hook, since the agent's own container is being stopped"
                    .to_owned()
            }),
            Phase::Active(course) => course.waiting.as_ref().map(ToString::to_string),
            Phase::Ended(ended) if !self.callers.waiting.is_empty() => {
                let left = ended.stop.helper_deadline(&self.plan).saturating_duration_since(now);
                let names: Vec<_> = self
                    .callers
                    .waiting
                    .iter()
                    .map(|caller| caller.container.as_deref().unwrap_or("a container"))
                    .collect();
                Some(format!(
                    "nobody to need {} any more, at most {}",
                    names.join(", "),
                    super::waiting::secs(left)
                ))
            }
            Phase::Ended(ended) if ended.stop.is_known() => None,
            Phase::Ended(ended) if ended.stop.kind == super::StopKind::Manual => {
                Some("lameduck undrain".to_owned())
            }
            Phase::Ended(ended) => {
                let left = ended.safety_at(&self.plan).saturating_duration_since(now);
                Some(format!(
                    "the restarted container to listen anew; undone in {} in any case",
                    super::waiting::secs(left)
                ))
            }
            Phase::Undoing { .. } => Some("everything to be put back".to_owned()),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
