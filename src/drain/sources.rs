//! What the application itself, or its outgoing connections, say about work in hand.

use super::input::Reading;
use super::plan::Plan;
use super::waiting::Waiting;
use std::time::{Duration, Instant};

/// A reading older than this says nothing about the present.
const FRESH: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    readings: Vec<Option<(Instant, Reading)>>,
    last_zero: Option<Instant>,
}

impl Sources {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self { readings: vec![None; plan.sources.len()], last_zero: None }
    }

    pub(super) fn read(&mut self, now: Instant, source: usize, reading: Reading) {
        if let Some(entry) = self.readings.get_mut(source) {
            *entry = Some((now, reading));
        }
        if self.readings.iter().all(|entry| matches!(entry, Some((_, Reading::Zero)))) {
            self.last_zero = Some(now);
        }
    }

    /// The first source that does not say zero.
    pub(super) fn holding(&self, plan: &Plan, now: Instant) -> Option<Waiting> {
        self.each_holding(plan, now).next()
    }

    pub(super) fn any_unknown(&self, plan: &Plan, now: Instant) -> bool {
        self.each_holding(plan, now).any(|held| matches!(held, Waiting::SourceUnknown { .. }))
    }

    fn each_holding<'a>(
        &'a self,
        plan: &'a Plan,
        now: Instant,
    ) -> impl Iterator<Item = Waiting> + 'a {
        let unknown = |name: &str, why: &str| Waiting::SourceUnknown {
            name: name.to_owned(),
            why: why.to_owned(),
        };
        let readings = plan.sources.iter().zip(&self.readings);
        readings.filter_map(move |(source, reading)| match reading {
            None => Some(unknown(&source.name, "not read yet")),
            Some((at, _)) if now.saturating_duration_since(*at) > FRESH => {
                Some(unknown(&source.name, "no fresh reading"))
            }
            Some((_, Reading::Unknown(why))) => Some(unknown(&source.name, why)),
            Some((_, Reading::Busy(count))) => {
                Some(Waiting::SourceBusy { name: source.name.clone(), count: *count })
            }
            Some((_, Reading::Zero)) => None,
        })
    }

    /// Sources that say nothing, one sentence each.
    pub(super) fn caveats<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = String> + 'a {
        plan.sources.iter().zip(&self.readings).filter_map(|(source, reading)| {
            let why = match reading {
                None => "never read",
                Some((_, Reading::Unknown(why))) => why,
                Some((_, Reading::Zero | Reading::Busy(_))) => return None,
            };
            Some(format!("source {} is unknown: {why}", source.name))
        })
    }

    /// No request older than `age` can be running: every source said zero since then.
    pub(super) fn idle_within(&self, now: Instant, age: Duration) -> bool {
        self.readings.is_empty()
            || self.last_zero.is_some_and(|at| now.saturating_duration_since(at) <= age)
    }

    pub(super) fn exist(&self) -> bool {
        !self.readings.is_empty()
    }

    /// A source stands alone: the kernel is not asked whether anything is busy.
    pub(super) fn complete(&self, plan: &Plan) -> bool {
        plan.sources.iter().any(|source| source.complete)
    }
}
