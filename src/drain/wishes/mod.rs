//! What the world should look like: readiness, the application's notice, the registries.
//!
//! Each target follows a wanted state. One call at a time runs for a target; when it ends, the
//! newest wish is applied, so a stop during an undo simply changes the wish.

use super::effect::{Effect, NotifyPhase, RegistryWish};
use super::input::RegistryReport;
use super::outcome::Note;
use super::plan::{NotifyChannel, Plan};
use std::time::{Duration, Instant};

/// `serving` is told again this long after it was not acknowledged.
const RETRY: Duration = Duration::from_secs(2);
/// A pod must not stay out of a registry for ever because it was down at the undo.
const RETRY_REGISTRY: Duration = Duration::from_secs(10);

/// One target that can be told one thing at a time.
#[derive(Clone, Debug)]
struct Wish<T> {
    want: T,
    /// The state known to be reached; `None` after a call that failed half-way, perhaps.
    reached: Option<T>,
    acting: Option<T>,
    /// The wish that was not reached, and why.
    failed: Option<(T, String)>,
}

impl<T: Copy + PartialEq> Wish<T> {
    fn new(state: T) -> Self {
        Self { want: state, reached: Some(state), acting: None, failed: None }
    }

    /// What to do now, if anything.
    fn next(&mut self) -> Option<T> {
        let given_up = self.failed.as_ref().is_some_and(|(wish, _)| *wish == self.want);
        if self.acting.is_some() || self.is_reached() || given_up {
            return None;
        }
        self.acting = Some(self.want);
        self.acting
    }

    fn ended(&mut self, wish: T, error: Option<String>) {
        self.acting = None;
        match error {
            None => {
                self.reached = Some(wish);
                self.failed = None;
            }
            Some(why) => {
                self.reached = None;
                self.failed = Some((wish, why));
            }
        }
    }

    /// Forgets a failure whose time to be tried again has come.
    fn retry(&mut self, retry_at: &mut Option<Instant>, now: Instant) {
        if retry_at.is_some_and(|at| at <= now) {
            *retry_at = None;
            self.failed = None;
        }
    }

    fn is_reached(&self) -> bool {
        self.reached == Some(self.want)
    }

    fn is_settled(&self) -> bool {
        self.is_reached() || self.failed.as_ref().is_some_and(|(wish, _)| *wish == self.want)
    }
}

#[derive(Clone, Debug)]
struct Channel {
    channel: NotifyChannel,
    wish: Wish<NotifyPhase>,
    retry_at: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Registry {
    name: String,
    wish: Wish<RegistryWish>,
    /// Callers need until then to notice.
    settled_at: Option<Instant>,
    resurrected: Option<String>,
    not_registered: bool,
    retry_at: Option<Instant>,
}

#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub(super) ready: bool,
    channels: Vec<Channel>,
    registries: Vec<Registry>,
    /// The first acknowledged notice of this drain.
    pub(super) noticed_at: Option<Instant>,
}

impl Wishes {
    pub(super) fn new(plan: &Plan) -> Self {
        let channel = |channel: &NotifyChannel| Channel {
            channel: *channel,
            wish: Wish::new(NotifyPhase::Serving),
            retry_at: None,
        };
        let registry = |name: &String| Registry {
            name: name.clone(),
            wish: Wish::new(RegistryWish::Back),
            settled_at: None,
            resurrected: None,
            not_registered: false,
            retry_at: None,
        };
        Self {
            ready: true,
            channels: plan.notify.iter().map(channel).collect(),
            registries: plan.registries.iter().map(registry).collect(),
            noticed_at: None,
        }
    }

    /// Out of the registries and the application told; readiness has its own policy.
    pub(super) fn withdraw(&mut self) {
        self.noticed_at = None;
        self.notify(NotifyPhase::Withdrawing);
        for channel in &mut self.channels {
            channel.wish.failed = None;
        }
        for registry in &mut self.registries {
            registry.wish.want = RegistryWish::Out;
            registry.wish.failed = None;
            registry.retry_at = None;
        }
    }

    pub(super) fn notify(&mut self, phase: NotifyPhase) {
        for channel in &mut self.channels {
            channel.wish.want = phase;
            channel.retry_at = None;
        }
    }

    pub(super) fn restore(&mut self) {
        self.notify(NotifyPhase::Serving);
        for registry in &mut self.registries {
            registry.wish.want = RegistryWish::Back;
            registry.wish.failed = None;
            registry.retry_at = None;
            registry.settled_at = None;
            registry.resurrected = None;
        }
    }

    /// The calls to make now.
    pub(super) fn act(
        &mut self,
        now: Instant,
        deadline: Option<Duration>,
        within: Duration,
        out: &mut Vec<Effect>,
    ) {
        for entry in &mut self.channels {
            entry.wish.retry(&mut entry.retry_at, now);
            if let Some(phase) = entry.wish.next() {
                out.push(Effect::Notify { channel: entry.channel, phase, deadline });
            }
        }
        for (registry, entry) in self.registries.iter_mut().enumerate() {
            entry.wish.retry(&mut entry.retry_at, now);
            if let Some(wish) = entry.wish.next() {
                out.push(Effect::Registry { registry, wish, within });
            }
        }
    }

