//! Tells the application the phase, by an HTTP call, a file, or both.
//!
//! An application that knows answers with `Connection: close` and stops pulling messages, which is
//! what moves keep-alive clients off without a lost request. The room knows what to say and
//! where, never when or whether it matters: every call ends within 3.5 s, and an error is a
//! sentence for the summary.

use crate::config::NotifyConfig;
use crate::drain::{NotifyChannel, NotifyPhase};
use std::time::Duration;

mod file;
mod http;
#[cfg(test)]
mod tests;

/// The application's ear. Holds no connection and no thread between two calls.
#[derive(Debug)]
pub struct Notifier {
    url: Option<String>,
    file: Option<file::PhaseFile>,
}

impl Notifier {
    pub fn new(config: NotifyConfig) -> Self {
        Self { url: config.url, file: config.file.map(file::PhaseFile::new) }
    }

    /// Removes a notify file that an earlier life of the agent left behind, which would have the
    /// application turn its clients away for ever.
    ///
    /// # Errors
    /// The file or its directory cannot be used; the agent can go on without.
    pub fn startup(&self) -> Result<(), String> {
        self.file.as_ref().map_or(Ok(()), file::PhaseFile::startup)
    }

    /// Tells the application the phase over one channel; returns when it was acknowledged or
    /// given up, at the latest after 3.5 s. `deadline`: how long the drain may still take.
    ///
    /// # Errors
    /// One sentence: what was tried, what came back, what to do.
    pub async fn send(
        &self,
        channel: NotifyChannel,
        phase: NotifyPhase,
        deadline: Option<Duration>,
    ) -> Result<(), String> {
        match (channel, &self.url, &self.file) {
            (NotifyChannel::Http, Some(url), _) => http::post(url, phase, deadline).await,
            (NotifyChannel::File, _, Some(file)) => file.set(phase).await,
            (NotifyChannel::Http, None, _) => Err("no notify address is set; set notify".into()),
            (NotifyChannel::File, _, None) => Err("no notify file is set; set notify-file".into()),
        }
    }
}
