//! What kind of traffic a recorded connection carried.

use crate::drain::Protocol;

/// The rows of the replay table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    H1Clear,
    H1Tls,
    H2,
    H2Mux,
    H2Stream,
    /// Early flush, server-sent events, pipelining: a server silent after it began to answer.
    H1Structural,
    WebSocket,
    /// Pings while an answer is pending: the pong is newer than the question.
    WebSocketPing,
    Other,
}

impl Class {
    pub const ALL: [Self; 9] = [
        Self::H1Clear,
        Self::H1Tls,
        Self::H2,
        Self::H2Mux,
        Self::H2Stream,
        Self::H1Structural,
        Self::WebSocket,
        Self::WebSocketPing,
        Self::Other,
    ];

    /// By the names that the recorder gave to the server and the scenario.
    pub fn of(server: &str, scenario: &str) -> Self {
        match scenario {
            "early" | "sse" | "pipe_slow" | "pipe_fast_slow" => return Self::H1Structural,
            "h2_mux" => return Self::H2Mux,
            "h2_stream" => return Self::H2Stream,
            "ws_pingslow" => return Self::WebSocketPing,
            _ => {}
        }
        let h2 = server.ends_with("_h2c") || server.ends_with("_h2") || server.starts_with("grpc");
        match server {
            _ if h2 => Self::H2,
            "go_tls_h1" | "node_tls" | "nginx_tls" | "haproxy_tls" => Self::H1Tls,
            "ws" => Self::WebSocket,
            "pg" => Self::Other,
            _ => Self::H1Clear,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::H1Clear => "h1 clear",
            Self::H1Tls => "h1 tls",
            Self::H2 => "h2/grpc single stream",
            Self::H2Mux => "h2 mux",
            Self::H2Stream => "h2 stream",
            Self::H1Structural => "h1 early/sse/pipelined",
            Self::WebSocket => "ws",
            Self::WebSocketPing => "ws, pings while pending",
            Self::Other => "pg/other",
        }
    }

    /// As an operator would declare the port; HTTP/1 is also checked undeclared.
    pub fn protocols(self, tls: bool) -> &'static [Protocol] {
        match self {
            Self::H1Clear => &[Protocol::Http, Protocol::Auto],
            Self::H1Tls => &[Protocol::Https, Protocol::Auto],
            Self::H1Structural if tls => &[Protocol::Https],
            Self::H1Structural => &[Protocol::Http],
            Self::H2 | Self::H2Mux | Self::H2Stream => &[Protocol::H2],
            Self::WebSocket | Self::WebSocketPing => &[Protocol::WebSocket],
            Self::Other => &[Protocol::Tcp],
        }
    }
}
