//! The agent as a process: its end, its log, and what is left when it is killed.

use crate::process::{Process, TOKEN, ask, lameduck, now, path, reply};
use crate::socket::{status, until_callers};
use std::net::TcpListener;
use std::time::Duration;

fn application() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn a_pod_stop_ends_with_one_summary_and_exit_code_0() {
    let (application, port) = application();
    let message = path("termination");
    std::fs::write(&message, "of the last life").unwrap();
    let mut command = lameduck(&["agent", "--hook-port", "0"]);
    command.args(["--metrics-port", "0", "--propagation", "500ms", "--log-format", "json"]);
    command.args(["--socket", "off", "--log-level", "debug", "--termination-log"]).arg(&message);
    command.env("LAMEDUCK_PORTS", format!("{port}/http")).env("LAMEDUCK_HOOK_TOKEN", TOKEN);
    let mut agent = Process::start(command);
    let hook = agent.listening();
    let call = ask(hook, "/prestop?container=app");
    assert!(reply(ask(hook, "/stopping")).starts_with("HTTP/1.1 200 OK"));
    let answer = reply(call);
    assert!(answer.contains("\"outcome\":\"drained\""), "{answer}");
    agent.signal(libc::SIGTERM);
    // It outlives the application, whose shutdown it may have to report.
    std::thread::sleep(Duration::from_millis(600));
    assert!(agent.runs(), "left before the application");
    drop(application);
    let ended = agent.ended();
    assert_eq!(ended.code, Some(0), "{:#?}", ended.log);
    let summary = ended.summary();
    assert_eq!((&summary["outcome"], &summary["kind"]), (&"drained".into(), &"pod_stop".into()));
    assert_eq!(summary["message"], "drain ended");
    let left = std::fs::read_to_string(&message).unwrap();
    assert!(left.starts_with("drained after "), "{left}");
    let secret = ended.log.iter().find(|line| line.contains(TOKEN));
    assert_eq!(secret, None, "the token is in the log");
    assert_eq!(ended.stdout, "");
    std::fs::remove_file(&message).unwrap();
}

#[test]
fn sigint_leaves_at_once_even_during_a_drain() {
    let (application, port) = application();
    let mut agent = Process::agent(port, &["--socket", "off", "--grace-period", "600s"]);
    let hook = agent.listening();
    let _slow = ask(application.local_addr().unwrap(), "/slow");
    let _call = ask(hook, "/prestop?container=app");
    reply(ask(hook, "/stopping"));
    agent.said("stop known");
    let began = now();
    agent.signal(libc::SIGINT);
    assert_eq!(agent.ended().code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(15), "took {:?}", began.elapsed());
}

#[test]
fn sigterm_without_a_stop_leaves_when_nothing_listens() {
    let (application, port) = application();
    let mut agent = Process::agent(port, &["--socket", "off"]);
    agent.listening();
    drop(application);
    agent.signal(libc::SIGTERM);
    agent.signal(libc::SIGTERM);
    let ended = agent.ended();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.log.iter().any(|line| line.contains("drain ended")), "{:#?}", ended.log);
}

#[test]
fn a_killed_agent_ends_its_hooks_and_its_successor_serves() {
    let (application, port) = application();
    let socket = path("socket");
    let mut command = lameduck(&["agent", "--hook-port", "0", "--metrics-port", "off"]);
    command.args(["--propagation", "60s", "--hook-token", TOKEN, "--log-format", "json"]);
    command.args(["--ports", &format!("{port}/http"), "--socket"]).arg(&socket);
    let mut agent = Process::start(command);
    let hook = agent.listening();
    let call = ask(hook, "/prestop?container=app");
    let wait = ["hook", "wait", "--container", "web", "--fallback-sleep", "300ms", "--socket"];
    let mut wait = lameduck(&wait);
    wait.arg(&socket);
    let waiting = Process::start(wait);
    agent.said("stop seen");
    until_callers(&socket, 2);
    let killed = now();
    agent.signal(libc::SIGKILL);
    assert_eq!(agent.ended().code, None);
    assert_eq!(reply(call), "", "the kubelet hears of the end at once and goes on");
    let waited = waiting.ended();
    assert_eq!(waited.code, Some(0), "{waited:?}");
    assert!(waited.log[0].contains("slept 0.3 s instead"), "{waited:?}");
    assert!(killed.elapsed() >= Duration::from_millis(300));

    let mut again = Process::agent(port, &["--socket", socket.to_str().unwrap()]);
    let hook = again.listening();
    assert!(reply(ask(hook, "/readyz")).starts_with("HTTP/1.1 200 OK"));
    assert_eq!(status(&socket)["phase"], "serving");
    drop(application);
    again.signal(libc::SIGTERM);
    assert_eq!(again.ended().code, Some(0));
    assert!(!socket.exists());
}
