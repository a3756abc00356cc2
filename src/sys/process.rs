//! Child processes, process groups, signals and the terminal that they share.
#![expect(unsafe_code, reason = "std has no waitpid, no kill and no job control")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What became of one child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Ended by itself, with this exit code.
    Exited { pid: i32, code: i32 },
    /// Ended by this signal.
    Killed { pid: i32, signal: i32 },
    /// Stopped by this signal; it lives on.
    Stopped { pid: i32, signal: i32 },
    /// There are children and none of them has changed.
    Unchanged,
    /// There is no such child (any more).
    NoChild,
}

/// Collects one child that has ended or stopped, without waiting; `None` means any child.
///
/// # Errors
/// None in practice: a kernel that refuses is reported as it is.
pub fn collect(child: Option<i32>) -> io::Result<Waited> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for an int, and the call keeps no reference to it.
    let pid = unsafe {
        libc::waitpid(child.unwrap_or(-1), &raw mut status, libc::WNOHANG | libc::WUNTRACED)
    };
    match pid {
        0 => Ok(Waited::Unchanged),
        -1 => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ECHILD) => Ok(Waited::NoChild),
            error => Err(error),
        },
        pid if libc::WIFEXITED(status) => {
            Ok(Waited::Exited { pid, code: libc::WEXITSTATUS(status) })
        }
        pid if libc::WIFSIGNALED(status) => {
            Ok(Waited::Killed { pid, signal: libc::WTERMSIG(status) })
        }
        pid => Ok(Waited::Stopped { pid, signal: libc::WSTOPSIG(status) }),
    }
}

/// Gives SIGINT, SIGQUIT and SIGHUP their defaults back, which a shell takes from what it starts
/// with `&`, and `nohup` from its command: a shell below us could not even trap them.
pub fn heed_signals() {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
        // SAFETY: the default disposition runs no code of ours.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Sends `signal` to one process.
///
/// # Errors
/// `ESRCH` where it is gone, `EPERM` where it belongs to somebody else, `EINVAL` for a number
/// that is neither a process (1 and above) nor a signal.
pub fn signal_process(pid: i32, signal: i32) -> io::Result<()> {
    // 0 and negative numbers mean groups, and -1 means every process on the machine.
    if pid < 1 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: kill takes two numbers and touches no memory of ours.
    answer(unsafe { libc::kill(pid, signal) })
}

/// Sends `signal` to every process of a group.
///
/// # Errors
/// As [`signal_process`]; group 1 is refused too, because `kill` reads -1 as everybody.
pub fn signal_group(group: i32, signal: i32) -> io::Result<()> {
    if group < 2 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: as above.
    answer(unsafe { libc::kill(-group, signal) })
}

/// Whether a process with this number exists; one that belongs to somebody else does.
pub fn exists(pid: i32) -> bool {
    match signal_process(pid, 0) {
        Ok(()) => true,
        Err(error) => error.raw_os_error() == Some(libc::EPERM),
    }
}

/// Whether any process of this group exists, zombies included.
pub fn group_exists(group: i32) -> bool {
    match signal_group(group, 0) {
        Ok(()) => true,
        Err(error) => error.raw_os_error() == Some(libc::EPERM),
    }
}

/// Whether this process ignores `signal`, as `nohup` and a shell's `&` arrange before they start
/// a program.
pub fn ignores(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action the call only writes the present one into `action`, which
    // has the right type and is all zeroes (a valid sigaction) where the call fails.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Orphans below this process become its children, as they would below PID 1.
///
/// # Errors
/// `EINVAL` on kernels before 3.4.
pub fn adopt_orphans() -> io::Result<()> {
    let on: libc::c_ulong = 1;
    let unused: libc::c_ulong = 0;
    // SAFETY: this prctl takes numbers only.
    answer(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, on, unused, unused, unused) })
}

/// The process group of this process.
pub fn own_group() -> i32 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::getpgrp() }
}

