//! The core's words as JSON and as text for people. Pure: no clock, no I/O, and no knowledge of
//! who prints it (the hook's body, the local socket, the log, the termination log).

mod status;
mod summary;
mod table;
#[cfg(test)]
mod tests;

pub use status::{status_json, status_text};
pub use summary::summary_json;

use std::time::Duration;

/// Kubernetes keeps 4096 bytes of a termination message, and a hook's body should be small.
const MOST_SENTENCES: usize = 8;
const LONGEST_SENTENCE: usize = 240;

/// Seconds, to the millisecond.
fn seconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64())
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Seconds as a person reads them: "0.31 s", "4.2 s", "75 s".
fn words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let decimals = match seconds {
        s if s < 1.0 => 2,
        s if s < 60.0 => 1,
        _ => 0,
    };
    format!("{seconds:.decimals$} s")
}

fn plural(count: u64, one: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {one}{s}")
}

/// The sentence cut to a length in bytes that fits, at a character's edge.
fn shortened(sentence: &str) -> String {
    if sentence.len() <= LONGEST_SENTENCE {
        return sentence.to_owned();
    }
    let fits = |end: &usize| *end <= LONGEST_SENTENCE;
    let end = sentence.char_indices().map(|(start, _)| start).take_while(fits).last();
    format!("{}…", &sentence[..end.unwrap_or(0)])
}

fn few(sentences: &[String]) -> Vec<String> {
    let mut kept: Vec<String> =
        sentences.iter().take(MOST_SENTENCES).map(|sentence| shortened(sentence)).collect();
    if sentences.len() > MOST_SENTENCES {
        kept.push(format!("and {} more", sentences.len() - MOST_SENTENCES));
    }
    kept
}
