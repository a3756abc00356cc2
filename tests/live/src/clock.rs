//! The real clock: the only one that real programs run on.

use std::thread::sleep;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "scenarios of real programs run in real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits until `question` has an answer, and panics with `what` if it has none for `longest`.
pub fn until<T>(what: &str, longest: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let began = now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(began.elapsed() < longest, "waited {longest:?} in vain for {what}");
        sleep(Duration::from_millis(5));
    }
}

pub fn pause(duration: Duration) {
    sleep(duration);
}
