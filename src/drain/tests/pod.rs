//! A simulated pod: sockets, registries and an application that can be notified.

use crate::drain::testing::instant;
use crate::drain::*;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// More steps than this at one instant would be a busy loop.
const STEPS_AT_ONCE: u32 = 64;

pub(super) fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A plan whose propagation delay fits well into the budget: 5 of 19 seconds.
pub(super) fn plan() -> Plan {
    Plan { propagation: secs(5.0), ..Plan::default() }
}

pub(super) fn port(number: u16) -> PortCensus {
    PortCensus { port: number, protocol: Protocol::Http, ..PortCensus::default() }
}

pub(super) fn container(name: &str, ports: &[u16]) -> Container {
    Container {
        name: name.to_owned(),
        role: PortRole::Serving,
        ports: ports.to_vec(),
        hooked: true,
        adopted: false,
        after: None,
    }
}

pub(super) fn helper(name: &str, ports: &[u16]) -> Container {
    Container { role: PortRole::Helper, ..container(name, ports) }
}

/// How the other side of a call behaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Never,
    Confirms(f64),
    Fails(f64),
}

pub(super) struct Pod {
    pub(super) drain: Drain,
    start: Instant,
    now: Instant,
    pending: VecDeque<(Instant, Input)>,
    at_once: u32,
    pub(super) log: Vec<(f64, Effect)>,
    next_caller: u64,
    // The simulated kernel. Counters are emptied by each census, states stay.
    pub(super) ports: Vec<PortCensus>,
    pub(super) listeners: Vec<ListenerSeen>,
    pub(super) took: Duration,
    pub(super) readable: bool,
    pub(super) trust: Trust,
    pub(super) notify: Reply,
    pub(super) registry: Reply,
    pub(super) settle: Duration,
    pub(super) sources: Vec<Reading>,
    pub(super) adopted: Reply,
    /// Since when the oldest request of the busy ports runs; `None`: it is always young.
    pub(super) oldest: Option<f64>,
    pub(super) censuses: Vec<f64>,
}

impl Pod {
    /// A pod that listens on 8080 with nothing connected.
    pub(super) fn new(plan: Plan) -> Self {
        let start = instant();
        let readings = plan.sources.iter().map(|_| Reading::Zero).collect();
        Self {
            drain: Drain::new(plan),
            start,
            now: start,
            pending: VecDeque::new(),
            at_once: 0,
            log: Vec::new(),
            next_caller: 1,
            ports: vec![port(8080)],
            listeners: vec![ListenerSeen { port: 8080, cookie: 1, role: PortRole::Serving }],
            took: secs(0.0002),
            readable: true,
            trust: Trust::Judged,
            notify: Reply::Confirms(0.0),
            registry: Reply::Confirms(0.1),
            settle: Duration::ZERO,
            sources: readings,
            adopted: Reply::Confirms(0.5),
            oldest: None,
            censuses: Vec::new(),
        }
    }

