//! The phase as a file, for programs that only look whether one exists.

use crate::drain::NotifyPhase;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Of one write. Local file systems need microseconds; a network volume may hang for ever.
const WRITE: Duration = Duration::from_secs(1);

/// A file that holds the phase and does not exist while serving.
#[derive(Debug)]
pub(super) struct PhaseFile {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Number of the newest wish. A write that hung on its volume and comes back after a newer
    /// one must not undo it.
    newest: AtomicU64,
    writing: Mutex<()>,
}

impl PhaseFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let shared = Shared { path, newest: AtomicU64::new(0), writing: Mutex::new(()) };
        Self { shared: Arc::new(shared) }
    }

    /// Removes a file left behind, and says early when the directory cannot hold one.
    pub(super) fn startup(&self) -> Result<(), String> {
        let path = &self.shared.path;
        let dir = directory(path);
        if !dir.is_dir() {
            return Err(failed("use", path, &io::Error::from(ErrorKind::NotFound)));
        }
        remove(path).map_err(|e| failed("remove", path, &e))
    }

    /// Writes or removes the file, within 1 s.
    ///
    /// On a thread of its own that nobody joins: a runtime waits for its blocking pool at exit,
    /// and a dead volume would then keep the agent from leaving.
    pub(super) async fn set(&self, phase: NotifyPhase) -> Result<(), String> {
        let shared = Arc::clone(&self.shared);
        let number = shared.newest.fetch_add(1, Ordering::Relaxed) + 1;
        let (done, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("notify-file".into())
            .stack_size(128 * 1024)
            .spawn(move || done.send(shared.apply(phase, number)).ok())
            .map_err(|e| failed("start a thread for", &self.shared.path, &e))?;
        match tokio::time::timeout(WRITE, ended).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(failed("finish", &self.shared.path, &ErrorKind::Other.into())),
            Err(_) => Err(failed("finish", &self.shared.path, &ErrorKind::TimedOut.into())),
        }
    }
}

impl Shared {
    fn apply(&self, phase: NotifyPhase, number: u64) -> Result<(), String> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if number < self.newest.load(Ordering::Relaxed) {
            return Err(format!("a newer phase than {} is on its way", phase.name()));
        }
        match phase {
            NotifyPhase::Serving => {
                remove(&self.path).map_err(|e| failed("remove", &self.path, &e))
            }
            NotifyPhase::Withdrawing | NotifyPhase::Delisted => {
                replace(&self.path, phase.name()).map_err(|e| failed("write", &self.path, &e))
            }
        }
    }
}

/// Whoever looks sees the old content or the new, never half of it.
fn replace(path: &Path, phase: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lameduck");
    let fresh = path.with_file_name(name);
    // `create_new` does not follow a link that somebody laid in a shared directory.
    remove(&fresh)?;
    let written = write(&fresh, phase).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        fs::remove_file(&fresh).ok();
    }
    written
}

/// Readable by every user of the pod: the application seldom runs as ours.
fn write(path: &Path, phase: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    // The mode of `open` is cut by the umask; this one is not.
    file.set_permissions(Permissions::from_mode(0o644))?;
    writeln!(file, "{phase}")
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        removed => removed,
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn failed(what: &str, path: &Path, cause: &io::Error) -> String {
    format!(
        "could not {what} the notify file {}: {cause}; its directory must exist in the agent's \
         container and be writable for its user",
        path.display()
    )
}
