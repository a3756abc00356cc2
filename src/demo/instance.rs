//! One instance of the server: a child process, from its start to its exit.

use super::load::client::{Failure, Line};
use super::ports::free_port;
use super::strategy::Strategy;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The program that is called; tests call a stub for the part of lameduck.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) lameduck: PathBuf,
}

/// A running server, with `lameduck run` around it where the strategy says so.
pub(crate) struct Instance {
    address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Log>>,
}

/// How `lameduck run` said a drain ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    pub(crate) outcome: String,
    pub(crate) limited_by: Option<String>,
}

#[derive(Debug, Default)]
struct Log {
    last: VecDeque<String>,
    drained: Option<Drained>,
}

const READY_WITHIN: Duration = Duration::from_secs(20);
/// More than any strategy has: the sleep or lameduck's grace period of 30 s, and the server's own
/// shutdown.
const GONE_WITHIN: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(20);

impl Instance {
    /// Starts an instance and waits until it answers.
    pub(crate) async fn start(
        programs: &Programs,
        strategy: Strategy,
        propagation: Duration,
    ) -> Result<Self, String> {
        let port = free_port()?;
        let admin = if strategy.notifies() { Some(free_port()?) } else { None };
        let mut command = command(&programs.lameduck, strategy, propagation, port, admin);
        let mut child = spawn(&mut command)
            .map_err(|error| format!("{}: cannot start {command:?}: {error}", strategy.title()))?;
        let log = Arc::default();
        if let Some(stderr) = child.stderr.take() {
            collect(stderr, &log);
        }
        let mut instance = Self { address: (Ipv4Addr::LOCALHOST, port).into(), child, log };
        match timeout(READY_WITHIN, instance.ready()).await {
            Ok(Ok(())) => Ok(instance),
            Ok(Err(problem)) => Err(format!("{}: {problem}", strategy.title())),
            Err(_) => Err(format!(
                "{}: no answer on {} within {} s; its last words: {}",
                strategy.title(),
                instance.address,
                READY_WITHIN.as_secs(),
                instance.last_words(),
            )),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn ready(&mut self) -> Result<(), String> {
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                // The reader thread may be a moment behind the exit.
                sleep(POLL).await;
                return Err(format!("ended before it was ready ({status}): {}", self.last_words()));
            }
            if answers(self.address).await.is_ok() {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }

    /// Sends SIGTERM and waits for the exit.
    pub(crate) async fn stop(&mut self) -> Result<(), String> {
        let failed = |error| format!("cannot send SIGTERM to process {}: {error}", self.child.id());
        // A number that does not fit is refused like any other that is no process.
        let process = i32::try_from(self.child.id()).unwrap_or_default();
        crate::sys::process::signal_process(process, libc::SIGTERM).map_err(failed)?;
        let deadline = Instant::now() + GONE_WITHIN;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => sleep(POLL).await,
                Ok(Some(_)) => return Ok(()),
                Err(error) => return Err(format!("cannot wait for {}: {error}", self.address)),
            }
        }
        let limit = GONE_WITHIN.as_secs();
        Err(format!("{} still ran {limit} s after SIGTERM: {}", self.address, self.last_words()))
    }

    /// The summary that `lameduck run` logged, if it did.
    pub(crate) fn drained(&self) -> Option<Drained> {
        lock(&self.log).drained.clone()
    }

    fn last_words(&self) -> String {
        let log = lock(&self.log);
        if log.last.is_empty() {
            "(none)".to_owned()
        } else {
            Vec::from_iter(log.last.iter().map(String::as_str)).join(" | ")
        }
    }
}

impl Drop for Instance {
    /// Reached with a living child only after an error, a signal or a panic. Killing `lameduck
    /// run` alone would leave the server: that one ends with its stdin.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn answers(address: SocketAddr) -> Result<(), Failure> {
    let mut line = Line::dial(address).await?;
    line.exchange("GET", "/ready").await.map(drop).map_err(|_| Failure::Eof)
}

fn command(
    program: &Path,
    strategy: Strategy,
    propagation: Duration,
    port: u16,
    admin: Option<u16>,
) -> Command {
    let mut command = Command::new(program);
    if strategy.is_lameduck() {
        command.arg("run");
        command.args(["--ports", &format!("{port}/http")]);
        command.args(["--propagation", &format!("{}ms", propagation.as_millis())]);
        command.args(["--grace-period", "30s", "--local-arrivals", "count"]);
        command.args(["--metrics-port", "off", "--socket", "off", "--termination-log", "off"]);
        command.args(["--log-format", "json"]);
        if let Some(admin) = admin {
            command.args(["--notify", &format!("http://127.0.0.1:{admin}/phase")]);
        }
        command.arg("--").arg(program);
    }
    command.args(["demo-server", "--port", &port.to_string()]);
    if let Some(admin) = admin {
        command.args(["--admin-port", &admin.to_string()]);
    }
    command
}

/// A process group of its own: Ctrl-C is for the demo, which then ends its children. No
/// environment: settings in `LAMEDUCK_*` are meant for the user's own drains.
fn spawn(command: &mut Command) -> std::io::Result<Child> {
    command.env_clear().process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
}

/// Reads the child's log in a thread: pipes have no async form in std, and a full pipe would
/// stop the child.
fn collect(stderr: ChildStderr, log: &Arc<Mutex<Log>>) {
    let log = log.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            lock(&log).add(line);
        }
    });
}

impl Log {
    fn add(&mut self, line: String) {
        if let Some(drained) = summary(&line) {
            self.drained = Some(drained);
        }
        if self.last.len() == 5 {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

/// The one summary line of a drain is the only one that names an outcome.
fn summary(line: &str) -> Option<Drained> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = if line["fields"].is_object() { &line["fields"] } else { &line };
    let text = |name: &str| fields[name].as_str().map(str::to_owned);
    Some(Drained { outcome: text("outcome")?, limited_by: text("limited_by") })
}

fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_found_in_the_log() {
        let flat = r#"{"target":"drain","outcome":"pinned","limited_by":"pinned_wait"}"#;
        let nested = r#"{"fields":{"outcome":"drained"}}"#;
        let limited_by = Some("pinned_wait".to_owned());
        assert_eq!(summary(flat), Some(Drained { outcome: "pinned".into(), limited_by }));
        assert_eq!(summary(nested).unwrap().outcome, "drained");
        assert_eq!(summary(r#"{"message":"phase began"}"#), None);
        assert_eq!(summary("no json"), None);
    }

    #[test]
    fn lameduck_is_called_as_a_user_would_call_it() {
        let propagation = Duration::from_millis(2500);
        let line =
            command(Path::new("duck"), Strategy::LameduckNotify, propagation, 8000, Some(8001));
        let words: Vec<_> = line.get_args().map(|word| word.to_string_lossy()).collect();
        let words = words.join(" ");
        assert!(words.starts_with("run --ports 8000/http --propagation 2500ms"), "{words}");
        assert!(words.contains("--notify http://127.0.0.1:8001/phase -- duck demo-server"));
        let line = command(Path::new("duck"), Strategy::Sleep5, propagation, 8000, None);
        assert_eq!(line.get_args().next().unwrap(), "demo-server");
    }

    #[tokio::test]
    async fn a_program_that_ends_at_once_is_reported_with_its_words() {
        let programs = Programs { lameduck: "/bin/ls".into() };
        let started = Instance::start(&programs, Strategy::None, Duration::ZERO).await;
        let problem = started.err().unwrap();
        assert!(problem.starts_with("none: ended before it was ready"), "{problem}");
        assert!(problem.contains("ls:"), "{problem}");
    }
}
