//! How busy the pod was before the stop, read whenever something else woke the agent.

use super::plan::AppProbe;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// At two seconds apart these cover about a minute.
const SAMPLES: usize = 32;
/// Samples closer together than this say nothing the older one does not.
const SPACING: Duration = Duration::from_millis(1900);
/// A guess from less than this is no rate.
const SHORTEST: Duration = Duration::from_secs(6);
/// The recent window.
const RECENT: Duration = Duration::from_secs(10);
/// Samples that old are history, and without a fresher one there is no rate.
const STALE: Duration = Duration::from_secs(120);

/// Counter readings over time.
#[derive(Clone, Debug, Default)]
pub(super) struct ArrivalRate {
    samples: VecDeque<(Instant, u64)>,
    /// The counter counts the whole namespace, probes of the application included.
    whole_namespace: bool,
}

impl ArrivalRate {
    pub(super) fn read(&mut self, now: Instant, accepted: u64, whole_namespace: bool) {
        self.whole_namespace = whole_namespace;
        if let Some((at, before)) = self.samples.back() {
            if accepted < *before {
                self.samples.clear(); // the counter began anew
            } else if now.saturating_duration_since(*at) < SPACING {
                return;
            }
        }
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((now, accepted));
    }

    /// Arrivals a second at `stop`: the lower of a recent and a longer window, because a rate
    /// guessed too high makes silence look like stronger evidence than it is.
    pub(super) fn at_stop(&self, stop: Instant, probes: &[AppProbe], ports: usize) -> Option<f64> {
        let (last_at, last) = *self.samples.back()?;
        if stop.saturating_duration_since(last_at) > STALE {
            return None;
        }
        let over = |window: Duration| {
            let (at, before) = *self
                .samples
                .iter()
                .rev()
                .find(|(at, _)| last_at.saturating_duration_since(*at) >= window)?;
            let span = last_at.saturating_duration_since(at).as_secs_f64();
            Some((last - before) as f64 / span)
        };
        let (oldest, _) = *self.samples.front()?;
        let span = last_at.saturating_duration_since(oldest).min(STALE);
        if span < SHORTEST {
            return None;
        }
        let recent = over(RECENT.min(span))?;
        let long = over(span)?;
        let rate = recent.min(long) - self.probe_rate(probes, ports);
        (rate > 0.0).then_some(rate)
    }

    /// Probes of the application that a count of the whole namespace contains: as configured,
    /// else one a second and serving port, which errs on the careful side.
    fn probe_rate(&self, probes: &[AppProbe], ports: usize) -> f64 {
        if !self.whole_namespace {
            return 0.0;
        }
        if probes.is_empty() {
            return ports as f64;
        }
        probes.iter().map(|probe| probe.period.as_secs_f64().max(0.1).recip()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_of(counts: &[u64], whole: bool, probes: &[AppProbe]) -> Option<f64> {
        let start = super::super::testing::instant();
        let mut rate = ArrivalRate::default();
        let mut now = start;
        for count in counts {
            rate.read(now, *count, whole);
            now += Duration::from_secs(2);
        }
        rate.at_stop(now, probes, 1)
    }

    #[test]
    fn a_young_agent_knows_no_rate() {
        assert_eq!(rate_of(&[0, 200, 400], false, &[]), None);
        assert_eq!(rate_of(&[0, 200, 400, 600], false, &[]), Some(100.0));
    }

    #[test]
    fn the_lower_of_the_recent_and_the_longer_window_counts() {
        let surge = [0, 2, 4, 6, 8, 10, 1010, 2010, 3010, 4010, 5010];
        assert!(rate_of(&surge, false, &[]).unwrap() < 300.0);
        let lull = [0, 1000, 2000, 3000, 4000, 4002, 4004, 4006, 4008, 4010];
        assert_eq!(rate_of(&lull, false, &[]), Some(1.0));
    }

    #[test]
    fn probes_of_the_application_are_subtracted_from_a_count_of_the_namespace() {
        assert_eq!(rate_of(&[0, 2, 4, 6, 8], true, &[]), None);
        let probes = [AppProbe { port: 80, period: Duration::from_secs(2) }];
        assert_eq!(rate_of(&[0, 2, 4, 6, 8], true, &probes), Some(0.5));
    }

    #[test]
    fn a_counter_that_began_anew_is_no_arrival() {
        assert_eq!(rate_of(&[1000, 1200, 0, 20, 40, 60], false, &[]), Some(10.0));
    }

    #[test]
    fn old_readings_are_no_rate() {
        let start = super::super::testing::instant();
        let mut rate = ArrivalRate::default();
        for step in 0..10_u32 {
            rate.read(start + Duration::from_secs(2) * step, u64::from(step) * 10, false);
        }
        let late = start + Duration::from_secs(20) + STALE;
        assert_eq!(rate.at_stop(late, &[], 1), None);
    }
}
