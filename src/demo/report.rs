//! The result as a table and as JSON. Every number in it was measured or drawn in this run.

use super::load::client::Failure;
use super::stage::{Measured, Row};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The table with the timeline below it.
pub(crate) fn table(measured: &Measured) -> String {
    let mut text = format!("\n{:<17} {:>8} {:>6}", "strategy", "requests", "failed");
    for failure in Failure::ALL {
        text += &format!(" {:>5}", failure.name());
    }
    text += "   gone s    max\n";
    for row in &measured.rows {
        text += &table_row(row);
    }
    text += "\nsecond by second: - an old instance is stopping, a digit: failed requests, # ten or more\n";
    for row in &measured.rows {
        text += &format!("{:<17} {}\n", row.strategy.title(), row.timeline);
    }
    text
}

fn table_row(row: &Row) -> String {
    let counts = &row.counts;
    let mut text =
        format!("{:<17} {:>8} {:>6}", row.strategy.title(), counts.requests, counts.failed());
    for failure in Failure::ALL {
        text += &format!(" {:>width$}", counts.of(failure), width = failure.name().len().max(5));
    }
    let (median, max) = median_and_max(row);
    text + &format!("   {median:>6.1} {max:>6.1}\n")
}

/// The result for programs; one object.
pub(crate) fn json(measured: &Measured) -> String {
    let arguments = &measured.arguments;
    let lists: Vec<Vec<f64>> =
        measured.delays.iter().map(|lists| lists.iter().map(seconds).collect()).collect();
    let rows: Vec<Value> = measured.rows.iter().map(json_row).collect();
    let value = json!({
        "seed": arguments.seed,
        "propagation_seconds": arguments.propagation.as_secs_f64(),
        "clients": arguments.clients,
        "slow_percent": arguments.slow,
        "list_delay_seconds": lists,
        "took_seconds": seconds(&measured.took),
        "strategies": rows,
    });
    format!("{value:#}")
}

fn json_row(row: &Row) -> Value {
    let mut failed = Map::new();
    for failure in Failure::ALL {
        failed.insert(failure.name().to_owned(), row.counts.of(failure).into());
    }
    failed.insert("total".to_owned(), row.counts.failed().into());
    let (median, max) = median_and_max(row);
    let drains: Vec<Value> = row
        .gone
        .iter()
        .filter_map(|gone| gone.drained.as_ref())
        .map(|drained| json!({ "outcome": drained.outcome, "limited_by": drained.limited_by }))
        .collect();
    json!({
        "strategy": row.strategy.key(),
        "requests": row.counts.requests,
        "failed": failed,
        "gone_seconds": {
            "each": row.gone.iter().map(|gone| seconds(&gone.after)).collect::<Vec<_>>(),
            "median": round(median),
            "max": round(max),
        },
        "drains": drains,
        "timeline": row.timeline,
    })
}

/// Seconds until an old instance was gone. The median of two is their mean.
fn median_and_max(row: &Row) -> (f64, f64) {
    let mut all: Vec<f64> = row.gone.iter().map(|gone| gone.after.as_secs_f64()).collect();
    all.sort_by(f64::total_cmp);
    let Some(max) = all.last().copied() else { return (0.0, 0.0) };
    let upper = all.len() / 2;
    let lower = (all.len() - 1) / 2;
    (f64::midpoint(all[lower], all[upper]), max)
}

fn seconds(duration: &Duration) -> f64 {
    round(duration.as_secs_f64())
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::demo::arguments::Arguments;
    use crate::demo::instance::Drained;
    use crate::demo::load::Counts;
    use crate::demo::strategy::Strategy;
    use crate::demo::update::Gone;

    pub(crate) fn measured() -> Measured {
        let arguments = Arguments {
            seed: 7,
            propagation: Duration::from_secs(3),
            clients: 30,
            slow: 2.0,
            only: vec![Strategy::None, Strategy::Lameduck],
            json: false,
        };
        let mut counts = Counts::default();
        for answered in [Ok(()), Err(Failure::Refused), Err(Failure::Refused), Err(Failure::Eof)] {
            counts.add(answered);
        }
        let gone = |millis, drained| Gone { after: Duration::from_millis(millis), drained };
        let limited_by = Some("pinned_wait".to_owned());
        let pinned = Some(Drained { outcome: "pinned".to_owned(), limited_by });
        let none = Row {
            strategy: Strategy::None,
            counts,
            gone: vec![gone(300, None), gone(100, None)],
            timeline: "..3.".to_owned(),
        };
        let lameduck = Row {
            strategy: Strategy::Lameduck,
            counts: Counts::default(),
            gone: vec![gone(5040, pinned.clone()), gone(5240, pinned)],
            timeline: "..--".to_owned(),
        };
        let delays = [[Duration::from_millis(500); 6], [Duration::from_millis(1250); 6]];
        let took = Duration::from_millis(4321);
        Measured { arguments, delays, rows: vec![none, lameduck], took }
    }

    #[test]
    fn the_table_shows_what_was_measured() {
        let table = table(&measured());
        let expected = "
strategy          requests failed refused reset   eof timeout status   gone s    max
none                     4      3       2     0     1       0      0      0.2    0.3
lameduck                 0      0       0     0     0       0      0      5.1    5.2

second by second: - an old instance is stopping, a digit: failed requests, # ten or more
none              ..3.
lameduck          ..--
";
        assert_eq!(table, expected);
    }

    #[test]
    fn json_says_the_same() {
        let value: Value = serde_json::from_str(&json(&measured())).unwrap();
        assert_eq!(value["seed"], 7);
        assert_eq!(value["list_delay_seconds"][1][5], 1.25);
        let [none, lameduck] = value["strategies"].as_array().unwrap().as_slice() else {
            panic!("{value}");
        };
        assert_eq!(none["failed"]["refused"], 2);
        assert_eq!(none["failed"]["total"], 3);
        assert_eq!(none["gone_seconds"], json!({"each": [0.3, 0.1], "median": 0.2, "max": 0.3}));
        assert_eq!(lameduck["drains"][0]["outcome"], "pinned");
        assert_eq!(lameduck["drains"][1]["limited_by"], "pinned_wait");
    }
}
