//! Turns one typed value into what it means. Every parser is total: any text gives a value or a
//! [`Problem`] that says in words what is wrong with it.

mod containers;
mod duration;
mod loopback_url;
mod path;
mod ports;
mod token;

#[cfg(test)]
mod tests;

pub(super) use containers::{NamedContainers, container_name, containers};
pub(super) use duration::{duration, show_duration};
pub(super) use loopback_url::loopback_url;
pub(super) use path::{absolute_path, socket_path};
pub(super) use ports::{app_probes, plain_ports, port, port_protocols};
pub(super) use token::{token, token_file};

use super::nearest::nearest;

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// In words, lower case, without a full stop.
    pub what: String,
    /// A known word that may have been meant.
    pub nearest: Option<String>,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), nearest: None }
    }

    /// An unknown word among known ones.
    pub(super) fn unknown<'a>(
        what: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self { what: what.into(), nearest: nearest(word, known).map(str::to_owned) }
    }
}

/// The entries of a comma-separated list; blanks around them are ignored.
fn entries(text: &str) -> Result<Vec<&str>, Problem> {
    let entries: Vec<&str> = text.split(',').map(str::trim).collect();
    if entries.iter().any(|entry| entry.is_empty()) {
        let what = if text.trim().is_empty() { "is empty" } else { "has an empty entry" };
        return Err(Problem::new(what));
    }
    Ok(entries)
}

/// One of the known words.
pub(super) fn choice(text: &str, known: &[&'static str]) -> Result<&'static str, Problem> {
    match known.iter().find(|word| **word == text) {
        Some(word) => Ok(word),
        None if text.is_empty() => Err(Problem::new("is empty")),
        None => Err(Problem::unknown("is not one of the known words", text, known.iter().copied())),
    }
}

/// Expected arrivals, 1 to 100000.
pub(super) fn evidence(text: &str) -> Result<f64, Problem> {
    match text.parse::<u32>() {
        Ok(number @ 1..=100_000) => Ok(f64::from(number)),
        Ok(_) => Err(Problem::new("is out of range")),
        Err(_) if text.is_empty() => Err(Problem::new("is empty")),
        Err(_) => Err(Problem::new("is not a whole number")),
    }
}
