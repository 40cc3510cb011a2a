//! A host under test: on a virtual clock, in a plain `#[test]`, with no real waiting.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use ostler::{DAY, Host, State, cron, testing::TestHost};
//!
//! let reports = Arc::new(AtomicU32::new(0));
//! async fn report(reports: State<Arc<AtomicU32>>) {
//!     reports.fetch_add(1, Ordering::Relaxed);
//! }
//!
//! let host = Host::new(Arc::clone(&reports)).task("report", cron("0 8 * * *", "Europe/Oslo"), report);
//! let mut test = TestHost::start(host)?;
//! test.advance(365 * DAY);
//! assert_eq!(reports.load(Ordering::Relaxed), 365);
//! test.stop()?;
//! # Ok::<(), ostler::Error>(())
//! ```

// The test kit is the one part that waits in real time, to notice that nothing happens any more.
#![allow(clippy::disallowed_methods)]

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::control::{Action, ControlError};
use crate::error::Error;
use crate::handle::HostHandle;
use crate::host::{self, Host};
use crate::record::{UnitState, UnitStatus};
use crate::report::Report;

/// The wall-clock time at which a test begins unless [`TestHost::start_at`] says otherwise: 2026-01-01, midnight UTC.
pub const DEFAULT_START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A run that does nothing for this long in real time is taken to be stuck, and the virtual clock overtakes it, so that
/// its timeout can be tested. Real work of a test (a query, a blocking call) takes a small part of it.
pub const DEFAULT_QUIET: Duration = Duration::from_secs(1);

/// How often a busy host is looked at, in real time.
const LOOK: Duration = Duration::from_millis(1);

/// A host that runs on a virtual clock, driven by the test.
///
/// Time stands still until [`advance`](Self::advance) moves it, and nothing runs between two calls. Each call returns
/// when the host is idle: every future waits, and no run is in flight but those that wait for the clock. Signals are
/// not handled and probes are not served.
///
/// What user code waits for must be the host's [`Clock`] or real work; a sleep of tokio's is real time. A run that waits for
/// the clock *and* for real work (a `select!` of both) counts as waiting for the clock.
pub struct TestHost {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    clock: Clock,
    handle: HostHandle,
    parking: Arc<Parking>,
    host: JoinHandle<Result<Report, Error>>,
    quiet: Duration,
    /// Runs that were found stuck and are not waited for.
    overtaken: usize,
}

