//! Where the socket lives, and making sure that it is ours.

use std::io::{self, Error, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Where the local socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketName {
    /// A name in the network namespace, without the leading NUL: every container of the pod
    /// reaches it, no volume is needed, and it vanishes with the process.
    Abstract(String),
    Path(PathBuf),
}

/// The bound socket, not yet served; a path is removed when it is dropped.
#[derive(Debug)]
pub struct Bound {
    pub(super) listener: UnixListener,
    pub(super) own_user: u32,
    _file: Option<SocketFile>,
}

/// Creates the local socket. Must be called inside a runtime.
///
/// A file left behind by a process that is gone is replaced; anything else at that path, or a
/// name that is in use, is an error.
pub fn bind(name: &SocketName) -> io::Result<Bound> {
    let (listener, file) = match name {
        SocketName::Abstract(_) => (StdListener::bind_addr(&name.address()?)?, None),
        SocketName::Path(path) => {
            remove_stale(path)?;
            let listener = StdListener::bind(path)?;
            let file = SocketFile(path.clone());
            // Callers are asked for their user anyway; this keeps others from queueing.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
            (listener, Some(file))
        }
    };
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    Ok(Bound { listener, own_user: own_user()?, _file: file })
}

impl SocketName {
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Abstract(name) => SocketAddr::from_abstract_name(name),
            Self::Path(path) => SocketAddr::from_pathname(path),
        }
    }
}

impl std::fmt::Display for SocketName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Abstract(name) => write!(f, "@{name}"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Whether a process of this user may command the agent. Root in the pod could read the agent's
/// memory anyway.
pub(super) fn is_allowed(user: u32, own_user: u32) -> bool {
    user == own_user || user == 0
}

fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        return Err(Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "{} exists and is not a socket; remove it or choose another path",
                path.display()
            ),
        ));
    }
    match StdStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) => Err(error),
        Ok(_) => Err(Error::new(
            ErrorKind::AddrInUse,
            format!("another process listens on {}; choose another path", path.display()),
        )),
    }
}

/// The user of this process, as its callers are compared with. Asked of the same mechanism, which
/// unlike the owner of `/proc/self` is right for a process that may not be dumped.
fn own_user() -> io::Result<u32> {
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
