//! What holds for all jobs of a kind: where they wait, how often and how long they are tried, what is kept of them.

use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::{DAY, HOUR, SECOND};

use crate::state::JobState;

/// The queue of a kind that names none.
pub const DEFAULT_QUEUE: &str = "default";

/// The priority of a job that names none: in the middle of 0, which runs first, and 9.
pub const DEFAULT_PRIORITY: u8 = 5;

/// The last priority.
pub const MAX_PRIORITY: u8 = 9;

/// How often a job is attempted at most: with [`DEFAULT_BACKOFF`] its attempts are spread over about two days, which is longer than
/// most outages.
pub const DEFAULT_ATTEMPTS: u32 = 20;

/// How long an attempt may take: longer than anything that is done on behalf of a request, short enough that a stuck one is
/// noticed on the same day.
pub const DEFAULT_TIMEOUT: Duration = HOUR;

/// The wait before another attempt: about 2, 4, 8 seconds and so on, up to six hours.
pub const DEFAULT_BACKOFF: Backoff =
    Backoff::exponential(Duration::from_secs(2)).max(Duration::from_secs(6 * 60 * 60));

/// How long an attempt that is told to stop, by its timeout or a cancel, may take to do so before it is dropped.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// How long an end may wait for others before it is stored: the job is held meanwhile, and runs again where its process dies.
const MAX_LINGER: Duration = ostler::MINUTE;

/// The largest result that is kept, in bytes of JSON: 64 KiB. A job whose result is larger is done all the same, and its result
/// is replaced by a note that says so.
pub const MAX_RESULT: usize = 64 * 1024;

/// What holds for all jobs of a kind. From [`JobArgs::policy`](crate::JobArgs::policy).
///
/// ```
/// use ostler::{MINUTE, backoff::Backoff, SECOND};
/// use ostler_jobs::Policy;
///
/// let policy = Policy::new().queue("mail").attempts(5).backoff(Backoff::exponential(10 * SECOND)).timeout(MINUTE);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) queue: &'static str,
    pub(crate) priority: u8,
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stop_grace: Duration,
    pub(crate) ack: Ack,
    pub(crate) keep: Retention,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// The defaults, which are the constants of this crate.
    pub const fn new() -> Self {
        Self {
            queue: DEFAULT_QUEUE,
            priority: DEFAULT_PRIORITY,
            attempts: DEFAULT_ATTEMPTS,
            backoff: DEFAULT_BACKOFF,
            timeout: Some(DEFAULT_TIMEOUT),
            stop_grace: STOP_GRACE,
            ack: Ack::Batched(Duration::ZERO),
            keep: Retention::new(),
        }
    }

    /// The queue in which its jobs wait ([`DEFAULT_QUEUE`]).
    #[must_use]
    pub const fn queue(self, queue: &'static str) -> Self {
        Self { queue, ..self }
    }

    /// Its jobs' priority, 0 to [`MAX_PRIORITY`]; 0 runs first ([`DEFAULT_PRIORITY`]). Another one is a mistake that ends the start of
    /// [`Workers`](crate::Workers), and no job with it is enqueued.
    #[must_use]
    pub const fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    /// How often a job is attempted at most, at least once ([`DEFAULT_ATTEMPTS`]). An attempt that ended with its process
    /// counts, and with `attempts(1)` also one that a stop dropped: that job is dead, and never runs twice, but where a power loss
    /// forgets that it had begun, or its handler asks for it by a snooze.
    #[must_use]
    pub const fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The wait before another attempt ([`DEFAULT_BACKOFF`]).
    #[must_use]
    pub const fn backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// How long an attempt may take ([`DEFAULT_TIMEOUT`]). Its `Stop` is requested then, and it is dropped
    /// [`stop_grace`](Self::stop_grace) later.
    #[must_use]
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// An attempt may take as long as it likes.
    #[must_use]
    pub const fn no_timeout(self) -> Self {
        Self { timeout: None, ..self }
    }

    /// How long an attempt that is told to stop may take to do so ([`STOP_GRACE`]).
    #[must_use]
    pub const fn stop_grace(self, stop_grace: Duration) -> Self {
        Self { stop_grace, ..self }
    }

    /// When a worker is free for the next job ([`Ack::Batched`] without a wait).
    #[must_use]
    pub const fn ack(self, ack: Ack) -> Self {
        Self { ack, ..self }
    }

    /// What is kept of finished jobs.
    #[must_use]
    pub const fn keep(self, keep: Retention) -> Self {
        Self { keep, ..self }
    }
}

