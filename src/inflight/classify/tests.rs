use super::*;
use crate::drain::Protocol;
use Verdict::{Busy, Idle};

/// A connection on which one request came and one answer went, long enough ago.
fn answered() -> TcpInfo {
    TcpInfo {
        last_data_sent: 5_000,
        last_data_recv: 5_100,
        last_ack_recv: 5_000,
        bytes_received: 1_000,
        bytes_sent: 2_000,
        segs_out: 14,
        data_segs_in: 10,
        data_segs_out: 10,
    }
}

fn row(info: TcpInfo) -> SocketRow {
    SocketRow { state: TcpState::Established, rqueue: 0, wqueue: 0, info: Some(info) }
}

fn rules(protocol: Protocol) -> Rules {
    Rules::new(protocol, Duration::from_secs(5))
}

fn first(protocol: Protocol, row: SocketRow) -> Verdict {
    SocketState::new(20_000).step(&row, 20_000, &rules(protocol)).verdict
}

/// Two looks 100 ms apart; the verdict of the second.
fn second(protocol: Protocol, before: TcpInfo, after: TcpInfo) -> Verdict {
    let mut socket = SocketState::new(20_000);
    socket.step(&row(before), 20_000, &rules(protocol));
    socket.step(&row(after), 20_100, &rules(protocol)).verdict
}

/// Request and answer in one jiffy, `age` ago, after `before`.
fn tied(before: TcpInfo, age: u32) -> TcpInfo {
    TcpInfo {
        last_data_sent: age,
        last_data_recv: age,
        last_ack_recv: age,
        bytes_received: before.bytes_received + 100,
        bytes_sent: before.bytes_sent + 200,
        ..before
    }
}

use std::time::Duration;

#[test]
fn rule_1_queued_bytes_are_busy_and_a_fin_is_not_a_byte() {
    let queued = |state, rqueue, wqueue| {
        first(Protocol::Http, SocketRow { state, rqueue, wqueue, ..row(answered()) })
    };
    assert_eq!(queued(TcpState::Established, 1, 0), Busy(Reason::Queue));
    assert_eq!(queued(TcpState::Established, 0, 1), Busy(Reason::Queue));
    assert_eq!(queued(TcpState::CloseWait, 1, 0), Idle(Reason::AnswerNewer));
    assert_eq!(queued(TcpState::CloseWait, 2, 0), Busy(Reason::Queue));
    assert_eq!(queued(TcpState::FinWait1, 0, 1), Verdict::Closing);
    assert_eq!(queued(TcpState::FinWait1, 0, 2), Busy(Reason::Queue));
    assert_eq!(queued(TcpState::FinWait2, 9, 0), Verdict::Closing);
}

#[test]
fn rule_2_closing_states_never_hold_and_a_handshake_does() {
    for state in TcpState::ALL.into_iter().filter(|state| state.is_closing()) {
        assert_eq!(first(Protocol::Http, SocketRow { state, ..row(answered()) }), Verdict::Closing);
        let without_info = SocketRow { state, info: None, ..row(answered()) };
        assert_eq!(first(Protocol::Http, without_info), Verdict::Closing);
    }
    let handshake = SocketRow { state: TcpState::SynReceived, info: None, ..row(answered()) };
    assert_eq!(first(Protocol::Http, handshake), Busy(Reason::SynReceived));
}

#[test]
fn a_connection_without_tcp_info_is_unknown_and_not_idle() {
    assert_eq!(
        first(Protocol::Http, SocketRow { info: None, ..row(answered()) }),
        Verdict::Unknown
    );
}

#[test]
fn rule_3_a_fresh_connection_is_busy_for_a_second() {
    let silent =
        TcpInfo { last_data_sent: 900, last_data_recv: 900, segs_out: 1, ..TcpInfo::default() };
    let mut socket = SocketState::new(20_000);
    let rules = rules(Protocol::Http);
    assert_eq!(socket.step(&row(silent), 20_000, &rules).verdict, Busy(Reason::Fresh));
    assert_eq!(socket.step(&row(silent), 20_999, &rules).verdict, Busy(Reason::Fresh));
    assert_eq!(socket.step(&row(silent), 21_000, &rules).verdict, Idle(Reason::NeverUsed));
    let spoke = TcpInfo { bytes_sent: 80, data_segs_out: 1, ..silent };
    assert_eq!(first(Protocol::Http, row(spoke)), Idle(Reason::ServerFirst));
}

