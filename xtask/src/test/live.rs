//! The ring of real programs: what it needs is installed or built first.

use super::programs;
use crate::shell::{self, cargo, most_open_files, path, root, with_open_files};
use crate::static_build;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// Ten thousand connections in one process, and what else it has open.
const OPEN_FILES: usize = 12_000;

pub(super) fn run(rest: &[OsString]) -> Result<(), String> {
    programs::ensure()?;
    let most = most_open_files()?;
    if most < OPEN_FILES {
        return Err(format!(
            "a process may have {most} files open and 10,000 connections take {OPEN_FILES}: \
             raise the hard limit (`ulimit -H -n`, or LimitNOFILE= of the service)"
        ));
    }
    let program = program()?;
    let go = go_server()?;
    let mut command = cargo();
    command.args(["test", "--package", "lameduck-live", "--test", "*", "--no-fail-fast", "--"]);
    // Scenarios mostly wait; more at once would let them starve one another on two cores.
    command.arg("--test-threads=4").args(rest);
    command.env("LAMEDUCK_BIN", program).env("LAMEDUCK_LIVE_GO", go).env("PATH", path());
    shell::run(&mut with_open_files(&command))
}

/// The program as it is released, unless `LAMEDUCK_BIN` names another one.
fn program() -> Result<PathBuf, String> {
    match std::env::var_os("LAMEDUCK_BIN") {
        Some(given) => Ok(given.into()),
        None => static_build::build("static", &[]),
    }
}

fn go_server() -> Result<PathBuf, String> {
    let binary = root().join("target/live/go-server");
    let mut command = Command::new("go");
    command.current_dir(root().join("tests/live/servers/go")).args(["build", "-o"]).arg(&binary);
    // Nothing is fetched: the module has no dependency, and the installed toolchain will do.
    command.env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "local").env("GOPROXY", "off");
    shell::run(command.env("PATH", path()))?;
    Ok(binary)
}
