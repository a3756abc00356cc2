//! A program under test: started, signalled, waited for, and never left behind.

use crate::clock::{now, pause, until};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    child: Mutex<Child>,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `log`.
    pub fn start(name: &str, mut command: Command, log: PathBuf) -> Self {
        let output = File::create(&log).expect("the log file can be made");
        let errors = output.try_clone().expect("a file can be cloned");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {name} ({}): {error}", command.get_program().display())
        });
        Self { name: name.to_owned(), pid: child.id(), child: Mutex::new(child), log }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal by its name without `SIG`; a process that has ended takes none.
    pub fn signal(&self, name: &str) {
        // The lock keeps the child from being reaped meanwhile, so the pid is still its own.
        let mut child = self.child.lock().expect("nobody panicked with it");
        if matches!(child.try_wait(), Ok(None)) {
            let script = format!("kill -{name} {}", self.pid);
            Command::new("sh").args(["-c", &script]).status().expect("sh can be run");
        }
    }

    pub fn exit(&self) -> Option<ExitStatus> {
        self.child.lock().expect("nobody panicked with it").try_wait().ok().flatten()
    }

    /// Waits for the end and panics if it does not come within `longest`.
    pub fn wait(&self, longest: Duration) -> ExitStatus {
        until(&format!("the end of {}", self.name), longest, || self.exit())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {} ---\n{}", self.name, self.log());
        }
        self.signal("CONT");
        self.signal("TERM");
        // Not SIGKILL at once: the workers of a killed nginx master live on.
        let began = now();
        while self.exit().is_none() && began.elapsed() < Duration::from_secs(5) {
            pause(Duration::from_millis(10));
        }
        if self.exit().is_none() {
            self.signal("KILL");
            self.child.lock().map(|mut child| child.wait()).ok();
        }
    }
}
