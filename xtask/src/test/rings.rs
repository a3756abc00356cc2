//! The rings that need nothing but Rust.

use crate::docs;
use crate::shell::{cargo, root, run};
use std::ffi::OsString;

/// Integration tests that touch no socket. Every other file in `tests/` is of the wire ring, so
/// that none is forgotten.
const OF_CORE: &[&str] = &["architecture", "pages", "random_walk", "replay", "silence"];

/// The rules of the house: format, lints, generated tables.
pub(super) fn house() -> Result<(), String> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    docs::check()
}

pub(super) fn core(rest: &[OsString]) -> Result<(), String> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--lib", "--bins", "--no-fail-fast"]);
    let main = run(with_rest(&mut command, rest));
    let whole = integration(rest, |target| OF_CORE.contains(&target));
    let examples = run(cargo().args(["test", "--doc"]));
    main.and(whole).and(examples)
}

pub(super) fn wire(rest: &[OsString]) -> Result<(), String> {
    integration(rest, |target| !OF_CORE.contains(&target))
}

fn integration(rest: &[OsString], wanted: impl Fn(&str) -> bool) -> Result<(), String> {
    let mut targets = targets()?;
    targets.retain(|target| wanted(target));
    if targets.is_empty() {
        // Without any --test cargo would run everything and call it this ring.
        return Err("tests/ has no file of this ring".to_owned());
    }
    let mut command = cargo();
    command.args(["test", "--no-fail-fast"]);
    for target in targets {
        command.args(["--test", &target]);
    }
    run(with_rest(&mut command, rest))
}

/// The names of the integration tests, as cargo finds them: `tests/NAME.rs`, `tests/NAME/main.rs`.
fn targets() -> Result<Vec<String>, String> {
    let folder = root().join("tests");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").exists())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn with_rest<'a>(
    command: &'a mut std::process::Command,
    rest: &[OsString],
) -> &'a mut std::process::Command {
    if rest.is_empty() { command } else { command.arg("--").args(rest) }
}
