//! What an operator sees: log lines, metrics, the termination message.
//!
//! The journal turns each [`crate::drain::Note`] into one log line and its metrics; gauges are
//! read from a [`crate::drain::Status`] when somebody scrapes. This room decides nothing, knows
//! no other room, and must never hold a drain up: whatever cannot be written is dropped.

mod journal;
mod logging;
mod metrics;
mod stderr;
mod summary;
mod termination;
#[cfg(test)]
mod tests;

pub use journal::Journal;
pub use logging::{format_for, init, subscriber};
pub use metrics::{CONTENT_TYPE, Entry, Kind, Metrics, Part, catalog, metrics_markdown};
pub use summary::summary_text;
