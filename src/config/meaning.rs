//! From typed values to [`Config`]: one reading per setting, then the checks between them.

use super::parse::{self, NamedContainers};
use super::reader::Reader;
use super::settings::Setting;
use super::{
    Config, ControlSocket, LogConfig, LogFormat, NotifyConfig, PortsSetting, SocketSource,
    SocketsConfig, Token, checks, effective,
};
use crate::drain::{NotifyChannel, Plan, Unready};
use std::path::PathBuf;
use std::time::Duration;

/// The p99 that a name stands for, in seconds.
const PROFILES: [(&str, u64); 9] = [
    // Unknown is read as ingress: the slowest of the usual lists inside a cluster.
    ("auto", 15),
    ("clusterip", 5),
    ("mesh", 5),
    ("ingress", 15),
    ("headless", 30),
    ("dns", 30),
    ("alb", 30),
    ("gclb", 60),
    ("nlb", 180),
];

const IDLE_WAIT_WITH_NOTIFY: Duration = Duration::from_secs(5);

/// `None`, or mistakes kept by the reader: nothing may be started.
pub(super) fn config(reader: &mut Reader) -> Option<Config> {
    let containers = reader.read("containers", none_or(parse::containers))?;
    let notify = notify(reader)?;
    let hook_port = reader.read("hook-port", parse::port)?;
    let config = Config {
        plan: plan(reader, &notify, &containers)?,
        sockets: sockets(reader, &containers)?,
        notify,
        hook_port,
        metrics_port: reader.read_unless("metrics-port", "off", parse::port)?,
        control: control_socket(reader, hook_port)?,
        hook_token: hook_token(reader)?,
        log: log(reader)?,
        termination_log: reader.read_unless("termination-log", "off", parse::absolute_path)?,
        effective: Vec::new(),
    };
    checks::check(reader, &config);
    let effective = effective::list(reader, &config);
    Some(Config { effective, ..config })
}

pub(super) fn control_socket(reader: &mut Reader, hook_port: u16) -> Option<ControlSocket> {
    reader.read("socket", |text| match text {
        "auto" => Ok(ControlSocket::Abstract(format!("lameduck-{hook_port}"))),
        "off" => Ok(ControlSocket::Off),
        path => match parse::choice(path, &["auto", "off"]) {
            // A word that is nearly one of ours is no path.
            Err(problem) if problem.nearest.is_some() => Err(problem),
            _ => parse::socket_path(path).map(ControlSocket::Path),
        },
    })
}

fn plan(reader: &mut Reader, notify: &NotifyConfig, containers: &NamedContainers) -> Option<Plan> {
    // No kind of registry exists, so the only readable value is the empty list.
    let registries = reader.read("registries", |text| match text {
        "none" => Ok(Vec::new()),
        _ => Err(parse::Problem::new(
            "names a registry, and this version cannot leave any; leave the setting out and let \
             the application deregister itself when it is notified",
        )),
    })?;
    Some(Plan {
        grace: reader.read_duration("grace-period")?,
        app_shutdown_reserve: reader.read_duration("app-shutdown-reserve")?,
        propagation: propagation(reader)?,
        quiet_period: reader.read_duration("quiet-period")?,
        evidence: reader.read_unless("evidence", "off", parse::evidence)?,
        pinned_wait: reader.read_duration("pinned-wait")?,
        stream_wait: reader.read_duration("stream-wait")?,
        idle_wait: idle_wait(reader, notify)?,
        restart_drain: reader.read_duration("restart-drain")?,
        kubelet_stop_cap: reader.read_duration("kubelet-stop-cap")?,
        unready: reader.read_choice(
            "unready",
            &[("auto", Unready::Auto), ("always", Unready::Always), ("never", Unready::Never)],
        )?,
        containers: containers.containers.clone(),
        app_probes: reader
            .read_unless("app-probes", "auto", parse::app_probes)?
            .unwrap_or_default(),
        notify: channels(notify),
        registries,
        sources: Vec::new(),
        controller: false,
        local_arrivals: reader
            .read_choice("local-arrivals", &[("ignore", false), ("count", true)])?,
    })
}

