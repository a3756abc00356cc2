//! What the core has seen of the sockets since the stop.

use super::census::{Census, ListenerSeen, PeerCount, PortCensus, PortRole, Trust};
use super::outcome::InFlight;
use super::plan::{AppProbe, Plan};
use super::silence::Silence;
use std::time::{Duration, Instant};

/// Census interval, as a share of what one costs.
const COST_FACTOR: u32 = 100;
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// The interval just before a verdict, where a dump is cheap.
const URGENT: Duration = Duration::from_millis(20);
const CHEAP: Duration = Duration::from_millis(1);
/// What a first census is taken to cost at most: it is the slowest, with cold caches.
const FIRST_COST: Duration = Duration::from_millis(5);
/// After an unreadable census.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// Probes of the application that are discounted where no setting says which there are.
const DEFAULT_PROBE_PERIOD: Duration = Duration::from_secs(1);

/// The sockets over time, as far as the rules need it.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) silence: Silence,
    /// The latest complete census.
    pub(super) latest: Option<Census>,
    pub(super) at_start: Option<InFlight>,
    /// Listeners of the serving ports when the stop was seen; `None`: not read yet.
    pub(super) recorded: Option<Vec<ListenerSeen>>,
    pub(super) last_departure: Option<Instant>,
    pub(super) last_request: Option<Instant>,
    /// A request ran that was older than what a pinned client has.
    pub(super) last_old_request: Option<Instant>,
    pub(super) last_progress: Option<Instant>,
    /// Why the last attempt failed; cleared by a complete census.
    pub(super) failure: Option<String>,
    pub(super) ever_failed: Option<String>,
    /// Only a census begun since then may carry a verdict.
    pub(super) fresh_from: Instant,
    pub(super) events_lost: bool,
    /// Peers inside the namespace were seen: a count of the whole namespace says nothing.
    pub(super) local_peers: bool,
    discounts: Vec<Discount>,
    /// The lower of the last two censuses' time: one that was preempted says nothing about the
    /// next, and a longer interval would cost a short budget its verdict.
    cost: Duration,
    asked: bool,
    next_at: Instant,
}

/// Allowance of probe connections for one port.
#[derive(Clone, Copy, Debug)]
struct Discount {
    port: u16,
    allowance: f64,
    at: Instant,
}

impl Sight {
    pub(super) fn since(stop: Instant) -> Self {
        Self {
            silence: Silence::since(stop),
            latest: None,
            at_start: None,
            recorded: None,
            last_departure: None,
            last_request: None,
            last_old_request: None,
            last_progress: None,
            failure: None,
            ever_failed: None,
            fresh_from: stop,
            events_lost: false,
            local_peers: false,
            discounts: Vec::new(),
            cost: Duration::ZERO,
            asked: false,
            next_at: stop,
        }
    }

    /// Takes a complete census in.
    pub(super) fn taken(&mut self, census: Census, plan: &Plan) {
        self.asked = false;
        self.failure = None;
        let first = self.recorded.is_none();
        if first {
            self.recorded = Some(serving_listeners(&census));
            self.at_start = Some(in_flight(&census));
        } else {
            self.respawned(&census.listeners);
        }
        self.events_lost |= census.events_lost;
        for port in census.ports.iter().filter(|port| port.role == PortRole::Serving) {
            self.arrivals(port, census.began, plan);
            self.movements(port, census.began, plan);
        }
        if census.events_lost && !first {
            // Connections may have come and gone unseen: as good as an arrival.
            let port = census.ports.first().map_or(0, |port| port.port);
            self.silence.arrived(port, 1, census.began, None);
        }
        let usual = self.latest.as_ref().map_or(FIRST_COST, |before| before.took);
        self.cost = census.took.min(usual);
        self.next_at = census.began + interval(self.cost);
        self.latest = Some(census);
    }

    /// A listener beside one that is recorded is the same application's: SO_REUSEPORT workers
    /// are replaced one by one until none of the first is left.
    pub(super) fn respawned(&mut self, seen: &[ListenerSeen]) {
        let Some(recorded) = &mut self.recorded else { return };
        let lives = |port: u16| recorded.iter().any(|old| old.port == port && seen.contains(old));
        let serving = seen.iter().filter(|listener| listener.role == PortRole::Serving);
        let new: Vec<_> = serving
            .filter(|listener| lives(listener.port) && !recorded.contains(listener))
            .copied()
            .collect();
        recorded.extend(new);
    }

    /// The sockets could not be read; says whether that is news.
    pub(super) fn failed(&mut self, now: Instant, why: String) -> bool {
        self.asked = false;
        self.next_at = now + AFTER_FAILURE;
        let news = self.ever_failed.is_none();
        self.failure = Some(why.clone());
        self.ever_failed.get_or_insert(why);
        news
    }

    /// A census is wanted at `wanted` at the latest, and may be urgent.
    pub(super) fn hurry(&mut self, wanted: Option<Instant>, urgent: bool) {
        let Some(latest) = &self.latest else { return };
        if self.failure.is_some() {
            return;
        }
        let cheap = self.cost <= CHEAP;
        let soonest = latest.began + if cheap { URGENT } else { interval(self.cost) };
        if urgent {
            self.next_at = self.next_at.min(soonest);
        }
        if let Some(wanted) = wanted.filter(|at| *at > latest.began) {
            self.next_at = self.next_at.min(wanted.max(soonest));
        }
    }

