//! The signals that reach us, in the order in which they matter.

use std::io;
use std::task::{Context, Poll};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Where signals come from.
pub(super) enum Signals {
    Kernel(Vec<(i32, Signal)>),
    /// A test's own: other tests of the process must not get them.
    #[cfg(test)]
    Fed(tokio::sync::mpsc::UnboundedReceiver<i32>),
}

/// All that is passed on. Missing on purpose: what a program does to itself (SEGV, ABRT, FPE,
/// ...), CHLD (ours), TTIN and TTOU (ours too: they tell that we are in the background), PIPE (Rust
/// ignores it), and URG, IO, PROF, VTALRM, which answer requests that only the receiver can make.
const PASSED: [i32; 11] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGHUP,
    libc::SIGTSTP,
    libc::SIGCONT,
    libc::SIGWINCH,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGPWR,
];

impl Signals {
    /// Takes over every signal that is passed on, the real-time ones included; as PID 1 they
    /// would have no effect otherwise, elsewhere most of them would end us and orphan the command.
    pub(super) fn from_kernel() -> io::Result<Self> {
        PASSED
            .into_iter()
            .chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
            // Whoever started us with a signal ignored (`nohup`, a shell's `&`) wants the command
            // to ignore it. A handler here would become the default there, at exec.
            .filter(|&number| number == libc::SIGTERM || !crate::sys::process::ignores(number))
            .map(|number| Ok((number, signal(SignalKind::from_raw(number))?)))
            .collect::<io::Result<_>>()
            .map(Self::Kernel)
    }

    /// The next signal. The kernel merges equal ones that come faster than they are read.
    pub(super) async fn next(&mut self) -> i32 {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<i32> {
        match self {
            Self::Kernel(signals) => {
                for (number, signal) in signals {
                    if signal.poll_recv(cx).is_ready() {
                        return Poll::Ready(*number);
                    }
                }
                Poll::Pending
            }
            #[cfg(test)]
            Self::Fed(fed) => match fed.poll_recv(cx) {
                Poll::Ready(Some(number)) => Poll::Ready(number),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// `SIGTERM` for 15.
pub(super) fn name(signal: i32) -> String {
    let known = match signal {
        libc::SIGTERM => "SIGTERM",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGHUP => "SIGHUP",
        libc::SIGTSTP => "SIGTSTP",
        libc::SIGCONT => "SIGCONT",
        libc::SIGWINCH => "SIGWINCH",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGALRM => "SIGALRM",
        libc::SIGPWR => "SIGPWR",
        libc::SIGKILL => "SIGKILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGABRT => "SIGABRT",
        libc::SIGPIPE => "SIGPIPE",
        other => return format!("signal {other}"),
    };
    known.to_owned()
}
