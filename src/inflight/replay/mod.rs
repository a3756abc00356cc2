//! Runs the classifier over recorded socket dumps whose truth is known.
//!
//! A trace is what a sampler saw of real servers under real clients (`.csv`, one row per socket
//! and poll) and what the clients know (`.jsonl`). The rows go through the same code that
//! judges live sockets. Reads from any `Read`; knows neither files nor compression.

mod class;
mod run;
mod score;
mod table;
mod trace;

pub use class::Class;
pub use run::{Judge, Options, Start, replay};
pub use score::Score;
pub use table::{Report, naive};
pub use trace::{Connection, Request, Sample, Trace};
