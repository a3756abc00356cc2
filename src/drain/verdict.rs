//! Is the pod off the lists, is it empty, is what is left pinned? Questions over one census.

use super::census::PortCensus;
use super::course::Course;
use super::outcome::{LimitedBy, Outcome};
use super::plan::{Plan, Unready};
use super::silence::Because;
use super::waiting::Waiting;
use super::wishes::Wishes;
use std::time::{Duration, Instant};

/// Everything must hold in every census of this long.
const WINDOW: Duration = Duration::from_millis(300);
/// The kubelet is given this long to read that the pod is unready.
const UNREADY_READ: Duration = Duration::from_secs(3);
/// A restarting container that makes no progress is not worth holding.
const NO_PROGRESS: Duration = Duration::from_secs(1);
/// Progress is judged from here on.
const PROGRESS_FROM: Duration = Duration::from_secs(2);

/// Something to wait for, and when it will be over if it is a matter of time alone.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) waiting: Waiting,
    pub(super) due: Option<Instant>,
}

impl Hold {
    fn new(waiting: Waiting, due: Option<Instant>) -> Option<Self> {
        Some(Self { waiting, due })
    }
}

/// One census, and all that is needed to judge it.
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    pub(super) course: &'a Course,
    pub(super) wishes: &'a Wishes,
    /// The kubelet has probed the agent before.
    pub(super) probed: bool,
    /// When the census was begun.
    pub(super) at: Instant,
}

