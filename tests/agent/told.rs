//! What the agent says: metrics, status, notices.

use crate::support::{Agent, Server, agent::path, until};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;

/// The names in the table of the page between its two marks.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../docs/observability.md");
    let table = page.split("<!-- metrics:begin -->").nth(1).unwrap();
    let table = table.split("<!-- metrics:end -->").next().unwrap();
    let names = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    names.map(str::to_owned).collect()
}

#[test]
fn the_documented_metrics_are_those_that_are_scraped() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    assert_eq!(agent.stop().ended()["outcome"], "drained");
    let text = agent.scrape();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let scraped: BTreeSet<_> = types
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, kind)| format!("{name}{}", if kind == "counter" { "_total" } else { "" }))
        .collect();
    assert_eq!(scraped, documented());
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(agent.metric("lameduck_phase{phase=\"ended\"}"), 1.0);
    assert_eq!(agent.metric("lameduck_unready"), 1.0);
    assert_eq!(agent.metric("lameduck_hook_wait_seconds_count"), 1.0);
    drop(server);
    agent.leaves();
}

#[test]
fn the_status_explains_a_drain_while_it_runs() {
    let server = Server::start();
    let agent = Agent::beside(&server, &[]);
    let mut slow = server.connect();
    slow.request();
    let call = agent.stop();
    let status = agent.until("the request is awaited", |status| {
        status["waiting_for"].as_str().is_some_and(|what| what.contains("1 busy on port"))
    });
    let port = &status["ports"][0];
    assert_eq!((&port["port"], &port["busy"]), (&server.port().into(), &1.into()), "{status}");
    assert_eq!((&status["kind"], &status["callers"]), (&"pod_stop".into(), &1.into()));
    assert!(status["seconds"]["budget_left"].as_f64().unwrap() <= 19.0, "{status}");
    assert!(status["about"]["in-flight"].as_str().unwrap().contains("self-test"), "{status}");
    let said = lameduck::control::client::status(&agent.socket, false);
    assert!(said.out.contains("127.0.0.6"), "the peer is not named: {}", said.out);
    slow.answer();
    assert_eq!(call.ended()["outcome"], "drained");
    drop((server, slow));
    agent.leaves();
}

#[test]
fn the_application_is_told_and_an_unwilling_one_does_not_hold() {
    let server = Server::start();
    let told = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/drain", told.local_addr().unwrap());
    let file = path("phase");
    let settings =
        [("notify", url.as_str()), ("notify-file", file.to_str().unwrap()), ("idle-wait", "0s")];
    let agent = Agent::beside(&server, &settings);
    let call = agent.stop();
    let (mut notice, _) = told.accept().unwrap();
    let mut request = [0; 1024];
    let length = notice.read(&mut request).unwrap();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    assert!(request.starts_with("POST /drain HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\"withdrawing\""), "{request}");
    let written = || std::fs::read_to_string(&file).ok();
    assert_eq!(until("the file is written", written).trim(), "withdrawing");
    // Garbage, and from here on silence: connections that nobody accepts.
    notice.write_all(b"no answer at all\r\n\r\n").unwrap();
    drop(notice);
    let body = call.ended();
    assert_eq!(body["outcome"], "drained", "{body}");
    assert!(body["seconds"]["total"].as_f64().unwrap() < 15.0, "{body}");
    drop((server, told));
    agent.leaves();
    std::fs::remove_file(&file).ok();
}
