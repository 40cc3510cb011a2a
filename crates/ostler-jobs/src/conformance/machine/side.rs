//! One of the two stores, with what it has given so far: it runs operations, and tells what they came to in numbers
//! that mean the same on both sides. A job, a claim or a worker is the how manieth that was given.

use std::sync::Arc;

use proptest::sample::Index;

use super::op::{Ending, KINDS, New, Op, QUEUES};
use crate::error::{ErrorKind, StoreError};
use crate::id::{ClaimId, JobId, WorkerId};
use crate::policy::Durability;
use crate::store::{
    Beat, CancelAnswer, ClaimRequest, Claimed, ClaimedJob, Count, Due, Finish, Insert, JobStatus, NewRow,
    Pruned, Staged, Store, Suspects, Verdict, Want, WorkerBeat,
};
use crate::unique::{Unique, UniqueKey};

/// A store and what it gave.
pub(super) struct Side<S> {
    store: S,
    jobs: Vec<JobId>,
    claims: Vec<ClaimId>,
    workers: Vec<WorkerId>,
    /// The attempts that ever were, and those of them that go on.
    attempts: Vec<Attempt>,
    open: Vec<Attempt>,
    /// The beats that were remembered.
    beats: Vec<WorkerBeat>,
}

/// That a worker has a job by a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attempt {
    claim: ClaimId,
    job: JobId,
    worker: WorkerId,
}

/// What an operation came to.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Nothing,
    /// Each job, and whether it was there before.
    Inserted(Vec<(usize, bool)>),
    /// The cancels, in order.
    Beat(Option<Vec<usize>>),
    /// The jobs, and how many suspects were left.
    Claimed(Vec<ClaimedJob>, usize),
    Finished(Vec<Verdict>),
    Expired(usize),
    Staged(Staged),
    Pruned(Pruned),
    Cancelled(CancelAnswer),
    Refused(ErrorKind),
}

/// What can be seen between two operations.
#[derive(Debug, PartialEq)]
pub(super) struct View {
    pub(super) jobs: Vec<Option<JobStatus>>,
    counts: Vec<Count>,
    paused: Vec<String>,
    /// Which workers are alive.
    alive: Vec<usize>,
}

impl<S: Store> Side<S> {
    pub(super) fn new(store: S) -> Self {
        let (jobs, claims, workers) = (Vec::new(), Vec::new(), Vec::new());
        Self { store, jobs, claims, workers, attempts: Vec::new(), open: Vec::new(), beats: Vec::new() }
    }

    /// Runs an operation. One that needs what is not there yet does nothing.
    pub(super) async fn apply(&mut self, op: &Op) -> Answer {
        self.run(op).await.unwrap_or_else(|error| Answer::Refused(error.kind()))
    }

    async fn run(&mut self, op: &Op) -> Result<Answer, StoreError> {
        match op {
            Op::Advance(_) => Ok(Answer::Nothing),
            Op::Watch => self.watch().await,
            Op::Insert(rows) => self.insert(rows).await,
            Op::Join => self.join().await,
            Op::Beat(worker) => self.beat(worker).await,
            Op::Leave(worker) => self.leave(worker).await,
            Op::Claim { .. } => self.claim(op).await,
            Op::Isolate => self.isolate().await,
            Op::Finish(ends) => self.finish(ends).await,
            Op::Expire { workers, now } => self.expire(workers, *now).await,
            Op::Stage => self.store.stage().await.map(Answer::Staged),
            Op::Prune => self.store.prune(1_000).await.map(Answer::Pruned),
            Op::Cancel { job, open } => self.cancel(job, *open).await,
            Op::Pause(queue) => self.store.pause(QUEUES[*queue]).await.map(|()| Answer::Nothing),
            Op::Resume(queue) => self.store.resume(QUEUES[*queue]).await.map(|()| Answer::Nothing),
        }
    }

