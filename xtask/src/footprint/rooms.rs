//! Which room the code in the program is there for.

use super::table::{Row, Table, number};
use crate::shell::output;
use crate::static_build;
use std::collections::BTreeMap;
use std::process::Command;

/// Crates below these many bytes are summed up in one row.
const WORTH_A_ROW: u64 = 20_000;

/// Code by room, then by crate; from the symbols of a build that keeps them.
pub(super) fn table() -> Result<Table, String> {
    let program = static_build::build("symbols", &[("CARGO_PROFILE_RELEASE_STRIP", "none")])?;
    let mut nm = Command::new("nm");
    nm.args(["--print-size", "--demangle", "--radix=d"]).arg(program);
    Ok(tabulate(&sizes(&output(&mut nm)?)))
}

fn sizes(symbols: &str) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(_), Some(size), Some(kind), Some(name)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        if let (Ok(size), "t" | "T" | "w" | "W") = (size.parse::<u64>(), kind) {
            *sizes.entry(owner(name)).or_default() += size;
        }
    }
    sizes
}

/// A room of ours that the symbol names anywhere: what a generic was made for is why it is
/// there. Else the first crate.
fn owner(symbol: &str) -> String {
    if let Some((_, rest)) = symbol.split_once("lameduck::") {
        let room: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        return format!("lameduck::{room}");
    }
    let start = symbol.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let start = start.trim_start_matches("dyn ").trim_start_matches("mut ");
    match start.split_once("::") {
        Some((first, _)) if first.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            first.to_owned()
        }
        _ => "libc and unnamed".to_owned(),
    }
}

fn tabulate(sizes: &BTreeMap<String, u64>) -> Table {
    let mut rooms: Vec<_> = sizes.iter().filter(|(name, _)| name.starts_with("lameduck")).collect();
    let mut crates: Vec<_> =
        sizes.iter().filter(|(name, _)| !name.starts_with("lameduck")).collect();
    rooms.sort_by_key(|(_, size)| std::cmp::Reverse(**size));
    crates.sort_by_key(|(_, size)| std::cmp::Reverse(**size));
    let small: u64 = crates.iter().map(|(_, size)| **size).filter(|size| *size < WORTH_A_ROW).sum();
    crates.retain(|(_, size)| **size >= WORTH_A_ROW);
    let row = |name: &str, size: u64| {
        let share = format!("{} KB", number(size as f64 / 1000.0));
        Row::plain(vec![name.to_owned(), share])
    };
    let mut table = Table::new(&["room or crate", "code"]);
    for (name, size) in rooms.into_iter().chain(crates) {
        table.add(row(&format!("`{name}`"), *size));
    }
    table.add(row("all others", small));
    table.add(row("**all**", sizes.values().sum()));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_belongs_to_the_room_it_names_or_to_its_first_crate() {
        for (symbol, expected) in [
            ("lameduck::hook::serve", "lameduck::hook"),
            ("<lameduck::drain::Plan as core::fmt::Debug>::fmt", "lameduck::drain"),
            ("core::ptr::drop_in_place<lameduck::driver::Handle>", "lameduck::driver"),
            ("<&mut hyper::body::Body as http_body::Body>::poll", "hyper"),
            ("memcpy", "libc and unnamed"),
        ] {
            assert_eq!(owner(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn only_code_is_counted() {
        let symbols = "0001 0100 T lameduck::hook::a\n0002 0020 t lameduck::hook::b\n\
                       0003 0400 D lameduck::hook::TABLE\n0004 U read\n";
        assert_eq!(sizes(symbols), BTreeMap::from([("lameduck::hook".to_owned(), 120)]));
    }
}
