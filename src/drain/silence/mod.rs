//! The silence rule: how long nobody new must come before the lists must have forgotten us.
//!
//! Silence is evidence in proportion to how busy the pod was. What still trickles in raises
//! what is asked for, because lists drop out one by one and the last may be a small one
//! (rule: docs/drain.md, simulation: docs/how-silence-is-judged.md).

use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How many gaps between late arrivals are remembered.
const GAPS: usize = 8;
/// Silence must outlast this many mean gaps.
const GAP_FACTOR: u32 = 7;

/// What silence is measured against.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub quiet_period: Duration,
    /// Already cut to the budget.
    pub propagation: Duration,
    pub evidence: Option<f64>,
    /// Arrivals a second before the stop; `None`: not known.
    pub rate: Option<f64>,
}

/// Why silence is not believed before a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Because {
    QuietPeriod,
    /// The mean gap between late arrivals on one port.
    Gaps {
        port: u16,
        mean: Duration,
    },
    /// Arrivals a second before the stop.
    Evidence {
        rate: f64,
    },
    Propagation,
}

/// The moment from which silence is believed unless somebody comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    pub at: Instant,
    pub because: Because,
    /// Where the silence that is awaited began.
    pub since: Instant,
}

/// New connections to the serving ports since the stop.
#[derive(Clone, Debug)]
pub struct Silence {
    stop: Instant,
    ports: Vec<PortSilence>,
    last: Option<(Instant, Option<IpAddr>)>,
    arrivals: u64,
}

#[derive(Clone, Debug)]
struct PortSilence {
    port: u16,
    gaps: [Duration; GAPS],
    known: usize,
    next: usize,
    last: Instant,
}

impl Silence {
    pub fn since(stop: Instant) -> Self {
        Self { stop, ports: Vec::new(), last: None, arrivals: 0 }
    }

    /// `count` new connections were seen on `port` at `at`. They came some time after the look
    /// before; to share the time between them keeps the mean gap right, and to date them all at
    /// `at` never makes the silence look longer than it was.
    pub fn arrived(&mut self, port: u16, count: u32, at: Instant, from: Option<IpAddr>) {
        if count == 0 {
            return;
        }
        self.arrivals += u64::from(count);
        self.last = Some((at, from));
        let stop = self.stop;
        let index = self.ports.iter().position(|p| p.port == port).unwrap_or_else(|| {
            self.ports.push(PortSilence::new(port, stop));
            self.ports.len() - 1
        });
        self.ports[index].arrived(count, at);
    }

    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// When the last new connection came, and from where.
    pub fn last_arrival(&self) -> Option<(Instant, Option<IpAddr>)> {
        self.last
    }

    /// Since when nobody new has come.
    pub fn quiet_since(&self) -> Instant {
        self.last.map_or(self.stop, |(at, _)| at)
    }

    /// When silence may be believed, if nobody comes before.
    pub fn due(&self, terms: &Terms) -> Due {
        let needed = self.needed(terms);
        let proof = self.proof(terms);
        if proof.at > needed.at { proof } else { needed }
    }

    /// Every port must outlast the quiet period and its own trickle.
    fn needed(&self, terms: &Terms) -> Due {
        let since = self.quiet_since();
        let quiet = Due { at: since + terms.quiet_period, because: Because::QuietPeriod, since };
        self.ports
            .iter()
            .map(|port| port.due(terms))
            .fold(quiet, |worst, due| if due.at > worst.at { due } else { worst })
    }

    /// Either the propagation delay is over or the silence is telling for so busy a pod.
    fn proof(&self, terms: &Terms) -> Due {
        let since = self.quiet_since();
        let propagated = Due {
            at: self.stop + terms.propagation,
            because: Because::Propagation,
            since: self.stop,
        };
        let Some((evidence, rate)) = terms.evidence.zip(terms.rate.filter(|rate| *rate > 0.0))
        else {
            return propagated;
        };
        // An expectation longer than the propagation delay proves nothing sooner than it.
        let telling = Duration::try_from_secs_f64(evidence / rate).unwrap_or(Duration::MAX);
        match since.checked_add(telling) {
            Some(at) if at < propagated.at => {
                Due { at, because: Because::Evidence { rate }, since }
            }
            _ => propagated,
        }
    }
}

impl PortSilence {
    fn new(port: u16, stop: Instant) -> Self {
        Self { port, gaps: [Duration::ZERO; GAPS], known: 0, next: 0, last: stop }
    }

    fn arrived(&mut self, count: u32, at: Instant) {
        let gap = at.saturating_duration_since(self.last) / count;
        for _ in 0..(count as usize).min(GAPS) {
            self.gaps[self.next] = gap;
            self.next = (self.next + 1) % GAPS;
            self.known = (self.known + 1).min(GAPS);
        }
        self.last = at;
    }

    fn mean_gap(&self) -> Duration {
        let known = self.known.max(1);
        self.gaps[..known].iter().sum::<Duration>() / u32::try_from(known).unwrap_or(1)
    }

    fn due(&self, terms: &Terms) -> Due {
        let mean = self.mean_gap();
        let trickle = mean.saturating_mul(GAP_FACTOR).min(terms.propagation);
        let because = if trickle > terms.quiet_period {
            Because::Gaps { port: self.port, mean }
        } else {
            Because::QuietPeriod
        };
        Due { at: self.last + trickle.max(terms.quiet_period), because, since: self.last }
    }
}

#[cfg(test)]
mod tests;
