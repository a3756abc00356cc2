//! The rules, in the order in which they must be asked.

use super::{Millis, SocketRow, SocketState, TcpInfo, TcpState, Verdict, flag, is_continue};
use crate::drain::{Protocol, Reason};
use std::time::Duration;

/// Which protocol is spoken on the port, and the windows of time. All in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub protocol: Protocol,
    /// A slow download shows an empty send queue for up to 132 ms, and a delayed
    /// acknowledgement takes up to 200 ms: below that, idle is not believed.
    pub window: Millis,
    /// How long request and answer in the same jiffy count as busy.
    pub tie: Millis,
    /// How long the first exchange may take.
    pub first: Millis,
    /// How long a connection without a byte counts as one that will carry a request.
    pub fresh: Millis,
    /// How long a stream must be silent.
    pub quiet: Millis,
}

/// At least two jiffies at 250 Hz and slower: the kernel takes the two stamps separately.
const ACK_LATER: Millis = 12;
/// TCP_DELACK_MAX is 200 ms; with the jiffies around it.
const DELAYED_ACK: Millis = 250;

impl Rules {
    pub fn new(protocol: Protocol, quiet_h2: Duration) -> Self {
        let quiet = Millis::try_from(quiet_h2.as_millis()).unwrap_or(Millis::MAX);
        Self { protocol, window: 250, tie: 10_000, first: 10_000, fresh: 1_000, quiet }
    }

    /// Rules 1 to 9: what the bytes, the stamps and the segment counters say.
    pub(super) fn judge(
        &self,
        socket: &SocketState,
        row: &SocketRow,
        info: &TcpInfo,
        at: Millis,
    ) -> Verdict {
        use Verdict::{Busy, Idle};
        let (sent, received) = (info.last_data_sent, info.last_data_recv);
        if row.has_queued() {
            Busy(Reason::Queue)
        } else if row.state.is_closing() {
            Verdict::Closing
        } else if row.state == TcpState::SynReceived {
            Busy(Reason::SynReceived)
        } else if info.bytes_received == 0 {
            self.without_request(socket, info, at)
        } else if info.bytes_sent == 0 {
            Busy(Reason::Unanswered)
        } else if received < sent {
            Busy(Reason::RequestNewer)
        } else if socket.has(flag::CONTINUE_100) {
            Busy(Reason::Continue100)
        } else if socket.evidence.answered_at_first_sight() {
            Idle(Reason::FirstSightAnswered)
        } else if self.is_first_exchange(socket, info, at) {
            Busy(Reason::FirstExchange)
        } else if received > sent {
            Idle(Reason::AnswerNewer)
        } else {
            self.tie(socket, info)
        }
    }

    /// Rule 10, and the quiet time of streams: idle is believed only after a while.
    pub(super) fn hold(
        &self,
        socket: &SocketState,
        judged: Verdict,
        info: &TcpInfo,
        at: Millis,
    ) -> Verdict {
        let Verdict::Idle(_) = judged else { return judged };
        let streams = self.protocol.multiplexes() || self.protocol.is_stream();
        if streams && at.saturating_sub(socket.last_move) < self.quiet {
            Verdict::Busy(Reason::Quiet)
        } else if info.age() < self.window {
            Verdict::Busy(Reason::Recent)
        } else {
            judged
        }
    }

    /// One segment came in and something that is not `100 Continue` went out. Asked at first
    /// sight only: without it an idle connection first seen at the stop stays a tie.
    pub(super) fn fresh_answer(&self, info: &TcpInfo) -> bool {
        info.data_segs_in == 1 && info.bytes_sent > 0 && !is_continue(info.bytes_sent)
    }

    fn without_request(&self, socket: &SocketState, info: &TcpInfo, at: Millis) -> Verdict {
        if info.bytes_sent > 0 {
            Verdict::Idle(Reason::ServerFirst)
        } else if at.saturating_sub(socket.first_seen) < self.fresh {
            Verdict::Busy(Reason::Fresh)
        } else {
            Verdict::Idle(Reason::NeverUsed)
        }
    }

    /// Session tickets and SETTINGS can be the last thing sent while the first request runs.
    /// The stamps start when the connection does, so an old stamp proves an old connection.
    fn is_first_exchange(&self, socket: &SocketState, info: &TcpInfo, at: Millis) -> bool {
        let seen_for = at.saturating_sub(socket.first_seen);
        let at_least = seen_for.max(info.last_data_sent).max(info.last_data_recv);
        self.protocol.may_be_tls() && socket.bursts <= 2 && at_least < self.first
    }

    /// Rule 9: request and answer in the same jiffy. The order matters: an acknowledgement that
    /// we sent after the answer (d) outweighs one that we received after the request (e).
    fn tie(&self, socket: &SocketState, info: &TcpInfo) -> Verdict {
        let evidence = &socket.evidence;
        let age = info.age();
        let until = |reason| {
            if age < self.tie { Verdict::Busy(reason) } else { Verdict::Idle(Reason::Expired) }
        };
        if evidence.only_sent() {
            Verdict::Idle(Reason::OnlySent)
        } else if evidence.only_received() && age < self.tie {
            Verdict::Busy(Reason::OnlyReceived)
        } else if evidence.one_segment_answered() {
            Verdict::Idle(Reason::OneSegmentFromIdle)
        } else if evidence.acked_since(info.pure_out()) {
            until(Reason::PureAckAfter)
        } else if info.last_data_recv.saturating_sub(info.last_ack_recv) >= ACK_LATER {
            Verdict::Idle(Reason::AckLater)
        } else if evidence.no_ack_owed() && age >= DELAYED_ACK {
            Verdict::Idle(Reason::NoAckOwed)
        } else {
            until(Reason::Ambiguous)
        }
    }
}
