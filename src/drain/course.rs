//! A drain on its course: withdrawing, then emptying.

use super::input::Reading;
use super::outcome::{LimitedBy, Outcome};
use super::plan::Plan;
use super::sight::Sight;
use super::silence::Terms;
use super::sources::Sources;
use super::stop::Stop;
use super::waiting::Waiting;
use std::time::Instant;

/// Everything that is true only while a drain runs.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) stop: Stop,
    pub(super) sight: Sight,
    pub(super) sources: Sources,
    /// Arrivals a second before the stop.
    pub(super) rate: Option<f64>,
    pub(super) unready_at: Option<Instant>,
    /// When the kubelet had read the first 503.
    pub(super) unready_read_at: Option<Instant>,
    /// Off the lists; emptying since.
    pub(super) delisted_at: Option<Instant>,
    /// Begin of the latest run of censuses in which everything held.
    pub(super) empty_since: Option<Instant>,
    /// Something was last known not to hold then; a census begun before proves no window.
    pub(super) held_up_at: Option<Instant>,
    /// Begin of the latest run of censuses in which the application was gone.
    pub(super) gone_since: Option<Instant>,
    pub(super) waiting: Option<Waiting>,
    /// The last thing that was really waited for.
    pub(super) limit: LimitedBy,
    /// Over, but for the containers' own preStop hooks.
    pub(super) decided: Option<(Outcome, LimitedBy)>,
}

impl Course {
    /// `now`: when the sockets begin to be watched, which may be later than the first call.
    pub(super) fn new(stop: Stop, plan: &Plan, rate: Option<f64>, now: Instant) -> Self {
        Self {
            sight: Sight::since(now),
            sources: Sources::begin(plan),
            stop,
            rate,
            unready_at: None,
            unready_read_at: None,
            delisted_at: None,
            empty_since: None,
            held_up_at: None,
            gone_since: None,
            waiting: None,
            limit: LimitedBy::Nothing,
            decided: None,
        }
    }

    pub(super) fn terms(&self, plan: &Plan) -> Terms {
        let noisy = self.sight.local_peers && !plan.local_arrivals;
        Terms {
            quiet_period: plan.quiet_period,
            propagation: plan.propagation_within(self.stop.grace),
            evidence: plan.evidence,
            rate: if noisy { None } else { self.rate },
        }
    }

    pub(super) fn propagated_at(&self, plan: &Plan) -> Instant {
        self.stop.began + plan.propagation_within(self.stop.grace)
    }

    /// The census that may carry a verdict: begun since the agent last was away.
    pub(super) fn judged_at(&self) -> Option<Instant> {
        let began = self.sight.latest.as_ref()?.began;
        (self.sight.failure.is_none() && began >= self.sight.fresh_from).then_some(began)
    }

    pub(super) fn source_read(&mut self, now: Instant, source: usize, reading: Reading) {
        self.sources.read(now, source, reading);
    }

    /// The agent did not run: what was seen before proves nothing about the present.
    pub(super) fn lapsed(&mut self, now: Instant) {
        self.sight.fresh_from = now;
        self.empty_since = None;
        self.gone_since = None;
    }
}
