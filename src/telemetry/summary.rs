//! The end of a drain in the words of a platform engineer.

use crate::drain::{InFlight, LimitedBy, Outcome, PeerCount, Summary};
use std::time::Duration;

/// What a fixed `preStop: sleep` would have done where the drain knew better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SleepComparison {
    /// The sleep would have gone on for so long after the drain was over.
    Wasted(Duration),
    /// The sleep would have been over so long before the drain, with work still in flight or
    /// callers still coming.
    Lacked(Duration),
    /// The drain proves nothing about the sleep: it was cut off sooner, or it went on longer
    /// without anything in flight.
    Unproven,
}

impl SleepComparison {
    /// Positive: wasted. Negative: lacked. `None`: unproven.
    pub fn wasted_seconds(self) -> Option<f64> {
        match self {
            Self::Wasted(time) => Some(seconds(time)),
            Self::Lacked(time) => Some(-seconds(time)),
            Self::Unproven => None,
        }
    }
}

/// The `preStop: sleep` most often found in manifests, to which every drain is compared.
pub(super) const FIXED_SLEEP: Duration = Duration::from_secs(30);

/// Compares a drain with a fixed sleep of that length.
pub fn compare_with_sleep(summary: &Summary, sleep: Duration) -> SleepComparison {
    if summary.total > sleep {
        return match needed_after(summary, sleep) {
            true => SleepComparison::Lacked(summary.total - sleep),
            false => SleepComparison::Unproven,
        };
    }
    match summary.outcome {
        Outcome::Drained | Outcome::Pinned | Outcome::AppGone | Outcome::Restarted => {
            SleepComparison::Wasted(sleep - summary.total)
        }
        Outcome::Deadline | Outcome::Undone => SleepComparison::Unproven,
    }
}

/// The summary as one short text for people: a sentence for each thing worth knowing.
pub fn summary_text(summary: &Summary) -> String {
    let mut text = format!(
        "{} after {} s ({}; withdrawing {} s, emptying {} s; limited by {}).",
        summary.outcome.name(),
        seconds(summary.total),
        outcome_words(summary.outcome),
        seconds(summary.withdrawing),
        seconds(summary.emptying),
        summary.limited_by.name(),
    );
    for sentence in [
        Some(in_flight_words(summary)),
        Some(arrival_words(summary)),
        (!summary.leftovers.is_empty()).then(|| format!("Left: {}.", peers(&summary.leftovers))),
        summary.waiting_for.as_ref().map(|what| format!("Still waiting for: {what}.")),
        sleep_words(summary),
        (!summary.caveats.is_empty()).then(|| format!("Note: {}.", summary.caveats.join("; "))),
        summary.advice.as_ref().map(|advice| format!("Advice: {advice}.")),
    ]
    .into_iter()
    .flatten()
    {
        text.push(' ');
        text.push_str(&sentence);
    }
    text
}

/// `10.0.0.7 (3), 10.0.0.9 (1)`.
pub(super) fn peers(peers: &[PeerCount]) -> String {
    peers.iter().map(|p| format!("{} ({})", p.peer, p.connections)).collect::<Vec<_>>().join(", ")
}

/// To the millisecond: what is finer is noise in a log.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Whether something was still to be protected when the sleep would have been over. A drain that
/// went on only because a delay had to pass is no proof of it.
fn needed_after(summary: &Summary, sleep: Duration) -> bool {
    let came_later = summary.last_new_connection.is_some_and(|(after, _)| after > sleep);
    let busy_at_end = summary.in_flight_at_end.is_some_and(|n| n.busy > 0 || n.backlog > 0);
    let waited_for_work = match summary.limited_by {
        LimitedBy::BusyConnections
        | LimitedBy::AcceptQueue
        | LimitedBy::ReportedWork
        | LimitedBy::StreamWait => true,
        LimitedBy::Nothing
        | LimitedBy::Census
        | LimitedBy::Silence
        | LimitedBy::Propagation
        | LimitedBy::Readiness
        | LimitedBy::Registries
        | LimitedBy::WarmConnections
        | LimitedBy::UnknownWork
        | LimitedBy::IdleWait
        | LimitedBy::PinnedWait
        | LimitedBy::AdoptedHook
        | LimitedBy::GracePeriod
        | LimitedBy::RestartDrain
        | LimitedBy::KubeletStopCap
        | LimitedBy::NoProgress
        | LimitedBy::ListenersGone => false,
    };
    came_later || busy_at_end || waited_for_work
}

fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Drained => "nobody new came and nothing was in flight",
        Outcome::Pinned => "only busy clients on old keep-alive connections were left",
        Outcome::Deadline => "the time was up",
        Outcome::AppGone => "the application had gone, nothing was left to protect",
        Outcome::Restarted => "a container restart",
        Outcome::Undone => "taken back by undrain",
    }
}

fn in_flight_words(summary: &Summary) -> String {
    let counted = |in_flight: Option<InFlight>| match in_flight {
        None => "never counted".to_owned(),
        Some(n) => {
            let mut words = format!("{} busy, {} idle", n.busy, n.idle);
            for (count, state) in [(n.unknown, "unknown"), (n.backlog, "not accepted yet")] {
                if count > 0 {
                    words.push_str(&format!(", {count} {state}"));
                }
            }
            words
        }
    };
    let (start, end) = (counted(summary.in_flight_at_start), counted(summary.in_flight_at_end));
    format!("Connections at the stop: {start}; at the end: {end}.")
}

