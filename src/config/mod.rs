//! What the operator asked for: as typed (`sources`), as the table says (`settings`), as meant
//! ([`Config`]).

use crate::drain::{Plan, Protocol};
use std::path::PathBuf;

/// The settings as the program means them: validated, cross-checked, immutable.
#[derive(Clone, Debug)]
pub struct Config {
    pub plan: Plan,
    pub sockets: SocketsConfig,
    pub notify: NotifyConfig,
    /// Port of the hook listener; 0 in tests: any.
    pub hook_port: u16,
    /// Port of the metrics listener; `None`: off.
    pub metrics_port: Option<u16>,
    pub control: ControlSocket,
    pub hook_token: Option<Token>,
    pub log: LogConfig,
    /// Where the summary of the last drain is written for `kubectl describe`.
    pub termination_log: PathBuf,
}

/// How in-flight work is read from the kernel.
#[derive(Clone, Debug)]
pub struct SocketsConfig {
    pub source: SocketSource,
    pub ports: PortsSetting,
    pub exclude_ports: Vec<u16>,
    /// How long an h2, gRPC, WebSocket or stream connection must be silent to count as idle.
    pub quiet_h2: std::time::Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketSource {
    /// Socket diagnostics; falls back to `/proc/net/tcp` where the kernel refuses.
    #[default]
    Kernel,
    /// `/proc/net/tcp` only: connections are counted and not judged.
    ProcNet,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortsSetting {
    /// What listens when the drain begins.
    Auto,
    List(Vec<(u16, Protocol)>),
}

/// How the application is told the phase; both may be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotifyConfig {
    /// `http://127.0.0.1:PORT/path`.
    pub url: Option<String>,
    pub file: Option<PathBuf>,
}

/// The local socket of `hook`, `status`, `drain` and `undrain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlSocket {
    /// An abstract Unix socket of this name (without the leading NUL or `@`).
    Abstract(String),
    Path(PathBuf),
    Off,
}

/// A secret; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    pub level: tracing::Level,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    Text,
    Json,
}
