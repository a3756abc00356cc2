//! The metric families, with closed label sets.

use crate::drain::{InFlight, Note, PhaseName, Status, Summary};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

mod catalog;
#[cfg(test)]
mod tests;

pub use catalog::{Entry, Kind, catalog, metrics_markdown};

/// What [`Metrics::encode`] returns, for the response header.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The part of the agent that failed. A closed set: it is a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The sockets could not be read.
    Census,
    /// The application was not told the phase.
    Notify,
    Registry,
    /// A task of the agent panicked.
    Panic,
    /// The local socket.
    Control,
    /// The termination message was not written.
    TerminationLog,
    /// A log line was dropped, because nobody reads the log.
    Log,
}

impl Part {
    pub const ALL: [Self; 7] = [
        Self::Census,
        Self::Notify,
        Self::Registry,
        Self::Panic,
        Self::Control,
        Self::TerminationLog,
        Self::Log,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Census => "census",
            Self::Notify => "notify",
            Self::Registry => "registry",
            Self::Panic => "panic",
            Self::Control => "control",
            Self::TerminationLog => "termination_log",
            Self::Log => "log",
        }
    }

    /// The part behind a step's name, which is free text and therefore no label: the core says
    /// `notify PHASE`, or the name of a registry.
    fn of_step(step: &str) -> Self {
        if step.split(' ').next() == Some("notify") { Self::Notify } else { Self::Registry }
    }
}

/// All metrics of the agent.
///
/// Counters whose label set is small exist from the start with value 0, so that a rate sees their
/// first step. `drains_total` does not: 120 series in each of thousands of pods would cost the
/// Prometheus server more than they say.
pub struct Metrics {
    registry: Registry,
    phase: [(PhaseName, Gauge); PhaseName::ALL.len()],
    unready: Gauge,
    in_flight: Family<Labels<1>, Gauge>,
    drains: Family<Labels<2>, Counter>,
    drain_duration: Histograms,
    phase_duration: Histograms,
    late_connections: Counter,
    /// Late connections of the present stop that are counted already.
    late_seen: AtomicU64,
    last_new_connection: Histogram,
    hook_calls: Vec<(&'static str, Counter)>,
    hook_wait: Histogram,
    socket_dump: Histogram,
    own_failures: [(Part, Counter); Part::ALL.len()],
    kubelet_stops: Counter,
    lapses: Counter,
}

/// Label names come from the catalog, label values from the `name()` of closed enums.
type Labels<const N: usize> = [(&'static str, &'static str); N];
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// From the shortest useful drain to the longest grace period in common use.
const DRAIN_BUCKETS: [f64; 15] =
    [0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0];

/// A dump takes some 200 us on an ordinary node and 20 to 110 ms where the CPU is contended.
const DUMP_BUCKETS: [f64; 11] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

impl Metrics {
    /// `decisions`: every value that [`Metrics::hook_call`] will be given.
    pub fn new(decisions: &[&'static str]) -> Self {
        let mut r = Registry::default();
        let build = register(&mut r, catalog::BUILD_INFO, Family::<Labels<1>, Gauge>::default());
        build.get_or_create(&one(catalog::BUILD_INFO, env!("CARGO_PKG_VERSION"))).set(1);
        let phase = register(&mut r, catalog::PHASE, Family::<Labels<1>, Gauge>::default());
        let hook_calls =
            register(&mut r, catalog::HOOK_CALLS, Family::<Labels<1>, Counter>::default());
        let failures =
            register(&mut r, catalog::OWN_FAILURES, Family::<Labels<1>, Counter>::default());
        let metrics = Self {
            phase: PhaseName::ALL
                .map(|p| (p, phase.get_or_create_owned(&one(catalog::PHASE, p.name())))),
            unready: register(&mut r, catalog::UNREADY, Gauge::default()),
            in_flight: register(&mut r, catalog::IN_FLIGHT, Family::default()),
            drains: register(&mut r, catalog::DRAINS, Family::default()),
            drain_duration: register(&mut r, catalog::DRAIN_DURATION, drain_histograms()),
            phase_duration: register(&mut r, catalog::PHASE_DURATION, drain_histograms()),
            late_connections: register(&mut r, catalog::LATE_CONNECTIONS, Counter::default()),
            late_seen: AtomicU64::new(0),
            last_new_connection: register(
                &mut r,
                catalog::LAST_NEW_CONNECTION,
                Histogram::new(DRAIN_BUCKETS),
            ),
            hook_calls: decisions
                .iter()
                .map(|d| (*d, hook_calls.get_or_create_owned(&one(catalog::HOOK_CALLS, d))))
                .collect(),
            hook_wait: register(&mut r, catalog::HOOK_WAIT, Histogram::new(DRAIN_BUCKETS)),
            socket_dump: register(&mut r, catalog::SOCKET_DUMP, Histogram::new(DUMP_BUCKETS)),
            own_failures: Part::ALL
                .map(|p| (p, failures.get_or_create_owned(&one(catalog::OWN_FAILURES, p.name())))),
            kubelet_stops: register(&mut r, catalog::KUBELET_STOPS, Counter::default()),
            lapses: register(&mut r, catalog::LAPSES, Counter::default()),
            registry: r,
        };
        metrics.set_phase(PhaseName::Serving);
        metrics
    }

    /// The text of `/metrics`; its type is [`CONTENT_TYPE`].
    pub fn encode(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing into a String cannot fail, and half an exposition must not be believed.
            Err(std::fmt::Error) => "# EOF\n".to_owned(),
        }
    }

