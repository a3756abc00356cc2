//! Whom a signal is for: the command alone, or its whole process group.
//!
//! The command alone is the rule, as kubelets, container runtimes and init systems do it: a
//! worker that gets SIGTERM beside its master breaks off what the master would have let it finish
//! (nginx, PostgreSQL). Two cases are for the group:
//! - the command neither catches nor ignores the stop signal, so that it would die on the spot
//!   and tell nobody: `sh -c 'server & wait'`. A script with a trap passes it on by itself, in its
//!   own way (nginx wants QUIT), and gets it alone. The kernel knows which; names of shells do not.
//! - what a key sends on a terminal, because there it goes to every process of the job.

use crate::sys::process;
use std::io;

/// Who gets a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Command,
    Group,
}

impl Target {
    /// `on_terminal`: we are the job that the terminal listens to.
    pub(super) fn of(signal: i32, child: i32, on_terminal: bool) -> Self {
        let keyed = matches!(
            signal,
            libc::SIGINT
                | libc::SIGQUIT
                | libc::SIGTSTP
                | libc::SIGCONT
                | libc::SIGWINCH
                | libc::SIGHUP
        );
        let stops = matches!(signal, libc::SIGTERM | libc::SIGINT);
        if (keyed && on_terminal) || (stops && dies_of(child, signal)) {
            Self::Group
        } else {
            Self::Command
        }
    }

    pub(super) fn send(self, child: i32, signal: i32) -> io::Result<()> {
        match self {
            Self::Command => process::signal_process(child, signal),
            Self::Group => process::signal_group(child, signal),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Group => "group",
        }
    }
}

/// False where `/proc` does not tell.
fn dies_of(pid: i32, signal: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| leaves_default(&status, signal))
        .unwrap_or(false)
}

/// Whether a process with this `/proc/PID/status` has left `signal` at its default.
fn leaves_default(status: &str, signal: i32) -> Option<bool> {
    let mask = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        u64::from_str_radix(line.trim(), 16).ok()
    };
    let bit = 1_u64.checked_shl(u32::try_from(signal.checked_sub(1)?).ok()?)?;
    Some((mask("SigIgn:")? | mask("SigCgt:")?) & bit == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tsh\nSigIgn:\t0000000000000001\nSigCgt:\t0000000000004000\n";

    #[test]
    fn the_kernels_masks_count_signals_from_one() {
        assert_eq!(leaves_default(STATUS, libc::SIGTERM), Some(false), "caught: bit 14");
        assert_eq!(leaves_default(STATUS, libc::SIGHUP), Some(false), "ignored: bit 0");
        assert_eq!(leaves_default(STATUS, libc::SIGINT), Some(true));
        assert_eq!(leaves_default("Name:\tsh\n", libc::SIGINT), None);
        assert_eq!(leaves_default(STATUS, 0), None);
    }

    #[test]
    fn keys_are_for_the_job_and_calls_for_the_command() {
        // This process catches none of these; SIGUSR1 is never for the group all the same.
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(Target::of(libc::SIGHUP, me, true), Target::Group);
        assert_eq!(Target::of(libc::SIGHUP, me, false), Target::Command);
        assert_eq!(Target::of(libc::SIGUSR1, me, true), Target::Command);
        assert_eq!(Target::of(libc::SIGTERM, i32::MAX, false), Target::Command, "cannot tell");
    }
}
