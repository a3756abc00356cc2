//! What a signal means, and the clocks of a stop.

use super::target::Target;
use crate::drain::{Answer, Input};
use crate::driver::Handle;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Sleep;

/// What to do about one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    BeginDrain,
    /// The drain has lasted long enough: what it holds back is passed on.
    CutShort,
    Pass,
    Ignore,
}

/// What a stop waited for and got.
#[derive(Debug)]
pub(super) enum Due {
    /// The core answered; `None`: the driver is gone.
    Answered(Option<Answer>),
    /// The core should have answered long ago.
    Overdue,
    /// The grace period is over.
    Kill,
}

/// One stop, from the first stop signal to the end of the command.
pub(super) struct Stop {
    /// What will be passed on when the drain is over: a server may tell a quick SIGINT from a
    /// graceful SIGTERM, or the other way round.
    pub(super) first: i32,
    /// Whom the stop signal was passed to; `None` while the drain holds it back.
    pub(super) passed_to: Option<Target>,
    drain: Option<Pin<Box<dyn Future<Output = Option<Answer>> + Send>>>,
    overdue: Pin<Box<Sleep>>,
    kill: Option<Pin<Box<Sleep>>>,
}

impl Stop {
    /// Asks the core for a drain. The kill clock starts here, whatever the core does.
    pub(super) fn begin(first: i32, handle: Handle, grace: Duration) -> Self {
        // The core answers 1 s before the end of the grace at the latest, or sooner to leave the
        // command its reserve. If it does not, it is broken, and a SIGTERM half a second before
        // the SIGKILL is better than none.
        let overdue = grace - Duration::from_millis(500).min(grace / 4);
        Self {
            first,
            passed_to: None,
            drain: Some(Box::pin(call_for_drain(handle))),
            overdue: Box::pin(tokio::time::sleep(overdue)),
            kill: Some(Box::pin(tokio::time::sleep(grace))),
        }
    }

    /// The stop signal has been passed on: only the kill clock runs.
    pub(super) fn passed(&mut self, to: Target) {
        self.passed_to = Some(to);
        // Dropping the call tells the core that the caller left, which cancels nothing.
        self.drain = None;
    }

    /// Whether the stop signal is still held back.
    pub(super) fn holds_back(&self) -> bool {
        self.passed_to.is_none()
    }

    /// Whether the grace period is over and the group was killed.
    pub(super) fn killed(&self) -> bool {
        self.kill.is_none()
    }

    /// Waits for whatever comes first; dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Due {
        let draining = self.drain.is_some();
        tokio::select! {
            biased;
            () = due(&mut self.kill) => {
                self.kill = None;
                Due::Kill
            }
            answer = due(&mut self.drain) => {
                self.drain = None;
                Due::Answered(answer)
            }
            () = &mut self.overdue, if draining => {
                self.drain = None;
                Due::Overdue
            }
        }
    }
}

/// What `signal` means at this point.
pub(super) fn step(stop: Option<&Stop>, signal: i32) -> Step {
    match (stop, signal) {
        (None, libc::SIGTERM | libc::SIGINT) => Step::BeginDrain,
        // Whoever stops us repeats SIGTERM out of habit, not because it means more.
        (Some(_), libc::SIGTERM) => Step::Ignore,
        // A SIGINT during the drain is a person who does not want to wait.
        (Some(stop), libc::SIGINT) if stop.holds_back() => Step::CutShort,
        _ => Step::Pass,
    }
}

/// Calls as the hook of an app container and as the agent's own hook. Both together are a known
/// stop of everything; the first alone would be a container restart, cut short and undone.
async fn call_for_drain(handle: Handle) -> Option<Answer> {
    let call = handle.call(|caller| Input::HookCalled { caller, container: None });
    let (answer, ()) = tokio::join!(biased; call, async { handle.tell(Input::OwnHookCalled) });
    answer
}

/// An absent future never comes.
async fn due<F: Future + Unpin>(future: &mut Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}
