//! What tests begin with: an origin of time, a drain that ended.

use super::outcome::{InFlight, LimitedBy, Outcome, StopKind, Summary};
use std::time::{Duration, Instant};

/// Any instant will do: rules compare instants and never ask for the time.
#[expect(clippy::disallowed_methods, reason = "the origin that tests count from")]
pub(super) fn instant() -> Instant {
    Instant::now()
}

/// A quiet pod stop that withdrew for `total` seconds and left nothing behind.
pub(crate) fn summary(outcome: Outcome, limited_by: LimitedBy, total: u64) -> Summary {
    Summary {
        outcome,
        limited_by,
        kind: StopKind::PodStop,
        total: Duration::from_secs(total),
        withdrawing: Duration::from_secs(total),
        emptying: Duration::ZERO,
        budget: None,
        in_flight_at_start: None,
        in_flight_at_end: Some(InFlight::default()),
        late_connections: 0,
        last_new_connection: None,
        leftovers: Vec::new(),
        waiting_for: None,
        caveats: Vec::new(),
        advice: None,
    }
}
