//! What happened under one strategy, second by second.

use super::Failure;
use crate::demo::strategy::Strategy;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Requests and failures, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    failed: [u64; Failure::ALL.len()],
}

impl Counts {
    pub(crate) fn of(&self, failure: Failure) -> u64 {
        self.failed[failure as usize]
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.iter().sum()
    }

    pub(crate) fn add(&mut self, answered: Result<(), Failure>) {
        self.requests += 1;
        if let Err(failure) = answered {
            self.failed[failure as usize] += 1;
        }
    }
}

/// The stop of one old instance, counted from the start of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) began: Duration,
    /// `None`: it is still stopping.
    pub(crate) ended: Option<Duration>,
}

/// Written by the clients and by the update, read by the progress and the report.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) strategy: Strategy,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    failed_in_second: Vec<u64>,
    stops: Vec<Span>,
}

impl Track {
    pub(crate) fn new(strategy: Strategy, began: Instant) -> Self {
        Self { strategy, began, state: Mutex::default() }
    }

    pub(crate) fn count(&self, answered: Result<(), Failure>) {
        let second = self.began.elapsed().as_secs() as usize;
        let state = &mut *self.state();
        state.counts.add(answered);
        if answered.is_err() {
            let length = state.failed_in_second.len().max(second + 1);
            state.failed_in_second.resize(length, 0);
            state.failed_in_second[second] += 1;
        }
    }

    pub(crate) fn stop_began(&self) {
        let span = Span { began: self.began.elapsed(), ended: None };
        self.state().stops.push(span);
    }

    pub(crate) fn stop_ended(&self) {
        let ended = self.began.elapsed();
        if let Some(span) = self.state().stops.last_mut() {
            span.ended = Some(ended);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    pub(crate) fn stops(&self) -> Vec<Span> {
        self.state().stops.clone()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// One sign a second: failures as a digit (`#` for ten or more), `-` while an old instance is
    /// stopping, `.` otherwise.
    pub(crate) fn timeline(&self, until: Duration) -> String {
        let state = self.state();
        let sign = |second: u64| {
            let failed = state.failed_in_second.get(second as usize).copied().unwrap_or(0);
            let (from, to) = (Duration::from_secs(second), Duration::from_secs(second + 1));
            let stopping = state
                .stops
                .iter()
                .any(|span| span.began < to && span.ended.is_none_or(|ended| ended >= from));
            match failed {
                0 if stopping => '-',
                0 => '.',
                1..=9 => char::from(b'0' + failed as u8),
                _ => '#',
            }
        };
        (0..=until.as_secs()).map(sign).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_and_stops_appear_in_their_second() {
        let track = Track::new(Strategy::None, Instant::now());
        let second = Duration::from_secs(1);
        tokio::time::advance(second).await;
        track.stop_began();
        track.count(Err(Failure::Refused));
        tokio::time::advance(2 * second).await;
        track.stop_ended();
        track.count(Ok(()));
        tokio::time::advance(second).await;
        for _ in 0..10 {
            track.count(Err(Failure::Eof));
        }
        assert_eq!(track.timeline(track.elapsed() + second), ".1--#.");
        let counts = track.counts();
        assert_eq!((counts.requests, counts.failed()), (12, 11));
        assert_eq!((counts.of(Failure::Eof), counts.of(Failure::Reset)), (10, 0));
    }
}
