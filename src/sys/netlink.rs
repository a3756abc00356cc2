//! A socket of the kernel's socket-diagnostics family: send bytes, receive datagrams.
#![expect(unsafe_code, reason = "system calls")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// An unprivileged `NETLINK_SOCK_DIAG` socket; closed when dropped.
#[derive(Debug)]
pub struct Netlink {
    fd: OwnedFd,
}

impl Netlink {
    /// Opens a socket. Kernels and sandboxes without socket diagnostics answer
    /// `EPROTONOSUPPORT`, policies `EACCES`.
    pub fn open() -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: no pointer is passed; the result is checked before it is used.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` was just opened, is valid and has no other owner.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    /// Receives what the kernel sends to multicast `group` from now on; [`Self::bind`] first.
    pub fn join(&self, group: u32) -> io::Result<()> {
        self.set(libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, &group)
    }

    /// Takes an address. Without one a socket counts as the kernel itself, which never gets its
    /// own multicasts, and no error says so.
    pub fn bind(&self) -> io::Result<()> {
        // SAFETY: `sockaddr_nl` is plain data, for which all zeroes is a valid value.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
        let length = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: `address` is live for the call, which only reads `length` bytes of it.
        let result =
            unsafe { libc::bind(self.fd.as_raw_fd(), (&raw const address).cast(), length) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// How long [`Self::receive`] waits for the kernel.
    pub fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        let timeout = libc::timeval {
            tv_sec: timeout.as_secs() as libc::time_t,
            tv_usec: timeout.subsec_micros() as libc::suseconds_t,
        };
        self.set(libc::SOL_SOCKET, libc::SO_RCVTIMEO, &timeout)
    }

    /// How many bytes of unread datagrams the kernel keeps, within its own limit.
    pub fn set_receive_space(&self, bytes: u32) -> io::Result<()> {
        self.set(libc::SOL_SOCKET, libc::SO_RCVBUF, &bytes)
    }

    /// From now on only keeps datagrams whose big-endian 16 bits at `offset` are one of `values`
    /// (at most 250); the kernel drops the others before they take any space.
    pub fn keep_only(&self, offset: u32, values: &[u16]) -> io::Result<()> {
        // Named apart from what points to it, so that it lives through the call.
        let mut steps = filter(offset, values).ok_or(io::ErrorKind::InvalidInput)?;
        let program = libc::sock_fprog {
            len: u16::try_from(steps.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
            filter: steps.as_mut_ptr(),
        };
        self.set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }

    /// Sends one datagram to the kernel.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        // SAFETY: the pointer and length are those of a live slice, which the call only reads.
        let sent = unsafe {
            libc::send(self.fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL)
        };
        match usize::try_from(sent) {
            Err(_) => Err(io::Error::last_os_error()),
            Ok(sent) if sent < bytes.len() => Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Receives one datagram of the kernel into `buffer` and returns its length. With
    /// `wait == false`, `WouldBlock` when there is none. A datagram that does not fit is
    /// `InvalidData`; one that does not come from the kernel, `PermissionDenied`.
    pub fn receive(&self, buffer: &mut [u8], wait: bool) -> io::Result<usize> {
        let flags = libc::MSG_TRUNC | if wait { 0 } else { libc::MSG_DONTWAIT };
        // SAFETY: `sockaddr_nl` is plain data, for which all zeroes is a valid value.
        let mut from: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        let mut from_length = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: `buffer`, `from` and `from_length` are live and exclusively borrowed for the
        // call, which writes at most the given lengths (MSG_TRUNC only changes the result).
        let received = unsafe {
            libc::recvfrom(
                self.fd.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                flags,
                (&raw mut from).cast(),
                &raw mut from_length,
            )
        };
        let Ok(received) = usize::try_from(received) else {
            return Err(io::Error::last_os_error());
        };
        if received > buffer.len() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if from.nl_pid != 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(received)
    }

    /// Sets a socket option; `T` must be the plain type that the kernel documents for it.
    fn set<T: Copy>(&self, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
        // SAFETY: the pointer and length are those of a live value, which the call only reads.
        let result = unsafe {
            libc::setsockopt(
                self.fd.as_raw_fd(),
                level,
                name,
                std::ptr::from_ref(value).cast(),
                size_of::<T>() as libc::socklen_t,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

/// A classic BPF program: load the half-word, accept what equals one of the values.
fn filter(offset: u32, values: &[u16]) -> Option<Vec<libc::sock_filter>> {
    let step = |code: u32, jt: u8, k: u32| libc::sock_filter { code: code as u16, jt, jf: 0, k };
    let count = u8::try_from(values.len()).ok().filter(|count| *count <= 250)?;
    let mut program = vec![step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, offset)];
    for (before, value) in (0_u8..).zip(values) {
        let to_accept = count - before;
        program.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, to_accept, (*value).into()));
    }
    program.push(step(libc::BPF_RET | libc::BPF_K, 0, 0));
    program.push(step(libc::BPF_RET | libc::BPF_K, 0, u32::MAX));
    Some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_jumps_to_the_step_that_accepts() {
        let program = filter(20, &[80, 443, 8080]).unwrap();
        assert_eq!(program.len(), 6);
        for (index, step) in program.iter().enumerate().filter(|(_, step)| step.jt > 0) {
            let target = index + 1 + usize::from(step.jt);
            assert_eq!(program[target].k, u32::MAX, "step {index}");
        }
        assert!(filter(20, &[0; 251]).is_none());
    }
}