    pub(super) fn notify_ended(
        &mut self,
        now: Instant,
        channel: NotifyChannel,
        phase: NotifyPhase,
        error: Option<String>,
    ) -> Option<Note> {
        let entry = self.channels.iter_mut().find(|entry| entry.channel == channel)?;
        entry.wish.ended(phase, error.clone());
        let why = match error {
            None => {
                if phase.draining() {
                    self.noticed_at.get_or_insert(now);
                }
                return None;
            }
            Some(why) => why,
        };
        if phase == NotifyPhase::Serving && entry.wish.want == phase {
            entry.retry_at = Some(now + RETRY);
        }
        Some(Note::StepGivenUp { step: format!("notify {}", phase.name()), why })
    }

    pub(super) fn registry_ended(
        &mut self,
        now: Instant,
        began: Instant,
        registry: usize,
        wish: RegistryWish,
        report: RegistryReport,
    ) -> Option<Note> {
        let entry = self.registries.get_mut(registry)?;
        let step = entry.name.clone();
        match report {
            RegistryReport::Confirmed { settle } => {
                entry.wish.ended(wish, None);
                entry.settled_at = Some(now + settle);
                entry.not_registered = false;
                let after = now.saturating_duration_since(began);
                Some(Note::StepConfirmed { step, after })
            }
            RegistryReport::NotRegistered => {
                entry.wish.ended(wish, None);
                entry.not_registered = true;
                None
            }
            RegistryReport::GivenUp { why } => {
                entry.wish.ended(wish, Some(why.clone()));
                let put_back = wish == RegistryWish::Back && entry.wish.want == wish;
                entry.retry_at = put_back.then_some(now + RETRY_REGISTRY);
                Some(Note::StepGivenUp { step, why })
            }
            RegistryReport::Resurrected { why } => {
                entry.resurrected = Some(why.clone());
                Some(Note::Resurrected { registry: step, why })
            }
        }
    }

    /// Registries that hold the withdrawing: neither confirmed nor given up, or settling.
    pub(super) fn registries_pending(&self, now: Instant, give_up_at: Instant) -> Vec<String> {
        let pending = |entry: &&Registry| {
            let settling = entry.settled_at.is_some_and(|at| now < at);
            now < give_up_at && (!entry.wish.is_settled() || settling)
        };
        self.registries.iter().filter(pending).map(|entry| entry.name.clone()).collect()
    }

    pub(super) fn registries_settle_at(&self) -> Option<Instant> {
        self.registries.iter().filter_map(|entry| entry.settled_at).max()
    }

    pub(super) fn all_settled(&self) -> bool {
        self.channels.iter().all(|entry| entry.wish.is_reached())
            && self.registries.iter().all(|entry| entry.wish.is_reached())
    }

    pub(super) fn retry_due(&self) -> Option<Instant> {
        let registries = self.registries.iter().filter_map(|entry| entry.retry_at);
        self.channels.iter().filter_map(|entry| entry.retry_at).chain(registries).min()
    }

    pub(super) fn notifies(&self) -> bool {
        !self.channels.is_empty()
    }

    /// No channel was acknowledged and none can be any more.
    pub(super) fn notices_given_up(&self) -> bool {
        self.noticed_at.is_none()
            && self.channels.iter().all(|entry| {
                entry.wish.acting.is_none()
                    && entry.wish.failed.as_ref().is_some_and(|(wish, _)| *wish == entry.wish.want)
            })
    }

    /// What was given up or came back, one sentence each.
    /// `late`: what is still under way counts as given up.
    pub(super) fn caveats(&self, late: bool) -> Vec<String> {
        let notices = self.channels.iter().filter_map(|entry| {
            let (phase, why) = entry.wish.failed.as_ref()?;
            Some(format!("the application was not told \"{}\": {why}", phase.name()))
        });
        let registries = self.registries.iter().filter_map(|entry| entry.caveat(late));
        notices.chain(registries).collect()
    }
}

impl Registry {
    fn caveat(&self, late: bool) -> Option<String> {
        let name = &self.name;
        if let Some(why) = &self.resurrected {
            return Some(format!("registry {name}: the instance came back: {why}"));
        }
        if self.wish.want != RegistryWish::Out {
            return None;
        }
        match &self.wish.failed {
            Some((_, why)) => Some(format!("registry {name}: given up: {why}")),
            None if late && self.wish.acting.is_some() => {
                Some(format!("registry {name}: given up: no confirmation in time"))
            }
            None if self.not_registered => {
                Some(format!("registry {name}: the instance was not registered"))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests;
