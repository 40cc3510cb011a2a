//! Jobs under test: workers on the memory store and a virtual clock, in a plain `#[test]`, with no real waiting.
//!
//! ```
//! use ostler::State;
//! use ostler_jobs::testing::TestJobs;
//! use ostler_jobs::{Client, JobArgs, JobState};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Order { number: u64 }
//! impl JobArgs for Order { const KIND: &'static str = "order"; }
//!
//! #[derive(Serialize, Deserialize, Debug, PartialEq)]
//! struct Receipt { order: u64 }
//! impl JobArgs for Receipt { const KIND: &'static str = "receipt"; }
//!
//! /// What is under test: it enqueues a receipt for each order.
//! async fn take_order(order: Order, jobs: State<Client>) -> Result<(), ostler_jobs::StoreError> {
//!     jobs.enqueue(Receipt { order: order.number }).await?;
//!     Ok(())
//! }
//!
//! let mut jobs = TestJobs::start_with(Client::clone, |workers| workers.handle(take_order))?;
//! let order = jobs.enqueue(Order { number: 7 });
//! assert_eq!(jobs.state(order), JobState::Ready, "nothing runs before the test says so");
//!
//! jobs.run_due();
//! assert_eq!(jobs.state(order), JobState::Done);
//! assert_eq!(jobs.enqueued::<Receipt>(), [Receipt { order: 7 }]);
//! jobs.stop()?;
//! # Ok::<(), ostler::Error>(())
//! ```
//!
//! Jobs that fail are tried again by their policy; the test moves on to that time:
//!
//! ```
//! # use ostler_jobs::testing::TestJobs;
//! # use ostler_jobs::{Job, JobArgs, JobState, Policy};
//! # use ostler::{SECOND, backoff::Backoff};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Serialize, Deserialize)]
//! # struct Flaky;
//! impl JobArgs for Flaky {
//!     const KIND: &'static str = "flaky";
//!     fn policy() -> Policy {
//!         Policy::new().backoff(Backoff::constant(10 * SECOND).jitter(0.0))
//!     }
//! }
//!
//! async fn second_time_lucky(job: Job<Flaky>) -> Result<(), &'static str> {
//!     if job.attempt() == 1 { Err("the mail server is away") } else { Ok(()) }
//! }
//!
//! let mut jobs = TestJobs::start((), |workers| workers.handle(second_time_lucky))?;
//! let flaky = jobs.enqueue(Flaky);
//! jobs.run_due();
//! assert_eq!(jobs.state(flaky), JobState::Scheduled);
//! assert_eq!(jobs.status(flaky).error.as_deref(), Some("the mail server is away"));
//!
//! assert_eq!(jobs.advance_to_retry(), flaky);
//! assert_eq!(jobs.state(flaky), JobState::Done);
//! # jobs.stop()?;
//! # Ok::<(), ostler::Error>(())
//! ```

use std::fmt;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use ostler::testing::{DEFAULT_START, TestHost};
use ostler::{Clock, Error, HOUR, Host, Report};

use crate::client::Client;
use crate::id::JobId;
use crate::job::{JobArgs, NewJob};
use crate::memory::MemoryStore;
use crate::state::JobState;
use crate::store::JobStatus;
use crate::workers::Workers;

/// The unit's name in the host under test.
const UNIT: &str = "jobs";

/// Workers under test. Time stands still but for [`advance`](Self::advance) and [`advance_to_retry`](Self::advance_to_retry). Jobs begin in
/// these two and in [`run_due`](Self::run_due), and none in [`enqueue`](Self::enqueue): what that enqueues can be looked at first. Where
/// [`block_on`](Self::block_on) has to wait for its future, they may begin as well.
pub struct TestJobs {
    host: TestHost,
    store: MemoryStore,
    client: Client,
}

