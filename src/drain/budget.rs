//! How much of the grace period the drain may use.

use super::plan::Plan;
use std::time::Duration;

/// Kept between the answer and the kubelet's own arithmetic: it counts whole seconds
/// (Kubernetes 1.36, pkg/kubelet/kuberuntime/kuberuntime_container.go).
const KUBELET_ROUNDING: Duration = Duration::from_secs(1);
/// The shortest budget where there is any grace at all: enough for a first packet to a registry.
const SHORTEST: Duration = Duration::from_millis(300);
/// A helper is let go this long before the kubelet would kill it.
const HELPER_MARGIN: Duration = Duration::from_secs(3);

impl Plan {
    /// What is left to the application after its SIGTERM.
    pub fn reserve(&self, grace: Duration) -> Duration {
        self.app_shutdown_reserve.min(grace / 2)
    }

    /// The longest a hook of a known pod stop is held.
    pub fn budget(&self, grace: Duration) -> Duration {
        let left = grace.saturating_sub(self.reserve(grace)).saturating_sub(KUBELET_ROUNDING);
        if grace < KUBELET_ROUNDING { left } else { left.max(SHORTEST) }
    }

    /// The longest a hook is held while no pod stop is known.
    pub fn restart_budget(&self, grace: Duration) -> Duration {
        self.restart_drain.min(self.budget(grace))
    }

    /// The budget of a stop that the kubelet began by itself, whose real grace nobody tells.
    pub fn kubelet_stop_budget(&self, grace: Duration) -> Duration {
        let capped = self.kubelet_stop_cap.saturating_sub(self.reserve(grace)).max(SHORTEST);
        capped.min(self.budget(grace))
    }

    /// The longest a helper's hook is held, from the stop.
    pub fn helper_budget(&self, grace: Duration) -> Duration {
        grace.saturating_sub(HELPER_MARGIN).max(self.budget(grace))
    }

    /// The longest a registry may take before it is given up.
    pub fn registry_bound(&self, grace: Duration) -> Duration {
        Duration::from_secs(10).min(self.budget(grace) / 2)
    }

    /// The propagation delay as far as the budget allows it to be waited for.
    pub fn propagation_within(&self, grace: Duration) -> Duration {
        self.propagation.min(self.budget(grace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget_of(grace: f64) -> f64 {
        Plan::default().budget(Duration::from_secs_f64(grace)).as_secs_f64()
    }

    #[test]
    fn the_reserve_is_at_most_half_of_the_grace() {
        assert_eq!(budget_of(30.0), 19.0);
        assert_eq!(budget_of(10.0), 4.0);
        assert_eq!(budget_of(60.0), 49.0);
    }

    #[test]
    fn a_short_grace_leaves_time_for_a_first_packet_and_none_leaves_nothing() {
        assert_eq!(budget_of(2.0), 0.3);
        assert_eq!(budget_of(1.0), 0.3);
        assert_eq!(budget_of(0.0), 0.0);
    }

    #[test]
    fn every_cap_is_cut_to_the_budget() {
        let plan = Plan::default();
        let grace = Duration::from_secs(6);
        assert_eq!(plan.budget(grace), Duration::from_secs(2));
        assert_eq!(plan.restart_budget(grace), Duration::from_secs(2));
        assert_eq!(plan.kubelet_stop_budget(grace), Duration::from_secs(2));
        assert_eq!(plan.propagation_within(grace), Duration::from_secs(2));
        assert_eq!(plan.registry_bound(grace), Duration::from_secs(1));
    }

    #[test]
    fn a_kubelet_stop_gets_the_cap_minus_the_reserve() {
        let plan = Plan::default();
        assert_eq!(plan.kubelet_stop_budget(plan.grace), Duration::from_secs(5));
    }

    #[test]
    fn helpers_outlast_the_serving_containers() {
        let plan = Plan::default();
        assert_eq!(plan.helper_budget(plan.grace), Duration::from_secs(27));
        let short = Duration::from_secs(2);
        assert!(plan.helper_budget(short) >= plan.budget(short));
    }
}
