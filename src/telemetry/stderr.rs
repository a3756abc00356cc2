//! Standard error as a place that can never hold the agent up.

use super::metrics::{Metrics, Part};
use crate::sys::poll;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use tracing_subscriber::fmt::MakeWriter;

/// What a pipe that has room takes without waiting (`PIPE_BUF`).
const AT_ONCE: usize = 4096;

/// Writes lines to a descriptor, and drops and counts what would have to wait.
///
/// Standard error is a pipe to the container runtime. Where the runtime stops reading (a full
/// disk, a stopped process), a write to a full pipe waits for ever, and with it everything on
/// this thread, the answer to the hook included. `O_NONBLOCK` looks like the way and is not: it
/// belongs to the open file, which `run` shares with its child and a terminal with the shell. A
/// child that fills the pipe between the question and the write is the gap that remains.
#[derive(Debug)]
pub(super) struct NeverWaiting<F> {
    descriptor: F,
    metrics: Arc<Metrics>,
}

impl<F> NeverWaiting<F> {
    pub(super) fn new(descriptor: F, metrics: Arc<Metrics>) -> Self {
        Self { descriptor, metrics }
    }
}

impl<'a, F: AsFd + 'a> MakeWriter<'a> for NeverWaiting<F>
where
    for<'f> &'f F: Write,
{
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl<F: AsFd> Write for &NeverWaiting<F>
where
    for<'f> &'f F: Write,
{
    /// Takes a whole line, in pieces for each of which there is room.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        for piece in line.chunks(AT_ONCE) {
            if !poll::is_writable(self.descriptor.as_fd()) {
                self.metrics.failed(Part::Log);
                break;
            }
            (&self.descriptor).write_all(piece)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogFormat;
    use crate::telemetry::subscriber;
    use std::io::Read;

    const LOST: &str = "lameduck_own_failures_total{part=\"log\"} ";

    fn lost(metrics: &Metrics) -> u64 {
        let text = metrics.encode();
        text.lines().find_map(|line| line.strip_prefix(LOST)).unwrap().parse().unwrap()
    }

    #[test]
    fn a_log_that_nobody_reads_never_waits_and_counts_what_is_lost() {
        let (mut reader, writer) = io::pipe().unwrap();
        let metrics = Arc::new(Metrics::new(&[]));
        let log = NeverWaiting::new(writer, Arc::clone(&metrics));
        let dispatch = subscriber(tracing::Level::INFO, LogFormat::Json, log);
        let text = "x".repeat(1000);
        tracing::dispatcher::with_default(&dispatch, || {
            for _ in 0..2000 {
                tracing::info!(text, "a line");
            }
        });
        drop(dispatch);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        let written = read.lines().filter(|l| serde_json::from_str::<serde_json::Value>(l).is_ok());
        assert_eq!(written.count() as u64 + lost(&metrics), 2000);
        assert!(lost(&metrics) > 0);
    }

    #[test]
    fn a_line_longer_than_a_page_arrives_whole() {
        let (mut reader, writer) = io::pipe().unwrap();
        let log = NeverWaiting::new(writer, Arc::new(Metrics::new(&[])));
        let line = "y".repeat(3 * AT_ONCE + 17);
        (&log).write_all(line.as_bytes()).unwrap();
        drop(log);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, line);
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error_and_no_wait() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let log = NeverWaiting::new(writer, Arc::new(Metrics::new(&[])));
        assert!((&log).write_all(b"a line\n").is_err());
    }
}
