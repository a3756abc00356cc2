//! `cargo xtask replay PREFIX… [--poll D]… [--from-random-start] [--seeds N]`: recorded traces
//! through the classifier. Fails when a running HTTP/1 request was called idle.

use flate2::read::GzDecoder;
use lameduck::inflight::replay::{Options, Report, Start, Trace, replay};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

struct Wish {
    prefixes: Vec<PathBuf>,
    polls: Vec<Duration>,
    random: bool,
    seeds: u64,
}

pub(crate) fn run(args: Vec<OsString>) -> Result<(), String> {
    let wish = parse(args)?;
    let traces = wish.prefixes.iter().map(|prefix| read(prefix)).collect::<Result<Vec<_>, _>>()?;
    let mut missed = 0;
    for &poll in &wish.polls {
        let report = replay_all(&traces, &wish, poll);
        let start = if wish.random {
            format!("{} random series of first dumps", wish.seeds)
        } else {
            "birth".to_owned()
        };
        println!("poll {poll:?}, known from: {start}\n\n{report}");
        println!("{}", report.verdict());
        missed += report.false_idles();
    }
    if missed > 0 {
        Err(format!("{missed} running HTTP/1 requests were called idle"))
    } else {
        Ok(())
    }
}

/// Reads `PREFIX.csv.gz` and `PREFIX.jsonl`.
fn read(prefix: &Path) -> Result<Trace, String> {
    let named = |ending: &str| {
        let mut name = prefix.as_os_str().to_owned();
        name.push(ending);
        let path = PathBuf::from(name);
        File::open(&path).map_err(|error| format!("opening {}: {error}", path.display()))
    };
    Trace::read(GzDecoder::new(named(".csv.gz")?), named(".jsonl")?)
        .map_err(|error| format!("{}: {error}", prefix.display()))
}

fn replay_all(traces: &[Trace], wish: &Wish, poll: Duration) -> Report {
    let starts = if wish.random {
        (0..wish.seeds).map(|seed| Start::Random { seed }).collect()
    } else {
        vec![Start::Birth]
    };
    let mut report = Report::default();
    for start in starts {
        for trace in traces {
            report.merge(&replay(trace, &Options::new(poll, start)));
        }
    }
    report
}

fn parse(args: Vec<OsString>) -> Result<Wish, String> {
    use lexopt::prelude::*;
    let mut wish = Wish { prefixes: Vec::new(), polls: Vec::new(), random: false, seeds: 10 };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Value(prefix) => wish.prefixes.push(prefix.into()),
            Long("from-random-start") => wish.random = true,
            Long("poll") => wish.polls.push(millis(&text(&mut parser)?)?),
            Long("seeds") => {
                wish.seeds = text(&mut parser)?.parse().map_err(|_| "--seeds wants a number")?;
            }
            _ => return Err(arg.unexpected().to_string()),
        }
    }
    if wish.prefixes.is_empty() {
        return Err("replay wants at least one PREFIX of a trace (PREFIX.csv.gz and PREFIX.jsonl)"
            .to_owned());
    }
    if wish.polls.is_empty() {
        wish.polls.push(Duration::from_millis(100));
    }
    Ok(wish)
}

fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    value.into_string().map_err(|value| format!("{} is not text", value.display()))
}

fn millis(text: &str) -> Result<Duration, String> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 1_000),
        (None, None) => (text, 0),
    };
    let count: Option<u64> = number.parse().ok().filter(|&count| count > 0 && unit > 0);
    count
        .map(|count| Duration::from_millis(count * unit))
        .ok_or_else(|| format!("--poll {text}: wants a whole number of ms or s, such as 100ms"))
}
