//! Other programs: run so that what they print stays visible, and named when they fail.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The top of the working tree.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_owned(), Path::to_owned)
}

/// Cargo as it was called, started at the top of the tree.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Prints the command, runs it with this terminal, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let text = spell(command);
    eprintln!("\n$ {text}");
    match command.stdin(Stdio::null()).status() {
        Err(error) => Err(format!("cannot start `{text}`: {error}")),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{text}` ended with {status}")),
    }
}

/// What the command prints; it fails with what it says on its error output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let text = spell(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start `{text}`: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{text}` ended with {}: {}", output.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `command` with as many open files as this process may have: a shell's soft limit is often
/// 1024, and raising one's own takes a system call that only the program itself may make.
pub(crate) fn with_open_files(command: &Command) -> Command {
    let mut wrapped = Command::new("sh");
    wrapped.args(["-c", r#"ulimit -n "$(ulimit -H -n)" && exec "$0" "$@""#]);
    wrapped.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// How many files a process may have open at most.
pub(crate) fn most_open_files() -> Result<usize, String> {
    let said = output(Command::new("sh").args(["-c", "ulimit -H -n"]))?;
    Ok(said.trim().parse().unwrap_or(usize::MAX))
}

/// The search path, with the places where servers and Go usually are.
pub(crate) fn path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/usr/local/go/bin");
    path
}

/// The full path of a program, if it is on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&path()).map(|place| place.join(program)).find(|file| file.is_file())
}

pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn spell(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
