//! What is known of a unit while it runs: counters and last facts, written by its runs and read by anyone.
//!
//! All of it is cheap to write (atomics; a lock only for the text of an error), because consumers write it for
//! every item.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::outcome::RunOutcome;

/// What sort of unit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnitKind {
    /// A task that a fixed rate or a fixed delay fires.
    Interval,
    /// A task that a cron expression fires.
    Cron,
    /// A task that runs only when it is triggered.
    OnDemand,
    /// Workers that take items from a queue.
    Consumer,
    /// A function or a value that owns its loop.
    Service,
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interval => "interval",
            Self::Cron => "cron",
            Self::OnDemand => "on demand",
            Self::Consumer => "consumer",
            Self::Service => "service",
        })
    }
}

/// What a unit is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnitState {
    /// Not started yet.
    Registered,
    /// Started, and not ready yet.
    Starting,
    /// Up: a loop that runs, or a task that waits for its next run.
    Running,
    /// A service that ended and waits for its restart.
    Restarting,
    /// Told to stop, finishing what it has.
    Draining,
    /// Ended because it was told to.
    Stopped,
    /// Ended by itself, without an error.
    Completed,
    /// Ended with an error, its restart budget spent.
    Failed,
}

impl UnitState {
    /// Whether the unit has ended.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Stopped | Self::Completed | Self::Failed)
    }

    const ALL: [Self; 8] = [
        Self::Registered,
        Self::Starting,
        Self::Running,
        Self::Restarting,
        Self::Draining,
        Self::Stopped,
        Self::Completed,
        Self::Failed,
    ];
}

impl fmt::Display for UnitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::Failed => "failed",
        })
    }
}

/// A snapshot of one unit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnitStatus {
    /// The name it was registered under.
    pub name: String,
    /// What sort of unit it is.
    pub kind: UnitKind,
    /// What it is doing.
    pub state: UnitState,
    /// Runs that ended: of a task, or one for each item of a consumer.
    pub runs: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that failed, timed out, panicked, were discarded or interrupted.
    pub failed: u64,
    /// Attempts beyond each run's first.
    pub retries: u64,
    /// Ticks that were not run: because a run was going on, or because several were due at once.
    pub skipped: u64,
    /// Restarts of a service.
    pub restarts: u64,
    /// How the last run ended.
    pub last_outcome: Option<RunOutcome>,
    /// The last error with its causes, of a run or of a service.
    pub last_error: Option<String>,
    /// How long the last run took, all attempts together.
    pub last_duration: Option<Duration>,
    /// How long after it was due the last run of a task began; zero for one that was triggered.
    pub lateness: Option<Duration>,
    /// When a task runs next.
    pub next_run: Option<Timestamp>,
    /// Items waiting in a consumer's queue.
    pub depth: Option<usize>,
    /// Items its queue can hold.
    pub capacity: Option<usize>,
    /// How long the last item waited in the queue, of those sent since the host serves it.
    pub wait: Option<Duration>,
    /// Items that its queue dropped because it was full.
    pub dropped: Option<u64>,
    /// A consumer's workers.
    pub workers: Option<usize>,
}

/// A queue's gauges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueGauge {
    /// Items that were dropped at a stop.
    pub(crate) left: usize,
    pub(crate) depth: usize,
    pub(crate) capacity: usize,
    pub(crate) dropped: u64,
    pub(crate) workers: usize,
}

type ReadGauge = Box<dyn Fn() -> QueueGauge + Send + Sync>;

/// No value yet, in the atomics below.
const NONE: u64 = u64::MAX;
const NEVER: i64 = i64::MIN;

/// The live counterpart of [`UnitStatus`].
pub(crate) struct Record {
    name: Arc<str>,
    kind: UnitKind,
    state: AtomicU8,
    succeeded: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    retries: AtomicU64,
    skipped: AtomicU64,
    restarts: AtomicU64,
    last_outcome: AtomicU8,
    last_duration: AtomicU64,
    lateness: AtomicU64,
    wait: AtomicU64,
    next_run: AtomicI64,
    last_error: Mutex<Option<String>>,
    gauge: OnceLock<ReadGauge>,
}

