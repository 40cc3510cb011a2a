//! A slot: a part of the unit that works off one job at a time, inline, from the queue that it shares with its neighbours.

use std::sync::Arc;

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
            self.work_off(assigned).await;
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

fn text(end: &End) -> &str {
    match end {
        End::Dead { error } => error,
        _ => "",
    }
}
