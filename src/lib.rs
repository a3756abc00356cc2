//! lameduck knows when a pod is really drained.

pub mod config;
pub mod drain;
pub mod driver;
pub mod inflight;
pub mod run;
pub mod sys;
