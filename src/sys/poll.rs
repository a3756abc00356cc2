#![expect(unsafe_code, reason = "poll(2) has no safe wrapper in std")]

use std::os::fd::{AsRawFd, BorrowedFd};

/// Whether a write to `fd` would be taken at once: of a pipe, up to 4096 bytes of it
/// (`PIPE_BUF`). Regular files always say yes. An error on `fd` counts as yes too, because the
/// write will then return it and not wait.
pub fn is_writable(fd: BorrowedFd<'_>) -> bool {
    let mut asked = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: `asked` is one initialised pollfd that lives through the call, the count is 1, and
    // with a timeout of 0 the kernel keeps no reference to it. `fd` is open, being borrowed.
    let ready = unsafe { libc::poll(&raw mut asked, 1, 0) };
    // A signal in between (EINTR) says nothing; the caller may take it for "not at the moment".
    ready == 1
}

#[cfg(test)]
mod tests {
    use super::is_writable;
    use std::io::Write;
    use std::os::fd::AsFd;

    #[test]
    fn a_pipe_is_writable_until_it_is_full() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut written = 0;
        while is_writable(writer.as_fd()) {
            writer.write_all(&[b'x'; 4096]).unwrap();
            written += 4096;
        }
        assert!(written >= 4096, "a fresh pipe took nothing");
        drop(reader);
        assert!(is_writable(writer.as_fd()), "a broken pipe must not look like a full one");
    }
}
