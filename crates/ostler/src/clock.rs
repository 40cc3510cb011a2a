//! The only file that reads a clock: monotonic time, wall time and the host's timers, real or virtual.
//!
//! All waits of a host are entries of one ordered map, driven by one sleeper ([`Clock::drive`]) or, under the test
//! host, moved by hand. The map is a B-tree and not a binary heap because most timers (timeouts) are removed
//! before they fire, and a heap cannot remove from its middle.
//!
//! Tokio's paused clock is not used: it advances by itself while real work on a socket or a plain thread is
//! going on, and it has no wall clock.

// This is the file that the bans on clocks point to.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::current::{self, Seat};
use crate::panics;

/// One second.
pub const SECOND: Duration = Duration::from_secs(1);
/// One minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// One hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);
/// One day of 24 hours.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a wait for a wall-clock instant may sleep before it reads the wall clock again, so that a clock that
/// was set or a machine that was suspended is noticed within this time.
pub(crate) const WALL_RECHECK: Duration = Duration::from_secs(30);

/// The host's clock: real, or virtual under the test host.
///
/// Taken as an argument by a handler that sleeps or reads the time, it makes that handler testable on the virtual
/// clock: `clock.sleep(HOUR).await` takes no real time there. It ticks as long as its host runs: a sleep that outlives
/// the host never ends.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    mode: Mode,
    timers: Mutex<Timers>,
    /// An earlier first timer was added: the sleeper must look again.
    earlier: Notify,
}

#[derive(Debug)]
enum Mode {
    Real,
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "made for tests alone"))]
    Virtual(VirtualTime),
}

#[derive(Debug)]
struct VirtualTime {
    origin: Instant,
    /// What the wall clock showed, or would have, at `origin`.
    wall_origin: Mutex<Timestamp>,
    wall_was_set: Notify,
    elapsed_nanos: AtomicU64,
    /// Runs in flight.
    runs: AtomicUsize,
    /// Those of them that wait for nothing but a timer of this clock.
    sleeping: AtomicUsize,
}

#[derive(Debug, Default)]
struct Timers {
    entries: BTreeMap<(Instant, u64), Waker>,
    next_id: u64,
    /// Until when the driver sleeps; `None` where it sleeps for ever. It is woken only for a timer that is due before.
    driver_sleeps_until: Option<Instant>,
}

impl Clock {
    /// The machine's own clocks, for what reads the time outside of a host. A host has one of its own, which it drives; a sleep on
    /// a clock without a host never ends.
    pub fn real() -> Self {
        Self::new(Mode::Real)
    }

    /// A clock that stands still at `wall` until a test host advances it
    /// ([`TestHost::start_on`](crate::testing::TestHost::start_on)): for what is made before the host and has to agree with it about
    /// the time.
    #[cfg(any(test, feature = "testing"))]
    pub fn virtual_at(wall: Timestamp) -> Self {
        Self::new(Mode::Virtual(VirtualTime {
            origin: Instant::now(),
            wall_origin: Mutex::new(wall),
            wall_was_set: Notify::new(),
            elapsed_nanos: AtomicU64::new(0),
            runs: AtomicUsize::new(0),
            sleeping: AtomicUsize::new(0),
        }))
    }

    /// Whether it is the machine's, and not a test's.
    pub fn is_real(&self) -> bool {
        matches!(self.0.mode, Mode::Real)
    }

    fn new(mode: Mode) -> Self {
        Self(Arc::new(Shared { mode, timers: Mutex::default(), earlier: Notify::new() }))
    }

    /// Monotonic time. It does not count while the machine is suspended.
    pub fn now(&self) -> Instant {
        match &self.0.mode {
            Mode::Real => Instant::now(),
            Mode::Virtual(time) => time.origin + time.elapsed(),
        }
    }

