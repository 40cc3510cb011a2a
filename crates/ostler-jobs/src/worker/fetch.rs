//! The fetcher: claims jobs for free slots, and hands them over. It looks when there is a hint, when a slot has become free whose queue
//! may hold more, and from time to time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ostler::{BoxError, Clock, Stop};
use tokio::sync::oneshot;

use super::attempt;
use super::complete::Ends;
use super::shared::{Assigned, Shared};
use super::trouble::Source;
use crate::error::{ErrorKind, StoreError};
use crate::lease::Life;
use crate::store::{Claim, ClaimRequest, Claimed, Suspects, Want};

/// How long a suspect waits until nothing else runs. After that it is claimed all the same: a job that takes hours must not keep it
/// from its turn. And how long none is waited for again, where there was none to be had.
const ISOLATION_WAIT: Duration = Duration::from_secs(10);

/// How long nothing else is claimed while a suspect runs.
const ALONE_FOR: Duration = Duration::from_secs(60);

/// Fetches until `stop` is requested.
///
/// # Errors
/// The store is closed.
///
/// # Cancel safety
/// Dropped during a claim, what it claims is nobody's until the worker leaves, when its last run has ended, or its lease does.
pub(crate) async fn fetch(
    shared: &Arc<Shared>,
    ends: &Ends,
    clock: &Clock,
    stop: &Stop,
) -> Result<(), BoxError> {
    let mut fetcher = Fetcher { shared, ends, clock, stop, alone: None, isolates_from: Duration::ZERO };
    let mut ready = shared.store.hints().when_ready();
    let mut lives = shared.life.subscribe();
    while !stop.is_requested() {
        // Before the claim: a hint that comes during it is seen after it.
        ready.borrow_and_update();
        let life = lives.borrow_and_update().clone();
        if let Some(life) = life
            && fetcher.fetch(&life).await?
        {
            continue;
        }
        tokio::select! {
            biased;
            () = stop.requested() => {}
            _ = lives.changed() => shared.lanes.all_hungry(),
            _ = ready.changed() => shared.lanes.all_hungry(),
            () = shared.lanes.freed() => {}
            () = fetcher.alone_over() => shared.lanes.all_hungry(),
            () = clock.sleep(shared.settings.poll) => shared.lanes.all_hungry(),
        }
    }
    Ok(())
}

struct Fetcher<'a> {
    shared: &'a Arc<Shared>,
    ends: &'a Ends,
    clock: &'a Clock,
    stop: &'a Stop,
    /// Resolves when the end of the suspect that was claimed last is stored.
    alone: Option<oneshot::Receiver<()>>,
    /// By the timer: no suspect is waited for before.
    isolates_from: Duration,
}

