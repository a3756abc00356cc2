//! What the verdicts on a class of connections were worth.

/// Counts of one row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    pub requests: u64,
    /// Requests with at least one look while they surely ran.
    pub seen: u64,
    /// Requests of which one such look said idle.
    pub false_idles: u64,
    /// Idle periods longer than 600 ms and one poll.
    pub idle_periods: u64,
    /// Those that were still called busy then.
    pub held: u64,
    /// From the client's last byte (or the first look) to the first idle verdict, in
    /// microseconds; unsorted.
    pub latencies: Vec<u64>,
}

impl Score {
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.seen += other.seen;
        self.false_idles += other.false_idles;
        self.idle_periods += other.idle_periods;
        self.held += other.held;
        self.latencies.extend_from_slice(&other.latencies);
    }

    /// The latency that `percent` of the periods do not exceed, in milliseconds.
    pub fn latency(&self, percent: usize) -> Option<u64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let place = sorted.len().checked_sub(1)? * percent / 100;
        sorted.get(place).map(|micros| micros / 1_000)
    }
}