#[test]
fn rule_4_a_request_without_any_answer_is_busy_for_ever() {
    let info =
        TcpInfo { bytes_sent: 0, last_data_sent: 90_000, last_data_recv: 90_000, ..answered() };
    assert_eq!(first(Protocol::Http, row(info)), Busy(Reason::Unanswered));
}

#[test]
fn rule_5_a_request_newer_than_the_answer_is_busy_for_ever() {
    let info = TcpInfo { last_data_sent: 90_004, last_data_recv: 90_000, ..answered() };
    assert_eq!(first(Protocol::Http, row(info)), Busy(Reason::RequestNewer));
}

#[test]
fn rule_6_an_answer_of_exactly_100_continue_is_busy_until_more_moves() {
    for bytes in [25, 47] {
        let before = answered();
        let after = TcpInfo {
            last_data_sent: 10_000,
            last_data_recv: 10_004,
            bytes_received: before.bytes_received + 100,
            bytes_sent: before.bytes_sent + bytes,
            ..before
        };
        assert_eq!(second(Protocol::Http, before, after), Busy(Reason::Continue100));
    }
    let fresh = TcpInfo { bytes_sent: 25, data_segs_in: 1, ..answered() };
    assert_eq!(first(Protocol::Http, row(fresh)), Busy(Reason::Continue100));
}

#[test]
fn rule_7_the_first_exchange_may_be_running_where_tickets_are_sent() {
    assert_eq!(first(Protocol::Http, row(answered())), Idle(Reason::AnswerNewer));
    for protocol in [Protocol::Https, Protocol::Auto, Protocol::Tcp, Protocol::H2] {
        assert_eq!(first(protocol, row(answered())), Busy(Reason::FirstExchange), "{protocol:?}");
    }
    let third_burst = |socket: &mut SocketState, protocol| {
        let mut info = answered();
        for burst in 0..3 {
            info.bytes_sent += 100;
            info.data_segs_out += 1;
            socket.step(&row(info), 20_100 + burst, &rules(protocol));
        }
        socket.step(&row(info), 20_200, &rules(protocol)).verdict
    };
    let mut socket = SocketState::new(20_000);
    socket.step(&row(answered()), 20_000, &rules(Protocol::Https));
    assert_eq!(third_burst(&mut socket, Protocol::Https), Idle(Reason::AnswerNewer));
}

#[test]
fn rule_7_ends_with_the_age_that_the_stamps_prove() {
    let old = TcpInfo { last_data_sent: 10_000, last_data_recv: 10_100, ..answered() };
    assert_eq!(first(Protocol::Https, row(old)), Idle(Reason::AnswerNewer));
}

#[test]
fn rule_8_an_answer_newer_than_the_request_is_idle() {
    assert_eq!(first(Protocol::Http, row(answered())), Idle(Reason::AnswerNewer));
}

#[test]
fn one_segment_and_an_answer_at_first_sight_is_idle_until_something_moves() {
    let once = TcpInfo { data_segs_in: 1, last_data_recv: 5_000, ..answered() };
    assert_eq!(first(Protocol::Auto, row(once)), Idle(Reason::FirstSightAnswered));
    assert_eq!(second(Protocol::Auto, once, once), Idle(Reason::FirstSightAnswered));
    let moved = TcpInfo { bytes_received: once.bytes_received + 1, data_segs_in: 2, ..once };
    assert!(matches!(second(Protocol::Http, once, moved), Busy(_)));
    let twice = TcpInfo { data_segs_in: 2, ..once };
    assert_eq!(first(Protocol::Http, row(twice)), Busy(Reason::Ambiguous));
}

#[test]
fn rule_9a_only_sent_since_the_request_was_seen_is_idle() {
    let before = TcpInfo { last_data_recv: 0, last_data_sent: 900, ..answered() };
    let after = TcpInfo {
        last_data_sent: 300,
        last_data_recv: 300,
        bytes_sent: before.bytes_sent + 200,
        data_segs_out: before.data_segs_out + 1,
        segs_out: before.segs_out + 1,
        ..before
    };
    assert_eq!(second(Protocol::Http, before, after), Idle(Reason::OnlySent));
}

