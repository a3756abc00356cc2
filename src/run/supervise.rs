//! Watches over one command until it ends.

use super::signals::{self, Signals};
use super::start::{self, StartError};
use super::stop::{self, Due, Step, Stop};
use super::target::Target;
use super::terminal::Terminal;
use crate::driver::Handle;
use crate::sys::process::{self, Waited};
use std::ffi::{OsStr, OsString};
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::MissedTickBehavior;

/// A running command and everything that may reach it.
pub struct Supervisor {
    child: i32,
    /// Set once the command has ended and only the rest of its group is waited for.
    ended: Option<i32>,
    /// Children that are not the command are collected too; tests of one process share theirs.
    collects_all: bool,
    changes: Signal,
    signals: Signals,
    terminal: Option<Terminal>,
    stop: Option<Stop>,
}

impl Supervisor {
    /// Starts `command`. From here on no signal that is meant for it is lost, even before
    /// [`Self::supervise`] is called. Must be called inside the runtime.
    ///
    /// Processes that lose their parent below the command become ours, as below PID 1: a server
    /// that put itself in the background keeps its place in the tree, and its zombie is collected.
    /// The price: a program that waits until its parent is process 1 waits for ever.
    ///
    /// # Errors
    /// With the exit code to end with: 127, 126, or 70 where signals cannot be handled.
    pub fn spawn(command: &OsStr, args: &[OsString]) -> Result<Self, StartError> {
        let signals = Signals::from_kernel().map_err(|error| no_signals(command, &error))?;
        if let Err(error) = process::adopt_orphans() {
            tracing::warn!(%error, "cannot adopt orphans, daemons of the command are lost sight of");
        }
        Self::with_signals(command, args, signals, true)
    }

    pub(super) fn with_signals(
        command: &OsStr,
        args: &[OsString],
        signals: Signals,
        collects_all: bool,
    ) -> Result<Self, StartError> {
        // Before the start: a command that ends at once must not end unheard.
        let changes = signal(SignalKind::child()).map_err(|error| no_signals(command, &error))?;
        let child = start::start(command, args)?;
        tracing::info!(child, ?command, "command started");
        let terminal = Terminal::of_stdin();
        Ok(Self { child, ended: None, collects_all, changes, signals, terminal, stop: None })
    }

    /// The process number of the command.
    pub fn child(&self) -> u32 {
        self.child.unsigned_abs()
    }

