//! The core: every rule of a drain, as a value.
//!
//! Facts go in ([`Input`]), wishes come out ([`Effect`]); time is an argument. Nothing here
//! reads a clock, the environment or a socket, logs, or waits.

mod census;
mod effect;
mod input;
mod outcome;
mod plan;
mod status;

pub use census::{Census, ListenerSeen, PeerCount, PortCensus, PortRole, Protocol, Reason, Trust};
pub use effect::{Answer, Effect, NotifyPhase, RegistryWish};
pub use input::{CallerId, ControllerWord, Input, Reading, RegistryReport, StopCause};
pub use outcome::{InFlight, LimitedBy, Note, Outcome, PhaseName, StopKind, Summary};
pub use plan::{AppProbe, Container, NotifyChannel, Plan, SourcePlan, Unready};
pub use status::Status;
