//! What the tests share: a kind of jobs whose arguments say what its handler does, and a host that works it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::testing::{DEFAULT_START, TestHost};
use ostler::{Clock, Halt, Host, SECOND, State, Stop};
use ostler_jobs::store::ClaimRequest;
use ostler_jobs::{
    Ack, Client, Job, JobArgs, JobId, JobState, JobStatus, Json, MemoryStore, NewJob, Policy, Store, Workers,
};
use serde::{Deserialize, Serialize};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn count(&self, event: &str) -> usize {
        self.all().iter().filter(|known| *known == event).count()
    }
}

/// Blocking calls wait here until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, std::sync::Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let opened = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(opened, |is_open| !*is_open).unwrap());
    }
}

#[derive(Clone, Default)]
pub(crate) struct App {
    pub(crate) log: Log,
    pub(crate) gate: Gate,
}

ostler::state! { App { log: Log, gate: Gate } }

/// What a handler does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Step {
    Succeed,
    Result(u64),
    Bytes(usize),
    Fail,
    FailUntil(u32),
    RetryIn(u64),
    Snooze(u64),
    Cancel,
    Discard,
    Panic,
    NastyPanic,
    NastyError,
    Sleep(u64),
    /// Ends well when it is told to stop.
    Obey,
    /// Fails when it is told to stop.
    FailOnStop,
    /// Never ends.
    Hang,
    /// Waits on the blocking pool for the gate, and ignores its stop.
    Block,
}

/// The kind under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Do(pub(crate) Step);

pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(5);

impl JobArgs for Do {
    const KIND: &'static str = "do";

    fn policy() -> Policy {
        Policy::new()
            .attempts(3)
            .backoff(Backoff::constant(10 * SECOND).jitter(0.0))
            .timeout(TIMEOUT)
            .stop_grace(STOP_GRACE)
    }
}

/// Logs when it begins, why it was told to stop, when it ends by itself, and when it is dropped.
pub(crate) async fn act(job: Job<Do>, app: State<App>, stop: Stop, clock: Clock) -> Result<Json<u64>, Halt> {
    let log = app.log.clone();
    log.add(format!("begin {}", job.attempt()));
    let _dropped = Dropped(log.clone());
    match job.args.0.clone() {
        Step::Succeed => {}
        Step::Result(number) => return Ok(Json(number)),
        Step::Fail => return Err("it failed".into()),
        Step::FailUntil(attempt) if job.attempt() < attempt => return Err("not yet".into()),
        Step::FailUntil(_) => {}
        Step::RetryIn(seconds) if job.attempt() == 1 => {
            return Err(Halt::retry_in(Duration::from_secs(seconds), "later"));
        }
        Step::RetryIn(_) => {}
        Step::Snooze(seconds) => {
            if log.count("begin 1") == 1 {
                return Err(Halt::snooze(Duration::from_secs(seconds)));
            }
        }
        Step::Cancel => return Err(Halt::cancel("not wanted")),
        Step::Discard => return Err(Halt::discard("never")),
        Step::Panic => panic!("boom"),
        Step::NastyPanic => std::panic::panic_any(PanicsWhenDropped),
        Step::NastyError => return Err(Halt::retry(PanicsWhenRead)),
        Step::Sleep(seconds) => clock.sleep(Duration::from_secs(seconds)).await,
        Step::Obey => {
            stop.requested().await;
            log.add(format!("told {:?}", stop.reason().unwrap()));
        }
        Step::FailOnStop => {
            stop.requested().await;
            return Err("stopped short".into());
        }
        Step::Hang => {
            stop.requested().await;
            log.add(format!("told {:?}", stop.reason().unwrap()));
            std::future::pending::<()>().await;
        }
        Step::Block => {
            let (gate, log) = (app.gate.clone(), log.clone());
            ostler::blocking(move || {
                gate.pass();
                log.add("blocking call over");
            })
            .await;
        }
        Step::Bytes(_) => unreachable!("it has a handler of its own"),
    }
    log.add("end");
    Ok(Json(0))
}

