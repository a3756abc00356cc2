//! What must be true of every life, seen from outside.

use super::super::{Pod, Reply, secs};
use super::seen::Seen;
use crate::drain::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Alarms in one second of a life; one every 20 ms and a few of each other kind.
const ALARMS_A_SECOND: u32 = 100;

/// What is spoilt between the core and the watcher, to see that the watcher sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::drain::tests) enum Sabotage {
    None,
    LoseAnswers,
    RepeatAnswers,
    LateAlarms,
    HideBusy,
    CallUnknownZero,
    StayUnready,
    CallTwice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Serving,
    Helper,
    Stranger,
    Command,
}

struct Waiting {
    role: Role,
    latest: Instant,
    left: bool,
}

pub(super) struct Watcher {
    plan: Plan,
    pub(super) pod: Pod,
    sabotage: Sabotage,
    pub(super) ready: bool,
    waiting: BTreeMap<CallerId, Waiting>,
    answered: BTreeSet<CallerId>,
    calls: BTreeSet<String>,
    told: BTreeMap<NotifyChannel, NotifyPhase>,
    registered: BTreeMap<usize, RegistryWish>,
    seen: Seen,
    longest_grace: Duration,
    second: (u64, u32),
    exited: bool,
    term: bool,
    /// Every step in words, where somebody wants to know how it came to this.
    pub(super) trace: Option<Vec<String>>,
}

impl Watcher {
    pub(super) fn new(plan: Plan, pod: Pod, sabotage: Sabotage) -> Self {
        Self {
            longest_grace: plan.grace,
            seen: Seen::new(&plan),
            plan,
            pod,
            sabotage,
            ready: true,
            waiting: BTreeMap::new(),
            answered: BTreeSet::new(),
            calls: BTreeSet::new(),
            told: BTreeMap::new(),
            registered: BTreeMap::new(),
            second: (0, 0),
            exited: false,
            term: false,
            trace: None,
        }
    }

    pub(super) fn hook(&mut self, container: Option<&str>) -> Result<(), String> {
        let caller = self.pod.caller();
        let role = if self.plan.is_helper(container) { Role::Helper } else { Role::Serving };
        self.expect(caller, role);
        self.tell(Input::HookCalled { caller, container: container.map(str::to_owned) })
    }

    pub(super) fn stranger(&mut self, near: bool) -> Result<(), String> {
        let caller = self.pod.caller();
        self.expect(caller, Role::Stranger);
        self.tell(Input::StrangerCalled { caller, near })
    }

    pub(super) fn command(&mut self, drain: bool) -> Result<(), String> {
        let caller = self.pod.caller();
        self.expect(caller, Role::Command);
        self.tell(if drain {
            Input::DrainRequested { caller }
        } else {
            Input::UndrainRequested { caller }
        })?;
        match self.waiting.contains_key(&caller) && self.sabotage == Sabotage::None {
            true => Err("a command still waits".to_owned()),
            false => Ok(()),
        }
    }

    pub(super) fn somebody_leaves(&mut self, which: u32) -> Result<(), String> {
        let Some(caller) = self.waiting.keys().nth(which as usize % 4).copied() else {
            return Ok(());
        };
        let waiting = self.waiting.get_mut(&caller).unwrap();
        waiting.left = true;
        if waiting.role == Role::Stranger {
            self.waiting.remove(&caller);
        }
        self.tell(Input::CallerLeft { caller })
    }

    /// No stop's clock starts after its first call, so none ends later than this.
    fn expect(&mut self, caller: CallerId, role: Role) {
        let latest = self.pod.now() + self.bound(role);
        self.waiting.insert(caller, Waiting { role, latest, left: false });
    }

    fn bound(&self, role: Role) -> Duration {
        let grace = self.longest_grace;
        match role {
            Role::Command => Duration::ZERO,
            Role::Serving => self.plan.budget(grace).max(self.plan.restart_budget(grace)),
            Role::Helper => self.plan.helper_budget(grace).max(secs(2.0)),
            Role::Stranger => self.plan.budget(grace) * 3 + self.plan.restart_drain + secs(10.0),
        }
    }

