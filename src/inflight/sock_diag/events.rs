//! The kernel's notes on sockets that are destroyed: what came and went between two dumps.

use super::message::{self, Kind};
use crate::inflight::Unreadable;
use crate::sys::netlink::Netlink;
use std::io;
use std::net::IpAddr;

/// A connection that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inflight) struct Destroyed {
    pub(in crate::inflight) cookie: u64,
    pub(in crate::inflight) port: u16,
    pub(in crate::inflight) local: IpAddr,
    pub(in crate::inflight) peer: IpAddr,
}

/// `SKNLGRP_INET_TCP_DESTROY` and `SKNLGRP_INET6_TCP_DESTROY`.
const GROUPS: [u32; 2] = [1, 3];
/// An event takes about 1 KiB of the kernel's account; the kernel may allow less.
const SPACE: u32 = 1024 * 1024;
/// One event is under 500 bytes.
const BUFFER: usize = 4 * 1024;
/// Where the local port stands in an event: after `nlmsghdr` and four bytes of `inet_diag_msg`
/// (linux/inet_diag.h).
const LOCAL_PORT: u32 = 16 + 4;
/// A look takes at most so many events, so that a flood cannot keep it; the rest waits.
const MOST: usize = 20_000;

/// The stream of destroy events of this network namespace.
#[derive(Debug)]
pub(in crate::inflight) struct Events {
    socket: Netlink,
    buffer: Vec<u8>,
    /// The ports that the kernel was asked to keep events of; empty: all.
    kept: Vec<u16>,
}

impl Events {
    /// Opens the stream; works without privileges. Only what is destroyed from now on is told.
    pub(in crate::inflight) fn open() -> Result<Self, Unreadable> {
        let failed =
            |error: io::Error| Unreadable(format!("opening the stream of destroy events: {error}"));
        let socket = Netlink::open().map_err(failed)?;
        socket.set_receive_space(SPACE).map_err(failed)?;
        socket.bind().map_err(failed)?;
        for group in GROUPS {
            socket.join(group).map_err(failed)?;
        }
        Ok(Self { socket, buffer: vec![0; BUFFER], kept: Vec::new() })
    }

    /// Has the kernel drop the events of every other port: on a busy node, or for clients of the
    /// same namespace, they would fill the socket within a poll. Where it refuses, all are read.
    pub(in crate::inflight) fn keep_only(&mut self, ports: &[u16]) {
        if self.kept != ports && self.socket.keep_only(LOCAL_PORT, ports).is_ok() {
            self.kept = ports.to_vec();
        }
    }

    /// Hands on the connections that were destroyed since the last call, without waiting.
    /// Returns `true` where some may be missing.
    pub(in crate::inflight) fn drain(&mut self, mut each: impl FnMut(&Destroyed)) -> bool {
        let mut lost = false;
        for _ in 0..MOST {
            match self.socket.receive(&mut self.buffer, false) {
                Ok(length) => lost |= !hand_on(&self.buffer[..length], &mut each),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return lost,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // ENOBUFS: the kernel dropped events and goes on. Anything else is a loss, too.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => lost = true,
                Err(_) => return true,
            }
        }
        true
    }
}

fn hand_on(datagram: &[u8], each: &mut impl FnMut(&Destroyed)) -> bool {
    message::messages(datagram).all(|message| {
        let row = message.and_then(|message| match message.kind {
            Kind::Row => message::parse_row(message.payload).map(Some),
            _ => Ok(None),
        });
        match row {
            // Listeners are destroyed, too, and have no peer.
            Ok(Some(row)) if row.peer_port != 0 => {
                each(&Destroyed {
                    cookie: row.cookie,
                    port: row.port,
                    local: row.local,
                    peer: row.peer,
                });
                true
            }
            Ok(_) => true,
            Err(_) => false,
        }
    })
}