#[test]
fn rule_9b_only_received_is_busy_until_the_tie_is_too_old() {
    let after = |age| TcpInfo {
        bytes_sent: answered().bytes_sent,
        data_segs_in: 11,
        ..tied(answered(), age)
    };
    assert_eq!(second(Protocol::Http, answered(), after(9_999)), Busy(Reason::OnlyReceived));
    assert!(matches!(second(Protocol::Http, answered(), after(10_000)), Idle(_)));
}

#[test]
fn rule_9c_one_segment_in_from_idle_and_an_answer_is_idle() {
    let after =
        TcpInfo { data_segs_in: 11, data_segs_out: 11, segs_out: 15, ..tied(answered(), 300) };
    assert_eq!(second(Protocol::Http, answered(), after), Idle(Reason::OneSegmentFromIdle));
    let two_in = TcpInfo { data_segs_in: 12, segs_out: 16, ..after };
    assert_eq!(second(Protocol::Http, answered(), two_in), Busy(Reason::Ambiguous));
}

#[test]
fn rule_9d_an_acknowledgement_owed_after_the_answer_is_busy_and_outweighs_9e() {
    let rules = rules(Protocol::Http);
    let mut socket = SocketState::new(20_000);
    let tie = TcpInfo { data_segs_in: 12, data_segs_out: 12, segs_out: 17, ..tied(answered(), 0) };
    socket.step(&row(answered()), 20_000, &rules);
    socket.step(&row(tie), 20_100, &rules);
    let age = |age| TcpInfo {
        last_data_sent: age,
        last_data_recv: age,
        last_ack_recv: age - 40,
        segs_out: 18,
        ..tie
    };
    assert_eq!(socket.step(&row(age(400)), 20_500, &rules).verdict, Busy(Reason::PureAckAfter));
    assert_eq!(socket.step(&row(age(10_000)), 30_100, &rules).verdict, Idle(Reason::Expired));
}

#[test]
fn rule_9e_a_peer_that_acknowledged_two_jiffies_after_its_request_is_idle() {
    let after =
        TcpInfo { data_segs_in: 12, data_segs_out: 12, segs_out: 17, ..tied(answered(), 300) };
    let acked = |later: u32| TcpInfo { last_ack_recv: 300 - later, ..after };
    assert_eq!(second(Protocol::Http, answered(), acked(12)), Idle(Reason::AckLater));
    assert_eq!(second(Protocol::Http, answered(), acked(8)), Busy(Reason::Ambiguous));
}

#[test]
fn rule_9f_no_acknowledgement_owed_is_idle_after_the_delayed_ack() {
    let after = |age| TcpInfo {
        data_segs_in: 12,
        data_segs_out: 12,
        segs_out: 16,
        ..tied(answered(), age)
    };
    assert_eq!(second(Protocol::Http, answered(), after(252)), Idle(Reason::NoAckOwed));
    assert_eq!(second(Protocol::Http, answered(), after(248)), Busy(Reason::Ambiguous));
}

#[test]
fn rule_9g_an_ambiguous_tie_is_busy_for_ten_seconds() {
    let after = |age| TcpInfo {
        data_segs_in: 12,
        data_segs_out: 12,
        segs_out: 17,
        ..tied(answered(), age)
    };
    assert_eq!(second(Protocol::Http, answered(), after(9_996)), Busy(Reason::Ambiguous));
    assert_eq!(second(Protocol::Http, answered(), after(10_000)), Idle(Reason::Expired));
}

#[test]
fn rule_10_idle_is_not_believed_before_the_window_is_over() {
    let ago = |age| TcpInfo { last_data_sent: age, last_data_recv: age + 4, ..answered() };
    assert_eq!(first(Protocol::Http, row(ago(249))), Busy(Reason::Recent));
    assert_eq!(first(Protocol::Http, row(ago(250))), Idle(Reason::AnswerNewer));
}

