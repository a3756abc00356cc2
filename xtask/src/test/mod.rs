//! `cargo xtask test`: every ring, one after the other, and what became of each.
//!
//! A ring that cannot run has failed, with the reason. All rings run, whatever became of the
//! ones before, so that one run shows everything there is to repair.

mod live;
mod programs;
mod rings;

use std::ffi::OsString;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ring {
    House,
    Core,
    Wire,
    Live,
}

struct Wish {
    rings: Vec<Ring>,
    /// Goes to the test programs, to choose single tests.
    rest: Vec<OsString>,
}

impl Ring {
    const ALL: [Self; 4] = [Self::House, Self::Core, Self::Wire, Self::Live];

    fn name(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Core => "core",
            Self::Wire => "wire",
            Self::Live => "live",
        }
    }

    fn run(self, rest: &[OsString]) -> Result<(), String> {
        match self {
            Self::House => rings::house(),
            Self::Core => rings::core(rest),
            Self::Wire => rings::wire(rest),
            Self::Live => live::run(rest),
        }
    }
}

pub(crate) fn run(args: Vec<OsString>) -> Result<(), String> {
    let wish = parse(args)?;
    lameduck::sys::process::heed_signals();
    let mut results = Vec::new();
    for &ring in &wish.rings {
        eprintln!("\n== ring {} ==", ring.name());
        let began = now();
        let result = ring.run(&wish.rest);
        if let Err(why) = &result {
            eprintln!("\nring {} failed: {why}", ring.name());
        }
        results.push((ring, result, began.elapsed()));
    }
    summarise(&results)
}

fn parse(args: Vec<OsString>) -> Result<Wish, String> {
    let mut wish = Wish { rings: Vec::new(), rest: Vec::new() };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            wish.rest.extend(args.by_ref());
        } else if arg == "--ring" {
            let name = args.next().unwrap_or_default();
            let ring = Ring::ALL.into_iter().find(|ring| name == ring.name());
            wish.rings.push(
                ring.ok_or_else(|| {
                    format!("--ring {name:?}: there are house, core, wire and live")
                })?,
            );
        } else {
            return Err(format!("{arg:?}: allowed are --ring NAME, and -- before a test's name"));
        }
    }
    if wish.rings.is_empty() {
        wish.rings.extend(Ring::ALL);
    }
    Ok(wish)
}

fn summarise(results: &[(Ring, Result<(), String>, Duration)]) -> Result<(), String> {
    eprintln!("\nring   result  seconds");
    for (ring, result, took) in results {
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        eprintln!("{:<6} {word:<7} {:>6.0}", ring.name(), took.as_secs_f64());
    }
    let failed: Vec<String> = results
        .iter()
        .filter_map(|(ring, result, _)| {
            result.as_ref().err().map(|why| format!("\n  {}: {why}", ring.name()))
        })
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("{} of {} rings failed{}", failed.len(), results.len(), failed.concat()))
    }
}

#[expect(clippy::disallowed_methods, reason = "a chore tells how long it took")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn without_a_choice_every_ring_runs() {
        assert_eq!(parse(words("")).unwrap().rings, Ring::ALL);
    }

    #[test]
    fn rings_are_chosen_by_name_and_the_rest_goes_to_the_tests() {
        let wish = parse(words("--ring core --ring wire -- a_test")).unwrap();
        assert_eq!(wish.rings, [Ring::Core, Ring::Wire]);
        assert_eq!(wish.rest, words("a_test"));
    }

    #[test]
    fn an_unknown_ring_is_refused_with_the_known_ones() {
        let why = parse(words("--ring wired")).err().unwrap();
        assert!(why.contains("wired") && why.contains("live"), "{why}");
    }

    #[test]
    fn one_failed_ring_fails_the_run_and_is_named_with_its_reason() {
        let took = Duration::from_secs(1);
        let results = [(Ring::Core, Ok(()), took), (Ring::Live, Err("no nginx".to_owned()), took)];
        let why = summarise(&results).unwrap_err();
        assert!(why.contains("live: no nginx"), "{why}");
    }
}
