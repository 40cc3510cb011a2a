//! The machine's monotonic clock, for the deadlines of calls. They hold for callers without a host as well, and for a disk that
//! is slow whatever a virtual clock shows; when jobs are due is read from the store's clock and never from this one.

use std::time::{Duration, Instant};

/// Now.
#[allow(clippy::disallowed_methods)] // As above.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets the writer's own thread sleep: no runtime is on it, and what it waits for is real.
#[allow(clippy::disallowed_methods)] // As above.
pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}
