//! The composition root: builds every room of the agent once, then runs it.
//!
//! Build first, then run: `build` binds every port and says where, or fails with everything
//! still untouched; `run` serves until the drain is over and the application gone.

use crate::config::{Config, ControlSocket, Effective};
use crate::control::SocketName;
use crate::drain::{Plan, Unready};
use crate::driver::{Driver, Edges, Handle, Prober};
use crate::hook::Hook;
use crate::inflight::OwnedInodes;
use crate::notify::Notifier;
use crate::readiness::Readiness;
use crate::telemetry::{Journal, Metrics, Part};
use crate::{admin, control, hook, inflight};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// An answered caller gets this long to read its answer before the process leaves.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Why the agent could not be built.
#[derive(Debug)]
pub struct BuildError(String);

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BuildError {}

/// Where the agent listens.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub hook: SocketAddr,
    pub metrics: Option<SocketAddr>,
    /// As a person names it: `@name` or a path.
    pub socket: Option<String>,
}

/// The agent, bound and not yet serving.
pub struct App {
    addresses: Addresses,
    handle: Handle,
    driver: Driver,
    hook: (hook::Bound, Hook),
    metrics: Arc<Metrics>,
    admin: Option<admin::Bound>,
    control: Option<control::Bound>,
    sockets: String,
    terminate: Signal,
    interrupt: Signal,
}

/// The labels of hook calls: every decision of the hook port and of the local socket.
pub fn decisions() -> Vec<&'static str> {
    let hook = hook::Decision::ALL.map(hook::Decision::name);
    let heard = control::Heard::ALL.map(control::Heard::name);
    hook.into_iter().chain(heard).collect()
}

/// Binds everything. Must be called inside a current-thread runtime.
pub fn build(config: &Config, metrics: Arc<Metrics>) -> Result<App, BuildError> {
    let bound = hook::bind(config.hook_port)
        .map_err(|error| cannot_bind("hook", config.hook_port, &error))?;
    let admin = match config.metrics_port {
        Some(port) => {
            Some(admin::bind(port).map_err(|error| cannot_bind("metrics", port, &error))?)
        }
        None => None,
    };
    let control = open_control(&config.control, &metrics);
    let own_ports: Vec<u16> = std::iter::once(bound.addr().port())
        .chain(admin.iter().map(|admin| admin.addr().port()))
        .collect();
    let own_accepted = {
        let (gauge, admin) = (bound.gauge(), admin.as_ref().map(admin::Bound::accepted));
        move || {
            let scrapes =
                admin.as_ref().map_or(0, |n| n.load(std::sync::atomic::Ordering::Relaxed));
            gauge.accepted() + scrapes
        }
    };
    let readiness = Readiness::default();
    let prober = Prober::default();
    let edges = edges(config, &metrics, &own_ports, None, Box::new(own_accepted));
    let edges = Edges { readiness: readiness.clone(), prober: prober.clone(), ..edges };
    let sockets = edges.sockets.describe();
    let (driver, handle) = Driver::new(config.plan.clone(), edges);
    let hook = open_hook(config, &handle, &metrics, &readiness, &prober);
    let signals = |kind| {
        signal(kind).map_err(|error| BuildError(format!("cannot listen for signals: {error}")))
    };
    Ok(App {
        addresses: Addresses {
            hook: bound.addr(),
            metrics: admin.as_ref().map(admin::Bound::addr),
            socket: control.as_ref().map(|(_, name)| name.clone()),
        },
        handle,
        driver,
        hook: (bound, hook),
        metrics,
        admin,
        control: control.map(|(bound, _)| bound),
        sockets,
        terminate: signals(SignalKind::terminate())?,
        interrupt: signals(SignalKind::interrupt())?,
    })
}

/// The rooms that a driver moves, for the agent and for `run`.
pub fn edges(
    config: &Config,
    metrics: &Arc<Metrics>,
    own_ports: &[u16],
    owned: Option<OwnedInodes>,
    own_accepted: Box<dyn Fn() -> u64>,
) -> Edges {
    let notifier = Notifier::new(config.notify.clone());
    if let Err(why) = notifier.startup() {
        tracing::warn!(why, "a stale notify file may mislead the application");
    }
    Edges {
        sockets: inflight::open(&config.sockets, &config.plan, own_ports, owned),
        readiness: Readiness::default(),
        notifier: Arc::new(notifier),
        journal: Arc::new(Journal::new(Arc::clone(metrics), config.termination_log.clone())),
        metrics: Arc::clone(metrics),
        prober: Prober::default(),
        own_accepted,
    }
}

fn open_hook(
    config: &Config,
    handle: &Handle,
    metrics: &Arc<Metrics>,
    readiness: &Readiness,
    prober: &Prober,
) -> Hook {
    let (metrics, readiness, prober) = (Arc::clone(metrics), readiness.clone(), prober.clone());
    Hook {
        handle: handle.clone(),
        token: config.hook_token.as_ref().map(|token| token.expose().to_owned()),
        near: Arc::new(move |address| prober.is_at(address)),
        ready: Arc::new(move || readiness.is_ready()),
        decided: Arc::new(move |decision: hook::Decision| {
            tracing::debug!(decision = decision.name(), "hook port asked");
            metrics.hook_call(decision.name());
        }),
    }
}

