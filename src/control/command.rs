//! The request line.

use super::VERSION;

/// What a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Wait { container: String },
    Stopping,
    Status,
    Drain,
    Undrain,
}

/// What came in at the local door. A closed set: it is a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    Wait,
    Stopping,
    Status,
    Drain,
    Undrain,
    /// A process of another user.
    Foreign,
    /// No known command, or none in time.
    Garbage,
    /// Too many connections.
    Full,
}

impl Heard {
    pub const ALL: [Self; 8] = [
        Self::Wait,
        Self::Stopping,
        Self::Status,
        Self::Drain,
        Self::Undrain,
        Self::Foreign,
        Self::Garbage,
        Self::Full,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Stopping => "stopping",
            Self::Status => "status",
            Self::Drain => "drain",
            Self::Undrain => "undrain",
            Self::Foreign => "foreign",
            Self::Garbage => "garbage",
            Self::Full => "full",
        }
    }
}

impl Command {
    /// Reads one line without its newline. The error says what would have been understood.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let asked = line
            .strip_prefix(VERSION)
            .and_then(|asked| asked.strip_prefix(' '))
            .ok_or_else(|| format!("a request starts with {VERSION:?} and a space"))?;
        match asked.split_once(' ').unwrap_or((asked, "")) {
            ("wait", container) if !container.trim().is_empty() => {
                Ok(Self::Wait { container: container.trim().to_owned() })
            }
            ("wait", _) => Err("wait needs the name of a container".to_owned()),
            ("stopping", "") => Ok(Self::Stopping),
            ("status", "") => Ok(Self::Status),
            ("drain", "") => Ok(Self::Drain),
            ("undrain", "") => Ok(Self::Undrain),
            _ => Err("known are: wait NAME, stopping, status, drain, undrain".to_owned()),
        }
    }

    pub(super) fn line(&self) -> String {
        let asked = match self {
            Self::Wait { container } => format!("wait {container}"),
            Self::Stopping => "stopping".to_owned(),
            Self::Status => "status".to_owned(),
            Self::Drain => "drain".to_owned(),
            Self::Undrain => "undrain".to_owned(),
        };
        format!("{VERSION} {asked}\n")
    }

    pub(super) fn heard(&self) -> Heard {
        match self {
            Self::Wait { .. } => Heard::Wait,
            Self::Stopping => Heard::Stopping,
            Self::Status => Heard::Status,
            Self::Drain => Heard::Drain,
            Self::Undrain => Heard::Undrain,
        }
    }
}
