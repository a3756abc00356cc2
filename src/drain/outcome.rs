//! How a drain ended, what limited it, and the facts worth a log line on the way.

use super::census::PeerCount;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What kind of stop the drain serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopKind {
    /// Not decided yet: the first two seconds after an app hook alone.
    Unknown,
    /// A container restarts and the pod lives on.
    Restart,
    /// The pod is going away.
    PodStop,
    /// `lameduck drain`: no hook waits, no deadline runs.
    Manual,
}

impl StopKind {
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Restart, Self::PodStop, Self::Manual];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Restart => "restart",
            Self::PodStop => "pod_stop",
            Self::Manual => "manual",
        }
    }
}

/// Where the agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhaseName {
    Serving,
    Withdrawing,
    Emptying,
    Ended,
    Undoing,
}

impl PhaseName {
    pub const ALL: [Self; 5] =
        [Self::Serving, Self::Withdrawing, Self::Emptying, Self::Ended, Self::Undoing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Withdrawing => "withdrawing",
            Self::Emptying => "emptying",
            Self::Ended => "ended",
            Self::Undoing => "undoing",
        }
    }
}

/// Why the hooks were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nobody new comes, nothing is in flight.
    Drained,
    /// Only busy clients on old connections are left; they never leave by themselves.
    Pinned,
    /// The time was up.
    Deadline,
    /// The application is gone; there is nothing left to protect.
    AppGone,
    /// A container restart was drained.
    Restarted,
    /// `undrain` ended it before it was over.
    Undone,
}

impl Outcome {
    pub const ALL: [Self; 6] =
        [Self::Drained, Self::Pinned, Self::Deadline, Self::AppGone, Self::Restarted, Self::Undone];

    pub fn name(self) -> &'static str {
        match self {
            Self::Drained => "drained",
            Self::Pinned => "pinned",
            Self::Deadline => "deadline",
            Self::AppGone => "app-gone",
            Self::Restarted => "restarted",
            Self::Undone => "undone",
        }
    }
}

/// What the drain waited for last, or which clock ended it. A closed set: it is a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitedBy {
    /// Nothing had to be waited for.
    Nothing,
    /// The sockets had not been read (anew).
    Census,
    /// New connections had come too recently for how busy the pod was.
    Silence,
    /// The propagation delay, for want of better evidence.
    Propagation,
    Readiness,
    Registries,
    BusyConnections,
    AcceptQueue,
    /// Idle connections of a proxy that may still send before its list has changed.
    WarmConnections,
    /// A source that could not be read, or sockets that could not be judged.
    UnknownWork,
    ReportedWork,
    IdleWait,
    StreamWait,
    PinnedWait,
    /// A container's own preStop hook.
    AdoptedHook,
    GracePeriod,
    RestartDrain,
    KubeletStopCap,
    NoProgress,
    ListenersGone,
}

impl LimitedBy {
    pub const ALL: [Self; 20] = [
        Self::Nothing,
        Self::Census,
        Self::Silence,
        Self::Propagation,
        Self::Readiness,
        Self::Registries,
        Self::BusyConnections,
        Self::AcceptQueue,
        Self::WarmConnections,
        Self::UnknownWork,
        Self::ReportedWork,
        Self::IdleWait,
        Self::StreamWait,
        Self::PinnedWait,
        Self::AdoptedHook,
        Self::GracePeriod,
        Self::RestartDrain,
        Self::KubeletStopCap,
        Self::NoProgress,
        Self::ListenersGone,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Census => "census",
            Self::Silence => "silence",
            Self::Propagation => "propagation",
            Self::Readiness => "readiness",
            Self::Registries => "registries",
            Self::BusyConnections => "busy_connections",
            Self::AcceptQueue => "accept_queue",
            Self::WarmConnections => "warm_connections",
            Self::UnknownWork => "unknown_work",
            Self::ReportedWork => "reported_work",
            Self::IdleWait => "idle_wait",
            Self::StreamWait => "stream_wait",
            Self::PinnedWait => "pinned_wait",
            Self::AdoptedHook => "adopted_hook",
            Self::GracePeriod => "grace_period",
            Self::RestartDrain => "restart_drain",
            Self::KubeletStopCap => "kubelet_stop_cap",
            Self::NoProgress => "no_progress",
            Self::ListenersGone => "listeners_gone",
        }
    }
}

/// Connections by state, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    pub busy: u32,
    pub idle: u32,
    pub unknown: u32,
    pub backlog: u32,
}

/// Everything worth knowing about one drain when it is over. Times are counted from the stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub outcome: Outcome,
    pub limited_by: LimitedBy,
    pub kind: StopKind,
    pub total: Duration,
    pub withdrawing: Duration,
    /// Zero where the drain ended before it was delisted.
    pub emptying: Duration,
    /// The budget it had, from the stop to the deadline; `None` for a manual drain.
    pub budget: Option<Duration>,
    /// `None`: never counted.
    pub in_flight_at_start: Option<InFlight>,
    pub in_flight_at_end: Option<InFlight>,
    /// New connections that came after the stop.
    pub late_connections: u64,
    /// When the last new connection came, and from where.
    pub last_new_connection: Option<(Duration, Option<IpAddr>)>,
    /// Peers of the connections left at the end, at most five.
    pub leftovers: Vec<PeerCount>,
    /// What was still awaited when a clock ended the drain, in one sentence.
    pub waiting_for: Option<String>,
    /// Things that were never known or were given up, one sentence each.
    pub caveats: Vec<String>,
    /// What to change so that the next drain ends better; empty if nothing.
    pub advice: Option<String>,
}

/// A decision worth a log line and a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    StopSeen { kind: StopKind, by: &'static str, budget: Option<Duration> },
    StopKnown { by: &'static str, after: Duration, budget: Option<Duration> },
    RestartSeen { after: Duration },
    PhaseBegan { phase: PhaseName, after: Duration, because: String },
    TurnedUnready { because: &'static str, after: Duration },
    KubeletStopSuspected { silent_for: Duration, budget: Duration },
    KubeletStopWithdrawn,
    HookAnswered { container: Option<String>, waited: Duration, because: &'static str },
    StrangerHeld,
    StrangerRefused,
    Lapsed { missing: Duration },
    CensusFailed { why: String },
    StepGivenUp { step: String, why: String },
    StepConfirmed { step: String, after: Duration },
    Resurrected { registry: String, why: String },
    OwnRestart,
    UndoBegan { because: &'static str },
    Undone { after: Duration },
    Ended(Arc<Summary>),
}
