use super::*;

/// The warnings about one setting, with a token so that nothing else is said.
fn about(setting: &str, args: &str) -> Option<String> {
    let warnings = warnings(args);
    let found: Vec<_> = warnings.into_iter().filter(|w| w.setting == setting).collect();
    assert!(found.len() <= 1, "{found:?}");
    found.into_iter().next().map(|warning| warning.text)
}

#[test]
fn the_defaults_lack_only_a_token() {
    let warnings = warnings("");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].text.contains("without a token"));
    assert!(warnings[0].text.contains("changes nothing"));
    let variables = [("LAMEDUCK_HOOK_TOKEN", "0123456789abcdef")];
    assert_eq!(loaded(Program::Agent, "", &variables).unwrap().warnings, []);
    assert_eq!(loaded(Program::Run, "-- true", &[]).unwrap().warnings, []);
}

#[test]
fn a_token_on_the_command_line_is_seen_by_all() {
    let text = about("hook-token", "--hook-token 0123456789abcdef").unwrap();
    assert!(text.contains("visible to every process"));
}

#[test]
fn propagation_beyond_the_budget_has_all_the_numbers() {
    assert_eq!(
        about("propagation", "--propagation gclb").unwrap(),
        "1m is longer than the drain may take, 19s (grace-period 30s - app-shutdown-reserve 10s - \
         1s for the answer); where silence does not prove earlier that the lists have changed, \
         the drain ends at the deadline with clients still coming; raise the grace to at least \
         1m 11s or name a shorter propagation"
    );
    assert_eq!(about("propagation", "--propagation gclb --grace-period 71"), None);
    assert!(about("propagation", "--propagation gclb --grace-period 70").is_some());
    let cut = about("propagation", "--grace-period 10").unwrap();
    assert!(cut.contains("4s (grace-period 10s - app-shutdown-reserve 5s cut from 10s to half"));
    assert!(cut.contains("at least 26s"));
    assert_eq!(about("propagation", "--propagation 4s --grace-period 10"), None);
}

/// The advised grace is the smallest that silences the warning, also where the reserve is cut.
#[test]
fn the_advised_grace_is_enough_and_not_more() {
    for (propagation, grace) in [("5s", 12_u32), ("9s", 20), ("15s", 26)] {
        let args = |grace| format!("--propagation {propagation} --grace-period {grace}");
        let short = about("propagation", &args(grace - 1)).unwrap();
        assert!(short.contains(&format!("at least {grace}s")), "{short}");
        assert_eq!(about("propagation", &args(grace)), None);
    }
}

#[test]
fn a_grace_too_short_for_any_drain() {
    let text = about("grace-period", "--grace-period 1").unwrap();
    assert!(text.contains("1s leaves the drain 300ms"), "{text}");
    assert!(about("grace-period", "--grace-period 0").unwrap().contains("0s leaves the drain 0s"));
    assert_eq!(about("grace-period", "--grace-period 2"), None);
}

#[test]
fn a_reserve_beyond_half_the_grace() {
    let text = about("app-shutdown-reserve", "--app-shutdown-reserve 20s").unwrap();
    assert_eq!(
        text,
        "20s is more than half of grace-period 30s; 15s is kept for the application and the drain \
         has 14s"
    );
    assert_eq!(about("app-shutdown-reserve", "--grace-period 10s"), None);
}

#[test]
fn a_kubelet_stop_that_leaves_nothing() {
    let text = about("kubelet-stop-cap", "--kubelet-stop-cap 10s").unwrap();
    assert!(text.starts_with("10s is not more than app-shutdown-reserve 10s"), "{text}");
    let text = about("kubelet-stop-cap", "--kubelet-stop-cap 40s").unwrap();
    assert_eq!(text, "40s has no effect: grace-period 30s is shorter");
    assert_eq!(about("kubelet-stop-cap", "--kubelet-stop-cap 11s"), None);
}

#[test]
fn waits_that_do_not_fit() {
    for (name, part) in [
        ("restart-drain", "it is cut to that"),
        ("pinned-wait", "no drain will end as pinned"),
        ("stream-wait", "until its deadline"),
        ("quiet-period", "every drain will end at the deadline"),
    ] {
        let text = about(name, &format!("--{name} 25s")).unwrap();
        assert!(text.starts_with("25s ") && text.contains("19s (grace-period 30s"), "{text}");
        assert!(text.contains(part), "{text}");
        // A default that does not fit is cut without a word.
        assert_eq!(about(name, "--grace-period 4 --propagation 1s"), None);
    }
    let text = about("quiet-period", "--quiet-period 6s --propagation mesh").unwrap();
    assert!(text.starts_with("6s is longer than propagation 5s"), "{text}");
}

#[test]
fn settings_without_effect() {
    assert!(about("idle-wait", "--idle-wait 5s").unwrap().contains("no effect without notify"));
    assert_eq!(about("idle-wait", "--idle-wait 5s --notify-file /x"), None);
    assert_eq!(about("idle-wait", "--idle-wait 0"), None);
    assert!(about("exclude-ports", "--exclude-ports 1 --ports 2").is_some());
    assert_eq!(about("exclude-ports", "--exclude-ports 1"), None);
}

#[test]
fn choices_with_a_price() {
    assert!(about("inflight", "--inflight proc-net").unwrap().contains("cannot tell"));
    assert!(about("unready", "--unready never").unwrap().contains("restart-drain 5s"));
    assert!(about("containers", "--containers db=helper").unwrap().contains("only helpers"));
    assert_eq!(about("containers", "--containers db=helper,app"), None);
}
