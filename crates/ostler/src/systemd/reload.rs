//! Reloads that are going on: whoever reads options again says so here, the notifier tells systemd.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Those of this process: it has one line to systemd, however many hosts.
pub(super) static RELOADS: Reloads = Reloads::new();

/// Says that options are being read again, until what it returns is dropped. To be called when SIGHUP has come, and
/// dropped when the new values are in use or refused: then `systemctl reload` of a unit of `Type=notify-reload`
/// returns.
///
/// It only counts, so it may be called from any thread; the messages are sent by the sentinel's. A host that is not
/// running (starting, stopping) tells nothing of it.
pub(crate) fn reloading() -> Reload {
    RELOADS.begin()
}

/// A reload that is going on until this is dropped.
#[must_use = "the reload is over when this is dropped"]
#[derive(Debug)]
pub(crate) struct Reload(&'static Reloads);

impl Drop for Reload {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
        self.0.moved.notify_one();
    }
}

/// How many have begun, and how many of them have ended.
#[derive(Debug)]
pub(super) struct Reloads {
    begun: AtomicU64,
    ended: AtomicU64,
    moved: Notify,
}

impl Reloads {
    const fn new() -> Self {
        Self { begun: AtomicU64::new(0), ended: AtomicU64::new(0), moved: Notify::const_new() }
    }

    fn begin(&'static self) -> Reload {
        self.begun.fetch_add(1, Ordering::AcqRel);
        self.moved.notify_one();
        Reload(self)
    }

    /// How many have begun so far, and whether one of them is going on.
    pub(super) fn count(&self) -> (u64, bool) {
        // In this order: one that ends between the two looks counts as going on, and the next look sees its end.
        let ended = self.ended.load(Ordering::Acquire);
        let begun = self.begun.load(Ordering::Acquire);
        (begun, ended < begun)
    }

    /// Resolves when one has begun or ended since the last time.
    pub(super) fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_goes_on_until_it_is_dropped_and_two_until_both_are() {
        static OWN: Reloads = Reloads::new();
        assert_eq!(OWN.count(), (0, false));
        let first = OWN.begin();
        let second = OWN.begin();
        assert_eq!(OWN.count(), (2, true));
        drop(first);
        assert_eq!(OWN.count(), (2, true));
        drop(second);
        assert_eq!(OWN.count(), (2, false));
    }
}
