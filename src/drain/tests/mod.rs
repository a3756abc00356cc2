//! Scenarios: a drain, a clock that only the scenario moves, and a pod that answers effects.

mod after_the_answer;
mod clocks;
mod emptying;
mod phases;
mod pinned;
mod pod;
mod property;
mod signals;
mod sigterm;
mod status;
mod undo;
mod walk;
mod withdrawing;

use pod::{Pod, Reply, container, helper, plan, port, secs};