impl Policy {
    /// What is wrong with it, if something is.
    pub(crate) fn mistakes(&self) -> impl Iterator<Item = String> + use<> {
        let priority = (self.priority > MAX_PRIORITY)
            .then(|| format!("priority {} is not allowed: 0 to {MAX_PRIORITY}", self.priority));
        let ack = match self.ack {
            Ack::Batched(wait) if wait > MAX_LINGER => {
                Some(format!("ack after {wait:?} is not allowed: {MAX_LINGER:?} at most"))
            }
            _ => None,
        };
        priority.into_iter().chain(ack)
    }
}

/// When a worker is free for the next job, after a handler returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ack {
    /// When the end of this one is stored for good. At most the jobs that were running run twice after a crash.
    Sync,
    /// At once: the end is stored with others, after waiting for them so long at most, a minute or less. A crash in this time runs the
    /// job again. A longer wait is a mistake that ends the start of [`Workers`](crate::Workers).
    Batched(Duration),
}

/// What is kept of finished jobs: for people, and for `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub(crate) done: Keep,
    pub(crate) cancelled: Keep,
    pub(crate) dead: Keep,
}

impl Default for Retention {
    fn default() -> Self {
        Self::new()
    }
}

impl Retention {
    /// Done jobs for a day and at most 100,000 of a queue, cancelled ones for a week, dead ones for thirty days.
    pub const fn new() -> Self {
        Self {
            done: Keep { age: DAY, most: 100_000 },
            cancelled: Keep { age: Duration::from_secs(7 * DAY.as_secs()), most: 100_000 },
            dead: Keep { age: Duration::from_secs(30 * DAY.as_secs()), most: 100_000 },
        }
    }

    /// What is kept of jobs that ended well.
    #[must_use]
    pub const fn done(self, done: Keep) -> Self {
        Self { done, ..self }
    }

    /// What is kept of cancelled jobs.
    #[must_use]
    pub const fn cancelled(self, cancelled: Keep) -> Self {
        Self { cancelled, ..self }
    }

    /// What is kept of dead jobs.
    #[must_use]
    pub const fn dead(self, dead: Keep) -> Self {
        Self { dead, ..self }
    }
}

impl Retention {
    /// What is kept of jobs that ended in this state; nothing, where it is no end. For stores.
    pub const fn of(self, state: JobState) -> Keep {
        match state {
            JobState::Done => self.done,
            JobState::Cancelled => self.cancelled,
            JobState::Dead => self.dead,
            _ => Keep::NONE,
        }
    }
}

/// How long, and how many of a queue. They go in small batches; for a while there may be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Keep {
    /// Since it finished.
    pub age: Duration,
    /// The newest so many of a queue; 0 keeps nothing.
    pub most: u64,
}

impl Keep {
    /// Nothing: a finished job leaves no row.
    pub const NONE: Self = Self { age: Duration::ZERO, most: 0 };

    /// For so long, at most 100,000 of a queue.
    pub const fn age(age: Duration) -> Self {
        Self { age, most: 100_000 }
    }

    /// Whether nothing is kept.
    pub const fn is_none(self) -> bool {
        self.most == 0 || self.age.is_zero()
    }
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// A crash of the process, and of the machine.
    #[default]
    Full,
    /// A crash of the process; the last moments before a power loss may be forgotten. Several times faster.
    Relaxed,
}

/// The least and the most that a lease may be.
pub(crate) const LEASE_BOUNDS: (Duration, Duration) = (SECOND, HOUR);
