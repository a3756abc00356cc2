//! The way into the driver for hook, control and run.

use crate::drain::{Answer, CallerId, Input, Status};
use tokio::sync::{mpsc, oneshot};

/// What the edges send to the driver.
#[derive(Debug)]
pub(crate) enum Message {
    Input(Input),
    Call {
        caller: CallerId,
        input: Input,
        reply: oneshot::Sender<Answer>,
    },
    Status {
        reply: oneshot::Sender<Status>,
    },
    /// The kubelet's probe was answered; `from` is its address.
    Probe {
        ready: bool,
        from: std::net::IpAddr,
    },
    /// `run` has no kubelet: its own one-second tick.
    Tick,
}

/// The way into the driver; cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    messages: mpsc::UnboundedSender<Message>,
    next_caller: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Handle {
    /// A handle and the driver's end of it.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Message>) {
        let (messages, inbox) = mpsc::unbounded_channel();
        (Self { messages, next_caller: std::sync::Arc::default() }, inbox)
    }

    /// Tells the core a fact; nobody waits for it.
    pub fn tell(&self, input: Input) {
        self.messages.send(Message::Input(input)).ok();
    }

    /// The kubelet has read the answer to a probe of the agent.
    pub fn probed(&self, ready: bool, from: std::net::IpAddr) {
        self.messages.send(Message::Probe { ready, from }).ok();
    }

    /// A look at the sockets is due although no kubelet probes (`run`).
    pub fn tick(&self) {
        self.messages.send(Message::Tick).ok();
    }

    /// Makes a call that the core answers exactly once. Dropping the future before that tells
    /// the core that the caller left, which cancels nothing. `None`: the driver is gone.
    pub async fn call(&self, input: impl FnOnce(CallerId) -> Input) -> Option<Answer> {
        let caller = CallerId(self.next_caller.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let (reply, answer) = oneshot::channel();
        self.messages.send(Message::Call { caller, input: input(caller), reply }).ok()?;
        let mut left = Leaving { handle: self, caller, armed: true };
        let answer = answer.await.ok();
        left.armed = false;
        answer
    }

    /// A snapshot of the core.
    pub async fn status(&self) -> Option<Status> {
        let (reply, status) = oneshot::channel();
        self.messages.send(Message::Status { reply }).ok()?;
        status.await.ok()
    }
}

/// Reports a caller that hung up while it waited.
struct Leaving<'a> {
    handle: &'a Handle,
    caller: CallerId,
    armed: bool,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.handle.tell(Input::CallerLeft { caller: self.caller });
        }
    }
}
