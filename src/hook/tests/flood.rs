use super::*;

/// The places of the house, and a few for connections that are just leaving.
const MOST: usize = super::super::MOST_CONNECTIONS;

async fn hang(house: &House, number: usize) -> Vec<TcpStream> {
    let mut hanging = Vec::new();
    for _ in 0..number {
        hanging.push(house.connect().await);
    }
    hanging
}

/// Answers strangers as the core does: 32 places, the rest is sent away.
fn run_core(mut inbox: mpsc::UnboundedReceiver<Message>) -> mpsc::UnboundedReceiver<Message> {
    let (others, rest) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(message) = inbox.recv().await {
            match message {
                Message::Call { input: Input::StrangerCalled { .. }, reply, .. } => {
                    if held.len() < 32 {
                        held.push(reply);
                    } else {
                        reply.send(Answer::Full).unwrap();
                    }
                }
                other => others.send(other).unwrap(),
            }
        }
    });
    rest
}

#[tokio::test]
async fn the_probe_and_the_hook_come_through_a_flood_from_afar() {
    let mut house = house();
    house.inbox = run_core(house.inbox);
    let first = house.send(&trusted("/prestop?container=app")).await;
    let (_, _, reply) = house.call().await;

    let _hanging = hang(&house, 300).await;
    let mut strangers = Vec::new();
    for _ in 0..64 {
        strangers.push(house.send(&stranger("/prestop")).await);
    }
    let start = tokio::time::Instant::now();
    assert!(house.ask(&trusted("/readyz")).await.ends_with("ready\n"));
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    assert!(matches!(house.message().await, Message::Probe { ready: true, .. }));

    let second = house.send(&trusted("/prestop?container=web")).await;
    let (_, _, another) = house.call().await;
    assert!(house.gauge.places.taken() <= MOST);
    let _more = hang(&house, 300).await;
    for (reply, stream) in [(reply, first), (another, second)] {
        reply.send(Answer::Done).unwrap();
        assert_eq!(json(&rest(stream).await)["answer"], "done");
    }
    assert!(house.gauge.places.taken() <= MOST);
}

#[tokio::test]
async fn the_address_of_the_probes_is_not_pushed_out_from_afar() {
    let near = IpAddr::from(Ipv4Addr::new(127, 0, 0, 2));
    let house = house_with(Wish { near, ..Wish::default() });
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(near, 0)).unwrap();
    let home = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), house.port);
    let mut kubelet = socket.connect(home).await.unwrap();
    until("the kubelet is in", || house.gauge.accepted() == 1).await;
    let _hanging = hang(&house, MOST + 200).await;
    until("all were accepted", || house.gauge.accepted() as usize == MOST + 201).await;
    kubelet.write_all(stranger("/readyz").as_bytes()).await.unwrap();
    assert!(rest(kubelet).await.ends_with("ready\n"));
}

#[tokio::test]
async fn who_says_nothing_is_shown_the_door() {
    let limits = Limits { head: Duration::from_millis(100), ..Limits::default() };
    let mut house = house_with(Wish { limits, ..Wish::default() });
    let silent = house.connect().await;
    let slow = house.send("GET /prestop HTTP/1.1\r\nHo").await;
    assert_eq!(rest(silent).await, "");
    assert!(!rest(slow).await.contains("200"));
    // The clock is for the head of the request only.
    let waiting = house.send(&trusted("/prestop")).await;
    let (_, _, reply) = house.call().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(is_quiet(&waiting));
    reply.send(Answer::Done).unwrap();
    assert_eq!(json(&rest(waiting).await)["answer"], "done");
}

#[tokio::test]
async fn a_huge_head_and_garbage_are_refused_and_change_nothing() {
    let mut house = house();
    let huge = format!("GET /prestop HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /prestop HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200));
    let long = format!("GET /prestop?{} HTTP/1.1\r\n\r\n", "y".repeat(100_000));
    for request in [&huge, &many, &long, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "hello\r\n\r\n"] {
        let mut stream = house.connect().await;
        stream.write_all(request.as_bytes()).await.ok();
        let mut answer = Vec::new();
        patiently(stream.read_to_end(&mut answer)).await.ok();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer:?} to {request:.40}");
    }
    assert!(house.is_silent());
    assert!(house.ask(&stranger("/readyz")).await.ends_with("ready\n"));
}

#[tokio::test]
async fn a_body_that_never_comes_holds_nothing_up() {
    let mut house = house();
    let request = trusted("/stopping").replacen("\r\n\r\n", "\r\nContent-Length: 99999\r\n\r\n", 1);
    let response = house.ask(&request.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1)).await;
    assert_eq!(status(&response), "HTTP/1.1 200 OK");
    assert!(matches!(house.message().await, Message::Input(Input::OwnHookCalled)));
}
