//! One stop: when it began, what kind it is, and which clock ends it.

use super::outcome::{LimitedBy, StopKind};
use super::plan::Plan;
use std::time::{Duration, Instant};

/// A pod stop delivers both hooks within milliseconds; after this it is a container restart.
pub(super) const KIND_DECIDED: Duration = Duration::from_secs(2);

/// The stop that a drain serves. It has one clock, which the first trusted call starts.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub(super) began: Instant,
    pub(super) kind: StopKind,
    pub(super) grace: Duration,
    /// When it became known that the pod is going away.
    pub(super) known_at: Option<Instant>,
    /// The kubelet began it by itself: its real grace is not known to anybody in the pod.
    pub(super) kubelet: bool,
    pub(super) another_ready: bool,
}

impl Stop {
    pub(super) fn new(began: Instant, kind: StopKind, grace: Duration) -> Self {
        let known_at = (kind == StopKind::PodStop).then_some(began);
        Self { began, kind, grace, known_at, kubelet: false, another_ready: false }
    }

    pub(super) fn is_known(&self) -> bool {
        self.kind == StopKind::PodStop
    }

    pub(super) fn confirm(&mut self, now: Instant) {
        self.kind = StopKind::PodStop;
        self.known_at = Some(now);
    }

    /// From the stop to the deadline, and which clock that is. `None`: nothing ends it but a
    /// person.
    pub(super) fn cap(&self, plan: &Plan) -> Option<(Duration, LimitedBy)> {
        match self.kind {
            StopKind::Manual => None,
            StopKind::Unknown | StopKind::Restart => {
                Some((plan.restart_budget(self.grace), LimitedBy::RestartDrain))
            }
            StopKind::PodStop if self.kubelet => {
                Some((plan.kubelet_stop_budget(self.grace), LimitedBy::KubeletStopCap))
            }
            StopKind::PodStop => Some((plan.budget(self.grace), LimitedBy::GracePeriod)),
        }
    }

    pub(super) fn budget(&self, plan: &Plan) -> Option<Duration> {
        self.cap(plan).map(|(budget, _)| budget)
    }

    pub(super) fn deadline(&self, plan: &Plan) -> Option<Instant> {
        self.budget(plan).map(|budget| self.began + budget)
    }

    pub(super) fn helper_deadline(&self, plan: &Plan) -> Instant {
        self.began + plan.helper_budget(self.grace)
    }

    /// When an undecided kind becomes a restart.
    pub(super) fn kind_due(&self) -> Option<Instant> {
        (self.kind == StopKind::Unknown).then(|| self.began + KIND_DECIDED)
    }

    /// `unready: auto` waits for late connections no longer than this.
    pub(super) fn unready_due(&self, plan: &Plan) -> Instant {
        let margin = Duration::from_secs(4);
        let room = self.budget(plan).unwrap_or(Duration::MAX).saturating_sub(margin);
        self.began + plan.propagation_within(self.grace).min(room)
    }
}