impl View<'_> {
    fn left(&self, due: Instant) -> Duration {
        due.saturating_duration_since(self.at)
    }

    /// Nobody new comes. A pod where nothing ever listened is silent by nature.
    pub(super) fn not_silent(&self) -> Option<Hold> {
        let course = self.course;
        if course.sight.never_listened() {
            return None;
        }
        let due = course.sight.silence.due(&course.terms(self.plan));
        if self.at >= due.at {
            return None;
        }
        let waiting = match due.because {
            Because::Propagation => Waiting::Propagation {
                left: self.left(due.at),
                of: due.at.saturating_duration_since(due.since),
            },
            because @ (Because::QuietPeriod | Because::Gaps { .. } | Because::Evidence { .. }) => {
                Waiting::Silence {
                    silence: self.at.saturating_duration_since(due.since),
                    needed: due.at.saturating_duration_since(due.since),
                    because,
                }
            }
        };
        Hold::new(waiting, Some(due.at))
    }

    /// What keeps the pod from being off the lists.
    pub(super) fn not_delisted(&self, now: Instant) -> Option<Hold> {
        self.not_silent().or_else(|| self.not_unready()).or_else(|| self.registries(now))
    }

    fn not_unready(&self) -> Option<Hold> {
        let course = self.course;
        if self.plan.unready == Unready::Never || course.sight.never_listened() {
            return None;
        }
        let Some(unready_at) = course.unready_at else {
            let due = course.stop.kind_due().unwrap_or_else(|| course.stop.unready_due(self.plan));
            return Hold::new(Waiting::Unready { left: self.left(due) }, Some(due));
        };
        let patience = if self.probed { UNREADY_READ } else { Duration::ZERO };
        let read_by = unready_at + patience;
        let read_at = course.unready_read_at.unwrap_or(read_by).min(read_by);
        if course.unready_read_at.is_none() && self.at < read_by {
            let waiting = Waiting::UnreadyRead { read: false, left: self.left(read_by) };
            return Hold::new(waiting, Some(read_by));
        }
        let due = read_at.max(course.sight.silence.quiet_since()) + self.plan.quiet_period;
        if self.at >= due {
            return None;
        }
        Hold::new(Waiting::UnreadyRead { read: true, left: self.left(due) }, Some(due))
    }

    fn registries(&self, now: Instant) -> Option<Hold> {
        let stop = &self.course.stop;
        let give_up_at = stop.began + self.plan.registry_bound(stop.grace);
        let names = self.wishes.registries_pending(now, give_up_at);
        let due = self.wishes.registries_settle_at().unwrap_or(give_up_at).min(give_up_at);
        if names.is_empty() { None } else { Hold::new(Waiting::Registries { names }, Some(due)) }
    }

    /// What keeps the pod from being empty, in the order in which a person would ask.
    pub(super) fn not_empty(&self) -> Option<Hold> {
        self.backlog()
            .or_else(|| if self.standing_alone() { None } else { self.kernel_holds() })
            .or_else(|| self.warm())
            .or_else(|| {
                let holding = self.course.sources.holding(self.plan, self.at)?;
                Hold::new(holding, None)
            })
            .or_else(|| self.not_silent())
    }

    fn standing_alone(&self) -> bool {
        self.course.sources.complete(self.plan)
    }

    fn kernel_holds(&self) -> Option<Hold> {
        self.unjudged().or_else(|| self.busy())
    }

    /// Serving ports whose connections still count: streams only for a while.
    fn ports(&self) -> impl Iterator<Item = &PortCensus> {
        let expired = self.streams_expired();
        self.course.sight.serving().filter(move |port| !(expired && port.protocol.is_stream()))
    }

    fn streams_due(&self) -> Option<Instant> {
        self.course.delisted_at.map(|at| at + self.plan.stream_wait)
    }

    fn streams_expired(&self) -> bool {
        self.streams_due().is_some_and(|due| self.at >= due)
    }

    fn backlog(&self) -> Option<Hold> {
        let port = self.course.sight.serving().find(|port| port.backlog > 0)?;
        let waiting = Waiting::Backlog { port: port.port, connections: port.backlog };
        Hold::new(waiting, None)
    }

    fn unjudged(&self) -> Option<Hold> {
        let connections: u32 = self.ports().map(|port| port.unknown).sum();
        if connections == 0 {
            return None;
        }
        let why = self.course.sight.counted_only().unwrap_or("the kernel gave no details");
        Hold::new(Waiting::Unjudged { connections, why: why.to_owned() }, None)
    }

    fn busy(&self) -> Option<Hold> {
        let port = self.ports().find(|port| port.busy > 0)?;
        if port.protocol.is_stream() {
            let left = self.streams_due().map_or(self.plan.stream_wait, |due| self.left(due));
            let (number, protocol) = (port.port, port.protocol);
            let waiting = Waiting::Streams { port: number, protocol, connections: port.busy, left };
            return Hold::new(waiting, self.streams_due());
        }
        let oldest = port.oldest_request.map(|since| self.at.saturating_duration_since(since));
        let reason = port.reasons.iter().find(|(reason, _)| reason.is_busy()).map(|(r, _)| *r);
        let (port, connections) = (port.port, port.busy);
        Hold::new(Waiting::Busy { port, connections, oldest, reason }, None)
    }

    /// A proxy's pool looks idle between two requests until the proxy's own list has changed.
    fn warm(&self) -> Option<Hold> {
        let due = self.course.propagated_at(self.plan);
        let requests = self.ports().filter(|port| !port.protocol.is_stream());
        let connections: u32 = requests.map(|port| port.carried).sum();
        if connections == 0 || self.at >= due {
            return None;
        }
        Hold::new(Waiting::Warm { connections, left: self.left(due) }, Some(due))
    }

    fn established(&self) -> u32 {
        self.course.sight.serving().map(PortCensus::established).sum()
    }

    /// When the wait for connections that were told to close is over. `None`: the notice is
    /// still on its way.
    fn idle_wait_due(&self) -> Option<Instant> {
        let delisted = self.course.delisted_at?;
        if !self.wishes.notifies() || self.wishes.notices_given_up() {
            return Some(delisted);
        }
        self.wishes.noticed_at.map(|noticed| noticed.max(delisted) + self.plan.idle_wait)
    }

    fn idle_wait(&self) -> Option<Hold> {
        let connections = self.established();
        let due = self.idle_wait_due();
        // Where nobody was told there is nothing to wait for, not even the census after delisting.
        let over = |due: Instant| self.at >= due || self.course.delisted_at == Some(due);
        if connections == 0 || due.is_some_and(over) {
            return None;
        }
        let left = due.map_or(self.plan.idle_wait, |due| self.left(due));
        Hold::new(Waiting::IdleWait { connections, left }, due)
    }

    /// Emptying, with everything held since `empty_since` where it is set.
    pub(super) fn emptied(&self) -> Result<(Outcome, LimitedBy), Hold> {
        if let Some(hold) = self.not_empty() {
            return self.pinned(hold);
        }
        if let Some(hold) = self.idle_wait() {
            return Err(hold);
        }
        let since = self.course.empty_since.unwrap_or(self.at);
        let due = since + WINDOW;
        if self.at < due {
            return Err(Hold { waiting: Waiting::Window { left: self.left(due) }, due: Some(due) });
        }
        let left_alone = |port: &PortCensus| port.protocol.is_stream() && port.held() > 0;
        let streaming = self.course.sight.serving().any(left_alone);
        if streaming && !self.standing_alone() {
            return Ok((Outcome::Pinned, LimitedBy::StreamWait));
        }
        Ok((Outcome::Drained, self.course.limit))
    }

    /// Are only busy clients on old connections left? Else `hold` stands.
    fn pinned(&self, hold: Hold) -> Result<(Outcome, LimitedBy), Hold> {
        let Some(since) = self.pinned_since() else { return Err(hold) };
        if let Some(idle_wait) = self.idle_wait() {
            return Err(idle_wait);
        }
        let due = since + self.plan.pinned_wait;
        if self.at >= due {
            return Ok((Outcome::Pinned, LimitedBy::PinnedWait));
        }
        let connections = self.ports().map(|port| port.busy.max(port.requesting)).sum();
        let waiting = Waiting::Pinned { connections, left: self.left(due) };
        Err(Hold { waiting, due: Some(due) })
    }

    /// Since when only pinned connections are left; `None`: they are not, or it is not known.
    fn pinned_since(&self) -> Option<Instant> {
        let (course, plan) = (self.course, self.plan);
        let delisted = course.delisted_at?;
        let propagated = course.propagated_at(plan);
        let idle_over =
            self.idle_wait_due().or_else(|| (self.established() == 0).then_some(self.at))?;
        let unknown = self.unjudged().is_some() || course.sources.any_unknown(plan, self.at);
        let requests_come = course
            .sight
            .last_request
            .is_some_and(|at| self.at.saturating_duration_since(at) <= plan.pinned_wait);
        if unknown || self.backlog().is_some() || !requests_come || self.old_request() {
            return None;
        }
        let sight = &course.sight;
        // A request that was too old for a pinned client may have had others begin beside it.
        let moved =
            [Some(sight.silence.quiet_since()), sight.last_departure, sight.last_old_request];
        let clock = moved.into_iter().flatten().fold(delisted.max(idle_over), Instant::max);
        (self.at >= propagated).then_some(clock.max(propagated))
    }

    /// A request runs that is older than what only pinned clients have. On a port that
    /// multiplexes, the age of a request is known to a source or to nobody.
    fn old_request(&self) -> bool {
        let limit = self.plan.pinned_wait;
        let old = |port: &PortCensus| {
            let age = port.oldest_request.map(|since| self.at.saturating_duration_since(since));
            !port.protocol.multiplexes() && age.is_some_and(|age| age > limit)
        };
        self.ports().any(old) || !self.course.sources.idle_within(self.at, limit)
    }

    /// The application has vanished; held for the window, since listeners may be handed over.
    pub(super) fn app_gone(&self) -> Option<Result<(Outcome, LimitedBy), Hold>> {
        if !self.course.sight.app_is_gone() {
            return None;
        }
        let due = self.course.gone_since.unwrap_or(self.at) + WINDOW;
        if self.at >= due {
            return Some(Ok((Outcome::AppGone, LimitedBy::ListenersGone)));
        }
        let waiting = Waiting::Window { left: self.left(due) };
        Some(Err(Hold { waiting, due: Some(due) }))
    }

    /// A restart drain ends when no busy connection has moved for a second.
    pub(super) fn no_progress(&self) -> Option<Result<(), Instant>> {
        let stop = &self.course.stop;
        if stop.kind != super::outcome::StopKind::Restart {
            return None;
        }
        let from = stop.began + PROGRESS_FROM;
        let due = self.course.sight.last_progress.unwrap_or(from).max(from) + NO_PROGRESS;
        Some(if self.at >= due { Ok(()) } else { Err(due) })
    }
}
