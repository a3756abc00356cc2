//! The terminal, where there is one: who may read from it, and what Ctrl-Z does.
//!
//! We stay the job that the terminal listens to, so that Ctrl-C reaches us and begins a drain. A
//! command that was put in the foreground from the start would get it in our place and end on the
//! spot. It is put there when it asks: the kernel stops a background process that reads from its
//! terminal or changes it, we hand the terminal over and continue it, and it notices nothing. From
//! then on the keys are the command's.

use crate::sys::process;
use std::io::{IsTerminal, Stdin};
use std::os::fd::AsFd;

/// Our place on the terminal that is our stdin.
pub(super) struct Terminal {
    stdin: Stdin,
    own_group: i32,
}

impl Terminal {
    /// `None` where stdin is no terminal, or not the one that controls this session.
    pub(super) fn of_stdin() -> Option<Self> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() || process::foreground_group(stdin.as_fd()).is_err() {
            return None;
        }
        Some(Self { stdin, own_group: process::own_group() })
    }

    /// Whether the keys reach us.
    pub(super) fn is_ours(&self) -> bool {
        self.listens_to(self.own_group)
    }

    /// The command was stopped by `signal`: gives it the terminal, or stops our own job with it.
    pub(super) fn child_stopped(&self, child: i32, signal: i32) {
        let wants_terminal = matches!(signal, libc::SIGTTIN | libc::SIGTTOU);
        if wants_terminal && self.is_ours() {
            tracing::info!(child, "command uses the terminal, keys go to it directly");
            self.hand_to(child);
        } else if wants_terminal || signal == libc::SIGTSTP {
            let had_it = self.listens_to(child);
            self.take_back(child);
            stop_our_job();
            if had_it && self.is_ours() {
                self.hand_to(child);
            }
            // Continued in the background it would ask for the terminal again at once, for ever.
            if wants_terminal && !self.is_ours() {
                return;
            }
        } else {
            return;
        }
        process::signal_group(child, libc::SIGCONT).ok();
    }

    /// The command has ended: whoever started us expects the terminal as it was.
    pub(super) fn take_back(&self, child: i32) {
        if self.listens_to(child) {
            self.hand_to(self.own_group);
        }
    }

    fn listens_to(&self, group: i32) -> bool {
        process::foreground_group(self.stdin.as_fd()).is_ok_and(|now| now == group)
    }

    fn hand_to(&self, group: i32) {
        if let Err(error) = process::set_foreground_group(self.stdin.as_fd(), group) {
            tracing::warn!(group, %error, "cannot hand over the terminal");
        }
    }
}

/// Returns when the shell continues us. SIGTTIN and not SIGSTOP: its default stops us as well, but
/// not where nobody is there to continue us (PID 1, a session without a job-control shell).
fn stop_our_job() {
    if let Ok(pid) = i32::try_from(std::process::id()) {
        process::signal_process(pid, libc::SIGTTIN).ok();
    }
}