    /// The agent does not run for a while.
    pub(super) fn lapse(&mut self, seconds: f64) -> Result<(), String> {
        self.pod.stopped_until(self.pod.at() + seconds);
        for waiting in self.waiting.values_mut() {
            waiting.latest += secs(seconds);
        }
        self.tell(Input::WakeupReached)
    }

    pub(super) fn run(&mut self, pause: f64) -> Result<(), String> {
        let until = self.pod.at() + pause;
        while let Some(input) = self.pod.next_input(until) {
            if input == Input::WakeupReached {
                self.count_alarm()?;
                if self.sabotage == Sabotage::LateAlarms {
                    self.pod.stopped_until(self.pod.at() + 0.15);
                }
            }
            self.tell(input)?;
        }
        Ok(())
    }

    fn count_alarm(&mut self) -> Result<(), String> {
        let second = self.pod.at() as u64;
        self.second =
            if self.second.0 == second { (second, self.second.1 + 1) } else { (second, 1) };
        match self.second.1 > ALARMS_A_SECOND {
            true => Err(format!("{} alarms in second {second}", self.second.1)),
            false => Ok(()),
        }
    }

    pub(super) fn tell(&mut self, input: Input) -> Result<(), String> {
        let input = self.look(input);
        let told = if self.trace.is_some() { format!("{input:?}") } else { String::new() };
        let at = self.pod.at();
        self.pod.tell(input);
        let effects = std::mem::take(&mut self.pod.log);
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{at:.3} {told} -> {effects:?}"));
        }
        for (_, effect) in &effects {
            self.check(effect)?;
        }
        self.check_waiting()
    }

    /// Notes what the core is told, and spoils it where that is asked for.
    fn look(&mut self, mut input: Input) -> Input {
        match &mut input {
            Input::CensusTaken(census) => {
                self.seen.census(census);
                if self.sabotage == Sabotage::HideBusy {
                    for port in &mut census.ports {
                        (port.busy, port.unknown, port.backlog) = (0, 0, 0);
                    }
                }
            }
            Input::CensusFailed { .. } => self.seen.readable = false,
            Input::SourceRead { source, reading } => {
                self.seen.readings[*source] = Some(reading.clone());
                if self.sabotage == Sabotage::CallUnknownZero {
                    *reading = Reading::Zero;
                }
            }
            Input::NotifyEnded { channel, .. } => {
                self.calls.remove(&format!("{channel:?}"));
            }
            Input::RegistryEnded { registry, report, .. }
                if !matches!(report, RegistryReport::Resurrected { .. }) =>
            {
                self.calls.remove(&format!("registry {registry}"));
            }
            Input::ControllerAnswered(word) => {
                let grace = word.deletion_grace.unwrap_or_default();
                self.longest_grace = self.longest_grace.max(grace);
                let (roles, now) =
                    (self.waiting.keys().copied().collect::<Vec<_>>(), self.pod.now());
                for caller in roles {
                    let bound = now + self.bound(self.waiting[&caller].role);
                    let waiting = self.waiting.get_mut(&caller).unwrap();
                    waiting.latest = waiting.latest.max(bound);
                }
            }
            Input::TermReceived => self.term = true,
            _ => {}
        }
        input
    }

    fn check(&mut self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::Answer { caller, .. } => {
                if self.sabotage == Sabotage::LoseAnswers && caller.0 % 3 == 0 {
                    return Ok(());
                }
                self.check_answer(*caller)?;
                if self.sabotage == Sabotage::RepeatAnswers {
                    return self.check_answer(*caller);
                }
            }
            Effect::SetReady(ready) => {
                self.ready = *ready && self.sabotage != Sabotage::StayUnready;
            }
            Effect::Notify { channel, phase, .. } => {
                self.told.insert(*channel, *phase);
                self.check_call(format!("{channel:?}"))?;
            }
            Effect::Registry { registry, wish, .. } => {
                self.registered.insert(*registry, *wish);
                self.check_call(format!("registry {registry}"))?;
            }
            Effect::CallAdopted { .. } => self.seen.adopted = true,
            Effect::BeginWatch => self.seen.begin(),
            Effect::Note(Note::Ended(summary)) => self.seen.check_end(summary)?,
            Effect::Exit => self.exited = true,
            _ => {}
        }
        Ok(())
    }

    fn check_answer(&mut self, caller: CallerId) -> Result<(), String> {
        let left = self.waiting.remove(&caller);
        if !self.answered.insert(caller) {
            return Err(format!("{caller:?} answered again"));
        }
        match left {
            Some(waiting) if self.pod.now() > waiting.latest => {
                Err(format!("{:?} {caller:?} answered late at {} s", waiting.role, self.pod.at()))
            }
            Some(_) => Ok(()),
            None => Err(format!("{caller:?} answered and had not called or had left")),
        }
    }

    fn check_call(&mut self, target: String) -> Result<(), String> {
        let twice = self.sabotage == Sabotage::CallTwice;
        if !self.calls.insert(target.clone()) || twice {
            return Err(format!("a second call to {target} while one runs"));
        }
        Ok(())
    }

    /// Nobody waits at or after the deadline.
    fn check_waiting(&self) -> Result<(), String> {
        let (now, at) = (self.pod.now(), self.pod.at());
        for (caller, waiting) in &self.waiting {
            if now > waiting.latest {
                return Err(format!("{:?} {caller:?} still waits at {at} s", waiting.role));
            }
        }
        let trusted = self.waiting.values().any(|w| matches!(w.role, Role::Serving | Role::Helper));
        if self.exited && trusted {
            return Err("left while a hook still waits".to_owned());
        }
        let Some(stop) = self.pod.drain.stop() else {
            let serving = self.waiting.values().any(|w| w.role == Role::Serving);
            return if serving { Err("a hook still waits without a stop".into()) } else { Ok(()) };
        };
        let serving = self.waiting.values().any(|w| w.role == Role::Serving);
        if serving && stop.deadline(&self.plan).is_none_or(|deadline| now >= deadline) {
            return Err(format!("a hook still waits at {at} s, after {stop:?}"));
        }
        let helper = self.waiting.values().any(|w| w.role == Role::Helper);
        if helper && stop.is_known() && now >= stop.helper_deadline(&self.plan) {
            return Err(format!("a helper still waits at {at} s, after {stop:?}"));
        }
        Ok(())
    }

    /// Everything quiets down; then everybody was answered and nothing is left undone.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        self.pod.notify = Reply::Confirms(0.0);
        self.pod.registry = Reply::Confirms(0.0);
        self.command(false)?;
        let longest = self.longest_grace * 2 + self.plan.restart_drain + secs(25.0);
        self.run(longest.as_secs_f64())?;
        self.command(false)?;
        self.run(longest.as_secs_f64())?;
        if let Some((caller, waiting)) = self.waiting.iter().next() {
            return Err(format!("{:?} {caller:?} was never answered", waiting.role));
        }
        if self.term {
            return if self.exited { Ok(()) } else { Err("never left after SIGTERM".to_owned()) };
        }
        let known = self.pod.drain.stop().is_some_and(stop::Stop::is_known);
        if known { Ok(()) } else { self.check_undone() }
    }

    fn check_undone(&self) -> Result<(), String> {
        let phase = self.pod.drain.phase_name();
        if phase != PhaseName::Serving {
            return Err(format!("no pod stop is known and the phase is {phase:?}"));
        }
        if !self.ready {
            return Err("no pod stop is known and the pod is not ready again".to_owned());
        }
        let told = self.told.values().any(|phase| phase.draining());
        let out = self.registered.values().any(|wish| *wish == RegistryWish::Out);
        match told || out {
            true => Err(format!("not put back: {:?} {:?}", self.told, self.registered)),
            false => Ok(()),
        }
    }
}
