//! `lameduck demo` as a user calls it: what it prints, and that nothing outlives it.

#![expect(clippy::unwrap_used, reason = "what starts the demo for the tests belongs to them")]

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lameduck"));
    command.arg("demo").args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    demo(args).output().unwrap()
}

#[test]
fn none_and_a_sleep_side_by_side() {
    let output = run(&["--only", "none,sleep-1", "--seed", "1", "--propagation", "3s", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["seed"], 1);
    let [none, sleep] = value["strategies"].as_array().unwrap().as_slice() else {
        panic!("{value:#}");
    };
    assert_eq!((&none["strategy"], &sleep["strategy"]), (&"none".into(), &"sleep-1".into()));
    for row in [none, sleep] {
        assert!(row["requests"].as_u64().unwrap() > 100, "{row:#}");
        // Every new instance answers before an old one is stopped: nobody waits for an answer
        // in vain or gets a wrong one.
        assert_eq!((&row["failed"]["timeout"], &row["failed"]["status"]), (&0.into(), &0.into()));
        assert_eq!(row["gone_seconds"]["each"].as_array().unwrap().len(), 2);
    }
    assert!(none["failed"]["refused"].as_u64().unwrap() > 0, "{none:#}");
    for gone in sleep["gone_seconds"]["each"].as_array().unwrap() {
        assert!(gone.as_f64().unwrap() >= 1.0, "gone before the sleep was over: {sleep:#}");
    }
    assert!(errors.contains("none: updated"), "progress goes to stderr: {errors}");
}

#[test]
fn mistakes_are_all_named_and_nothing_is_started() {
    let output = run(&["--clients", "1", "--colour", "--propagation", "soon"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(output.stdout.is_empty());
    let errors = String::from_utf8_lossy(&output.stderr);
    for part in ["--clients \"1\"", "--colour is not known", "--propagation \"soon\""] {
        assert!(errors.contains(part), "{part} is missing in {errors}");
    }
}

#[test]
fn nothing_outlives_a_demo_that_is_terminated() {
    let (mut demo, servers) = started();
    let process = i32::try_from(demo.id()).unwrap();
    lameduck::sys::process::signal_process(process, libc::SIGTERM).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(143));
    await_end(&servers);
}

#[test]
fn nothing_outlives_a_demo_that_is_killed() {
    let (mut demo, servers) = started();
    demo.kill().unwrap();
    demo.wait().unwrap();
    await_end(&servers);
}

/// A demo whose servers run, with their process ids.
fn started() -> (Child, Vec<u32>) {
    let mut demo =
        demo(&["--only", "sleep-15"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    loop {
        let servers = children(demo.id());
        if servers.len() == 2 {
            return (demo, servers);
        }
        assert_eq!(demo.try_wait().unwrap(), None, "the demo ended before its servers ran");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn children(parent: u32) -> Vec<u32> {
    let list = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(list).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// An orphan is reaped by init, which may take its time: a zombie has ended, too.
fn await_end(servers: &[u32]) {
    let runs = |pid: &u32| {
        let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
        stat.is_ok_and(|stat| stat.contains("(lameduck) ") && !stat.contains("(lameduck) Z"))
    };
    for _ in 0..500 {
        if !servers.iter().any(runs) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("still running 10 s after the demo: {servers:?}");
}
