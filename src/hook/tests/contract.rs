use super::*;
use crate::drain::{LimitedBy, Outcome, StopKind, Summary};
use std::net::Ipv6Addr;

fn called(input: &Input) -> Option<&str> {
    match input {
        Input::HookCalled { container, .. } => container.as_deref(),
        other => panic!("not an app hook: {other:?}"),
    }
}

fn ended() -> Answer {
    Answer::Ended(Arc::new(Summary {
        outcome: Outcome::Drained,
        limited_by: LimitedBy::Silence,
        kind: StopKind::PodStop,
        total: Duration::from_millis(1_500),
        withdrawing: Duration::from_secs(1),
        emptying: Duration::from_millis(500),
        budget: None,
        in_flight_at_start: None,
        in_flight_at_end: None,
        late_connections: 0,
        last_new_connection: None,
        leftovers: Vec::new(),
        waiting_for: None,
        caveats: Vec::new(),
        advice: None,
    }))
}

#[tokio::test]
async fn the_answer_is_one_plain_response_and_nothing_comes_before_it() {
    let mut house = house();
    let stream = house.send(&trusted("/prestop?container=app")).await;
    let (caller, input, reply) = house.call().await;
    assert_eq!(called(&input), Some("app"));
    assert!(matches!(input, Input::HookCalled { caller: inner, .. } if inner == caller));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(is_quiet(&stream), "a byte or an end came before the answer");
    assert_eq!(house.gauge.unanswered(), 1);

    reply.send(ended()).unwrap();
    let response = rest(stream).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_lowercase).collect();
    assert_eq!(lines.remove(0), "http/1.1 200 ok");
    lines.sort();
    assert_eq!(
        lines,
        [
            "connection: close".to_owned(),
            format!("content-length: {}", body.len()),
            "content-type: application/json".to_owned(),
        ]
    );
    let body = json(&response);
    assert_eq!(body["answer"], "ended");
    assert_eq!(body["outcome"], "drained");
    assert_eq!(body["seconds"]["total"], 1.5);
    assert_eq!(house.decisions(), [Decision::Trusted]);
    until("the caller is answered", || house.gauge.unanswered() == 0).await;
}

#[tokio::test]
async fn paths_of_old_kubelets_and_queries_are_understood() {
    let mut house = house();
    for (path, name) in [
        ("//prestop?container=a%20b", Some("a b")),
        ("/prestop?x=1&container=app&y", Some("app")),
        ("/prestop?container=a%2Db%C3%BC", Some("a-bü")),
        ("/prestop?container=%zz%", Some("%zz%")),
        ("/prestop?container=", None),
        ("/prestop?", None),
        ("//prestop", None),
    ] {
        let stream = house.send(&trusted(path)).await;
        let (_, input, reply) = house.call().await;
        assert_eq!(called(&input), name, "{path}");
        reply.send(Answer::Nothing { because: "the stop is over" }).unwrap();
        let response = rest(stream).await;
        assert_eq!(status(&response), "HTTP/1.1 200 OK");
        assert_eq!(json(&response)["because"], "the stop is over");
    }
}

#[tokio::test]
async fn the_token_header_is_found_in_any_case() {
    let mut house = house();
    let request = format!("GET /prestop HTTP/1.1\r\nhost: h\r\nlAMEDUCK-tOKEN:{TOKEN}\r\n\r\n");
    let stream = house.send(&request).await;
    let (_, input, reply) = house.call().await;
    assert_eq!(called(&input), None);
    reply.send(Answer::Done).unwrap();
    rest(stream).await;
}

#[tokio::test]
async fn an_http_1_0_client_is_answered_like_any() {
    let mut house = house();
    let request = format!("GET /prestop HTTP/1.0\r\nLameduck-Token: {TOKEN}\r\n\r\n");
    let stream = house.send(&request).await;
    let (_, _, reply) = house.call().await;
    reply.send(Answer::Done).unwrap();
    let response = rest(stream).await;
    assert!(status(&response).ends_with(" 200 OK"), "{response}");
    assert!(response.to_lowercase().contains("content-length: "));
    assert_eq!(json(&response)["answer"], "done");
}

#[tokio::test]
async fn a_second_request_on_the_connection_is_not_read() {
    let mut house = house();
    let two = format!("{}{}", trusted("/prestop?container=app"), trusted("/stopping"));
    let stream = house.send(&two).await;
    let (_, _, reply) = house.call().await;
    reply.send(Answer::Done).unwrap();
    let response = rest(stream).await;
    assert_eq!(response.matches("HTTP/1.1").count(), 1);
    assert!(house.is_silent());
    assert_eq!(house.decisions(), [Decision::Trusted]);
}

#[tokio::test]
async fn bytes_behind_the_request_do_not_turn_the_answer_into_a_reset() {
    let mut house = house();
    let mut stream = house.send(&trusted("/prestop")).await;
    let (_, _, reply) = house.call().await;
    stream.write_all(&[b'x'; 40_000]).await.unwrap();
    reply.send(Answer::Done).unwrap();
    assert_eq!(json(&rest(stream).await)["answer"], "done");
}

#[tokio::test]
async fn a_client_that_leaves_cancels_nothing() {
    let mut house = house();
    let stream = house.send(&trusted("/prestop")).await;
    let (_, _, reply) = house.call().await;
    drop(stream);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(house.is_silent(), "the driver was told something about a client that left");
    assert!(!reply.is_closed());
    reply.send(Answer::Done).unwrap();
    until("its place is free", || house.gauge.places.taken() == 0).await;
}

#[tokio::test]
async fn a_client_that_closed_its_side_is_still_answered() {
    let mut house = house();
    let mut stream = house.send(&trusted("/prestop")).await;
    let (_, _, reply) = house.call().await;
    stream.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    reply.send(Answer::Done).unwrap();
    assert_eq!(json(&rest(stream).await)["answer"], "done");
}

