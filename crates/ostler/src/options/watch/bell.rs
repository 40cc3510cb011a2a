//! The bell by which the watching thread is woken: by hints of a change, and at the end of the options.
//!
//! It keeps when the first and the last hint came and not each of them, so a flood of them costs no memory.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::clock::Clock;

/// See the module.
#[derive(Debug)]
pub(super) struct Bell {
    rung: Mutex<Rung>,
    heard: Condvar,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Rung {
    hints: Option<Hints>,
    ended: bool,
}

/// Hints that came since the last look at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) first: Instant,
    pub(super) last: Instant,
    /// A watched folder itself was removed or renamed, or the system lost track: what is watched is to be
    /// opened anew.
    pub(super) lost: bool,
}

impl Bell {
    pub(super) fn new() -> Self {
        Self { rung: Mutex::default(), heard: Condvar::new(), clock: Clock::real() }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Something may have changed.
    pub(super) fn hint(&self, lost: bool) {
        let now = self.now();
        let mut rung = self.lock();
        let hints = rung.hints.get_or_insert(Hints { first: now, last: now, lost });
        hints.last = now;
        hints.lost |= lost;
        self.heard.notify_one();
    }

    /// Nobody is left who needs the options.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.heard.notify_one();
    }

    /// Waits until `until`, or for a hint where `awake` is set, or for the end, which is an `Err`. Returns what
    /// hints there are. Without `awake` a flood of hints does not wake the thread for each of them.
    pub(super) fn wait(&self, until: Instant, awake: bool) -> Result<Option<Hints>, ()> {
        let for_long = until.saturating_duration_since(self.now());
        let asleep = |rung: &mut Rung| !(rung.ended || (awake && rung.hints.is_some()));
        let (mut rung, _) = self
            .heard
            .wait_timeout_while(self.lock(), for_long, asleep)
            .unwrap_or_else(PoisonError::into_inner);
        if rung.ended { Err(()) } else { Ok(rung.hints.take()) }
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn hints_are_kept_until_they_are_looked_at() {
        let bell = Bell::new();
        bell.hint(false);
        bell.hint(true);
        bell.hint(false);
        let hints = bell.wait(bell.now() + Duration::from_secs(3_600), true).unwrap().unwrap();
        assert!(hints.lost);
        assert!(hints.first <= hints.last);
        assert_eq!(bell.wait(bell.now(), true), Ok(None));
    }

    #[test]
    fn the_end_wakes_also_one_who_waits_for_no_hint() {
        let long = Duration::from_secs(60);
        // Whether the end comes before the wait, at its beginning or while it lasts, is up to the machine: some
        // of each.
        for _ in 0..100 {
            let bell = Bell::new();
            let began = bell.now();
            std::thread::scope(|scope| {
                let (waits, about_to_wait) = std::sync::mpsc::channel();
                let bell = &bell;
                let waiting = scope.spawn(move || {
                    waits.send(()).unwrap();
                    bell.wait(began + long, false)
                });
                about_to_wait.recv().unwrap();
                std::thread::yield_now();
                bell.end();
                assert_eq!(waiting.join().unwrap(), Err(()));
            });
            assert!(bell.now() < began + long, "not before its time was over");
        }
    }
}
