//! Where log lines go and how they look.

use super::metrics::Metrics;
use super::stderr::NeverWaiting;
use crate::config::{LogConfig, LogFormat};
use std::io::IsTerminal;
use std::sync::Arc;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Sends the log of this process to stderr. Only the first call has an effect.
pub fn init(config: &LogConfig, metrics: Arc<Metrics>) {
    let format = format_for(config.format, std::io::stderr().is_terminal());
    let writer = NeverWaiting::new(std::io::stderr(), metrics);
    let dispatch = subscriber(config.level, format, writer);
    // An error means that a log is set up already; the lines go there then.
    tracing::dispatcher::set_global_default(dispatch).ok();
}

/// The format meant by a setting: `Auto` is text on a terminal and JSON elsewhere.
pub fn format_for(setting: LogFormat, terminal: bool) -> LogFormat {
    match (setting, terminal) {
        (LogFormat::Auto, true) => LogFormat::Text,
        (LogFormat::Auto, false) => LogFormat::Json,
        (chosen, _) => chosen,
    }
}

/// A log that writes one line per event to `writer`, with the time in UTC (RFC 3339).
///
/// A level and no directives per module: the filter language costs 350 KB of regular expressions
/// in the binary.
pub fn subscriber<W>(level: tracing::Level, format: LogFormat, writer: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(level))
        .with_ansi(false)
        .with_writer(writer);
    match format {
        LogFormat::Text => Dispatch::new(lines.finish()),
        LogFormat::Json | LogFormat::Auto => Dispatch::new(
            lines
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .finish(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_text_on_a_terminal_and_json_elsewhere() {
        assert_eq!(format_for(LogFormat::Auto, true), LogFormat::Text);
        assert_eq!(format_for(LogFormat::Auto, false), LogFormat::Json);
        assert_eq!(format_for(LogFormat::Json, true), LogFormat::Json);
        assert_eq!(format_for(LogFormat::Text, false), LogFormat::Text);
    }
}