impl Record {
    pub(crate) fn new(name: Arc<str>, kind: UnitKind) -> Self {
        Self {
            name,
            kind,
            state: AtomicU8::new(UnitState::Registered as u8),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            last_outcome: AtomicU8::new(u8::MAX),
            last_duration: AtomicU64::new(NONE),
            lateness: AtomicU64::new(NONE),
            wait: AtomicU64::new(NONE),
            next_run: AtomicI64::new(NEVER),
            last_error: Mutex::new(None),
            gauge: OnceLock::new(),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn kind(&self) -> UnitKind {
        self.kind
    }

    pub(crate) fn state(&self) -> UnitState {
        let index = usize::from(self.state.load(Ordering::Acquire));
        UnitState::ALL.get(index).copied().unwrap_or(UnitState::Failed)
    }

    /// Moves to `next`, unless that would leave a final state, or a draining unit for anything but its end.
    pub(crate) fn set_state(&self, next: UnitState) {
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            let state = UnitState::ALL[usize::from(state)];
            let allowed = match state {
                UnitState::Stopped | UnitState::Completed | UnitState::Failed => false,
                UnitState::Draining => next.is_final(),
                _ => true,
            };
            allowed.then_some(next as u8)
        });
    }

    pub(crate) fn gauge_with(&self, read: impl Fn() -> QueueGauge + Send + Sync + 'static) {
        let _ = self.gauge.set(Box::new(read));
    }

    pub(crate) fn run_ended(&self, outcome: RunOutcome, took: Duration) {
        let counter = match outcome {
            RunOutcome::Succeeded => &self.succeeded,
            RunOutcome::Cancelled => &self.cancelled,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.last_outcome.store(outcome as u8, Ordering::Relaxed);
        self.last_duration.store(nanos(took), Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn skipped(&self, ticks: u64) {
        self.skipped.fetch_add(ticks, Ordering::Relaxed);
    }

    pub(crate) fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn began_late_by(&self, lateness: Duration) {
        self.lateness.store(nanos(lateness), Ordering::Relaxed);
    }

    pub(crate) fn waited(&self, wait: Duration) {
        self.wait.store(nanos(wait), Ordering::Relaxed);
    }

    /// Items that were dropped at a stop or are still in the queue.
    pub(crate) fn items_left(&self) -> usize {
        self.gauge.get().map(|read| read()).map_or(0, |gauge| gauge.left + gauge.depth)
    }

    pub(crate) fn set_next_run(&self, at: Option<Timestamp>) {
        let nanos = at.and_then(|at| i64::try_from(at.as_nanosecond()).ok()).unwrap_or(NEVER);
        self.next_run.store(nanos, Ordering::Relaxed);
    }

    pub(crate) fn set_error(&self, error: String) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn last_outcome(&self) -> Option<RunOutcome> {
        RunOutcome::ALL.get(usize::from(self.last_outcome.load(Ordering::Relaxed))).copied()
    }

    pub(crate) fn status(&self) -> UnitStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (succeeded, failed) = (read(&self.succeeded), read(&self.failed));
        let gauge = self.gauge.get().map(|read| read());
        UnitStatus {
            name: self.name.to_string(),
            kind: self.kind,
            state: self.state(),
            runs: succeeded + failed + read(&self.cancelled),
            succeeded,
            failed,
            retries: read(&self.retries),
            skipped: read(&self.skipped),
            restarts: read(&self.restarts),
            last_outcome: self.last_outcome(),
            last_error: self.last_error(),
            last_duration: duration(read(&self.last_duration)),
            lateness: duration(read(&self.lateness)),
            next_run: timestamp(self.next_run.load(Ordering::Relaxed)),
            depth: gauge.map(|gauge| gauge.depth),
            capacity: gauge.map(|gauge| gauge.capacity),
            wait: duration(read(&self.wait)),
            dropped: gauge.map(|gauge| gauge.dropped),
            workers: gauge.map(|gauge| gauge.workers),
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NONE - 1)
}

fn duration(nanos: u64) -> Option<Duration> {
    (nanos != NONE).then(|| Duration::from_nanos(nanos))
}

fn timestamp(nanos: i64) -> Option<Timestamp> {
    (nanos != NEVER).then(|| Timestamp::from_nanosecond(i128::from(nanos)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_state_stays_and_a_draining_unit_only_ends() {
        let record = Record::new("u".into(), UnitKind::Service);
        record.set_state(UnitState::Running);
        record.set_state(UnitState::Draining);
        record.set_state(UnitState::Starting);
        assert_eq!(record.state(), UnitState::Draining);
        record.set_state(UnitState::Failed);
        for next in UnitState::ALL {
            record.set_state(next);
            assert_eq!(record.state(), UnitState::Failed);
        }
    }

    #[test]
    fn what_has_not_happened_is_none() {
        let status = Record::new("u".into(), UnitKind::Cron).status();
        assert_eq!(
            (status.last_outcome, status.last_duration, status.next_run, status.depth),
            (None, None, None, None)
        );
    }
}