    /// Wall-clock time, which may step in either direction.
    pub fn wall(&self) -> Timestamp {
        match &self.0.mode {
            Mode::Real => Timestamp::now(),
            Mode::Virtual(time) => {
                time.wall_origin().saturating_add(time.elapsed()).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Sleeps for `duration`, at the clock's granularity (a millisecond on the real one); for a century where it is longer.
    /// Cancel safe.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.after(duration))
    }

    /// The instant `duration` from now; a century from now where that is beyond what an instant can say.
    pub(crate) fn after(&self, duration: Duration) -> Instant {
        self.now().checked_add(duration).unwrap_or_else(|| self.far_future())
    }

    /// Sleeps until `deadline`; at once where that has passed. Cancel safe.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { clock: self.clone(), deadline, id: None, asleep: None, watches: false }
    }

    /// Sleeps until `deadline`; for ever where there is none. Cancel safe.
    pub(crate) async fn wait_until(&self, deadline: Option<Instant>) {
        match deadline {
            Some(deadline) => self.sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Sleeps until the wall clock shows `instant`, whatever it does meanwhile. Cancel safe.
    pub async fn sleep_until_wall(&self, instant: Timestamp) {
        while self.wall() < instant {
            tokio::select! {
                () = self.sleep_until(self.towards(instant)) => {}
                () = self.wall_was_set() => {}
            }
        }
    }

    /// The wall clock of a virtual clock is set, which happens only while nothing runs. A real one is never known to be: whoever
    /// waits for it looks again every half minute. Cancel safe.
    pub(crate) async fn wall_was_set(&self) {
        match &self.0.mode {
            Mode::Real => std::future::pending().await,
            Mode::Virtual(time) => time.wall_was_set.notified().await,
        }
    }

    /// A timer that watches over something else (a timeout): it is no sign that the run itself is asleep.
    pub(crate) fn watch_until(&self, deadline: Instant) -> Sleep {
        let mut sleep = self.sleep_until(deadline);
        sleep.watches = true;
        sleep
    }

    /// The monotonic instant at which to look at the wall clock again when waiting for `instant`.
    pub(crate) fn towards(&self, instant: Timestamp) -> Instant {
        let left = Duration::try_from(instant.duration_since(self.wall())).unwrap_or(Duration::ZERO);
        let left = match self.0.mode {
            Mode::Real => left.min(WALL_RECHECK),
            Mode::Virtual(_) => left,
        };
        self.after(left)
    }

    /// Fires the timers of a real clock. One such future runs for each host; it never ends.
    pub(crate) async fn drive(self) -> std::convert::Infallible {
        loop {
            let earlier = self.0.earlier.notified();
            match self.sleeps_until_first() {
                Some(first) => tokio::select! {
                    () = tokio::time::sleep_until(first.into()) => self.fire_due(),
                    () = earlier => {}
                },
                None => earlier.await,
            }
        }
    }

    /// When the first timer is due, and the driver looks again.
    fn sleeps_until_first(&self) -> Option<Instant> {
        let mut timers = self.timers();
        timers.driver_sleeps_until = timers.entries.first_key_value().map(|(&(due, _), _)| due);
        timers.driver_sleeps_until
    }

    /// When the first timer is due.
    #[cfg_attr(not(any(test, feature = "testing")), allow(dead_code))]
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers().entries.first_key_value().map(|(&(due, _), _)| due)
    }

    /// Wakes everyone whose timer is due.
    pub(crate) fn fire_due(&self) {
        let due = self.timers().take_due(self.now());
        for waker in due.into_values() {
            // A waker is a user's code, and this may be the thread that everything hangs on.
            if let Err(payload) = panics::catch(|| waker.wake()) {
                panics::discard(payload);
            }
        }
    }

    /// As far ahead as anyone will wait: a century.
    fn far_future(&self) -> Instant {
        self.now() + Duration::from_secs(100 * 365 * 24 * 60 * 60)
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        // No code of a user runs under this lock, and the map is whole between any two statements.
        self.0.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What only a virtual clock can do; a real one ignores it.
impl Clock {
    /// Counts a run as in flight until the guard is dropped.
    pub(crate) fn run_started(&self) -> RunInFlight {
        if let Mode::Virtual(time) = &self.0.mode {
            time.runs.fetch_add(1, Ordering::Relaxed);
            return RunInFlight(Some(self.clone()));
        }
        RunInFlight(None)
    }

    /// Counts the run on `seat` as asleep until the guard is dropped; once, however many sleeps it is in.
    pub(crate) fn run_asleep(&self, seat: Option<Arc<Seat>>) -> Option<RunAsleep> {
        let Mode::Virtual(time) = &self.0.mode else { return None };
        let seat = seat?;
        if seat.sleeps.fetch_add(1, Ordering::Relaxed) == 0 {
            time.sleeping.fetch_add(1, Ordering::Relaxed);
        }
        Some(RunAsleep { clock: self.clone(), seat })
    }

    /// Runs in flight that are not merely waiting for a timer of this clock.
    #[cfg_attr(not(feature = "testing"), allow(dead_code))]
    pub(crate) fn busy_runs(&self) -> usize {
        match &self.0.mode {
            Mode::Real => 0,
            Mode::Virtual(time) => {
                time.runs.load(Ordering::Relaxed).saturating_sub(time.sleeping.load(Ordering::Relaxed))
            }
        }
    }

    /// Sets what a virtual clock shows on the wall; monotonic time goes on as before. Ignored by a real clock.
    ///
    /// For what is tested without a host. With one, [`TestHost::set_wall`](crate::testing::TestHost::set_wall) also
    /// runs what is due.
    #[cfg(any(test, feature = "testing"))]
    pub fn set_wall(&self, wall: Timestamp) {
        if let Mode::Virtual(time) = &self.0.mode {
            *time.wall_origin() = wall.saturating_sub(time.elapsed()).unwrap_or(Timestamp::MIN);
            time.wall_was_set.notify_waiters();
        }
    }

    /// Moves a virtual clock forward and wakes whoever is due. Ignored by a real clock.
    ///
    /// For what is tested without a host. With one, [`TestHost::advance`](crate::testing::TestHost::advance) stops at
    /// each timer on the way, and runs what is due.
    #[cfg(any(test, feature = "testing"))]
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.after(by));
    }

    /// Moves a virtual clock forward to `instant` and wakes whoever is due.
    #[cfg_attr(not(feature = "testing"), allow(dead_code))]
    pub(crate) fn advance_to(&self, instant: Instant) {
        if let Mode::Virtual(time) = &self.0.mode {
            let elapsed = instant.saturating_duration_since(time.origin).as_nanos();
            time.elapsed_nanos.fetch_max(u64::try_from(elapsed).unwrap_or(u64::MAX), Ordering::Relaxed);
            self.fire_due();
        }
    }
}

impl VirtualTime {
    fn wall_origin(&self) -> MutexGuard<'_, Timestamp> {
        self.wall_origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_nanos.load(Ordering::Relaxed))
    }
}

