//! What is done between "this instance is to go" and its SIGTERM.

use std::time::Duration;

/// One way of stopping an instance in a rolling update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    None,
    Sleep1,
    Sleep5,
    Sleep15,
    Lameduck,
    LameduckNotify,
}

impl Strategy {
    pub(crate) const ALL: [Self; 6] = [
        Self::None,
        Self::Sleep1,
        Self::Sleep5,
        Self::Sleep15,
        Self::Lameduck,
        Self::LameduckNotify,
    ];

    /// The name in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sleep1 => "sleep 1",
            Self::Sleep5 => "sleep 5",
            Self::Sleep15 => "sleep 15",
            Self::Lameduck => "lameduck",
            Self::LameduckNotify => "lameduck + notify",
        }
    }

    /// The name in `--only` and in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sleep1 => "sleep-1",
            Self::Sleep5 => "sleep-5",
            Self::Sleep15 => "sleep-15",
            Self::Lameduck => "lameduck",
            Self::LameduckNotify => "lameduck-notify",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.key() == key)
    }

    /// How long the preStop hook sleeps; zero for those that have none or are lameduck.
    pub(crate) fn sleep(self) -> Duration {
        Duration::from_secs(match self {
            Self::Sleep1 => 1,
            Self::Sleep5 => 5,
            Self::Sleep15 => 15,
            Self::None | Self::Lameduck | Self::LameduckNotify => 0,
        })
    }

    /// The server runs under `lameduck run`.
    pub(crate) fn is_lameduck(self) -> bool {
        matches!(self, Self::Lameduck | Self::LameduckNotify)
    }

    /// The server is told the phase.
    pub(crate) fn notifies(self) -> bool {
        matches!(self, Self::LameduckNotify)
    }
}
