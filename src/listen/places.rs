//! Who may stay when there are more connections than places.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// What a connection would lose by being closed, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The answer is written; only the peer's closing is awaited.
    Answered,
    /// Has sent no request yet.
    Silent,
    /// Waits for an answer that anybody could ask for.
    Waiting,
    /// Has sent no request yet, from an address that deserves more trust.
    NearSilent,
    NearWaiting,
    /// Proved who it is; never closed in favour of another.
    Trusted,
}

/// At most `limit` connections, each served by its own task.
///
/// Every connection is accepted: a full house shows its least valuable guest the door instead of
/// closing the door, because the next to knock may be the kubelet.
#[derive(Clone, Debug)]
pub struct Places {
    limit: usize,
    table: Arc<Mutex<Table>>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    id: u64,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// In the order of arrival.
    guests: Vec<Guest>,
}

#[derive(Debug)]
struct Guest {
    id: u64,
    standing: Standing,
    task: AbortHandle,
}

impl Places {
    pub fn new(limit: usize) -> Self {
        Self { limit, table: Arc::default() }
    }

    /// Runs `serve` in a task of its own if there is a place for a guest of this standing.
    ///
    /// When full, the oldest of the lowest standing leaves, unless all stand higher than the
    /// newcomer, which is then dropped. Returns whether it was let in. A panic in `serve` ends
    /// that connection and nothing else.
    pub fn seat<F>(&self, standing: Standing, serve: impl FnOnce(Place) -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Held until the guest is in the table, so that a task that ends at once on another
        // thread cannot leave before it has come.
        let mut table = lock(&self.table);
        if table.guests.len() >= self.limit && !table.evict_for(standing) {
            return false;
        }
        let id = table.next;
        table.next += 1;
        let place = Place { id, table: self.table.clone() };
        let task = tokio::spawn(serve(place)).abort_handle();
        table.guests.push(Guest { id, standing, task });
        true
    }

    /// Connections open at this moment.
    pub fn taken(&self) -> usize {
        lock(&self.table).guests.len()
    }

    /// Connections whose answer is not written yet.
    pub fn waiting(&self) -> usize {
        let table = lock(&self.table);
        table
            .guests
            .iter()
            .filter(|guest| {
                matches!(
                    guest.standing,
                    Standing::Waiting | Standing::NearWaiting | Standing::Trusted
                )
            })
            .count()
    }
}

impl Place {
    pub fn stands(&self, standing: Standing) {
        let mut table = lock(&self.table);
        if let Some(guest) = table.guests.iter_mut().find(|guest| guest.id == self.id) {
            guest.standing = standing;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.table).guests.retain(|guest| guest.id != self.id);
    }
}

impl Table {
    fn evict_for(&mut self, newcomer: Standing) -> bool {
        let victim = self
            .guests
            .iter()
            .enumerate()
            .min_by_key(|(_, guest)| guest.standing)
            .filter(|(_, guest)| guest.standing <= newcomer)
            .map(|(index, _)| index);
        if let Some(index) = victim {
            self.guests.remove(index).task.abort();
        }
        victim.is_some()
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
