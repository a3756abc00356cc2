//! What the drain is doing at this moment, in words and numbers.

use super::census::PortCensus;
use super::outcome::{InFlight, LimitedBy, PhaseName, StopKind, Summary};
use std::sync::Arc;
use std::time::Duration;

/// A snapshot for `lameduck status`, the metrics and the logs.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub phase: PhaseName,
    pub kind: Option<StopKind>,
    pub ready: bool,
    /// Since the stop was seen.
    pub elapsed: Option<Duration>,
    /// Until the deadline.
    pub budget_left: Option<Duration>,
    /// What must still happen, in one sentence with numbers.
    pub waiting_for: Option<String>,
    pub limited_by: Option<LimitedBy>,
    /// Hook callers that have not been answered.
    pub callers: u32,
    pub strangers: u32,
    /// New connections a second before the stop, where known.
    pub arrival_rate: Option<f64>,
    /// `None`: not counted yet, or unreadable.
    pub in_flight: Option<InFlight>,
    pub ports: Vec<PortCensus>,
    pub late_connections: u64,
    pub caveats: Vec<String>,
    /// The summary of the last drain.
    pub last: Option<Arc<Summary>>,
}
