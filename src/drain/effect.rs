//! What the core asks of the world: imperatives.

use super::input::CallerId;
use super::outcome::{Note, Summary};
use super::plan::NotifyChannel;
use std::sync::Arc;
use std::time::Duration;

/// The phase as the application is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotifyPhase {
    Serving,
    Withdrawing,
    Delisted,
}

impl NotifyPhase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Withdrawing => "withdrawing",
            Self::Delisted => "delisted",
        }
    }

    pub fn draining(self) -> bool {
        !matches!(self, Self::Serving)
    }
}

/// Where an instance should stand in a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegistryWish {
    Out,
    Back,
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The drain that held this caller is over.
    Ended(Arc<Summary>),
    /// There was nothing to wait for (a helper, a repeated hook of a finished stop, ...).
    Nothing { because: &'static str },
    /// A caller without the token: held, and nothing was changed for it.
    Stranger,
    /// No place for another caller without the token: 503.
    Full,
    /// A command over the local socket was carried out.
    Done,
    /// A command over the local socket was refused, with the reason.
    Refused { because: &'static str },
}

/// One wish for the driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Answer {
        caller: CallerId,
        answer: Answer,
    },
    SetReady(bool),
    Notify {
        channel: NotifyChannel,
        phase: NotifyPhase,
        deadline: Option<Duration>,
    },
    Registry {
        registry: usize,
        wish: RegistryWish,
        within: Duration,
    },
    AskController,
    CallAdopted {
        container: String,
    },
    /// A drain begins: choose the ports from what listens, remember every connection, open
    /// the stream of destroy events. The first census is taken at once.
    BeginWatch,
    /// No drain runs any more: forget the connections.
    EndWatch,
    TakeCensus,
    DumpListeners,
    /// Ask the application-level sources.
    ReadSources,
    /// Something a person may have to explain at 3 a.m.: a log line, a metric.
    Note(Note),
    /// Leave with exit code 0.
    Exit,
}
