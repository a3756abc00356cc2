use super::*;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

#[test]
fn a_flag_wins_over_the_environment_and_both_over_the_default() {
    let grace = |args, variables: &[(&str, &str)]| {
        loaded(Program::Agent, args, variables).unwrap().config.plan.grace.as_secs()
    };
    let variable = [("LAMEDUCK_GRACE_PERIOD", "40s")];
    assert_eq!(grace("", &[]), 30);
    assert_eq!(grace("", &variable), 40);
    assert_eq!(grace("--grace-period 50s", &variable), 50);
    assert_eq!(grace("--grace-period=50s", &variable), 50);
}

#[test]
fn a_variable_that_a_flag_replaces_is_not_judged() {
    let variable = [("LAMEDUCK_GRACE_PERIOD", "nonsense")];
    loaded(Program::Agent, "--grace-period 50s", &variable).unwrap();
}

#[test]
fn an_empty_variable_is_not_set_and_an_empty_flag_is_wrong() {
    let variable = [("LAMEDUCK_GRACE_PERIOD", "")];
    let config = loaded(Program::Agent, "", &variable).unwrap().config;
    assert_eq!(config.plan.grace, Duration::from_secs(30));
    assert_eq!(refused("--grace-period=").list[0].problem, "is empty");
}

/// What the kubelet sets for Services named lameduck, lameduck-metrics and lameduck-hook.
#[test]
fn service_links_are_not_settings() {
    let links = [
        ("LAMEDUCK_SERVICE_HOST", "10.0.0.1"),
        ("LAMEDUCK_SERVICE_PORT", "9797"),
        ("LAMEDUCK_SERVICE_PORT_HOOK", "9797"),
        ("LAMEDUCK_PORT", "tcp://10.0.0.1:9797"),
        ("LAMEDUCK_PORT_9797_TCP", "tcp://10.0.0.1:9797"),
        ("LAMEDUCK_PORT_9797_TCP_PROTO", "tcp"),
        ("LAMEDUCK_PORT_9797_TCP_PORT", "9797"),
        ("LAMEDUCK_PORT_9797_TCP_ADDR", "10.0.0.1"),
        ("LAMEDUCK_METRICS_PORT", "tcp://10.0.0.2:9798"),
        ("LAMEDUCK_METRICS_PORT_9798_TCP_ADDR", "10.0.0.2"),
        ("LAMEDUCK_HOOK_PORT", "udp://10.0.0.3:53"),
        ("LAMEDUCK_HOOK_SERVICE_HOST", "10.0.0.3"),
    ];
    let loaded = loaded(Program::Agent, "", &links).unwrap();
    assert_eq!(loaded.service_links.len(), links.len());
    assert_eq!(loaded.config.metrics_port, Some(9798));
    assert_eq!(loaded.config.hook_port, 9797);
    // Only the missing token is worth a warning.
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
}

/// Only names that a Service can produce are excused; a bad value elsewhere is a mistake.
#[test]
fn a_setting_with_an_address_for_a_value_is_still_wrong() {
    let variables = [("LAMEDUCK_NOTIFY", "tcp://127.0.0.1:80"), ("LAMEDUCK_METRICS_PORT", "http")];
    assert_eq!(loaded(Program::Agent, "", &variables).unwrap_err().list.len(), 2);
}

#[test]
fn an_unknown_variable_is_a_warning_with_the_nearest_name() {
    let variables = [("LAMEDUCK_GRACE_PERIODS", "40s"), ("LAMEDUCK_BANANA", "1"), ("OTHER", "1")];
    let loaded = loaded(Program::Agent, "--hook-token-file none", &variables).unwrap();
    let texts: Vec<String> = loaded.warnings[..2].iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "LAMEDUCK_BANANA: not a setting of lameduck and ignored",
            "LAMEDUCK_GRACE_PERIODS: not a setting of lameduck and ignored; did you mean \
             LAMEDUCK_GRACE_PERIOD?",
        ]
    );
    assert_eq!(loaded.config.plan.grace, Duration::from_secs(30));
}

#[test]
fn a_setting_of_another_command_is_said_to_be_one() {
    let mistakes = loaded(Program::Run, "--unready never -- true", &[]).unwrap_err();
    assert_eq!(mistakes.list[0].problem, "`lameduck run` does not read it, only lameduck agent");
    let variables = [("LAMEDUCK_UNREADY", "never")];
    let loaded = loaded(Program::Run, "-- true", &variables).unwrap();
    assert_eq!(loaded.warnings[0].text, "`lameduck run` does not read this setting");
}

#[test]
fn run_takes_its_command_behind_two_dashes() {
    let loaded_run = loaded(Program::Run, "--grace-period 9 -- sh --grace-period x -- y", &[]);
    let run = loaded_run.unwrap();
    assert_eq!(run.command, ["sh", "--grace-period", "x", "--", "y"]);
    for args in ["", "--", "--grace-period 9"] {
        let mistakes = loaded(Program::Run, args, &[]).unwrap_err();
        assert!(mistakes.list[0].problem.starts_with("no command to run"), "{mistakes}");
    }
    assert!(refused("-- sh").list[0].problem.contains("starts no command"));
    assert!(refused("sh").list[0].problem.contains("takes only flags"));
}

#[test]
fn a_flag_given_twice_must_agree_with_itself() {
    agent("--grace-period 30s --grace-period 30s");
    let mistakes = refused("--grace-period 30s --grace-period 40s");
    assert_eq!(mistakes.list[0].problem, "is given twice: 30s and 40s");
}

#[test]
fn a_flag_needs_a_value() {
    assert_eq!(refused("--ports 80 --grace-period").list[0].problem, "needs a value");
}

#[test]
fn what_is_not_text_is_refused() {
    let bytes = || OsString::from_vec(vec![0xff]);
    let flag = load(Program::Agent, ["--unready".into(), bytes()], []).unwrap_err();
    let variable = load(Program::Agent, [], [("LAMEDUCK_UNREADY".into(), bytes())]).unwrap_err();
    assert_eq!(flag.list[0].problem, "is not UTF-8 text");
    assert_eq!(variable.list[0].problem, "is not UTF-8 text");
}

#[test]
fn a_client_sees_the_agent_s_settings_and_takes_its_own() {
    let variables = [
        ("LAMEDUCK_GRACE_PERIOD", "nonsense"),
        ("LAMEDUCK_HOOK_PORT", "7000"),
        ("LAMEDUCK_BANANA", "1"),
    ];
    let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let client = load_client("lameduck status", &[], [], variables).unwrap();
    assert_eq!(client.socket, ControlSocket::Abstract("lameduck-7000".into()));
}
