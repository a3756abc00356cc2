//! The rolling update of one strategy's instances.

use super::balancer::Balancer;
use super::delays::LISTS;
use super::instance::{Drained, Instance, Programs};
use super::load::Track;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How one old instance went.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gone {
    /// From the decision to stop it to its exit.
    pub(crate) after: Duration,
    /// What lameduck said; `None` where it had no part.
    pub(crate) drained: Option<Drained>,
}

/// Replaces the old instances one after the other: start the new one, wait until it is ready,
/// stop the old one. Returns the new ones, which still serve, and how the old ones went.
pub(crate) async fn roll(
    programs: &Programs,
    propagation: Duration,
    balancer: &Balancer,
    track: &Track,
    old: Vec<(Instance, [Duration; LISTS])>,
) -> Result<(Vec<Instance>, Vec<Gone>), String> {
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    for (mut instance, delays) in old {
        let next = Instance::start(programs, track.strategy, propagation).await?;
        balancer.add(next.address());
        new.push(next);

        let began = Instant::now();
        track.stop_began();
        // As in a cluster, the endpoint's removal and the preStop hook begin together and
        // neither waits for the other.
        balancer.remove_after(instance.address(), delays);
        sleep(track.strategy.sleep()).await;
        let stopped = instance.stop().await;
        track.stop_ended();
        stopped.map_err(|problem| format!("{}: {problem}", track.strategy.title()))?;
        let drained = track.strategy.is_lameduck().then(|| instance.drained()).flatten();
        gone.push(Gone { after: began.elapsed(), drained });
    }
    Ok((new, gone))
}
