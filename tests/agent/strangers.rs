//! Whoever reaches the pod's address without the token: held, and nothing is changed for it.

use crate::support::{Agent, Call, Server, until};
use lameduck::control::client;
use std::net::TcpStream;
use std::time::Duration;

/// Nothing has begun: the pod serves and is ready.
fn is_untouched(agent: &Agent) {
    let status = agent.status();
    assert_eq!((&status["phase"], &status["ready"]), (&"serving".into(), &true.into()), "{status}");
    assert!(agent.probe());
    assert_eq!(agent.metric("lameduck_unready"), 0.0);
}

#[test]
fn a_wrong_or_missing_token_changes_nothing() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("restart-drain", "1s")]);
    let wrong = ["Lameduck-Token: b-token-of-the-wire-ring".to_owned()];
    let calls = [agent.stranger(), Call::get(agent.hook, "/prestop", &wrong), agent.stranger()];
    agent.until("all are held", |status| status["strangers"] == 3);
    is_untouched(&agent);
    for headers in [&[][..], &wrong] {
        assert_eq!(Call::get(agent.hook, "/stopping", headers).reply().status, 403);
    }
    for call in calls {
        let reply = call.reply();
        assert_eq!(reply.json()["answer"], "stranger");
        assert!(reply.after >= Duration::from_secs(1), "held for less than restart-drain");
    }
    is_untouched(&agent);
    let counted = ["stranger_held", "bad_token", "own_refused", "trusted", "own"];
    assert_eq!(counted.map(|decision| agent.hook_calls(decision)), [2.0, 2.0, 1.0, 0.0, 0.0]);
    drop(server);
    agent.leaves();
}

#[test]
fn strangers_are_answered_with_the_kubelet_when_a_stop_is_known() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("propagation", "1500ms"), ("restart-drain", "500ms")]);
    let call = agent.stop();
    agent.until_phase("withdrawing");
    let stranger = agent.stranger();
    let total = call.ended()["seconds"]["total"].as_f64().unwrap();
    let reply = stranger.reply();
    assert_eq!(reply.json()["answer"], "stranger");
    assert!(reply.after > Duration::from_millis(500) && total >= 1.5, "{reply:?}");
    drop(server);
    agent.leaves();
}

#[test]
fn more_strangers_than_places_are_sent_away_and_the_kubelet_is_not() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("restart-drain", "5s")]);
    let calls: Vec<_> = (0..60).map(|_| agent.stranger()).collect();
    until("those without a place are told", || {
        (agent.hook_calls("stranger_refused") >= 28.0).then_some(())
    });
    assert!(agent.status()["strangers"].as_u64().unwrap() <= 32);
    assert!(agent.probe());
    assert_eq!(agent.stop().ended()["outcome"], "drained");
    let statuses: Vec<_> = calls.into_iter().map(|call| call.reply().status).collect();
    let (held, refused) = (count(&statuses, 200), count(&statuses, 503));
    assert!(held + refused == 60 && (16..=32).contains(&held), "{held} held, {refused} refused");
    drop(server);
    agent.leaves();
}

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

#[test]
fn a_flood_of_silent_connections_keeps_out_neither_probe_nor_hook() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    assert!(agent.probe());
    let _silent: Vec<_> = (0..300).map(|_| TcpStream::connect(agent.hook).unwrap()).collect();
    assert!(agent.probe());
    let call = agent.stop();
    let _more: Vec<_> = (0..300).map(|_| TcpStream::connect(agent.hook).unwrap()).collect();
    assert_eq!(call.ended()["outcome"], "drained");
    drop(server);
    agent.leaves();
}

#[test]
fn without_a_token_the_own_hook_and_a_stranger_are_a_pod_stop() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("hook-token", "none")]);
    let call = agent.stranger();
    agent.until("it is held", |status| status["strangers"] == 1);
    assert_eq!(agent.status()["phase"], "serving");
    agent.command(client::stopping);
    agent.until_phase("withdrawing");
    let reply = call.reply();
    assert_eq!(reply.json()["answer"], "stranger");
    let last = &agent.until_phase("ended")["last"];
    assert_eq!((&last["outcome"], &last["kind"]), (&"drained".into(), &"pod_stop".into()));
    drop(server);
    agent.leaves();
}

#[test]
fn without_a_token_a_stranger_alone_changes_nothing() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[("hook-token", "none"), ("restart-drain", "300ms")]);
    assert_eq!(agent.stranger().reply().json()["answer"], "stranger");
    let status = agent.status();
    assert_eq!((&status["phase"], &status["ready"]), (&"serving".into(), &true.into()));
    drop(server);
    agent.leaves();
}
