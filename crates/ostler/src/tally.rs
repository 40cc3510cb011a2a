//! What the runs of one worker, or of one task, have come to: counters, and the last runs one by one.
//!
//! Each worker has a tally of its own, so that workers do not write to each other's cache lines; a unit's figures are
//! their sum. The lock is taken by its own runs, and now and then by somebody who looks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::RunOutcome;
#[cfg(feature = "metrics")]
use crate::times::Times;

/// How many past runs are kept for each worker of a consumer and for each task: a screenful.
pub(crate) const KEPT_RUNS: usize = 32;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    begun: AtomicU64,
    past: Mutex<Past>,
}

/// Runs that ended.
#[derive(Debug, Default)]
struct Past {
    /// How many ended in each of the ways of [`RunOutcome::ALL`].
    outcomes: Outcomes,
    #[cfg(feature = "metrics")]
    times: Times,
    /// A ring: the oldest stands at `next` once it is full.
    last: Vec<Ended>,
    next: usize,
}

/// A number for each of [`RunOutcome::ALL`].
type Outcomes = [u64; RunOutcome::ALL.len()];

/// A run that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) id: u64,
    pub(crate) attempts: u32,
    pub(crate) outcome: RunOutcome,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// When its item was sent.
    pub(crate) sent: Option<Instant>,
}

impl Ended {
    pub(crate) fn took(&self) -> Duration {
        self.ended.saturating_duration_since(self.began)
    }

    /// How long its item had waited.
    pub(crate) fn waited(&self) -> Option<Duration> {
        self.sent.map(|sent| self.began.saturating_duration_since(sent))
    }
}

/// A sum of tallies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) begun: u64,
    outcomes: Outcomes,
    pub(crate) last: Option<Ended>,
}

impl Counts {
    /// Runs that ended like this.
    pub(crate) fn of(&self, outcome: RunOutcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Runs that ended.
    pub(crate) fn ended(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Runs that count as failed.
    pub(crate) fn failed(&self) -> u64 {
        let failures = RunOutcome::ALL.into_iter().filter(|outcome| outcome.is_failure());
        failures.map(|outcome| self.of(outcome)).sum()
    }
}

impl Tally {
    pub(crate) fn run_began(&self) {
        self.begun.fetch_add(1, Ordering::Release);
    }

    /// As [`run_began`](Self::run_began), where nobody else calls it at the same time: a worker's own tally.
    pub(crate) fn own_run_began(&self) {
        self.begun.store(self.begun.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    pub(crate) fn run_ended(&self, run: Ended) {
        let mut past = self.past();
        past.outcomes[run.outcome as usize] += 1;
        #[cfg(feature = "metrics")]
        past.times.observe(run.took(), run.waited());
        past.keep(run);
    }

    /// The last runs, in no order.
    pub(crate) fn past_runs(&self) -> Vec<Ended> {
        self.past().last.clone()
    }

    pub(crate) fn add_to(&self, counts: &mut Counts) {
        let past = self.past();
        counts.outcomes.iter_mut().zip(&past.outcomes).for_each(|(sum, of_this)| *sum += of_this);
        let last = past.newest().copied();
        counts.last = [counts.last, last].into_iter().flatten().max_by_key(|run| (run.ended, run.id));
        drop(past);
        // After the ends: a run is never seen to have ended before it began.
        counts.begun += self.begun.load(Ordering::Acquire);
    }

    /// Adds how long its runs took and their items had waited.
    #[cfg(feature = "metrics")]
    pub(crate) fn add_times_to(&self, times: &mut Times) {
        times.add(&self.past().times);
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn keep(&mut self, run: Ended) {
        match self.last.get_mut(self.next) {
            Some(oldest) => *oldest = run,
            None => self.last.push(run),
        }
        self.next = (self.next + 1) % KEPT_RUNS;
    }

    fn newest(&self) -> Option<&Ended> {
        self.last.get((self.next + KEPT_RUNS - 1) % KEPT_RUNS)
    }
}
