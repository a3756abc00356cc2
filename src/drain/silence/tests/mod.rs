//! The rule by examples, and the rule against simulated arrivals (docs/how-silence-is-judged.md).

mod simulation;

use super::*;
use crate::drain::testing::instant;

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn terms(rate: Option<f64>) -> Terms {
    Terms { quiet_period: secs(0.5), propagation: secs(5.0), evidence: Some(140.0), rate }
}

/// When silence is believed after these arrivals (port, seconds), and why.
fn due(arrivals: &[(u16, f64)], terms: &Terms) -> (f64, Because) {
    let start = instant();
    let mut silence = Silence::since(start);
    for (port, at) in arrivals {
        silence.arrived(*port, 1, start + secs(*at), None);
    }
    let due = silence.due(terms);
    let at = due.at.duration_since(start).as_secs_f64();
    ((at * 1000.0).round() / 1000.0, due.because)
}

#[test]
fn without_a_rate_only_the_propagation_delay_is_evidence() {
    assert_eq!(due(&[], &terms(None)), (5.0, Because::Propagation));
    assert_eq!(due(&[(80, 0.01)], &terms(None)), (5.0, Because::Propagation));
    let rate_zero = terms(Some(0.0));
    assert_eq!(due(&[], &rate_zero), (5.0, Because::Propagation));
}

#[test]
fn the_silence_of_a_busy_pod_is_telling() {
    assert_eq!(due(&[], &terms(Some(100.0))), (1.4, Because::Evidence { rate: 100.0 }));
    assert_eq!(due(&[(80, 0.1)], &terms(Some(100.0))), (1.5, Because::Evidence { rate: 100.0 }));
}

#[test]
fn evidence_that_would_take_longer_than_the_propagation_delay_is_void() {
    assert_eq!(due(&[], &terms(Some(20.0))), (5.0, Because::Propagation));
    assert_eq!(due(&[], &terms(Some(1e-300))), (5.0, Because::Propagation));
}

#[test]
fn evidence_off_always_waits_for_the_propagation_delay() {
    let off = Terms { evidence: None, ..terms(Some(1000.0)) };
    assert_eq!(due(&[], &off), (5.0, Because::Propagation));
}

#[test]
fn the_quiet_period_is_the_least() {
    assert_eq!(due(&[], &terms(Some(1000.0))), (0.5, Because::QuietPeriod));
    assert_eq!(
        due(&[(80, 4.9), (80, 4.91)], &terms(None)).1,
        Because::Gaps { port: 80, mean: secs(2.455) }
    );
}

#[test]
fn no_arrival_yet_asks_for_no_gap() {
    let quick = Terms { propagation: Duration::ZERO, ..terms(None) };
    assert_eq!(due(&[], &quick), (0.5, Because::QuietPeriod));
}

#[test]
fn the_first_gap_runs_from_the_stop_to_the_first_arrival() {
    let mean = secs(0.2);
    assert_eq!(due(&[(80, 0.2)], &terms(Some(1000.0))), (1.6, Because::Gaps { port: 80, mean }));
}

#[test]
fn seven_mean_gaps_are_asked_for_and_at_most_the_propagation_delay() {
    let mean = secs(0.3);
    let arrivals = [(80, 0.2), (80, 0.4), (80, 0.9)];
    assert_eq!(due(&arrivals, &terms(Some(1000.0))), (3.0, Because::Gaps { port: 80, mean }));
    assert_eq!(due(&[(80, 2.0)], &terms(Some(1000.0))).0, 7.0);
}

#[test]
fn only_the_last_eight_gaps_count() {
    let mut arrivals = vec![(80, 3.0)];
    arrivals.extend((1..=8).map(|n| (80, 3.0 + f64::from(n) * 0.1)));
    let mean = secs(0.1);
    assert_eq!(due(&arrivals, &terms(Some(1000.0))), (4.5, Because::Gaps { port: 80, mean }));
}

#[test]
fn each_port_must_outlast_its_own_trickle() {
    let arrivals = [(80, 0.4), (90, 0.41), (80, 0.42), (80, 0.43), (80, 0.44)];
    let mean = secs(0.41);
    assert_eq!(due(&arrivals, &terms(Some(1000.0))), (3.28, Because::Gaps { port: 90, mean }));
}

#[test]
fn connections_seen_in_one_look_share_the_time_since_the_look_before() {
    let start = instant();
    let mut silence = Silence::since(start);
    silence.arrived(80, 4, start + secs(0.8), None);
    let due = silence.due(&terms(Some(1000.0)));
    assert_eq!(due.because, Because::Gaps { port: 80, mean: secs(0.2) });
    assert_eq!(due.at, start + secs(0.8 + 1.4));
    assert_eq!((silence.arrivals(), silence.quiet_since()), (4, start + secs(0.8)));
}

#[test]
fn a_look_without_arrivals_changes_nothing() {
    let start = instant();
    let mut silence = Silence::since(start);
    silence.arrived(80, 0, start + secs(0.8), None);
    assert_eq!(silence.quiet_since(), start);
    assert_eq!(silence.last_arrival(), None);
}
