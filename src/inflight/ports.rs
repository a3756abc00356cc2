//! Chooses the ports whose connections matter, from what listens and what was declared. Pure.

use crate::config::PortsSetting;
use crate::drain::{Container, PortRole, Protocol};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One port in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) role: PortRole,
}

/// One LISTEN socket of the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) inode: u64,
}

/// What the operator said about ports.
#[derive(Clone, Debug)]
pub(super) struct PortRules {
    pub(super) setting: PortsSetting,
    pub(super) exclude: Vec<u16>,
    /// Protocols by port, as the containers declare them.
    pub(super) protocols: Vec<(u16, Protocol)>,
    pub(super) containers: Vec<Container>,
    /// The agent's own listeners.
    pub(super) own: Vec<u16>,
}

/// Istio's sidecar and ambient proxy, and Linkerd's: what the application gets from them comes
/// to its own port, so their ports would count everything twice.
const MESH: [u16; 13] =
    [4140, 4143, 4190, 4191, 15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// Ports that the Prometheus registry gives to exporters which run beside a server: node,
/// mysqld, nginx, apache, redis, memcached, postgres, mongodb, kafka, JMX. A scrape is not the
/// application's work. Short on purpose: a port that is left out is not protected at all, one
/// too many only makes a drain look at it.
const EXPORTERS: [u16; 10] = [9100, 9104, 9113, 9117, 9121, 9150, 9187, 9216, 9308, 9404];

impl PortRules {
    /// Sorted by number. `owned`: the sockets of one process tree, outside of which nothing is
    /// the application's; there a loopback-only listener counts, because a proxy on the same
    /// host may stand before it.
    pub(super) fn choose(&self, listening: &[Listening], owned: Option<&[u64]>) -> Vec<Chosen> {
        let mut chosen = BTreeMap::new();
        match &self.setting {
            PortsSetting::List(list) => {
                for &(port, protocol) in list {
                    self.put(&mut chosen, port, protocol);
                }
            }
            PortsSetting::Auto => {
                for port in self.automatic(listening, owned) {
                    self.put(&mut chosen, port, Protocol::Auto);
                }
            }
        }
        for port in self.helper_ports() {
            self.put(&mut chosen, port, Protocol::Auto);
        }
        chosen.into_values().collect()
    }

    fn put(&self, chosen: &mut BTreeMap<u16, Chosen>, port: u16, protocol: Protocol) {
        if !self.own.contains(&port) && !self.exclude.contains(&port) {
            let role = self.role(port);
            let protocol = self.protocol(port, protocol);
            chosen.entry(port).or_insert(Chosen { port, protocol, role });
        }
    }

    /// What `ports` names wins over what the container declares.
    fn protocol(&self, port: u16, named: Protocol) -> Protocol {
        let declared = self.protocols.iter().find(|(other, _)| *other == port);
        match (named, declared) {
            (Protocol::Auto, Some(&(_, declared))) => declared,
            (named, _) => named,
        }
    }

    /// A port that a serving and a helper container both name serves.
    fn role(&self, port: u16) -> PortRole {
        let serves = self.declared().is_some_and(|ports| ports.contains(&port));
        if !serves && self.helper_ports().any(|helper| helper == port) {
            PortRole::Helper
        } else {
            PortRole::Serving
        }
    }

    fn automatic(&self, listening: &[Listening], owned: Option<&[u64]>) -> Vec<u16> {
        let declared = self.declared();
        let counts = |port: u16| match &declared {
            Some(ports) => ports.contains(&port),
            None => !MESH.contains(&port) && !EXPORTERS.contains(&port),
        };
        let reachable = |listener: &&Listening| match owned {
            Some(inodes) => inodes.contains(&listener.inode),
            None => !listener.address.is_loopback(),
        };
        let ports = listening.iter().filter(reachable).map(|listener| listener.port);
        ports.filter(|&port| counts(port)).collect()
    }

    /// The ports of the serving containers; `None` where one of them may have any.
    fn declared(&self) -> Option<Vec<u16>> {
        let mut serving =
            self.containers.iter().filter(|one| one.role == PortRole::Serving).peekable();
        serving.peek()?;
        let mut ports = Vec::new();
        for container in serving {
            if container.ports.is_empty() {
                return None;
            }
            ports.extend(&container.ports);
        }
        Some(ports)
    }

    fn helper_ports(&self) -> impl Iterator<Item = u16> + use<'_> {
        let helpers = self.containers.iter().filter(|one| one.role == PortRole::Helper);
        helpers.flat_map(|container| container.ports.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> PortRules {
        PortRules {
            setting: PortsSetting::Auto,
            exclude: vec![],
            protocols: vec![],
            containers: vec![],
            own: vec![9797, 9798],
        }
    }

    fn container(role: PortRole, ports: &[u16]) -> Container {
        let ports = ports.to_vec();
        Container { name: "c".into(), role, ports, hooked: true, adopted: false, after: None }
    }

    fn listening(address: &str, port: u16) -> Listening {
        Listening { address: address.parse().unwrap(), port, inode: u64::from(port) }
    }

    fn pod() -> Vec<Listening> {
        let any =
            [8080, 9090, 9797, 9798, 15006, 15090, 4143, 9113].map(|port| listening("::", port));
        let mut all = any.to_vec();
        all.extend([listening("127.0.0.1", 6060), listening("::1", 6061)]);
        all.extend([listening("127.0.0.1", 7070), listening("10.0.0.5", 7070)]);
        all
    }

    fn numbers(chosen: &[Chosen]) -> Vec<u16> {
        chosen.iter().map(|one| one.port).collect()
    }

    #[test]
    fn auto_is_what_listens_for_others_without_agents_meshes_and_exporters() {
        assert_eq!(numbers(&rules().choose(&pod(), None)), [7070, 8080, 9090]);
    }

    #[test]
    fn excluded_ports_are_out_even_of_a_list() {
        let rules = PortRules { exclude: vec![9090], ..rules() };
        assert_eq!(numbers(&rules.choose(&pod(), None)), [7070, 8080]);
        let setting = PortsSetting::List(vec![(9090, Protocol::Grpc), (1, Protocol::Http)]);
        assert_eq!(numbers(&PortRules { setting, ..rules }.choose(&pod(), None)), [1]);
    }

    #[test]
    fn declared_ports_of_serving_containers_narrow_auto_and_beat_the_known_ones() {
        let serving = container(PortRole::Serving, &[8080, 9113, 5555]);
        let rules = PortRules { containers: vec![serving], ..rules() };
        assert_eq!(numbers(&rules.choose(&pod(), None)), [8080, 9113]);
        let anything = container(PortRole::Serving, &[]);
        let mut both = rules.containers.clone();
        both.push(anything);
        let rules = PortRules { containers: both, ..rules };
        assert_eq!(numbers(&rules.choose(&pod(), None)), [7070, 8080, 9090]);
    }

    #[test]
    fn helper_ports_are_watched_whatever_their_listener_and_do_not_serve() {
        let containers =
            vec![container(PortRole::Helper, &[5432, 8080]), container(PortRole::Serving, &[8080])];
        let chosen = PortRules { containers, ..rules() }.choose(&pod(), None);
        let roles: Vec<_> = chosen.iter().map(|one| (one.port, one.role)).collect();
        assert_eq!(roles, [(5432, PortRole::Helper), (8080, PortRole::Serving)]);
    }

    #[test]
    fn a_list_is_watched_whether_it_listens_or_not() {
        let setting = PortsSetting::List(vec![(9090, Protocol::Grpc), (1234, Protocol::Http)]);
        let chosen = PortRules { setting, ..rules() }.choose(&pod(), None);
        let protocols: Vec<_> = chosen.iter().map(|one| (one.port, one.protocol)).collect();
        assert_eq!(protocols, [(1234, Protocol::Http), (9090, Protocol::Grpc)]);
    }

    #[test]
    fn a_container_names_the_protocol_unless_the_list_does() {
        let protocols = vec![(8080, Protocol::Http), (9090, Protocol::H2), (5432, Protocol::Tcp)];
        let helper = container(PortRole::Helper, &[5432]);
        let rules = PortRules { protocols, containers: vec![helper], ..rules() };
        let of = |rules: &PortRules| -> Vec<_> {
            rules.choose(&pod(), None).iter().map(|one| (one.port, one.protocol)).collect()
        };
        let auto = [
            (5432, Protocol::Tcp),
            (7070, Protocol::Auto),
            (8080, Protocol::Http),
            (9090, Protocol::H2),
        ];
        assert_eq!(of(&rules), auto);
        let setting = PortsSetting::List(vec![(9090, Protocol::Grpc), (8080, Protocol::Auto)]);
        let listed = [(5432, Protocol::Tcp), (8080, Protocol::Http), (9090, Protocol::Grpc)];
        assert_eq!(of(&PortRules { setting, ..rules }), listed);
    }

    #[test]
    fn of_a_process_tree_only_its_own_listeners_count_and_loopback_does_too() {
        assert_eq!(numbers(&rules().choose(&pod(), Some(&[8080, 6060, 22]))), [6060, 8080]);
        assert_eq!(numbers(&rules().choose(&pod(), Some(&[]))), Vec::<u16>::new());
    }
}
