//! `cargo xtask cut-corpus PREFIX… --into DIR`: the part of recorded traces that the repository
//! carries. Of every server and scenario it keeps one connection, every second poll, and the
//! columns that the classifier reads; the others become 0. Times are counted from the first
//! row and rounded to 10 microseconds.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Of `t0,t1,poll,port,peer,state,cookie,rq,wq,timer,ls,lr,la,backed,brecv,so,si,dsi,dso,bsent,…`.
const UNREAD_COLUMNS: [usize; 9] = [9, 13, 16, 20, 21, 22, 23, 24, 25];
const KEPT_FIELDS: [&str; 6] = ["port", "lport", "sc", "kind", "server", "t0"];
const LISTEN: &str = "10";
const TIME_WAIT: &str = "6";

pub(crate) fn run(args: Vec<OsString>) -> Result<(), String> {
    use lexopt::prelude::*;
    let (mut prefixes, mut into) = (Vec::new(), None);
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Value(prefix) => prefixes.push(PathBuf::from(prefix)),
            Long("into") => into = Some(parser.value().map_err(|error| error.to_string())?),
            _ => return Err(arg.unexpected().to_string()),
        }
    }
    let into = PathBuf::from(into.ok_or("cut-corpus wants --into DIR")?);
    prefixes.iter().try_for_each(|prefix| {
        cut(prefix, &into).map_err(|error| format!("cutting {}: {error}", prefix.display()))
    })
}

fn cut(prefix: &Path, into: &Path) -> std::io::Result<()> {
    let name = prefix.file_name().unwrap_or_default();
    let with = |base: &Path, ending: &str| {
        let mut path = base.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    let target = into.join(name);
    let records = read_records(&with(prefix, ".jsonl"))?;
    let kept = choose(&records);
    let rows = BufReader::new(GzDecoder::new(File::open(with(prefix, ".csv.gz"))?));
    let out = File::create(with(&target, ".csv.gz"))?;
    let mut packed = GzEncoder::new(out, Compression::best());
    let origin = cut_rows(rows, &mut packed, &kept)?;
    packed.finish()?;
    let mut out = File::create(with(&target, ".jsonl"))?;
    let mut written = HashSet::new();
    for record in &records {
        let Some(key) = key(record).filter(|key| kept.contains(key)) else { continue };
        // A connection's own record says nothing that its requests do not.
        if written.insert(key) || record["kind"] != "conn" {
            writeln!(out, "{}", Value::Object(shorten(record, origin)))?;
        }
    }
    Ok(())
}

fn read_records(path: &Path) -> std::io::Result<Vec<Value>> {
    BufReader::new(File::open(path)?)
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

fn key(record: &Value) -> Option<(u64, u64)> {
    Some((record.get("port")?.as_u64()?, record.get("lport")?.as_u64()?))
}

/// One connection of every server and scenario: the one with the most records.
fn choose(records: &[Value]) -> HashSet<(u64, u64)> {
    let mut counts: HashMap<(u64, u64), (String, usize)> = HashMap::new();
    for record in records {
        let Some(key) = key(record) else { continue };
        let of = format!("{} {}", record["server"], record["sc"]);
        counts.entry(key).or_insert((of, 0)).1 += 1;
    }
    let mut best: HashMap<String, (usize, (u64, u64))> = HashMap::new();
    for (key, (of, count)) in counts {
        let entry = best.entry(of).or_insert((count, key));
        *entry = (*entry).max((count, key));
    }
    best.into_values().map(|(_, key)| key).collect()
}

/// Writes the rows that stay; returns the time of the first.
fn cut_rows(
    rows: impl BufRead,
    out: &mut impl Write,
    kept: &HashSet<(u64, u64)>,
) -> std::io::Result<u64> {
    let mut origin = None;
    for (number, line) in rows.lines().enumerate() {
        let line = line?;
        let mut fields: Vec<&str> = line.split(',').collect();
        let parse = |place: usize| fields.get(place).and_then(|text| text.parse::<u64>().ok());
        let (Some(t0), Some(t1), Some(poll)) = (parse(0), parse(1), parse(2)) else {
            if number == 0 {
                writeln!(out, "{line}")?;
            }
            continue;
        };
        let connection = parse(3).zip(parse(4));
        let wanted = connection.is_some_and(|key| kept.contains(&key));
        if !wanted || !poll.is_multiple_of(2) || matches!(fields[5], LISTEN | TIME_WAIT) {
            continue;
        }
        let origin = *origin.get_or_insert(t0);
        let (t0, t1) = (rounded(t0 - origin).to_string(), rounded(t1 - origin).to_string());
        let poll = (poll / 2).to_string();
        (fields[0], fields[1], fields[2]) = (&t0, &t1, &poll);
        for place in UNREAD_COLUMNS {
            fields[place] = "0";
        }
        writeln!(out, "{}", fields.join(","))?;
    }
    Ok(origin.unwrap_or(0))
}

fn rounded(nanos: u64) -> u64 {
    nanos / 10_000 * 10_000
}

fn shorten(record: &Value, origin: u64) -> Map<String, Value> {
    let mut short = Map::new();
    for field in KEPT_FIELDS.into_iter().chain(["t1"]) {
        let Some(value) = record.get(field) else { continue };
        let value = match (field, value.as_u64()) {
            ("t0" | "t1", Some(nanos)) => Value::from(rounded(nanos.saturating_sub(origin))),
            _ => value.clone(),
        };
        short.insert(field.to_owned(), value);
    }
    short
}
