//! `lameduck run`: the same drain around a command.

use crate::process::{Process, lameduck, now, output, path, text};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

/// A server below `lameduck run`, found by what its processes listen on.
struct Supervised {
    run: Process,
    address: SocketAddr,
    /// The demo's server ends with its standard input.
    _stdin: Option<std::process::ChildStdin>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Supervised {
    fn start(settings: &[&str]) -> Self {
        let port = free_port();
        let mut command = lameduck(&["run", "--log-format", "json", "--quiet-period", "100ms"]);
        command.args(settings).arg("--").arg(env!("CARGO_BIN_EXE_lameduck"));
        command.args(["demo-server", "--port", &port.to_string()]).stdin(Stdio::piped());
        let mut run = Process::start(command);
        let stdin = run.stdin();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let began = now();
        while TcpStream::connect(address).is_err() {
            assert!(run.runs() && began.elapsed() < crate::process::PATIENCE, "no server");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { run, address, _stdin: stdin }
    }

    fn get(&self, path: &str) -> TcpStream {
        crate::process::ask(self.address, path)
    }
}

/// The head of an answer on a connection that may stay open.
fn head(mut stream: &TcpStream) -> String {
    stream.set_read_timeout(Some(crate::process::PATIENCE)).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a whole head");
        head.push(byte[0]);
    }
    text(&head)
}

#[test]
fn a_request_in_flight_and_late_ones_are_served_before_the_signal_is_passed_on() {
    let socket = path("run");
    let settings = ["--propagation", "1s", "--socket", socket.to_str().unwrap()];
    let mut server = Supervised::start(&settings);
    let slow = server.get("/take/3000");
    server.run.signal(libc::SIGTERM);
    server.run.said("stop seen");
    let late = server.get("/take/0");
    assert!(head(&late).starts_with("HTTP/1.1 200"), "refused during the drain");
    drop(late);
    assert!(head(&slow).starts_with("HTTP/1.1 200"), "the running request was lost");
    drop(slow);
    let ended = server.run.ended();
    assert_eq!(ended.code, Some(0), "{:#?}", ended.log);
    let summary = ended.summary();
    assert_eq!(summary["outcome"], "drained", "{summary}");
    assert!(summary["busy_at_start"].as_u64() >= Some(1), "{summary}");
    assert!(summary["late_connections"].as_u64() >= Some(1), "{summary}");
    assert!(!socket.exists());
}

#[test]
fn a_second_sigint_is_passed_on_at_once() {
    let mut server = Supervised::start(&["--propagation", "300s", "--grace-period", "600s"]);
    server.run.signal(libc::SIGINT);
    server.run.said("stop seen");
    let began = now();
    server.run.signal(libc::SIGINT);
    assert_eq!(server.run.ended().code, Some(128 + libc::SIGINT));
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
}

#[test]
fn a_server_that_dies_during_the_drain_ends_it() {
    let mut server = Supervised::start(&["--propagation", "300s", "--grace-period", "600s"]);
    server.run.signal(libc::SIGTERM);
    server.run.said("stop seen");
    let began = now();
    drop(server._stdin.take());
    assert_eq!(server.run.ended().code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
}

#[test]
fn what_ignores_the_signal_is_killed_when_the_grace_is_over() {
    let script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let mut command = lameduck(&["run", "--grace-period", "2s", "--log-format", "json", "--"]);
    command.args(["sh", "-c", script]);
    let mut run = Process::start(command);
    assert_eq!(run.first_line(), "up\n");
    let began = now();
    run.signal(libc::SIGTERM);
    assert_eq!(run.ended().code, Some(128 + libc::SIGKILL));
    assert!(began.elapsed() >= Duration::from_secs(2), "took {:?}", began.elapsed());
}

#[test]
fn the_exit_code_is_the_commands() {
    assert_eq!(output(&["run", "--", "sh", "-c", "exit 7"]).status.code(), Some(7));
    assert_eq!(output(&["run", "--", "true"]).status.code(), Some(0));
    let signalled = output(&["run", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(signalled.status.code(), Some(128 + libc::SIGTERM));
}

#[test]
fn a_command_that_cannot_start_says_why() {
    for (command, code) in [("no-such-command-anywhere", 127), ("/etc/passwd", 126), ("/", 126)] {
        let output = output(&["run", "--", command]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains(&format!("cannot start {command:?}")), "{errors}");
    }
    let nothing = output(&["run"]);
    assert_eq!(nothing.status.code(), Some(64));
    assert!(text(&nothing.stderr).contains("no command to run"));
}

#[test]
fn stdin_and_stdout_are_the_commands() {
    let mut child: Child = lameduck(&["run", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "one\ntwo".to_owned()));
}