    pub(super) fn at(&self) -> f64 {
        self.now.duration_since(self.start).as_secs_f64()
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    /// Delivers one fact and performs what it asks for.
    pub(super) fn tell(&mut self, input: Input) {
        let effects = self.drain.on(input, self.now);
        let at = self.at();
        for effect in effects {
            self.perform(&effect);
            self.log.push((at, effect));
        }
    }

    fn later(&mut self, after: f64, input: Input) {
        let at = self.now + secs(after);
        let index = self.pending.partition_point(|(other, _)| *other <= at);
        self.pending.insert(index, (at, input));
    }

    fn perform(&mut self, effect: &Effect) {
        match effect.clone() {
            Effect::TakeCensus => self.take_census(),
            Effect::DumpListeners if self.readable => {
                self.later(0.0, Input::ListenersDumped(self.listeners.clone()));
            }
            Effect::DumpListeners => self.later(0.0, unreadable()),
            Effect::ReadSources => {
                for (source, reading) in self.sources.clone().into_iter().enumerate() {
                    self.later(0.001, Input::SourceRead { source, reading });
                }
            }
            Effect::Notify { channel, phase, .. } => {
                let ended = |error| Input::NotifyEnded { channel, phase, error };
                match self.notify {
                    Reply::Never => {}
                    Reply::Confirms(after) => self.later(after, ended(None)),
                    Reply::Fails(after) => self.later(after, ended(Some("refused".to_owned()))),
                }
            }
            Effect::Registry { registry, wish, .. } => self.call_registry(registry, wish),
            Effect::CallAdopted { container } => match self.adopted {
                Reply::Never => {}
                Reply::Confirms(after) | Reply::Fails(after) => {
                    self.later(after, Input::AdoptedHookEnded { container });
                }
            },
            _ => {}
        }
    }

    fn call_registry(&mut self, registry: usize, wish: RegistryWish) {
        let ended = |report| Input::RegistryEnded { registry, wish, report };
        let confirmed = RegistryReport::Confirmed { settle: self.settle };
        match self.registry {
            Reply::Never => {}
            Reply::Confirms(after) => self.later(after, ended(confirmed)),
            Reply::Fails(after) => {
                self.later(after, ended(RegistryReport::GivenUp { why: "timed out".to_owned() }));
            }
        }
    }

    fn take_census(&mut self) {
        self.censuses.push(self.at());
        if !self.readable {
            return self.later(0.0, unreadable());
        }
        let oldest = self.oldest.map(|at| self.start + secs(at));
        for port in &mut self.ports {
            let young = (port.busy > 0).then_some(self.now);
            port.oldest_request = if port.busy > 0 { oldest.or(young) } else { None };
        }
        let census = Census {
            began: self.now,
            took: self.took,
            trust: self.trust.clone(),
            ports: self.ports.clone(),
            listeners: self.listeners.clone(),
            events_lost: false,
        };
        for port in &mut self.ports {
            (port.arrivals, port.arrivals_from_prober, port.arrivals_local) = (0, 0, 0);
            port.departures = 0;
        }
        let took = self.took.as_secs_f64();
        self.later(took, Input::CensusTaken(Box::new(census)));
    }

    /// Moves the clock to the next alarm or answer, whichever is first, and says which it is.
    pub(super) fn next_input(&mut self, until: f64) -> Option<Input> {
        let until = self.start + secs(until);
        let alarm = self.drain.next_wakeup().map(|(at, _)| at);
        assert!(alarm.is_none_or(|at| at > self.now), "an alarm in the past: {alarm:?}");
        let answer = self.pending.front().map(|(at, _)| *at);
        let next = alarm.into_iter().chain(answer).min().filter(|at| *at <= until);
        let Some(next) = next else {
            self.now = until;
            return None;
        };
        self.at_once = if next == self.now { self.at_once + 1 } else { 0 };
        assert!(self.at_once < STEPS_AT_ONCE, "a busy loop at {} s", self.at());
        self.now = next;
        let input = if answer == Some(next) { self.pending.pop_front() } else { None };
        Some(input.map_or(Input::WakeupReached, |(_, input)| input))
    }

    /// Lets time pass until `until`, with every alarm on time.
    pub(super) fn run_to(&mut self, until: f64) {
        while let Some(input) = self.next_input(until) {
            self.tell(input);
        }
    }

    /// The agent is stopped until `until`: nothing is delivered and no alarm rings.
    pub(super) fn stopped_until(&mut self, until: f64) {
        self.now = self.start + secs(until);
        for (at, _) in &mut self.pending {
            *at = (*at).max(self.now);
        }
    }

    pub(super) fn caller(&mut self) -> CallerId {
        self.next_caller += 1;
        CallerId(self.next_caller)
    }

    pub(super) fn hook(&mut self, container: &str) -> CallerId {
        let caller = self.caller();
        self.tell(Input::HookCalled { caller, container: Some(container.to_owned()) });
        caller
    }

    pub(super) fn own_hook(&mut self) {
        self.tell(Input::OwnHookCalled);
    }

    /// Both hooks of a pod stop, as the kubelet delivers them.
    pub(super) fn pod_stop(&mut self) -> CallerId {
        let caller = self.hook("app");
        self.own_hook();
        caller
    }

    pub(super) fn stranger(&mut self, near: bool) -> CallerId {
        let caller = self.caller();
        self.tell(Input::StrangerCalled { caller, near });
        caller
    }

    pub(super) fn drain_by_hand(&mut self) -> CallerId {
        let caller = self.caller();
        self.tell(Input::DrainRequested { caller });
        caller
    }

    pub(super) fn undrain(&mut self) -> CallerId {
        let caller = self.caller();
        self.tell(Input::UndrainRequested { caller });
        caller
    }

    /// The kubelet probes the agent every `period` until `until`.
    pub(super) fn probes(&mut self, period: f64, until: f64) {
        let mut at = self.at();
        while at <= until {
            self.run_to(at);
            let ready = self.drain.status(self.now).ready;
            self.tell(Input::ProbeServed { ready, accepted: None });
            at += period;
        }
    }

    /// The rate before the stop, as twelve seconds of probes read it.
    pub(super) fn busy_before(&mut self, per_second: u64) {
        for step in 0..7 {
            self.run_to(step as f64 * 2.0);
            self.tell(Input::ArrivalsCounted { accepted: step * 2 * per_second });
        }
    }

    /// The container dies and another one listens in its place.
    pub(super) fn reborn(&mut self) {
        for listener in &mut self.listeners {
            listener.cookie += 100;
        }
        self.idle();
    }

    pub(super) fn app_dies(&mut self) {
        self.listeners.clear();
        self.idle();
    }

    pub(super) fn idle(&mut self) {
        for port in &mut self.ports {
            let (number, protocol, role) = (port.port, port.protocol, port.role);
            *port = PortCensus { port: number, protocol, role, ..PortCensus::default() };
        }
    }

    /// When this caller was answered, and how.
    pub(super) fn answer(&self, caller: CallerId) -> Option<(f64, &Answer)> {
        let mut answers = self.log.iter().filter_map(|(at, effect)| match effect {
            Effect::Answer { caller: id, answer } if *id == caller => Some((*at, answer)),
            _ => None,
        });
        let first = answers.next();
        assert!(answers.next().is_none(), "{caller:?} was answered twice");
        first
    }

    pub(super) fn answered_at(&self, caller: CallerId) -> f64 {
        self.answer(caller).expect("the caller was answered").0
    }

    pub(super) fn summary(&self, caller: CallerId) -> Summary {
        match self.answer(caller) {
            Some((_, Answer::Ended(summary))) => (**summary).clone(),
            other => panic!("no summary but {other:?}; waits for {:?}", self.waits_for()),
        }
    }

    pub(super) fn ended(&self, caller: CallerId) -> (Outcome, LimitedBy) {
        let summary = self.summary(caller);
        (summary.outcome, summary.limited_by)
    }

    pub(super) fn phase(&self) -> PhaseName {
        self.drain.status(self.now).phase
    }

    pub(super) fn kind(&self) -> Option<StopKind> {
        self.drain.status(self.now).kind
    }

    pub(super) fn waits_for(&self) -> Option<String> {
        self.drain.status(self.now).waiting_for
    }

    /// When the first effect of this kind was asked for.
    pub(super) fn when(&self, pick: impl Fn(&Effect) -> bool) -> Option<f64> {
        self.log.iter().find(|(_, effect)| pick(effect)).map(|(at, _)| *at)
    }

    pub(super) fn unready_at(&self) -> Option<f64> {
        self.when(|effect| matches!(effect, Effect::SetReady(false)))
    }

    pub(super) fn emptying_at(&self) -> Option<f64> {
        self.when(|effect| {
            matches!(effect, Effect::Note(Note::PhaseBegan { phase: PhaseName::Emptying, .. }))
        })
    }

    pub(super) fn exit_at(&self) -> Option<f64> {
        self.when(|effect| matches!(effect, Effect::Exit))
    }

    pub(super) fn undo_at(&self) -> Option<f64> {
        self.when(|effect| matches!(effect, Effect::Note(Note::UndoBegan { .. })))
    }

    pub(super) fn notices(&self) -> Vec<(f64, NotifyPhase)> {
        let notices = self.log.iter().filter_map(|(at, effect)| match effect {
            Effect::Notify { phase, .. } => Some((*at, *phase)),
            _ => None,
        });
        notices.collect()
    }

    pub(super) fn count(&self, pick: impl Fn(&Effect) -> bool) -> usize {
        self.log.iter().filter(|(_, effect)| pick(effect)).count()
    }
}

fn unreadable() -> Input {
    Input::CensusFailed { why: "permission denied".to_owned() }
}
