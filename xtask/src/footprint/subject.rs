//! The agent under measurement: started, called as the kubelet calls it, ended.

use super::process::{self, Usage};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

const TOKEN: &str = "measured-from-outside";

pub(super) struct Subject {
    child: Child,
    hook: SocketAddr,
    metrics: SocketAddr,
    /// From the call that starts a process to the first accepted connection.
    pub(super) start: Duration,
}

impl Subject {
    pub(super) fn start(program: &Path, served: u16) -> Result<Self, String> {
        let (hook, metrics) = (free_address()?, free_address()?);
        let mut command = Command::new(program);
        command.args(["agent", "--hook-token", TOKEN, "--ports", &format!("{served}/http")]);
        command.args(["--hook-port", &hook.port().to_string()]);
        command.args(["--metrics-port", &metrics.port().to_string()]);
        command.args(["--propagation", "2s", "--grace-period", "5m", "--local-arrivals", "count"]);
        command.args(["--socket", "off", "--termination-log", "off"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = now();
        let child =
            command.spawn().map_err(|error| format!("starting {}: {error}", program.display()))?;
        let mut subject = Self { child, hook, metrics, start: Duration::ZERO };
        while TcpStream::connect(hook).is_err() {
            if let Ok(Some(status)) = subject.child.try_wait() {
                return Err(format!("the agent ended at its start with {status}"));
            }
            if began.elapsed() > Duration::from_secs(10) {
                return Err(format!("nothing listens on {hook} after 10 s"));
            }
            sleep(Duration::from_micros(100));
        }
        subject.start = began.elapsed();
        Ok(subject)
    }

    pub(super) fn usage(&self) -> Result<Usage, String> {
        process::usage(self.child.id())
    }

    pub(super) fn wake_ups(&self) -> Result<u64, String> {
        process::wake_ups(self.child.id())
    }

    pub(super) fn processor_time(&self) -> Result<Duration, String> {
        process::processor_time(self.child.id())
    }

    /// Both hooks of a pod stop; the handle gives the moment of the app hook's answer.
    pub(super) fn stop_pod(&self) -> JoinHandle<Result<Instant, String>> {
        let hook = self.hook;
        spawn(move || get(hook, "/stopping"));
        spawn(move || get(hook, "/prestop?container=app").map(|_| now()))
    }

    /// Mean of one look at the sockets, as the agent measures it.
    pub(super) fn mean_dump(&self) -> Result<Duration, String> {
        let page = get(self.metrics, "/metrics")?;
        let value = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            let number = line.and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
            number.ok_or_else(|| format!("/metrics has no {name}"))
        };
        let sum = value("lameduck_socket_dump_seconds_sum")?;
        let count = value("lameduck_socket_dump_seconds_count")?;
        if count < 1.0 {
            return Err("the agent has not looked at the sockets once".to_owned());
        }
        Ok(Duration::from_secs_f64(sum / count))
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A loopback port that nobody listened on a moment ago, from below the range that the kernel
/// hands to outgoing connections: ten thousand of those are about to be made.
pub(super) fn free_address() -> Result<SocketAddr, String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..1000 {
        let port = 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000;
        // Any address: the agent listens on all of them.
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
    }
    Err("no free port from 20000 up".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}

fn get(address: SocketAddr, path: &str) -> Result<String, String> {
    let mut answer = String::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: agent\r\nLameduck-Token: {TOKEN}\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.read_to_string(&mut answer)
    });
    asked.map_err(|error| format!("GET {path}: {error}"))?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(answer)
    } else {
        Err(format!("GET {path}: {answer}"))
    }
}
