//! The commands beside the agent, over its local socket.

use crate::process::{PATIENCE, Process, ask, lameduck, now, output, path, reply, text};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// `lameduck WORDS --socket PATH`
fn tell(socket: &Path, words: &[&str]) -> Output {
    lameduck(words).arg("--socket").arg(socket).output().unwrap()
}

pub(crate) fn status(socket: &Path) -> Value {
    let output = tell(socket, &["status", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn until_callers(socket: &Path, number: u32) {
    until(socket, |status| status["callers"] == number);
}

fn until(socket: &Path, is: impl Fn(&Value) -> bool) {
    let began = now();
    while !is(&status(socket)) {
        assert!(began.elapsed() < PATIENCE, "{:#}", status(socket));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_exec_hooks_drain_without_a_token() {
    let application = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = path("socket");
    let ports = format!("{}/http", application.local_addr().unwrap().port());
    let mut command = lameduck(&["agent", "--hook-port", "0", "--metrics-port", "off"]);
    command.args(["--propagation", "500ms", "--log-format", "json", "--ports", &ports]);
    command.arg("--socket").arg(&socket);
    let mut agent = Process::start(command);
    agent.listening();
    let mut hook = lameduck(&["hook", "wait", "--container", "app", "--socket"]);
    hook.arg(&socket);
    let hook = Process::start(hook);
    agent.said("stop seen");
    assert_eq!(tell(&socket, &["hook", "stopping"]).status.code(), Some(0));
    let ended = hook.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(answer["summary"]["outcome"], "drained", "{answer}");
    drop(application);
    agent.signal(libc::SIGTERM);
    let ended = agent.ended();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.summary()["kind"], "pod_stop");
    assert!(!socket.exists(), "the socket outlived the agent");
}

#[test]
fn a_drain_by_hand_is_begun_explained_and_taken_back() {
    let application = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = path("socket");
    let port = application.local_addr().unwrap().port();
    let mut agent = Process::agent(port, &["--socket", socket.to_str().unwrap()]);
    agent.listening();
    let undrained = tell(&socket, &["undrain"]);
    assert_eq!(undrained.status.code(), Some(70));
    assert!(text(&undrained.stderr).contains("nothing is drained"));
    assert_eq!(tell(&socket, &["drain"]).status.code(), Some(0));
    until(&socket, |status| status["phase"] == "ended");
    let shown = text(&tell(&socket, &["status"]).stdout);
    assert!(shown.starts_with("phase") && shown.contains("ended (manual)"), "{shown}");
    assert!(shown.contains("last drain: drained after"), "{shown}");
    assert_eq!(tell(&socket, &["undrain"]).status.code(), Some(0));
    until(&socket, |status| status["phase"] == "serving" && status["ready"] == true);
    drop(application);
    agent.signal(libc::SIGTERM);
    assert_eq!(agent.ended().code, Some(0));
}

#[test]
fn a_socket_in_use_is_a_warning_and_the_agent_goes_on() {
    let application = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = application.local_addr().unwrap().port();
    let socket = path("socket");
    let more = ["--socket", socket.to_str().unwrap()];
    let (mut first, mut second) = (Process::agent(port, &more), None);
    first.listening();
    let second = second.insert(Process::agent(port, &more));
    let warned = second
        .said("no local socket: lameduck hook, status, drain and undrain cannot reach this agent");
    assert_eq!((&warned["level"], &warned["socket"]), (&"WARN".into(), &more[1].into()));
    let hook = second.listening();
    assert!(reply(ask(hook, "/readyz")).starts_with("HTTP/1.1 200 OK"));
    second.signal(libc::SIGINT);
    assert_eq!(status(&socket)["phase"], "serving", "the first one's socket was taken away");
    drop(application);
    first.signal(libc::SIGTERM);
    assert_eq!(first.ended().code, Some(0));
}

#[test]
fn without_an_agent_a_hook_sleeps_and_a_status_says_where_it_looked() {
    let nowhere = path("nobody");
    let nowhere = nowhere.to_str().unwrap();
    let began = now();
    let wait = ["hook", "wait", "--container", "app", "--socket", nowhere];
    let slept = output(&[&wait[..], &["--fallback-sleep", "500ms"]].concat());
    assert_eq!(slept.status.code(), Some(0), "{}", text(&slept.stderr));
    assert!(began.elapsed() >= Duration::from_millis(500));
    assert!(text(&slept.stderr).contains("slept 0.5 s instead"));
    let failed = output(&wait);
    assert_eq!(failed.status.code(), Some(70));
    let status = output(&["status", "--socket", nowhere]);
    assert_eq!(status.status.code(), Some(70));
    let errors = text(&status.stderr);
    assert!(errors.contains(&format!("cannot reach lameduck at {nowhere}")), "{errors}");
    assert!(status.stdout.is_empty());
}
