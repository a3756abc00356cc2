//! The kubelet's own probes tell a deletion, which leaves them running, from an eviction or a
//! node's shutdown, which stops them and grants less time than the pod's grace.

use lameduck_live::kubelet::Probes;
use lameduck_live::{Agent, Connection, Kind, Kubelet, Place, Request, Server, Stopped, clock};
use std::sync::Arc;
use std::thread::spawn;
use std::time::{Duration, Instant};

/// A request longer than what `kubelet-stop-cap` leaves of its 15 s, and shorter than the budget.
const LONG: Duration = Duration::from_secs(9);

#[test]
fn a_deletion_goes_on_probing_and_has_the_whole_budget() {
    let (stopped, completed, statuses) = stop_with_a_long_request(true);
    assert_eq!(stopped.verdict.outcome, "drained", "{}", stopped.verdict.body);
    assert!(completed < stopped.answered, "{}", stopped.verdict.body);
    let (first, last) = (statuses.first(), statuses.last());
    assert_eq!(first, Some(&200), "ready before the stop: {statuses:?}");
    assert_eq!(last, Some(&503), "unready at the end of the drain: {statuses:?}");
}

#[test]
fn probes_that_stay_away_after_the_stop_shorten_the_budget() {
    let (stopped, completed, _) = stop_with_a_long_request(false);
    assert_eq!(stopped.verdict.outcome, "deadline", "{}", stopped.verdict.body);
    assert_eq!(stopped.verdict.limited_by, "kubelet_stop_cap", "{}", stopped.verdict.body);
    assert!(stopped.answered < completed, "{}", stopped.verdict.body);
}

fn stop_with_a_long_request(goes_on_probing: bool) -> (Stopped, Instant, Vec<u16>) {
    let place = Place::new("probed");
    let server = Arc::new(Server::start(Kind::Go, &place));
    let agent = Arc::new(Agent::start(&place, &server.declared_port(), &["--propagation", "1s"]));
    let probes = Probes::every(Duration::from_millis(500), &agent);
    probes.wait_for(6);
    let mut connection = Connection::open(&server.target()).expect("the server accepts");
    let request = Request::get(format!("/slow?ms={}", LONG.as_millis()));
    connection.send(&request).expect("the request can be sent");
    let client = spawn(move || (connection.read_reply(), clock::now()));
    clock::pause(Duration::from_millis(200));

    let stop = Kubelet::stop_pod(&agent, &server);
    let mut statuses = Vec::new();
    if goes_on_probing {
        // Until just before the agent itself is stopped.
        clock::pause(LONG);
        statuses = probes.statuses();
    }
    drop(probes);
    let stopped = stop.finish();
    let (reply, completed) = client.join().expect("the client did not panic");
    // The Go server's own shutdown waits for it, even where the drain could not.
    assert_eq!(reply.expect("the long request is answered").status, 200);
    (stopped, completed, statuses)
}
