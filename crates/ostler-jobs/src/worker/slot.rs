//! A slot: a part of the unit that works off one job at a time, inline, from the queue that it shares with its neighbours.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use ostler::Context;
use ostler::queue::Items;

use super::attempt::{self, Attempt};
use super::complete::Ends;
use super::ending;
use super::kinds::Kinds;
use super::shared::{Assigned, Shared};
use crate::policy::Policy;
use crate::store::End;

/// One slot.
pub(crate) struct Slot<S> {
    pub(crate) cx: Arc<Context<S>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) kinds: Arc<Kinds<S>>,
    /// Its own, so that the completer ends when all slots have.
    pub(crate) ends: Ends,
    /// Counted from 1.
    pub(crate) number: usize,
}

impl<S: Send + Sync + 'static> Slot<S> {
    /// Works until its queue is closed.
    pub(crate) async fn work(self, jobs: Items<Assigned>) {
        while let Some(assigned) = jobs.recv().await {
            let life = Arc::clone(&assigned.held.life);
            if !caught(self.work_off(assigned)).await {
                // Nobody here has the job any more, so its life must end for it to come back.
                tracing::error!("a slot panicked outside of any handler, and goes on");
                life.retire();
            }
        }
    }

    async fn work_off(&self, Assigned { job, held, slot }: Assigned) {
        if !self.shared.holds(&held.life) {
            tracing::debug!(job = %job.id, "the lease was lost before the job began");
            return;
        }
        let Some(kind) = self.kinds.get(&job.kind) else {
            // Nobody asks for such a one.
            return attempt::settle(&self.ends, held, End::GiveBack, &Policy::new(), slot).await;
        };
        if let Some(dead) = ending::refused(&job, &kind.policy, self.shared.settings.poison_after) {
            tracing::error!(kind = %job.kind, queue = %job.queue, job = %job.id, "dead: {}", text(&dead));
            return attempt::settle(&self.ends, held, dead, &kind.policy, slot).await;
        }
        let opened =
            Attempt::open(&self.cx, &self.shared, &self.ends, &kind.policy, (&job, held), self.number);
        let (held, end) = match opened {
            Ok(attempt) => match attempt.work(kind).await {
                Some(end) => end,
                None => return,
            },
            Err(held) => (held, End::GiveBack),
        };
        attempt::settle(&self.ends, held, end, &kind.policy, slot).await;
    }
}

/// Whether it ended without a panic.
async fn caught(work: impl Future<Output = ()>) -> bool {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(poll) => poll.map(|()| true),
        Err(payload) => {
            // To drop it could panic again; the hook has told of it.
            std::mem::forget(payload);
            Poll::Ready(false)
        }
    })
    .await
}

fn text(end: &End) -> &str {
    match end {
        End::Dead { error } => error,
        _ => "",
    }
}
