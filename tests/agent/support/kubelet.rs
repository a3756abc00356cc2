//! What a kubelet does to the agent, and what a stranger with the same path does.

use super::agent::TOKEN;
use super::{Agent, Call};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

fn token() -> String {
    format!("Lameduck-Token: {TOKEN}")
}

impl Agent {
    /// The hook of an application container.
    pub(crate) fn prestop(&self, container: &str) -> Call {
        Call::get(self.hook, &format!("/prestop?container={container}"), &[token()])
    }

    /// The hook of the agent's own container.
    pub(crate) fn stopping(&self) {
        assert_eq!(Call::get(self.hook, "/stopping", &[token()]).reply().status, 200);
    }

    /// The pod is deleted: both hooks at once. In this order a test that is held up in between
    /// has not made a container restart of it.
    pub(crate) fn stop(&self) -> Call {
        self.stopping();
        self.prestop("app")
    }

    pub(crate) fn stranger(&self) -> Call {
        Call::get(self.hook, "/prestop?container=app", &[])
    }

    /// Whether the readiness probe is told 200.
    pub(crate) fn probe(&self) -> bool {
        Call::get(self.hook, "/readyz", &[token()]).reply().status == 200
    }

    /// Probes with this period until the value is dropped or stopped.
    pub(crate) fn probes(&self, period: Duration) -> Probes {
        let (hook, (stop, stopped)) = (self.hook, mpsc::channel());
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(period) == Err(mpsc::RecvTimeoutError::Timeout) {
                Call::get(hook, "/readyz", &[token()]).reply();
            }
        });
        Probes { stop, thread }
    }
}

/// A kubelet's readiness probes of the agent.
pub(crate) struct Probes {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Probes {
    pub(crate) fn stop(self) {
        drop(self.stop);
        self.thread.join().expect("every probe is answered");
    }
}
