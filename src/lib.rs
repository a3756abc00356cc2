//! lameduck knows when a pod is really drained.

pub mod cli;
pub mod config;
pub mod drain;
pub mod driver;
pub mod inflight;
pub mod notify;
#[cfg(test)]
mod scratch;
pub mod sys;
pub mod telemetry;
