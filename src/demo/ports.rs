//! Ports for the servers.

use std::net::{Ipv4Addr, TcpListener};

/// A free port on 127.0.0.1 below the kernel's ephemeral range.
///
/// Port 0 would do for a listener that stays. These go away while clients still call them: out
/// of the ephemeral range such a port could at once be another socket's, or the caller's own
/// (a connection to itself), where a stopped pod's address refuses.
pub(crate) fn free_port() -> Result<u16, String> {
    let end = ephemeral_start();
    let start = end.saturating_sub(SPAN).max(1024);
    // Not from `--seed`: two demos of the same seed may run side by side.
    let mut random = fastrand::Rng::new();
    (0..200)
        .map(|_| random.u16(start..end))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| format!("no free port found on 127.0.0.1 between {start} and {end}"))
}

const SPAN: u16 = 20_000;

fn ephemeral_start() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let start = text.ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
    start.filter(|start| *start > 2048).unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_and_never_given_to_an_outgoing_connection() {
        let port = free_port().unwrap();
        assert!(port < ephemeral_start());
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
