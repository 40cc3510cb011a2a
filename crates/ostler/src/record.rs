//! What is known of a unit while it runs: its state, written by the host; counters and last facts, written by its
//! runs; all of it read by anyone.
//!
//! What is written for every item of a consumer stands in a [`Tally`] for each worker.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::outcome::RunOutcome;
use crate::status::Said;
use crate::tally::{Counts, Ended, Tally};
#[cfg(feature = "metrics")]
use crate::times::Times;

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
    /// Up, and told to begin no run until it is resumed.
    Paused,
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

    const ALL: [Self; 9] = [
        Self::Registered,
        Self::Starting,
        Self::Running,
        Self::Paused,
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
            Self::Paused => "paused",
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
    /// Whether it is ready: up, and it has not taken its word back.
    pub ready: bool,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// Why it is in this state, where there is more to say than the state itself.
    pub reason: Option<String>,
    /// Runs that ended: of a task, or one for each item of a consumer.
    pub runs: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that failed, timed out, panicked, were discarded or interrupted.
    pub failed: u64,
    /// Runs that are going on.
    pub running: u64,
    /// Attempts beyond each run's first.
    pub retries: u64,
    /// Ticks that were not run: because a run was going on, because several were due at once, as [`Misfire`](crate::Misfire)
    /// says, or because a task was paused, stopped, or disabled by its options, with runs waiting.
    pub skipped: u64,
    /// Restarts of a service that ended by itself; those asked for by hand are not among them.
    pub restarts: u64,
    /// When the last run that ended began.
    pub last_run: Option<Timestamp>,
    /// How it ended.
    pub last_outcome: Option<RunOutcome>,
    /// The last error with its causes, of a run or of a service.
    pub last_error: Option<String>,
    /// How long the last run took, all attempts together.
    pub last_duration: Option<Duration>,
    /// How long after it was due the last run of a task began; zero for one that was triggered.
    pub lateness: Option<Duration>,
    /// How long a task has been late, beyond what it is allowed: no run of it has begun or ended as its plan says.
    pub late: Option<Duration>,
    /// Whether its options let it run; `true` where they say nothing.
    pub enabled: bool,
    /// When a task runs next.
    pub next_run: Option<Timestamp>,
    /// Whether a task's schedule is over: nothing is left of it, as its end has passed. It runs only when it is triggered.
    pub schedule_over: bool,
    /// Items waiting in a consumer's queue.
    pub depth: Option<usize>,
    /// Items its queue can hold.
    pub capacity: Option<usize>,
    /// How long the item of the last run that ended had waited in the queue, where it was sent since the host serves it.
    pub wait: Option<Duration>,
    /// Items that its queue dropped because it was full.
    pub dropped: Option<u64>,
    /// A consumer's workers.
    pub workers: Option<usize>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PastRun {
    /// The run's number, counted from 1 for each unit.
    pub id: u64,
    /// The worker of a consumer that did it, counted from 1.
    pub worker: Option<usize>,
    /// When it began, by today's wall clock: where that was set meanwhile, the time moved with it.
    pub began: Timestamp,
    /// How long it took, all attempts together.
    pub took: Duration,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How many attempts it took.
    pub attempts: u32,
}

/// An error of a run, of one of its attempts, or of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastError {
    /// When it was seen.
    pub at: Timestamp,
    /// The run's number; 0 where it is that of a service, which has no runs.
    pub run: u64,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// What went wrong, with its causes.
    pub error: String,
}

/// How many past runs of a unit are shown, however many workers it has.
const SHOWN_RUNS: usize = 256;

/// How many errors are kept for each unit.
const KEPT_ERRORS: usize = 16;

/// How long a task's run may be due without being begun before the task counts as late, unless
/// [`Plan::late_after`](crate::Plan::late_after) says otherwise: far beyond what a busy machine needs, and short enough to
/// be seen before anyone misses the run.
pub const DEFAULT_LATE_AFTER: Duration = Duration::from_secs(30);
/// How many restarts are counted for health, however great a budget is.
const KEPT_RESTARTS: usize = 100;

/// When a task runs next, by the clock that decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextRun {
    At(Instant),
    Wall(Timestamp),
}

