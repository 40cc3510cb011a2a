//! One attempt at a job, from the opening of its run to the word about its end. It gives that word however it ends, also when it is
//! dropped: the one who writes it down is somebody else.

use std::sync::Arc;
use std::time::Duration;

use ostler::{Context, OpenRun, RunLimit, StopReason};
use tokio::sync::oneshot;

use super::complete::{Ended, Ends};
use super::ending;
use super::kinds::Kind;
use super::lanes::TakenSlot;
use super::runs::{Entry, Running, Runs};
use super::shared::{Assigned, Held, Shared};
use crate::job::Facts;
use crate::policy::{Ack, Policy};
use crate::store::{ClaimedJob, End, Finish};

/// One attempt at a job.
pub(super) struct Attempt<'a, S> {
    shared: &'a Shared,
    ends: &'a Ends,
    policy: &'a Policy,
    job: &'a ClaimedJob,
    run: OpenRun<S>,
    /// Until its end has been told.
    held: Option<Held>,
    _entry: Entry,
}

impl<'a, S: Send + Sync + 'static> Attempt<'a, S> {
    /// Opens the run; the job comes back where none may begin any more, or this one may not.
    pub(super) fn open(
        cx: &Context<S>,
        shared: &'a Arc<Shared>,
        ends: &'a Ends,
        policy: &'a Policy,
        (job, held): (&'a ClaimedJob, Held),
        slot: usize,
    ) -> Result<Self, Held> {
        let run = cx.open_run(job.attempt, Some(slot));
        let (claim, worker, stopper) = (held.claim, held.life.worker, run.stopper().clone());
        let running = Running { claim, worker, stopper, grace: policy.stop_grace };
        let Some(entry) = Runs::begin(shared, job.id, running) else { return Err(held) };
        if !shared.holds(&held.life) {
            // Lost while it was opened, when the keeper may have looked for it before it was there.
            return Err(held);
        }
        Ok(Self { shared, ends, policy, job, run, held: Some(held), _entry: entry })
    }

    /// Runs the handler to its end; what is stored of it, and by which right. `None` where that was lost.
    pub(super) async fn work(mut self, kind: &Kind<S>) -> Option<(Held, End)> {
        let job = self.job;
        let claim = self.held.as_ref()?.claim;
        let span = tracing::info_span!(
            "job", kind = %job.kind, queue = %job.queue, job = %job.id, attempt = job.attempt
        );
        let facts = Facts { claim, job: job.clone(), attempts: self.policy.attempts };
        let work = kind.begin(facts, Arc::clone(self.run.scope()));
        let limit = RunLimit { timeout: self.policy.timeout, grace: self.policy.stop_grace };
        let ended = self.run.run(work, limit, &span).await;
        if self.run.blocking_calls() > 0 {
            // Until they return, the effects of another attempt may overlap with those of this one.
            self.run.blocking_calls_over().await;
        }
        let held = self.held.take()?;
        let told = self.run.stopper().reason();
        let told = if self.shared.holds(&held.life) { told } else { Some(StopReason::LeaseLost) };
        let end = span.in_scope(|| {
            let end = ending::end(job, self.policy, ended, told);
            log(end.as_ref());
            end
        })?;
        Some((held, end))
    }
}

impl<S> Drop for Attempt<'_, S> {
    fn drop(&mut self) {
        // The unit was dropped, and the handler with it. What it began on the blocking pool may go on.
        let Some(held) = self.held.take() else { return };
        if self.run.blocking_calls() > 0 {
            tracing::warn!(job = %held.job, "dropped while a blocking call goes on: its lease runs out");
            self.shared.abandon();
            return;
        }
        // One that is to be cancelled is cancelled by the store as it comes back.
        let end = match self.run.stopper().reason() {
            Some(StopReason::Cancelled) => End::GiveBack,
            _ => ending::interrupted(self.policy),
        };
        self.ends.send(ended(held, end, self.policy), None);
    }
}

/// Tells the end of a job, and keeps its slot for as long as its policy says.
pub(super) async fn settle(ends: &Ends, held: Held, end: End, policy: &Policy, slot: TakenSlot) {
    match policy.ack {
        Ack::Sync => {
            let (sender, stored) = oneshot::channel();
            ends.send(ended(held, end, policy), Some(sender));
            // An error says that it will never be stored, and the slot is free all the same.
            let _ = stored.await;
            drop(slot);
        }
        Ack::Batched(_) => {
            ends.send(ended(held, end, policy), None);
            drop(slot);
        }
    }
}

/// Gives a job back that has not begun.
pub(crate) fn give_back(ends: &Ends, assigned: Assigned) {
    let Assigned { held, slot, .. } = assigned;
    ends.send(ended(held, End::GiveBack, &Policy::new().ack(Ack::Sync)), None);
    drop(slot);
}

fn ended(held: Held, end: End, policy: &Policy) -> Ended {
    let keep = ending::keep(policy, &end);
    let finish = Finish { claim: held.claim, job: held.job, end, keep };
    let linger = match policy.ack {
        Ack::Batched(wait) => wait,
        Ack::Sync => Duration::ZERO,
    };
    Ended { finish, held, linger }
}

fn log(end: Option<&End>) {
    match end {
        None => tracing::warn!("the lease was lost: nothing is written of this attempt"),
        Some(End::Done { .. }) => tracing::debug!("done"),
        Some(End::Retry { error, wait }) => tracing::warn!(%error, ?wait, "failed, and tried again"),
        Some(End::Dead { error }) => tracing::error!(%error, "dead"),
        Some(End::Cancelled { reason }) => tracing::info!(%reason, "cancelled"),
        Some(End::Snooze { wait }) => tracing::debug!(?wait, "snoozed"),
        Some(End::GiveBack) => tracing::info!("given back"),
    }
}
