//! The core: every rule of a drain, as a value.
//!
//! Facts go in ([`Input`]), wishes come out ([`Effect`]); time is an argument. Nothing here
//! reads a clock, the environment or a socket, logs, or waits. The path of one drain:
//! `hooks` (who called, what it means) → `course` + `verdict` (withdrawing, emptying) →
//! `ending` (the answer) → `aftermath` (helpers, restart, undo, leaving).

mod adopted;
mod aftermath;
mod budget;
mod callers;
mod census;
mod course;
mod dumps;
mod effect;
mod ending;
mod hooks;
mod input;
mod outcome;
mod plan;
mod probes;
mod rate;
mod report;
mod sight;
pub mod silence;
mod sleep;
mod sources;
mod status;
mod step;
mod stop;
mod term;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verdict;
mod waiting;
mod wakeup;
mod wishes;

pub use census::{Census, ListenerSeen, PeerCount, PortCensus, PortRole, Protocol, Reason, Trust};
pub use effect::{Answer, Effect, NotifyPhase, RegistryWish};
pub use input::{CallerId, ControllerWord, Input, Reading, RegistryReport, StopCause};
pub use outcome::{InFlight, LimitedBy, Note, Outcome, PhaseName, StopKind, Summary};
pub use plan::{AppProbe, Container, NotifyChannel, Plan, SourcePlan, Unready};
pub use sleep::{FIXED_SLEEP, SleepComparison};
pub use status::Status;
pub use wakeup::Wakeup;

use adopted::Adopted;
use aftermath::Ended;
use callers::Callers;
use course::Course;
use dumps::Dumps;
use probes::ProbeLog;
use rate::ArrivalRate;
use std::sync::Arc;
use std::time::{Duration, Instant};
use term::Term;
use wishes::Wishes;

/// Later than its own alarm by this much, the agent must have been stopped or starved.
const LAPSE: Duration = Duration::from_millis(500);

/// Where the drain is; each phase owns what is true only in it.
#[derive(Clone, Debug)]
enum Phase {
    Serving,
    /// Withdrawing, then emptying.
    Active(Box<Course>),
    /// The hooks were answered.
    Ended(Box<Ended>),
    Undoing {
        since: Instant,
    },
}

/// One pod's drain, from before the first call to the last answer.
#[derive(Clone, Debug)]
pub struct Drain {
    plan: Plan,
    phase: Phase,
    callers: Callers,
    adopted: Adopted,
    wishes: Wishes,
    rate: ArrivalRate,
    probes: ProbeLog,
    dumps: Dumps,
    /// The agent's own hook came and it is not clear yet what it means.
    own_hook: Option<Instant>,
    /// The agent's own container restarts; its SIGTERM ends it at once.
    own_restart: bool,
    term: Option<Term>,
    /// `lameduck drain` was called and `undrain` was not.
    by_hand: bool,
    deletion_grace: Option<Duration>,
    exited: bool,
    last: Option<Arc<Summary>>,
    expected: Option<Instant>,
    /// The latest `now` there was.
    latest: Option<Instant>,
    out: Vec<Effect>,
}

impl Drain {
    pub fn new(plan: Plan) -> Self {
        Self {
            wishes: Wishes::new(&plan),
            plan,
            phase: Phase::Serving,
            callers: Callers::default(),
            adopted: Adopted::default(),
            rate: ArrivalRate::default(),
            probes: ProbeLog::default(),
            dumps: Dumps::default(),
            own_hook: None,
            own_restart: false,
            term: None,
            by_hand: false,
            deletion_grace: None,
            exited: false,
            last: None,
            expected: None,
            latest: None,
            out: Vec::new(),
        }
    }

    /// Takes one fact in and says what is to be done. `now` never goes backwards.
    ///
    /// The deadline is checked before the fact is looked at, so that no order of facts can
    /// outrun it.
    pub fn on(&mut self, input: Input, now: Instant) -> Vec<Effect> {
        self.notice_lapse(now);
        self.check_deadline(now);
        if self.exited {
            self.turn_away(&input);
        } else {
            self.take(input, now);
            self.step(now);
        }
        self.latest = Some(now);
        self.expected = self.next_wakeup().map(|(at, _)| at);
        std::mem::take(&mut self.out)
    }

    fn take(&mut self, input: Input, now: Instant) {
        match input {
            Input::WakeupReached => {}
            Input::HookCalled { caller, container } => self.hook_called(caller, container, now),
            Input::OwnHookCalled => self.own_hook_called(now),
            Input::StrangerCalled { caller, near } => self.stranger_called(caller, near, now),
            Input::CallerLeft { caller } => self.callers.left(caller),
            Input::TermReceived => self.term_received(now),
            Input::DrainRequested { caller } => self.drain_requested(caller, now),
            Input::UndrainRequested { caller } => self.undrain_requested(caller, now),
            Input::ControllerAnswered(word) => self.controller_answered(word, now),
            Input::ProbeServed { ready, accepted } => self.probe_served(ready, accepted, now),
            Input::ArrivalsCounted { accepted } => self.rate.read(now, accepted, false),
            Input::CensusTaken(census) => self.census_taken(*census, now),
            Input::CensusFailed { why } => self.census_failed(why, now),
            Input::ListenersDumped(seen) => self.dumps.taken(now, seen),
            Input::NotifyEnded { channel, phase, error } => {
                let note = self.wishes.notify_ended(now, channel, phase, error);
                self.note_some(note);
            }
            Input::RegistryEnded { registry, wish, report } => {
                let began = self.stop().map_or(now, |stop| stop.began);
                let note = self.wishes.registry_ended(now, began, registry, wish, report);
                self.note_some(note);
            }
            Input::SourceRead { source, reading } => {
                if let Phase::Active(course) = &mut self.phase {
                    course.source_read(now, source, reading);
                }
            }
            Input::AdoptedHookEnded { container } => self.adopted.returned(container),
        }
    }

    /// The alarm came late: the agent was stopped or starved, and saw nothing meanwhile.
    fn notice_lapse(&mut self, now: Instant) {
        if let Some(expected) = self.expected {
            self.lapsed(now.saturating_duration_since(expected), now);
        }
    }

    fn lapsed(&mut self, missing: Duration, now: Instant) {
        if missing < LAPSE || !matches!(self.phase, Phase::Active(_)) {
            return;
        }
        self.probes.lapsed(now, missing);
        if let Phase::Active(course) = &mut self.phase {
            course.lapsed(now);
        }
        self.note(Note::Lapsed { missing });
    }

    fn stop(&self) -> Option<&stop::Stop> {
        match &self.phase {
            Phase::Active(course) => Some(&course.stop),
            Phase::Ended(ended) => Some(&ended.stop),
            Phase::Serving | Phase::Undoing { .. } => None,
        }
    }

    fn note(&mut self, note: Note) {
        self.out.push(Effect::Note(note));
    }

    fn note_some(&mut self, note: Option<Note>) {
        self.out.extend(note.map(Effect::Note));
    }

    fn answer(&mut self, caller: CallerId, answer: Answer) {
        self.out.push(Effect::Answer { caller, answer });
    }

    fn set_ready(&mut self, ready: bool) {
        if self.wishes.ready != ready {
            self.wishes.ready = ready;
            self.out.push(Effect::SetReady(ready));
        }
    }
}
