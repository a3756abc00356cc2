//! What an outcome may be, by the last looks at the pod.

use super::super::secs;
use crate::drain::*;
use std::time::Instant;

/// The last looks at the pod, as they really were.
pub(super) struct Seen {
    census: Option<Census>,
    pub(super) readable: bool,
    pub(super) readings: Vec<Option<Reading>>,
    /// When the latest census was begun in which something held.
    held: Option<Instant>,
    /// Own preStop hooks were called: the verdict is older than the answer.
    pub(super) adopted: bool,
    stands_alone: bool,
}

impl Seen {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            census: None,
            readable: false,
            readings: vec![None; plan.sources.len()],
            held: None,
            adopted: false,
            stands_alone: plan.sources.iter().any(|source| source.complete),
        }
    }

    /// A stop begins, perhaps while own hooks of the last one still run.
    pub(super) fn begin(&mut self) {
        (self.census, self.readable, self.held) = (None, false, None);
        self.readings.fill(None);
    }

    pub(super) fn census(&mut self, census: &Census) {
        self.readable = true;
        if !self.is_empty(census) {
            self.held = Some(census.began);
        }
        self.census = Some(census.clone());
    }

    fn is_empty(&self, census: &Census) -> bool {
        let busy = |port: &PortCensus| port.busy + port.unknown > 0 && !port.protocol.is_stream();
        counts(census).all(|port| port.backlog == 0 && (self.stands_alone || !busy(port)))
    }

    /// The outcome must be what the last look allows.
    pub(super) fn check_end(&self, summary: &Summary) -> Result<(), String> {
        use LimitedBy::{GracePeriod, KubeletStopCap, ListenersGone, NoProgress, RestartDrain};
        let clock = matches!(
            summary.limited_by,
            GracePeriod | KubeletStopCap | ListenersGone | NoProgress | RestartDrain
        );
        if clock || summary.outcome == Outcome::Undone || self.adopted {
            return Ok(());
        }
        let Some(census) = self.census.as_ref().filter(|_| self.readable) else {
            return Err(format!("{summary:?} without a readable census"));
        };
        let unknown =
            |reading: &Option<Reading>| matches!(reading, None | Some(Reading::Unknown(_)));
        if self.readings.iter().any(unknown) {
            return Err(format!("{summary:?} with a source unknown"));
        }
        let backlog = counts(census).any(|port| port.backlog > 0);
        let unjudged = counts(census).any(|port| port.unknown > 0 && !port.protocol.is_stream());
        if backlog || unjudged && !self.stands_alone {
            return Err(format!("{summary:?} with connections unknown or waiting: {census:?}"));
        }
        let pinned = matches!(summary.limited_by, LimitedBy::PinnedWait | LimitedBy::StreamWait)
            && summary.outcome != Outcome::Drained;
        if pinned { Ok(()) } else { self.check_drained(summary, census) }
    }

    fn check_drained(&self, summary: &Summary, census: &Census) -> Result<(), String> {
        let busy = counts(census).any(|port| port.busy + port.unknown > 0);
        if busy && !self.stands_alone {
            return Err(format!("{summary:?} and a port was busy: {census:?}"));
        }
        if self.readings.iter().any(|reading| *reading != Some(Reading::Zero)) {
            return Err(format!("{summary:?} and a source was not zero"));
        }
        let held = self.held.map(|at| census.began.duration_since(at));
        if held.is_some_and(|since| since < secs(0.3)) {
            return Err(format!("{summary:?} and a port was busy {held:?} before"));
        }
        Ok(())
    }
}

fn counts(census: &Census) -> impl Iterator<Item = &PortCensus> {
    census.ports.iter().filter(|port| port.role == PortRole::Serving)
}
