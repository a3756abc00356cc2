//! The durations and names of a drain, as `config` hands them over.

use super::census::PortRole;
use std::time::Duration;

/// When the pod is marked unready (rules: docs/drain.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unready {
    /// When the kind of stop is clear and late connections can no longer be refused for it.
    #[default]
    Auto,
    Always,
    Never,
}

/// One container of the pod as the hooks name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    pub role: PortRole,
    /// Ports it owns. Empty for a serving container: every serving port.
    pub ports: Vec<u16>,
    /// The kubelet calls `/prestop` for it.
    pub hooked: bool,
    /// It had a preStop hook of its own, called between the end of the drain and the answer.
    pub adopted: bool,
    /// Answered only after that container's listeners are gone.
    pub after: Option<String>,
}

/// How the application is told the phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotifyChannel {
    Http,
    File,
}

/// A source of in-flight work other than the kernel's sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlan {
    pub name: String,
    /// Stands alone: the kernel's verdict on busy is not asked.
    pub complete: bool,
}

/// Probes of the application itself, which are not traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppProbe {
    pub port: u16,
    pub period: Duration,
}

/// Everything the core must know before the first input. Immutable.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The pod's `terminationGracePeriodSeconds`.
    pub grace: Duration,
    pub app_shutdown_reserve: Duration,
    /// p99 of the time the slowest list takes to forget the pod.
    pub propagation: Duration,
    pub quiet_period: Duration,
    /// Expected arrivals whose absence proves silence; `None`: only the propagation delay does.
    pub evidence: Option<f64>,
    pub pinned_wait: Duration,
    pub stream_wait: Duration,
    /// Only used where the application is notified.
    pub idle_wait: Duration,
    pub restart_drain: Duration,
    pub kubelet_stop_cap: Duration,
    pub unready: Unready,
    /// Empty: every name serves, owns all serving ports and is hooked.
    pub containers: Vec<Container>,
    pub app_probes: Vec<AppProbe>,
    pub notify: Vec<NotifyChannel>,
    /// Names of the registries, in the order of their index.
    pub registries: Vec<String>,
    pub sources: Vec<SourcePlan>,
    /// A controller can be asked for what needs rights.
    pub controller: bool,
    /// Peers inside the namespace count as arrivals (`run` on a host; never in a pod).
    pub local_arrivals: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(30),
            app_shutdown_reserve: Duration::from_secs(10),
            propagation: Duration::from_secs(15),
            quiet_period: Duration::from_millis(500),
            evidence: Some(140.0),
            pinned_wait: Duration::from_secs(2),
            stream_wait: Duration::from_secs(10),
            idle_wait: Duration::from_secs(5),
            restart_drain: Duration::from_secs(5),
            kubelet_stop_cap: Duration::from_secs(15),
            unready: Unready::Auto,
            containers: Vec::new(),
            app_probes: Vec::new(),
            notify: Vec::new(),
            registries: Vec::new(),
            sources: Vec::new(),
            controller: false,
            local_arrivals: false,
        }
    }
}
