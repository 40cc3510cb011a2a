//! When to read after hints of a change: once they have stopped, or when they have gone on for long enough. Pure.

use std::time::{Duration, Instant};

/// How long no hint must come before the files are read. An editor's save is a handful of operations within a few
/// milliseconds, a ConfigMap's swap as well; and nobody takes a fifth of a second after a save for a delay.
pub(super) const DEBOUNCE: Duration = Duration::from_millis(200);

/// How long after the first hint they are read in any case: a file that is written all the time must not put it
/// off for ever.
pub(super) const AT_MOST: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Debounce {
    burst: Option<Burst>,
    read: Option<Instant>,
}

/// Hints that no read has answered.
#[derive(Debug, Clone, Copy)]
struct Burst {
    first: Instant,
    last: Instant,
}

impl Debounce {
    /// Something may have changed at `at`. One from before the last read counts as just after it, so that a late
    /// hint is neither lost nor makes two reads follow each other closely.
    pub(super) fn hint(&mut self, at: Instant) {
        let at = self.read.map_or(at, |read| at.max(read));
        let burst = self.burst.get_or_insert(Burst { first: at, last: at });
        burst.last = burst.last.max(at);
    }

    /// When to read, if nothing more comes.
    pub(super) fn due(&self) -> Option<Instant> {
        let Burst { first, last } = self.burst?;
        Some((last + DEBOUNCE).min(first + AT_MOST))
    }

    /// Whether to read now; the hints so far are answered by that.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let is_due = self.due().is_some_and(|due| due <= now);
        if is_due {
            *self = Self { burst: None, read: Some(now) };
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "any instant will do as the origin")]

    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_read_follows_when_the_hints_have_stopped() {
        let origin = Instant::now();
        let mut debounce = Debounce::default();
        assert_eq!(debounce.due(), None);
        debounce.hint(origin);
        debounce.hint(origin + ms(150));
        assert_eq!(debounce.due(), Some(origin + ms(350)));
        assert!(!debounce.take(origin + ms(349)));
        assert!(debounce.take(origin + ms(350)));
        assert_eq!(debounce.due(), None);
        assert!(!debounce.take(origin + ms(10_000)));
    }

    #[test]
    fn hints_that_do_not_stop_put_it_off_for_a_second_only() {
        let origin = Instant::now();
        let mut debounce = Debounce::default();
        (0..=20).for_each(|n| debounce.hint(origin + ms(n * 50)));
        assert_eq!(debounce.due(), Some(origin + ms(1_000)));
    }

    #[test]
    fn a_late_hint_counts_from_the_last_read() {
        let origin = Instant::now();
        let mut debounce = Debounce::default();
        debounce.hint(origin);
        assert!(debounce.take(origin + ms(300)));
        debounce.hint(origin + ms(250));
        assert_eq!(debounce.due(), Some(origin + ms(500)));
    }

    proptest! {
        /// Hints (as gaps, each told of after a lag), and a reader that is never late itself.
        #[test]
        fn reads_are_soon_and_apart_and_answer_every_hint(
            hints in prop::collection::vec((0u64..260, 0u64..100), 1..60),
        ) {
            let origin = Instant::now();
            let mut debounce = Debounce::default();
            let (mut happened, mut reads, mut unread) = (origin, Vec::<Instant>::new(), None::<Instant>);
            let end = [(100_000, 0)];
            for (gap, lag) in hints.into_iter().chain(end) {
                happened += ms(gap);
                let told = happened + ms(lag);
                while let Some(due) = debounce.due().filter(|due| *due <= told) {
                    prop_assert!(debounce.take(due));
                    prop_assert!(due <= unread.take().expect("no read without a hint") + AT_MOST);
                    prop_assert!(reads.last().is_none_or(|last| due >= *last + DEBOUNCE));
                    reads.push(due);
                }
                prop_assert!(unread.is_none() || gap != 100_000, "a hint was never answered");
                debounce.hint(happened);
                let counts_from = reads.last().map_or(happened, |read| happened.max(*read));
                unread.get_or_insert(counts_from);
                let latest = unread.expect("just set") + AT_MOST;
                prop_assert!(debounce.due().is_some_and(|due| due >= happened + DEBOUNCE || due == latest));
            }
        }
    }
}
