//! An origin of time for the tests of the core.

use std::time::Instant;

/// Any instant will do: rules compare instants and never ask for the time.
#[expect(clippy::disallowed_methods, reason = "the origin that tests count from")]
pub(super) fn instant() -> Instant {
    Instant::now()
}
