//! The scores of a replay as a table for people.

use super::class::Class;
use super::score::Score;
use crate::drain::{Protocol, Reason};
use crate::inflight::classify::{Millis, Rules, SocketRow, SocketState, Verdict};
use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

/// Scores by class and by the protocol that the port was declared as.
#[derive(Clone, Debug, Default)]
pub struct Report {
    scores: BTreeMap<(Class, Protocol), Score>,
}

impl Report {
    pub fn add(&mut self, class: Class, protocol: Protocol, score: &Score) {
        self.scores.entry((class, protocol)).or_default().add(score);
    }

    pub fn merge(&mut self, other: &Self) {
        for ((class, protocol), score) in &other.scores {
            self.add(*class, *protocol, score);
        }
    }

    /// The score of a class declared as what it is.
    pub fn score(&self, class: Class) -> Score {
        self.score_as(class, class.protocols(false)[0])
    }

    pub fn score_as(&self, class: Class, protocol: Protocol) -> Score {
        self.scores.get(&(class, protocol)).cloned().unwrap_or_default()
    }

    /// Running HTTP/1 requests called idle, declared as what they are or not at all.
    pub fn false_idles(&self) -> u64 {
        let h1 = |class: &Class| matches!(class, Class::H1Clear | Class::H1Tls);
        self.scores
            .iter()
            .filter(|((class, _), _)| h1(class))
            .map(|(_, score)| score.false_idles)
            .sum()
    }

    /// The two numbers that must be zero, in one line.
    pub fn verdict(&self) -> String {
        let (clear, tls) = (self.score(Class::H1Clear), self.score(Class::H1Tls));
        format!(
            "h1 clear: {} false idles of {}; h1 tls: {} of {}",
            clear.false_idles, clear.requests, tls.false_idles, tls.requests
        )
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "| class | as | requests | seen running | false idles | idle periods > 600 ms | held | latency p50 | p95 |"
        )?;
        writeln!(f, "|--|--|--|--|--|--|--|--|--|")?;
        let millis = |value: Option<u64>| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value} ms"))
        };
        for ((class, protocol), score) in &self.scores {
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                class.name(),
                protocol.name(),
                score.requests,
                score.seen,
                score.false_idles,
                score.idle_periods,
                score.held,
                millis(score.latency(50)),
                millis(score.latency(95)),
            )?;
        }
        Ok(())
    }
}

/// The obvious rule, which is wrong: busy while the request is newer than the answer, or
/// something moved a moment ago. It shows what the traces can reveal.
pub fn naive(_: &mut SocketState, row: &SocketRow, _: Millis, rules: &Rules) -> Verdict {
    let Some(info) = row.info else { return Verdict::Unknown };
    if row.rqueue > 0 || row.wqueue > 0 {
        Verdict::Busy(Reason::Queue)
    } else if info.last_data_recv < info.last_data_sent {
        Verdict::Busy(Reason::RequestNewer)
    } else if info.age() < rules.window {
        Verdict::Busy(Reason::Recent)
    } else {
        Verdict::Idle(Reason::AnswerNewer)
    }
}
