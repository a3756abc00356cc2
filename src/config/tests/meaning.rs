use super::*;
use crate::drain::{NotifyChannel, PortRole, Protocol, Unready};
use std::time::Duration;

#[test]
fn the_defaults_of_the_agent_are_the_core_s() {
    let config = agent("");
    // Without notify nobody waits for idle connections.
    let plan = Plan { idle_wait: Duration::ZERO, ..Plan::default() };
    assert_eq!(config.plan, plan);
    assert_eq!(config.hook_port, 9797);
    assert_eq!(config.metrics_port, Some(9798));
    assert_eq!(config.control, ControlSocket::Abstract("lameduck-9797".into()));
    assert_eq!(config.termination_log, Some("/dev/termination-log".into()));
    assert_eq!(config.sockets.quiet_h2, Duration::from_secs(5));
}

/// On a host the namespace and the file system are everybody's.
#[test]
fn run_leaves_the_host_alone() {
    let config = loaded(Program::Run, "-- true", &[]).unwrap().config;
    assert!(config.plan.local_arrivals);
    assert_eq!(config.metrics_port, None);
    assert_eq!(config.control, ControlSocket::Off);
    assert_eq!(config.termination_log, None);
}

#[test]
fn every_setting_means_what_was_typed() {
    let config = agent(
        "--grace-period 60s --app-shutdown-reserve 7s --restart-drain 3s --kubelet-stop-cap 20s \
         --propagation alb --quiet-period 1s --evidence 300 --unready always --registries none \
         --app-probes 8080/5s --local-arrivals count --ports 8080/http --exclude-ports none \
         --containers app=8080,db=helper+5432/tcp --inflight proc-net --quiet-h2 6s \
         --stream-wait 12s --pinned-wait 4s --notify http://127.0.0.1:8080/d \
         --notify-file /run/phase --idle-wait 8s --hook-port 1 --hook-token 0123456789abcdef \
         --hook-token-file none --metrics-port 2 --socket /run/s --log-level debug \
         --log-format json --termination-log off",
    );
    let seconds = Duration::from_secs;
    let plan = &config.plan;
    assert_eq!(
        [plan.grace, plan.app_shutdown_reserve, plan.restart_drain, plan.kubelet_stop_cap],
        [60, 7, 3, 20].map(seconds)
    );
    assert_eq!([plan.propagation, plan.quiet_period], [30, 1].map(seconds));
    assert_eq!(
        [plan.stream_wait, plan.pinned_wait, plan.idle_wait, config.sockets.quiet_h2],
        [12, 4, 8, 6].map(seconds)
    );
    assert_eq!(
        (plan.evidence, plan.unready, plan.local_arrivals),
        (Some(300.0), Unready::Always, true)
    );
    assert_eq!((plan.app_probes[0].port, plan.app_probes[0].period), (8080, seconds(5)));
    assert_eq!(plan.notify, [NotifyChannel::Http, NotifyChannel::File]);
    assert_eq!(config.notify.url.as_deref(), Some("http://127.0.0.1:8080/d"));
    assert_eq!(config.sockets.source, SocketSource::ProcNet);
    assert_eq!(config.sockets.ports, PortsSetting::List(vec![(8080, Protocol::Http)]));
    assert_eq!(config.sockets.declared, [(8080, Protocol::Auto), (5432, Protocol::Tcp)]);
    assert_eq!(plan.containers[1].role, PortRole::Helper);
    assert_eq!((config.hook_port, config.metrics_port), (1, Some(2)));
    assert_eq!(config.hook_token, Some(Token::new("0123456789abcdef".into())));
    assert_eq!(config.control, ControlSocket::Path("/run/s".into()));
    let log = LogConfig { level: tracing::Level::DEBUG, format: LogFormat::Json };
    assert_eq!((config.log, config.termination_log), (log, None));
}

#[test]
fn every_default_and_every_example_can_be_typed() {
    for setting in SETTINGS {
        for value in [setting.default, setting.default_for_run.unwrap_or("off"), setting.example] {
            if setting.kind.words().contains(&value) || value != "off" {
                assert_typed(setting, value);
            }
        }
        for word in setting.kind.words() {
            assert_typed(setting, word);
        }
    }
}

/// A file that does not exist is the only acceptable objection.
fn assert_typed(setting: &Setting, value: &str) {
    let args = ["agent", &setting.flag(), value].map(OsString::from).into_iter().skip(1);
    if let Err(mistakes) = load(Program::Agent, args, []) {
        assert_eq!(setting.name, "hook-token-file", "{mistakes}");
    }
}

#[test]
fn idle_wait_follows_notify() {
    let wait = |args| agent(args).plan.idle_wait;
    assert_eq!(wait("--notify-file /x"), Duration::from_secs(5));
    assert_eq!(wait("--notify-file /x --idle-wait 0"), Duration::ZERO);
    assert_eq!(wait("--notify off"), Duration::ZERO);
}

#[test]
fn the_socket_is_named_after_the_hook_port() {
    assert_eq!(agent("--hook-port 7000").control, ControlSocket::Abstract("lameduck-7000".into()));
    assert_eq!(agent("--socket off").control, ControlSocket::Off);
}

#[test]
fn the_effective_configuration_says_where_each_value_comes_from() {
    let variables = [("LAMEDUCK_PROPAGATION", "alb")];
    let config = loaded(Program::Agent, "--grace-period 45", &variables).unwrap().config;
    let lines: Vec<String> = config.effective().iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), SETTINGS.len());
    for line in [
        "grace-period=45 (flag)",
        "propagation=alb (30s) (environment)",
        "idle-wait=auto (0s) (default)",
        "socket=auto (@lameduck-9797) (default)",
        "hook-token=none (default)",
    ] {
        assert!(lines.iter().any(|other| other == line), "{line} is missing in {lines:#?}");
    }
}
