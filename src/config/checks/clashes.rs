use super::{Config, Reader};
use crate::config::PortsSetting;
use crate::config::settings::Program;
use crate::drain::Protocol;

pub(super) fn check(reader: &mut Reader, config: &Config) {
    doors(reader, config);
    own_ports(reader, config);
    exclusions(reader, config);
    protocols(reader, config);
}

/// The ports of lameduck's own listeners; 0 is any free one and clashes with nothing.
fn own(reader: &Reader, config: &Config) -> Vec<(&'static str, u16)> {
    let hook = (reader.program == Program::Agent).then_some(("hook-port", config.hook_port));
    let metrics = config.metrics_port.map(|port| ("metrics-port", port));
    let both = hook.into_iter().chain(metrics);
    both.filter(|(name, port)| *port != 0 && reader.is_sound(name)).collect()
}

fn doors(reader: &mut Reader, config: &Config) {
    if let [(_, hook), (_, metrics)] = own(reader, config)[..]
        && hook == metrics
    {
        // Whatever was typed is the one to change.
        let name = if reader.is_given("metrics-port") { "metrics-port" } else { "hook-port" };
        let other = if name == "hook-port" { "metrics-port" } else { "hook-port" };
        let problem = format!("is also the {other}; two listeners need two ports");
        reader.refuse_together(name, problem);
    }
}

fn own_ports(reader: &mut Reader, config: &Config) {
    let own = own(reader, config);
    for (name, ports) in application_ports(config) {
        for port in ports {
            if let Some((door, _)) = own.iter().find(|(_, own)| *own == port) {
                let problem = format!("names port {port}, which is lameduck's own {door}");
                reader.refuse_together(name, problem);
            }
        }
    }
}

fn application_ports(config: &Config) -> [(&'static str, Vec<u16>); 3] {
    let numbers = |ports: &[(u16, Protocol)]| ports.iter().map(|(port, _)| *port).collect();
    let listed = match &config.sockets.ports {
        PortsSetting::Auto => Vec::new(),
        PortsSetting::List(ports) => numbers(ports),
    };
    let probed = config.plan.app_probes.iter().map(|probe| probe.port).collect();
    [("ports", listed), ("containers", numbers(&config.sockets.declared)), ("app-probes", probed)]
}

fn exclusions(reader: &mut Reader, config: &Config) {
    let [(_, listed), (_, declared), _] = application_ports(config);
    for port in &config.sockets.exclude_ports {
        for (other, ports) in [("ports", &listed), ("containers", &declared)] {
            if ports.contains(port) {
                let problem = format!("leaves out port {port}, which {other} names");
                reader.refuse_together("exclude-ports", problem);
            }
        }
    }
}

/// `ports` and `containers` may both name a port, but not two protocols for it.
fn protocols(reader: &mut Reader, config: &Config) {
    let PortsSetting::List(listed) = &config.sockets.ports else { return };
    for (port, said) in listed {
        let declared = config.sockets.declared.iter().find(|(other, _)| other == port);
        let Some((_, meant)) = declared else { continue };
        if said != meant && *said != Protocol::Auto && *meant != Protocol::Auto {
            let (said, meant) = (said.name(), meant.name());
            let problem = format!("says {said} on port {port}, and containers says {meant}");
            reader.refuse_together("ports", problem);
        }
    }
}
