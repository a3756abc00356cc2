#![expect(unsafe_code, reason = "kill(2) has no safe wrapper in std")]

use std::io;

/// Sends SIGTERM to the process `pid`.
///
/// # Errors
/// Those of kill(2); also `InvalidInput` for 0 and what does not fit, because kill(2) reads
/// such numbers as whole process groups.
pub fn terminate(pid: u32) -> io::Result<()> {
    let pid = libc::pid_t::try_from(pid).ok().filter(|pid| *pid > 0);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: kill takes two integers by value and touches no memory of this process.
    if unsafe { libc::kill(pid, libc::SIGTERM) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
