//! What a fixed sleep would have done in a drain's place.

use super::outcome::{LimitedBy, Outcome, Summary};
use std::time::Duration;

/// What a fixed `preStop: sleep` would have done where the drain knew better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SleepComparison {
    /// The sleep would have gone on for so long after the drain was over.
    Wasted(Duration),
    /// The sleep would have been over so long before the drain, with work still in flight or
    /// callers still coming.
    Lacked(Duration),
    /// The drain proves nothing about the sleep: it was cut off sooner, or it went on longer
    /// without anything in flight.
    Unproven,
}

impl SleepComparison {
    /// Positive: wasted. Negative: lacked. `None`: unproven.
    pub fn wasted_seconds(self) -> Option<f64> {
        match self {
            Self::Wasted(time) => Some(time.as_secs_f64()),
            Self::Lacked(time) => Some(-time.as_secs_f64()),
            Self::Unproven => None,
        }
    }
}

/// The `preStop: sleep` most often found in manifests, to which every drain is compared.
pub const FIXED_SLEEP: Duration = Duration::from_secs(30);

impl Summary {
    /// Compares a drain with a fixed sleep of that length.
    pub fn against_sleep(&self, sleep: Duration) -> SleepComparison {
        if self.total > sleep {
            return match needed_after(self, sleep) {
                true => SleepComparison::Lacked(self.total - sleep),
                false => SleepComparison::Unproven,
            };
        }
        match self.outcome {
            Outcome::Drained | Outcome::Pinned | Outcome::AppGone | Outcome::Restarted => {
                SleepComparison::Wasted(sleep - self.total)
            }
            Outcome::Deadline | Outcome::Undone => SleepComparison::Unproven,
        }
    }
}

/// Whether something was still to be protected when the sleep would have been over. A drain that
/// went on only because a delay had to pass is no proof of it.
fn needed_after(summary: &Summary, sleep: Duration) -> bool {
    let came_later = summary.last_new_connection.is_some_and(|(after, _)| after > sleep);
    let busy_at_end = summary.in_flight_at_end.is_some_and(|n| n.busy > 0 || n.backlog > 0);
    let waited_for_work = match summary.limited_by {
        LimitedBy::BusyConnections
        | LimitedBy::AcceptQueue
        | LimitedBy::ReportedWork
        | LimitedBy::StreamWait => true,
        LimitedBy::Nothing
        | LimitedBy::Census
        | LimitedBy::Silence
        | LimitedBy::Propagation
        | LimitedBy::Readiness
        | LimitedBy::Registries
        | LimitedBy::WarmConnections
        | LimitedBy::UnknownWork
        | LimitedBy::IdleWait
        | LimitedBy::PinnedWait
        | LimitedBy::AdoptedHook
        | LimitedBy::GracePeriod
        | LimitedBy::RestartDrain
        | LimitedBy::KubeletStopCap
        | LimitedBy::NoProgress
        | LimitedBy::ListenersGone => false,
    };
    came_later || busy_at_end || waited_for_work
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::InFlight;
    use crate::drain::testing::summary;

    #[test]
    fn a_drain_that_was_over_sooner_shows_what_the_sleep_wastes() {
        for outcome in [Outcome::Drained, Outcome::Pinned, Outcome::AppGone, Outcome::Restarted] {
            let compared = summary(outcome, LimitedBy::Silence, 6).against_sleep(FIXED_SLEEP);
            assert_eq!(compared, SleepComparison::Wasted(Duration::from_secs(24)));
            assert_eq!(compared.wasted_seconds(), Some(24.0));
        }
    }

    #[test]
    fn a_drain_that_was_cut_off_proves_nothing_about_a_longer_sleep() {
        for outcome in [Outcome::Deadline, Outcome::Undone] {
            let cut = summary(outcome, LimitedBy::GracePeriod, 19);
            assert_eq!(cut.against_sleep(FIXED_SLEEP), SleepComparison::Unproven);
        }
    }

    #[test]
    fn a_longer_drain_shows_what_the_sleep_lacks_only_where_it_was_needed() {
        let lacked = SleepComparison::Lacked(Duration::from_secs(12));
        let idle = summary(Outcome::Drained, LimitedBy::Propagation, 42);
        assert_eq!(idle.against_sleep(FIXED_SLEEP), SleepComparison::Unproven);

        let busy = summary(Outcome::Drained, LimitedBy::BusyConnections, 42);
        assert_eq!(busy.against_sleep(FIXED_SLEEP), lacked);
        assert_eq!(lacked.wasted_seconds(), Some(-12.0));

        for (seconds, expected) in [(29, SleepComparison::Unproven), (31, lacked)] {
            let last_new_connection = Some((Duration::from_secs(seconds), None));
            let late = Summary { last_new_connection, ..idle.clone() };
            assert_eq!(late.against_sleep(FIXED_SLEEP), expected);
        }
        let in_flight_at_end = Some(InFlight { busy: 1, ..InFlight::default() });
        let left = Summary { in_flight_at_end, outcome: Outcome::Deadline, ..idle };
        assert_eq!(left.against_sleep(FIXED_SLEEP), lacked);
    }
}
