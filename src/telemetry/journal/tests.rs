use super::*;
use crate::config::LogFormat;
use crate::drain::{InFlight, LimitedBy, PeerCount, PhaseName, StopKind};
use crate::scratch::Scratch;
use crate::telemetry::subscriber;
use serde_json::Value;
use std::sync::Mutex;
use tracing_subscriber::fmt::MakeWriter;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_note_is_exactly_one_line_of_its_level() {
    for (number, (note, level, message)) in every_note().into_iter().enumerate() {
        assert_eq!(position(&note), number, "every variant once, in the order of `position`");
        let lines = Page::default().write(|journal| journal.note(&note));
        assert_eq!(lines.len(), 1, "{note:?}: {lines:?}");
        assert_eq!(lines[0]["level"], level, "{note:?}");
        assert_eq!(lines[0]["message"], message);
        let target = if matches!(note, Note::Ended(_)) { "drain" } else { "lameduck" };
        assert_eq!(lines[0]["target"], target, "{note:?}");
    }
}

#[test]
fn what_a_note_says_is_in_fields_and_durations_are_seconds() {
    let expected: &[(usize, &[&str])] = &[
        (0, &["kind", "by", "budget_seconds"]),
        (1, &["by", "after_seconds", "budget_seconds"]),
        (2, &["after_seconds"]),
        (3, &["phase", "after_seconds", "because"]),
        (4, &["because", "after_seconds"]),
        (5, &["probes_silent_seconds", "budget_seconds"]),
        (7, &["container", "waited_seconds", "because"]),
        (10, &["missing_seconds"]),
        (11, &["why"]),
        (12, &["step", "why"]),
        (13, &["step", "after_seconds"]),
        (14, &["registry", "why"]),
        (16, &["because"]),
        (17, &["after_seconds"]),
    ];
    let notes = every_note();
    for (number, fields) in expected {
        let (note, ..) = &notes[*number];
        let line = &Page::default().write(|journal| journal.note(note))[0];
        assert_eq!(fields_of(line), sorted(fields.iter().copied()), "{note:?}");
        for name in fields.iter().filter(|name| name.ends_with("_seconds")) {
            assert!(line[*name].as_f64().is_some_and(|s| s > 0.0), "{name} in {line}");
        }
    }
}

#[test]
fn the_summary_line_misses_nothing() {
    let line = &Page::default().write(|journal| journal.note(&Note::Ended(full())))[0];
    let expected = serde_json::json!({
        "outcome": "deadline",
        "limited_by": "grace_period",
        "kind": "pod_stop",
        "total_seconds": 41.25,
        "withdrawing_seconds": 5.5,
        "emptying_seconds": 35.75,
        "budget_seconds": 41.0,
        "busy_at_start": 12,
        "idle_at_start": 30,
        "unknown_at_start": 1,
        "backlog_at_start": 2,
        "busy_at_end": 3,
        "idle_at_end": 4,
        "unknown_at_end": 5,
        "backlog_at_end": 6,
        "late_connections": 7,
        "last_new_connection_seconds": 4.2,
        "last_new_connection_peer": "10.0.0.7",
        "leftovers": "10.0.0.7 (2), fd00::9 (1)",
        "waiting_for": "3 busy connections on port 8080",
        "caveats": "port 9090 never listened; consul was given up",
        "advice": "raise terminationGracePeriodSeconds",
        "sleep_30_wasted_seconds": -11.25,
    });
    assert_eq!(fields_of(line), sorted(expected.as_object().unwrap().keys().map(String::as_str)));
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&line[name], value, "{name}");
    }
    let time = line["timestamp"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "{time}");
}

#[test]
fn what_is_not_known_is_left_out_of_the_summary_line() {
    let line = &Page::default().write(|journal| journal.note(&Note::Ended(bare())))[0];
    let always = [
        "outcome",
        "limited_by",
        "kind",
        "total_seconds",
        "withdrawing_seconds",
        "emptying_seconds",
        "late_connections",
        "sleep_30_wasted_seconds",
    ];
    assert_eq!(fields_of(line), sorted(always));
}

#[test]
fn a_deadline_is_a_warning_and_every_other_end_is_not() {
    for outcome in Outcome::ALL {
        let ended = Note::Ended(Arc::new(Summary { outcome, ..Summary::clone(&full()) }));
        let line = &Page::default().write(|journal| journal.note(&ended))[0];
        let level = if outcome == Outcome::Deadline { "WARN" } else { "INFO" };
        assert_eq!(line["level"], level, "{outcome:?}");
    }
}

