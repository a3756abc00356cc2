//! One agent on free ports, in a thread with a runtime of its own, as in its process.

use super::http::at;
use super::{PATIENCE, until};
use lameduck::app;
use lameduck::config::{Program, load};
use lameduck::control::SocketName;
use lameduck::control::client::{self, Exit, Said};
use lameduck::drain::Input;
use lameduck::driver::Handle;
use lameduck::telemetry::Metrics;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};

pub(crate) const TOKEN: &str = "a-token-of-the-wire-ring";

pub(crate) struct Agent {
    pub(crate) hook: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) socket: SocketName,
    handle: Handle,
    /// Says that the agent has left; hangs up where it panicked.
    left: mpsc::Receiver<()>,
}

impl Agent {
    /// `settings` beside those of every test: small delays, one token, no termination log.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let socket = path("socket");
        let mut all = BTreeMap::from([
            ("hook-port", "0"),
            ("metrics-port", "0"),
            ("socket", socket.to_str().unwrap()),
            ("hook-token", TOKEN),
            ("termination-log", "off"),
            ("propagation", "500ms"),
            ("quiet-period", "100ms"),
        ]);
        all.extend(settings.iter().copied());
        let flags = all.iter().flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]);
        let loaded = load(Program::Agent, flags.map(OsString::from), []).expect("sound settings");
        let (says, told) = mpsc::channel();
        let (leaves, left) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let metrics = Arc::new(Metrics::new(&app::decisions()));
                let app = app::build(&loaded.config, metrics).unwrap();
                says.send((app.addresses().clone(), app.handle().clone())).unwrap();
                app.run().await;
            });
            leaves.send(()).ok();
        });
        let (addresses, handle) = told.recv().expect("the agent starts");
        Self {
            hook: at(addresses.hook.port()),
            metrics: at(addresses.metrics.unwrap().port()),
            socket: SocketName::Path(socket),
            handle,
            left,
        }
    }

    /// Beside a server on one HTTP port.
    pub(crate) fn beside(server: &super::Server, settings: &[(&str, &str)]) -> Self {
        let ports = format!("{}/http", server.port());
        let mut all = vec![("ports", ports.as_str())];
        all.extend(settings);
        Self::start(&all)
    }

    /// The status over the local socket, as `lameduck status -o json` prints it.
    pub(crate) fn status(&self) -> Value {
        let said = client::status(&self.socket, true);
        assert_eq!(said.exit, Exit::Success, "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    }

    pub(crate) fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        until(what, || Some(self.status()).filter(|status| is(status)))
    }

    pub(crate) fn until_phase(&self, phase: &str) -> Value {
        self.until(phase, |status| status["phase"] == phase)
    }

    /// A command over the local socket that must succeed.
    pub(crate) fn command(&self, command: fn(&SocketName) -> Said) {
        let said = command(&self.socket);
        assert_eq!(said.exit, Exit::Success, "{said:?}");
    }

    pub(crate) fn scrape(&self) -> String {
        super::Call::get(self.metrics, "/metrics", &[]).reply().body
    }

    /// The value of one series on the metrics port, written as there; 0 where it is absent.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.scrape();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// The values of all series of a family with labels.
    pub(crate) fn metrics_of(&self, family: &str) -> Vec<f64> {
        let text = self.scrape();
        let series = text.lines().filter_map(|line| line.strip_prefix(family)?.strip_prefix('{'));
        series.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect()
    }

    pub(crate) fn hook_calls(&self, decision: &str) -> f64 {
        self.metric(&format!("lameduck_hook_calls_total{{decision=\"{decision}\"}}"))
    }

    /// SIGTERM; a signal would reach the agents of all tests.
    pub(crate) fn term(&self) {
        self.handle.tell(Input::TermReceived);
    }

    /// SIGTERM, and the agent leaves without a panic. Whatever listens delays that.
    pub(crate) fn leaves(self) {
        self.term();
        self.has_left();
    }

    pub(crate) fn has_left(self) {
        self.left.recv_timeout(PATIENCE).expect("the agent leaves cleanly");
    }
}

/// A path that nobody else uses.
pub(crate) fn path(what: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("lameduck-wire-{}-{what}-{number}", std::process::id()))
}
