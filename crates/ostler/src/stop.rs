//! The two-phase stop: running, then *requested* (take no more work), then *aborting* (give up).
//!
//! [`Stop`] is the reader that user code holds; [`StopSource`] is the writer that the supervisor holds.
//! A phase never goes back, and a source that is dropped counts as aborting, so that nobody waits for a
//! host that is gone.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::panics;
use crate::signal::Signal;

/// Why a host, and with it a unit, was told to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The process received this signal.
    Signal(Signal),
    /// [`HostHandle::stop`](crate::HostHandle::stop) was called, or
    /// [`HostHandle::stop_unit`](crate::HostHandle::stop_unit) for this unit.
    Requested,
    /// [`HostHandle::restart`](crate::HostHandle::restart) was called for this unit.
    Restart,
    /// The named unit failed beyond its restart budget.
    UnitFailed(Arc<str>),
    /// The named unit did not start.
    StartFailed(Arc<str>),
    /// Every unit had completed.
    Completed,
    /// The host itself was dropped.
    HostGone,
    /// This run took longer than its timeout.
    TimedOut,
    /// This run's work is no longer wanted.
    Cancelled,
    /// This run's worker lost its lease: somebody else may do the work by now, and what this run does is not counted.
    LeaseLost,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => write!(f, "{signal}"),
            Self::Requested => f.write_str("requested"),
            Self::Restart => f.write_str("restart by hand"),
            Self::UnitFailed(unit) => write!(f, "unit `{unit}` failed"),
            Self::StartFailed(unit) => write!(f, "unit `{unit}` did not start"),
            Self::Completed => f.write_str("all units completed"),
            Self::HostGone => f.write_str("the host is gone"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::LeaseLost => f.write_str("lease lost"),
        }
    }
}

const REQUESTED: u8 = 1;
const ABORTING: u8 = 2;

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    reason: OnceLock<StopReason>,
    moved: Notify,
}

impl Shared {
    fn reached(&self, phase: u8) -> bool {
        self.phase.load(Ordering::Acquire) >= phase
    }

    fn advance(&self, phase: u8, reason: StopReason) {
        let _ = self.reason.set(reason);
        if self.phase.fetch_max(phase, Ordering::AcqRel) < phase {
            // A waker is a user's code, and the host has others to tell.
            if let Err(payload) = panics::catch(|| self.moved.notify_waiters()) {
                tracing::error!(panic = %crate::error::escaped(&panics::into_message(payload)), "a waker panicked");
            }
        }
    }

    async fn wait(self: Arc<Self>, phase: u8) {
        loop {
            // Created before the check: it sees every notification from here on.
            let moved = self.moved.notified();
            if self.reached(phase) {
                return;
            }
            moved.await;
        }
    }
}

/// Tells a unit, or one of its runs, that it should end: first *requested*, later *aborting*.
///
/// Taken as an argument by any handler or service. Clones are cheap and all of them wake.
///
/// ```
/// # use ostler::Stop;
/// async fn poll_mailbox(stop: Stop) -> std::io::Result<()> {
///     while !stop.is_requested() {
///         // one bounded piece of work
/// #       break;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Stop(Arc<Shared>);

impl Stop {
    /// Resolves once the unit should take no more work and finish what it has (*draining*).
    ///
    /// The future owns what it needs (`'static`), so it fits
    /// `axum::serve(..).with_graceful_shutdown(stop.requested())`. Cancel safe.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        Arc::clone(&self.0).wait(REQUESTED)
    }

    /// Resolves once the unit's grace is over: it is dropped a moment later. Cancel safe.
    pub fn aborting(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        Arc::clone(&self.0).wait(ABORTING)
    }

    /// Whether a stop was requested (true while aborting too).
    pub fn is_requested(&self) -> bool {
        self.0.reached(REQUESTED)
    }

    /// Whether the grace is over.
    pub fn is_aborting(&self) -> bool {
        self.0.reached(ABORTING)
    }

    /// Why the stop was requested; `None` while the unit should run.
    pub fn reason(&self) -> Option<&StopReason> {
        self.0.reason.get()
    }
}

/// The writing end of one [`Stop`].
#[derive(Debug, Default)]
pub(crate) struct StopSource(Arc<Shared>);

impl StopSource {
    pub(crate) fn stop(&self) -> Stop {
        Stop(Arc::clone(&self.0))
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.0.reached(REQUESTED)
    }

    /// Whether anybody has a [`Stop`] of it.
    pub(crate) fn is_watched(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(crate) fn request(&self, reason: StopReason) {
        self.0.advance(REQUESTED, reason);
    }

    pub(crate) fn abort(&self, reason: StopReason) {
        self.0.advance(ABORTING, reason);
    }
}

impl Drop for StopSource {
    fn drop(&mut self) {
        self.abort(StopReason::HostGone);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_of_one_wait_wakes() {
        let source = StopSource::default();
        let waits: Vec<_> = (0..8).map(|_| tokio::spawn(source.stop().requested())).collect();
        tokio::task::yield_now().await;
        source.request(StopReason::Requested);
        for wait in waits {
            wait.await.unwrap();
        }
        assert!(!source.stop().is_aborting());
    }

    #[tokio::test]
    async fn the_first_reason_stays_and_a_phase_never_goes_back() {
        let source = StopSource::default();
        source.request(StopReason::Requested);
        source.abort(StopReason::Completed);
        source.request(StopReason::Completed);
        let stop = source.stop();
        stop.aborting().await;
        assert_eq!(stop.reason(), Some(&StopReason::Requested));
    }

    #[tokio::test]
    async fn a_dropped_source_counts_as_aborting() {
        let stop = StopSource::default().stop();
        stop.aborting().await;
        assert_eq!(stop.reason(), Some(&StopReason::HostGone));
    }
}