#[test]
fn a_drain_is_one_summary_line_and_one_line_a_phase() {
    let began = |phase| Note::PhaseBegan { phase, after: SECOND, because: "of a test".into() };
    let seen = Note::StopSeen { kind: StopKind::Unknown, by: "hook", budget: Some(SECOND) };
    let notes = [
        seen,
        began(PhaseName::Withdrawing),
        began(PhaseName::Emptying),
        began(PhaseName::Ended),
        Note::Ended(full()),
        Note::HookAnswered { container: None, waited: SECOND, because: "drained" },
    ];
    let lines = Page::default().write(|journal| notes.iter().for_each(|note| journal.note(note)));
    assert_eq!(lines.iter().filter(|l| l["target"] == "drain").count(), 1);
    let phases: Vec<_> = lines.iter().filter(|l| l["message"] == "phase began").collect();
    assert_eq!(phases.len(), 3);
    assert!(phases.iter().all(|line| line["level"] == "INFO"));
}

#[test]
fn repetitions_are_told_once_a_drain() {
    let failed = Note::CensusFailed { why: "EACCES".into() };
    let given_up = Note::StepGivenUp { step: "notify serving".into(), why: "404".into() };
    let once = [failed, Note::StrangerHeld, Note::StrangerRefused, given_up];
    let lines = Page::default().write(|journal| {
        for _ in 0..3 {
            once.iter().for_each(|note| journal.note(note));
        }
        journal.note(&Note::Ended(bare()));
        once.iter().for_each(|note| journal.note(note));
    });
    let levels: Vec<_> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
    let loud = ["WARN", "INFO", "WARN", "WARN"];
    let quiet = ["DEBUG"; 4];
    assert_eq!(levels, [&loud[..], &quiet, &quiet, &["INFO"], &loud].concat());
}

#[test]
fn the_level_holds_and_text_is_text() {
    let page = Page::default();
    let dispatch = subscriber(tracing::Level::WARN, LogFormat::Text, page.clone());
    let journal = Journal::new(Arc::new(Metrics::new(&[])), None);
    tracing::dispatcher::with_default(&dispatch, || {
        journal.note(&Note::OwnRestart);
        journal.note(&Note::Lapsed { missing: SECOND });
    });
    let text = page.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(" WARN lameduck: agent did not run for a while missing_seconds=1.0"));
}

#[test]
fn the_end_of_a_drain_is_left_as_termination_message() {
    let scratch = Scratch::new();
    let path = scratch.path().join("termination-log");
    std::fs::write(&path, "").unwrap();
    let journal = Journal::new(Arc::new(Metrics::new(&[])), Some(path.clone()));
    journal.note(&Note::Ended(full()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), summary_text(&full()));
}

#[test]
fn a_termination_message_that_fails_is_counted_and_no_more() {
    let scratch = Scratch::new();
    let metrics = Arc::new(Metrics::new(&[]));
    let journal = Journal::new(Arc::clone(&metrics), Some(scratch.path().to_owned()));
    journal.note(&Note::Ended(bare()));
    let text = metrics.encode();
    assert!(text.contains("lameduck_own_failures_total{part=\"termination_log\"} 1"), "{text}");
}

#[test]
fn the_operators_page_has_every_message_with_its_level_and_fields() {
    let page = include_str!("../../../docs/observability.md");
    for (note, level, message) in every_note() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{message}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for {message}"));
        assert!(row.split('|').nth(2).unwrap().contains(level), "{row}");
        let lines = Page::default().write(|journal| journal.note(&note));
        let (place, target) = match note {
            Note::Ended(_) => (page, "drain"),
            _ => (row, "lameduck"),
        };
        assert_eq!(lines[0]["target"], target);
        for field in fields_of(&lines[0]) {
            assert!(place.contains(&format!("`{field}`")), "{field} of {message}");
        }
    }
}

/// What a journal wrote, as JSON lines.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn write(&self, work: impl FnOnce(&Journal)) -> Vec<Value> {
        let dispatch = subscriber(tracing::Level::DEBUG, LogFormat::Json, self.clone());
        let journal = Journal::new(Arc::new(Metrics::new(&[])), None);
        tracing::dispatcher::with_default(&dispatch, || work(&journal));
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The fields of a line without those that every line has.
fn fields_of(line: &Value) -> Vec<&str> {
    let common = ["timestamp", "level", "target", "message"];
    let names = line.as_object().unwrap().keys().map(String::as_str);
    sorted(names.filter(|name| !common.contains(name)))
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    names
}