#[test]
fn was_idle_is_the_verdict_before_rule_10() {
    let recent = TcpInfo { last_data_sent: 100, last_data_recv: 104, ..answered() };
    let after =
        TcpInfo { data_segs_in: 11, data_segs_out: 11, segs_out: 15, ..tied(answered(), 300) };
    assert_eq!(second(Protocol::Http, recent, after), Idle(Reason::OneSegmentFromIdle));
}

#[test]
fn a_stream_is_busy_until_it_was_quiet_and_pings_do_not_count() {
    let quiet_for = |age| TcpInfo { last_data_sent: age, last_data_recv: age + 4, ..answered() };
    for protocol in [Protocol::WebSocket, Protocol::Stream] {
        assert_eq!(first(protocol, row(quiet_for(4_999))), Busy(Reason::Quiet));
        assert_eq!(first(protocol, row(quiet_for(5_000))), Idle(Reason::AnswerNewer));
    }
    let ping = |info: TcpInfo, bytes| TcpInfo {
        bytes_received: info.bytes_received + bytes,
        bytes_sent: info.bytes_sent + bytes,
        last_data_sent: 260,
        last_data_recv: 264,
        ..info
    };
    let old = quiet_for(10_000);
    assert_eq!(second(Protocol::H2, old, ping(old, 34)), Busy(Reason::FirstExchange));
    let mut socket = SocketState::new(1_000);
    socket.step(&row(old), 11_000, &rules(Protocol::H2));
    assert_eq!(
        socket.step(&row(ping(old, 17)), 12_000, &rules(Protocol::H2)).verdict,
        Idle(Reason::AnswerNewer)
    );
    let mut socket = SocketState::new(1_000);
    socket.step(&row(old), 11_000, &rules(Protocol::H2));
    assert_eq!(
        socket.step(&row(ping(old, 30)), 12_000, &rules(Protocol::H2)).verdict,
        Busy(Reason::Quiet)
    );
}

#[test]
fn an_upload_is_one_request_and_an_answer_ends_it() {
    let rules = rules(Protocol::Http);
    let mut socket = SocketState::new(20_000);
    let mut info = answered();
    socket.step(&row(info), 20_000, &rules);
    assert_eq!(socket.request_since(), None);
    let mut look = |received: u64, sent: u64, at: u32| {
        info.bytes_received += received;
        info.bytes_sent += sent;
        info.last_data_recv = if received > 0 { 0 } else { 500 };
        info.last_data_sent = if sent > 0 { 0 } else { 1_000 };
        let step = socket.step(&row(info), at, &rules);
        (step.requested, socket.request_since())
    };
    assert_eq!(look(500, 0, 21_000), (true, Some(21_000)));
    assert_eq!(look(500, 0, 22_000), (false, Some(21_000)));
    assert_eq!(look(0, 900, 22_500), (false, Some(21_000)));
    assert_eq!(look(100, 0, 23_000), (true, Some(23_000)));
    assert_eq!(
        look(100, 900, 24_000),
        (true, Some(24_000)),
        "closed loop: answer and next request"
    );
}

#[test]
fn an_idle_verdict_ends_the_request() {
    let rules = rules(Protocol::Http);
    let mut socket = SocketState::new(20_000);
    let running = TcpInfo { last_data_recv: 700, last_data_sent: 900, ..answered() };
    socket.step(&row(running), 20_000, &rules);
    assert_eq!(socket.request_since(), Some(19_300), "the stamp knows when it came");
    let done = TcpInfo { bytes_sent: 9_000, last_data_sent: 300, last_data_recv: 1_700, ..running };
    assert_eq!(socket.step(&row(done), 21_000, &rules).verdict, Idle(Reason::AnswerNewer));
    assert_eq!(socket.request_since(), None);
}

#[test]
fn time_can_be_rebased_without_losing_what_is_young() {
    let rules = rules(Protocol::Https);
    let mut socket = SocketState::new(1_000_000);
    let young = TcpInfo { last_data_sent: 300, last_data_recv: 304, ..answered() };
    socket.step(&row(young), 1_000_000, &rules);
    socket.rebase(999_000);
    assert_eq!(socket.request_since(), Some(696));
    assert_eq!(socket.step(&row(young), 2_000, &rules).verdict, Busy(Reason::FirstExchange));
    assert_eq!(socket.step(&row(young), 11_000, &rules).verdict, Idle(Reason::AnswerNewer));
}
