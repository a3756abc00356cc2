use super::*;

fn held(input: &Input) -> bool {
    match input {
        Input::StrangerCalled { near, .. } => *near,
        other => panic!("not a stranger: {other:?}"),
    }
}

fn with_token(token: &str) -> String {
    format!("GET /prestop HTTP/1.1\r\nHost: h\r\nLameduck-Token: {token}\r\n\r\n")
}

#[tokio::test]
async fn a_caller_without_the_token_is_held_as_a_stranger() {
    let mut house = house();
    let stream = house.send(&stranger("/prestop?container=app")).await;
    let (_, input, reply) = house.call().await;
    assert!(!held(&input));
    reply.send(Answer::Stranger).unwrap();
    let response = rest(stream).await;
    assert_eq!(status(&response), "HTTP/1.1 200 OK");
    assert_eq!(json(&response)["answer"], "stranger");
    assert_eq!(house.decisions(), [Decision::StrangerHeld]);
}

#[tokio::test]
async fn no_wrong_token_is_believed() {
    let mut house = house();
    let flipped = format!("{}g", &TOKEN[..TOKEN.len() - 1]);
    let longer = format!("{TOKEN}0");
    for wrong in ["", "0", &TOKEN[..TOKEN.len() - 1], &longer, &flipped, "\u{fc}\u{fc}"] {
        let stream = house.send(&with_token(wrong)).await;
        let (_, input, reply) = house.call().await;
        assert!(!held(&input), "{wrong:?} was believed");
        reply.send(Answer::Stranger).unwrap();
        rest(stream).await;
    }
    assert_eq!(house.decisions(), [Decision::BadToken; 6]);
}

#[tokio::test]
async fn without_a_configured_token_nobody_is_believed() {
    let mut house = house_with(Wish { token: None, ..Wish::default() });
    for request in [with_token(TOKEN), with_token(""), stranger("/prestop")] {
        let stream = house.send(&request).await;
        let (_, input, reply) = house.call().await;
        assert!(!held(&input));
        reply.send(Answer::Stranger).unwrap();
        rest(stream).await;
    }
    let response = house.ask(&trusted("/stopping")).await;
    assert_eq!(status(&response), "HTTP/1.1 403 Forbidden");
    assert!(house.is_silent());
}

#[tokio::test]
async fn the_own_hook_of_a_stranger_changes_nothing() {
    let mut house = house();
    let wrong = trusted("/stopping").replace(TOKEN, "x");
    for (request, decision) in
        [(stranger("/stopping"), Decision::OwnRefused), (wrong, Decision::BadToken)]
    {
        let response = house.ask(&request).await;
        assert_eq!(status(&response), "HTTP/1.1 403 Forbidden");
        assert_eq!(json(&response)["answer"], "refused");
        assert_eq!(house.decisions().pop(), Some(decision));
    }
    assert!(house.is_silent());
}

#[tokio::test]
async fn a_stranger_from_the_probes_address_is_known_as_near() {
    let near = IpAddr::from(Ipv4Addr::LOCALHOST);
    let mut house = house_with(Wish { near, ..Wish::default() });
    let _stream = house.send(&stranger("/prestop")).await;
    let (_, input, _reply) = house.call().await;
    assert!(held(&input), "an IPv4 peer on the dual-stack socket was not recognised");
}

#[tokio::test]
async fn a_stranger_without_a_place_is_sent_away() {
    let mut house = house();
    let stream = house.send(&stranger("/prestop")).await;
    let (_, _, reply) = house.call().await;
    reply.send(Answer::Full).unwrap();
    let response = rest(stream).await;
    assert_eq!(status(&response), "HTTP/1.1 503 Service Unavailable");
    assert_eq!(json(&response)["answer"], "full");
    assert_eq!(house.decisions(), [Decision::StrangerRefused]);
}

#[tokio::test]
async fn a_stranger_that_leaves_frees_its_place() {
    let mut house = house();
    let stream = house.send(&stranger("/prestop")).await;
    let (caller, _, reply) = house.call().await;
    drop(stream);
    match house.message().await {
        Message::Input(Input::CallerLeft { caller: left }) => assert_eq!(left, caller),
        other => panic!("not a leaving: {other:?}"),
    }
    assert!(reply.is_closed());
    until("its connection is gone", || house.gauge.places.taken() == 0).await;
    assert_eq!(house.decisions(), [Decision::StrangerLeft]);
}
