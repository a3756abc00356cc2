//! When each list forgets an instance that is being stopped.

use std::time::Duration;

/// Lists (nodes, each with a kube-proxy of its own) per strategy. Not one: in a cluster the last
/// of many lists decides how long late connections come, and it is far slower than the typical.
pub(crate) const LISTS: usize = 6;

/// The typical list changes after this part of the p99. A cluster's lists are mostly quick
/// (0.6 s where the p99 is 5 s): the tail is what fixed sleeps are chosen for.
const MEDIAN_OF_P99: f64 = 0.12;
/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_87;

/// One delay per list, lognormal with the 99th percentile at `propagation`.
pub(crate) fn draw(random: &mut fastrand::Rng, propagation: Duration) -> [Duration; LISTS] {
    std::array::from_fn(|_| propagation.mul_f64(factor(standard_normal(random))))
}

/// What the p99 is multiplied with for a draw that lies `z` standard deviations off the median.
fn factor(z: f64) -> f64 {
    let sigma = -MEDIAN_OF_P99.ln() / Z99;
    MEDIAN_OF_P99 * (sigma * z).exp()
}

/// Box-Muller.
fn standard_normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_delay_in_a_hundred_is_longer_than_the_propagation() {
        let mut random = fastrand::Rng::with_seed(7);
        let propagation = Duration::from_secs(3);
        let all: Vec<_> = (0..4000).flat_map(|_| draw(&mut random, propagation)).collect();
        let longer = all.iter().filter(|delay| **delay > propagation).count() as f64;
        let share = longer / all.len() as f64;
        assert!((0.007..0.013).contains(&share), "{share} of the delays exceed the p99");
        let below = all.iter().filter(|delay| **delay < propagation.mul_f64(MEDIAN_OF_P99)).count();
        let half = below as f64 / all.len() as f64;
        assert!((0.48..0.52).contains(&half), "{half} of the delays are below the median");
    }

    #[test]
    fn the_same_seed_draws_the_same_delays() {
        let draws = |seed| draw(&mut fastrand::Rng::with_seed(seed), Duration::from_secs(3));
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
