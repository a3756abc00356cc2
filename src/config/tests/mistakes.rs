use super::*;
use proptest::prelude::*;

#[test]
fn all_mistakes_are_reported_at_once() {
    let variables = [("LAMEDUCK_UNREADY", "allways"), ("LAMEDUCK_METRICS_PORT", "9797")];
    let args = "--grace-period abc --ports 8080/htpp --qiet-period 1s --notify http://10.1.2.3/";
    let mistakes = loaded(Program::Agent, args, &variables).unwrap_err();
    let names: Vec<&str> = mistakes.list.iter().map(|mistake| mistake.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "--qiet-period",
            "--notify",
            "--grace-period",
            "LAMEDUCK_UNREADY",
            "--ports",
            "LAMEDUCK_METRICS_PORT",
        ]
    );
}

#[test]
fn a_report_reads_well() {
    let variables = [("LAMEDUCK_UNREADY", "allways")];
    let mistakes = loaded(Program::Agent, "--grace-period abc", &variables).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "lameduck agent: 2 mistakes, nothing was done

  --grace-period=abc
      is not a duration
      allowed: a duration up to 168h, such as 30s, 1m30s, 500ms, or bare seconds

  LAMEDUCK_UNREADY=allways (environment)
      is not one of the known words; did you mean always?
      allowed: auto, always or never

`lameduck agent --help` lists what there is, `lameduck explain NAME` describes a
setting
"
    );
}

/// Each setting with a value it cannot take, and a part of what must be said.
const BAD: [(&str, &str, &str); 29] = [
    ("grace-period", "-1s", "is negative"),
    ("app-shutdown-reserve", "x", "is not a duration"),
    ("restart-drain", "5x", "is not a duration"),
    ("kubelet-stop-cap", "1000h", "is longer than 168h"),
    ("propagation", "ingres", "neither a known profile nor a duration"),
    ("quiet-period", "1s2", "is not a duration"),
    ("evidence", "0", "is out of range"),
    ("unready", "maybe", "is not one of the known words"),
    ("registries", "consul", "this version cannot leave any"),
    ("app-probes", "8080", "names no period"),
    ("local-arrivals", "yes", "is not one of the known words"),
    ("ports", "http", "is not a port number"),
    ("exclude-ports", "80,80", "port 80 is named twice"),
    ("containers", "App", "is not a container name"),
    ("inflight", "prometheus", "is not one of the known words"),
    ("quiet-h2", "", "is empty"),
    ("stream-wait", "1d?", "is not a duration"),
    ("pinned-wait", "two", "is not a duration"),
    ("notify", "http://example.org/", "outside the pod"),
    ("notify-file", "phase", "is not an absolute path"),
    ("idle-wait", "never", "is not a duration"),
    ("hook-port", "65536", "is not a port number"),
    ("hook-token", "short", "has 5 characters"),
    ("hook-token-file", "/does/not/exist", "cannot be read"),
    ("metrics-port", "of", "is not a port number"),
    ("socket", "atuo", "is not one of the known words"),
    ("log-level", "loud", "is not one of the known words"),
    ("log-format", "xml", "is not one of the known words"),
    ("termination-log", "log", "is not an absolute path"),
];

#[test]
fn every_setting_refuses_what_it_cannot_take() {
    for setting in SETTINGS {
        let (name, value, part) =
            BAD.iter().find(|(name, ..)| *name == setting.name).expect("a row for each setting");
        let args = [OsString::from(format!("--{name}={value}"))];
        let mistakes = load(Program::Agent, args, []).expect_err(name);
        let [mistake] = &mistakes.list[..] else { panic!("{name}: {mistakes}") };
        assert_eq!(mistake.name, format!("--{name}"));
        assert!(mistake.problem.contains(part), "{mistakes}");
    }
}

#[test]
fn a_slip_is_answered_with_the_nearest_word() {
    let nearest = |args| refused(args).list.remove(0).nearest;
    assert_eq!(nearest("--grace 3").as_deref(), Some("--grace-period"));
    assert_eq!(nearest("--propagation ingres").as_deref(), Some("ingress"));
    assert_eq!(nearest("--metrics-port of").as_deref(), Some("off"));
    assert_eq!(nearest("--socket atuo").as_deref(), Some("auto"));
    assert_eq!(nearest("--ports 80/gprc").as_deref(), Some("grpc"));
    assert_eq!(nearest("--banana 3"), None);
}

#[test]
fn ports_that_clash_are_refused() {
    let problem = |args| {
        let list = refused(args).list;
        assert_eq!(list.len(), 1, "{list:?}");
        list[0].problem.clone()
    };
    let two = "is also the hook-port; two listeners need two ports";
    assert_eq!(problem("--metrics-port 9797"), two);
    assert_eq!(problem("--hook-port 9798"), two.replace("hook-port", "metrics-port"));
    let own = "names port 9797, which is lameduck's own hook-port";
    assert_eq!(problem("--ports 9797/http"), own);
    assert_eq!(problem("--containers a=9797"), own);
    assert_eq!(problem("--app-probes 9797/1s"), own);
    assert_eq!(problem("--ports 1 --exclude-ports 1"), "leaves out port 1, which ports names");
    assert_eq!(
        problem("--ports 1/http --containers a=1/grpc"),
        "says http on port 1, and containers says grpc"
    );
}

#[test]
fn zero_and_off_clash_with_nothing() {
    agent("--hook-port 0 --metrics-port 0");
    agent("--metrics-port off --ports 9798");
    loaded(Program::Run, "--ports 9797 -- true", &[]).unwrap();
}

#[test]
fn one_mistake_is_not_followed_by_echoes() {
    for args in ["--banana yes", "--banana=yes", "--hook-port x --metrics-port 9797"] {
        assert_eq!(refused(args).list.len(), 1, "{args}");
    }
    let run = loaded(Program::Run, "nginx -g daemon", &[]).unwrap_err();
    assert_eq!(run.list.len(), 1, "{run}");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9a-z/,+:=.\\-]{0,24}",
        "(auto|off|none|http://127.0.0.1|/x|app=80|8080/http|30s)[ -~]{0,6}",
    ]
}

proptest! {
    #[test]
    fn any_text_for_any_setting_is_taken_or_refused(
        values in proptest::collection::vec((0..SETTINGS.len(), any_text()), 0..6),
        run: bool,
    ) {
        let flags = values.iter().map(|(at, text)| format!("--{}={text}", SETTINGS[*at].name));
        let flags = flags.chain(["--".into(), "true".into()]).map(OsString::from);
        let program = if run { Program::Run } else { Program::Agent };
        match load(program, flags.take(if run { 9 } else { values.len() }), []) {
            Ok(loaded) => prop_assert!(!loaded.config.effective().is_empty()),
            Err(mistakes) => {
                prop_assert!(!mistakes.list.is_empty());
                let shown = mistakes.to_string();
                prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{}", shown);
            }
        }
    }

    #[test]
    fn any_command_line_is_taken_or_refused(args: Vec<String>, name: String, value: String) {
        let variable = (format!("LAMEDUCK_{name}").into(), value.into());
        for program in [Program::Agent, Program::Run] {
            let args = args.iter().map(OsString::from);
            if let Err(mistakes) = load(program, args, [variable.clone()]) {
                prop_assert!(!mistakes.list.is_empty());
            }
        }
    }
}
