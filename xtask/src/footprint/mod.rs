//! `cargo xtask footprint`: what the static program costs, beside what it may cost.
//!
//! Everything is read from outside, as a node would see it: `/proc`, the metrics page, the
//! clock. Connections are real and on loopback; each holds one descriptor on either side.

mod crowd;
mod drain;
mod idle;
mod process;
mod rooms;
mod scan;
mod subject;
mod table;

use crate::{docs, shell, static_build};
use process::Usage;
use std::ffi::OsString;
use std::path::Path;
use table::{Row, Table};

/// The sizes of drain that have a target.
const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

pub(crate) fn run(args: Vec<OsString>) -> Result<(), String> {
    match args.as_slice() {
        [] => measure(false),
        [flag] if flag == "--write" => measure(true),
        [word, rest @ ..] if word == crowd::WORD => crowd::hold(rest),
        other => Err(format!("{other:?}: only --write is allowed")),
    }
}

fn measure(write: bool) -> Result<(), String> {
    let program = static_build::build("static", &[])?;
    let mut costs = Table::new(&["what", "target", "measured", ""]);
    let mut scans = Table::new(scan::HEAD);
    costs.add(binary(&program)?);
    costs.extend(idle::rows(&program)?);
    for size in SIZES {
        eprintln!("draining {size} connections …");
        let measured = drain::measure(&program, size)?;
        costs.extend(measured.rows());
        scans.add(measured.scan.row(size));
    }
    let rooms = rooms::table()?;
    let text = format!(
        "{}\n\n{costs}\n\nOne look at every socket of a port, while a drain runs:\n\n{scans}\n\n\
         Code in the program by the room that asked for it:\n\n{rooms}",
        machine()?
    );
    println!("{text}");
    if write {
        docs::put("performance", &text)?;
    }
    match costs.short() {
        0 => Ok(()),
        short => Err(format!("{short} of the rows above are short of their target")),
    }
}

fn binary(program: &Path) -> Result<Row, String> {
    let bytes = static_build::size(program)? as f64;
    let most = static_build::MOST_BYTES as f64;
    Ok(Row::most("the program: static, stripped, unwinding kept", bytes / 1e6, most / 1e6, "MB"))
}

fn machine() -> Result<String, String> {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let compiler = shell::output(std::process::Command::new("rustc").arg("-V"))?;
    Ok(format!(
        "Measured by `cargo xtask footprint` on {cores} cores, Linux {}, {}.",
        kernel.trim(),
        compiler.trim()
    ))
}

/// Memory rows of one moment.
fn memory_row(what: &str, usage: &Usage, most_mib: f64) -> Row {
    Row::most(what, usage.peak_kib as f64 / 1024.0, most_mib, "MiB")
}
