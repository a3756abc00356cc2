//! Bytes to structs and back, as `linux/inet_diag.h`, `linux/netlink.h` and `linux/tcp.h` lay
//! them out. Pure; short or garbled input is an error, never a guess.

use super::filter;
use crate::inflight::classify::{SocketRow, TcpInfo, TcpState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `TCPDIAG_GETSOCK`: the older request, and the only one that walks both families at once.
const GET_SOCK: u16 = 18;
/// The type of the rows in destroy events.
const BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
/// The kernel saw the table change in a way that makes the dump inconsistent.
const NLM_F_DUMP_INTR: u16 = 0x10;
const HEADER: usize = 16;
const REQUEST: usize = 60;
const ROW: usize = 72;
const ATTR_BYTECODE: u16 = 1;
const ATTR_INFO: u16 = 2;
/// Up to and with `tcpi_bytes_sent` (Linux 4.19).
const INFO: usize = 208;

/// Bytes that are not what the kernel is documented to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Garbled(pub(super) &'static str);

/// One message of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    pub(super) sequence: u32,
    pub(super) interrupted: bool,
    pub(super) payload: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Row,
    /// The dump is complete; the number is 0 or a negative errno.
    Done(i32),
    /// A negative errno.
    Error(i32),
    Other,
}

/// One socket as the kernel dumps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inflight) struct DiagRow {
    /// Canonical: a v4-mapped address is the IPv4 address.
    pub(in crate::inflight) local: IpAddr,
    pub(in crate::inflight) peer: IpAddr,
    pub(in crate::inflight) port: u16,
    pub(in crate::inflight) peer_port: u16,
    pub(in crate::inflight) cookie: u64,
    /// 0: not accepted yet, or gone from every process.
    pub(in crate::inflight) inode: u32,
    pub(in crate::inflight) socket: SocketRow,
    /// How long the kernel's `tcp_info` was; 0: none.
    pub(in crate::inflight) info_length: usize,
}

/// The request for a dump of TCP sockets in any state of the mask `states`.
pub(super) fn dump_request(
    sequence: u32,
    states: u32,
    info: bool,
    filter: Option<&[u16]>,
) -> Vec<u8> {
    let program = filter.and_then(filter::any_of).unwrap_or_default();
    let attribute = if program.is_empty() { 0 } else { 4 + program.len() };
    let length = HEADER + REQUEST + attribute;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(GET_SOCK.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0u32.to_ne_bytes());
    let extensions = if info { 1u8 << (ATTR_INFO - 1) } else { 0 };
    bytes.extend([0, 0, 0, extensions]);
    bytes.resize(HEADER + REQUEST - 8, 0);
    bytes.extend(states.to_ne_bytes());
    bytes.extend(0u32.to_ne_bytes());
    if attribute > 0 {
        bytes.extend((attribute as u16).to_ne_bytes());
        bytes.extend(ATTR_BYTECODE.to_ne_bytes());
        bytes.extend(program);
    }
    bytes
}

/// The messages of one datagram, in order; ends at the first that is garbled.
pub(super) fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message<'_>, Garbled>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = split_message(rest);
        rest = match &next {
            Ok((_, after)) => after,
            Err(_) => &[],
        };
        Some(next.map(|(message, _)| message))
    })
}

/// One `inet_diag_msg` with its attributes.
pub(super) fn parse_row(payload: &[u8]) -> Result<DiagRow, Garbled> {
    let fixed = payload.get(..ROW).ok_or(Garbled("a socket row is shorter than 72 bytes"))?;
    let state =
        TcpState::from_kernel(fixed[1]).ok_or(Garbled("a socket row has an unknown state"))?;
    let mut info = None;
    let mut info_length = 0;
    for attribute in attributes(&payload[ROW..]) {
        let (kind, value) = attribute?;
        if kind == ATTR_INFO {
            info = parse_info(value);
            info_length = value.len();
        }
    }
    Ok(DiagRow {
        local: address(fixed[0], &fixed[8..24])?,
        peer: address(fixed[0], &fixed[24..40])?,
        port: u16::from_be_bytes([fixed[4], fixed[5]]),
        peer_port: u16::from_be_bytes([fixed[6], fixed[7]]),
        cookie: u64::from(u32_at(fixed, 44)) | u64::from(u32_at(fixed, 48)) << 32,
        inode: u32_at(fixed, 68),
        socket: SocketRow { state, rqueue: u32_at(fixed, 56), wqueue: u32_at(fixed, 60), info },
        info_length,
    })
}