impl TestHost {
    /// Starts `host` at [`DEFAULT_START`] and runs it until it is idle.
    ///
    /// # Errors
    /// What the start ended with, where it failed.
    pub fn start<S: Send + Sync + 'static>(host: Host<S>) -> Result<Self, Error> {
        Self::start_at(host, DEFAULT_START)
    }

    /// Starts `host` at this wall-clock time and runs it until it is idle.
    ///
    /// # Errors
    /// What the start ended with, where it failed.
    pub fn start_at<S: Send + Sync + 'static>(host: Host<S>, wall: Timestamp) -> Result<Self, Error> {
        Self::start_on(host, Clock::virtual_at(wall))
    }

    /// Starts `host` on this clock ([`Clock::virtual_at`]), which others may read as well, and runs it until it is idle.
    ///
    /// # Errors
    /// What the start ended with, where it failed.
    ///
    /// # Panics
    /// Where the clock is the machine's, which no test can advance.
    pub fn start_on<S: Send + Sync + 'static>(host: Host<S>, clock: Clock) -> Result<Self, Error> {
        assert!(!clock.is_real(), "a test host needs a virtual clock");
        let parking = Arc::new(Parking::default());
        let told = Arc::clone(&parking);
        let runtime =
            Builder::new_current_thread().enable_all().on_thread_park(move || told.parks()).build()?;
        let mut prepared = host.into_prepared();
        prepared.process = false;
        prepared.probes = None;
        let handle = prepared.handle.clone();
        let host = runtime.spawn(host::run(prepared, clock.clone()));
        let runtime = Some(runtime);
        let mut test = Self { runtime, clock, handle, parking, host, quiet: DEFAULT_QUIET, overtaken: 0 };
        test.run_until_idle();
        if test.has_ended() && !test.handle.board().was_ready() {
            return Err(test.result().err().unwrap_or_else(|| "the host ended during its start".into()));
        }
        Ok(test)
    }

    /// How long, in real time, a run may do nothing before the clock overtakes it (default [`DEFAULT_QUIET`]).
    pub fn quiet_after(&mut self, quiet: Duration) {
        self.quiet = quiet;
    }

    /// Moves the clock forward, stopping at every timer on the way and running the host until it is idle there.
    ///
    /// # Panics
    /// Inside of an async runtime, as all methods that run the host.
    pub fn advance(&mut self, by: Duration) {
        let end = self.clock.after(by);
        self.run_until_idle();
        while let Some(timer) = self.clock.next_timer().filter(|&timer| timer <= end) {
            self.clock.advance_to(timer);
            self.run_until_idle();
        }
        self.clock.advance_to(end);
        self.run_until_idle();
    }

    /// Sets the wall clock, forward or back, as an administrator or a time server does, and runs the host until it is idle. Forward
    /// is also what a machine sees that was suspended: monotonic time, by which intervals and sleeps go, stands still meanwhile.
    ///
    /// A host on the machine's own clock sees such a step within half a minute, this one at once.
    ///
    /// ```
    /// # use ostler::{DAY, Host, MINUTE, cron, testing::TestHost};
    /// # async fn report() {}
    /// let mut test = TestHost::start(Host::new(()).task("report", cron("0 8 * * *", "UTC"), report))?;
    /// test.set_wall(test.clock().wall() + 3 * DAY);
    /// let report = test.unit("report");
    /// assert_eq!((report.runs, report.skipped), (1, 2), "one run stands for all that were missed");
    /// # test.stop()?;
    /// # Ok::<(), ostler::Error>(())
    /// ```
    pub fn set_wall(&mut self, wall: Timestamp) {
        self.clock.set_wall(wall);
        self.run_until_idle();
    }

    /// Runs the host until it is idle, without moving the clock.
    pub fn run_until_idle(&mut self) {
        let Some(runtime) = &self.runtime else { return };
        self.overtaken = runtime.block_on(idle(&self.parking, &self.clock, self.quiet, self.overtaken));
    }

    /// Runs `future` on the host's runtime until it is ready: to send to a queue, to make a request. The clock stands
    /// still, so a future that waits for it never is.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.runtime.as_ref().expect("the runtime is there until the drop").block_on(future)
    }

    /// Triggers a task and runs it.
    ///
    /// # Errors
    /// As [`HostHandle::trigger`].
    pub fn trigger(&mut self, name: &str) -> Result<(), ControlError> {
        let handle = self.handle.clone();
        self.block_on(handle.trigger(name))?;
        self.run_until_idle();
        Ok(())
    }

    /// Runs `future` until it is ready, moving the clock on whenever nothing else can happen: for what takes the host's own
    /// time, as `handle.restart("http")` does.
    ///
    /// # Panics
    /// When it waits for something that is not the host's clock, and is never ready.
    pub fn settle<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        loop {
            if let Poll::Ready(output) = self.poll_once(future.as_mut()) {
                return output;
            }
            self.run_until_idle();
            if let Poll::Ready(output) = self.poll_once(future.as_mut()) {
                return output;
            }
            let timer =
                self.clock.next_timer().expect("the future is not ready and the host waits for no timer");
            self.clock.advance_to(timer);
        }
    }

    fn poll_once<F: Future>(&mut self, mut future: Pin<&mut F>) -> Poll<F::Output> {
        self.block_on(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))))
    }

    /// Makes the running instance of a service fail, as a crash would, and lets the host do what follows now.
    ///
    /// # Errors
    /// There is no such unit, it is no service, or it does not run.
    pub fn crash(&mut self, name: &str) -> Result<(), ControlError> {
        let handle = self.handle.clone();
        self.block_on(handle.ask(name, Action::Crash))?;
        self.run_until_idle();
        Ok(())
    }

    /// Asserts that a service was restarted so often, and that it is up again.
    ///
    /// # Panics
    /// When it was not; when there is no such unit.
    #[track_caller]
    pub fn assert_restarts(&self, name: &str, restarts: u64) {
        let unit = self.unit(name);
        assert_eq!(unit.restarts, restarts, "restarts of `{name}`, which is {}", unit.state);
        assert_eq!(
            unit.state,
            UnitState::Running,
            "`{name}` after {restarts} restarts: {:?}",
            unit.last_error
        );
    }

    /// Stops the host and asserts that this took no longer than `limit` of its clock and that no unit outlived its grace. The
    /// report is returned.
    ///
    /// # Panics
    /// When it took longer, a unit overran, or the host ended with an error.
    #[track_caller]
    pub fn assert_shutdown_within(self, limit: Duration) -> Report {
        let report = match self.stop() {
            Ok(report) => report,
            Err(error) => panic!("the host ended with an error: {error:?}"),
        };
        let late: Vec<&str> = report.overrunners().map(|unit| unit.name.as_str()).collect();
        assert!(late.is_empty(), "units that outlived their grace: {}", late.join(", "));
        assert!(report.took() <= limit, "the stop took {:?}, more than {limit:?}", report.took());
        report
    }

    /// A snapshot of the unit called `name`.
    ///
    /// # Panics
    /// When there is none.
    pub fn unit(&self, name: &str) -> UnitStatus {
        self.handle.unit(name).unwrap_or_else(|| panic!("the host under test has no unit `{name}`"))
    }

    /// The host's handle.
    pub fn handle(&self) -> &HostHandle {
        &self.handle
    }

    /// The host's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the host has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.host.is_finished()
    }

    /// Stops the host, moving the clock as far as the stop needs, and returns its report. Where it has ended by itself,
    /// what it ended with.
    ///
    /// # Errors
    /// As [`Host::run`].
    ///
    /// # Panics
    /// When the host waits for something that is not its clock, and does not end.
    pub fn stop(mut self) -> Result<Report, Error> {
        self.handle.stop();
        loop {
            self.run_until_idle();
            if self.has_ended() {
                return self.result();
            }
            let timer = self.clock.next_timer().expect("the host does not end and waits for no timer");
            self.clock.advance_to(timer);
        }
    }

    fn result(mut self) -> Result<Report, Error> {
        let runtime = self.runtime.take().expect("the runtime is there until the drop");
        let result = runtime.block_on(&mut self.host);
        runtime.shutdown_background();
        result.unwrap_or_else(|error| Err(error.into()))
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not a plain drop, which would wait for blocking calls.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for TestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHost")
            .field("wall", &self.clock.wall())
            .field("host", &self.handle)
            .finish_non_exhaustive()
    }
}

/// Waits until the runtime has nothing to do and no run is in flight, but for stuck ones; how many those are.
async fn idle(parking: &Parking, clock: &Clock, quiet: Duration, mut overtaken: usize) -> usize {
    let mut seen = (usize::MAX, Instant::now());
    loop {
        parking.parked().await;
        let busy = clock.busy_runs();
        if busy <= overtaken {
            return busy;
        }
        if seen.0 != busy {
            seen = (busy, Instant::now());
        } else if seen.1.elapsed() >= quiet {
            overtaken = busy;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells when the runtime's one thread parks, which it does when no task can go on.
#[derive(Debug, Default)]
struct Parking {
    armed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Parking {
    /// Called by the runtime.
    fn parks(&self) {
        if self.armed.swap(false, Ordering::AcqRel)
            && let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            waker.wake();
        }
    }

    /// Resolves when the thread parks for the first time from now on.
    async fn parked(&self) {
        let mut waits = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut waits, true) && !self.armed.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            self.armed.store(true, Ordering::Release);
            Poll::Pending
        })
        .await;
    }
}
