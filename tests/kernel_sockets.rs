//! The socket table against real loopback sockets of this process. No privileges needed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use lameduck::config::{PortsSetting, SocketSource, SocketsConfig};
use lameduck::drain::{Census, Plan, PortCensus, Protocol, Reason, Trust};
use lameduck::inflight::{SocketTable, open};
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// A table that watches `listeners` as plain HTTP, unless `source` says otherwise.
fn table(source: SocketSource, listeners: &[&TcpListener]) -> Box<dyn SocketTable + Send> {
    let port = |listener: &&TcpListener| (listener.local_addr().unwrap().port(), Protocol::Http);
    let config = SocketsConfig {
        source,
        ports: PortsSetting::List(listeners.iter().map(port).collect()),
        exclude_ports: Vec::new(),
        declared: Vec::new(),
        quiet_h2: Duration::from_secs(5),
    };
    open(&config, &Plan::default(), &[], None)
}

fn kernel(listeners: &[&TcpListener]) -> Box<dyn SocketTable + Send> {
    let table = table(SocketSource::Kernel, listeners);
    assert!(
        table.describe().starts_with("kernel socket diagnostics: self-test passed"),
        "{}",
        table.describe()
    );
    table
}

#[expect(clippy::disallowed_methods, reason = "the test is the edge that owns the clock")]
fn now() -> Instant {
    Instant::now()
}

fn census(table: &mut dyn SocketTable) -> Census {
    table.census(now(), None).unwrap()
}

fn port(table: &mut dyn SocketTable) -> PortCensus {
    census(table).ports.remove(0)
}

/// Looks every 20 ms until `wanted`; the bound is only there to fail.
fn wait_for(
    table: &mut dyn SocketTable,
    what: &str,
    wanted: impl Fn(&PortCensus) -> bool,
) -> PortCensus {
    let until = now() + Duration::from_secs(20);
    loop {
        let port = port(table);
        if wanted(&port) {
            return port;
        }
        assert!(now() < until, "waited in vain for {what}: {port:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn listen(address: &str) -> TcpListener {
    TcpListener::bind(address).unwrap()
}

fn connect(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn exchange(client: &mut TcpStream, server: &mut TcpStream) {
    send(client, server, b"GET / HTTP/1.1\r\n\r\n");
    send(server, client, b"HTTP/1.1 204 No Content\r\n\r\n");
}

fn send(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    from.write_all(bytes).unwrap();
    to.read_exact(&mut vec![0; bytes.len()]).unwrap();
}

fn says(port: &PortCensus, reason: Reason) -> bool {
    port.reasons.iter().any(|&(known, _)| known == reason)
}

#[test]
fn a_request_in_flight_is_busy_until_it_is_answered_and_then_idle() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    let (mut client, mut server) = connect(&listener);
    exchange(&mut client, &mut server);
    table.begin_watch(now()).unwrap();
    wait_for(&mut *table, "idle keep-alive", |port| port.idle == 1 && port.busy == 0);

    send(&mut client, &mut server, b"GET /slow HTTP/1.1\r\n\r\n");
    let running = port(&mut *table);
    assert_eq!((running.busy, running.requesting, running.carried), (1, 1, 1), "{running:?}");
    assert!(running.oldest_request.is_some());
    std::thread::sleep(Duration::from_millis(600));
    let running = port(&mut *table);
    assert!(running.busy == 1 && says(&running, Reason::RequestNewer), "{running:?}");
    assert_eq!((running.requesting, running.progressing), (0, 0));

    send(&mut server, &mut client, b"HTTP/1.1 200 OK\r\n\r\n");
    let done = wait_for(&mut *table, "the answered request", |port| port.idle == 1);
    assert_eq!((done.carried, done.oldest_request), (1, None));
}

#[test]
fn an_unread_byte_is_busy() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    let (mut client, _server) = connect(&listener);
    table.begin_watch(now()).unwrap();
    client.write_all(b"G").unwrap();
    let busy = wait_for(&mut *table, "the queued byte", |port| says(port, Reason::Queue));
    assert_eq!((busy.busy, busy.idle), (1, 0));
}

#[test]
fn connections_that_nobody_accepts_are_backlog() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    table.begin_watch(now()).unwrap();
    let _clients = [(); 3].map(|()| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let port = port(&mut *table);
    assert_eq!((port.backlog, port.arrivals_local), (3, 3), "{port:?}");
}

#[test]
fn connections_from_before_the_watch_are_no_arrivals_and_later_ones_are_once() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    let _old = connect(&listener);
    table.begin_watch(now()).unwrap();
    let first = port(&mut *table);
    assert_eq!((first.arrivals, first.arrivals_local, first.established()), (0, 0, 1));
    let _new = connect(&listener);
    assert_eq!(port(&mut *table).arrivals_local, 1);
    assert_eq!(port(&mut *table).arrivals_local, 0);
}

#[test]
fn a_connection_between_two_looks_is_an_arrival() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    table.begin_watch(now()).unwrap();
    port(&mut *table);
    let (client, server) = connect(&listener);
    // The peer that closes second leaves no TIME_WAIT; both ends are gone from the table then.
    server.shutdown(Shutdown::Both).unwrap();
    drop((client, server));
    let seen = wait_for(&mut *table, "the destroy event", |port| port.arrivals_local > 0);
    assert_eq!(seen.arrivals_local, 1);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(port(&mut *table).arrivals_local, 0, "one connection arrives once");
}

#[test]
fn closed_connections_are_departures_and_their_late_events_no_arrivals() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    let pairs: Vec<_> = (0..20).map(|_| connect(&listener)).collect();
    table.begin_watch(now()).unwrap();
    assert_eq!(port(&mut *table).established(), 20);
    drop(pairs);
    let (mut departures, mut arrivals) = (0, 0);
    for _ in 0..20 {
        let port = port(&mut *table);
        departures += port.departures;
        arrivals += port.arrivals + port.arrivals_local;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((departures, arrivals), (20, 0));
}