    /// Sets every gauge; to be called before [`Metrics::encode`].
    pub fn observe_status(&self, status: &Status) {
        self.set_phase(status.phase);
        self.unready.set(i64::from(!status.ready));
        self.set_in_flight(status.in_flight);
        self.count_late(status.late_connections);
    }

    /// Counts what a note says.
    pub fn note(&self, note: &Note) {
        match note {
            Note::StopSeen { .. } => self.late_seen.store(0, Ordering::Relaxed),
            Note::PhaseBegan { phase, .. } => self.set_phase(*phase),
            Note::KubeletStopSuspected { .. } => drop(self.kubelet_stops.inc()),
            Note::HookAnswered { waited, .. } => self.hook_wait.observe(waited.as_secs_f64()),
            Note::Lapsed { .. } => drop(self.lapses.inc()),
            Note::CensusFailed { .. } => self.failed(Part::Census),
            Note::StepGivenUp { step, .. } => self.failed(Part::of_step(step)),
            Note::Resurrected { .. } => self.failed(Part::Registry),
            Note::Ended(summary) => self.ended(summary),
            Note::StopKnown { .. }
            | Note::RestartSeen { .. }
            | Note::TurnedUnready { .. }
            | Note::KubeletStopWithdrawn
            | Note::StrangerHeld
            | Note::StrangerRefused
            | Note::StepConfirmed { .. }
            | Note::OwnRestart
            | Note::UndoBegan { .. }
            | Note::Undone { .. } => {}
        }
    }

    /// Counts one call of a hook endpoint. `decision`: one of those given to [`Metrics::new`];
    /// another one is not counted.
    pub fn hook_call(&self, decision: &str) {
        let known = self.hook_calls.iter().find(|(name, _)| *name == decision);
        debug_assert!(known.is_some(), "hook decision {decision} was not announced");
        if let Some((_, counter)) = known {
            counter.inc();
        }
    }

    /// How long the kernel took for one list of sockets.
    pub fn dump(&self, took: Duration) {
        self.socket_dump.observe(took.as_secs_f64());
    }

    /// Something the agent tried did not work.
    pub fn failed(&self, part: Part) {
        for (_, counter) in self.own_failures.iter().filter(|(p, _)| *p == part) {
            counter.inc();
        }
    }

    fn set_phase(&self, phase: PhaseName) {
        for (name, gauge) in &self.phase {
            gauge.set(i64::from(*name == phase));
        }
    }

    /// Not counted is no series at all: a zero would say that nothing is in flight, and a NaN
    /// would spoil every sum over pods.
    fn set_in_flight(&self, in_flight: Option<InFlight>) {
        let Some(counted) = in_flight else { return self.in_flight.clear() };
        let states = [
            ("busy", counted.busy),
            ("idle", counted.idle),
            ("unknown", counted.unknown),
            ("backlog", counted.backlog),
        ];
        for (state, connections) in states {
            let gauge = self.in_flight.get_or_create(&one(catalog::IN_FLIGHT, state));
            gauge.set(i64::from(connections));
        }
    }

    /// `of_this_stop` only grows between two stops; both a scrape and the summary report it.
    fn count_late(&self, of_this_stop: u64) {
        let before = self.late_seen.fetch_max(of_this_stop, Ordering::Relaxed);
        self.late_connections.inc_by(of_this_stop.saturating_sub(before));
    }

    fn ended(&self, summary: &Summary) {
        let [outcome_label, limit_label] = [catalog::DRAINS.labels[0], catalog::DRAINS.labels[1]];
        let (outcome, limit) = (summary.outcome.name(), summary.limited_by.name());
        self.drains.get_or_create(&[(outcome_label, outcome), (limit_label, limit)]).inc();
        self.drain_duration
            .get_or_create(&one(catalog::DRAIN_DURATION, outcome))
            .observe(summary.total.as_secs_f64());
        let phases = [
            (PhaseName::Withdrawing, summary.withdrawing),
            (PhaseName::Emptying, summary.emptying),
        ];
        for (phase, spent) in phases.into_iter().filter(|(_, spent)| !spent.is_zero()) {
            self.phase_duration
                .get_or_create(&one(catalog::PHASE_DURATION, phase.name()))
                .observe(spent.as_secs_f64());
        }
        self.count_late(summary.late_connections);
        if let Some((offset, _)) = summary.last_new_connection {
            self.last_new_connection.observe(offset.as_secs_f64());
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn register<M: Metric + Clone>(registry: &mut Registry, entry: Entry, metric: M) -> M {
    registry.register(entry.registered(), entry.help, metric.clone());
    metric
}

fn drain_histograms() -> Histograms {
    Family::new_with_constructor(|| Histogram::new(DRAIN_BUCKETS))
}

fn one(entry: Entry, value: &'static str) -> Labels<1> {
    [(entry.labels[0], value)]
}
