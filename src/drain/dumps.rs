//! Looks at the LISTEN sockets alone, while something hangs on them.

use super::census::ListenerSeen;
use std::time::{Duration, Instant};

/// How often the listeners are looked at while something hangs on them.
const INTERVAL: Duration = Duration::from_millis(250);

/// The latest look, and the one that is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Dumps {
    wanted_at: Option<Instant>,
    asked_at: Option<Instant>,
    seen: Option<(Instant, Vec<ListenerSeen>)>,
    failed_at: Option<Instant>,
}

impl Dumps {
    /// One is wanted now, unless one is under way or has just been taken.
    pub(super) fn want(&mut self, now: Instant) {
        if self.wanted_at.is_none() && self.asked_at.is_none() {
            let last = self.seen.as_ref().map(|(at, _)| *at).max(self.failed_at);
            self.wanted_at = Some(last.map_or(now, |at| (at + INTERVAL).max(now)));
        }
    }

    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let due = self.wanted_at.is_some_and(|at| at <= now);
        if due {
            self.wanted_at = None;
            self.asked_at = Some(now);
        }
        due
    }

    pub(super) fn taken(&mut self, now: Instant, seen: Vec<ListenerSeen>) {
        let began = self.asked_at.take().unwrap_or(now);
        self.seen = Some((began, seen));
    }

    pub(super) fn failed(&mut self, now: Instant) {
        if self.asked_at.take().is_some() {
            self.failed_at = Some(now);
        }
    }

    /// The latest dump, if it was begun at `from` or later.
    pub(super) fn since(&self, from: Instant) -> Option<&[ListenerSeen]> {
        self.seen.as_ref().filter(|(at, _)| *at >= from).map(|(_, seen)| &seen[..])
    }

    pub(super) fn failed_since(&self, from: Instant) -> bool {
        self.failed_at.is_some_and(|at| at >= from)
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.wanted_at
    }
}
