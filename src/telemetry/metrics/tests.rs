use super::*;
use crate::drain::{LimitedBy, Outcome, StopKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DECISIONS: &[&str] = &["held", "joined", "refused"];

#[test]
fn the_catalog_and_the_exposition_agree() {
    let text = used_everywhere().encode();
    let exposed = families(&text);
    for entry in catalog() {
        let family = exposed.get(entry.registered());
        let family = family.unwrap_or_else(|| panic!("{} is not exposed:\n{text}", entry.name));
        assert_eq!(family.kind, entry.kind.name(), "{}", entry.name);
        assert_eq!(family.help, format!("{}.", entry.help), "{}", entry.name);
        assert_eq!(family.labels, entry.labels.iter().copied().collect(), "{}", entry.name);
        assert!(family.samples.iter().all(|sample| sample.starts_with(entry.name)), "{text}");
    }
    let listed: BTreeSet<_> = catalog().iter().map(Entry::registered).collect();
    assert_eq!(exposed.keys().copied().collect::<BTreeSet<_>>(), listed);
}

#[test]
fn names_follow_the_rules() {
    for entry in catalog() {
        assert!(entry.name.starts_with("lameduck_"), "{}", entry.name);
        assert_eq!(entry.name.ends_with("_total"), entry.kind == Kind::Counter, "{}", entry.name);
        assert!(!entry.help.contains(['|', '\n']) && !entry.help.ends_with('.'), "{}", entry.name);
        let seconds = entry.name.ends_with("_seconds");
        assert_eq!(seconds, entry.kind == Kind::Histogram, "{}", entry.name);
    }
}

#[test]
fn a_drain_is_counted_once_with_its_outcome_and_its_limit() {
    let metrics = Metrics::new(DECISIONS);
    metrics.note(&Note::Ended(Arc::new(summary())));
    let text = metrics.encode();
    for line in [
        r#"lameduck_drains_total{outcome="app-gone",limited_by="listeners_gone"} 1"#,
        r#"lameduck_drain_duration_seconds_sum{outcome="app-gone"} 6.0"#,
        r#"lameduck_phase_duration_seconds_sum{phase="withdrawing"} 6.0"#,
        "lameduck_late_connections_total 4",
        "lameduck_last_new_connection_offset_seconds_sum 2.0",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    assert!(!text.contains(r#"phase="emptying"} 0.0"#), "a phase not reached was observed");
}

#[test]
fn the_phase_is_a_state_set() {
    let metrics = Metrics::new(DECISIONS);
    let phases = |metrics: &Metrics| {
        PhaseName::ALL.map(|p| value(metrics, &format!("lameduck_phase{{phase=\"{}\"}}", p.name())))
    };
    assert_eq!(phases(&metrics), ["1", "0", "0", "0", "0"].map(Some).map(|v| v.map(String::from)));
    let after = Duration::ZERO;
    let because = String::new();
    metrics.note(&Note::PhaseBegan { phase: PhaseName::Emptying, after, because });
    assert_eq!(phases(&metrics), ["0", "0", "1", "0", "0"].map(Some).map(|v| v.map(String::from)));
}

#[test]
fn not_counted_is_absent_and_never_zero() {
    let metrics = Metrics::new(DECISIONS);
    let busy = "lameduck_in_flight_connections{state=\"busy\"}";
    assert_eq!(value(&metrics, busy), None);
    metrics.observe_status(&status(0, Some(in_flight())));
    assert_eq!(value(&metrics, busy).as_deref(), Some("3"));
    metrics.observe_status(&status(0, None));
    assert_eq!(value(&metrics, busy), None);
}

#[test]
fn late_connections_are_counted_once_by_scrapes_and_summary() {
    let metrics = Metrics::new(DECISIONS);
    let total = |metrics: &Metrics| value(metrics, "lameduck_late_connections_total");
    let seen = Note::StopSeen { kind: StopKind::PodStop, by: "hook", budget: None };
    metrics.note(&seen);
    for (of_this_stop, expected) in [(1, "1"), (3, "3"), (3, "3")] {
        metrics.observe_status(&status(of_this_stop, None));
        assert_eq!(total(&metrics).as_deref(), Some(expected));
    }
    metrics.note(&Note::Ended(Arc::new(summary())));
    assert_eq!(total(&metrics).as_deref(), Some("4"));
    metrics.note(&seen);
    metrics.observe_status(&status(2, None));
    assert_eq!(total(&metrics).as_deref(), Some("6"));
}

#[test]
fn every_series_with_few_labels_is_there_before_it_happens() {
    let text = Metrics::new(DECISIONS).encode();
    for decision in DECISIONS {
        assert!(text.contains(&format!("lameduck_hook_calls_total{{decision=\"{decision}\"}} 0")));
    }
    for part in Part::ALL {
        let name = part.name();
        assert!(text.contains(&format!("lameduck_own_failures_total{{part=\"{name}\"}} 0")));
    }
}

#[test]
fn a_step_given_up_is_counted_by_its_part() {
    for (step, part) in [
        ("notify withdrawing", Part::Notify),
        ("notify serving", Part::Notify),
        ("consul", Part::Registry),
        ("", Part::Registry),
    ] {
        assert_eq!(Part::of_step(step), part, "{step}");
    }
}

#[test]
fn unready_follows_the_status() {
    let metrics = Metrics::new(DECISIONS);
    for (ready, expected) in [(true, "0"), (false, "1"), (true, "0")] {
        metrics.observe_status(&Status { ready, ..status(0, None) });
        assert_eq!(value(&metrics, "lameduck_unready").as_deref(), Some(expected));
    }
}

#[derive(Debug, Default)]
struct Exposed<'a> {
    kind: &'a str,
    help: &'a str,
    labels: BTreeSet<&'a str>,
    samples: Vec<&'a str>,
}

/// The exposition by family, as a scraper reads it.
fn families(text: &str) -> BTreeMap<&str, Exposed<'_>> {
    let mut families: BTreeMap<&str, Exposed<'_>> = BTreeMap::new();
    let mut current = "";
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            current = name;
            families.entry(name).or_default().help = help;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            families.get_mut(current).unwrap().kind = kind.rsplit(' ').next().unwrap();
        } else {
            let family = families.get_mut(current).unwrap();
            let (sample, _value) = line.rsplit_once(' ').unwrap();
            family.samples.push(sample);
            let labels = sample.split_once('{').map_or("", |(_, l)| l.trim_end_matches('}'));
            let names = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
            family.labels.extend(names.filter(|name| *name != "le"));
        }
    }
    families
}