    /// Waits until the command has ended and returns the exit code for us: its own, or 128 + n
    /// where signal n ended it. `grace`: from the first SIGTERM or SIGINT to the SIGKILL.
    /// `on_tick` is called once a second until that first signal, and must return quickly.
    pub async fn supervise(
        mut self,
        handle: Handle,
        grace: Duration,
        mut on_tick: impl FnMut(),
    ) -> i32 {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let code = tokio::select! {
                biased;
                _ = self.changes.recv() => self.collect(),
                signal = self.signals.next() => self.received(signal, &handle, grace),
                due = next_of(&mut self.stop) => self.due(due),
                _ = tick.tick() => {
                    if self.stop.is_none() {
                        on_tick();
                    }
                    self.rest_is_gone()
                }
            };
            if let Some(code) = code {
                if let Some(terminal) = &self.terminal {
                    terminal.take_back(self.child);
                }
                return code;
            }
        }
    }

    /// Some: the code to end with. One SIGCHLD may stand for many children, and the command is
    /// judged when all are collected: a zombie would pass for a process that it left behind.
    fn collect(&mut self) -> Option<i32> {
        let mut ended = None;
        loop {
            match process::collect((!self.collects_all).then_some(self.child)) {
                Ok(Waited::Exited { pid, code }) if pid == self.child => {
                    tracing::info!(code, "command ended");
                    ended = Some(code);
                }
                Ok(Waited::Killed { pid, signal }) if pid == self.child => {
                    tracing::info!(signal = signals::name(signal), "command was ended by a signal");
                    ended = Some(128 + signal);
                }
                Ok(Waited::Stopped { pid, signal }) if pid == self.child => {
                    tracing::debug!(signal = signals::name(signal), "command was stopped");
                    if let Some(terminal) = &self.terminal {
                        terminal.child_stopped(self.child, signal);
                    }
                }
                Ok(Waited::Exited { pid, .. } | Waited::Killed { pid, .. }) => {
                    tracing::debug!(pid, "collected a process that had lost its parent");
                }
                Ok(Waited::Stopped { .. }) => {}
                Ok(Waited::Unchanged | Waited::NoChild) if ended.is_some() => break,
                Ok(Waited::Unchanged) => return self.rest_is_gone(),
                Ok(Waited::NoChild) if self.ended.is_some() => return self.rest_is_gone(),
                Ok(Waited::NoChild) => return lost(&io::Error::from_raw_os_error(libc::ECHILD)),
                Err(error) => return lost(&error),
            }
        }
        ended.and_then(|code| self.command_ended(code))
    }

    /// A command that got its stop signal together with its group may leave members that are
    /// still finishing; ending now would take them along where we are PID 1. In every other case
    /// the command's end is the end.
    fn command_ended(&mut self, code: i32) -> Option<i32> {
        if !process::group_exists(self.child) {
            return Some(code);
        }
        let stop = self.stop.as_ref().filter(|stop| !stop.killed());
        if stop.is_some_and(|stop| stop.passed_to == Some(Target::Group)) {
            tracing::info!(group = self.child, "waiting for the rest of the process group");
            self.ended = Some(code);
            return None;
        }
        tracing::warn!(group = self.child, "command ended and left processes of its group behind");
        Some(code)
    }

    fn rest_is_gone(&self) -> Option<i32> {
        self.ended.filter(|_| !process::group_exists(self.child))
    }

    fn received(&mut self, signal: i32, handle: &Handle, grace: Duration) -> Option<i32> {
        let name = signals::name(signal);
        match stop::step(self.stop.as_ref(), signal) {
            Step::BeginDrain => {
                let grace_seconds = grace.as_secs_f64();
                tracing::info!(signal = name, grace_seconds, "stop signal held back for the drain");
                self.stop = Some(Stop::begin(signal, handle.clone(), grace));
            }
            Step::Ignore => tracing::info!(signal = name, "stop signal ignored, already stopping"),
            Step::CutShort => {
                tracing::info!(signal = name, "drain cut short");
                self.pass_held_back();
            }
            Step::Pass => {
                self.pass(signal);
            }
        }
        None
    }

    fn due(&mut self, due: Due) -> Option<i32> {
        match due {
            Due::Answered(Some(_)) => {}
            Due::Answered(None) => tracing::error!("drain broke off, stop signal is passed on"),
            Due::Overdue => tracing::error!("drain gave no answer, stop signal is passed on"),
            Due::Kill => {
                tracing::warn!(group = self.child, "grace period is over, killing the group");
                process::signal_group(self.child, libc::SIGKILL).ok();
                if self.ended.is_none() {
                    // It may have moved to a group of its own making.
                    process::signal_process(self.child, libc::SIGKILL).ok();
                }
                return self.ended;
            }
        }
        self.pass_held_back();
        None
    }

    fn pass_held_back(&mut self) {
        if let Some(first) = self.stop.as_ref().map(|stop| stop.first) {
            let to = self.pass(first);
            if let Some(stop) = &mut self.stop {
                stop.passed(to);
            }
        }
    }

    fn pass(&self, signal: i32) -> Target {
        let on_terminal = self.terminal.as_ref().is_some_and(Terminal::is_ours);
        let to = match self.ended {
            Some(_) => Target::Group,
            None => Target::of(signal, self.child, on_terminal),
        };
        let name = signals::name(signal);
        match to.send(self.child, signal) {
            Ok(()) => tracing::info!(signal = name, to = to.name(), "signal passed on"),
            Err(error) => tracing::warn!(signal = name, %error, "cannot pass on a signal"),
        }
        to
    }
}

async fn next_of(stop: &mut Option<Stop>) -> Due {
    match stop {
        Some(stop) => stop.next().await,
        None => std::future::pending().await,
    }
}

/// Without the command's status there is nothing to wait for; 70 is the code of an own failure.
fn lost(error: &io::Error) -> Option<i32> {
    tracing::error!(%error, "cannot learn how the command ended");
    Some(70)
}

fn no_signals(command: &OsStr, error: &io::Error) -> StartError {
    StartError {
        exit_code: 70,
        message: format!(
            "cannot start {command:?}: signals cannot be handled: {error}; start it without \
             lameduck and report this"
        ),
    }
}
