use super::*;

fn parsed(line: &str) -> Result<Command, Mistakes> {
    parse(line.split_whitespace().map(OsString::from), [])
}

fn printed(line: &str) -> String {
    match parsed(line) {
        Ok(Command::Print(page)) => page,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> Mistake {
    let mut mistakes = parsed(line).expect_err(line);
    assert_eq!(mistakes.list.len(), 1, "{mistakes}");
    mistakes.list.remove(0)
}

fn at(port: u16) -> ControlSocket {
    ControlSocket::Abstract(format!("lameduck-{port}"))
}

#[test]
fn agent_and_run_carry_their_configuration() {
    let Ok(Command::Agent(agent)) = parsed("agent --hook-port 1") else { panic!() };
    assert_eq!(agent.config.hook_port, 1);
    let Ok(Command::Run(run)) = parsed("run --grace-period 9 -- sh -c true --help") else {
        panic!()
    };
    assert_eq!(run.command, ["sh", "-c", "true", "--help"]);
}

#[test]
fn the_demo_reads_its_own_options() {
    let Ok(Command::Demo(args)) = parsed("demo --seed 7") else { panic!() };
    assert_eq!(args, ["--seed", "7"]);
}

#[test]
fn hooks_find_the_agent_and_name_the_container() {
    let Ok(Command::Hook { socket, call }) = parsed("hook stopping --hook-port 7") else {
        panic!()
    };
    assert_eq!((socket, call), (at(7), HookCall::Stopping));
    let wait = "hook wait --container app --fallback-sleep 15s";
    let Ok(Command::Hook { socket, call }) = parsed(wait) else { panic!() };
    let fallback_sleep = Some(Duration::from_secs(15));
    assert_eq!(socket, at(9797));
    assert_eq!(call, HookCall::Wait { container: "app".into(), fallback_sleep });
}

#[test]
fn a_hook_that_lacks_something_says_what() {
    assert_eq!(refused("hook wait").name, "--container");
    assert_eq!(refused("hook wait").problem, "is missing");
    let both = parsed("hook wait --container A --fallback-sleep -1s").unwrap_err();
    assert_eq!(both.list.len(), 2, "{both}");
    assert_eq!(refused("hook").allowed.as_deref(), Some("stopping, wait"));
    assert_eq!(refused("hook stoping").nearest.as_deref(), Some("stopping"));
    assert_eq!(
        refused("hook wait --container a --conatiner b").nearest.as_deref(),
        Some("--container")
    );
}

#[test]
fn status_speaks_text_or_json() {
    let output = |line: &str| match parsed(line) {
        Ok(Command::Status { output, .. }) => output,
        other => panic!("{other:?}"),
    };
    assert_eq!(output("status"), StatusOutput::Text);
    assert_eq!(output("status -o json"), StatusOutput::Json);
    assert_eq!(output("status -ojson"), StatusOutput::Json);
    assert_eq!(output("status --output=json"), StatusOutput::Json);
    assert_eq!(refused("status -o jsno").nearest.as_deref(), Some("json"));
    assert!(refused("status --grace-period 3").problem.contains("does not read it"));
}

#[test]
fn drain_and_undrain_only_find_the_agent() {
    let drain = parsed("drain --socket /run/s").unwrap();
    assert!(matches!(drain, Command::Drain { socket: ControlSocket::Path(_) }), "{drain:?}");
    let undrain = parsed("undrain").unwrap();
    assert!(matches!(undrain, Command::Undrain { socket } if socket == at(9797)));
}

#[test]
fn an_unknown_command_is_answered_with_the_nearest() {
    assert_eq!(refused("agnet").nearest.as_deref(), Some("agent"));
    assert_eq!(refused("statsu").nearest.as_deref(), Some("status"));
    assert_eq!(refused("banana").nearest, None);
    assert_eq!(refused("help agnet").nearest.as_deref(), Some("agent"));
    assert!(refused("").problem.starts_with("no command given"));
}

#[test]
fn a_setting_is_explained_under_any_spelling() {
    for name in ["grace-period", "--grace-period", "LAMEDUCK_GRACE_PERIOD"] {
        assert!(printed(&format!("explain {name}")).starts_with("grace-period: "));
    }
    let two = printed("explain ports unready");
    assert!(two.contains("ports: ") && two.contains("\nunready: "));
    assert_eq!(refused("explain grace").nearest.as_deref(), Some("grace-period"));
    assert!(printed("explain").contains("  kubelet-stop-cap"));
}

#[test]
fn every_command_has_a_page_that_fits_a_terminal() {
    let overview = printed("--help");
    for command in COMMANDS {
        assert!(overview.contains(&format!("\n  {command} ")), "{command}");
        let page = printed(&format!("help {command}"));
        assert!(page.starts_with("usage: lameduck "), "{page}");
        for line in page.lines().chain(overview.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
        if !["help", "version"].contains(&command) {
            assert_eq!(printed(&format!("{command} --help")), page);
        }
    }
    assert_eq!(printed("help --help"), overview);
    assert_eq!(printed("hook wait -h"), printed("help hook"));
}

#[test]
fn the_version_is_the_package_s() {
    let version = concat!("lameduck ", env!("CARGO_PKG_VERSION"), "\n");
    for line in ["version", "--version", "-V"] {
        assert_eq!(printed(line), version);
    }
}
