use super::{Problem, entries};
use crate::drain::{AppProbe, Protocol};

/// What may follow the slash of a port. Some are names from Kubernetes' `appProtocol` and from
/// port names for what the classifier treats alike.
const PROTOCOLS: [(&str, Protocol); 11] = [
    ("http", Protocol::Http),
    ("https", Protocol::Https),
    ("h2", Protocol::H2),
    ("h2c", Protocol::H2),
    ("grpc", Protocol::Grpc),
    ("ws", Protocol::WebSocket),
    ("wss", Protocol::WebSocket),
    ("sse", Protocol::Stream),
    ("stream", Protocol::Stream),
    ("tcp", Protocol::Tcp),
    ("auto", Protocol::Auto),
];

/// 0 to 65535; 0 asks the kernel for any free port.
pub(in crate::config) fn port(text: &str) -> Result<u16, Problem> {
    text.trim().parse().map_err(|_| not_a_port(text))
}

/// 1 to 65535: a port that something listens on.
fn port_number(text: &str) -> Result<u16, Problem> {
    match port(text)? {
        0 => Err(not_a_port(text)),
        port => Ok(port),
    }
}

/// `9000,9001`
pub(in crate::config) fn plain_ports(text: &str) -> Result<Vec<u16>, Problem> {
    let ports = entries(text)?.into_iter().map(port_number).collect::<Result<Vec<_>, _>>()?;
    once_each(ports.iter().copied())?;
    Ok(ports)
}

/// `8080/http,9090`
pub(in crate::config) fn port_protocols(text: &str) -> Result<Vec<(u16, Protocol)>, Problem> {
    let ports = entries(text)?.into_iter().map(port_protocol).collect::<Result<Vec<_>, _>>()?;
    once_each(ports.iter().map(|(port, _)| *port))?;
    Ok(ports)
}

/// `8080/http` or `8080`
pub(super) fn port_protocol(text: &str) -> Result<(u16, Protocol), Problem> {
    match text.split_once('/') {
        Some((port, name)) => Ok((port_number(port)?, protocol(name)?)),
        None => Ok((port_number(text)?, Protocol::Auto)),
    }
}

/// `8080/1s,9090/10s`
pub(in crate::config) fn app_probes(text: &str) -> Result<Vec<AppProbe>, Problem> {
    let probes = entries(text)?.into_iter().map(app_probe).collect::<Result<Vec<_>, _>>()?;
    once_each(probes.iter().map(|probe| probe.port))?;
    Ok(probes)
}

fn app_probe(text: &str) -> Result<AppProbe, Problem> {
    let Some((port, period)) = text.split_once('/') else {
        return Err(Problem::new(format!("{text:?} names no period")));
    };
    let port = port_number(port)?;
    let period = super::duration(period)
        .map_err(|problem| Problem::new(format!("period {period:?} {}", problem.what)))?;
    if period.is_zero() {
        return Err(Problem::new(format!("the period of port {port} is zero")));
    }
    Ok(AppProbe { port, period })
}

fn protocol(name: &str) -> Result<Protocol, Problem> {
    let known = PROTOCOLS.iter().find(|(known, _)| *known == name);
    known.map(|(_, protocol)| *protocol).ok_or_else(|| {
        let known = PROTOCOLS.iter().map(|(name, _)| *name);
        Problem::unknown(format!("protocol {name:?} is not known"), name, known)
    })
}

pub(super) fn once_each(ports: impl Iterator<Item = u16>) -> Result<(), Problem> {
    let mut seen = Vec::new();
    for port in ports {
        if seen.contains(&port) {
            return Err(Problem::new(format!("port {port} is named twice")));
        }
        seen.push(port);
    }
    Ok(())
}

fn not_a_port(text: &str) -> Problem {
    if text.is_empty() {
        return Problem::new("is empty");
    }
    Problem::new(format!("{text:?} is not a port number"))
}
