//! The program under test, as the kubelet starts it.

use crate::clock::until;
use crate::place::{Place, free_address};
use crate::process::Process;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

/// In the clear: the scenarios are no secret.
pub const TOKEN: &str = "only-the-kubelet-knows";

#[derive(Debug)]
pub struct Agent {
    process: Process,
    hook: SocketAddr,
}

impl Agent {
    /// Starts `lameduck agent` for `ports` (as the setting spells them) and returns when it
    /// listens. `settings` are further flags and their values.
    ///
    /// No probe is sent: three of them in a row, and then none, look like a kubelet that is
    /// shutting down.
    pub fn start(place: &Place, ports: &str, settings: &[&str]) -> Self {
        let hook = free_address();
        let metrics = free_address();
        let mut command = Command::new(binary());
        command.arg("agent");
        command.args(["--hook-port", &hook.port().to_string()]);
        command.args(["--metrics-port", &metrics.port().to_string()]);
        command.env("LAMEDUCK_HOOK_TOKEN", TOKEN);
        command.args(["--ports", ports, "--log-format", "json"]);
        // Every client of a scenario is on loopback, where the pod's own noise is otherwise.
        command.args(["--local-arrivals", "count"]);
        command.arg("--socket").arg(place.path(&format!("agent-{}.sock", hook.port())));
        command.arg("--termination-log").arg(place.path(&format!("agent-{}.end", hook.port())));
        command.args(settings);
        command.env("RUST_BACKTRACE", "1");
        // The runner's own; the agent would warn of them.
        command.env_remove("LAMEDUCK_BIN").env_remove("LAMEDUCK_LIVE_GO");
        let log = place.path(&format!("agent-{}.log", hook.port()));
        let process = Process::start("lameduck agent", command, log);
        let started = Self { process, hook };
        until("the agent's hook listener", Duration::from_secs(10), || {
            if let Some(status) = started.process.exit() {
                panic!("the agent ended at start with {status}");
            }
            TcpStream::connect(hook).ok()
        });
        started
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    pub fn hook(&self) -> SocketAddr {
        self.hook
    }
}

#[expect(clippy::disallowed_methods, reason = "the runner says where it built the program")]
fn binary() -> String {
    std::env::var("LAMEDUCK_BIN").unwrap_or_else(|_| {
        panic!("LAMEDUCK_BIN does not say where the program is: run `cargo xtask test --ring live`")
    })
}