    async fn watch(&mut self) -> Result<Answer, StoreError> {
        self.beats = self.store.beats().await?;
        Ok(Answer::Nothing)
    }

    async fn insert(&mut self, rows: &[New]) -> Result<Answer, StoreError> {
        let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let inserted = self.store.insert(Insert { rows, durability: Durability::Full }).await?;
        for one in inserted.iter().filter(|one| !one.existing) {
            assert!(!self.jobs.contains(&one.id), "{} was given twice", one.id);
            self.jobs.push(one.id);
        }
        Ok(Answer::Inserted(inserted.iter().map(|one| (self.number_of(one.id), one.existing)).collect()))
    }

    async fn join(&mut self) -> Result<Answer, StoreError> {
        let worker = self.store.join().await?;
        assert!(!self.workers.contains(&worker), "{worker} was given twice");
        self.workers.push(worker);
        Ok(Answer::Nothing)
    }

    async fn beat(&mut self, worker: &Index) -> Result<Answer, StoreError> {
        let Some(worker) = self.busy(worker) else { return Ok(Answer::Nothing) };
        let Beat::Alive { cancels } = self.store.beat(worker).await? else { return Ok(Answer::Beat(None)) };
        let mut cancels = cancels.iter().map(|&job| self.number_of(job)).collect::<Vec<_>>();
        cancels.sort_unstable();
        Ok(Answer::Beat(Some(cancels)))
    }

    /// The workers that are alive, in the order in which they joined.
    async fn alive(&self) -> Result<Vec<WorkerId>, StoreError> {
        let beats = self.store.beats().await?;
        let is_alive = |worker: &&WorkerId| beats.iter().any(|beat| beat.worker == **worker);
        Ok(self.workers.iter().filter(is_alive).copied().collect())
    }

    async fn leave(&mut self, worker: &Index) -> Result<Answer, StoreError> {
        if let Some(worker) = pick(&self.workers, worker) {
            self.store.leave(worker).await?;
            self.forget_lost().await?;
        }
        Ok(Answer::Nothing)
    }

    async fn claim(&mut self, op: &Op) -> Result<Answer, StoreError> {
        let Op::Claim { worker, alive, wants, kinds, suspects } = op else { return Ok(Answer::Nothing) };
        let workers = if *alive { self.alive().await? } else { self.workers.clone() };
        let Some(worker) = pick(&workers, worker) else { return Ok(Answer::Nothing) };
        let want = |&(queue, most): &(usize, usize)| Want { queue: QUEUES[queue].into(), most };
        let named = KINDS.iter().enumerate().filter(|(at, _)| *kinds >> at & 1 == 1);
        let request = ClaimRequest {
            worker,
            wants: wants.iter().map(want).collect(),
            kinds: Arc::new(named.map(|(_, &kind)| kind.into()).collect()),
            suspects: *suspects,
        };
        self.claim_as(request).await
    }

    async fn isolate(&mut self) -> Result<Answer, StoreError> {
        let worker = self.store.join().await?;
        self.workers.push(worker);
        let wants = QUEUES.iter().map(|&queue| Want { queue: queue.into(), most: 1 }).collect();
        let kinds = Arc::new(KINDS.iter().map(|&kind| kind.into()).collect());
        self.claim_as(ClaimRequest { worker, wants, kinds, suspects: Suspects::Alone }).await
    }

    async fn claim_as(&mut self, request: ClaimRequest) -> Result<Answer, StoreError> {
        let worker = request.worker;
        let Claimed { claim, suspects } = self.store.claim(request).await?;
        let Some(claim) = claim else { return Ok(Answer::Claimed(Vec::new(), suspects)) };
        assert!(!self.claims.contains(&claim.id), "claim {} was given twice", claim.id);
        self.claims.push(claim.id);
        let attempt = |job: &ClaimedJob| Attempt { claim: claim.id, job: job.id, worker };
        self.attempts.extend(claim.jobs.iter().map(attempt));
        self.open.extend(claim.jobs.iter().map(attempt));
        let numbered = |job: ClaimedJob| ClaimedJob { id: self.numbered(job.id), ..job };
        Ok(Answer::Claimed(claim.jobs.into_iter().map(numbered).collect(), suspects))
    }

