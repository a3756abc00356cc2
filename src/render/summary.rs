//! How a drain ended.

use super::{few, plural, rounded, seconds, shortened, words};
use crate::drain::{FIXED_SLEEP, InFlight, LimitedBy, PeerCount, Summary};
use serde_json::{Value, json};

/// The summary as an object of closed shape, under 4 KiB; times in seconds, absent facts `null`.
pub fn summary_json(summary: &Summary) -> Value {
    json!({
        "outcome": summary.outcome.name(),
        "limited_by": summary.limited_by.name(),
        "kind": summary.kind.name(),
        "seconds": {
            "total": seconds(summary.total),
            "withdrawing": seconds(summary.withdrawing),
            "emptying": seconds(summary.emptying),
            "budget": summary.budget.map(seconds),
        },
        "in_flight": {
            "start": summary.in_flight_at_start.map(in_flight_json),
            "end": summary.in_flight_at_end.map(in_flight_json),
        },
        "late_connections": summary.late_connections,
        "last_new_connection": summary.last_new_connection.map(|(after, from)| json!({
            "after_seconds": seconds(after),
            "from": from.map(|from| from.to_string()),
        })),
        "leftovers": peers_json(&summary.leftovers),
        "sleep_30_wasted_seconds": summary.against_sleep(FIXED_SLEEP).wasted_seconds().map(rounded),
        "waiting_for": summary.waiting_for.as_deref().map(shortened),
        "caveats": few(&summary.caveats),
        "advice": summary.advice.as_deref().map(shortened),
    })
}

/// The summary in one sentence, without what to change.
pub(super) fn summary_text(summary: &Summary) -> String {
    let mut text = format!("{} after {}", summary.outcome.name(), words(summary.total));
    if summary.limited_by != LimitedBy::Nothing {
        text.push_str(&format!(", limited by {}", summary.limited_by.name().replace('_', " ")));
    }
    if let Some((after, from)) = summary.last_new_connection {
        let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
        text.push_str(&format!(
            "; {} after the stop, the last after {}{from}",
            plural(summary.late_connections, "new connection"),
            words(after),
        ));
    }
    if !summary.leftovers.is_empty() {
        let peers: Vec<String> = summary
            .leftovers
            .iter()
            .map(|left| format!("{} ({})", left.peer, left.connections))
            .collect();
        text.push_str(&format!("; left: {}", peers.join(", ")));
    }
    if let Some(waiting_for) = &summary.waiting_for {
        text.push_str(&format!("; still waiting for {}", shortened(waiting_for)));
    }
    text
}

pub(super) fn in_flight_json(counts: InFlight) -> Value {
    json!({
        "busy": counts.busy,
        "idle": counts.idle,
        "unknown": counts.unknown,
        "backlog": counts.backlog,
    })
}

pub(super) fn peers_json(peers: &[PeerCount]) -> Value {
    peers
        .iter()
        .map(|peer| json!({ "peer": peer.peer.to_string(), "connections": peer.connections }))
        .collect()
}