#[tokio::test]
async fn twenty_callers_wait_side_by_side() {
    let mut house = house();
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(house.send(&trusted("/prestop?container=app")).await);
    }
    let mut replies = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let (caller, _, reply) = house.call().await;
        ids.insert(caller);
        replies.push(reply);
    }
    assert_eq!(ids.len(), 20);
    for reply in replies {
        reply.send(ended()).unwrap();
    }
    for stream in streams {
        assert_eq!(json(&rest(stream).await)["outcome"], "drained");
    }
    assert_eq!(house.gauge.accepted(), 20);
}

#[tokio::test]
async fn the_own_hook_is_answered_at_once() {
    let mut house = house();
    for path in ["/stopping", "//stopping?x=y"] {
        let response = house.ask(&trusted(path)).await;
        assert_eq!(status(&response), "HTTP/1.1 200 OK");
        assert!(matches!(house.message().await, Message::Input(Input::OwnHookCalled)));
    }
    assert_eq!(house.decisions(), [Decision::Own, Decision::Own]);
}

#[tokio::test]
async fn a_driver_that_is_gone_keeps_nobody_waiting() {
    let mut house = house();
    let waiting = house.send(&trusted("/prestop")).await;
    let (_, _, reply) = house.call().await;
    drop(reply);
    assert_eq!(json(&rest(waiting).await)["answer"], "failed");
    house.inbox.close();
    let response = house.ask(&trusted("/prestop")).await;
    assert_eq!(status(&response), "HTTP/1.1 200 OK");
    assert_eq!(json(&response)["answer"], "failed");
}

#[tokio::test]
async fn a_panic_in_the_listener_of_decisions_costs_no_answer() {
    let mut house = house_with(Wish { decided_panics: true, ..Wish::default() });
    let stream = house.send(&trusted("/prestop")).await;
    let (_, _, reply) = house.call().await;
    reply.send(Answer::Done).unwrap();
    assert_eq!(json(&rest(stream).await)["answer"], "done");
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let mut house = house();
    for path in ["/", "/prestop/", "///prestop", "/healthz", "/metrics", "/drain"] {
        assert_eq!(status(&house.ask(&trusted(path)).await), "HTTP/1.1 404 Not Found", "{path}");
    }
    for method in ["POST", "HEAD", "PUT"] {
        let request = trusted("/prestop").replacen("GET", method, 1);
        let response = house.ask(&request).await;
        assert_eq!(status(&response), "HTTP/1.1 405 Method Not Allowed", "{method}");
        assert!(response.to_lowercase().contains("\r\nallow: get\r\n"));
    }
    assert!(house.is_silent());
    assert_eq!(house.decisions()[5..7], [Decision::NotFound, Decision::WrongMethod]);
}

#[tokio::test]
async fn both_families_are_answered() {
    let house = house();
    for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        // A machine without IPv6 has only one family to show.
        let Ok(mut stream) = TcpStream::connect((ip, house.port)).await else {
            assert!(ip.is_ipv6());
            continue;
        };
        stream.write_all(stranger("/readyz").as_bytes()).await.unwrap();
        assert_eq!(status(&rest(stream).await), "HTTP/1.1 200 OK");
    }
}

#[tokio::test]
async fn a_probe_is_told_the_truth_and_counts_when_its_answer_was_read() {
    let mut house = house();
    assert!(house.ask(&trusted("/readyz")).await.ends_with("\r\n\r\nready\n"));
    let probed = |message| match message {
        Message::Probe { ready, from } => (ready, from),
        other => panic!("not a probe: {other:?}"),
    };
    let from = IpAddr::from(Ipv4Addr::LOCALHOST);
    assert_eq!(probed(house.message().await), (true, from));
    house.ready.store(false, Ordering::SeqCst);
    let response = house.ask(&trusted("//readyz")).await;
    assert_eq!(status(&response), "HTTP/1.1 503 Service Unavailable");
    assert!(response.to_lowercase().contains("\r\nconnection: close\r\n"));
    assert!(response.ends_with("\r\n\r\ndraining\n"));
    assert_eq!(probed(house.message().await), (false, from));
    assert_eq!(house.decisions(), [Decision::Probe, Decision::Probe]);
}

#[tokio::test]
async fn a_probe_that_never_read_its_answer_does_not_count() {
    let limits = Limits { closing: Duration::from_millis(50), ..Limits::default() };
    let mut house = house_with(Wish { limits, ..Wish::default() });
    let stream = house.send(&trusted("/readyz")).await;
    until("the place is free", || house.gauge.accepted() == 1 && house.gauge.places.taken() == 0)
        .await;
    assert!(house.is_silent());
    drop(stream);
}

#[tokio::test]
async fn only_the_kubelet_can_probe() {
    let kubelet = "GET /readyz HTTP/1.1\r\nHost: h\r\nUser-Agent: kube-probe/1.36\r\n\r\n";
    let mut with_token = house();
    let mut without = house_with(Wish { token: None, ..Wish::default() });
    assert!(with_token.ask(kubelet).await.ends_with("ready\n"));
    assert!(without.ask(&stranger("/readyz")).await.ends_with("ready\n"));
    assert!(without.ask(kubelet).await.ends_with("ready\n"));
    assert!(matches!(without.message().await, Message::Probe { ready: true, .. }));
    assert!(without.is_silent());
    assert_eq!(without.decisions(), [Decision::ForeignProbe, Decision::Probe]);
    until("the connection is over", || with_token.gauge.places.taken() == 0).await;
    assert!(with_token.is_silent());
    assert_eq!(with_token.decisions(), [Decision::ForeignProbe]);
}