fn propagation(reader: &mut Reader) -> Option<Duration> {
    let profiles = Setting::named("propagation")?.kind.words();
    reader.read("propagation", |text| {
        if let Some((_, seconds)) = PROFILES.iter().find(|(name, _)| *name == text) {
            return Ok(Duration::from_secs(*seconds));
        }
        parse::duration(text).map_err(|problem| match text.starts_with(char::is_alphabetic) {
            true => parse::Problem::unknown(
                "is neither a known profile nor a duration",
                text,
                profiles.iter().copied(),
            ),
            false => problem,
        })
    })
}

fn idle_wait(reader: &mut Reader, notify: &NotifyConfig) -> Option<Duration> {
    let asked = reader.read_unless("idle-wait", "auto", parse::duration)?;
    let default = match channels(notify).is_empty() {
        true => Duration::ZERO,
        false => IDLE_WAIT_WITH_NOTIFY,
    };
    Some(asked.unwrap_or(default))
}

fn notify(reader: &mut Reader) -> Option<NotifyConfig> {
    Some(NotifyConfig {
        url: reader.read_unless("notify", "off", parse::loopback_url)?,
        file: reader.read_unless("notify-file", "off", parse::absolute_path)?,
    })
}

fn channels(notify: &NotifyConfig) -> Vec<NotifyChannel> {
    let http = notify.url.as_ref().map(|_| NotifyChannel::Http);
    let file = notify.file.as_ref().map(|_| NotifyChannel::File);
    http.into_iter().chain(file).collect()
}

fn sockets(reader: &mut Reader, containers: &NamedContainers) -> Option<SocketsConfig> {
    let ports = reader.read_unless("ports", "auto", parse::port_protocols)?;
    let excluded = reader.read_unless("exclude-ports", "none", parse::plain_ports)?;
    Some(SocketsConfig {
        source: reader.read_choice(
            "inflight",
            &[("kernel", SocketSource::Kernel), ("proc-net", SocketSource::ProcNet)],
        )?,
        ports: ports.map_or(PortsSetting::Auto, PortsSetting::List),
        exclude_ports: excluded.unwrap_or_default(),
        declared: containers.ports.clone(),
        quiet_h2: reader.read_duration("quiet-h2")?,
    })
}

fn hook_token(reader: &mut Reader) -> Option<Option<Token>> {
    let direct = reader.read_unless("hook-token", "none", parse::token)?;
    let file: Option<PathBuf> =
        reader.read_unless("hook-token-file", "none", parse::absolute_path)?;
    match (direct, file) {
        (Some(_), Some(_)) => {
            reader.refuse_together(
                "hook-token-file",
                "cannot be combined with hook-token; set one of them",
            );
            Some(None)
        }
        (Some(direct), None) => Some(Some(direct)),
        (None, Some(path)) => match parse::token_file(&path) {
            Ok(token) => Some(Some(token)),
            Err(problem) => {
                reader.refuse_together("hook-token-file", problem.what);
                Some(None)
            }
        },
        (None, None) => Some(None),
    }
}

fn log(reader: &mut Reader) -> Option<LogConfig> {
    Some(LogConfig {
        level: reader.read_choice(
            "log-level",
            &[
                ("error", tracing::Level::ERROR),
                ("warn", tracing::Level::WARN),
                ("info", tracing::Level::INFO),
                ("debug", tracing::Level::DEBUG),
                ("trace", tracing::Level::TRACE),
            ],
        )?,
        format: reader.read_choice(
            "log-format",
            &[("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)],
        )?,
    })
}

fn none_or<T: Default>(
    parse: impl Fn(&str) -> Result<T, parse::Problem>,
) -> impl Fn(&str) -> Result<T, parse::Problem> {
    move |text| match text {
        "none" => Ok(T::default()),
        _ => parse(text),
    }
}
