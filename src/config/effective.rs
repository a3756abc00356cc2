//! The configuration as a list for the log.

use super::mistakes::{Source, shown};
use super::parse::show_duration;
use super::reader::Reader;
use super::settings::{SETTINGS, Setting};
use super::{Config, ControlSocket};
use std::fmt;

/// One setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    pub name: &'static str,
    /// As typed or as the default says, with its meaning where that is not plain; secrets masked.
    pub value: String,
    pub source: Source,
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={} ({})", self.name, self.value, self.source.name())
    }
}

pub(super) fn list(reader: &Reader, config: &Config) -> Vec<Effective> {
    let read = SETTINGS.iter().filter(|setting| setting.is_read_by(reader.program));
    read.map(|setting| Effective {
        name: setting.name,
        value: value(setting, reader, config),
        source: reader.source(setting.name),
    })
    .collect()
}

fn value(setting: &'static Setting, reader: &Reader, config: &Config) -> String {
    let text = reader.text(setting);
    let is_word = setting.kind.words().contains(&text.as_str());
    if setting.is_secret() && !is_word {
        return "(hidden)".to_owned();
    }
    let meaning = match setting.name {
        "propagation" => Some(show_duration(config.plan.propagation)),
        "idle-wait" => Some(show_duration(config.plan.idle_wait)),
        "socket" => match &config.control {
            ControlSocket::Abstract(name) => Some(format!("@{name}")),
            ControlSocket::Path(_) | ControlSocket::Off => None,
        },
        _ => None,
    };
    match meaning {
        Some(meaning) if is_word => format!("{} ({meaning})", shown(&text)),
        _ => shown(&text),
    }
}
