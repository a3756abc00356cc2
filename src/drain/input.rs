//! What can happen to a drain: facts, in the past tense.

use super::census::{Census, ListenerSeen};
use super::effect::{NotifyPhase, RegistryWish};
use super::plan::NotifyChannel;
use std::time::Duration;

/// One waiting caller. Every id that enters the core leaves it in exactly one `Effect::Answer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerId(pub u64);

/// Who pulled the pod down, as far as the controller can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    Deletion,
    Eviction,
    Preemption,
    Kubelet,
}

/// The controller's answer to `Effect::AskController`; `None` where it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControllerWord {
    /// The pod has a deletion timestamp; `Some(grace)` is the grace of this deletion.
    pub deletion_grace: Option<Duration>,
    /// Every Service of the pod has another ready endpoint.
    pub another_ready_endpoint: Option<bool>,
    pub cause: Option<StopCause>,
}

/// How a registry call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryReport {
    /// Seen before and absent now, on every server; callers need `settle` more to notice.
    Confirmed {
        settle: Duration,
    },
    NotRegistered,
    GivenUp {
        why: String,
    },
    /// Came back after having been confirmed.
    Resurrected {
        why: String,
    },
}

/// What an application-level source says about work in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Zero,
    Busy(u64),
    /// Treated as busy until the deadline, never as zero.
    Unknown(String),
}

/// One fact for `Drain::on`.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Nothing happened but time.
    WakeupReached,
    /// A trusted app hook: `/prestop` with the token or `hook wait` over the local socket.
    HookCalled {
        caller: CallerId,
        container: Option<String>,
    },
    /// The agent's own container is being stopped: `/stopping` with the token or `hook stopping`.
    OwnHookCalled,
    /// Somebody without the token reached `/prestop`. `near`: from the address of our own probes.
    StrangerCalled {
        caller: CallerId,
        near: bool,
    },
    /// A caller hung up. Frees a stranger's place; cancels nothing.
    CallerLeft {
        caller: CallerId,
    },
    /// SIGTERM to the agent.
    TermReceived,
    /// `lameduck drain` over the local socket; answered at once.
    DrainRequested {
        caller: CallerId,
    },
    /// `lameduck undrain` over the local socket; answered at once.
    UndrainRequested {
        caller: CallerId,
    },
    ControllerAnswered(ControllerWord),
    /// The kubelet probed the agent and read the answer. `accepted`: connections that the
    /// namespace has accepted so far, the agent's own subtracted, where that is readable.
    ProbeServed {
        ready: bool,
        accepted: Option<u64>,
    },
    /// `run`: connections accepted so far on the child's ports.
    ArrivalsCounted {
        accepted: u64,
    },
    CensusTaken(Box<Census>),
    /// The sockets could not be read: unknown, never zero.
    CensusFailed {
        why: String,
    },
    /// Answer to `Effect::DumpListeners`.
    ListenersDumped(Vec<ListenerSeen>),
    NotifyEnded {
        channel: NotifyChannel,
        phase: NotifyPhase,
        error: Option<String>,
    },
    RegistryEnded {
        registry: usize,
        wish: RegistryWish,
        report: RegistryReport,
    },
    SourceRead {
        source: usize,
        reading: Reading,
    },
    /// The container's own preStop hook has returned.
    AdoptedHookEnded {
        container: String,
    },
}