    async fn finish(&mut self, ends: &[Ending]) -> Result<Answer, StoreError> {
        let ends = ends.iter().filter_map(|end| self.ending(end)).collect::<Vec<_>>();
        self.open.retain(|open| !ends.iter().any(|end| (end.claim, end.job) == (open.claim, open.job)));
        Ok(Answer::Finished(self.store.finish(ends).await?))
    }

    fn ending(&self, Ending { attempt, open, end, keep }: &Ending) -> Option<Finish> {
        let Attempt { claim, job, .. } = pick(if *open { &self.open } else { &self.attempts }, attempt)?;
        Some(Finish { claim, job, end: end.clone(), keep: *keep })
    }

    async fn expire(&mut self, workers: &[Index], now: bool) -> Result<Answer, StoreError> {
        let known = if now { self.store.beats().await? } else { self.beats.clone() };
        let workers = workers.iter().filter_map(|worker| self.busy(worker));
        let seen = workers.filter_map(|worker| known.iter().find(|beat| beat.worker == worker).copied());
        let lost = self.store.expire(seen.collect()).await?;
        self.forget_lost().await?;
        Ok(Answer::Expired(lost))
    }

    /// The worker of an attempt that goes on; where there is none, any.
    fn busy(&self, index: &Index) -> Option<WorkerId> {
        pick(&self.open, index).map(|attempt| attempt.worker).or_else(|| pick(&self.workers, index))
    }

    /// The attempts of workers that are gone do not go on.
    async fn forget_lost(&mut self) -> Result<(), StoreError> {
        let alive = self.alive().await?;
        self.open.retain(|attempt| alive.contains(&attempt.worker));
        Ok(())
    }

    async fn cancel(&mut self, job: &Index, open: bool) -> Result<Answer, StoreError> {
        let running = pick(&self.open, job).filter(|_| open).map(|attempt| attempt.job);
        match running.or_else(|| pick(&self.jobs, job)) {
            Some(job) => self.store.cancel(job).await.map(Answer::Cancelled),
            None => Ok(Answer::Nothing),
        }
    }

    /// All that can be seen.
    pub(super) async fn look(&self) -> View {
        let mut jobs = Vec::with_capacity(self.jobs.len());
        for &job in &self.jobs {
            let status = self.store.status(job).await.unwrap();
            jobs.push(status.map(|status| JobStatus { id: self.numbered(status.id), ..status }));
        }
        let mut counts = self.store.counts().await.unwrap();
        counts.sort();
        let mut paused = self.store.paused().await.unwrap();
        paused.sort();
        let alive = self.alive().await.unwrap();
        let alive = (0..self.workers.len()).filter(|&at| alive.contains(&self.workers[at])).collect();
        View { jobs, counts, paused, alive }
    }

    fn number_of(&self, job: JobId) -> usize {
        self.jobs.iter().position(|&known| known == job).unwrap_or(usize::MAX)
    }

    fn numbered(&self, job: JobId) -> JobId {
        JobId::from_u128(self.number_of(job) as u128)
    }
}

fn row(new: &New) -> Result<NewRow, StoreError> {
    let New { queue, kind, priority, wait, key } = new;
    let unique = key.map(|(key, until)| Unique { key: UniqueKey::of("kind", &key.to_string()), until });
    let row = NewRow::new(KINDS[*kind], QUEUES[*queue], format!("[{priority}]"))?;
    Ok(row.priority(*priority)?.due(Due::After(*wait)).unique(unique))
}

fn pick<T: Copy>(of: &[T], index: &Index) -> Option<T> {
    if of.is_empty() { None } else { Some(*index.get(of)) }
}
