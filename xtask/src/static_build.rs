//! `cargo xtask build-static`: the one file that the image holds.

use crate::shell::{self, cargo, find, output, root};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The limit for the whole file, in bytes (docs/performance.md).
pub(crate) const MOST_BYTES: u64 = 8_000_000;

pub(crate) fn run(args: Vec<OsString>) -> Result<(), String> {
    if let Some(arg) = args.first() {
        return Err(format!("{arg:?}: no argument is allowed"));
    }
    let program = build("static", &[])?;
    let bytes = size(&program)?;
    eprintln!("{bytes} bytes of at most {MOST_BYTES}");
    if bytes > MOST_BYTES {
        return Err(format!("{} is too large: {bytes} bytes", program.display()));
    }
    println!("{}", program.display());
    Ok(())
}

/// Builds in `target/NAME`, apart from everyone else's builds: other flags for the compiler
/// would rebuild all of theirs.
pub(crate) fn build(name: &str, environment: &[(&str, &str)]) -> Result<PathBuf, String> {
    let host = host()?;
    let folder = root().join("target").join(name);
    let mut command = cargo();
    command.args(["build", "--release", "--bin", "lameduck", "--target", &host]);
    command.env("CARGO_TARGET_DIR", &folder);
    // Not position independent: relocating itself at start would dirty 240 KiB of pages in
    // every pod. The stack, the heap and mappings are still placed at random. Static flags need
    // an explicit --target, or they reach build scripts and procedural macros too.
    command.env("RUSTFLAGS", "-C target-feature=+crt-static -C relocation-model=static");
    command.envs(environment.iter().copied());
    shell::run(&mut command)?;
    let program = folder.join(host).join("release/lameduck");
    check_static(&program)?;
    Ok(program)
}

pub(crate) fn size(program: &Path) -> Result<u64, String> {
    let meta = std::fs::metadata(program);
    meta.map(|meta| meta.len()).map_err(|error| format!("{}: {error}", program.display()))
}

fn host() -> Result<String, String> {
    let said = output(Command::new("rustc").arg("-vV"))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| format!("rustc -vV names no host: {said}"))
}

/// A program that asks for a loader would not start in an image that holds nothing else.
fn check_static(program: &Path) -> Result<(), String> {
    if find("readelf").is_none() {
        return Err("readelf is missing: install binutils".to_owned());
    }
    let headers = output(Command::new("readelf").args(["--program-headers", "-W"]).arg(program))?;
    let dynamic = headers.lines().any(|line| line.contains("INTERP") || line.contains("DYNAMIC"));
    if dynamic {
        return Err(format!("{} is not static: it asks for a loader", program.display()));
    }
    Ok(())
}