fn arrival_words(summary: &Summary) -> String {
    let late = summary.late_connections;
    match summary.last_new_connection {
        None => format!("New connections after the stop: {late}."),
        Some((after, peer)) => {
            let from = peer.map(|p| format!(" from {p}")).unwrap_or_default();
            let after = seconds(after);
            format!("New connections after the stop: {late}, the last after {after} s{from}.")
        }
    }
}

fn sleep_words(summary: &Summary) -> Option<String> {
    match compare_with_sleep(summary, FIXED_SLEEP) {
        SleepComparison::Wasted(time) => {
            Some(format!("A sleep 30 would have wasted {} s.", seconds(time)))
        }
        SleepComparison::Lacked(time) => {
            Some(format!("A sleep 30 would have been {} s too short.", seconds(time)))
        }
        SleepComparison::Unproven => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::StopKind;

    const SLEEP: Duration = Duration::from_secs(30);

    fn summary(outcome: Outcome, limited_by: LimitedBy, total: u64) -> Summary {
        Summary {
            outcome,
            limited_by,
            kind: StopKind::PodStop,
            total: Duration::from_secs(total),
            withdrawing: Duration::from_secs(total),
            emptying: Duration::ZERO,
            budget: None,
            in_flight_at_start: None,
            in_flight_at_end: Some(InFlight::default()),
            late_connections: 0,
            last_new_connection: None,
            leftovers: Vec::new(),
            waiting_for: None,
            caveats: Vec::new(),
            advice: None,
        }
    }

    #[test]
    fn a_drain_that_was_over_sooner_shows_what_the_sleep_wastes() {
        for outcome in [Outcome::Drained, Outcome::Pinned, Outcome::AppGone, Outcome::Restarted] {
            let compared = compare_with_sleep(&summary(outcome, LimitedBy::Silence, 6), SLEEP);
            assert_eq!(compared, SleepComparison::Wasted(Duration::from_secs(24)));
            assert_eq!(compared.wasted_seconds(), Some(24.0));
        }
    }

    #[test]
    fn a_drain_that_was_cut_off_proves_nothing_about_a_longer_sleep() {
        for outcome in [Outcome::Deadline, Outcome::Undone] {
            let cut = summary(outcome, LimitedBy::GracePeriod, 19);
            assert_eq!(compare_with_sleep(&cut, SLEEP), SleepComparison::Unproven);
        }
    }

    #[test]
    fn a_longer_drain_shows_what_the_sleep_lacks_only_where_it_was_needed() {
        let lacked = SleepComparison::Lacked(Duration::from_secs(12));
        let idle = summary(Outcome::Drained, LimitedBy::Propagation, 42);
        assert_eq!(compare_with_sleep(&idle, SLEEP), SleepComparison::Unproven);

        let busy = summary(Outcome::Drained, LimitedBy::BusyConnections, 42);
        assert_eq!(compare_with_sleep(&busy, SLEEP), lacked);
        assert_eq!(lacked.wasted_seconds(), Some(-12.0));

        for (seconds, expected) in [(29, SleepComparison::Unproven), (31, lacked)] {
            let last_new_connection = Some((Duration::from_secs(seconds), None));
            let late = Summary { last_new_connection, ..idle.clone() };
            assert_eq!(compare_with_sleep(&late, SLEEP), expected);
        }
        let in_flight_at_end = Some(InFlight { busy: 1, ..InFlight::default() });
        let left = Summary { in_flight_at_end, outcome: Outcome::Deadline, ..idle };
        assert_eq!(compare_with_sleep(&left, SLEEP), lacked);
    }

    #[test]
    fn the_text_says_what_is_known_and_no_more() {
        let quiet = summary(Outcome::Drained, LimitedBy::Silence, 6);
        assert_eq!(
            summary_text(&quiet),
            "drained after 6 s (nobody new came and nothing was in flight; withdrawing 6 s, \
             emptying 0 s; limited by silence). Connections at the stop: never counted; at the \
             end: 0 busy, 0 idle. New connections after the stop: 0. A sleep 30 would have wasted \
             24 s."
        );
    }

    #[test]
    fn the_text_names_who_is_left_and_what_to_do() {
        let peer = "10.0.0.7".parse().unwrap();
        let pinned = Summary {
            in_flight_at_end: Some(InFlight { busy: 2, idle: 1, unknown: 3, backlog: 4 }),
            late_connections: 9,
            last_new_connection: Some((Duration::from_millis(4_250), Some(peer))),
            leftovers: vec![PeerCount { peer, connections: 2 }],
            caveats: vec!["a".into(), "b".into()],
            advice: Some("set notify".into()),
            waiting_for: Some("2 busy connections".into()),
            ..summary(Outcome::Deadline, LimitedBy::GracePeriod, 19)
        };
        let text = summary_text(&pinned);
        for part in [
            "deadline after 19 s (the time was up;",
            "at the end: 2 busy, 1 idle, 3 unknown, 4 not accepted yet.",
            "New connections after the stop: 9, the last after 4.25 s from 10.0.0.7.",
            "Left: 10.0.0.7 (2).",
            "Still waiting for: 2 busy connections.",
            "Note: a; b.",
            "Advice: set notify.",
        ] {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
        assert!(!text.contains("sleep 30"), "{text}");
    }
}
