//! A store that fails on command, around the memory store.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ostler::{HostHandle, UnitState};
use ostler_jobs::store::{
    Beat, CancelAnswer, ClaimRequest, Claimed, Count, Finish, Insert, Inserted, JobStatus, Pending, Pruned,
    Staged, Store, Verdict, WorkerBeat,
};
use ostler_jobs::{ErrorKind, Hints, JobId, MemoryStore, StoreError, WorkerId};

/// The verbs that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Join,
    Beat,
    Claim,
    Finish,
    Upkeep,
    Status,
}

impl Verb {
    pub(crate) const ALL: [Self; 6] =
        [Self::Join, Self::Beat, Self::Claim, Self::Finish, Self::Upkeep, Self::Status];
}

/// How a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is carried out, and that is not told.
    Lost,
    Refused(ErrorKind),
}

#[derive(Clone)]
pub(crate) struct Faulty {
    store: MemoryStore,
    switches: Arc<Switches>,
    /// In place of the store's own.
    hints: Option<Hints>,
}

#[derive(Default)]
struct Switches {
    failing: Mutex<Option<(Vec<Verb>, ErrorKind)>>,
    finishes: AtomicUsize,
    claims: AtomicUsize,
    stops: Mutex<Option<HostHandle>>,
    /// How the next calls of `finish` are answered; those after them as ever.
    answers: Mutex<VecDeque<Answer>>,
    loses_an_answer: AtomicBool,
    cancels: AtomicBool,
    beats: AtomicUsize,
    /// How many ends came at a time.
    groups: Mutex<Vec<usize>>,
}

impl Faulty {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self { store, switches: Arc::default(), hints: None }
    }

    /// One that gives no hints.
    pub(crate) fn deaf(store: MemoryStore) -> Self {
        Self::deaf_but_for(store, Hints::default())
    }

    /// One that gives these hints in place of its own.
    pub(crate) fn deaf_but_for(store: MemoryStore, hints: Hints) -> Self {
        Self { hints: Some(hints), ..Self::new(store) }
    }

    /// From here on these verbs fail.
    pub(crate) fn fail(&self, verbs: &[Verb], kind: ErrorKind) {
        *self.switches.failing.lock().unwrap() = Some((verbs.to_vec(), kind));
    }

    pub(crate) fn work(&self) {
        *self.switches.failing.lock().unwrap() = None;
    }

    /// So the next calls of `finish` are answered.
    pub(crate) fn answer_ends(&self, answers: impl IntoIterator<Item = Answer>) {
        self.switches.answers.lock().unwrap().extend(answers);
    }

    /// The host is told to stop while the next claim that gives something is made.
    pub(crate) fn stop_during_a_claim(&self, host: &HostHandle) {
        *self.switches.stops.lock().unwrap() = Some(host.clone());
    }

    /// The next claim that gives something is made, and answered as if nobody knew.
    pub(crate) fn lose_the_answer_of_a_claim(&self) {
        self.switches.loses_an_answer.store(true, Ordering::SeqCst);
    }

    /// The jobs of the next claim that gives some are cancelled, and that is told by a beat, before the claim is answered.
    pub(crate) fn cancel_during_a_claim(&self) {
        self.switches.cancels.store(true, Ordering::SeqCst);
    }

    async fn cancel_all(&self, claimed: &Claimed) {
        let beats = self.switches.beats.load(Ordering::SeqCst);
        for job in claimed.claim.iter().flat_map(|claim| &claim.jobs) {
            self.store.cancel(job.id).await.unwrap();
        }
        while self.switches.beats.load(Ordering::SeqCst) == beats {
            tokio::task::yield_now().await;
        }
    }

    /// Whether nobody else has it any more.
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.switches) == 1
    }

    /// How often ends were written, or tried to be.
    pub(crate) fn finishes(&self) -> usize {
        self.switches.finishes.load(Ordering::SeqCst)
    }

    pub(crate) fn claims(&self) -> usize {
        self.switches.claims.load(Ordering::SeqCst)
    }

    pub(crate) fn groups(&self) -> Vec<usize> {
        self.switches.groups.lock().unwrap().clone()
    }

    fn check(&self, verb: Verb) -> Result<(), StoreError> {
        match &*self.switches.failing.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((verbs, kind)) if verbs.contains(&verb) => {
                Err(StoreError::new(*kind, format!("{verb:?} is switched off")))
            }
            _ => Ok(()),
        }
    }

    fn then<'a, T: 'a>(
        &'a self,
        verb: Verb,
        call: impl FnOnce(&'a MemoryStore) -> Pending<'a, T> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            self.check(verb)?;
            call(&self.store).await
        })
    }
}