/// A new variant does not compile until it has a number here, and so a row in `every_note`.
fn position(note: &Note) -> usize {
    match note {
        Note::StopSeen { .. } => 0,
        Note::StopKnown { .. } => 1,
        Note::RestartSeen { .. } => 2,
        Note::PhaseBegan { .. } => 3,
        Note::TurnedUnready { .. } => 4,
        Note::KubeletStopSuspected { .. } => 5,
        Note::KubeletStopWithdrawn => 6,
        Note::HookAnswered { .. } => 7,
        Note::StrangerHeld => 8,
        Note::StrangerRefused => 9,
        Note::Lapsed { .. } => 10,
        Note::CensusFailed { .. } => 11,
        Note::StepGivenUp { .. } => 12,
        Note::StepConfirmed { .. } => 13,
        Note::Resurrected { .. } => 14,
        Note::OwnRestart => 15,
        Note::UndoBegan { .. } => 16,
        Note::Undone { .. } => 17,
        Note::Ended(_) => 18,
    }
}

fn every_note() -> Vec<(Note, &'static str, &'static str)> {
    let (after, budget, why) = (SECOND, Some(19 * SECOND), || "it hangs".to_owned());
    let (because, by) = ("of a test", "hook");
    let phase = PhaseName::Emptying;
    let container = Some("app".to_owned());
    vec![
        (Note::StopSeen { kind: StopKind::Unknown, by, budget }, "INFO", "stop seen"),
        (Note::StopKnown { by, after, budget }, "INFO", "stop known"),
        (Note::RestartSeen { after }, "INFO", "container restart seen"),
        (Note::PhaseBegan { phase, after, because: because.into() }, "INFO", "phase began"),
        (Note::TurnedUnready { because, after }, "INFO", "turned unready"),
        (
            Note::KubeletStopSuspected { silent_for: 6 * SECOND, budget: 5 * SECOND },
            "WARN",
            "kubelet stop suspected, budget cut",
        ),
        (Note::KubeletStopWithdrawn, "INFO", "probes came again, budget restored"),
        (Note::HookAnswered { container, waited: after, because }, "INFO", "hook answered"),
        (Note::StrangerHeld, "INFO", "caller without the token held, nothing changed"),
        (Note::StrangerRefused, "WARN", "caller without the token refused, too many wait"),
        (Note::Lapsed { missing: after }, "WARN", "agent did not run for a while"),
        (Note::CensusFailed { why: why() }, "WARN", "sockets not read, in-flight work is unknown"),
        (Note::StepGivenUp { step: "notify serving".into(), why: why() }, "WARN", "step given up"),
        (Note::StepConfirmed { step: "notify serving".into(), after }, "INFO", "step confirmed"),
        (
            Note::Resurrected { registry: "consul".into(), why: why() },
            "WARN",
            "instance came back in the registry",
        ),
        (Note::OwnRestart, "INFO", "only the agent's own container restarts"),
        (Note::UndoBegan { because }, "INFO", "undo began"),
        (Note::Undone { after }, "INFO", "undone"),
        (Note::Ended(full()), "WARN", "drain ended"),
    ]
}

fn full() -> Arc<Summary> {
    let peer = |ip: &str, connections| PeerCount { peer: ip.parse().unwrap(), connections };
    Arc::new(Summary {
        outcome: Outcome::Deadline,
        limited_by: LimitedBy::GracePeriod,
        kind: StopKind::PodStop,
        total: Duration::from_millis(41_250),
        withdrawing: Duration::from_millis(5_500),
        emptying: Duration::from_millis(35_750),
        budget: Some(Duration::from_secs(41)),
        in_flight_at_start: Some(InFlight { busy: 12, idle: 30, unknown: 1, backlog: 2 }),
        in_flight_at_end: Some(InFlight { busy: 3, idle: 4, unknown: 5, backlog: 6 }),
        late_connections: 7,
        last_new_connection: Some((Duration::from_millis(4_200), "10.0.0.7".parse().ok())),
        leftovers: vec![peer("10.0.0.7", 2), peer("fd00::9", 1)],
        waiting_for: Some("3 busy connections on port 8080".into()),
        caveats: vec!["port 9090 never listened".into(), "consul was given up".into()],
        advice: Some("raise terminationGracePeriodSeconds".into()),
    })
}

fn bare() -> Arc<Summary> {
    Arc::new(Summary {
        outcome: Outcome::Drained,
        limited_by: LimitedBy::Silence,
        budget: None,
        total: Duration::from_millis(5_300),
        in_flight_at_start: None,
        in_flight_at_end: None,
        late_connections: 0,
        last_new_connection: None,
        leftovers: Vec::new(),
        waiting_for: None,
        caveats: Vec::new(),
        advice: None,
        ..Summary::clone(&full())
    })
}
