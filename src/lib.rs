//! lameduck knows when a pod is really drained.

pub mod admin;
pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod demo;
pub mod drain;
pub mod driver;
pub mod hook;
pub mod inflight;
pub mod listen;
pub mod notify;
pub mod readiness;
pub mod render;
pub mod run;
#[cfg(test)]
mod scratch;
pub mod sys;
pub mod telemetry;
