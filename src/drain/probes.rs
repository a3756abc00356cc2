//! The kubelet's probes of the agent: what their silence says about who stops the pod.
//!
//! A deletion leaves the readiness probes running; the kubelet's own stops (eviction, node
//! shutdown, an active deadline) end them at once (Kubernetes 1.36, pkg/kubelet/prober/worker.go).

use std::time::{Duration, Instant};

/// A rhythm needs this many probes.
const ENOUGH: usize = 3;
/// Probes remembered.
const KEPT: usize = 9;
/// Missing this many median gaps is no jitter.
const MISSED: u32 = 3;
/// After the agent was stopped, requests already queued are read before anything is judged.
const CATCH_UP: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, Default)]
pub(super) struct ProbeLog {
    /// Before the stop, oldest first.
    seen: Vec<Instant>,
    watch: Option<Watch>,
}

/// Counts silence after a known stop, less the time in which the agent itself did not run.
#[derive(Clone, Copy, Debug)]
struct Watch {
    silent_from: Instant,
    not_before: Instant,
    median: Duration,
}

impl ProbeLog {
    pub(super) fn any(&self) -> bool {
        !self.seen.is_empty()
    }

    /// `before`: no stop runs. A rhythm is what was seen before the stop.
    pub(super) fn seen(&mut self, now: Instant, before: bool) {
        match &mut self.watch {
            Some(watch) => watch.silent_from = now,
            None if !before => {}
            None => {
                if self.seen.len() == KEPT {
                    self.seen.remove(0);
                }
                self.seen.push(now);
            }
        }
    }

    /// A pod stop is known: from here on silence means something.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.watch.is_none() && self.seen.len() >= ENOUGH {
            let median = self.median();
            self.watch = Some(Watch { silent_from: now, not_before: now, median });
        }
    }

    pub(super) fn end(&mut self) {
        self.watch = None;
    }

    /// The agent did not run for `missing`; nobody could have probed it.
    pub(super) fn lapsed(&mut self, now: Instant, missing: Duration) {
        if let Some(watch) = &mut self.watch {
            watch.silent_from = (watch.silent_from + missing).min(now);
            watch.not_before = now + CATCH_UP;
        }
    }

    /// When missing probes become a verdict.
    pub(super) fn due(&self) -> Option<Instant> {
        self.watch.map(|w| (w.silent_from + w.median * MISSED).max(w.not_before))
    }

    pub(super) fn silent_for(&self, now: Instant) -> Duration {
        self.watch.map_or(Duration::ZERO, |w| now.saturating_duration_since(w.silent_from))
    }

    fn median(&self) -> Duration {
        let mut gaps: Vec<_> =
            self.seen.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied().unwrap_or(Duration::from_secs(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(probes: u32) -> (ProbeLog, Instant) {
        let start = super::super::testing::instant();
        let mut log = ProbeLog::default();
        for step in 0..probes {
            log.seen(start + Duration::from_secs(2) * step, true);
        }
        (log, start + Duration::from_secs(2) * probes)
    }

    #[test]
    fn two_probes_are_no_rhythm() {
        let (mut log, now) = log(2);
        log.begin(now);
        assert_eq!(log.due(), None);
    }

    #[test]
    fn three_missed_gaps_are_a_verdict_and_a_probe_takes_it_back() {
        let (mut log, now) = log(5);
        log.begin(now);
        assert_eq!(log.due(), Some(now + Duration::from_secs(6)));
        log.seen(now + Duration::from_secs(5), false);
        assert_eq!(log.due(), Some(now + Duration::from_secs(11)));
    }

    #[test]
    fn time_in_which_the_agent_was_stopped_is_not_silence() {
        let (mut log, now) = log(5);
        log.begin(now);
        let woken = now + Duration::from_secs(10);
        log.lapsed(woken, Duration::from_secs(9));
        assert_eq!(log.due(), Some(now + Duration::from_secs(15)));
        log.lapsed(now + Duration::from_secs(15), Duration::from_millis(600));
        assert!(log.due().unwrap() >= now + Duration::from_millis(15_500));
    }
}
