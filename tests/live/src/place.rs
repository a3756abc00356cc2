//! Where a scenario keeps its files and which ports it uses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of a scenario's own; removed at its end, kept when the scenario failed.
#[derive(Debug)]
pub struct Place {
    directory: PathBuf,
}

impl Place {
    pub fn new(scenario: &str) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("lameduck-live-{}-{serial}-{scenario}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a temporary directory can be made");
        Self { directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("logs are kept in {}", self.directory.display());
        } else {
            std::fs::remove_dir_all(&self.directory).ok();
        }
    }
}

/// A loopback address that nobody listened on a moment ago.
///
/// Taken from outside the range that the kernel hands to outgoing connections: a client's port
/// would otherwise now and then sit on it before the server does.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test binaries run one after the other, but a developer may run two commands.
    let first = std::process::id() * 97;
    for _ in 0..10_000 {
        let step = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 12_000 + u16::try_from(step % 20_000).expect("below 20,000");
        // Any address: the agent listens on all of them.
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        }
    }
    panic!("no free port between 12000 and 32000 on 127.0.0.1");
}
