//! What a drain costs that one request holds among so many connections.

use super::crowd::Crowd;
use super::scan::Scan;
use super::subject::{Subject, free_address, now};
use super::table::{Row, number};
use super::{Usage, memory_row};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// Long enough for several looks at 100,000 sockets, two seconds apart.
const WATCHED: Duration = Duration::from_secs(12);

pub(super) struct Measured {
    size: usize,
    usage: Usage,
    /// Of one core, while the drain waits.
    processor_share: f64,
    /// From the last byte of the last answer to the answer of the hook.
    release: Duration,
    pub(super) scan: Scan,
}

pub(super) fn measure(program: &Path, size: usize) -> Result<Measured, String> {
    let port = free_address()?.port();
    let mut crowd = Crowd::gather(port, size)?;
    let agent = Subject::start(program, port)?;
    let hook = agent.stop_pod();
    // Past the propagation delay, so that the request alone holds the drain.
    sleep(Duration::from_secs(4));
    let before = agent.processor_time()?;
    sleep(WATCHED);
    let spent = agent.processor_time()? - before;
    if hook.is_finished() {
        let early = hook.join().map_err(|_| "the hook's caller panicked")?;
        return Err(format!("the hook was answered while a request was running: {early:?}"));
    }
    let scan = Scan::measure(&agent, port)?;
    crowd.finish_the_request()?;
    let finished = now();
    let answered = hook.join().map_err(|_| "the hook's caller panicked")??;
    Ok(Measured {
        size,
        usage: agent.usage()?,
        processor_share: spent.as_secs_f64() / WATCHED.as_secs_f64() * 100.0,
        release: answered.saturating_duration_since(finished),
        scan,
    })
}

impl Measured {
    pub(super) fn rows(&self) -> Vec<Row> {
        let (memory, share, release) = targets(self.size);
        let size = self.size;
        vec![
            memory_row(
                &format!("draining {size} connections: resident, at its peak"),
                &self.usage,
                memory,
            ),
            Row::most(&format!("draining {size}: of one core"), self.processor_share, share, "%"),
            Row::most(
                &format!("draining {size}: last byte answered to hook answered"),
                self.release.as_secs_f64(),
                release,
                "s",
            ),
        ]
    }
}

/// Resident MiB, percent of a core, seconds. The seconds are the verdict's (0.4, 2.5 and 5),
/// and the 0.3 s for which the drain wants to see nothing but idle connections.
fn targets(size: usize) -> (f64, f64, f64) {
    match size {
        0..=10 => (4.5, 1.0, 0.7),
        11..=1_000 => (6.0, 1.0, 0.7),
        1_001..=10_000 => (6.0, 1.0, 2.8),
        _ => (14.0, 10.0, 5.3),
    }
}

/// Milliseconds in three figures.
pub(super) fn milliseconds(duration: Duration) -> String {
    format!("{} ms", number(duration.as_secs_f64() * 1000.0))
}
