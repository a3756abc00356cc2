//! Judges one connection from what the kernel says about its socket. Pure: rows and time go in,
//! verdicts come out; the same code judges live dumps and recorded traces.
//!
//! The order of the rules and the evidence they use are explained in docs/inflight.md.

mod evidence;
mod row;
mod rules;
#[cfg(test)]
mod tests;

pub use row::{SocketRow, TcpInfo, TcpState};
pub use rules::Rules;

use crate::drain::Reason;
use evidence::Evidence;

/// Milliseconds since an origin that the caller chooses and keeps.
pub type Millis = u32;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Busy(Reason),
    Idle(Reason),
    Closing,
    /// The kernel gave no `tcp_info` for a connection that must have one.
    Unknown,
}

/// One judgement, with what happened since the one before (or, at first sight, ever).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub verdict: Verdict,
    /// Bytes moved, in either direction.
    pub moved: bool,
    /// A request began.
    pub requested: bool,
}

/// What is remembered of one connection between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketState {
    /// Counters of the look before. Truncated: only differences and equality are used, and no
    /// connection moves exactly a multiple of 2^32 bytes between two looks.
    received: u32,
    sent: u32,
    pure_out: u32,
    data_in: u32,
    data_out: u32,
    first_seen: Millis,
    last_move: Millis,
    /// `NEVER`: no request runs.
    request_since: Millis,
    evidence: Evidence,
    flags: u8,
    /// Bursts of answer bytes since the second sight; stops at 3, more is never asked for.
    bursts: u8,
}

const NEVER: Millis = Millis::MAX;

// 100,000 connections must fit into a container of 16 MiB, so an entry of the table (state,
// bookkeeping and key) may have 64 bytes.
const _: () = assert!(size_of::<SocketState>() <= 48);

mod flag {
    pub(super) const SEEN: u8 = 1;
    pub(super) const WAS_IDLE: u8 = 2;
    pub(super) const CONTINUE_100: u8 = 4;
    pub(super) const ANSWERED: u8 = 8;
    pub(super) const CARRIED: u8 = 16;
}

impl SocketState {
    /// A connection that was never looked at; `at` is when it is seen for the first time.
    pub fn new(at: Millis) -> Self {
        Self {
            received: 0,
            sent: 0,
            pure_out: 0,
            data_in: 0,
            data_out: 0,
            first_seen: at,
            last_move: at,
            request_since: NEVER,
            evidence: Evidence::default(),
            flags: 0,
            bursts: 0,
        }
    }

    /// Judges the connection as it is in `row`, seen at `at`.
    pub fn step(&mut self, row: &SocketRow, at: Millis, rules: &Rules) -> Step {
        let Some(info) = row.info else {
            let verdict = match row.state {
                TcpState::SynReceived => Verdict::Busy(Reason::SynReceived),
                state if state.is_closing() => Verdict::Closing,
                _ => Verdict::Unknown,
            };
            self.note_request(false, verdict, at, at);
            return Step { verdict, moved: false, requested: false };
        };
        let first_sight = !self.has(flag::SEEN);
        let received = (info.bytes_received as u32).wrapping_sub(self.received);
        let sent = (info.bytes_sent as u32).wrapping_sub(self.sent);
        let ping = rules.protocol.multiplexes() && !first_sight && is_ping(received, sent);
        let moved = (received > 0 || sent > 0) && !ping;
        let requested = moved && received > 0 && self.begins_request(sent);
        self.note_bursts(received, sent, first_sight);
        if moved || first_sight {
            self.note_movement(&info, at, first_sight, rules.fresh_answer(&info));
        }
        self.note_counters(&info, received, sent);
        let judged = rules.judge(self, row, &info, at);
        self.set(flag::WAS_IDLE, matches!(judged, Verdict::Idle(_) | Verdict::Closing));
        let verdict = rules.hold(self, judged, &info, at);
        self.note_request(requested, verdict, at, at.saturating_sub(info.last_data_recv));
        Step { verdict, moved, requested }
    }