    /// Is a census due? Marks it as asked for.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let due = !self.asked && self.next_at <= now;
        self.asked |= due;
        due
    }

    pub(super) fn next_census(&self) -> Option<Instant> {
        (!self.asked).then_some(self.next_at)
    }

    pub(super) fn serving(&self) -> impl Iterator<Item = &PortCensus> {
        let ports = self.latest.as_ref().map_or(&[][..], |census| &census.ports);
        ports.iter().filter(|port| port.role == PortRole::Serving)
    }

    /// Nothing listened when the stop was seen and nothing was connected.
    pub(super) fn never_listened(&self) -> bool {
        let listens =
            self.latest.as_ref().is_some_and(|census| !serving_listeners(census).is_empty());
        self.recorded.as_ref().is_some_and(Vec::is_empty)
            && self.at_start == Some(InFlight::default())
            && !listens
    }

    /// All listeners recorded at the stop have vanished, and their sockets too.
    pub(super) fn app_is_gone(&self) -> bool {
        let Some(census) = &self.latest else { return false };
        let recorded = self.recorded.as_ref().is_some_and(|recorded| !recorded.is_empty());
        recorded
            && serving_listeners(census).is_empty()
            && self.serving().all(|port| port.established() == 0)
    }

    pub(super) fn in_flight(&self) -> Option<InFlight> {
        self.latest.as_ref().map(in_flight)
    }

    /// The peers of what is left, most connections first, at most five.
    pub(super) fn peers(&self) -> Vec<PeerCount> {
        let mut peers: Vec<PeerCount> = Vec::new();
        for found in self.serving().flat_map(|port| &port.peers) {
            match peers.iter_mut().find(|peer| peer.peer == found.peer) {
                Some(peer) => peer.connections += found.connections,
                None => peers.push(*found),
            }
        }
        peers.sort_by_key(|peer| std::cmp::Reverse(peer.connections));
        peers.truncate(5);
        peers
    }

    pub(super) fn counted_only(&self) -> Option<&str> {
        match &self.latest.as_ref()?.trust {
            Trust::Judged => None,
            Trust::CountedOnly(why) => Some(why),
        }
    }

    fn arrivals(&mut self, port: &PortCensus, at: Instant, plan: &Plan) {
        self.local_peers |= port.local > 0 || port.arrivals_local > 0;
        let probes = self.discount(port, at, &plan.app_probes);
        let local = if plan.local_arrivals { port.arrivals_local } else { 0 };
        let strange = port.arrivals_from_prober - probes;
        self.silence.arrived(port.port, port.arrivals + strange + local, at, port.last_arrival);
    }

    fn movements(&mut self, port: &PortCensus, at: Instant, plan: &Plan) {
        if port.departures > 0 {
            self.last_departure = Some(at);
        }
        if port.requesting > 0 {
            self.last_request = Some(at);
        }
        let age = port.oldest_request.map(|since| at.saturating_duration_since(since));
        if !port.protocol.multiplexes() && age.is_some_and(|age| age > plan.pinned_wait) {
            self.last_old_request = Some(at);
        }
        if port.progressing > 0 {
            self.last_progress = Some(at);
        }
    }

    /// How many connections from the address of the agent's own probes may be probes. That
    /// address is also the source of translated client traffic, so all above it is traffic.
    fn discount(&mut self, port: &PortCensus, at: Instant, probes: &[AppProbe]) -> u32 {
        if port.arrivals_from_prober == 0 {
            return 0;
        }
        let (per_second, most) = allowance(port.port, probes);
        let index = self.discounts.iter().position(|d| d.port == port.port).unwrap_or_else(|| {
            self.discounts.push(Discount { port: port.port, allowance: most, at });
            self.discounts.len() - 1
        });
        let entry = &mut self.discounts[index];
        let earned = at.saturating_duration_since(entry.at).as_secs_f64() * per_second;
        entry.allowance = (entry.allowance + earned).min(most);
        entry.at = at;
        let granted = port.arrivals_from_prober.min(entry.allowance as u32);
        entry.allowance -= f64::from(granted);
        granted
    }
}

/// Probes a second on a port, and how many may come at once: one more than there are, because
/// the kubelet's rhythm has jitter.
fn allowance(port: u16, probes: &[AppProbe]) -> (f64, f64) {
    if probes.is_empty() {
        return (DEFAULT_PROBE_PERIOD.as_secs_f64().recip(), 2.0);
    }
    let periods = probes.iter().filter(|probe| probe.port == port).map(|probe| probe.period);
    let (count, rate) = periods.fold((0.0, 0.0), |(count, rate), period| {
        (count + 1.0, rate + period.as_secs_f64().max(0.1).recip())
    });
    (rate, if count > 0.0 { count + 1.0 } else { 0.0 })
}

pub(super) fn interval(took: Duration) -> Duration {
    took.saturating_mul(COST_FACTOR).clamp(SHORTEST, LONGEST)
}

pub(super) fn serving_listeners(census: &Census) -> Vec<ListenerSeen> {
    census.listeners.iter().filter(|l| l.role == PortRole::Serving).copied().collect()
}

fn in_flight(census: &Census) -> InFlight {
    let serving = census.ports.iter().filter(|port| port.role == PortRole::Serving);
    serving.fold(InFlight::default(), |sum, port| InFlight {
        busy: sum.busy + port.busy,
        idle: sum.idle + port.idle,
        unknown: sum.unknown + port.unknown,
        backlog: sum.backlog + port.backlog,
    })
}
