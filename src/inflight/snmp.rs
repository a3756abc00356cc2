//! TCP counters of the network namespace, from `/proc/net/snmp`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// Everything that can change the state of a connection counts a segment; accepting does, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segments {
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) accepted: u64,
}

/// Where no destroy events come: a namespace that accepted more connections than the dumps
/// showed had one that came and went. (Or one on another port; better one too many.)
#[derive(Debug, Default)]
pub(super) struct Unseen {
    before: Option<u64>,
}

impl Unseen {
    /// Since the last call `shown` connections appeared in the dumps, and the counter is at
    /// `accepted`. The first call only remembers.
    pub(super) fn any(&mut self, accepted: Option<u64>, shown: u64) -> bool {
        let unseen = |before| accepted.is_none_or(|now| now.saturating_sub(before) > shown);
        let any = self.before.is_some_and(unseen);
        self.before = accepted;
        any
    }
}

/// Kept open: the file shows the namespace in which it was opened, afresh at every read.
#[derive(Debug)]
pub(super) struct Snmp {
    path: PathBuf,
    file: Option<File>,
    text: String,
}

impl Snmp {
    pub(super) fn new() -> Self {
        Self { path: PathBuf::from("/proc/net/snmp"), file: None, text: String::new() }
    }

    /// `None` where the file cannot be read or lacks a counter.
    pub(super) fn read(&mut self) -> Option<Segments> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path).ok()?,
        };
        self.text.clear();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_to_string(&mut self.text).ok()?;
        self.file = Some(file);
        parse(&self.text)
    }
}

/// Two lines begin with `Tcp:`, the names and then the values.
fn parse(text: &str) -> Option<Segments> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let value = |wanted: &str| {
        let place = names.split(' ').position(|name| name == wanted)?;
        values.split(' ').nth(place)?.parse().ok()
    };
    Some(Segments {
        received: value("InSegs")?,
        sent: value("OutSegs")?,
        accepted: value("PassiveOpens")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counters_are_found_by_name() {
        let text = "Ip: A\nIp: 1\nTcp: ActiveOpens PassiveOpens InSegs OutSegs\nTcp: 1 22 333 4444\nUdp: InSegs\n";
        assert_eq!(parse(text), Some(Segments { received: 333, sent: 4444, accepted: 22 }));
        assert_eq!(parse("Tcp: InSegs OutSegs\nTcp: 1 2\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn more_accepted_than_shown_is_unseen_and_so_is_an_unreadable_counter() {
        let mut unseen = Unseen::default();
        assert!(!unseen.any(Some(7), 0), "nothing to compare with");
        assert!(!unseen.any(Some(9), 2));
        assert!(unseen.any(Some(10), 0));
        assert!(unseen.any(None, 0));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(Tcp: )?[A-Za-z0-9 :\n-]{0,80}") {
            parse(&text);
        }
    }
}
