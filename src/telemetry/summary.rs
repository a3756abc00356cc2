//! The end of a drain in the words of a platform engineer.

use crate::drain::{FIXED_SLEEP, InFlight, Outcome, PeerCount, SleepComparison, Summary};
use std::time::Duration;

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
    rounded(time.as_secs_f64())
}

pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
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
    match summary.against_sleep(FIXED_SLEEP) {
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
    use crate::drain::LimitedBy;
    use crate::drain::testing::summary;

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