impl NextRun {
    /// One number, as there may be a hundred thousand: a wall-clock time as its nanoseconds, which are positive since 1970, an
    /// instant as those since the first one that was seen, or before it, made negative.
    fn encode(due: Option<Self>) -> i64 {
        match due {
            None => NEVER,
            Some(Self::Wall(due)) => wall_nanos(Some(due)).max(0),
            Some(Self::At(due)) => {
                let first = *FIRST_SEEN.get_or_init(|| due);
                let since = saturated(due.saturating_duration_since(first));
                let before = saturated(first.saturating_duration_since(due));
                THE_FIRST + since - before
            }
        }
    }

    fn decode(number: i64) -> Option<Self> {
        match number {
            NEVER => None,
            0.. => timestamp(number).map(Self::Wall),
            _ => {
                let (since, first) = (Duration::from_nanos(number.abs_diff(THE_FIRST)), FIRST_SEEN.get()?);
                let due =
                    if number < THE_FIRST { first.checked_sub(since) } else { first.checked_add(since) };
                due.map(Self::At)
            }
        }
    }
}

/// The number of the first instant that was seen, with room for a century on either side.
const THE_FIRST: i64 = i64::MIN / 2;

fn saturated(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).map_or(-THE_FIRST - 1, |nanos| nanos.min(-THE_FIRST - 1))
}

/// What instants are counted from.
static FIRST_SEEN: OnceLock<Instant> = OnceLock::new();

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

/// A look at both clocks, by which the times of a record are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) now: Instant,
    pub(crate) wall: Timestamp,
}

impl Now {
    /// The wall-clock time of a monotonic instant.
    pub(crate) fn wall_of(self, instant: Instant) -> Timestamp {
        let ahead = instant.saturating_duration_since(self.now);
        let ago = self.now.saturating_duration_since(instant);
        let at = self.wall.checked_sub(ago).and_then(|at| at.checked_add(ahead));
        at.unwrap_or(self.wall)
    }
}

/// No value yet, in the atomics below.
const NONE: u64 = u64::MAX;
const NEVER: i64 = i64::MIN;
const NO_OUTCOME: u8 = u8::MAX;

/// The live counterpart of [`UnitStatus`].
pub(crate) struct Record {
    name: Arc<str>,
    /// Tells it from all other units of this process.
    id: u64,
    kind: UnitKind,
    state: AtomicU8,
    ready: AtomicBool,
    enabled: AtomicBool,
    schedule_over: AtomicBool,
    /// How the last run of a task ended; see [`last_outcome`](Self::last_outcome).
    last_outcome: AtomicU8,
    standing: Mutex<Standing>,
    next_run: AtomicI64,
    /// What a task has only once it has run: there may be a hundred thousand of them, and most wait for hours.
    work: OnceLock<Box<Work>>,
}

/// What there is to tell of a unit that has done something.
struct Work {
    next_run_id: AtomicU64,
    retries: AtomicU64,
    skipped: AtomicU64,
    restarts: AtomicU64,
    lateness: AtomicU64,
    tallies: Mutex<Vec<Arc<Tally>>>,
    errors: Mutex<VecDeque<PastError>>,
    gauge: OnceLock<ReadGauge>,
    late_after: OnceLock<Duration>,
    armed: Mutex<Option<Instant>>,
    /// Most tasks have none of it.
    personal: OnceLock<Box<Personal>>,
}

/// What there is to tell of a unit that speaks for itself, or may be restarted.
#[derive(Debug, Default)]
struct Personal {
    word: Mutex<OwnWord>,
    recent_restarts: Mutex<RecentRestarts>,
}

/// What a unit has said of itself, and which of its instances may speak.
#[derive(Debug, Default)]
struct OwnWord {
    instance: u64,
    said: Option<Said>,
}

/// Restarts that lie within the window of the unit's budget.
#[derive(Debug, Default)]
struct RecentRestarts {
    window: Duration,
    at: VecDeque<Instant>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            next_run_id: AtomicU64::new(1),
            retries: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            lateness: AtomicU64::new(NONE),
            tallies: Mutex::default(),
            errors: Mutex::default(),
            gauge: OnceLock::new(),
            late_after: OnceLock::new(),
            armed: Mutex::default(),
            personal: OnceLock::new(),
        }
    }
}