/// Where the local socket cannot be created, its commands are unavailable and the agent goes on.
pub fn open_control(
    setting: &ControlSocket,
    metrics: &Metrics,
) -> Option<(control::Bound, String)> {
    let name = socket_name(setting)?;
    match control::bind(&name) {
        Ok(bound) => Some((bound, name.to_string())),
        Err(error) => {
            metrics.failed(Part::Control);
            tracing::warn!(
                socket = %name,
                %error,
                "no local socket: lameduck hook, status, drain and undrain cannot reach this agent"
            );
            None
        }
    }
}

/// The local socket as the client and the server of it know it; `None`: off.
pub fn socket_name(setting: &ControlSocket) -> Option<SocketName> {
    match setting {
        ControlSocket::Abstract(name) => Some(SocketName::Abstract(name.clone())),
        ControlSocket::Path(path) => Some(SocketName::Path(path.clone())),
        ControlSocket::Off => None,
    }
}

fn cannot_bind(what: &str, port: u16, error: &std::io::Error) -> BuildError {
    BuildError(format!(
        "cannot listen on the {what} port {port}: {error}; another process of the pod may use it: \
         set {what}-port (LAMEDUCK_{}_PORT) to a free one",
        what.to_uppercase()
    ))
}

impl From<String> for BuildError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The plan of `run`: nobody probes it, so nobody would read that it is unready.
pub fn plan_of_run(config: &Config) -> Plan {
    Plan { unready: Unready::Never, ..config.plan.clone() }
}

/// The metrics port and the local socket of `run`, where they are asked for.
pub fn serve_beside(
    config: &Config,
    handle: &Handle,
    metrics: &Arc<Metrics>,
    sockets: String,
) -> Result<(), BuildError> {
    if let Some(port) = config.metrics_port {
        let bound = admin::bind(port).map_err(|error| cannot_bind("metrics", port, &error))?;
        guarded("metrics", metrics, bound.serve(scrape(handle, metrics)));
    }
    if let Some((bound, _)) = open_control(&config.control, metrics) {
        guarded("control", metrics, bound.serve(commands(handle, metrics, sockets)));
    }
    Ok(())
}

impl App {
    /// What is read from the kernel, as the self-test found it.
    pub fn in_flight(&self) -> &str {
        &self.sockets
    }

    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Serves until the core wants to leave, or SIGINT.
    pub async fn run(self) {
        let gauge = self.hook.0.gauge();
        let (bound, hook) = self.hook;
        guarded("hook", &self.metrics, bound.serve(hook));
        if let Some(admin) = self.admin {
            let texts = scrape(&self.handle, &self.metrics);
            guarded("metrics", &self.metrics, admin.serve(texts));
        }
        if let Some(control) = self.control {
            let served = control.serve(commands(&self.handle, &self.metrics, self.sockets));
            guarded("control", &self.metrics, served);
        }
        guarded("signals", &self.metrics, pass_on(self.terminate, self.handle.clone()));
        let mut interrupt = self.interrupt;
        tokio::select! {
            () = self.driver.run() => {}
            _ = interrupt.recv() => tracing::info!("SIGINT: leaving at once"),
        }
        let read = async {
            while gauge.unanswered() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LAST_ANSWERS, read).await.ok();
    }
}

/// Every SIGTERM is a fact for the core; it decides when to leave.
async fn pass_on(mut terminate: Signal, handle: Handle) {
    while terminate.recv().await.is_some() {
        handle.tell(crate::drain::Input::TermReceived);
    }
}

/// The text of a scrape, with the gauges of this moment.
fn scrape(handle: &Handle, metrics: &Arc<Metrics>) -> admin::Metrics {
    let (handle, metrics) = (handle.clone(), Arc::clone(metrics));
    Arc::new(move || {
        let (handle, metrics) = (handle.clone(), Arc::clone(&metrics));
        Box::pin(async move {
            if let Some(status) = handle.status().await {
                metrics.observe_status(&status);
            }
            metrics.encode()
        })
    })
}

/// What the local socket needs.
pub fn commands(handle: &Handle, metrics: &Arc<Metrics>, sockets: String) -> control::Control {
    let metrics = Arc::clone(metrics);
    control::Control {
        handle: handle.clone(),
        about: Arc::new(move || {
            vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("in-flight", sockets.clone())]
        }),
        heard: Arc::new(move |heard: control::Heard| {
            tracing::debug!(command = heard.name(), "local socket asked");
            metrics.hook_call(heard.name());
        }),
    }
}

/// A task whose panic is counted and ends nothing else.
fn guarded(
    room: &'static str,
    metrics: &Arc<Metrics>,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let metrics = Arc::clone(metrics);
    tokio::spawn(async move {
        if tokio::spawn(task).await.is_err() {
            metrics.failed(Part::Panic);
            tracing::error!(room, "a task has failed");
        }
    });
}

/// One line with the settings as they are in force, secrets masked.
pub fn effective_line(config: &Config) -> String {
    let one = |setting: &Effective| format!("{}={}", setting.name, setting.value);
    config.effective().iter().map(one).collect::<Vec<_>>().join(" ")
}
