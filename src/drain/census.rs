//! What a look at the sockets says: the words in which `inflight` reports to the core.

use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What is spoken on a port; decides which rule judges its connections (facts: docs/inflight.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Unnamed: HTTP/1 judged as if it were TLS, which is the careful reading.
    #[default]
    Auto,
    Http,
    Https,
    H2,
    Grpc,
    WebSocket,
    /// Long one-way answers: server-sent events, downloads, database protocols.
    Stream,
    /// Anything else over TCP; judged like `Auto`.
    Tcp,
}

impl Protocol {
    pub const ALL: [Self; 8] = [
        Self::Auto,
        Self::Http,
        Self::Https,
        Self::H2,
        Self::Grpc,
        Self::WebSocket,
        Self::Stream,
        Self::Tcp,
    ];

    /// The name used in settings, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Http => "http",
            Self::Https => "https",
            Self::H2 => "h2",
            Self::Grpc => "grpc",
            Self::WebSocket => "ws",
            Self::Stream => "stream",
            Self::Tcp => "tcp",
        }
    }

    /// Session tickets may be the last thing sent on a connection whose first request still runs.
    pub fn may_be_tls(self) -> bool {
        matches!(self, Self::Auto | Self::Https | Self::H2 | Self::Grpc | Self::Tcp)
    }

    /// HTTP/2: requests share a connection, so the age of one cannot be read from the socket.
    pub fn multiplexes(self) -> bool {
        matches!(self, Self::H2 | Self::Grpc)
    }

    /// A connection that carries no requests of its own; held at most `stream-wait`.
    pub fn is_stream(self) -> bool {
        matches!(self, Self::WebSocket | Self::Stream)
    }
}

/// Who owns a port among the containers of the pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortRole {
    /// Takes traffic from outside; the drain protects it.
    #[default]
    Serving,
    /// Used by other containers of the pod (a database proxy); let go last.
    Helper,
}

/// One LISTEN socket of a port in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerSeen {
    pub port: u16,
    /// The kernel's socket cookie: another one on the same port is another listener.
    pub cookie: u64,
    pub role: PortRole,
}

/// Why a connection is busy, idle or closing: the rule of docs/inflight.md that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    Queue,
    SynReceived,
    Fresh,
    Unanswered,
    RequestNewer,
    Continue100,
    FirstExchange,
    OnlyReceived,
    PureAckAfter,
    Ambiguous,
    Recent,
    Quiet,
    Closing,
    NeverUsed,
    ServerFirst,
    AnswerNewer,
    FirstSightAnswered,
    OnlySent,
    OneSegmentFromIdle,
    AckLater,
    NoAckOwed,
    Expired,
}

impl Reason {
    pub const ALL: [Self; 22] = [
        Self::Queue,
        Self::SynReceived,
        Self::Fresh,
        Self::Unanswered,
        Self::RequestNewer,
        Self::Continue100,
        Self::FirstExchange,
        Self::OnlyReceived,
        Self::PureAckAfter,
        Self::Ambiguous,
        Self::Recent,
        Self::Quiet,
        Self::Closing,
        Self::NeverUsed,
        Self::ServerFirst,
        Self::AnswerNewer,
        Self::FirstSightAnswered,
        Self::OnlySent,
        Self::OneSegmentFromIdle,
        Self::AckLater,
        Self::NoAckOwed,
        Self::Expired,
    ];

    /// Does this reason make a connection busy?
    pub fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Queue
                | Self::SynReceived
                | Self::Fresh
                | Self::Unanswered
                | Self::RequestNewer
                | Self::Continue100
                | Self::FirstExchange
                | Self::OnlyReceived
                | Self::PureAckAfter
                | Self::Ambiguous
                | Self::Recent
                | Self::Quiet
        )
    }

    /// A few words for a status line: "3 busy: request newer than the last answer byte".
    pub fn words(self) -> &'static str {
        match self {
            Self::Queue => "bytes queued in the socket",
            Self::SynReceived => "handshake not finished",
            Self::Fresh => "just connected, nothing sent yet",
            Self::Unanswered => "request not answered at all yet",
            Self::RequestNewer => "request newer than the last answer byte",
            Self::Continue100 => "100-continue sent, body awaited",
            Self::FirstExchange => "first exchange may still be running",
            Self::OnlyReceived => "received and nothing sent since",
            Self::PureAckAfter => "a segment came after the last answer",
            Self::Ambiguous => "request and answer too close to tell apart",
            Self::Recent => "moved a moment ago",
            Self::Quiet => "stream not quiet for long enough",
            Self::Closing => "closing",
            Self::NeverUsed => "connected and never used",
            Self::ServerFirst => "server spoke, no request came",
            Self::AnswerNewer => "answer newer than the request",
            Self::FirstSightAnswered => "one request seen, answered",
            Self::OnlySent => "only sent since the request was seen",
            Self::OneSegmentFromIdle => "one segment in, answer out",
            Self::AckLater => "peer acknowledged after its request",
            Self::NoAckOwed => "no acknowledgement was owed",
            Self::Expired => "tie too old to be a request",
        }
    }
}

/// A peer address with how many of its connections matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCount {
    pub peer: IpAddr,
    pub connections: u32,
}

/// One port in one census. Counts are of established connections unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortCensus {
    pub port: u16,
    pub protocol: Protocol,
    pub role: PortRole,
    pub busy: u32,
    pub idle: u32,
    /// Seen but not judged (no `tcp_info`, or the fallback source).
    pub unknown: u32,
    /// In a closing state; never holds a drain.
    pub closing: u32,
    /// Connections in the accept queue of the port's listeners.
    pub backlog: u32,
    /// Busy connections whose bytes moved since the census before.
    pub progressing: u32,
    /// Connections on which a request came since the census before.
    pub requesting: u32,
    /// Established connections that carried a request since the watch began.
    pub carried: u32,
    /// Since when the oldest request that still runs has been running. `None`: nothing busy.
    pub oldest_request: Option<Instant>,
    /// Connections with a peer inside this network namespace (loopback, own address).
    pub local: u32,
    /// New connections since the census before, including those already gone;
    /// without the two kinds below.
    pub arrivals: u32,
    /// New connections from the address of the agent's own probes.
    pub arrivals_from_prober: u32,
    /// New connections from inside this network namespace.
    pub arrivals_local: u32,
    /// Where the newest of `arrivals` came from.
    pub last_arrival: Option<IpAddr>,
    /// Connections of the census before that are gone.
    pub departures: u32,
    /// Busy (and idle) connections by rule.
    pub reasons: Vec<(Reason, u32)>,
    /// At most five peers, most connections first.
    pub peers: Vec<PeerCount>,
}

impl PortCensus {
    /// Every connection that is open and not closing.
    pub fn established(&self) -> u32 {
        self.busy + self.idle + self.unknown
    }

    /// Connections that are not known to be idle.
    pub(super) fn held(&self) -> u32 {
        self.busy + self.unknown
    }
}

/// How far a census can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Every connection was judged.
    Judged,
    /// Connections were counted and not judged: busy is not known. The text says why.
    CountedOnly(String),
}

/// One complete look at the sockets of the ports in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// When the look began; what happened later may be missing from it.
    pub began: Instant,
    /// How long the kernel took.
    pub took: Duration,
    pub trust: Trust,
    /// Serving and helper ports, by number.
    pub ports: Vec<PortCensus>,
    pub listeners: Vec<ListenerSeen>,
    /// The kernel dropped destroy events: short connections may have been missed.
    pub events_lost: bool,
}
