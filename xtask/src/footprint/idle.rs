//! What the agent costs while nothing is drained, which is nearly always.

use super::subject::{Subject, free_address};
use super::table::Row;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

const WATCHED: Duration = Duration::from_secs(20);

pub(super) fn rows(program: &Path) -> Result<Vec<Row>, String> {
    let served = free_address()?.port();
    let mut starts = Vec::new();
    for _ in 0..11 {
        starts.push(Subject::start(program, served)?.start.as_secs_f64() * 1000.0);
    }
    starts.sort_by(f64::total_cmp);
    let agent = Subject::start(program, served)?;
    // What a start leaves behind (an accepted connection, a first look) is not idleness.
    sleep(Duration::from_secs(3));
    eprintln!("idle for {WATCHED:?} …");
    let before = agent.wake_ups()?;
    sleep(WATCHED);
    let woken = agent.wake_ups()? - before;
    let usage = agent.usage()?;
    Ok(vec![
        Row::most("start to listening, median of 11", starts[starts.len() / 2], 5.0, "ms"),
        Row::most("idle: resident", usage.resident_kib as f64 / 1024.0, 3.5, "MiB"),
        Row::most("idle: private", usage.private_kib as f64, 256.0, "KiB"),
        Row::most("idle: own wake-ups in 20 s, unprobed", woken as f64, 0.0, ""),
    ])
}
