//! Everything together: servers, balancers, load and updates of all strategies at once.

use super::arguments::Arguments;
use super::balancer::Balancer;
use super::delays::{self, LISTS};
use super::instance::{Instance, Programs};
use super::load::{self, Counts, Track};
use super::progress::Progress;
use super::strategy::Strategy;
use super::update::{self, Gone};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Instances of each strategy.
pub(crate) const INSTANCES: usize = 2;
/// Load before the first stop, so that connections are in use and lameduck knows the rate of
/// arrivals; `run` counts once a second.
const WARM_UP: Duration = Duration::from_secs(4);
/// Load after the last stop: what went wrong at the very end is reported by then.
const TAIL: Duration = Duration::from_millis(1500);

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) arguments: Arguments,
    /// Per old instance, when each list forgot it; the same under every strategy.
    pub(crate) delays: [[Duration; LISTS]; INSTANCES],
    pub(crate) rows: Vec<Row>,
    pub(crate) took: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) strategy: Strategy,
    pub(crate) counts: Counts,
    pub(crate) gone: Vec<Gone>,
    pub(crate) timeline: String,
}

struct Cast {
    strategy: Strategy,
    balancer: Balancer,
    instances: Vec<Instance>,
}

/// Runs the whole demo.
///
/// # Errors
/// The first part that could not be run, with its last words.
pub(crate) async fn run(arguments: &Arguments, programs: &Programs) -> Result<Measured, String> {
    let mut random = fastrand::Rng::with_seed(arguments.seed);
    let delays = std::array::from_fn(|_| delays::draw(&mut random, arguments.propagation));
    let cast = assemble(arguments, programs).await?;

    let (running, watch) = watch::channel(true);
    let began = Instant::now();
    let mut clients = Vec::new();
    let mut tracks = Vec::new();
    let mut updates = JoinSet::new();
    for Cast { strategy, balancer, instances } in cast {
        let track = Arc::new(Track::new(strategy, began));
        clients.push(load::start(arguments, &balancer, &track, &watch));
        tracks.push(track.clone());
        let (programs, propagation) = (programs.clone(), arguments.propagation);
        let old = instances.into_iter().zip(delays).collect();
        updates.spawn(async move {
            sleep(WARM_UP).await;
            let (new, gone) = update::roll(&programs, propagation, &balancer, &track, old).await?;
            Ok::<_, String>((strategy, new, gone))
        });
    }
    let ended = watch_updates(&mut updates, Progress::new(arguments.json, &tracks)).await?;
    sleep(TAIL).await;
    let until = began.elapsed();
    running.send(false).ok();
    for clients in &mut clients {
        while let Some(ended) = clients.join_next().await {
            ended.map_err(|error| format!("a client broke off: {error}"))?;
        }
    }
    let rows = tracks.iter().map(|track| row(track, &ended, until)).collect();
    Ok(Measured { arguments: arguments.clone(), delays, rows, took: began.elapsed() })
}

/// Starts the old instances of all strategies, each behind its balancer.
async fn assemble(arguments: &Arguments, programs: &Programs) -> Result<Vec<Cast>, String> {
    let mut starting = JoinSet::new();
    for strategy in arguments.only.iter().copied() {
        let (programs, propagation) = (programs.clone(), arguments.propagation);
        let seed = arguments.seed.wrapping_add(1);
        starting.spawn(async move {
            let balancer = Balancer::open(seed).await?;
            let mut instances = Vec::new();
            for _ in 0..INSTANCES {
                let instance = Instance::start(&programs, strategy, propagation).await?;
                balancer.add(instance.address());
                instances.push(instance);
            }
            Ok::<_, String>(Cast { strategy, balancer, instances })
        });
    }
    let mut cast = Vec::new();
    while let Some(started) = starting.join_next().await {
        cast.push(started.map_err(|error| format!("a start broke off: {error}"))??);
    }
    let place = |cast: &Cast| Strategy::ALL.iter().position(|known| *known == cast.strategy);
    cast.sort_by_key(place);
    Ok(cast)
}

/// The new instances are kept here: they serve until the load has ended.
type Ended = (Strategy, Vec<Instance>, Vec<Gone>);

async fn watch_updates(
    updates: &mut JoinSet<Result<Ended, String>>,
    mut progress: Progress<'_>,
) -> Result<Vec<Ended>, String> {
    let mut ended = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = tick.tick() => progress.show(),
            next = updates.join_next() => match next {
                Some(update) => {
                    ended.push(update.map_err(|error| format!("an update broke off: {error}"))??);
                }
                None => {
                    progress.show();
                    return Ok(ended);
                }
            },
        }
    }
}

fn row(track: &Track, ended: &[Ended], until: Duration) -> Row {
    let strategy = track.strategy;
    let gone = ended.iter().find(|(other, ..)| *other == strategy).map(|(.., gone)| gone.clone());
    let timeline = track.timeline(until);
    Row { strategy, counts: track.counts(), gone: gone.unwrap_or_default(), timeline }
}