/// Since when a unit is in its state, and why.
#[derive(Debug, Clone, Default)]
struct Standing {
    /// In nanoseconds of wall-clock time.
    since: i64,
    reason: Option<Arc<str>>,
}

impl Record {
    pub(crate) fn new(name: Arc<str>, kind: UnitKind, at: Timestamp) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            name,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            kind,
            state: AtomicU8::new(UnitState::Registered as u8),
            ready: AtomicBool::new(false),
            enabled: AtomicBool::new(true),
            schedule_over: AtomicBool::new(false),
            last_outcome: AtomicU8::new(NO_OUTCOME),
            standing: Mutex::new(Standing { since: wall_nanos(Some(at)), reason: None }),
            next_run: AtomicI64::new(NEVER),
            work: OnceLock::new(),
        }
    }

    /// To write to.
    fn work(&self) -> &Work {
        self.work.get_or_init(Box::default)
    }

    /// To read: a look leaves nothing behind.
    fn done(&self) -> &Work {
        static NOTHING: LazyLock<Work> = LazyLock::new(Work::default);
        self.work.get().map_or(&NOTHING, |work| work)
    }

    fn personal(&self) -> &Personal {
        self.work().personal.get_or_init(Box::default)
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn state(&self) -> UnitState {
        let index = usize::from(self.state.load(Ordering::Acquire));
        UnitState::ALL.get(index).copied().unwrap_or(UnitState::Failed)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Why it is in its state.
    pub(crate) fn reason(&self) -> Option<Arc<str>> {
        lock(&self.standing).reason.clone()
    }

    /// State, readiness and reason, as they belong together.
    pub(crate) fn standing(&self) -> (UnitState, bool, Option<Arc<str>>) {
        let standing = lock(&self.standing);
        (self.state(), self.is_ready(), standing.reason.clone())
    }

    /// Whether there is nothing to tell of it but its state.
    pub(crate) fn has_done_nothing(&self) -> bool {
        self.work.get().is_none()
    }

    /// The host's word on what the unit is doing. Nobody else writes it.
    pub(crate) fn stands(&self, state: UnitState, ready: bool, at: Timestamp, reason: Option<Arc<str>>) {
        let mut standing = lock(&self.standing);
        if self.state.swap(state as u8, Ordering::AcqRel) != state as u8 {
            standing.since = wall_nanos(Some(at));
        }
        self.ready.store(ready, Ordering::Release);
        standing.reason = reason;
    }

    pub(crate) fn gauge_with(&self, read: impl Fn() -> QueueGauge + Send + Sync + 'static) {
        let _ = self.work().gauge.set(Box::new(read));
    }

    pub(crate) fn next_run_id(&self) -> u64 {
        self.work().next_run_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The tally of a worker, counted from 0; a task has one.
    pub(crate) fn tally(&self, worker: usize) -> Arc<Tally> {
        let mut tallies = lock(&self.work().tallies);
        while tallies.len() <= worker {
            tallies.push(Arc::default());
        }
        Arc::clone(&tallies[worker])
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        lock(&self.done().tallies).iter().for_each(|tally| tally.add_to(&mut counts));
        counts
    }

    /// How long its runs took and their items had waited.
    #[cfg(feature = "metrics")]
    pub(crate) fn times(&self) -> Times {
        let mut times = Times::default();
        lock(&self.done().tallies).iter().for_each(|tally| tally.add_times_to(&mut times));
        times
    }

    /// The last runs, the newest first.
    pub(crate) fn past_runs(&self, now: Now) -> Vec<PastRun> {
        let tallies = lock(&self.done().tallies);
        let of_worker = |(at, tally): (usize, &Arc<Tally>)| {
            let worker = (self.kind == UnitKind::Consumer).then_some(at + 1);
            tally.past_runs().into_iter().map(move |run| (run, worker))
        };
        let mut past: Vec<(Ended, Option<usize>)> = tallies.iter().enumerate().flat_map(of_worker).collect();
        drop(tallies);
        past.sort_by_key(|(run, _)| std::cmp::Reverse((run.ended, run.id)));
        past.truncate(SHOWN_RUNS);
        past.iter().map(|(run, worker)| past_run(run, *worker, now)).collect()
    }

    /// The last errors, the newest first.
    pub(crate) fn past_errors(&self) -> Vec<PastError> {
        lock(&self.done().errors).iter().rev().cloned().collect()
    }

    pub(crate) fn retried(&self) {
        self.work().retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn skipped(&self, ticks: u64) {
        self.work().skipped.fetch_add(ticks, Ordering::Relaxed);
    }

    pub(crate) fn restarted(&self, now: Instant) {
        self.work().restarts.fetch_add(1, Ordering::Relaxed);
        let mut recent = lock(&self.personal().recent_restarts);
        if recent.at.len() == KEPT_RESTARTS {
            recent.at.pop_front();
        }
        recent.at.push_back(now);
    }

    /// How long a restart counts.
    pub(crate) fn restarts_count_for(&self, window: Duration) {
        lock(&self.personal().recent_restarts).window = window;
    }

    /// Restarts that count, and how long each does.
    pub(crate) fn recent_restarts(&self, now: Instant) -> (usize, Duration) {
        let Some(personal) = self.done().personal.get() else { return (0, Duration::ZERO) };
        let mut recent = lock(&personal.recent_restarts);
        let window = recent.window;
        recent.at.retain(|&at| now.saturating_duration_since(at) < window);
        (recent.at.len(), window)
    }

    /// The unit is started by hand, and what was before counts no more.
    pub(crate) fn forget_restarts(&self) {
        if let Some(personal) = self.done().personal.get() {
            lock(&personal.recent_restarts).at.clear();
        }
    }

    /// The number of the instance that may speak of the unit now.
    pub(crate) fn speaking_instance(&self) -> u64 {
        lock(&self.personal().word).instance
    }

    /// What a unit says of itself; of an earlier instance it is not heard.
    pub(crate) fn says(&self, instance: u64, said: Said) {
        let mut word = lock(&self.personal().word);
        if word.instance == instance {
            word.said = Some(said);
        }
    }

    pub(crate) fn said(&self) -> Option<Said> {
        lock(&self.done().personal.get()?.word).said.clone()
    }

    /// Another instance is launched: what the one before it said is said no more.
    pub(crate) fn another_speaks(&self) {
        if let Some(personal) = self.done().personal.get() {
            let mut word = lock(&personal.word);
            *word = OwnWord { instance: word.instance + 1, said: None };
        }
    }

    /// The gauges of its queue.
    pub(crate) fn queue(&self) -> Option<QueueGauge> {
        self.done().gauge.get().map(|read| read())
    }

    pub(crate) fn began_late_by(&self, lateness: Duration) {
        self.work().lateness.store(nanos(lateness), Ordering::Relaxed);
    }

    /// Items that were dropped at a stop or are still in the queue.
    pub(crate) fn items_left(&self) -> usize {
        self.done().gauge.get().map(|read| read()).map_or(0, |gauge| gauge.left + gauge.depth)
    }

    pub(crate) fn set_next_run(&self, due: Option<NextRun>) {
        self.next_run.store(NextRun::encode(due), Ordering::Relaxed);
    }

    /// When a task runs next, on the wall clock.
    fn next_run(&self, now: Now) -> Option<Timestamp> {
        match NextRun::decode(self.next_run.load(Ordering::Relaxed))? {
            NextRun::At(due) => Some(now.wall_of(due)),
            NextRun::Wall(due) => Some(due),
        }
    }

    pub(crate) fn add_error(&self, error: PastError) {
        let mut errors = lock(&self.work().errors);
        if errors.len() == KEPT_ERRORS {
            errors.pop_front();
        }
        errors.push_back(error);
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        lock(&self.done().errors).back().map(|last| last.error.clone())
    }

    /// The last run of a task ended like this. Workers of a consumer do not write to what they share.
    pub(crate) fn task_run_ended(&self, outcome: RunOutcome) {
        self.last_outcome.store(outcome as u8, Ordering::Relaxed);
    }

    /// How its last run ended. Of a task that is one load: it is asked of all of them again and again.
    pub(crate) fn last_outcome(&self) -> Option<RunOutcome> {
        if self.kind == UnitKind::Consumer {
            return self.counts().last.map(|last| last.outcome);
        }
        RunOutcome::ALL.get(usize::from(self.last_outcome.load(Ordering::Relaxed))).copied()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Release);
    }

    pub(crate) fn set_schedule_over(&self, over: bool) {
        self.schedule_over.store(over, Ordering::Relaxed);
    }

    /// A task may be so long without a run before it is late.
    pub(crate) fn late_after(&self, limit: Duration) {
        let _ = self.work().late_after.set(limit);
    }

    /// Its schedule goes on since then; `None` where nothing is expected of it.
    pub(crate) fn arm(&self, since: Option<Instant>) {
        // Only those that say how long they may take need it.
        if self.done().late_after.get().is_some() {
            let mut armed = lock(&self.work().armed);
            if armed.is_none() || since.is_none() {
                *armed = since;
            }
        }
    }

    /// How long a task has been late, beyond what it is allowed.
    pub(crate) fn late(&self, now: Now) -> Option<Duration> {
        if self.state() != UnitState::Running || !self.is_enabled() {
            return None;
        }
        let late = match self.done().late_after.get() {
            Some(&limit) => {
                let armed = (*lock(&self.done().armed))?;
                let ended = self.counts().last.map_or(armed, |last| last.ended.max(armed));
                now.now.saturating_duration_since(ended).saturating_sub(limit)
            }
            None => self.overdue(now).saturating_sub(DEFAULT_LATE_AFTER),
        };
        (!late.is_zero()).then_some(late)
    }

    /// How long its next run has been due, where none is going on.
    fn overdue(&self, now: Now) -> Duration {
        let overdue = match NextRun::decode(self.next_run.load(Ordering::Relaxed)) {
            None => Duration::ZERO,
            // A wall clock that is set makes it neither late nor early.
            Some(NextRun::At(due)) => now.now.saturating_duration_since(due),
            Some(NextRun::Wall(due)) => Duration::try_from(now.wall.duration_since(due)).unwrap_or_default(),
        };
        if overdue.is_zero() || self.is_running() { Duration::ZERO } else { overdue }
    }

    fn is_running(&self) -> bool {
        let counts = self.counts();
        counts.begun > counts.ended()
    }

    pub(crate) fn status(&self, now: Now) -> UnitStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = self.counts();
        let gauge = self.done().gauge.get().map(|read| read());
        // Under one lock, so that they belong together.
        let standing = lock(&self.standing);
        let (state, ready) = (self.state(), self.is_ready());
        let Standing { since, reason } = standing.clone();
        drop(standing);
        let runs = counts.ended();
        UnitStatus {
            name: self.name.to_string(),
            kind: self.kind,
            state,
            ready,
            since: timestamp(since).unwrap_or(now.wall),
            reason: reason.map(|reason| reason.to_string()),
            runs,
            succeeded: counts.of(RunOutcome::Succeeded),
            failed: counts.failed(),
            running: counts.begun.saturating_sub(runs),
            retries: read(&self.done().retries),
            skipped: read(&self.done().skipped),
            restarts: read(&self.done().restarts),
            last_run: counts.last.map(|last| now.wall_of(last.began)),
            last_outcome: counts.last.map(|last| last.outcome),
            last_error: self.last_error(),
            last_duration: counts.last.map(|last| last.took()),
            lateness: duration(read(&self.done().lateness)),
            late: self.late(now),
            enabled: self.is_enabled(),
            next_run: self.next_run(now),
            schedule_over: self.schedule_over.load(Ordering::Relaxed),
            depth: gauge.map(|gauge| gauge.depth),
            capacity: gauge.map(|gauge| gauge.capacity),
            wait: counts.last.and_then(|last| last.waited()),
            dropped: gauge.map(|gauge| gauge.dropped),
            workers: gauge.map(|gauge| gauge.workers),
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("name", &self.name)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

fn past_run(run: &Ended, worker: Option<usize>, now: Now) -> PastRun {
    let &Ended { id, attempts, outcome, began, ended: _, sent: _ } = run;
    PastRun { id, worker, began: now.wall_of(began), took: run.took(), outcome, attempts }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NONE - 1)
}

fn duration(nanos: u64) -> Option<Duration> {
    (nanos != NONE).then(|| Duration::from_nanos(nanos))
}

fn wall_nanos(at: Option<Timestamp>) -> i64 {
    at.and_then(|at| i64::try_from(at.as_nanosecond()).ok()).unwrap_or(NEVER)
}

fn timestamp(nanos: i64) -> Option<Timestamp> {
    (nanos != NEVER).then(|| Timestamp::from_nanosecond(i128::from(nanos)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn now() -> Now {
        let clock = Clock::real();
        Now { now: clock.now(), wall: clock.wall() }
    }

    fn ended(id: u64, began: Instant) -> Ended {
        let outcome = RunOutcome::Succeeded;
        Ended { id, attempts: 1, outcome, began, ended: began + Duration::from_millis(1), sent: None }
    }

    #[test]
    fn what_has_not_happened_is_none() {
        let now = now();
        let status = Record::new("u".into(), UnitKind::Cron, now.wall).status(now);
        assert_eq!(
            (status.last_outcome, status.last_duration, status.next_run, status.depth),
            (None, None, None, None)
        );
    }

    #[test]
    fn the_history_is_bounded_and_the_newest_run_of_all_workers_comes_first() {
        let now = now();
        let record = Record::new("u".into(), UnitKind::Consumer, now.wall);
        for id in 0..100 {
            let began = now.now - Duration::from_secs(100 - id);
            record.tally(id as usize % 2).run_ended(ended(id, began));
        }
        let past = record.past_runs(now);
        let ids: Vec<u64> = past.iter().map(|run| run.id).collect();
        assert_eq!(ids, (36..100).rev().collect::<Vec<_>>());
        assert_eq!(past[0].began, now.wall - jiff::SignedDuration::from_secs(1));
        assert_eq!(record.status(now).runs, 100);
    }

    #[test]
    fn an_instant_before_the_first_that_was_seen_is_told_as_it_is() {
        let now = Clock::real().now();
        for due in [now + Duration::from_secs(3_600), now, now + Duration::from_nanos(1)] {
            let due = Some(NextRun::At(due));
            assert_eq!(NextRun::decode(NextRun::encode(due)), due);
        }
    }

    #[test]
    fn a_wall_clock_that_is_set_makes_no_task_late_and_moves_what_is_shown() {
        let now = now();
        let record = Record::new("u".into(), UnitKind::Interval, now.wall);
        record.stands(UnitState::Running, true, now.wall, None);
        record.set_next_run(Some(NextRun::At(now.now + Duration::from_secs(60))));
        let hour = jiff::SignedDuration::from_hours(1);
        let set = Now { now: now.now, wall: now.wall + hour };
        assert_eq!(record.late(set), None);
        let minute = jiff::SignedDuration::from_secs(60);
        assert_eq!(record.status(set).next_run, Some(now.wall + hour + minute));
        // A minute and a half after it was due, and the wall clock was set back.
        let later = Now { now: now.now + Duration::from_secs(150), wall: now.wall - hour };
        assert_eq!(record.late(later), Some(Duration::from_secs(150 - 60 - 30)));
        // One that the wall clock decides.
        record.set_next_run(Some(NextRun::Wall(now.wall)));
        assert_eq!(record.late(set), Some(Duration::from_secs(3_600 - 30)));
        record.set_next_run(None);
        assert_eq!(record.late(set), None);
    }

    #[test]
    fn the_errors_are_bounded_too() {
        let now = now();
        let record = Record::new("u".into(), UnitKind::Interval, now.wall);
        for run in 0..100 {
            record.add_error(PastError { at: now.wall, run, attempt: 1, error: format!("error {run}") });
        }
        let errors = record.past_errors();
        assert_eq!((errors.len(), errors[0].run), (KEPT_ERRORS, 99));
        assert_eq!(record.last_error().as_deref(), Some("error 99"));
    }

    #[test]
    fn a_state_keeps_its_since_while_only_its_reason_changes() {
        let now = now();
        let record = Record::new("u".into(), UnitKind::Service, now.wall);
        record.stands(UnitState::Running, true, now.wall, None);
        let later = now.wall + jiff::SignedDuration::from_secs(5);
        record.stands(UnitState::Running, false, later, Some("not ready".into()));
        let status = record.status(now);
        assert_eq!(
            (status.since, status.ready, status.reason.as_deref()),
            (now.wall, false, Some("not ready"))
        );
    }
}
