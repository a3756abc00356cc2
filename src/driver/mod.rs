//! Runs the core: feeds it inputs, performs its effects, owns the clock.
//!
//! One task, one loop. It holds no policy of a drain: what is due and when is the core's
//! business. A panic in the core or in an edge costs neither the process nor an answer.

mod fallback;
mod handle;
mod perform;
mod prober;
#[cfg(test)]
mod tests;

pub use handle::Handle;
pub use prober::Prober;

use crate::drain::{Answer, CallerId, Drain, Effect, Input, Plan};
use crate::inflight::SocketTable;
use crate::notify::Notifier;
use crate::readiness::Readiness;
use crate::telemetry::{Journal, Metrics, Part};
use fallback::Fallback;
pub(crate) use handle::Message;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// The rooms that the driver moves.
pub struct Edges {
    pub sockets: Box<dyn SocketTable>,
    pub readiness: Readiness,
    pub notifier: Arc<Notifier>,
    pub journal: Arc<Journal>,
    pub metrics: Arc<Metrics>,
    pub prober: Prober,
    /// Connections that the agent itself has accepted, part of the namespace's count.
    pub own_accepted: Box<dyn Fn() -> u64>,
}

/// The driver, ready to run.
pub struct Driver {
    core: Core,
    plan: Plan,
    inbox: mpsc::UnboundedReceiver<Message>,
    handle: Handle,
    edges: Edges,
    callers: BTreeMap<CallerId, (oneshot::Sender<Answer>, Instant)>,
    looks: perform::Looks,
    done: bool,
}

/// The core, or what stands in for it after it has panicked.
enum Core {
    Sound(Box<Drain>),
    Broken(Fallback),
}

impl Driver {
    /// A driver and the way into it.
    pub fn new(plan: Plan, edges: Edges) -> (Self, Handle) {
        let (handle, inbox) = Handle::new();
        let driver = Self {
            core: Core::Sound(Box::new(Drain::new(plan.clone()))),
            plan,
            inbox,
            handle: handle.clone(),
            edges,
            callers: BTreeMap::new(),
            looks: perform::Looks::default(),
            done: false,
        };
        (driver, handle)
    }

    /// Runs until the core wants to leave.
    pub async fn run(mut self) {
        while !self.done {
            let alarm = self.next_wakeup();
            tokio::select! {
                // What was sent before the alarm went off is older than the alarm.
                biased;
                message = self.inbox.recv() => match message {
                    Some(message) => self.hear(message),
                    None => break,
                },
                () = sleep_until(alarm) => self.feed(Input::WakeupReached),
                () = self.looks.event_tick() => {
                    self.edges.sockets.keep_up(self.edges.prober.address());
                }
            }
        }
    }

    fn next_wakeup(&self) -> Option<Instant> {
        match &self.core {
            Core::Sound(core) => core.next_wakeup().map(|(at, _)| at),
            Core::Broken(fallback) => fallback.next_wakeup(),
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Input(input) => self.feed(input),
            Message::Call { caller, input, reply } => {
                self.callers.insert(caller, (reply, now()));
                self.feed(input);
            }
            Message::Status { reply } => {
                if let Core::Sound(core) = &self.core {
                    reply.send(core.status(now())).ok();
                }
            }
            Message::Probe { ready, from } => self.probed(ready, from),
            Message::Tick => self.ticked(),
        }
    }

    /// Gives the core one fact and performs what follows, until nothing more does.
    fn feed(&mut self, input: Input) {
        let mut facts = vec![input];
        while let Some(fact) = facts.pop() {
            for effect in self.think(fact) {
                facts.extend(self.perform_guarded(effect));
            }
        }
    }

    fn think(&mut self, input: Input) -> Vec<Effect> {
        let now = now();
        match &mut self.core {
            Core::Broken(fallback) => fallback.on(&input, now),
            Core::Sound(core) => {
                let copy = input.clone();
                catch_unwind(AssertUnwindSafe(|| core.on(input, now)))
                    .unwrap_or_else(|_| self.stand_in(&copy, now))
            }
        }
    }

    /// The core has panicked: from here on callers are held for a fixed time, as a sleep would.
    fn stand_in(&mut self, input: &Input, now: Instant) -> Vec<Effect> {
        self.edges.metrics.failed(Part::Panic);
        tracing::error!("the core has failed; hooks are held for the propagation delay");
        let waiting = self.callers.iter().map(|(caller, (_, since))| (*caller, *since));
        let mut fallback = Fallback::new(&self.plan, waiting);
        let effects = fallback.on(input, now);
        self.core = Core::Broken(fallback);
        effects
    }

    /// A panic in an edge is a failed look at most, never the end of the driver.
    fn perform_guarded(&mut self, effect: Effect) -> Option<Input> {
        let looks = matches!(effect, Effect::TakeCensus | Effect::DumpListeners);
        catch_unwind(AssertUnwindSafe(|| self.perform(effect))).unwrap_or_else(|_| {
            self.edges.metrics.failed(Part::Panic);
            tracing::error!("an effect has failed");
            looks.then(|| Input::CensusFailed { why: "the look at the sockets failed".to_owned() })
        })
    }
}

/// The one place where the drain's time is read.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn sleep_until(alarm: Option<Instant>) {
    match alarm {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// How long a look may take to be repeated while nothing drains.
const CHEAP_LOOK: Duration = Duration::from_millis(1);
