//! Handlers that outlive their requeue: a worker whose beats never arrive, and which is told that they did. Whatever it says of its
//! jobs after they were taken back is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ostler::{Host, HostHandle, State};
use ostler_jobs::store::{Beat, ClaimRequest, Claimed, Finish, Pending, Verdict, WorkerBeat};
use ostler_jobs::{Client, Job, JobArgs, JobState, Store, WorkerId, Workers};
use ostler_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::process::Scratch;
use crate::results;

const ROUNDS: usize = 100;
const LEASE: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
struct Late(usize);

impl JobArgs for Late {
    const KIND: &'static str = "late";
}

/// What the rounds have come to.
#[derive(Clone)]
struct Rounds {
    began: Arc<Semaphore>,
    /// Opened when all second attempts have ended.
    open: Arc<Semaphore>,
    second: Arc<AtomicUsize>,
}

/// The first attempt returns only after the second one has ended.
async fn late(job: Job<Late>, State(rounds): State<Rounds>) {
    if job.attempt() == 1 {
        rounds.began.add_permits(1);
        let _open = rounds.open.acquire().await;
    } else if rounds.second.fetch_add(1, Ordering::SeqCst) + 1 == ROUNDS {
        rounds.open.add_permits(ROUNDS);
    }
}

#[test]
fn a_hundred_late_writes_of_a_hundred_are_refused() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test());
}

async fn test() {
    let scratch = Scratch::new("zombies");
    let store = SqliteStore::open(scratch.path().join("jobs.db")).await.unwrap();
    let client = Client::new(store.clone());
    let jobs = client.enqueue_all((0..ROUNDS).map(Late)).await.unwrap();
    let rounds = Rounds {
        began: Arc::new(Semaphore::new(0)),
        open: Arc::new(Semaphore::new(0)),
        second: Arc::default(),
    };
    let unheard = Unheard { store: store.clone(), claimed: Arc::default(), seen: Arc::default() };
    let (zombie, zombie_ends) = host(unheard.clone(), &rounds);
    rounds.began.acquire_many(ROUNDS as u32).await.unwrap().forget();
    let (live, live_ends) = host(store.clone(), &rounds);

    let (mut refused, mut accepted, waiting) = (0, 0, Instant::now());
    while refused + accepted < ROUNDS {
        assert!(
            waiting.elapsed() < Duration::from_secs(60),
            "{refused} refused and {accepted} accepted in a minute"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
        (refused, accepted) = unheard.seen.counts();
    }
    println!("{refused} of {ROUNDS} late writes refused");
    assert_eq!((refused, accepted), (ROUNDS, 0));
    results::zombies(refused, ROUNDS);
    for job in jobs {
        let status = job.status().await.unwrap().unwrap();
        assert_eq!((status.state, status.attempts), (JobState::Done, 2), "{status:?}");
    }
    zombie.stop();
    live.stop();
    zombie_ends.await.unwrap().unwrap();
    live_ends.await.unwrap().unwrap();
    store.close().await;
}

type Ends = tokio::task::JoinHandle<Result<ostler::Report, ostler::Error>>;

fn host(store: impl Store, rounds: &Rounds) -> (HostHandle, Ends) {
    // Poison off: jobs that were taken back are no suspects, which would run one by one.
    let workers = Workers::new(store).queue("default", ROUNDS).lease(LEASE).no_poison().handle(late);
    let host = Host::new(rounds.clone()).mount("jobs", workers);
    let handle = host.handle();
    (handle, tokio::spawn(host.run()))
}

/// A store that hears no beat, and says that it did. It has no more jobs for the worker either, which would learn by its claim that it
/// has expired.
#[derive(Clone)]
struct Unheard {
    store: SqliteStore,
    claimed: Arc<AtomicBool>,
    seen: Arc<Verdicts>,
}

#[derive(Default)]
struct Verdicts {
    refused: AtomicUsize,
    accepted: AtomicUsize,
}

impl Verdicts {
    fn note(&self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            let count = if *verdict == Verdict::Stale { &self.refused } else { &self.accepted };
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.refused.load(Ordering::SeqCst), self.accepted.load(Ordering::SeqCst))
    }
}

impl Store for Unheard {
    fn beat(&self, _worker: WorkerId) -> Pending<'_, Beat> {
        Box::pin(async { Ok(Beat::Alive { cancels: Vec::new() }) })
    }

    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        Box::pin(async {
            let verdicts = self.store.finish(ends).await?;
            self.seen.note(&verdicts);
            Ok(verdicts)
        })
    }

    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed> {
        match self.claimed.swap(true, Ordering::SeqCst) {
            false => self.store.claim(request),
            true => Box::pin(async { Ok(Claimed::default()) }),
        }
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        // It has nobody to look for.
        Box::pin(async { Ok(Vec::new()) })
    }

    forward! { insert join leave expire stage prune cancel pause resume paused status counts hints }
}
