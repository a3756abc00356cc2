//! Starts the command, or says why it cannot be started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Why nothing runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    /// 127: no such command; 126: it is there and cannot be executed; 70: our own failure.
    pub exit_code: i32,
    /// What was tried, why it failed and what to do.
    pub message: String,
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

/// Starts `command` in a process group of its own, with our stdin, stdout and stderr.
///
/// The group keeps a Ctrl-C from reaching the command before the drain is over. std empties the
/// child's signal mask and gives SIGPIPE its default back, exec does the same for every signal we
/// handle, and everything that Rust opens is closed on exec; descriptors that we inherited
/// ourselves are the command's as well.
pub(super) fn start(command: &OsStr, args: &[OsString]) -> Result<i32, StartError> {
    // The handle is dropped unwaited on purpose: its `wait` would compete with the reaper.
    let child = Command::new(command)
        .args(args)
        .process_group(0)
        .spawn()
        .map_err(|error| refusal(command, &error))?;
    i32::try_from(child.id()).map_err(|_| StartError {
        exit_code: 70,
        message: format!("started {command:?} as process {}, which is no valid number", child.id()),
    })
}

/// The exit codes are those of shells and of `env`, `nohup`, `timeout`.
fn refusal(command: &OsStr, error: &io::Error) -> StartError {
    let is_path = command.as_encoded_bytes().contains(&b'/');
    // A script whose interpreter is missing, or a program whose loader is (a glibc binary in a
    // musl image), is ENOENT too.
    let is_there = is_path && Path::new(command).exists();
    let (exit_code, why) = match error.kind() {
        io::ErrorKind::NotFound if is_there => (
            126,
            "the file is there, but the interpreter of its first line or its dynamic loader is \
             not; install that, or name the interpreter as the command"
                .to_owned(),
        ),
        io::ErrorKind::NotFound if is_path => {
            (127, "there is no such file; check the path after --".to_owned())
        }
        io::ErrorKind::NotFound => {
            (127, "it is in no directory of PATH; check the name or give a full path".to_owned())
        }
        io::ErrorKind::PermissionDenied if is_there && Path::new(command).is_dir() => {
            (126, "it is a directory; name the program in it".to_owned())
        }
        io::ErrorKind::PermissionDenied => (
            126,
            "permission denied; it must be executable (chmod +x) for this user, on a file system \
             that is not mounted noexec"
                .to_owned(),
        ),
        _ if error.raw_os_error() == Some(libc::ENOEXEC) => (
            126,
            "the kernel does not know its format; a script needs a first line like #!/bin/sh, a \
             program must be built for this processor"
                .to_owned(),
        ),
        _ => (126, format!("{error}; free what is missing and try again")),
    };
    StartError { exit_code, message: format!("cannot start {command:?}: {why}") }
}