impl Timers {
    fn insert(&mut self, due: Instant, waker: Waker) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.entries.insert((due, id), waker);
        id
    }

    fn take_due(&mut self, now: Instant) -> BTreeMap<(Instant, u64), Waker> {
        if self.entries.first_key_value().is_none_or(|(&(first, _), _)| first > now) {
            return BTreeMap::new();
        }
        let later = self.entries.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.entries, later)
    }
}

/// A run in flight, for as long as it lives.
#[derive(Debug)]
pub(crate) struct RunInFlight(Option<Clock>);

impl Drop for RunInFlight {
    fn drop(&mut self) {
        if let Some(Clock(shared)) = &self.0
            && let Mode::Virtual(time) = &shared.mode
        {
            time.runs.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A run that waits for a timer.
#[derive(Debug)]
pub(crate) struct RunAsleep {
    clock: Clock,
    seat: Arc<Seat>,
}

impl Drop for RunAsleep {
    fn drop(&mut self) {
        if self.seat.sleeps.fetch_sub(1, Ordering::Relaxed) == 1
            && let Mode::Virtual(time) = &self.clock.0.mode
        {
            time.sleeping.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The future of [`Clock::sleep`].
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    clock: Clock,
    deadline: Instant,
    id: Option<u64>,
    /// Counts it among the sleeping runs of a virtual clock.
    asleep: Option<RunAsleep>,
    watches: bool,
}

impl Sleep {
    /// The instant at which it ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    fn register(&mut self, waker: &Waker) {
        let mut timers = self.clock.timers();
        if let Some(id) = self.id
            && let Some(known) = timers.entries.get_mut(&(self.deadline, id))
        {
            known.clone_from(waker);
            return;
        }
        let id = timers.insert(self.deadline, waker.clone());
        let sleeps_too_long = timers.driver_sleeps_until.is_none_or(|until| self.deadline < until);
        if sleeps_too_long {
            // Once is enough, however many come before it has looked.
            timers.driver_sleeps_until = Some(self.deadline);
        }
        drop(timers);
        self.id = Some(id);
        if sleeps_too_long {
            self.clock.0.earlier.notify_one();
        }
    }

    fn count(&mut self) {
        if !self.watches && self.asleep.is_none() && !self.clock.is_real() {
            self.asleep = self.clock.run_asleep(current::seat_of_run());
        }
    }

    fn clear(&mut self) {
        if let Some(id) = self.id.take() {
            self.clock.timers().entries.remove(&(self.deadline, id));
        }
        self.asleep = None;
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.deadline {
            self.clear();
            return Poll::Ready(());
        }
        self.register(cx.waker());
        self.count();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Wake;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll(sleep: &mut Sleep, woken: &Arc<Woken>) -> Poll<()> {
        Pin::new(sleep).poll(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
    }

    fn noon() -> Clock {
        Clock::virtual_at("2026-03-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_virtual_sleep_ends_exactly_when_the_clock_gets_there() {
        let clock = noon();
        let woken = Arc::new(Woken::default());
        let mut sleep = clock.sleep(MINUTE);
        assert!(poll(&mut sleep, &woken).is_pending());
        clock.advance_to(clock.now() + MINUTE - Duration::from_nanos(1));
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        clock.advance_to(sleep.deadline());
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(poll(&mut sleep, &woken).is_ready());
        assert_eq!(clock.wall().to_string(), "2026-03-01T12:01:00Z");
    }

    #[test]
    fn the_last_waker_that_polled_is_the_one_that_is_woken() {
        let clock = noon();
        let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let mut sleep = clock.sleep(MINUTE);
        assert!(poll(&mut sleep, &first).is_pending());
        assert!(poll(&mut sleep, &second).is_pending());
        clock.advance_to(sleep.deadline());
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (0, 1));
    }

    #[test]
    fn a_dropped_sleep_leaves_nothing_behind() {
        let clock = noon();
        let woken = Arc::new(Woken::default());
        let mut sleep = clock.sleep(MINUTE);
        assert!(poll(&mut sleep, &woken).is_pending());
        assert!(clock.next_timer().is_some());
        drop(sleep);
        assert_eq!(clock.next_timer(), None);
    }

    #[test]
    fn a_real_wait_for_a_wall_instant_looks_again_within_thirty_seconds() {
        let clock = Clock::real();
        let look = clock.towards(clock.wall() + DAY);
        assert!(look <= clock.now() + WALL_RECHECK);
    }

    #[tokio::test]
    async fn the_driver_wakes_a_sleeper_that_came_after_a_later_one() {
        let clock = Clock::real();
        let driver = tokio::spawn(clock.clone().drive());
        let long = tokio::spawn(clock.sleep(HOUR));
        tokio::task::yield_now().await;
        clock.sleep(Duration::from_millis(5)).await;
        assert!(!long.is_finished());
        driver.abort();
        long.abort();
    }
}