fn is_something(claimed: &Result<Claimed, StoreError>) -> bool {
    claimed.as_ref().is_ok_and(|claimed| claimed.claim.is_some())
}

impl Store for Faulty {
    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>> {
        self.store.insert(insert)
    }

    fn join(&self) -> Pending<'_, WorkerId> {
        self.then(Verb::Join, |store| store.join())
    }

    fn beat(&self, worker: WorkerId) -> Pending<'_, Beat> {
        Box::pin(async move {
            let beat = self.then(Verb::Beat, move |store| store.beat(worker)).await;
            self.switches.beats.fetch_add(1, Ordering::SeqCst);
            beat
        })
    }

    fn leave(&self, worker: WorkerId) -> Pending<'_, ()> {
        self.store.leave(worker)
    }

    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed> {
        self.switches.claims.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let claimed = self.then(Verb::Claim, move |store| store.claim(request)).await;
            let stops = self.switches.stops.lock().unwrap().take_if(|_| is_something(&claimed));
            if let Some(host) = stops {
                host.stop();
                while host.unit("jobs").is_some_and(|unit| unit.state == UnitState::Running) {
                    tokio::task::yield_now().await;
                }
            }
            if is_something(&claimed) && self.switches.cancels.swap(false, Ordering::SeqCst) {
                self.cancel_all(claimed.as_ref().unwrap()).await;
            }
            if is_something(&claimed) && self.switches.loses_an_answer.swap(false, Ordering::SeqCst) {
                return Err(StoreError::new(ErrorKind::Timeout, "the answer is lost").ambiguous());
            }
            claimed
        })
    }

    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        self.switches.finishes.fetch_add(1, Ordering::SeqCst);
        self.switches.groups.lock().unwrap().push(ends.len());
        let answer = self.switches.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            if let Some(Answer::Refused(kind)) = answer {
                return Err(StoreError::new(kind, "refused"));
            }
            let verdicts = self.then(Verb::Finish, move |store| store.finish(ends)).await?;
            match answer {
                Some(Answer::Lost) => {
                    Err(StoreError::new(ErrorKind::Timeout, "the answer is lost").ambiguous())
                }
                _ => Ok(verdicts),
            }
        })
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        self.then(Verb::Upkeep, |store| store.beats())
    }

    fn expire(&self, workers: Vec<WorkerBeat>) -> Pending<'_, usize> {
        self.then(Verb::Upkeep, move |store| store.expire(workers))
    }

    fn stage(&self) -> Pending<'_, Staged> {
        self.then(Verb::Upkeep, |store| store.stage())
    }

    fn prune(&self, most: usize) -> Pending<'_, Pruned> {
        self.then(Verb::Upkeep, move |store| store.prune(most))
    }

    fn cancel(&self, job: JobId) -> Pending<'_, CancelAnswer> {
        self.store.cancel(job)
    }

    fn pause(&self, queue: &str) -> Pending<'_, ()> {
        self.store.pause(queue)
    }

    fn resume(&self, queue: &str) -> Pending<'_, ()> {
        self.store.resume(queue)
    }

    fn paused(&self) -> Pending<'_, Vec<String>> {
        self.store.paused()
    }

    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>> {
        self.then(Verb::Status, move |store| store.status(job))
    }

    fn counts(&self) -> Pending<'_, Vec<Count>> {
        self.then(Verb::Upkeep, |store| store.counts())
    }

    fn hints(&self) -> &Hints {
        self.hints.as_ref().unwrap_or_else(|| self.store.hints())
    }
}
