//! One line of `/proc/net/tcp` or `tcp6`. Pure.

use crate::inflight::classify::TcpState;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inflight) struct Line {
    /// Canonical: a v4-mapped address is the IPv4 address.
    pub(in crate::inflight) local: SocketAddr,
    pub(in crate::inflight) remote: SocketAddr,
    pub(in crate::inflight) state: TcpState,
    pub(in crate::inflight) wqueue: u32,
    /// Of a listener: its accept backlog.
    pub(in crate::inflight) rqueue: u32,
    pub(in crate::inflight) inode: u64,
}

/// `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`; `None`: anything else.
pub(in crate::inflight) fn parse(line: &str) -> Option<Line> {
    let mut words = line.split_ascii_whitespace();
    let (_slot, local, remote, state, queues) =
        (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    let (tx, rx) = queues.split_once(':')?;
    let inode = words.nth(4)?;
    Some(Line {
        local: address(local)?,
        remote: address(remote)?,
        state: TcpState::from_kernel(u8::from_str_radix(state, 16).ok()?)?,
        wqueue: u32::from_str_radix(tx, 16).ok()?,
        rqueue: u32::from_str_radix(rx, 16).ok()?,
        inode: inode.parse().ok()?,
    })
}

/// Hexadecimal words in the machine's byte order, then the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |place: usize| {
        let digits = address.get(place * 8..place * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for place in 0..4 {
                octets[place * 4..place * 4 + 4].copy_from_slice(&word(place)?);
            }
            IpAddr::from(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_both_families_are_read() {
        let v4 = "   1: 0100007F:1F90 0900000A:9C40 01 00000004:00000003 02:0000 00000000 0 0 777 2 0000";
        let line = parse(v4).unwrap();
        assert_eq!(
            (line.local.to_string(), line.remote.to_string()),
            ("127.0.0.1:8080".into(), "10.0.0.9:40000".into())
        );
        assert_eq!(
            (line.wqueue, line.rqueue, line.inode, line.state),
            (4, 3, 777, TcpState::Established)
        );
        let v6 = "12: 00000000000000000000000001000000:0050 0000000000000000FFFF00000900000A:0001 0A 0:0 0:0 0 0 0 8 1";
        let line = parse(v6).unwrap();
        assert_eq!(
            (line.local.to_string(), line.remote.to_string()),
            ("[::1]:80".into(), "10.0.0.9:1".into())
        );
        assert_eq!(line.state, TcpState::Listen);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,120}") {
            parse(&text);
        }

        #[test]
        fn no_cut_line_makes_the_parser_panic(length in 0usize..90, other in any::<char>()) {
            let line = "   1: 0100007F:1F90 0900000A:9C40 01 00000004:00000003 02:0000 00000000 0 0 777 2 0000";
            let cut: String = line.chars().take(length).chain([other]).collect();
            parse(&cut);
        }
    }
}
