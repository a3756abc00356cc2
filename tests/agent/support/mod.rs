//! The agent in this process, and the three who deal with it: the kubelet, the application and
//! whoever scrapes. All sockets are real; the test plays both ends of every connection.

pub(crate) mod agent;
pub(crate) mod http;
pub(crate) mod kubelet;
pub(crate) mod server;

pub(crate) use agent::Agent;
pub(crate) use http::{Call, Reply};
pub(crate) use server::{Connection, Server};

use std::time::{Duration, Instant};

/// Long enough for a busy machine; only a broken test takes it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "real sockets have no other time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Asks every 10 ms until there is an answer.
pub(crate) fn until<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let began = now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
