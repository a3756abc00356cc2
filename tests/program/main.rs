//! The real program as a process: exit codes, signals, the environment, its log and its outputs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod agent;
mod process;
mod refusals;
mod run;
mod socket;