struct Dropped(Log);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("the payload's drop");
    }
}

#[derive(Debug)]
struct PanicsWhenRead;

impl std::fmt::Display for PanicsWhenRead {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("the error's text");
    }
}

impl std::error::Error for PanicsWhenRead {}

/// A host with workers under test.
pub(crate) struct Test {
    pub(crate) host: TestHost,
    pub(crate) store: MemoryStore,
    pub(crate) client: Client,
    pub(crate) app: App,
}

impl Test {
    /// One with the handler [`act`].
    pub(crate) fn start() -> Self {
        Self::with(|workers| workers.handle(act))
    }

    pub(crate) fn with(workers: impl FnOnce(Workers<App>) -> Workers<App>) -> Self {
        Self::on(|memory| memory, workers)
    }

    /// On a store made of the memory store.
    pub(crate) fn on<T: Store>(
        store: impl FnOnce(MemoryStore) -> T,
        workers: impl FnOnce(Workers<App>) -> Workers<App>,
    ) -> Self {
        let (clock, app) = (Clock::virtual_at(DEFAULT_START), App::default());
        let memory = MemoryStore::on(clock.clone());
        let host = Host::new(app.clone()).mount("jobs", workers(Workers::new(store(memory.clone()))));
        let mut host = TestHost::start_on(host, clock).unwrap();
        // Runs that hang are what these tests are about, and real work is waited for by what it changes.
        host.quiet_after(SECOND / 20);
        Self { host, client: Client::new(memory.clone()), store: memory, app }
    }

    /// Enqueues, and runs what can run.
    pub(crate) fn run<A: JobArgs>(&mut self, job: impl Into<NewJob<A>>) -> JobId {
        let job = self.enqueue(job);
        self.host.run_until_idle();
        job
    }

    pub(crate) fn run_step(&mut self, step: Step) -> JobId {
        self.run(Do(step))
    }

    pub(crate) fn enqueue<A: JobArgs>(&mut self, job: impl Into<NewJob<A>>) -> JobId {
        self.host.block_on(self.client.enqueue(job)).unwrap().id()
    }

    pub(crate) fn status(&self, job: JobId) -> JobStatus {
        status(&self.store, job)
    }

    pub(crate) fn state(&self, job: JobId) -> JobState {
        self.status(job).state
    }

    /// Expires all workers, as a process does that has not seen them beat.
    pub(crate) fn expire(&mut self) {
        let store = self.store.clone();
        self.host.block_on(async move {
            let beats = store.beats().await.unwrap();
            store.expire(beats).await.unwrap();
        });
    }

    pub(crate) fn stop(self) -> (MemoryStore, App) {
        self.host.stop().unwrap();
        (self.store, self.app)
    }
}

pub(crate) fn status(store: &MemoryStore, job: JobId) -> JobStatus {
    find(store, job).expect("the job is there")
}

pub(crate) fn find(store: &MemoryStore, job: JobId) -> Option<JobStatus> {
    store.all().into_iter().map(|(status, _)| status).find(|status| status.id == job)
}

/// Takes one job for a worker of another process.
pub(crate) async fn claimed_elsewhere(store: &MemoryStore, request: impl FnOnce(&mut ClaimRequest)) -> usize {
    let worker = store.join().await.unwrap();
    let mut wanted = ClaimRequest {
        worker,
        wants: vec![ostler_jobs::store::Want { queue: "default".into(), most: 1 }],
        kinds: Arc::new([Do::KIND.into()].into()),
        suspects: ostler_jobs::store::Suspects::AsOthers,
    };
    request(&mut wanted);
    store.claim(wanted).await.unwrap().claim.map_or(0, |claim| claim.jobs.len())
}

/// A kind whose slot waits until its end is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Synced(pub(crate) Step);

impl JobArgs for Synced {
    const KIND: &'static str = "synced";

    fn policy() -> Policy {
        Policy::new().ack(Ack::Sync)
    }
}
