//! The classifier over a cut of recorded traces: real servers, real clients, known truth.

use flate2::read::GzDecoder;
use lameduck::drain::Protocol;
use lameduck::inflight::replay::{Class, Options, Report, Start, Trace, naive, replay};
use std::fs::File;
use std::time::Duration;

const POLLS: [u64; 6] = [10, 20, 50, 100, 250, 1_000];

fn traces() -> Vec<Trace> {
    let open = |name: String| {
        let path = format!("{}/tests/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let read = |prefix: &str| {
        let rows = GzDecoder::new(open(format!("{prefix}.csv.gz")));
        Trace::read(rows, open(format!("{prefix}.jsonl"))).expect(prefix)
    };
    ["main", "rtt-2"].map(read).into()
}

fn replay_all(traces: &[Trace], options: &Options) -> Report {
    let mut report = Report::default();
    for trace in traces {
        report.merge(&replay(trace, options));
    }
    report
}

fn assert_nothing_missed(report: &Report, options: &str) {
    for class in [Class::H1Clear, Class::H1Tls] {
        for protocol in [class.protocols(false)[0], Protocol::Auto] {
            let score = report.score_as(class, protocol);
            let what = format!("{} as {}, {options}", class.name(), protocol.name());
            assert!(score.seen >= 100, "{what}: only {} requests were seen running", score.seen);
            assert_eq!(score.false_idles, 0, "{what}: running requests called idle");
        }
    }
}

#[test]
fn no_running_http1_request_is_called_idle_when_connections_are_known_from_birth() {
    let traces = traces();
    for poll in POLLS {
        let options = Options::new(Duration::from_millis(poll), Start::Birth);
        assert_nothing_missed(&replay_all(&traces, &options), &format!("poll {poll} ms"));
    }
}

#[test]
fn no_running_http1_request_is_called_idle_when_the_first_dump_is_taken_at_the_stop() {
    let traces = traces();
    for poll in POLLS {
        for seed in 0..5 {
            let options = Options::new(Duration::from_millis(poll), Start::Random { seed });
            let report = replay_all(&traces, &options);
            assert_nothing_missed(&report, &format!("poll {poll} ms, seed {seed}"));
        }
    }
}

#[test]
fn idle_connections_are_recognised() {
    let options = Options::new(Duration::from_millis(100), Start::Birth);
    let score = replay_all(&traces(), &options).score(Class::H1Clear);
    assert!(score.idle_periods >= 40, "{score:?}");
    assert!(score.held * 10 <= score.idle_periods, "{} of {} held", score.held, score.idle_periods);
    assert!(score.latency(95) <= Some(400), "{:?}", score.latency(95));
}

#[test]
fn the_traces_can_tell_a_bad_rule_from_a_good_one() {
    let traces = traces();
    for start in [Start::Birth, Start::Random { seed: 1 }] {
        let options = Options { judge: naive, ..Options::new(Duration::from_millis(20), start) };
        let report = replay_all(&traces, &options);
        for class in [Class::H1Clear, Class::H1Tls] {
            let score = report.score(class);
            assert!(score.false_idles >= 20, "{}: {score:?}", class.name());
        }
    }
}

#[test]
fn every_class_is_in_the_cut() {
    let report = replay_all(&traces(), &Options::new(Duration::from_millis(20), Start::Birth));
    for class in Class::ALL {
        assert!(report.score(class).seen > 0, "nothing of {} was seen running", class.name());
    }
}
