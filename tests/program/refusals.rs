//! What cannot be done is refused whole, with all that is wrong and what to do.

use crate::process::{Process, QUICK, lameduck, output, text};
use std::net::TcpListener;

#[test]
fn every_mistake_of_flags_and_environment_is_told_at_once() {
    let mut command = lameduck(&["agent", "--grace-period", "soon", "--unready", "sometime"]);
    command.args(["--hook-porth", "1", "--ports", "0/http"]);
    command.env("LAMEDUCK_EVIDENCE", "plenty").env("LAMEDUCK_LOG_LEVEL", "loud");
    let output = command.output().unwrap();
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{errors}");
    assert!(errors.starts_with("lameduck agent: 6 mistakes, nothing was done\n"), "{errors}");
    for part in [
        "--grace-period=soon",
        "--unready=sometime",
        "--hook-porth",
        "--ports=0/http",
        "LAMEDUCK_EVIDENCE=plenty (environment)",
        "LAMEDUCK_LOG_LEVEL=loud (environment)",
    ] {
        assert!(errors.contains(part), "{part} is missing in {errors}");
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (setting, other) in [("hook-port", "metrics-port"), ("metrics-port", "hook-port")] {
        let (flag, other) = (format!("--{setting}"), format!("--{other}"));
        let output = output(&["agent", &flag, &port, &other, "0", "--socket", "off"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(70), "{errors}");
        assert!(errors.contains(&format!("port {port}: Address already in use")), "{errors}");
        assert!(errors.contains(setting), "{errors}");
    }
}

#[test]
fn service_links_are_no_settings_and_an_unknown_name_is_a_warning() {
    let variables = [
        ("LAMEDUCK_PORT", "tcp://10.0.0.1:80"),
        ("LAMEDUCK_METRICS_PORT", "tcp://10.0.0.1:9798"),
        ("LAMEDUCK_SERVICE_HOST", "10.0.0.1"),
        ("LAMEDUCK_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("LAMEDUCK_GRACE_PERIDO", "40s"),
    ];
    let mut command = lameduck(&["agent", "--socket", "off"]);
    command.args(QUICK).envs(variables);
    let mut agent = Process::start(command);
    agent.listening();
    agent.signal(libc::SIGINT);
    let ended = agent.ended();
    let about: Vec<_> =
        ended.json().into_iter().filter(|line| line["setting"].is_string()).collect();
    let names: Vec<_> = about.iter().map(|line| line["setting"].as_str().unwrap()).collect();
    assert!(names.contains(&"LAMEDUCK_GRACE_PERIDO"), "{about:#?}");
    assert!(!names.iter().any(|name| name.contains("PORT") || name.contains("HOST")), "{names:?}");
    let typo = about.iter().find(|line| line["setting"] == "LAMEDUCK_GRACE_PERIDO").unwrap();
    assert_eq!(typo["level"], "WARN");
    assert!(typo["message"].as_str().unwrap().contains("LAMEDUCK_GRACE_PERIOD"), "{typo}");
}
