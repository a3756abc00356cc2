//! The words around the numbers: what runs, what stands in for what, how to read it.

use super::arguments::Arguments;
use super::balancer::LATENCY;
use super::delays::LISTS;
use super::instance::Drained;
use super::stage::{INSTANCES, Measured};
use std::time::Duration;

/// Printed before the start.
pub(crate) fn before(arguments: &Arguments) -> String {
    let names = arguments.only.iter().map(|strategy| strategy.title());
    let names = Vec::from_iter(names).join(", ");
    let Arguments { seed, clients, slow, .. } = arguments;
    let propagation = arguments.propagation.as_secs_f64();
    let latency = LATENCY.as_millis();
    format!(
        "\
A rolling update of {INSTANCES} HTTP servers, once per strategy, all at the same time on this machine:
  {names}

real            every server is a process of its own (HTTP/1.1, correct graceful shutdown, at most
                10 s); its sockets, its SIGTERM and its exit are the kernel's. lameduck is
                `lameduck run -- SERVER`, the product without Kubernetes: SIGTERM to it, the drain,
                SIGTERM to the server. \"+ notify\": the server is told, and answers with
                `Connection: close` from then on.
stands in       for kube-proxy: a small TCP balancer per strategy with {LISTS} lists, as of {LISTS} nodes. It
                picks an instance per connection and never moves one; each list forgets a stopping
                instance after its own delay: lognormal, p99 {propagation} s. {latency} ms each way.
                For the kubelet: this program. It starts the new instance, waits until it answers,
                removes the old one's endpoint and at the same moment begins its preStop:
                nothing, a sleep, or lameduck (told the p99, not the delays).
load            {clients} clients per strategy, together about 90 requests a second: two thirds on
                kept connections (POST), one third with a new connection for each request.
                5-20 ms each, {slow} % take 1-3 s. No retries; a kept connection that is seen closed
                before the request is written is dialled anew and does not count.
seed            {seed} (the delays and what the clients do are the same for every strategy)
"
    )
}

/// Printed below the table.
pub(crate) fn after(measured: &Measured) -> String {
    let mut text = String::from("the lists forgot the old instances after\n");
    for (number, delays) in (1..).zip(&measured.delays) {
        let mut delays = *delays;
        delays.sort();
        let all = delays.iter().map(|delay| format!("{:.2}", delay.as_secs_f64()));
        text += &format!("  instance {number}: {} s\n", Vec::from_iter(all).join(" "));
    }
    text += &drains(measured);
    let (seed, took) = (measured.arguments.seed, round_up(measured.took));
    text + &format!(
        "
how to read it
  refused, reset  the server stopped while a list still sent it new connections: the hold was
                  too short for the slowest list.
  eof             the server closed a kept connection while a request was on its way to it. No
                  wait helps against that, only an application that says `Connection: close`
                  before it stops: that is what notify is for. The more requests a second, the
                  more of them; at 90 a second many runs have none.
  gone s, max     from the decision to stop an old instance to its exit, median and longest. Each
                  second is a slower rollout, and two instances where one would do.
One run is an anecdote: repeat it with other seeds, and with --propagation longer or shorter than
your sleep. And it is not a cluster: figures from a real one belong in docs/performance.md.
This took {took} s; to repeat it: lameduck demo --seed {seed}
"
    )
}

fn drains(measured: &Measured) -> String {
    let mut text = String::new();
    for row in &measured.rows {
        let said = row.gone.iter().filter_map(|gone| gone.drained.as_ref()).map(|drained| {
            let Drained { outcome, limited_by } = drained;
            match limited_by {
                Some(limited_by) => format!("{outcome} (limited by {limited_by})"),
                None => outcome.clone(),
            }
        });
        let said = Vec::from_iter(said).join(", ");
        if !said.is_empty() {
            text += &format!("what {} said of its drains: {said}\n", row.strategy.title());
        }
    }
    text
}

fn round_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::report::tests::measured;

    #[test]
    fn it_says_what_stands_in_for_what() {
        let text = before(&measured().arguments);
        assert!(text.contains("stands in       for kube-proxy"), "{text}");
        assert!(text.contains("p99 3 s") && text.contains("5 ms each way"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn it_shows_the_delays_and_what_lameduck_said() {
        let text = after(&measured());
        assert!(text.contains("instance 2: 1.25 1.25"), "{text}");
        assert!(text.contains("of its drains: pinned (limited by pinned_wait), pinned"), "{text}");
        assert!(text.contains("--seed 7"), "{text}");
    }
}
