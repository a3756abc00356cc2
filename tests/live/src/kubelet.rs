//! The kubelet's part: it calls all preStop hooks of a pod together, sends SIGTERM to a
//! container as soon as its hook is answered, and to the native sidecar when the app has ended.

use crate::agent::{Agent, TOKEN};
use crate::clock::{now, pause, until};
use crate::http::{Connection, Reply, Request, Target};
use crate::process::Process;
use crate::server::Server;
use crate::verdict::Verdict;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

/// Longer than any budget of any scenario.
const ENOUGH: Duration = Duration::from_secs(90);

/// A pod stop under way.
pub struct Kubelet {
    began: Instant,
    agent: Arc<Agent>,
    app: App,
    prestop: JoinHandle<HookCall>,
    stopping: JoinHandle<HookCall>,
}

/// What is sent SIGTERM when the hook is answered.
#[derive(Clone)]
pub enum App {
    Server(Arc<Server>),
    Worker(Arc<Process>),
}

/// How a hook's call ended.
#[derive(Debug)]
pub struct HookCall {
    pub at: Instant,
    pub reply: Result<Reply, std::io::Error>,
}

/// A whole stop, from the first call to the agent's own exit.
#[derive(Debug)]
pub struct Stopped {
    pub began: Instant,
    /// The hook's answer was read.
    pub answered: Instant,
    pub verdict: Verdict,
}

/// Probes of the agent's readiness, as long as the pod exists.
pub struct Probes {
    over: Arc<AtomicBool>,
    statuses: Arc<Mutex<Vec<u16>>>,
    thread: Option<JoinHandle<()>>,
}

impl App {
    fn process(&self) -> &Process {
        match self {
            Self::Server(server) => server.process(),
            Self::Worker(process) => process,
        }
    }
}

impl From<&Arc<Server>> for App {
    fn from(server: &Arc<Server>) -> Self {
        Self::Server(Arc::clone(server))
    }
}

impl From<&Arc<Process>> for App {
    fn from(process: &Arc<Process>) -> Self {
        Self::Worker(Arc::clone(process))
    }
}

impl Kubelet {
    /// Calls both hooks; the app is sent SIGTERM the moment its hook is answered.
    pub fn stop_pod(agent: &Arc<Agent>, app: impl Into<App>) -> Self {
        let app = app.into();
        let began = now();
        let hook = agent.hook();
        let stopping = spawn(move || call(hook, "/stopping"));
        let told = app.clone();
        let prestop = spawn(move || {
            let answer = call(hook, "/prestop?container=app");
            told.process().signal("TERM");
            answer
        });
        Self { began, agent: Arc::clone(agent), app, prestop, stopping }
    }

    pub fn began(&self) -> Instant {
        self.began
    }

    /// How the app's hook call ended, whatever that was; the pod is not followed further.
    pub fn hook_call(self) -> HookCall {
        self.prestop.join().expect("the hook's caller did not panic")
    }

    /// The whole rest of the stop. Panics where the hook is not answered with 200, a process
    /// does not end, or the agent does not exit with 0.
    pub fn finish(self) -> Stopped {
        let call = self.prestop.join().expect("the hook's caller did not panic");
        let reply = call.reply.unwrap_or_else(|error| panic!("the app's hook broke: {error}"));
        assert_eq!(reply.status, 200, "the app's hook: {}", reply.text());
        self.app.process().wait(Duration::from_secs(30));
        self.agent.process().signal("TERM");
        let exit = self.agent.process().wait(Duration::from_secs(30));
        assert_eq!(exit.code(), Some(0), "the agent's exit after a drain");
        let own = self.stopping.join().expect("the hook's caller did not panic");
        let own = own.reply.unwrap_or_else(|error| panic!("the agent's own hook broke: {error}"));
        assert_eq!(own.status, 200, "the agent's own hook: {}", own.text());
        let verdict = Verdict::parse(&reply.text());
        Stopped { began: self.began, answered: call.at, verdict }
    }
}

impl Stopped {
    pub fn held(&self) -> Duration {
        self.answered - self.began
    }
}

impl Probes {
    /// Probes `/readyz` every `period`, each time on a connection of its own.
    pub fn every(period: Duration, agent: &Agent) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let statuses = Arc::new(Mutex::new(Vec::new()));
        let (hook, stop, seen) = (agent.hook(), Arc::clone(&over), Arc::clone(&statuses));
        let thread = spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                if let Ok(reply) = probe(hook) {
                    seen.lock().expect("nobody panicked with it").push(reply.status);
                }
                pause(period);
            }
        });
        Self { over, statuses, thread: Some(thread) }
    }

    /// Waits until `count` probes were answered.
    pub fn wait_for(&self, count: usize) {
        until(&format!("{count} probes"), ENOUGH, || {
            (self.statuses().len() >= count).then_some(())
        });
    }

    pub fn statuses(&self) -> Vec<u16> {
        self.statuses.lock().expect("nobody panicked with it").clone()
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

/// One hook call on a connection of its own, as the kubelet makes it.
pub fn call(hook: SocketAddr, path: &str) -> HookCall {
    let request = Request::get(path)
        .header("Lameduck-Token", TOKEN)
        .header("User-Agent", "kube-lifecycle/1.36")
        .header("Connection", "close");
    let reply = Connection::open(&Target::clear(hook)).and_then(|mut c| c.ask(&request));
    HookCall { at: now(), reply }
}

fn probe(hook: SocketAddr) -> Result<Reply, std::io::Error> {
    // The token stands in the probe's httpHeaders; a probe without it tells the drain nothing.
    let request = Request::get("/readyz")
        .header("Lameduck-Token", TOKEN)
        .header("User-Agent", "kube-probe/1.36")
        .header("Connection", "close");
    Connection::open(&Target::clear(hook))?.ask(&request)
}
