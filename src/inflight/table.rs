//! What is remembered of every connection: one flat entry each, in a table that grows in steps.

use super::classify::{Millis, SocketState};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// One connection between two looks.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) state: SocketState,
    /// When it was seen last.
    pub(super) seen: Millis,
    pub(super) port: u16,
    /// Of the look that saw it last.
    pub(super) generation: u8,
    pub(super) flags: u8,
}

/// Not in the last dump; kept until its destroy event has come, so that the event is not taken
/// for a connection that nobody ever saw.
pub(super) const GONE: u8 = 1;
/// Its destroy event has come.
pub(super) const DESTROYED: u8 = 2;
/// Came from the prober or from inside: neither its coming nor its leaving is traffic.
pub(super) const APART: u8 = 4;
/// Its leaving has been counted: it is closing or gone.
pub(super) const LEFT: u8 = 8;

// At most 64 bytes are kept of a connection (docs/performance.md).
const _: () = assert!(size_of::<(u64, Entry)>() <= 64);

/// A table doubles by holding the old and the new one for a moment; sixteen that double one
/// after the other keep that moment small (100,000 connections in a container of 16 MiB).
const SHARDS: usize = 16;

type Shard = HashMap<u64, Entry, BuildHasherDefault<CookieHasher>>;

#[derive(Debug, Default)]
pub(super) struct Table {
    shards: [Shard; SHARDS],
}

impl Table {
    pub(super) fn get_mut(&mut self, cookie: u64) -> Option<&mut Entry> {
        self.shards[place(cookie)].get_mut(&cookie)
    }

    /// The entry, and whether it was made just now.
    pub(super) fn entry(&mut self, cookie: u64, new: impl FnOnce() -> Entry) -> (&mut Entry, bool) {
        let mut fresh = false;
        let entry = self.shards[place(cookie)].entry(cookie).or_insert_with(|| {
            fresh = true;
            new()
        });
        (entry, fresh)
    }

    pub(super) fn remove(&mut self, cookie: u64) {
        self.shards[place(cookie)].remove(&cookie);
    }

    /// Keeps the entries for which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Entry) -> bool) {
        for shard in &mut self.shards {
            shard.retain(|_, entry| keep(entry));
        }
    }
}

/// Cookies are chosen by the kernel, not by peers, so a keyed hash protects nothing.
#[derive(Default)]
struct CookieHasher(u64);

impl Hasher for CookieHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(self.0 ^ u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(value);
    }
}

fn mix(value: u64) -> u64 {
    let product = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// From bits that neither the index nor the tag of the hash table uses.
fn place(cookie: u64) -> usize {
    (mix(cookie) >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Entry {
        Entry { state: SocketState::new(0), seen: 0, port: 1, generation: 0, flags: 0 }
    }

    #[test]
    fn consecutive_cookies_spread_over_all_shards() {
        let mut table = Table::default();
        for cookie in 0..16_000 {
            assert!(table.entry(cookie, new).1);
            assert!(!table.entry(cookie, new).1);
        }
        for shard in &table.shards {
            assert!((500..2_000).contains(&shard.len()), "{}", shard.len());
        }
        table.retain(|_| false);
        assert!(table.get_mut(5).is_none());
    }
}
