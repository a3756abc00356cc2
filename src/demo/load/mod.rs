//! Clients of both kinds: on a kept connection, and with a new connection for each request.

pub(crate) mod client;
mod track;

pub(crate) use track::{Counts, Span, Track};

use super::arguments::Arguments;
use super::balancer::{Balancer, List};
use client::{Broken, Failure, Line};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Requests a second that the clients of one strategy send together, on average. All strategies
/// run at once and must not make one another late, also on two cores.
const RATE: f64 = 90.0;
/// After this long a person would have given up, too.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A pool of one: POSTs on a connection that is kept, none of them ever repeated.
    KeepAlive,
    /// Without a pool: GETs and POSTs, each on a connection of its own.
    New,
}

/// Starts the clients of one strategy. They stop after the request in hand once `running` is
/// false. The same seed gives the same clients the same thoughts under every strategy.
pub(crate) fn start(
    arguments: &Arguments,
    balancer: &Balancer,
    track: &Arc<Track>,
    running: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for number in 0..arguments.clients {
        let client = Client {
            // By blocks of lists, so that each list has clients of both kinds.
            kind: if (number / super::delays::LISTS) % 3 == 2 {
                Kind::New
            } else {
                Kind::KeepAlive
            },
            list: balancer.list(number),
            random: fastrand::Rng::with_seed(arguments.seed ^ ((number as u64 + 1) << 32)),
            cycle: Duration::from_secs_f64(arguments.clients as f64 / RATE),
            slow: arguments.slow / 100.0,
        };
        clients.spawn(client.run(track.clone(), running.clone()));
    }
    clients
}

struct Client {
    kind: Kind,
    list: Arc<List>,
    random: fastrand::Rng,
    /// Mean time from one request to the next.
    cycle: Duration,
    slow: f64,
}

impl Client {
    async fn run(mut self, track: Arc<Track>, mut running: watch::Receiver<bool>) {
        let mut kept = None;
        let mut next = Instant::now() + self.cycle.mul_f64(self.random.f64());
        loop {
            tokio::select! {
                () = sleep_until(next) => {}
                _ = running.wait_for(|running| !running) => return,
            }
            next = Instant::now() + self.gap();
            let (method, path) = self.wish();
            let answered = timeout(PATIENCE, request(&self.list, &mut kept, method, &path)).await;
            track.count(answered.unwrap_or(Err(Failure::Timeout)));
            if self.kind == Kind::New {
                kept = None;
            }
        }
    }

    /// From the start of one request to the start of the next, unless the first takes longer.
    fn gap(&mut self) -> Duration {
        self.cycle.mul_f64(0.3 + 1.4 * self.random.f64())
    }

    /// The client says how long its request takes, so that the seed decides that, too.
    fn wish(&mut self) -> (&'static str, String) {
        let slow = self.random.f64() < self.slow;
        let millis = if slow { self.random.u32(1000..3000) } else { self.random.u32(5..=20) };
        let post = self.kind == Kind::KeepAlive || self.random.bool();
        (if post { "POST" } else { "GET" }, format!("/take/{millis}"))
    }
}

/// One request, on the kept connection if that is still open; `kept` is what can be kept after it.
async fn request(
    list: &List,
    kept: &mut Option<Line>,
    method: &str,
    path: &str,
) -> Result<(), Failure> {
    if let Some(mut line) = kept.take().filter(|line| !line.is_closed()) {
        match line.exchange(method, path).await {
            Err(Broken::Unsent) => {}
            Err(Broken::Failed(failure)) => return Err(failure),
            Ok(again) => {
                *kept = again.then_some(line);
                return Ok(());
            }
        }
    }
    let mut line = Line::dial(list.address()).await?;
    match line.exchange(method, path).await {
        Ok(again) => {
            *kept = again.then_some(line);
            Ok(())
        }
        Err(_) if list.refused(line.local()) => Err(Failure::Refused),
        Err(Broken::Unsent) => Err(Failure::Reset),
        Err(Broken::Failed(failure)) => Err(failure),
    }
}

#[cfg(test)]
mod tests;