fn split_message(bytes: &[u8]) -> Result<(Message<'_>, &[u8]), Garbled> {
    const SHORT: Garbled = Garbled("a netlink message is shorter than it says");
    let header = bytes.get(..HEADER).ok_or(SHORT)?;
    let length = u32_at(header, 0) as usize;
    let payload = bytes.get(HEADER..length).ok_or(SHORT)?;
    let number = || payload.get(..4).map(|bytes| u32_at(bytes, 0).cast_signed());
    let kind = match u16::from_ne_bytes([header[4], header[5]]) {
        GET_SOCK | BY_FAMILY => Kind::Row,
        NLMSG_DONE => Kind::Done(number().unwrap_or(0)),
        NLMSG_ERROR => Kind::Error(number().ok_or(SHORT)?),
        _ => Kind::Other,
    };
    let flags = u16::from_ne_bytes([header[6], header[7]]);
    let interrupted = flags & NLM_F_DUMP_INTR != 0;
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Ok((Message { kind, sequence: u32_at(header, 8), interrupted, payload }, after))
}

fn attributes(mut rest: &[u8]) -> impl Iterator<Item = Result<(u16, &[u8]), Garbled>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length =
            rest.get(..2).map(|bytes| usize::from(u16::from_ne_bytes([bytes[0], bytes[1]])));
        let value = length.and_then(|length| rest.get(4..length));
        let Some((length, value)) = length.zip(value) else {
            rest = &[];
            return Some(Err(Garbled("an attribute is shorter than it says")));
        };
        let kind = u16::from_ne_bytes([rest[2], rest[3]]);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Ok((kind, value)))
    })
}

/// `None`: a kernel whose `tcp_info` lacks a counter that the rules need.
fn parse_info(bytes: &[u8]) -> Option<TcpInfo> {
    let bytes = bytes.get(..INFO)?;
    Some(TcpInfo {
        last_data_sent: u32_at(bytes, 44),
        last_data_recv: u32_at(bytes, 52),
        last_ack_recv: u32_at(bytes, 56),
        bytes_received: u64_at(bytes, 128),
        segs_out: u32_at(bytes, 136),
        data_segs_in: u32_at(bytes, 152),
        data_segs_out: u32_at(bytes, 156),
        bytes_sent: u64_at(bytes, 200),
    })
}

fn address(family: u8, bytes: &[u8]) -> Result<IpAddr, Garbled> {
    let mut octets = [0; 16];
    octets.copy_from_slice(&bytes[..16]);
    match i32::from(family) {
        libc::AF_INET => Ok(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into()),
        libc::AF_INET6 => Ok(IpAddr::from(Ipv6Addr::from(octets)).to_canonical()),
        _ => Err(Garbled("a socket row has an unknown address family")),
    }
}

/// The caller has checked that the four bytes exist.
fn u32_at(bytes: &[u8], place: usize) -> u32 {
    u32::from_ne_bytes([bytes[place], bytes[place + 1], bytes[place + 2], bytes[place + 3]])
}

fn u64_at(bytes: &[u8], place: usize) -> u64 {
    let (low, high) = (u64::from(u32_at(bytes, place)), u64::from(u32_at(bytes, place + 4)));
    if cfg!(target_endian = "little") { low | high << 32 } else { high | low << 32 }
}
