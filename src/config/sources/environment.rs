use super::{Given, Typed};
use crate::config::mistakes::{Mistake, Source, Warning};
use crate::config::nearest::nearest;
use crate::config::settings::{PREFIX, Program, SETTINGS, Setting, plain_name};
use std::ffi::OsString;

/// A name and a value.
pub type Variable = (OsString, OsString);

/// The environment of this process.
pub fn environment() -> impl Iterator<Item = Variable> {
    std::env::vars_os()
}

/// An empty variable counts as not set: manifests and compose files pass on what they have, and
/// often that is nothing.
pub(super) fn collect(
    typed: &mut Typed,
    program: Program,
    command: &str,
    variables: impl IntoIterator<Item = Variable>,
) {
    let mut variables: Vec<Variable> = variables.into_iter().collect();
    variables.sort();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with(PREFIX) || value.is_empty() {
            continue;
        }
        let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
        if is_service_link(&name, &value.to_string_lossy(), setting.is_some()) {
            typed.service_links.push(name);
            continue;
        }
        match setting {
            Some(setting) if setting.is_read_by(program) => take(typed, setting, name, value),
            // A client runs inside the agent's container and sees all of the agent's settings.
            _ if program == Program::Client => {}
            Some(_) => warn(typed, name, format!("`{command}` does not read this setting")),
            None => {
                let text = unknown(&name);
                warn(typed, name, text);
            }
        }
    }
}

fn take(typed: &mut Typed, setting: &'static Setting, name: String, value: OsString) {
    if typed.given.contains_key(setting.name) {
        return;
    }
    match value.into_string() {
        Ok(text) => {
            typed.given.insert(setting.name, Given { text, source: Source::Environment });
        }
        Err(_) => typed.mistakes.push(Mistake {
            name,
            source: Source::Environment,
            value: None,
            problem: "is not UTF-8 text".to_owned(),
            allowed: Some(setting.allowed.to_owned()),
            nearest: None,
        }),
    }
}

fn warn(typed: &mut Typed, setting: String, text: String) {
    typed.warnings.push(Warning { setting, text });
}

fn unknown(name: &str) -> String {
    let known = nearest(&plain_name(name), SETTINGS.iter().map(|setting| setting.name));
    match known.and_then(Setting::named) {
        Some(setting) => {
            format!("not a setting of lameduck and ignored; did you mean {}?", setting.variable())
        }
        None => "not a setting of lameduck and ignored".to_owned(),
    }
}

/// The kubelet puts the address of every Service of the namespace into every container, so a
/// Service called `lameduck`, `lameduck-metrics` or `lameduck-hook` makes variables that look
/// like ours. A setting that happens to have such a name is told apart by the value.
fn is_service_link(name: &str, value: &str, is_setting: bool) -> bool {
    const SCHEMES: [&str; 3] = ["tcp://", "udp://", "sctp://"];
    let is_address = SCHEMES.iter().any(|scheme| value.starts_with(scheme));
    if is_setting {
        return is_address && name.ends_with("_PORT");
    }
    is_address
        || name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || has_protocol_part(name)
}

/// `…_PORT_9797_TCP`, and with `_PROTO`, `_PORT` or `_ADDR` behind it.
fn has_protocol_part(name: &str) -> bool {
    name.match_indices("_PORT_").any(|(at, part)| {
        let mut words = name[at + part.len()..].split('_');
        let port = words.next().is_some_and(|port| port.parse::<u16>().is_ok());
        port && words.next().is_some_and(|word| matches!(word, "TCP" | "UDP" | "SCTP"))
    })
}
