use super::ports::{once_each, port_protocol};
use super::{Problem, entries};
use crate::drain::{Container, PortRole, Protocol};

/// The containers of the pod, and what they say about their ports.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::config) struct NamedContainers {
    pub containers: Vec<Container>,
    /// Ports of serving and helper containers with their protocols.
    pub ports: Vec<(u16, Protocol)>,
}

/// `app=8080/http+9090/grpc,db=helper+5432,log=helper:nohook`; `web` alone serves whatever
/// listens.
pub(in crate::config) fn containers(text: &str) -> Result<NamedContainers, Problem> {
    let mut named = NamedContainers::default();
    for entry in entries(text)? {
        let (container, ports) = container(entry)?;
        if named.containers.iter().any(|other| other.name == container.name) {
            return Err(Problem::new(format!("container {} is named twice", container.name)));
        }
        named.containers.push(container);
        named.ports.extend(ports);
    }
    // One network namespace: two containers cannot listen on the same port.
    once_each(named.ports.iter().map(|(port, _)| *port))?;
    Ok(named)
}

fn container(entry: &str) -> Result<(Container, Vec<(u16, Protocol)>), Problem> {
    let mut parts = entry.split(':');
    let body = parts.next().unwrap_or_default();
    let mut hooked = true;
    for flag in parts {
        match flag {
            "nohook" => hooked = false,
            _ => {
                let what = format!("{flag:?} after the colon is not known");
                return Err(Problem::unknown(what, flag, ["nohook"]));
            }
        }
    }
    let (name, rest) = body.split_once('=').map_or((body, None), |(name, rest)| (name, Some(rest)));
    let name = container_name(name)?;
    let (role, ports) = match rest {
        None => (PortRole::Serving, Vec::new()),
        Some(rest) => role_and_ports(&name, rest)?,
    };
    let numbers = ports.iter().map(|(port, _)| *port).collect();
    let container = Container { name, role, ports: numbers, hooked, adopted: false, after: None };
    Ok((container, ports))
}

fn role_and_ports(name: &str, rest: &str) -> Result<(PortRole, Vec<(u16, Protocol)>), Problem> {
    let (role, ports) = match rest.strip_prefix("helper") {
        Some("") => return Ok((PortRole::Helper, Vec::new())),
        Some(ports) if ports.starts_with('+') => (PortRole::Helper, &ports[1..]),
        _ => (PortRole::Serving, rest),
    };
    let ports = ports.split('+').map(port_protocol).collect::<Result<Vec<_>, _>>();
    let ports = ports.map_err(|problem| {
        let looks_like_a_word = rest.starts_with(|c: char| c.is_ascii_alphabetic());
        match looks_like_a_word && role == PortRole::Serving {
            true => Problem::unknown(
                format!("{rest:?} of container {name} is neither helper nor a port"),
                rest,
                ["helper"],
            ),
            false => Problem { what: format!("container {name}: {}", problem.what), ..problem },
        }
    })?;
    Ok((role, ports))
}

/// A DNS label, which is what Kubernetes allows.
pub(in crate::config) fn container_name(name: &str) -> Result<String, Problem> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-');
    match valid {
        true => Ok(name.to_owned()),
        false => Err(Problem::new(format!(
            "{name:?} is not a container name (lower-case letters, digits and -)"
        ))),
    }
}
