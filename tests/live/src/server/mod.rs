//! The applications that are drained: real servers with the same paths.
//!
//! `/fast`, `/slow?ms=N`, `/upload` (answers the number of bytes read), `/download?kib=N` and,
//! where the server can be told, `POST /phase`.

mod nginx;

use crate::Target;
use crate::clock::until;
use crate::place::{Place, free_address};
use crate::process::Process;
use crate::tls::Identity;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nginx in front of the Go application: nginx owns the clients' connections.
    Nginx,
    NginxTls,
    Node,
    Go,
    GoTls,
}

/// A running application.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    target: Target,
    process: Process,
    /// The file that nginx looks for to know that it is draining.
    phase_file: PathBuf,
    /// What answers behind nginx.
    _upstream: Option<Process>,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Nginx, Self::NginxTls, Self::Node, Self::Go, Self::GoTls];

    pub fn is_tls(self) -> bool {
        matches!(self, Self::NginxTls | Self::GoTls)
    }

    fn is_nginx(self) -> bool {
        matches!(self, Self::Nginx | Self::NginxTls)
    }
}

impl Server {
    /// Starts the server and returns when it accepts connections.
    pub fn start(kind: Kind, place: &Place) -> Self {
        let address = free_address();
        let identity = kind.is_tls().then(|| Identity::make(place));
        let phase_file = place.path(&format!("phase-{}", address.port()));
        let log = place.path(&format!("{kind:?}-{}.log", address.port()));
        let mut upstream = None;
        let command = if kind.is_nginx() {
            let behind = free_address();
            let log = place.path(&format!("upstream-{}.log", behind.port()));
            upstream = Some(Process::start("upstream", go(behind, None), log));
            wait_for(behind);
            let tls = identity.as_ref();
            nginx::command(place, &nginx::Site { address, behind, tls, phase_file: &phase_file })
        } else if kind == Kind::Node {
            node(address)
        } else {
            go(address, identity.as_ref())
        };
        let process = Process::start(&format!("{kind:?}"), command, log);
        wait_for(address);
        let target = Target { address, tls: identity.map(|identity| identity.client) };
        Self { kind, target, process, phase_file, _upstream: upstream }
    }

    pub fn target(&self) -> Target {
        self.target.clone()
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// As in the agent's `ports` setting.
    pub fn declared_port(&self) -> String {
        let scheme = if self.kind.is_tls() { "https" } else { "http" };
        format!("{}/{scheme}", self.target.address.port())
    }

    /// The flag that makes the agent tell this server the phase.
    pub fn notify_setting(&self) -> [String; 2] {
        if self.kind.is_nginx() {
            ["--notify-file".to_owned(), self.phase_file.display().to_string()]
        } else {
            ["--notify".to_owned(), format!("http://{}/phase", self.target.address)]
        }
    }
}

fn wait_for(address: SocketAddr) {
    let what = format!("a server that listens on {address}");
    until(&what, Duration::from_secs(20), || TcpStream::connect(address).ok());
}

fn node(address: SocketAddr) -> Command {
    let mut command = Command::new("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/servers/node.js")).arg(address.to_string());
    command
}

fn go(address: SocketAddr, tls: Option<&Identity>) -> Command {
    let mut command = Command::new(go_binary());
    command.arg("-listen").arg(address.to_string());
    if let Some(identity) = tls {
        command.arg("-cert").arg(&identity.certificate).arg("-key").arg(&identity.key);
    }
    command
}

#[expect(clippy::disallowed_methods, reason = "the runner says where it built the Go server")]
fn go_binary() -> String {
    std::env::var("LAMEDUCK_LIVE_GO").unwrap_or_else(|_| {
        panic!("LAMEDUCK_LIVE_GO does not say where the Go server is: run `cargo xtask test --ring live`")
    })
}