    /// Since when the request that runs has been running.
    pub fn request_since(&self) -> Option<Millis> {
        (self.request_since != NEVER).then_some(self.request_since)
    }

    /// A request came since this mark was cleared; the owner of the state decides when.
    pub fn has_carried(&self) -> bool {
        self.has(flag::CARRIED)
    }

    pub fn set_carried(&mut self, carried: bool) {
        self.set(flag::CARRIED, carried);
    }

    /// Moves the origin of time forward by `by`; what was before becomes the new origin.
    pub fn rebase(&mut self, by: Millis) {
        self.first_seen = self.first_seen.saturating_sub(by);
        self.last_move = self.last_move.saturating_sub(by);
        if self.request_since != NEVER {
            self.request_since = self.request_since.saturating_sub(by);
        }
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn set(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }

    /// Bytes that arrive while a request is being received belong to it (an upload); bytes that
    /// arrive after something was sent are the next one. Where both moved between two looks, an
    /// answer and the next request are likelier than the end of an upload and its answer, and
    /// the latter is over anyway.
    fn begins_request(&self, sent: u32) -> bool {
        let answered = self.has(flag::ANSWERED) || (sent > 0 && !is_continue(u64::from(sent)));
        self.request_since == NEVER || answered
    }

    fn note_bursts(&mut self, received: u32, sent: u32, first_sight: bool) {
        if sent > 0 {
            self.set(flag::CONTINUE_100, is_continue(u64::from(sent)));
            if !first_sight {
                self.bursts = (self.bursts + 1).min(3);
            }
        } else if received > 0 {
            self.set(flag::CONTINUE_100, false);
        }
    }

    /// The evidence must be taken at the look that shows the movement first: one look later the
    /// counters no longer say what came before what.
    fn note_movement(&mut self, info: &TcpInfo, at: Millis, first_sight: bool, answered: bool) {
        let delta = |now: u32, before: u32| now.wrapping_sub(before);
        self.evidence = Evidence::of(evidence::Movement {
            pure_out: info.pure_out(),
            pure: delta(info.pure_out(), self.pure_out),
            segments_in: delta(info.data_segs_in, self.data_in),
            segments_out: delta(info.data_segs_out, self.data_out),
            was_idle: self.has(flag::WAS_IDLE),
            first_sight,
            answered,
        });
        self.last_move = at.saturating_sub(info.age());
        self.set(flag::SEEN, true);
    }

    fn note_counters(&mut self, info: &TcpInfo, received: u32, sent: u32) {
        let request_is_newest = received > 0 && info.last_data_recv < info.last_data_sent;
        if received > 0 && (sent == 0 || request_is_newest) {
            self.set(flag::ANSWERED, false);
        } else if sent > 0 && !is_continue(u64::from(sent)) {
            self.set(flag::ANSWERED, true);
        }
        self.received = info.bytes_received as u32;
        self.sent = info.bytes_sent as u32;
        self.pure_out = info.pure_out();
        self.data_in = info.data_segs_in;
        self.data_out = info.data_segs_out;
    }

    fn note_request(&mut self, requested: bool, verdict: Verdict, at: Millis, received: Millis) {
        match verdict {
            Verdict::Busy(Reason::SynReceived | Reason::Fresh) => {
                self.request_since = self.first_seen;
            }
            Verdict::Busy(_) if requested || self.request_since == NEVER => {
                self.request_since = received.min(at);
            }
            Verdict::Busy(_) | Verdict::Unknown => {}
            Verdict::Idle(_) | Verdict::Closing => self.request_since = NEVER,
        }
    }
}

/// `HTTP/1.1 100 Continue` and its empty line; in one TLS 1.3 record it has 22 bytes more.
fn is_continue(bytes: u64) -> bool {
    matches!(bytes, 25 | 47)
}

/// One to three HTTP/2 PINGs and their echoes, of 17 bytes each.
fn is_ping(received: u32, sent: u32) -> bool {
    received == sent && matches!(received, 17 | 34 | 51)
}
