//! lameduck knows when a pod is really drained.
//!
//! The rooms in the order in which a drain visits them; the map is `docs/architecture.md`, the
//! rules are `docs/drain.md`:
//!
//! 1. [`cli`] and [`config`]: what was asked for, as typed and as meant; [`commands`] does it, and
//!    [`app`] builds each room once and connects them.
//! 2. [`listen`], [`hook`]: the kubelet calls, and is believed for its token. [`control`] is the
//!    same door for commands inside the pod, [`run`] for the signals of a host.
//! 3. [`driver`]: the one loop. It reads the clock, gives facts to the core and performs what
//!    follows.
//! 4. [`drain`]: the core. It decides everything, and knows nothing but its own words.
//! 5. [`readiness`], [`notify`]: the pod asks for no more traffic, the application is told.
//! 6. [`inflight`]: the kernel's sockets say who still comes and what still runs; [`sys`] asks
//!    the kernel.
//! 7. [`render`], [`hook`]: the answer, after which the kubelet sends SIGTERM.
//! 8. [`telemetry`], [`admin`]: what people see of it.
//!
//! [`demo`] shows it all on one machine.

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
