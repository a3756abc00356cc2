//! The one table of settings: whatever else knows a setting's name, default or meaning (flags,
//! environment, help, `explain`, the README, the chart) is derived from it.

mod table;

pub use table::SETTINGS;

/// One row of the table.
#[derive(Debug)]
pub struct Setting {
    /// In kebab case; the flag is `--name`, the variable `LAMEDUCK_NAME`.
    pub name: &'static str,
    pub group: Group,
    pub kind: Kind,
    /// A text that the user could type, so that a default passes through the same parser.
    pub default: &'static str,
    /// Where `lameduck run` differs.
    pub default_for_run: Option<&'static str>,
    /// What may be typed, in words.
    pub allowed: &'static str,
    /// One line, without a full stop.
    pub summary: &'static str,
    /// Whole sentences for `lameduck explain`; paragraphs are separated by an empty line.
    pub explanation: &'static str,
    /// A value worth copying.
    pub example: &'static str,
    pub programs: &'static [Program],
}

impl Setting {
    pub fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Finds a setting by any of its spellings: `grace-period`, `--grace-period`,
    /// `LAMEDUCK_GRACE_PERIOD`.
    pub fn spelled(text: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == plain_name(text))
    }

    pub fn flag(&self) -> String {
        format!("--{}", self.name)
    }

    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    pub fn default_for(&self, program: Program) -> &'static str {
        match program {
            Program::Run => self.default_for_run.unwrap_or(self.default),
            Program::Agent | Program::Client => self.default,
        }
    }

    pub fn is_read_by(&self, program: Program) -> bool {
        self.programs.contains(&program)
    }

    /// Its value is never printed.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::SecretOr(_))
    }
}

/// What every environment variable of lameduck begins with.
pub const PREFIX: &str = "LAMEDUCK_";

/// The name as the table spells it, whatever the user wrote.
pub(super) fn plain_name(text: &str) -> String {
    let text = text.trim_start_matches("--");
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    text.to_ascii_lowercase().replace('_', "-")
}

/// Who reads settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `lameduck agent`
    Agent,
    /// `lameduck run`
    Run,
    /// `lameduck hook`, `status`, `drain`, `undrain`: they only need to find the local socket.
    Client,
}

impl Program {
    /// As typed, for messages. A client's messages name its own command instead.
    pub fn command(self) -> &'static str {
        match self {
            Self::Agent => "lameduck agent",
            Self::Run => "lameduck run",
            Self::Client => "lameduck hook, status, drain and undrain",
        }
    }
}

/// What belongs together on a help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Budget,
    Lists,
    Work,
    Notify,
    Doors,
    Reports,
}

impl Group {
    pub const ALL: [Self; 6] =
        [Self::Budget, Self::Lists, Self::Work, Self::Notify, Self::Doors, Self::Reports];

    pub fn title(self) -> &'static str {
        match self {
            Self::Budget => "How long a drain may take",
            Self::Lists => "When nobody new comes any more",
            Self::Work => "What counts as work in hand",
            Self::Notify => "Telling the application",
            Self::Doors => "Ports, sockets and the hook's token",
            Self::Reports => "Logs and reports",
        }
    }
}

/// What a value looks like; the words are accepted beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Duration,
    DurationOr(&'static [&'static str]),
    NumberOr(&'static [&'static str]),
    Choice(&'static [&'static str]),
    Port,
    PortOr(&'static [&'static str]),
    PathOr(&'static [&'static str]),
    UrlOr(&'static [&'static str]),
    ListOr(&'static [&'static str]),
    SecretOr(&'static [&'static str]),
}

impl Kind {
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Duration | Self::Port => &[],
            Self::DurationOr(words)
            | Self::NumberOr(words)
            | Self::Choice(words)
            | Self::PortOr(words)
            | Self::PathOr(words)
            | Self::UrlOr(words)
            | Self::ListOr(words)
            | Self::SecretOr(words) => words,
        }
    }

    /// Stands for the value in a usage line.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Duration | Self::DurationOr(_) => "DURATION",
            Self::NumberOr(_) => "NUMBER",
            Self::Choice(_) => "WORD",
            Self::Port | Self::PortOr(_) => "PORT",
            Self::PathOr(_) => "PATH",
            Self::UrlOr(_) => "URL",
            Self::ListOr(_) => "LIST",
            Self::SecretOr(_) => "SECRET",
        }
    }
}
