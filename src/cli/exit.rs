//! The exit codes, all of them.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done as asked: 0.
    Done,
    /// A mistake in the command line or the environment, nothing was started: 64 (`EX_USAGE`).
    Usage,
    /// lameduck itself failed, or the agent could not be reached: 70 (`EX_SOFTWARE`).
    Internal,
    /// The command of `run` exited with this code.
    ChildExited(u8),
    /// The command of `run` was ended by this signal: 128 + n, as a shell says it.
    ChildSignalled(u8),
    /// The command of `run` does not exist: 127, as a shell says it.
    ChildNotFound,
    /// The command of `run` exists and cannot be started: 126, as a shell says it.
    ChildNotStarted,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 64,
            Self::Internal => 70,
            Self::ChildExited(code) => code,
            Self::ChildSignalled(signal) => 128_u8.saturating_add(signal),
            Self::ChildNotFound => 127,
            Self::ChildNotStarted => 126,
        }
    }

    /// Why the command of `run` could not be started.
    pub fn not_started(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::ChildNotFound,
            _ => Self::ChildNotStarted,
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        let byte = |number: i32| u8::try_from(number).ok();
        match (status.code().and_then(byte), status.signal().and_then(byte)) {
            (Some(code), _) => Self::ChildExited(code),
            (None, Some(signal)) => Self::ChildSignalled(signal),
            (None, None) => Self::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_ends_as_a_shell_would_report_it() {
        let exited = |code: i32| Exit::from(ExitStatus::from_raw(code << 8)).code();
        let signalled = |signal: i32| Exit::from(ExitStatus::from_raw(signal)).code();
        assert_eq!((exited(0), exited(3), exited(255)), (0, 3, 255));
        assert_eq!((signalled(15), signalled(9), signalled(64)), (143, 137, 192));
        let error = |kind: io::ErrorKind| Exit::not_started(&kind.into()).code();
        assert_eq!(error(io::ErrorKind::NotFound), 127);
        assert_eq!(error(io::ErrorKind::PermissionDenied), 126);
    }

    #[test]
    fn the_codes_of_lameduck_itself() {
        assert_eq!([Exit::Done, Exit::Usage, Exit::Internal].map(Exit::code), [0, 64, 70]);
    }
}
