//! Poisson arrivals from lists that change one by one, against the rule.

use super::{Duration, Silence, Terms, instant, secs, terms};
use std::time::Instant;

/// Drains a row, each with its own seed.
const DRAINS: u64 = 4_000;
/// Each list changes at its own lognormal moment: median and 99th percentile in seconds.
const CHANGE: (f64, f64) = (0.6, 5.0);
/// The standard normal distribution's 99th percentile.
const Z99: f64 = 2.326_347_9;

/// Where new connections come from, and what the facts promise.
struct Row {
    name: &'static str,
    /// Connections a second from each list.
    lists: Vec<f64>,
    hold: f64,
    /// Share of drains with late connections, in percent.
    late: f64,
}

fn rows() -> Vec<Row> {
    let even = |rate: f64, lists: u32| vec![rate / f64::from(lists); lists as usize];
    let row = |name, lists, hold, late| Row { name, lists, hold, late };
    vec![
        row("1 an hour", even(1.0 / 3600.0, 1), 5.0, 0.0),
        row("0.3/s", even(0.3, 1), 5.1, 0.0),
        row("1/s", even(1.0, 1), 5.3, 0.0),
        row("10/s from 20 lists", even(10.0, 20), 5.7, 3.8),
        row("100/s from one list", even(100.0, 1), 2.3, 0.0),
        row("100/s from 20 lists", even(100.0, 20), 4.8, 1.5),
        row("100/s from 100 lists", even(100.0, 100), 7.0, 19.0),
        row("1000/s from one list", even(1000.0, 1), 1.4, 0.0),
        row("1000/s from 20 lists", even(1000.0, 20), 4.1, 0.0),
        row("99/s + 1/s from a second list", vec![99.0, 1.0], 2.5, 2.0),
        row("500/s + 0.5/s from a second list", vec![500.0, 0.5], 1.4, 6.8),
    ]
}

/// Connections since the stop, in order, in seconds.
fn arrivals(lists: &[f64], random: &mut fastrand::Rng) -> Vec<f64> {
    let mut all = Vec::new();
    for rate in lists {
        let changes = lognormal(random);
        let mut at = exponential(*rate, random);
        while at < changes {
            all.push(at);
            at += exponential(*rate, random);
        }
    }
    all.sort_by(f64::total_cmp);
    all
}

fn exponential(rate: f64, random: &mut fastrand::Rng) -> f64 {
    -(1.0 - random.f64()).ln() / rate
}

fn lognormal(random: &mut fastrand::Rng) -> f64 {
    let (median, p99) = CHANGE;
    let (u, v) = (1.0 - random.f64(), random.f64());
    let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
    median * (normal * (p99 / median).ln() / Z99).exp()
}

/// How long the rule holds a drain, where every arrival is seen as it comes.
fn hold(start: Instant, arrivals: &[f64], terms: &Terms) -> f64 {
    let mut silence = Silence::since(start);
    for at in arrivals {
        let at = start + secs(*at);
        if silence.due(terms).at <= at {
            break;
        }
        silence.arrived(80, 1, at, None);
    }
    silence.due(terms).at.saturating_duration_since(start).as_secs_f64()
}

/// What happened in all drains of a row.
#[derive(Default)]
struct Measured {
    holds: Vec<f64>,
    late: usize,
    drains_with_late: u32,
    late_after_sleep: usize,
    sleeps_with_late: u32,
}

impl Measured {
    fn of(row: &Row, seed: u64) -> Self {
        let (start, rate) = (instant(), row.lists.iter().sum());
        let terms = terms(Some(rate));
        let mut measured = Self::default();
        for drain in 0..DRAINS {
            let mut random = fastrand::Rng::with_seed(seed * DRAINS + drain);
            let arrivals = arrivals(&row.lists, &mut random);
            measured.add(hold(start, &arrivals, &terms), &arrivals);
        }
        measured.holds.sort_by(f64::total_cmp);
        measured
    }

    fn add(&mut self, hold: f64, arrivals: &[f64]) {
        let late = |after: f64| arrivals.iter().filter(|at| **at > after).count();
        let (held, slept) = (late(hold), late(5.0));
        self.holds.push(hold);
        self.late += held;
        self.late_after_sleep += slept;
        self.drains_with_late += u32::from(held > 0);
        self.sleeps_with_late += u32::from(slept > 0);
    }

    fn mean(&self) -> f64 {
        self.holds.iter().sum::<f64>() / self.holds.len() as f64
    }

    fn p95(&self) -> f64 {
        self.holds[self.holds.len() * 95 / 100]
    }

    fn line(&self, name: &str) -> String {
        let per_drain = |count: usize| count as f64 / DRAINS as f64;
        format!(
            "| {name} | {:.1} / {:.1} | {:.2} ({:.1} %) | {:.2} ({:.1} %) |",
            self.mean(),
            self.p95(),
            per_drain(self.late),
            percent(self.drains_with_late),
            per_drain(self.late_after_sleep),
            percent(self.sleeps_with_late),
        )
    }
}

fn percent(drains: u32) -> f64 {
    100.0 * f64::from(drains) / DRAINS as f64
}

#[test]
fn the_rule_holds_as_long_as_promised_and_no_more_drains_are_late() {
    println!(
        "| arrivals before the stop | hold mean / p95, s | late (drains) | sleep 5: late (drains) |"
    );
    println!("|---|---|---|---|");
    let mut broken = Vec::new();
    for (seed, row) in (1..).zip(rows()) {
        let measured = Measured::of(&row, seed);
        println!("{}", measured.line(row.name));
        let mean = measured.mean();
        if (mean - row.hold).abs() > row.hold * 0.1 {
            broken.push(format!("{}: hold {mean:.2} s, promised {}", row.name, row.hold));
        }
        let late = percent(measured.drains_with_late);
        if late > row.late + 3.0 {
            broken.push(format!("{}: late {late:.1} %, promised {}", row.name, row.late));
        }
    }
    assert_eq!(broken, [] as [String; 0]);
}

#[test]
fn the_simulated_lists_change_as_they_should() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut moments: Vec<_> = (0..20_000).map(|_| lognormal(&mut random)).collect();
    moments.sort_by(f64::total_cmp);
    assert!((moments[10_000] - CHANGE.0).abs() < 0.02, "median {}", moments[10_000]);
    assert!((moments[19_800] - CHANGE.1).abs() < 0.4, "p99 {}", moments[19_800]);
}

#[test]
fn a_rule_with_half_the_evidence_would_be_noticed() {
    let rows = rows();
    let row = rows.iter().find(|row| row.name == "100/s from one list").unwrap();
    let half = Terms { evidence: Some(70.0), ..terms(Some(100.0)) };
    let mut random = fastrand::Rng::with_seed(1);
    let start = instant();
    let holds = (0..2_000).map(|_| hold(start, &arrivals(&row.lists, &mut random), &half));
    let mean = holds.sum::<f64>() / 2_000.0;
    assert!((mean - row.hold).abs() > row.hold * 0.1, "{mean}");
    assert!(Duration::from_secs_f64(mean) < secs(row.hold));
}
