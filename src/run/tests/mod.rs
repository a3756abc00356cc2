//! Real commands below a supervisor whose signals and whose core are the test's own.

mod ends;
mod isolated;
mod start;
mod stops;
mod terminal;

use super::Supervisor;
use super::signals::Signals;
use crate::drain::{Answer, Input};
use crate::driver::{Handle, Message};
use crate::sys::process;
use std::ffi::{OsStr, OsString};
use std::io::PipeWriter;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Long enough for a busy machine; only a broken test takes it.
const PATIENCE: Duration = Duration::from_secs(30);
/// A grace period that no test lives to see the end of.
const LONG: Duration = Duration::from_secs(60);

/// What a script says, line by line: `say WORDS`.
struct Line {
    lines: tokio::io::Lines<BufReader<pipe::Receiver>>,
    /// Scripts open it by its path below `/proc`, so that no descriptor has to be inherited.
    writer: PipeWriter,
}

impl Line {
    fn new() -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader)).unwrap();
        Self { lines: BufReader::new(reader).lines(), writer }
    }

    /// The script with `say` and `forever` defined.
    fn script(&self, body: &str) -> Vec<OsString> {
        let path = format!("/proc/{}/fd/{}", std::process::id(), self.writer.as_raw_fd());
        let script = format!(
            "say() {{ echo \"$*\" >{path}; }}; forever() {{ while :; do sleep 0.05; done; }}; {body}"
        );
        vec!["-c".into(), script.into()]
    }

    async fn heard(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("the script says something").unwrap().unwrap()
    }

    async fn expect(&mut self, words: &str) {
        assert_eq!(self.heard().await, words);
    }
}

/// A supervised script.
struct Rig {
    signals: mpsc::UnboundedSender<i32>,
    inbox: mpsc::UnboundedReceiver<Message>,
    line: Line,
    ticks: mpsc::UnboundedReceiver<()>,
    child: i32,
    running: JoinHandle<i32>,
}

/// A test that fails must not leave its command behind.
impl Drop for Rig {
    fn drop(&mut self) {
        if !self.running.is_finished() {
            process::signal_group(self.child, libc::SIGKILL).ok();
        }
    }
}

impl Rig {
    fn start(body: &str, grace: Duration) -> Self {
        let line = Line::new();
        let (signals, fed) = mpsc::unbounded_channel();
        let args = line.script(body);
        let supervisor =
            Supervisor::with_signals(OsStr::new("sh"), &args, Signals::Fed(fed), false).unwrap();
        Self::watch(supervisor, line, signals, grace)
    }

    fn watch(
        supervisor: Supervisor,
        line: Line,
        signals: mpsc::UnboundedSender<i32>,
        grace: Duration,
    ) -> Self {
        let (handle, inbox) = Handle::new();
        let (tick, ticks) = mpsc::unbounded_channel();
        let child = i32::try_from(supervisor.child()).unwrap();
        let running = tokio::spawn(supervisor.supervise(handle, grace, move || {
            tick.send(()).ok();
        }));
        Self { signals, inbox, line, ticks, child, running }
    }

    fn send(&self, signal: i32) {
        self.signals.send(signal).unwrap();
    }

    /// The call that holds the stop signal back; it is a known stop of everything.
    async fn called(&mut self) -> oneshot::Sender<Answer> {
        let reply = match self.message().await {
            Message::Call { input: Input::HookCalled { container: None, .. }, reply, .. } => reply,
            other => panic!("no call of a hook but {other:?}"),
        };
        match self.message().await {
            Message::Input(Input::OwnHookCalled) => reply,
            other => panic!("the stop was not made known but {other:?}"),
        }
    }

    async fn message(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.inbox.recv()).await;
        message.expect("the supervisor says something").unwrap()
    }

    async fn code(mut self) -> i32 {
        tokio::time::timeout(PATIENCE, &mut self.running).await.expect("the command ends").unwrap()
    }
}

fn answer(reply: oneshot::Sender<Answer>) {
    reply.send(Answer::Nothing { because: "the test says so" }).unwrap();
}
