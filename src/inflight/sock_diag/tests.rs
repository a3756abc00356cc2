use super::filter::any_of;
use super::message::{Kind, dump_request, messages, parse_row};
use proptest::prelude::*;

/// The kernel's interpreter of such programs, for the two codes that are used.
fn accepts(program: &[u8], port: u16) -> bool {
    let mut at = 0;
    while at < program.len() {
        let no = usize::from(u16::from_ne_bytes([program[at + 2], program[at + 3]]));
        let yes = match program[at] {
            11 => port == u16::from_ne_bytes([program[at + 6], program[at + 7]]),
            1 => false,
            code => panic!("code {code}"),
        };
        at += if yes { usize::from(program[at + 1]) } else { no };
    }
    at == program.len()
}

fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = ((16 + payload.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend([0; 2]);
    bytes.extend(7u32.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// A row of 127.0.0.1:8080 from 10.0.0.9:40000, cookie 5 + 2^32, with `info` bytes of tcp_info.
fn row(info: usize) -> Vec<u8> {
    let mut bytes = vec![0; 72];
    (bytes[0], bytes[1]) = (libc::AF_INET as u8, 1);
    bytes[4..8].copy_from_slice(&[0x1f, 0x90, 0x9c, 0x40]);
    bytes[8..12].copy_from_slice(&[127, 0, 0, 1]);
    bytes[24..28].copy_from_slice(&[10, 0, 0, 9]);
    (bytes[44], bytes[48], bytes[56], bytes[60], bytes[68]) = (5, 1, 3, 4, 6);
    if info > 0 {
        bytes.extend(((4 + info) as u16).to_ne_bytes());
        bytes.extend(2u16.to_ne_bytes());
        bytes.extend((0..info).map(|place| u8::from(place == 44 || place == 128) * 9));
    }
    bytes
}

#[test]
fn a_row_is_read_as_the_kernel_lays_it_out() {
    let row = parse_row(&row(280)).unwrap();
    assert_eq!((row.port, row.peer_port, row.cookie, row.inode), (8080, 40_000, 5 + (1 << 32), 6));
    assert_eq!(
        (row.local.to_string(), row.peer.to_string()),
        ("127.0.0.1".into(), "10.0.0.9".into())
    );
    assert_eq!((row.socket.rqueue, row.socket.wqueue), (3, 4));
    let info = row.socket.info.unwrap();
    assert_eq!((info.last_data_sent, info.bytes_received, info.bytes_sent), (9, 9, 0));
}

#[test]
fn a_tcp_info_without_bytes_sent_is_none() {
    assert!(parse_row(&row(208)).unwrap().socket.info.is_some());
    assert!(parse_row(&row(207)).unwrap().socket.info.is_none());
    assert!(parse_row(&row(0)).unwrap().socket.info.is_none());
}

#[test]
fn a_mapped_address_is_the_ipv4_address() {
    let mut bytes = row(0);
    bytes[0] = libc::AF_INET6 as u8;
    bytes[24..40].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]);
    assert_eq!(parse_row(&bytes).unwrap().peer.to_string(), "10.1.2.3");
}

#[test]
fn a_cut_message_is_an_error_and_ends_the_datagram() {
    let mut bytes = message(18, &row(0));
    bytes.extend(message(3, &0i32.to_ne_bytes()));
    let kinds: Vec<_> = messages(&bytes).map(|message| message.unwrap().kind).collect();
    assert_eq!(kinds, [Kind::Row, Kind::Done(0)]);
    let cut: Vec<_> = messages(&bytes[..bytes.len() - 1]).collect();
    assert!(cut[0].is_ok() && cut[1].is_err() && cut.len() == 2);
}

#[test]
fn errors_carry_their_number() {
    let refused = message(2, &(-libc::EACCES).to_ne_bytes());
    assert_eq!(messages(&refused).next().unwrap().unwrap().kind, Kind::Error(-libc::EACCES));
    assert!(messages(&message(2, &[1])).next().unwrap().is_err());
}

proptest! {
    #[test]
    fn the_filter_accepts_its_ports_and_nothing_else(
        ports in prop::collection::btree_set(any::<u16>(), 1..200),
        other in any::<u16>(),
    ) {
        let ports: Vec<u16> = ports.into_iter().collect();
        let program = any_of(&ports).unwrap();
        prop_assert!(ports.iter().all(|&port| accepts(&program, port)));
        prop_assert_eq!(accepts(&program, other), ports.contains(&other));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for message in messages(&bytes).flatten() {
            parse_row(message.payload).ok();
        }
        parse_row(&bytes).ok();
    }

    #[test]
    fn no_change_of_a_good_message_makes_the_parser_panic(
        length in 0usize..400, place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = message(18, &row(280));
        bytes.truncate(length.max(1));
        let place = place.index(bytes.len());
        bytes[place] = byte;
        for message in messages(&bytes).flatten() {
            parse_row(message.payload).ok();
        }
    }

    #[test]
    fn a_request_says_its_own_length(ports in prop::collection::vec(any::<u16>(), 0..50)) {
        let request = dump_request(9, 2, true, Some(&ports));
        let length = u32::from_ne_bytes(request[..4].try_into().unwrap()) as usize;
        prop_assert_eq!(length, request.len());
    }
}
