//! What a drain still waits for, in one sentence with the numbers.

use super::census::{Protocol, Reason};
use super::outcome::LimitedBy;
use super::silence::Because;
use std::fmt;
use std::time::Duration;

/// The first thing that is not yet so.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Waiting {
    /// No look at the sockets (since the agent was stopped, or at all).
    Census {
        failure: Option<String>,
    },
    Silence {
        silence: Duration,
        needed: Duration,
        because: Because,
    },
    Propagation {
        left: Duration,
        of: Duration,
    },
    /// The policy has not turned the pod unready yet.
    Unready {
        left: Duration,
    },
    /// The kubelet has not read the 503, or quiet-period since is not over.
    UnreadyRead {
        read: bool,
        left: Duration,
    },
    Registries {
        names: Vec<String>,
    },
    Backlog {
        port: u16,
        connections: u32,
    },
    Busy {
        port: u16,
        connections: u32,
        oldest: Option<Duration>,
        reason: Option<Reason>,
    },
    Unjudged {
        connections: u32,
        why: String,
    },
    SourceUnknown {
        name: String,
        why: String,
    },
    SourceBusy {
        name: String,
        count: u64,
    },
    Warm {
        connections: u32,
        left: Duration,
    },
    Streams {
        port: u16,
        protocol: Protocol,
        connections: u32,
        left: Duration,
    },
    /// Everything holds; it must go on holding for the window.
    Window {
        left: Duration,
    },
    IdleWait {
        connections: u32,
        left: Duration,
    },
    Pinned {
        connections: u32,
        left: Duration,
    },
    Adopted {
        containers: Vec<String>,
    },
}

impl Waiting {
    pub(super) fn limit(&self) -> LimitedBy {
        match self {
            Self::Census { .. } => LimitedBy::Census,
            Self::Silence { .. } => LimitedBy::Silence,
            Self::Propagation { .. } => LimitedBy::Propagation,
            Self::Unready { .. } | Self::UnreadyRead { .. } => LimitedBy::Readiness,
            Self::Registries { .. } => LimitedBy::Registries,
            Self::Backlog { .. } => LimitedBy::AcceptQueue,
            Self::Busy { .. } => LimitedBy::BusyConnections,
            Self::Unjudged { .. } | Self::SourceUnknown { .. } => LimitedBy::UnknownWork,
            Self::SourceBusy { .. } => LimitedBy::ReportedWork,
            Self::Warm { .. } => LimitedBy::WarmConnections,
            Self::Streams { .. } => LimitedBy::StreamWait,
            Self::Window { .. } => LimitedBy::Nothing,
            Self::IdleWait { .. } => LimitedBy::IdleWait,
            Self::Pinned { .. } => LimitedBy::PinnedWait,
            Self::Adopted { .. } => LimitedBy::AdoptedHook,
        }
    }

    /// A formality just before the verdict, which nobody would call a limit.
    pub(super) fn is_formality(&self) -> bool {
        matches!(self, Self::Window { .. } | Self::Census { failure: None })
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Census { failure: None } => write!(f, "a look at the sockets"),
            Self::Census { failure: Some(why) } => {
                write!(f, "a readable look at the sockets: {why}")
            }
            Self::Silence { silence, needed, because } => {
                silence_words(f, *silence, *needed, *because)
            }
            Self::Propagation { left, of } => write!(
                f,
                "the propagation delay, {} of {} left (nothing else shows that the lists changed)",
                secs(*left),
                secs(*of)
            ),
            Self::Unready { left } => write!(
                f,
                "new connections to stop before the pod turns unready, at most {} more",
                secs(*left)
            ),
            Self::UnreadyRead { read: false, left } => {
                write!(f, "the kubelet to read that the pod is unready, at most {}", secs(*left))
            }
            Self::UnreadyRead { read: true, left } => {
                write!(f, "{} more without a new connection after turning unready", secs(*left))
            }
            Self::Registries { names } => {
                write!(f, "confirmation from {}", names.join(", "))
            }
            Self::Backlog { port, connections } => {
                write!(f, "{connections} not yet accepted on port {port}")
            }
            Self::Busy { port, connections, oldest, reason } => {
                busy_words(f, *port, *connections, *oldest, *reason)
            }
            Self::Unjudged { connections, why } => {
                write!(f, "{} that cannot be judged: {why}", connections_text(*connections))
            }
            Self::SourceUnknown { name, why } => {
                write!(f, "{name} to say whether work is left: {why}")
            }
            Self::SourceBusy { name, count } => write!(f, "{count} in work, says {name}"),
            Self::Warm { connections, left } => write!(
                f,
                "{} that carried requests since the stop to close, at most {} more",
                connections_text(*connections),
                secs(*left)
            ),
            Self::Streams { port, protocol, connections, left } => write!(
                f,
                "{connections} {} connections on port {port}, at most {} more",
                protocol.name(),
                secs(*left)
            ),
            Self::Window { left } => {
                write!(f, "this to hold for {} more", secs(*left))
            }
            Self::IdleWait { connections, left } => write!(
                f,
                "{} told to close to leave, at most {} more",
                connections_text(*connections),
                secs(*left)
            ),
            Self::Pinned { connections, left } => write!(
                f,
                "{} still in use on old connections; pinned in {} unless one leaves",
                connections_text(*connections),
                secs(*left)
            ),
            Self::Adopted { containers } => {
                write!(f, "the preStop hook of {}", containers.join(", "))
            }
        }
    }
}

fn silence_words(
    f: &mut fmt::Formatter<'_>,
    silence: Duration,
    needed: Duration,
    because: Because,
) -> fmt::Result {
    let (silence, needed) = (secs(silence), secs(needed));
    write!(f, "no new connection for {silence} of the {needed} ")?;
    match because {
        Because::QuietPeriod => write!(f, "of the quiet period"),
        Because::Gaps { port, mean } => {
            write!(f, "that late arrivals on port {port} every {} ask for", secs(mean))
        }
        Because::Evidence { rate } => write!(f, "that {} ask for", per_second(rate)),
        Because::Propagation => write!(f, "of the propagation delay"),
    }
}

fn busy_words(
    f: &mut fmt::Formatter<'_>,
    port: u16,
    connections: u32,
    oldest: Option<Duration>,
    reason: Option<Reason>,
) -> fmt::Result {
    write!(f, "{connections} busy on port {port}")?;
    if let Some(oldest) = oldest {
        write!(f, ", the oldest for {}", secs(oldest))?;
    }
    if let Some(reason) = reason {
        write!(f, " ({})", reason.words())?;
    }
    Ok(())
}

fn connections_text(count: u32) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

fn per_second(rate: f64) -> String {
    if rate >= 10.0 { format!("{rate:.0}/s") } else { format!("{rate:.1}/s") }
}

/// Seconds with one decimal: what a person compares with a clock.
pub(super) fn secs(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
