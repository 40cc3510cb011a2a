//! Whether the writer waits for more requests before it begins a transaction: pure.
//!
//! A commit that is waited for by many costs as much as one that is waited for by one. But to wait is worth it only where others
//! are known to be on their way, and where the commit itself takes so long that the wait is small beside it.

use std::time::Duration;

/// The longest wait, however slow commits are: an enqueue is in the path of a request.
const MOST: Duration = Duration::from_millis(1);
/// The part of a commit's usual time that may be waited.
const SHARE: u32 = 4;
/// A commit that is faster than this costs less than the wait would: on a disk that syncs in 0.1 ms, of which a group's commit
/// makes 0.3 ms, a wait made work slower by a tenth.
const SLOW: Duration = Duration::from_millis(1);
/// How long nothing has to come for the wait to end.
pub(crate) const SILENCE: Duration = Duration::from_micros(100);
/// How much of the smoothed time stays with each commit, of 8.
const SMOOTHING: u32 = 7;

/// What is known of the last commits.
#[derive(Debug, Default)]
pub(crate) struct Linger {
    last: Duration,
    smoothed: Duration,
    callers: usize,
}

impl Linger {
    /// A group of so many callers was committed in so long.
    pub(crate) fn committed(&mut self, callers: usize, took: Duration) {
        self.callers = callers;
        self.last = took;
        self.smoothed = match self.smoothed {
            Duration::ZERO => took,
            smoothed => (smoothed * SMOOTHING + took) / (SMOOTHING + 1),
        };
    }

    /// How long may be waited where so many wait already; `None`: not at all.
    pub(crate) fn most(&self, waiting: usize) -> Option<Duration> {
        // Callers who ask again as soon as they are answered are the last group's; more than those are not expected.
        let expects_more = self.callers > 1 && waiting < self.callers;
        (expects_more && self.last > SLOW).then(|| MOST.min(self.smoothed / SHARE))
    }

    /// Whether to wait on, where in the last [`SILENCE`] the number that waits went from `before` to `now`.
    pub(crate) fn goes_on(&self, before: usize, now: usize, waited: Duration) -> bool {
        now > before && self.most(now).is_some_and(|most| waited + SILENCE <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(callers: usize, took: Duration) -> Linger {
        let mut linger = Linger::default();
        linger.committed(callers, took);
        linger
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn nobody_waits_for_a_single_caller_or_a_fast_disk() {
        assert_eq!(Linger::default().most(1), None);
        assert_eq!(after(1, 10 * MS).most(1), None);
        assert_eq!(after(50, SLOW).most(1), None);
    }

    #[test]
    fn the_wait_is_a_quarter_of_a_commit_and_a_millisecond_at_most() {
        assert_eq!(after(50, 2 * MS).most(1), Some(MS / 2));
        assert_eq!(after(50, 100 * MS).most(1), Some(MS));
    }

    #[test]
    fn a_slow_commit_is_smoothed() {
        let mut linger = after(50, MS);
        linger.committed(50, 9 * MS);
        assert_eq!(linger.most(1), Some(MS / 2));
    }

    #[test]
    fn when_all_are_back_nobody_waits_for_more() {
        assert_eq!(after(50, 2 * MS).most(50), None);
        assert!(after(50, 2 * MS).most(49).is_some());
    }

    #[test]
    fn silence_ends_the_wait_and_so_does_its_time() {
        let linger = after(50, 2 * MS);
        assert!(linger.goes_on(3, 4, SILENCE));
        assert!(!linger.goes_on(4, 4, SILENCE));
        assert!(!linger.goes_on(4, 5, MS / 2));
    }
}
