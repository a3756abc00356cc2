//! Effects in, facts out.

use super::{CHEAP_LOOK, Core, Driver, now};
use crate::drain::{Effect, Input, Note, NotifyChannel, NotifyPhase, RegistryReport};
use crate::telemetry::Part;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// While nothing drains the sockets are looked at no more often than this.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// And after a look that was dear, or failed, than this.
const DEAR_LOOK_INTERVAL: Duration = Duration::from_secs(60);

const EVENT_TICK: Duration = Duration::from_millis(25);

/// Looks at the sockets while nothing drains.
#[derive(Debug, Default)]
pub(super) struct Looks {
    next_at: Option<Instant>,
    watching: bool,
    /// A drain runs: late connections are counted.
    counting: bool,
}

impl Looks {
    /// The kernel keeps some hundred destroy events; at a thousand connections a second that is
    /// a tenth of a second.
    pub(super) async fn event_tick(&self) {
        if !self.counting {
            return std::future::pending().await;
        }
        tokio::time::sleep(EVENT_TICK).await;
    }
}

impl Driver {
    /// Performs one effect; a fact that follows at once is returned.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Answer { caller, answer } => {
                if let Some((reply, _)) = self.callers.remove(&caller) {
                    reply.send(answer).ok();
                }
                None
            }
            Effect::SetReady(ready) => {
                self.edges.readiness.set(ready);
                None
            }
            Effect::Notify { channel, phase, deadline } => {
                self.notify(channel, phase, deadline);
                None
            }
            Effect::Registry { registry, wish, .. } => {
                let why = "no client for this registry".to_owned();
                let report = RegistryReport::GivenUp { why };
                Some(Input::RegistryEnded { registry, wish, report })
            }
            Effect::CallAdopted { container } => Some(Input::AdoptedHookEnded { container }),
            Effect::AskController | Effect::ReadSources => None,
            Effect::BeginWatch => self.begin_watch(),
            Effect::EndWatch => {
                self.looks.watching = false;
                self.looks.counting = false;
                self.edges.sockets.end_watch();
                None
            }
            Effect::TakeCensus => Some(self.census()),
            Effect::DumpListeners => Some(self.listeners()),
            Effect::Note(note) => {
                self.looks.counting &= !matches!(note, Note::Ended(_));
                self.edges.journal.note(&note);
                None
            }
            Effect::Exit => {
                self.done = true;
                None
            }
        }
    }

    /// A task of its own, and one around it: a panic is a notice that was not acknowledged.
    fn notify(&self, channel: NotifyChannel, phase: NotifyPhase, deadline: Option<Duration>) {
        let notifier = Arc::clone(&self.edges.notifier);
        let handle = self.handle.clone();
        tokio::spawn(async move {
            let sent = tokio::spawn(async move { notifier.send(channel, phase, deadline).await });
            let error = match sent.await {
                Ok(sent) => sent.err(),
                Err(_) => Some("the notifier failed".to_owned()),
            };
            handle.tell(Input::NotifyEnded { channel, phase, error });
        });
    }

    fn begin_watch(&mut self) -> Option<Input> {
        self.looks.watching = true;
        self.looks.counting = true;
        let began = self.edges.sockets.begin_watch(now());
        began.err().map(|why| Input::CensusFailed { why: why.to_string() })
    }

    fn census(&mut self) -> Input {
        match self.edges.sockets.census(now(), self.edges.prober.address()) {
            Ok(census) => {
                self.edges.metrics.dump(census.took);
                Input::CensusTaken(Box::new(census))
            }
            Err(why) => {
                self.edges.metrics.failed(Part::Census);
                Input::CensusFailed { why: why.to_string() }
            }
        }
    }

    fn listeners(&mut self) -> Input {
        match self.edges.sockets.listeners(now()) {
            Ok(listeners) => Input::ListenersDumped(listeners),
            Err(why) => Input::CensusFailed { why: why.to_string() },
        }
    }

    /// The kubelet's probe woke the agent anyway: the arrival rate is read, and now and then the
    /// connections are looked at, so that they are known when the pod stops.
    pub(super) fn probed(&mut self, ready: bool, from: IpAddr) {
        self.edges.prober.seen(from);
        let own = (self.edges.own_accepted)();
        let accepted = self.edges.sockets.accepted().map(|all| all.saturating_sub(own));
        self.feed(Input::ProbeServed { ready, accepted });
        self.look();
    }

    pub(super) fn ticked(&mut self) {
        self.look_now();
        if let Some(accepted) = self.edges.sockets.accepted() {
            self.feed(Input::ArrivalsCounted { accepted });
        }
    }

    fn look(&mut self) {
        if self.looks.next_at.is_none_or(|at| now() >= at) {
            self.look_now();
        }
    }

    fn look_now(&mut self) {
        if self.looks.watching || matches!(self.core, Core::Broken(_)) {
            return;
        }
        let interval = match self.edges.sockets.look(now()) {
            Ok(took) if took <= CHEAP_LOOK => LOOK_INTERVAL,
            Ok(took) => {
                tracing::debug!(seconds = took.as_secs_f64(), "a look at the sockets was dear");
                DEAR_LOOK_INTERVAL
            }
            Err(error) => {
                tracing::debug!(%error, "the sockets could not be looked at");
                DEAR_LOOK_INTERVAL
            }
        };
        self.looks.next_at = Some(now() + interval);
    }
}