impl TestJobs {
    /// Starts workers on a host with this state, at the wall-clock time [`DEFAULT_START`]. `workers` adds handlers and settings.
    ///
    /// # Errors
    /// What the start ended with: mistakes in the workers.
    ///
    /// # Panics
    /// Inside of an async runtime, as all methods that run something.
    pub fn start<S: Send + Sync + 'static>(
        state: S,
        workers: impl FnOnce(Workers<S>) -> Workers<S>,
    ) -> Result<Self, Error> {
        Self::start_with(|_| state, workers)
    }

    /// The same with a state that holds the client of the store under test.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with<S: Send + Sync + 'static>(
        state: impl FnOnce(&Client) -> S,
        workers: impl FnOnce(Workers<S>) -> Workers<S>,
    ) -> Result<Self, Error> {
        Self::start_at(DEFAULT_START, state, workers)
    }

    /// The same at another wall-clock time.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_at<S: Send + Sync + 'static>(
        wall: Timestamp,
        state: impl FnOnce(&Client) -> S,
        workers: impl FnOnce(Workers<S>) -> Workers<S>,
    ) -> Result<Self, Error> {
        let clock = Clock::virtual_at(wall);
        let store = MemoryStore::on(clock.clone());
        let client = Client::new(store.clone());
        // All hints come from this process, so looking without one would only make a year of a test long.
        let base = Workers::new(store.clone()).lease(HOUR).poll(HOUR);
        let host = Host::new(state(&client)).mount(UNIT, workers(base));
        let host = TestHost::start_on(host, clock)?;
        Ok(Self { host, store, client })
    }

    /// The client of the store, for code under test. What it enqueues is seen here.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Enqueues a job. It does not run yet.
    ///
    /// # Panics
    /// When the store refuses it.
    #[track_caller]
    pub fn enqueue<A: JobArgs>(&mut self, job: impl Into<NewJob<A>>) -> JobId {
        match self.host.block_on(self.client.enqueue(job)) {
            Ok(job) => job.id(),
            Err(error) => panic!("the job was not enqueued: {error}"),
        }
    }

    /// Runs a future of the code under test until it is ready, as [`TestHost::block_on`] does. Jobs may begin meanwhile.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.host.block_on(future)
    }

    /// Runs all jobs that are due, and those that they enqueue, until none can go on: each has ended, waits for the clock, or is due
    /// later.
    pub fn run_due(&mut self) {
        self.host.run_until_idle();
    }

    /// Moves the clock forward, and runs what comes due on the way at its time.
    pub fn advance(&mut self, by: Duration) {
        self.host.advance(by);
    }

    /// Moves the clock to when the next job is due, a retry or one that was enqueued for later, and runs what can run then; which job it
    /// was. One that no handler here takes is ready afterwards, and has not run.
    ///
    /// # Panics
    /// When no job is scheduled.
    #[track_caller]
    pub fn advance_to_retry(&mut self) -> JobId {
        self.run_due();
        let scheduled = self.store.all().into_iter().filter_map(|(job, _)| Some((job.due?, job.id)));
        let Some((due, job)) = scheduled.min_by_key(|(due, _)| *due) else {
            panic!("no job is scheduled:\n{}", self.table())
        };
        let left = due.duration_since(self.host.clock().wall());
        self.advance(Duration::try_from(left).unwrap_or_default());
        job
    }

    /// What is known of a job.
    ///
    /// # Panics
    /// When there is none, or none any more: finished jobs are kept as their kind's policy says.
    #[track_caller]
    pub fn status(&self, job: JobId) -> JobStatus {
        let found = self.store.all().into_iter().map(|(status, _)| status).find(|status| status.id == job);
        found.unwrap_or_else(|| panic!("there is no job {job}, or none any more:\n{}", self.table()))
    }

    /// The state of a job.
    ///
    /// # Panics
    /// As [`status`](Self::status).
    #[track_caller]
    pub fn state(&self, job: JobId) -> JobState {
        self.status(job).state
    }

    /// All jobs of a kind with their arguments, in the order in which they were enqueued; finished ones that are kept among them.
    ///
    /// # Panics
    /// When the arguments of one are not those of the kind.
    #[track_caller]
    pub fn jobs<A: JobArgs>(&self) -> Vec<(JobStatus, A)> {
        let all = self.store.all().into_iter().filter(|(status, _)| &*status.kind == A::KIND);
        all.map(|(status, args)| {
            let args = read(&args)
                .unwrap_or_else(|error| panic!("job {} is not a `{}`: {error}", status.id, A::KIND));
            (status, args)
        })
        .collect()
    }

    /// The arguments of all jobs of a kind, as [`jobs`](Self::jobs).
    ///
    /// # Panics
    /// As [`jobs`](Self::jobs).
    #[track_caller]
    pub fn enqueued<A: JobArgs>(&self) -> Vec<A> {
        self.jobs().into_iter().map(|(_, args)| args).collect()
    }

    /// Asserts that a job of a kind was enqueued whose arguments are like this.
    ///
    /// # Panics
    /// When there is none; as [`jobs`](Self::jobs).
    #[track_caller]
    pub fn assert_enqueued<A: JobArgs>(&self, is_it: impl Fn(&A) -> bool) {
        let found = self.enqueued::<A>().iter().any(is_it);
        assert!(found, "no `{}` like this was enqueued:\n{}", A::KIND, self.table());
    }

    /// The host under test: its clock, the health of the unit `jobs`.
    pub fn host(&mut self) -> &mut TestHost {
        &mut self.host
    }

    /// Stops the workers, moving the clock as far as the stop needs.
    ///
    /// # Errors
    /// As [`Host::run`].
    pub fn stop(self) -> Result<Report, Error> {
        self.host.stop()
    }

    /// All jobs, a line each, for the texts of assertions.
    fn table(&self) -> String {
        let line = |(job, args): (JobStatus, std::sync::Arc<str>)| {
            let due = job.due.map(|due| format!(", due {due}")).unwrap_or_default();
            format!("  {} {} {args}: {}{due}\n", job.id, job.kind, job.state)
        };
        self.store.all().into_iter().map(line).collect()
    }
}

fn read<A: JobArgs>(args: &str) -> Result<A, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(args);
    reader.disable_recursion_limit();
    A::deserialize(&mut reader)
}

impl fmt::Debug for TestJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestJobs at {}\n{}", self.host.clock().wall(), self.table())
    }
}
