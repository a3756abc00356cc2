//! A worker listens nowhere: nothing can be in flight that the kernel could show.

use lameduck_live::place::free_address;
use lameduck_live::process::Process;
use lameduck_live::{Agent, Kubelet, Place};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_worker_without_a_listener_is_let_go_after_withdrawing() {
    let place = Place::new("worker");
    let mut command = Command::new("sleep");
    command.arg("600");
    let worker = Arc::new(Process::start("worker", command, place.path("worker.log")));
    let ports = format!("{}/http", free_address().port());
    let agent = Arc::new(Agent::start(&place, &ports, &["--propagation", "2s"]));

    let stopped = Kubelet::stop_pod(&agent, &worker).finish();

    let held = stopped.held();
    assert!(held < Duration::from_secs(5), "held {held:?}: {}", stopped.verdict.body);
    assert!(
        ["drained", "app-gone"].contains(&stopped.verdict.outcome.as_str()),
        "{}",
        stopped.verdict.body
    );
}
