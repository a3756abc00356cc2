//! Dumps: the request, the streamed answer, and every way in which it can be incomplete.

use super::message::{self, DiagRow, Kind, Message};
use crate::inflight::Unreadable;
use crate::inflight::classify::TcpState;
use crate::sys::netlink::Netlink;
use std::io;
use std::time::Duration;

/// Which sockets are asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::inflight) struct Query<'a> {
    states: u32,
    info: bool,
    ports: Option<&'a [u16]>,
}

impl<'a> Query<'a> {
    /// Every LISTEN socket of the network namespace.
    pub(in crate::inflight) fn listeners() -> Self {
        Self { states: TcpState::Listen.bit(), info: false, ports: None }
    }

    /// The same, with the `tcp_info` that shows what this kernel knows.
    pub(in crate::inflight) fn listeners_with_info() -> Self {
        Self { info: true, ..Self::listeners() }
    }

    /// Listeners of `ports` and every connection that came to them.
    pub(in crate::inflight) fn sockets_of(ports: &'a [u16]) -> Self {
        let left_out = TcpState::SynSent.bit() | TcpState::TimeWait.bit() | TcpState::Close.bit();
        let all = TcpState::ALL.iter().fold(0, |mask, state| mask | state.bit());
        Self { states: all & !left_out, info: true, ports: Some(ports) }
    }
}

/// The kernel dumps in datagrams of at most 32 KiB, whatever the buffer.
const BUFFER: usize = 32 * 1024;
/// The kernel answers from within the system call; only a starved machine needs longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for dumps, again and again, over one socket and one buffer.
#[derive(Debug)]
pub(in crate::inflight) struct Diag {
    /// `None` after a failure: what is left of a broken dump must not be read as the next one.
    socket: Option<Netlink>,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Diag {
    pub(in crate::inflight) fn open() -> Result<Self, Unreadable> {
        let mut diag = Self { socket: None, buffer: vec![0; BUFFER], sequence: 0 };
        diag.connected()?;
        Ok(diag)
    }

    /// Hands every row to `each` as it arrives. On an error the rows so far prove nothing.
    pub(in crate::inflight) fn dump(
        &mut self,
        query: Query<'_>,
        each: impl FnMut(&DiagRow),
    ) -> Result<(), Unreadable> {
        if query.ports.is_some_and(<[u16]>::is_empty) {
            return Ok(());
        }
        let done = self.ask(query).and_then(|()| self.read(each));
        if done.is_err() {
            self.socket = None;
        }
        done
    }

    fn connected(&mut self) -> Result<&Netlink, Unreadable> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => {
                let socket = Netlink::open()
                    .map_err(|error| failed("opening socket diagnostics", &error))?;
                socket
                    .set_timeout(PATIENCE)
                    .map_err(|error| failed("limiting the wait", &error))?;
                socket
            }
        };
        Ok(self.socket.insert(socket))
    }

    fn ask(&mut self, query: Query<'_>) -> Result<(), Unreadable> {
        if query.ports.is_some_and(|ports| ports.len() > super::filter::MAX_PORTS) {
            let most = super::filter::MAX_PORTS;
            return Err(Unreadable(format!(
                "more than {most} ports to watch: name them with ports"
            )));
        }
        self.sequence = self.sequence.wrapping_add(1);
        let request = message::dump_request(self.sequence, query.states, query.info, query.ports);
        self.connected()?.send(&request).map_err(|error| failed("asking for a socket dump", &error))
    }

    fn read(&mut self, mut each: impl FnMut(&DiagRow)) -> Result<(), Unreadable> {
        let Self { socket: Some(socket), buffer, sequence } = self else {
            return Err(Unreadable("reading a socket dump: no socket".to_owned()));
        };
        loop {
            let length = match socket.receive(buffer, true) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed("reading a socket dump", &error)),
            };
            for message in message::messages(&buffer[..length]) {
                let message = message.map_err(|garbled| {
                    Unreadable(format!("reading a socket dump: {}", garbled.0))
                })?;
                if is_last(&message, *sequence)? {
                    return Ok(());
                }
                let row = message::parse_row(message.payload);
                each(&row.map_err(|garbled| {
                    Unreadable(format!("reading a socket dump: {}", garbled.0))
                })?);
            }
        }
    }
}

fn is_last(message: &Message<'_>, sequence: u32) -> Result<bool, Unreadable> {
    let refused = |errno: i32| {
        failed("asking for a socket dump", &io::Error::from_raw_os_error(errno.saturating_neg()))
    };
    if message.sequence != sequence {
        return Err(Unreadable("reading a socket dump: an answer to another question".to_owned()));
    }
    if message.interrupted {
        return Err(Unreadable("reading a socket dump: the table changed under it".to_owned()));
    }
    match message.kind {
        Kind::Row => Ok(false),
        Kind::Done(0) => Ok(true),
        Kind::Done(errno) | Kind::Error(errno) => Err(refused(errno)),
        Kind::Other => {
            Err(Unreadable("reading a socket dump: a message of unknown type".to_owned()))
        }
    }
}

fn failed(what: &str, error: &io::Error) -> Unreadable {
    Unreadable(format!("{what}: {error}"))
}