/// The group that a terminal listens to.
///
/// # Errors
/// `ENOTTY` where `terminal` is none, or is not the one that controls this session.
pub fn foreground_group(terminal: BorrowedFd<'_>) -> io::Result<i32> {
    // SAFETY: the descriptor is open for as long as it is borrowed.
    let group = unsafe { libc::tcgetpgrp(terminal.as_raw_fd()) };
    if group < 0 { Err(io::Error::last_os_error()) } else { Ok(group) }
}

/// Makes a terminal listen to `group`.
///
/// # Errors
/// As [`foreground_group`]; `EPERM` where the group is of another session.
pub fn set_foreground_group(terminal: BorrowedFd<'_>, group: i32) -> io::Result<()> {
    let mut ttou = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // A process in the background that calls tcsetpgrp is stopped by SIGTTOU, unless this thread
    // blocks it. Ignoring it for the whole process would do as well, and be inherited by children.
    // SAFETY: both sets are valid places for a sigset_t, written by sigemptyset and by the first
    // pthread_sigmask before they are read; the descriptor is open for as long as it is borrowed.
    unsafe {
        libc::sigemptyset(ttou.as_mut_ptr());
        libc::sigaddset(ttou.as_mut_ptr(), libc::SIGTTOU);
        libc::pthread_sigmask(libc::SIG_BLOCK, ttou.as_ptr(), before.as_mut_ptr());
        let done = answer(libc::tcsetpgrp(terminal.as_raw_fd(), group));
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
        done
    }
}

/// Starts `command` as the leader of a session on a new terminal, and returns the far side of it,
/// where a test types and reads.
///
/// # Errors
/// Those of the system.
#[cfg(test)]
pub(crate) fn start_on_terminal(
    command: &mut std::process::Command,
) -> io::Result<(std::process::Child, std::fs::File)> {
    use std::os::fd::{FromRawFd, OwnedFd};
    use std::os::unix::process::CommandExt;
    let (mut far, mut near) = (-1, -1);
    let (name, modes, size) = (std::ptr::null_mut(), std::ptr::null(), std::ptr::null());
    // SAFETY: both are valid places for an int; the other three may be null.
    answer(unsafe { libc::openpty(&raw mut far, &raw mut near, name, modes, size) })?;
    // SAFETY: openpty has just opened both, and nobody else owns them.
    let (far, near) = unsafe { (OwnedFd::from_raw_fd(far), OwnedFd::from_raw_fd(near)) };
    // SAFETY: takes numbers only.
    answer(unsafe { libc::fcntl(far.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    command.stdin(near.try_clone()?).stdout(near.try_clone()?).stderr(near);
    // SAFETY: both calls may be made between fork and exec.
    unsafe {
        command.pre_exec(|| {
            answer(libc::setsid())?;
            answer(libc::ioctl(0, libc::TIOCSCTTY, 0))
        });
    }
    Ok((command.spawn()?, std::fs::File::from(far)))
}

fn answer(returned: libc::c_int) -> io::Result<()> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn everybody_and_nobody_are_no_targets() {
        for pid in [0, -1, -5] {
            assert_eq!(signal_process(pid, 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        }
        for group in [1, 0, -1] {
            assert_eq!(signal_group(group, 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        }
    }

    #[test]
    #[expect(clippy::zombie_processes, reason = "collected by the function under test")]
    fn a_collected_child_is_gone() {
        // Only this test's own child is collected: other tests of this process have children too.
        let child = std::process::Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let ended = loop {
            match collect(Some(pid)).unwrap() {
                Waited::Unchanged => std::thread::yield_now(),
                ended => break ended,
            }
        };
        assert_eq!(ended, Waited::Exited { pid, code: 3 });
        assert_eq!(collect(Some(pid)).unwrap(), Waited::NoChild);
        assert!(!exists(pid));
    }

    #[test]
    fn a_file_is_no_terminal() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(foreground_group(file.as_fd()).unwrap_err().raw_os_error(), Some(libc::ENOTTY));
    }

    #[test]
    fn sigpipe_is_ignored_as_the_runtime_arranges() {
        assert!(ignores(libc::SIGPIPE));
        assert!(!ignores(libc::SIGUSR2));
    }
}