impl Fetcher<'_> {
    /// Claims what is wanted, if anything is; whether to look again at once.
    async fn fetch(&mut self, life: &Arc<Life>) -> Result<bool, BoxError> {
        let lanes = &self.shared.lanes;
        if !lanes.want_something() || self.shared.has_backlog() {
            return Ok(false);
        }
        let mode = match self.shared.settings.poison_after {
            Some(_) => Suspects::Leave,
            None => Suspects::AsOthers,
        };
        let wants = lanes.wants();
        let Some(claimed) = self.claim(life, wants.clone(), mode).await? else { return Ok(true) };
        let got = self.hand_over(life, claimed.claim, mode);
        lanes.fed(&wants, &got);
        if claimed.suspects > 0 && self.isolates() {
            return self.try_suspect(life).await;
        }
        Ok(lanes.want_something())
    }

    /// Whether a suspect is tried now: one at a time, and not at once again where there was none to be had, for nothing else is
    /// claimed while it is waited for.
    fn isolates(&self) -> bool {
        self.alone.is_none() && self.shared.timer.now() >= self.isolates_from
    }

    /// Lets one suspect run with nothing else beside it; whether to look again at once.
    async fn try_suspect(&mut self, life: &Arc<Life>) -> Result<bool, BoxError> {
        self.settled(ISOLATION_WAIT).await;
        if self.stop.is_requested() {
            return Ok(true);
        }
        let wants = self.shared.lanes.wants();
        let Some(claimed) = self.claim(life, wants, Suspects::Alone).await? else { return Ok(true) };
        if claimed.claim.is_none() {
            self.isolates_from = self.shared.timer.now() + ISOLATION_WAIT;
            return Ok(self.shared.lanes.want_something());
        }
        self.hand_over(life, claimed.claim, Suspects::Alone);
        let (clock, stop) = (self.clock, self.stop);
        tokio::select! {
            biased;
            () = stop.requested() => {}
            () = self.alone_over() => {}
            () = clock.sleep(ALONE_FOR) => {}
        }
        // The next one, and what has come meanwhile.
        self.shared.lanes.all_hungry();
        Ok(self.shared.lanes.want_something())
    }

    /// Resolves when the end of the suspect that runs is stored, or never will be; never, where none runs. Cancel safe.
    async fn alone_over(&mut self) {
        let Some(over) = &mut self.alone else { return std::future::pending().await };
        // Its sender says nothing: it is dropped.
        let _ = over.await;
        self.alone = None;
    }

    /// Until the end of every claimed job is stored, at most so long, or a stop.
    async fn settled(&self, most: Duration) {
        let mut over = pin!(self.clock.sleep(most));
        while self.shared.open() > 0 {
            tokio::select! {
                biased;
                () = self.stop.requested() => return,
                () = &mut over => return,
                () = self.shared.lanes.freed() => {}
            }
        }
    }

    /// Claims; `None` where that failed, and the wait that follows is over.
    async fn claim(
        &self,
        life: &Arc<Life>,
        wants: Vec<Want>,
        suspects: Suspects,
    ) -> Result<Option<Claimed>, BoxError> {
        let kinds = Arc::clone(&self.shared.kinds);
        let request = ClaimRequest { worker: life.worker, wants, kinds, suspects };
        // Never dropped by a stop: what it claims is given back then, and is no suspect.
        match self.shared.store.claim(request).await {
            Ok(claimed) => {
                self.shared.trouble.over(Source::Claims);
                Ok(Some(claimed))
            }
            Err(error) => self.failed(life, error).await.map(|()| None),
        }
    }

    async fn failed(&self, life: &Life, error: StoreError) -> Result<(), BoxError> {
        let wait = match error.kind() {
            ErrorKind::Closed => return Err(error.into()),
            ErrorKind::NotOwner => {
                life.lose();
                return self.until_over(life).await;
            }
            _ => self.shared.trouble.met(Source::Claims, &error),
        };
        if error.is_ambiguous() {
            // It may hold jobs that nobody here knows of, and would hold them for as long as it beats.
            life.retire();
            tokio::select! {
                () = self.stop.requested() => {}
                over = self.until_over(life) => over?,
            }
        }
        tokio::select! {
            () = self.stop.requested() => {}
            () = self.clock.sleep(wait) => {}
        }
        Ok(())
    }

    /// Until the keeper has seen that no more is claimed in this life.
    async fn until_over(&self, life: &Life) -> Result<(), BoxError> {
        self.shared.life.subscribe().wait_for(|now| !is(now.as_ref(), life)).await?;
        Ok(())
    }

    /// Hands jobs to their slots; how many each lane got.
    fn hand_over(&mut self, life: &Arc<Life>, claim: Option<Claim>, mode: Suspects) -> Vec<usize> {
        let lanes = &self.shared.lanes;
        let mut got = vec![0; lanes.len()];
        let Some(Claim { id, jobs }) = claim else { return got };
        for job in jobs {
            let mut held = self.shared.hold(job.id, id, life);
            if mode == Suspects::Alone {
                self.alone = Some(held.when_over());
            }
            let Some(place) = lanes.place(&job.queue) else {
                // A store gives what was wanted; what this one gave was not, and its lease's end counts it.
                tracing::error!(job = %job.id, queue = %job.queue, "the store gave a job of a queue that nobody asked for");
                continue;
            };
            got[place] += 1;
            let assigned = Assigned { job, held, slot: lanes.take(place) };
            if let Some(assigned) = lanes.hand_over(place, assigned) {
                attempt::give_back(self.ends, assigned);
            }
        }
        got
    }
}

fn is(now: Option<&Arc<Life>>, life: &Life) -> bool {
    now.is_some_and(|now| now.worker == life.worker)
}
