//! What the operator asked for: as typed (`sources`), as the table says (`settings`), as meant
//! ([`Config`]). All mistakes are found in one pass and nothing is started with any of them.
//! This room knows the core's `Plan` and no other room; nobody reads it after the start.

mod checks;
mod effective;
mod load;
mod meaning;
mod mistakes;
mod nearest;
mod parse;
mod reader;
mod settings;
mod sources;
mod text;

#[cfg(test)]
mod tests;

pub use effective::Effective;
pub use load::{Client, Loaded, load, load_client};
pub use mistakes::{Mistake, Mistakes, Source, Warning};
pub use settings::{Group, Kind, PREFIX, Program, SETTINGS, Setting};
pub use sources::{Extra, Variable, environment};
pub use text::{explain, explain_all, help, markdown_table, wrap};

pub(crate) use nearest::nearest;

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
    /// Where the summary of the last drain is written for `kubectl describe`; `None`: nowhere.
    pub termination_log: Option<PathBuf>,
    effective: Vec<Effective>,
}

impl Config {
    /// Every setting this program reads with its value and source, secrets masked, for the log.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

/// How in-flight work is read from the kernel.
#[derive(Clone, Debug)]
pub struct SocketsConfig {
    pub source: SocketSource,
    pub ports: PortsSetting,
    pub exclude_ports: Vec<u16>,
    /// What `containers` says of its ports, helpers included; a protocol named in `ports` wins.
    pub declared: Vec<(u16, Protocol)>,
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

/// A duration as every setting reads it, for a command's own option.
pub fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    parse::duration(text).map_err(|problem| problem.what)
}

/// The name of a container, for a command's own option.
pub fn parse_container_name(text: &str) -> Result<String, String> {
    parse::container_name(text).map_err(|problem| problem.what)
}

/// A duration for a person: `1m 30s`, `500ms`.
pub fn show_duration(duration: std::time::Duration) -> String {
    parse::show_duration(duration)
}

/// A value for a message: cut, escaped, quoted where it has blanks.
pub fn show_value(text: &str) -> String {
    mistakes::shown(text)
}
