//! Waiting for something that is about to become true, where nobody says so when it does.

use std::time::Duration;

use crate::clock::Clock;

/// How long to wait before looking again whether a run has begun that is about to: that takes microseconds, unless all
/// threads are busy.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How often to let others run before that.
const TURNS: usize = 64;

/// Waits until something is true that is about to become so.
pub(super) async fn until(clock: &Clock, is_so: impl Fn() -> bool) {
    for turn in 0.. {
        if is_so() {
            return;
        }
        if turn < TURNS {
            tokio::task::yield_now().await;
        } else {
            clock.sleep(LOOK_AGAIN).await;
        }
    }
}
