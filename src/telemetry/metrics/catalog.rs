//! Every metric family: the one list from which they are registered and documented.

use Kind::{Counter, Gauge, Histogram};

/// How a family is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric family as it is scraped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As in a query, `_total` included; histograms without `_bucket`.
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

impl Entry {
    const fn new(
        name: &'static str,
        kind: Kind,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind, labels, help }
    }

    /// The name to register: the encoder appends `_total` by itself.
    pub(super) fn registered(&self) -> &'static str {
        self.name.strip_suffix("_total").unwrap_or(self.name)
    }
}

// A gauge of 1 and not an OpenMetrics info family: scrapers that negotiate the older text format
// refuse the type `info`.
pub(super) const BUILD_INFO: Entry =
    Entry::new("lameduck_build_info", Gauge, &["version"], "Always 1; the version is the label");
pub(super) const PHASE: Entry =
    Entry::new("lameduck_phase", Gauge, &["phase"], "1 for the phase the agent is in, else 0");
pub(super) const UNREADY: Entry = Entry::new(
    "lameduck_unready",
    Gauge,
    &[],
    "1 while the agent's readiness probe is answered with 503",
);
pub(super) const IN_FLIGHT: Entry = Entry::new(
    "lameduck_in_flight_connections",
    Gauge,
    &["state"],
    "Open connections of the application by state; absent while they are not counted",
);
pub(super) const DRAINS: Entry = Entry::new(
    "lameduck_drains_total",
    Counter,
    &["outcome", "limited_by"],
    "Drains that ended, by outcome and by what was waited for last",
);
pub(super) const DRAIN_DURATION: Entry = Entry::new(
    "lameduck_drain_duration_seconds",
    Histogram,
    &["outcome"],
    "From the stop to the end of the drain",
);
pub(super) const PHASE_DURATION: Entry = Entry::new(
    "lameduck_phase_duration_seconds",
    Histogram,
    &["phase"],
    "Time a drain spent in each of its phases; none for a phase it did not reach",
);
pub(super) const LATE_CONNECTIONS: Entry = Entry::new(
    "lameduck_late_connections_total",
    Counter,
    &[],
    "New connections that came to the application after a stop",
);
pub(super) const LAST_NEW_CONNECTION: Entry = Entry::new(
    "lameduck_last_new_connection_offset_seconds",
    Histogram,
    &[],
    "From the stop to the last new connection, of drains that had one",
);
pub(super) const HOOK_CALLS: Entry = Entry::new(
    "lameduck_hook_calls_total",
    Counter,
    &["decision"],
    "Calls of the hook endpoints, by what was decided about them",
);
pub(super) const HOOK_WAIT: Entry = Entry::new(
    "lameduck_hook_wait_seconds",
    Histogram,
    &[],
    "How long a hook of the kubelet waited for its answer",
);
pub(super) const SOCKET_DUMP: Entry = Entry::new(
    "lameduck_socket_dump_seconds",
    Histogram,
    &[],
    "How long the kernel took to list the sockets",
);
pub(super) const OWN_FAILURES: Entry = Entry::new(
    "lameduck_own_failures_total",
    Counter,
    &["part"],
    "Things the agent tried and failed to do, by part",
);
pub(super) const KUBELET_STOPS: Entry = Entry::new(
    "lameduck_kubelet_stops_suspected_total",
    Counter,
    &[],
    "Stops in which the readiness probes ceased: the kubelet stops the pod and grants less time",
);
pub(super) const LAPSES: Entry = Entry::new(
    "lameduck_lapses_total",
    Counter,
    &[],
    "Times the agent itself did not run during a drain (frozen, or starved of CPU)",
);

const ALL: [Entry; 15] = [
    BUILD_INFO,
    PHASE,
    UNREADY,
    IN_FLIGHT,
    DRAINS,
    DRAIN_DURATION,
    PHASE_DURATION,
    LATE_CONNECTIONS,
    LAST_NEW_CONNECTION,
    HOOK_CALLS,
    HOOK_WAIT,
    SOCKET_DUMP,
    OWN_FAILURES,
    KUBELET_STOPS,
    LAPSES,
];

/// Every metric family there is, in the order of the documentation.
pub fn catalog() -> &'static [Entry] {
    &ALL
}

/// The catalog as the Markdown table of the README and `docs/observability.md`.
pub fn metrics_markdown() -> String {
    let mut table = String::from("| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for entry in catalog() {
        let labels = match entry.labels {
            [] => "–".to_owned(),
            some => some.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", "),
        };
        let (name, kind, help) = (entry.name, entry.kind.name(), entry.help);
        table.push_str(&format!("| `{name}` | {kind} | {labels} | {help} |\n"));
    }
    table
}
