//! Judges every connection of a trace as an agent that polls would.

use super::score::Score;
use super::table::Report;
use super::trace::{Connection, Request, Trace};
use crate::inflight::classify::{Millis, Rules, SocketRow, SocketState, Verdict};
use std::time::Duration;

/// How a row is judged; another one than the product's shows that a test can fail.
pub type Judge = fn(&mut SocketState, &SocketRow, Millis, &Rules) -> Verdict;

/// What the agent knew before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It saw every connection from its first poll on.
    Birth,
    /// It forgets everything at random polls, 0.2 to 6 s apart, and goes on: each of them is a
    /// first dump at a stop. The number chooses the polls.
    Random { seed: u64 },
}

#[derive(Clone, Copy)]
pub struct Options {
    pub poll: Duration,
    pub start: Start,
    pub quiet_h2: Duration,
    pub judge: Judge,
}

impl Options {
    /// The product's classifier.
    pub fn new(poll: Duration, start: Start) -> Self {
        let judge: Judge = |socket, row, at, rules| socket.step(row, at, rules).verdict;
        Self { poll, start, quiet_h2: Duration::from_secs(5), judge }
    }
}

/// One verdict on one selected sample.
struct Judged {
    began: u64,
    ended: u64,
    received: u64,
    idle: bool,
    /// How often everything was forgotten before.
    epoch: usize,
}

/// A request is on the wire for a while, and its client takes a while to note the end.
const CERTAIN_AFTER: u64 = 500_000;
const CERTAIN_BEFORE: u64 = 10_000_000;
const HELD: u64 = 600_000_000;

/// Replays a whole trace.
pub fn replay(trace: &Trace, options: &Options) -> Report {
    let mut report = Report::default();
    let forgotten = forgetting_polls(trace, options.start);
    let interval = trace.poll_interval().max(1);
    let every = u32::try_from((options.poll.as_nanos() as u64).div_ceil(interval))
        .unwrap_or(u32::MAX)
        .max(1);
    for connection in &trace.connections {
        for &protocol in connection.class.protocols(connection.tls) {
            let rules = Rules::new(protocol, options.quiet_h2);
            let judged = judge(trace, connection, options, &rules, every, &forgotten);
            let score = score(connection, &judged, HELD + u64::from(every) * interval);
            report.add(connection.class, protocol, &score);
        }
    }
    report
}

fn forgetting_polls(trace: &Trace, start: Start) -> Vec<u32> {
    let Start::Random { seed } = start else { return Vec::new() };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut polls = Vec::new();
    let mut next = 0;
    for (poll, &began) in trace.polls.iter().enumerate() {
        if began >= next {
            polls.push(poll as u32);
            next = began + random.u64(200_000_000..6_000_000_000);
        }
    }
    polls
}

fn judge(
    trace: &Trace,
    connection: &Connection,
    options: &Options,
    rules: &Rules,
    every: u32,
    forgotten: &[u32],
) -> Vec<Judged> {
    let origin = trace.polls.first().copied().unwrap_or(0);
    let mut socket: Option<(usize, SocketState)> = None;
    let selected = connection.samples.iter().filter(|sample| sample.poll.is_multiple_of(every));
    selected
        .map(|sample| {
            let epoch = forgotten.partition_point(|&poll| poll <= sample.poll);
            let at = (sample.began.saturating_sub(origin) / 1_000_000) as Millis;
            if socket.as_ref().is_none_or(|(seen, _)| *seen != epoch) {
                socket = Some((epoch, SocketState::new(at)));
            }
            let verdict =
                socket.as_mut().map(|(_, state)| (options.judge)(state, &sample.row, at, rules));
            Judged {
                began: sample.began,
                ended: sample.ended,
                received: sample.row.info.map_or(0, |info| info.bytes_received),
                idle: matches!(verdict, Some(Verdict::Idle(_) | Verdict::Closing)),
                epoch,
            }
        })
        .collect()
}

fn score(connection: &Connection, judged: &[Judged], held_after: u64) -> Score {
    let mut score = Score { requests: connection.requests.len() as u64, ..Score::default() };
    for request in &connection.requests {
        let mut looks = running_looks(connection, judged, request).peekable();
        score.seen += u64::from(looks.peek().is_some());
        score.false_idles += u64::from(looks.any(|look| look.idle));
    }
    if !connection.irregular {
        for (began, ended) in idle_periods(connection) {
            score_idle_period(&mut score, judged, (began, ended), held_after);
        }
    }
    score
}

/// The looks at which the request surely ran: well inside of it, and after its first byte.
fn running_looks<'a>(
    connection: &Connection,
    judged: &'a [Judged],
    request: &Request,
) -> impl Iterator<Item = &'a Judged> + use<'a> {
    let before = connection.samples.partition_point(|sample| sample.ended <= request.began);
    let info = before.checked_sub(1).and_then(|last| connection.samples[last].row.info);
    let base = info.map_or(0, |info| info.bytes_received);
    let from = judged.partition_point(|look| look.began < request.began + CERTAIN_AFTER);
    let until = request.ended.saturating_sub(CERTAIN_BEFORE);
    judged[from..]
        .iter()
        .take_while(move |look| look.ended <= until)
        .filter(move |look| look.received > base)
}

/// From an answer to the next request, or to the last look at the connection.
fn idle_periods(connection: &Connection) -> Vec<(u64, u64)> {
    let mut periods = Vec::new();
    let last = connection.samples.last().map_or(0, |sample| sample.began);
    let mut ended = None;
    for request in &connection.requests {
        if let Some(ended) = ended.filter(|&ended| ended < request.began) {
            periods.push((ended, request.began));
        }
        ended = Some(ended.unwrap_or(0).max(request.ended));
    }
    periods.extend(ended.map(|ended| (ended, last)));
    periods
}

fn score_idle_period(
    score: &mut Score,
    judged: &[Judged],
    (began, ended): (u64, u64),
    held_after: u64,
) {
    let from = judged.partition_point(|look| look.began < began);
    let until = judged.partition_point(|look| look.ended <= ended);
    for looks in judged[from.min(until)..until].chunk_by(|one, other| one.epoch == other.epoch) {
        let before = from.checked_sub(1).map(|last| judged[last].epoch);
        // Forgotten inside the period: the wait is counted from the first look after it.
        let start = if before == Some(looks[0].epoch) { began } else { looks[0].began.max(began) };
        let length = looks.last().map_or(0, |look| look.ended).saturating_sub(start);
        if length <= held_after {
            continue;
        }
        score.idle_periods += 1;
        let waited = looks.iter().find(|look| look.idle).map(|look| look.ended - start);
        score.latencies.extend(waited.map(|nanos| nanos / 1_000));
        score.held += u64::from(waited.is_none_or(|nanos| nanos > held_after));
    }
}
