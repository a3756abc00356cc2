//! The arguments of `lameduck demo`, with every mistake found at once.

use super::delays::LISTS;
use super::strategy::Strategy;
use lexopt::Arg;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

/// What to show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) seed: u64,
    pub(crate) propagation: Duration,
    /// Per strategy.
    pub(crate) clients: usize,
    /// Percent of the requests that take 1 to 3 s.
    pub(crate) slow: f64,
    pub(crate) only: Vec<Strategy>,
    pub(crate) json: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Parsed {
    Help,
    Run(Arguments),
}

pub(crate) const HELP: &str = "\
lameduck demo: a rolling update of real HTTP servers under load on this machine, one per
strategy, side by side at the same time, and a table of failed requests and seconds.

Usage: lameduck demo [OPTIONS]

  --only A,B          only these strategies: none, sleep-1, sleep-5, sleep-15, lameduck,
                      lameduck-notify (default: all)
  --propagation D     99th percentile of the delay after which a list forgets a stopped
                      instance, 0 to 15s (default 3s)
  --clients N         clients of each strategy, 6 to 300 (default 30); together they send at
                      most about 90 requests a second, whatever their number
  --slow PERCENT      requests that take 1 to 3 s, 0 to 20 (default 2)
  --seed N            repeat the choices of an earlier run (default: a new seed, printed)
  --json              print the result as JSON; progress goes to stderr
  --help              print this
";

const KNOWN: &str = "--only, --propagation, --clients, --slow, --seed, --json, --help";

/// Reads the arguments after `demo`.
///
/// # Errors
/// One sentence for each mistake.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Parsed, Vec<String>> {
    let mut arguments = Arguments {
        seed: u64::from(fastrand::u32(..)),
        propagation: Duration::from_secs(3),
        clients: 30,
        slow: 2.0,
        only: Strategy::ALL.to_vec(),
        json: false,
    };
    let mut mistakes = Vec::new();
    let mut parser = lexopt::Parser::from_args(args);
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Long("help") | Arg::Short('h'))) => return Ok(Parsed::Help),
            Ok(Some(Arg::Long(name))) => {
                let name = name.to_owned();
                if let Err(mistake) = arguments.set(&name, &mut parser) {
                    mistakes.push(mistake);
                }
            }
            Ok(Some(Arg::Short(letter))) => mistakes.push(unknown(&format!("-{letter}"))),
            Ok(Some(Arg::Value(value))) => mistakes.push(unknown(&value.to_string_lossy())),
            // A value given to a flag that takes none.
            Err(error) => mistakes.push(error.to_string()),
        }
    }
    if mistakes.is_empty() { Ok(Parsed::Run(arguments)) } else { Err(mistakes) }
}

impl Arguments {
    fn set(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), String> {
        if name == "json" {
            self.json = true;
            return Ok(());
        }
        if !["seed", "propagation", "clients", "slow", "only"].contains(&name) {
            parser.optional_value();
            return Err(unknown(&format!("--{name}")));
        }
        let value = value_of(parser).ok_or_else(|| format!("--{name} needs a value"))?;
        let text = value.to_str().unwrap_or_default();
        let ok = match name {
            "seed" => text.parse().map(|seed| self.seed = seed).ok(),
            "propagation" => duration(text).map(|propagation| self.propagation = propagation),
            "clients" => whole(text, LISTS, 300).map(|clients| self.clients = clients),
            "slow" => percent(text).map(|slow| self.slow = slow),
            _ => strategies(text).map(|only| self.only = only),
        };
        ok.ok_or_else(|| format!("--{name} {value:?} is not {}", allowed(name)))
    }
}

/// The next word, unless it is a flag: `--seed --json` is one mistake, not two.
fn value_of(parser: &mut lexopt::Parser) -> Option<OsString> {
    if let Some(value) = parser.optional_value() {
        return Some(value);
    }
    let mut raw = parser.try_raw_args()?;
    let is_flag = |word: &OsStr| word.to_string_lossy().starts_with("--");
    raw.next_if(|word| !is_flag(word))
}

fn allowed(name: &str) -> &'static str {
    match name {
        "seed" => "a whole number from 0 to 18446744073709551615",
        "propagation" => "a duration from 0 to 15s, such as 3s, 500ms or 2.5",
        "clients" => "a whole number from 6 to 300",
        "slow" => "a percentage from 0 to 20",
        _ => "a list of none, sleep-1, sleep-5, sleep-15, lameduck, lameduck-notify",
    }
}

fn unknown(what: &str) -> String {
    format!("{what} is not known; allowed are {KNOWN}")
}

fn duration(text: &str) -> Option<Duration> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => text.parse::<jiff::SignedDuration>().ok()?.as_secs_f64(),
    };
    (0.0..=15.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

fn whole(text: &str, least: usize, most: usize) -> Option<usize> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn percent(text: &str) -> Option<f64> {
    text.trim_end_matches('%').parse().ok().filter(|percent| (0.0..=20.0).contains(percent))
}

/// In the order of the table, each once.
fn strategies(text: &str) -> Option<Vec<Strategy>> {
    let asked: Vec<_> = text.split(',').map(Strategy::from_key).collect::<Option<_>>()?;
    Some(Strategy::ALL.into_iter().filter(|strategy| asked.contains(strategy)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &str) -> Result<Parsed, Vec<String>> {
        parse(words.split_whitespace().map(OsString::from).collect())
    }

    fn arguments(words: &str) -> Arguments {
        match parse_words(words) {
            Ok(Parsed::Run(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_flag_is_understood() {
        let all = arguments(
            "--seed 7 --propagation=1.5s --clients 12 --slow 5% --only lameduck,none --json",
        );
        let expected = Arguments {
            seed: 7,
            propagation: Duration::from_millis(1500),
            clients: 12,
            slow: 5.0,
            only: vec![Strategy::None, Strategy::Lameduck],
            json: true,
        };
        assert_eq!(all, expected);
        assert_eq!(arguments("--propagation 2").propagation, Duration::from_secs(2));
        assert_eq!(arguments("").only, Strategy::ALL);
        assert_eq!(parse_words("--seed x --help"), Ok(Parsed::Help));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let line = "--seed -1 --propagation 16s --clients 5 --slow NaN --only sleep-2,none \
                    --speed 3 -x --seed --json=1";
        let mistakes = parse_words(line).unwrap_err();
        let beginnings = [
            "--seed \"-1\" is not a whole number",
            "--propagation \"16s\" is not a duration from 0 to 15s",
            "--clients \"5\" is not a whole number from 6 to 300",
            "--slow \"NaN\" is not a percentage",
            "--only \"sleep-2,none\" is not a list of none, sleep-1",
            "--speed is not known; allowed are --only",
            "3 is not known",
            "-x is not known",
            "--seed needs a value",
            "unexpected argument for option '--json'",
        ];
        assert_eq!(mistakes.len(), beginnings.len(), "{mistakes:#?}");
        for (mistake, beginning) in mistakes.iter().zip(beginnings) {
            assert!(mistake.starts_with(beginning), "{mistake} / {beginning}");
        }
    }
}
