//! One `lameduck` process whose log is read as it comes.

use lameduck::sys::process::signal_process;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Long enough for a busy machine; only a broken test takes it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const TOKEN: &str = "a-token-of-the-wire-ring";

/// Settings of an agent on free ports with small delays.
pub(crate) const QUICK: [&str; 14] = [
    "--hook-port",
    "0",
    "--metrics-port",
    "0",
    "--propagation",
    "500ms",
    "--quiet-period",
    "100ms",
    "--termination-log",
    "off",
    "--log-format",
    "json",
    "--hook-token",
    TOKEN,
];

#[expect(clippy::disallowed_methods, reason = "a process has no other time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The program with an environment of its own: the caller's may hold settings.
pub(crate) fn lameduck(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lameduck"));
    command.args(args).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// Runs to the end.
pub(crate) fn output(args: &[&str]) -> Output {
    lameduck(args).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A path that nobody else uses.
pub(crate) fn path(what: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("lameduck-program-{}-{what}-{number}", std::process::id()))
}

pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Every line of standard error.
    pub(crate) log: Vec<String>,
    pub(crate) stdout: String,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (says, lines) = channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                if says.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, log: Vec::new() }
    }

    /// An agent beside an application on this port.
    pub(crate) fn agent(port: u16, more: &[&str]) -> Self {
        Self::agent_with(port, more, &[])
    }

    pub(crate) fn agent_with(port: u16, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let ports = format!("{port}/http");
        let mut command = lameduck(&["agent", "--ports", &ports]);
        command.args(QUICK).args(more).envs(variables.iter().copied());
        Self::start(command)
    }

    /// The first line, of those not read yet, with this message.
    pub(crate) fn said(&mut self, message: &str) -> Value {
        let until = now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|error| {
                panic!("{error}, waiting for {message:?} after {:#?}", self.log)
            });
            self.log.push(line.clone());
            let value: Value = serde_json::from_str(&line).unwrap_or_default();
            if value["message"] == message {
                return value;
            }
        }
    }

    /// Where the hook listens.
    pub(crate) fn listening(&mut self) -> SocketAddr {
        let line = self.said("listening");
        let bound: SocketAddr = line["hook"].as_str().unwrap().parse().unwrap();
        SocketAddr::from(([127, 0, 0, 1], bound.port()))
    }

    pub(crate) fn stdin(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// The first line of standard output.
    pub(crate) fn first_line(&mut self) -> String {
        let (mut line, mut byte) = (Vec::new(), [0]);
        let stdout = self.child.stdout.as_mut().unwrap();
        while line.last() != Some(&b'\n') {
            stdout.read_exact(&mut byte).expect("a line");
            line.push(byte[0]);
        }
        text(&line)
    }

    pub(crate) fn signal(&self, signal: i32) {
        signal_process(self.child.id().try_into().unwrap(), signal).unwrap();
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn ended(mut self) -> Ended {
        let until = now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(now() < until, "still running after {:#?}", self.log);
            std::thread::sleep(Duration::from_millis(5));
        };
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("standard error is still open"),
            }
        }
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { code: status.code(), log: std::mem::take(&mut self.log), stdout }
    }
}

/// A test that fails must not leave its process behind.
impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

impl Ended {
    /// Every line as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line: &String| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
        };
        self.log.iter().map(parse).collect()
    }

    /// The one summary line.
    pub(crate) fn summary(&self) -> Value {
        let mut summaries = self.json();
        summaries.retain(|line| line["target"] == "drain");
        assert_eq!(summaries.len(), 1, "{summaries:#?}");
        summaries.remove(0)
    }
}

/// A `GET` under way; with the token it is the kubelet's.
pub(crate) fn ask(to: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nLameduck-Token: {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Everything until the end of the connection, however it ends.
pub(crate) fn reply(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).ok();
    text
}