/// Metrics of which every family has a series.
fn used_everywhere() -> Metrics {
    let metrics = Metrics::new(DECISIONS);
    metrics.observe_status(&status(1, Some(in_flight())));
    metrics.note(&Note::Ended(Arc::new(summary())));
    metrics.note(&Note::Lapsed { missing: Duration::from_secs(3) });
    metrics.hook_call("held");
    metrics.dump(Duration::from_micros(200));
    metrics
}

fn value(metrics: &Metrics, series: &str) -> Option<String> {
    let text = metrics.encode();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(str::to_owned)
}

fn in_flight() -> InFlight {
    InFlight { busy: 3, idle: 5, unknown: 0, backlog: 0 }
}

fn status(late_connections: u64, in_flight: Option<InFlight>) -> Status {
    Status {
        phase: PhaseName::Withdrawing,
        kind: Some(StopKind::PodStop),
        ready: true,
        elapsed: None,
        budget_left: None,
        waiting_for: None,
        limited_by: None,
        callers: 1,
        strangers: 0,
        arrival_rate: None,
        in_flight,
        ports: Vec::new(),
        late_connections,
        caveats: Vec::new(),
        last: None,
    }
}

fn summary() -> Summary {
    Summary {
        outcome: Outcome::AppGone,
        limited_by: LimitedBy::ListenersGone,
        kind: StopKind::PodStop,
        total: Duration::from_secs(6),
        withdrawing: Duration::from_secs(6),
        emptying: Duration::ZERO,
        budget: Some(Duration::from_secs(19)),
        in_flight_at_start: Some(in_flight()),
        in_flight_at_end: Some(InFlight::default()),
        late_connections: 4,
        last_new_connection: Some((Duration::from_secs(2), None)),
        leftovers: Vec::new(),
        waiting_for: None,
        caveats: Vec::new(),
        advice: None,
    }
}