#[test]
fn a_prober_and_a_peer_outside_are_told_apart() {
    let listener = listen("127.0.0.1:0");
    let mut table = kernel(&[&listener]);
    table.begin_watch(now()).unwrap();
    // Istio hands inbound traffic over from this address; it counts as outside.
    let from = |address: &str| {
        let socket = socket_from(address, listener.local_addr().unwrap());
        (socket, listener.accept().unwrap())
    };
    let _mesh = from("127.0.0.6");
    let seen = port(&mut *table);
    assert_eq!((seen.arrivals, seen.arrivals_local, seen.local), (1, 0, 0), "{seen:?}");
    assert_eq!(seen.last_arrival, Some(IpAddr::from([127, 0, 0, 6])));
    let _again = from("127.0.0.6");
    let prober = Some(IpAddr::from([127, 0, 0, 6]));
    let seen = table.census(now(), prober).unwrap().ports.remove(0);
    assert_eq!((seen.arrivals, seen.arrivals_from_prober), (0, 1), "{seen:?}");
    assert_eq!(seen.peers[0].connections, 2);
}

/// A client bound to `address`, which std cannot do by itself.
fn socket_from(address: &str, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

fn reusing_port(port: u16) -> TcpListener {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
        socket.listen(16).unwrap().into_std().unwrap()
    })
}

#[test]
fn every_listener_of_a_shared_port_has_its_own_cookie() {
    let one = reusing_port(0);
    let other = reusing_port(one.local_addr().unwrap().port());
    let mut table = kernel(&[&one]);
    let listeners = table.listeners(now()).unwrap();
    assert_eq!(listeners.len(), 2);
    assert_ne!(listeners[0].cookie, listeners[1].cookie);
    table.begin_watch(now()).unwrap();
    assert_eq!(census(&mut *table).listeners.len(), 2);
    drop(other);
    let left = census(&mut *table).listeners;
    assert!(left.len() == 1 && listeners.contains(&left[0]));
}

#[test]
fn both_families_come_in_one_walk_and_mapped_peers_are_ipv4() {
    let (six, dual) = (listen("[::1]:0"), listen("[::]:0"));
    let mut table = kernel(&[&six, &dual]);
    table.begin_watch(now()).unwrap();
    let _six = connect(&six);
    let to = SocketAddr::from(([127, 0, 0, 1], dual.local_addr().unwrap().port()));
    let _mapped = (TcpStream::connect(to).unwrap(), dual.accept().unwrap());
    let mut peers: Vec<IpAddr> =
        census(&mut *table).ports.iter().map(|port| port.peers[0].peer).collect();
    peers.sort();
    assert_eq!(peers, [IpAddr::from([127, 0, 0, 1]), "::1".parse::<IpAddr>().unwrap()]);
}

#[test]
fn foreign_ports_are_left_out() {
    let (ours, foreign) = (listen("127.0.0.1:0"), listen("127.0.0.1:0"));
    let mut table = kernel(&[&ours]);
    let _foreign = connect(&foreign);
    table.begin_watch(now()).unwrap();
    let _more = connect(&foreign);
    let census = census(&mut *table);
    assert_eq!((census.ports.len(), census.listeners.len()), (1, 1));
    assert_eq!((census.ports[0].established(), census.ports[0].arrivals_local), (0, 0));
}

#[test]
fn of_a_process_tree_only_owned_listeners_count_and_arrivals_are_counted() {
    let (ours, foreign) = (listen("127.0.0.1:0"), listen("127.0.0.1:0"));
    let inode = socket_inode(&ours);
    let config = SocketsConfig {
        source: SocketSource::Kernel,
        ports: PortsSetting::Auto,
        exclude_ports: Vec::new(),
        declared: Vec::new(),
        quiet_h2: Duration::from_secs(5),
    };
    let mut table = open(&config, &Plan::default(), &[], Some(Box::new(move || Some(vec![inode]))));
    let _old = connect(&ours);
    assert_eq!(table.accepted(), Some(0), "what was there before did not arrive");
    let _new = (connect(&ours), connect(&ours), connect(&foreign));
    assert_eq!(table.accepted(), Some(2));
    table.begin_watch(now()).unwrap();
    let _more = connect(&ours);
    let census = census(&mut *table);
    assert_eq!(census.ports.len(), 1);
    assert_eq!(census.ports[0].port, ours.local_addr().unwrap().port());
    assert_eq!(census.ports[0].arrivals_local, 1);
    assert_eq!(table.accepted(), Some(3));
}

fn socket_inode(listener: &TcpListener) -> u64 {
    use std::os::fd::AsRawFd;
    let link = std::fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd())).unwrap();
    let text = link.to_str().unwrap();
    text.trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap()
}

#[test]
fn the_fallback_counts_and_says_that_it_does_not_judge() {
    let listener = listen("127.0.0.1:0");
    let mut table = table(SocketSource::ProcNet, &[&listener]);
    assert!(table.describe().contains("counted and not judged"), "{}", table.describe());
    let _old = connect(&listener);
    table.begin_watch(now()).unwrap();
    let new = connect(&listener);
    let seen = census(&mut *table);
    assert!(matches!(&seen.trust, Trust::CountedOnly(why) if why.contains("asked for")));
    let port = &seen.ports[0];
    assert_eq!((port.unknown, port.busy, port.idle, port.arrivals_local), (2, 0, 0, 1));
    assert_eq!(seen.listeners.len(), 1);
    drop(new);
    wait_for(&mut *table, "the departure", |port| port.unknown == 1);
}
