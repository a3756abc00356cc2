//! What holds the hooks after the core has panicked: a fixed time, as a sleep would.

use crate::drain::{Answer, CallerId, Effect, Input, Plan};
use std::time::{Duration, Instant};

const BECAUSE: &str = "lameduck has failed; held for the propagation delay";

/// Holds every caller for the propagation delay, within the budget.
#[derive(Debug)]
pub(super) struct Fallback {
    hold: Duration,
    waiting: Vec<(CallerId, Instant)>,
    leaving: bool,
}

impl Fallback {
    /// `waiting`: callers that were waiting when the core panicked, and since when.
    pub(super) fn new(plan: &Plan, waiting: impl Iterator<Item = (CallerId, Instant)>) -> Self {
        let hold = plan.propagation_within(plan.grace);
        let waiting = waiting.map(|(caller, since)| (caller, since + hold)).collect();
        Self { hold, waiting, leaving: false }
    }

    pub(super) fn on(&mut self, input: &Input, now: Instant) -> Vec<Effect> {
        match input {
            Input::HookCalled { caller, .. } | Input::StrangerCalled { caller, .. }
                if !self.waiting.iter().any(|(waiting, _)| waiting == caller) =>
            {
                self.waiting.push((*caller, now + self.hold));
            }
            Input::DrainRequested { caller } | Input::UndrainRequested { caller } => {
                self.waiting.push((*caller, now));
            }
            Input::TermReceived => self.leaving = true,
            Input::WakeupReached
            | Input::HookCalled { .. }
            | Input::StrangerCalled { .. }
            | Input::OwnHookCalled
            | Input::CallerLeft { .. }
            | Input::ControllerAnswered(_)
            | Input::ProbeServed { .. }
            | Input::ArrivalsCounted { .. }
            | Input::CensusTaken(_)
            | Input::CensusFailed { .. }
            | Input::ListenersDumped(_)
            | Input::NotifyEnded { .. }
            | Input::RegistryEnded { .. }
            | Input::SourceRead { .. }
            | Input::AdoptedHookEnded { .. } => {}
        }
        self.release(now)
    }

    fn release(&mut self, now: Instant) -> Vec<Effect> {
        let (due, waiting) = self.waiting.iter().partition(|(_, at)| *at <= now);
        self.waiting = waiting;
        let answers: Vec<(CallerId, Instant)> = due;
        let mut effects: Vec<_> = answers
            .into_iter()
            .map(|(caller, _)| Effect::Answer {
                caller,
                answer: Answer::Nothing { because: BECAUSE },
            })
            .collect();
        if self.leaving && self.waiting.is_empty() {
            effects.push(Effect::Exit);
        }
        effects
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        self.waiting.iter().map(|(_, at)| *at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_held_and_none_is_lost() {
        let now = super::super::now();
        let plan = Plan { propagation: Duration::from_secs(3), ..Plan::default() };
        let mut fallback = Fallback::new(&plan, [(CallerId(1), now)].into_iter());
        let hook = Input::HookCalled { caller: CallerId(1), container: None };
        assert_eq!(fallback.on(&hook, now), []);
        let later = now + Duration::from_secs(1);
        fallback.on(&Input::HookCalled { caller: CallerId(2), container: None }, later);
        assert_eq!(fallback.on(&Input::TermReceived, later), []);
        assert_eq!(fallback.next_wakeup(), Some(now + Duration::from_secs(3)));
        let effects = fallback.on(&Input::WakeupReached, now + Duration::from_secs(4));
        let answered = effects.iter().filter(|e| matches!(e, Effect::Answer { .. })).count();
        assert_eq!((answered, effects.last()), (2, Some(&Effect::Exit)));
    }
}
