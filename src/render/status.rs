//! What a drain is doing at this moment.

use super::summary::{in_flight_json, peers_json, summary_json, summary_text};
use super::table::{Column, table};
use super::{few, plural, seconds, words};
use crate::drain::{PeerCount, PortCensus, PortRole, Status};
use serde_json::{Value, json};
use std::time::Instant;

const MOST_PEERS: usize = 8;
const REASONS_SHOWN: usize = 2;

/// The status as an object of closed shape; `about` adds what other rooms know of themselves.
pub fn status_json(status: &Status, about: &[(&str, String)], now: Instant) -> Value {
    json!({
        "phase": status.phase.name(),
        "kind": status.kind.map(|kind| kind.name()),
        "ready": status.ready,
        "seconds": {
            "elapsed": status.elapsed.map(seconds),
            "budget_left": status.budget_left.map(seconds),
        },
        "waiting_for": status.waiting_for,
        "limited_by": status.limited_by.map(|limit| limit.name()),
        "callers": status.callers,
        "strangers": status.strangers,
        "arrivals_per_second": status.arrival_rate,
        "in_flight": status.in_flight.map(in_flight_json),
        "late_connections": status.late_connections,
        "ports": status.ports.iter().map(|port| port_json(port, now)).collect::<Value>(),
        "caveats": few(&status.caveats),
        "last": status.last.as_deref().map(summary_json),
        "about": about
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect::<serde_json::Map<_, _>>(),
    })
}

/// The status for a person: what is going on, then tables, then what to keep in mind.
pub fn status_text(status: &Status, about: &[(&str, String)], now: Instant) -> String {
    let mut text = table(&[Column::Left, Column::Left], &facts(status, about));
    if !status.ports.is_empty() {
        text.push('\n');
        text.push_str(&ports_table(&status.ports, now));
    }
    let peers = top_peers(&status.ports);
    if !peers.is_empty() {
        text.push('\n');
        text.push_str(&peers_table(&peers));
    }
    if !status.caveats.is_empty() {
        text.push_str("\nkeep in mind\n");
        for caveat in few(&status.caveats) {
            text.push_str(&format!("  - {caveat}\n"));
        }
    }
    if let Some(last) = &status.last {
        text.push_str(&format!("\nlast drain: {}\n", summary_text(last)));
        if let Some(advice) = &last.advice {
            text.push_str(&format!("  advice: {advice}\n"));
        }
    }
    text
}

fn facts(status: &Status, about: &[(&str, String)]) -> Vec<Vec<String>> {
    let mut rows = vec![vec!["phase".to_owned(), phase_words(status)]];
    let mut fact = |name: &str, value: Option<String>| {
        rows.extend(value.map(|value| vec![name.to_owned(), value]));
    };
    fact("waits for", status.waiting_for.clone());
    fact("limited by", status.limited_by.map(|limit| limit.name().replace('_', " ")));
    fact("budget left", status.budget_left.map(words));
    fact("ready", Some(if status.ready { "yes" } else { "no" }.to_owned()));
    fact("hooks waiting", (status.callers > 0).then(|| status.callers.to_string()));
    fact("strangers", (status.strangers > 0).then(|| format!("{} held", status.strangers)));
    fact("in flight", Some(in_flight_words(status)));
    fact("arrivals", arrival_words(status));
    for (name, value) in about {
        fact(name, Some(value.clone()));
    }
    rows
}

fn phase_words(status: &Status) -> String {
    let mut words = status.phase.name().to_owned();
    if let Some(kind) = status.kind {
        words.push_str(&format!(" ({})", kind.name().replace('_', " ")));
    }
    if let Some(elapsed) = status.elapsed {
        words.push_str(&format!(", {} after the stop", super::words(elapsed)));
    }
    words
}

fn in_flight_words(status: &Status) -> String {
    status.in_flight.map_or_else(
        || "not known".to_owned(),
        |counts| {
            let unknown = match counts.unknown {
                0 => String::new(),
                unknown => format!(", {unknown} unknown"),
            };
            format!(
                "{} busy, {} idle{unknown}, {} not accepted yet",
                counts.busy, counts.idle, counts.backlog
            )
        },
    )
}

fn arrival_words(status: &Status) -> Option<String> {
    let before = status.arrival_rate.map(|rate| format!("{rate:.1}/s before the stop"));
    let since = status
        .elapsed
        .map(|_| format!("{} since", plural(status.late_connections, "new connection")));
    match (before, since) {
        (Some(before), Some(since)) => Some(format!("{before}, {since}")),
        (one, other) => one.or(other),
    }
}

fn ports_table(ports: &[PortCensus], now: Instant) -> String {
    use Column::{Left, Right};
    let heading =
        ["PORT", "PROTOCOL", "ROLE", "BUSY", "IDLE", "UNKNOWN", "BACKLOG", "OLDEST", "WHY"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(ports.iter().map(|port| {
        vec![
            port.port.to_string(),
            port.protocol.name().to_owned(),
            role_name(port.role).to_owned(),
            port.busy.to_string(),
            port.idle.to_string(),
            port.unknown.to_string(),
            port.backlog.to_string(),
            oldest(port, now).map_or_else(|| "-".to_owned(), words),
            reasons(port),
        ]
    }));
    table(&[Left, Left, Left, Right, Right, Right, Right, Right, Left], &rows)
}

fn peers_table(peers: &[PeerCount]) -> String {
    let mut rows = vec![vec!["PEER".to_owned(), "CONNECTIONS".to_owned()]];
    rows.extend(peers.iter().map(|peer| vec![peer.peer.to_string(), peer.connections.to_string()]));
    table(&[Column::Left, Column::Right], &rows)
}

fn port_json(port: &PortCensus, now: Instant) -> Value {
    json!({
        "port": port.port,
        "protocol": port.protocol.name(),
        "role": role_name(port.role),
        "busy": port.busy,
        "idle": port.idle,
        "unknown": port.unknown,
        "closing": port.closing,
        "backlog": port.backlog,
        "oldest_request_seconds": oldest(port, now).map(seconds),
        "reasons": port
            .reasons
            .iter()
            .map(|(reason, count)| json!({ "why": reason.words(), "connections": count }))
            .collect::<Value>(),
        "peers": peers_json(&port.peers),
    })
}

fn oldest(port: &PortCensus, now: Instant) -> Option<std::time::Duration> {
    port.oldest_request.map(|since| now.saturating_duration_since(since))
}

fn reasons(port: &PortCensus) -> String {
    let mut most = port.reasons.clone();
    most.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    most.truncate(REASONS_SHOWN);
    let shown: Vec<String> =
        most.iter().map(|(reason, count)| format!("{count} {}", reason.words())).collect();
    shown.join(", ")
}

fn role_name(role: PortRole) -> &'static str {
    match role {
        PortRole::Serving => "serving",
        PortRole::Helper => "helper",
    }
}

/// The peers of all ports together, most connections first.
fn top_peers(ports: &[PortCensus]) -> Vec<PeerCount> {
    let mut peers: Vec<PeerCount> = Vec::new();
    for counted in ports.iter().flat_map(|port| &port.peers) {
        match peers.iter_mut().find(|known| known.peer == counted.peer) {
            Some(known) => known.connections += counted.connections,
            None => peers.push(*counted),
        }
    }
    peers.sort_by_key(|peer| (std::cmp::Reverse(peer.connections), peer.peer));
    peers.truncate(MOST_PEERS);
    peers
}
