use super::*;
use crate::drain::Protocol;
use std::net::TcpListener;
use std::net::TcpStream;

fn watching(listener: &TcpListener) -> KernelSockets {
    let port = listener.local_addr().unwrap().port();
    let setting = PortsSetting::List(vec![(port, Protocol::Http)]);
    let rules =
        PortRules { setting, exclude: vec![], protocols: vec![], containers: vec![], own: vec![] };
    let tested = KernelSockets::test().unwrap();
    KernelSockets::new(tested, rules, Duration::from_secs(5), None)
}

/// A census that may be remembered, whatever other tests do to the counters meanwhile.
fn remembering(sockets: &mut KernelSockets, now: Instant) -> Option<Segments> {
    let segments = sockets.snmp.read();
    let census = sockets.census(now, None).unwrap();
    sockets.remembered = None;
    sockets.remember(&census, segments);
    segments
}

#[test]
fn an_idle_census_is_answered_from_memory_until_a_segment_moves_or_it_is_old() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sockets = watching(&listener);
    let now = clock();
    let segments = remembering(&mut sockets, now);
    let later = now + Duration::from_millis(200);
    let again = sockets.answer_from_memory(later, segments).unwrap().unwrap();
    assert_eq!((again.began, again.listeners.len()), (later, 1));

    let moved = segments.map(|segments| Segments { accepted: segments.accepted + 1, ..segments });
    assert_eq!(sockets.answer_from_memory(later, moved).unwrap(), None);
    remembering(&mut sockets, now);
    assert_eq!(
        sockets.answer_from_memory(later, None).unwrap(),
        None,
        "unreadable is not unchanged"
    );
    let segments = remembering(&mut sockets, now);
    let old = now + Duration::from_secs(60);
    assert_eq!(sockets.answer_from_memory(old, segments).unwrap(), None);
}

#[test]
fn nothing_is_remembered_while_a_connection_may_change_by_time_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sockets = watching(&listener);
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    remembering(&mut sockets, clock());
    assert!(sockets.remembered.is_none(), "a fresh connection is busy");
    drop(server);
    remembering(&mut sockets, clock());
    assert!(sockets.remembered.is_none(), "a closing one goes away by itself");
    drop(client);
}

#[test]
fn an_answer_from_memory_notices_a_backlog_and_a_lost_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sockets = watching(&listener);
    let now = clock();
    let segments = remembering(&mut sockets, now);
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(sockets.answer_from_memory(now, segments).unwrap(), None);
    drop((client, listener));
    let segments = remembering(&mut sockets, now);
    if let Some(census) = sockets.answer_from_memory(now, segments).unwrap() {
        assert_eq!(census.listeners, []);
    }
}
