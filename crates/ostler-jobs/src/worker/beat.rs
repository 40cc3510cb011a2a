//! The heartbeat: keeps a life of the worker, tells its runs of cancels and of the life's loss, and begins another life then.
//!
//! A life is also given up where the answer to a claim was lost: it may hold jobs that nobody here knows of. It claims no more, is kept
//! until its known runs have ended, so that they lose nothing, and then leaves; the store takes the unknown jobs back, each with an
//! attempt more. Another life claims meanwhile. A stop that comes in between leaves it to its lease.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use ostler::StopReason;

use super::runs::Told;
use super::shared::Shared;
use super::trouble::Source;
use crate::error::StoreError;
use crate::lease::Life;
use crate::store::Beat;

/// Beats for ever.
pub(super) async fn heartbeat(shared: &Shared) -> std::convert::Infallible {
    let mut retired: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::new();
    loop {
        let mut current = pin!(claiming(shared));
        let life = poll_fn(|cx| {
            retired.retain_mut(|old| old.as_mut().poll(cx).is_pending());
            current.as_mut().poll(cx)
        });
        if let Some((life, drops)) = life.await {
            retired.push(Box::pin(wound_up(shared, life, drops)));
        }
    }
}

/// A life, for as long as it claims; given where it is retired, and not lost, with the runs that are to be dropped.
async fn claiming(shared: &Shared) -> Option<(Arc<Life>, Drops)> {
    let life = joined(shared).await;
    tracing::debug!(worker = %life.worker, "a worker's life begins");
    shared.life.send_replace(Some(Arc::clone(&life)));
    let mut drops = Drops::default();
    if lived(shared, &life, &mut drops, life.retired()).await {
        tracing::warn!(worker = %life.worker, "the answer to a claim was lost: the worker begins another life");
        shared.life.send_replace(None);
        return Some((life, drops));
    }
    life.lose();
    shared.life.send_replace(None);
    lost(shared, &life);
    None
}

/// One that is retired, until all that it is known to hold has ended, and it has left.
async fn wound_up(shared: &Shared, life: Arc<Life>, mut drops: Drops) {
    if !lived(shared, &life, &mut drops, life.settled()).await {
        life.lose();
        return lost(shared, &life);
    }
    // Nothing that was on its way to it begins now.
    life.lose();
    if !shared.has_abandoned() {
        leave(shared, &life).await;
    }
}

/// Ends a worker's life in good order, where the store can be asked.
pub(super) async fn leave(shared: &Shared, life: &Life) {
    if let Err(error) = shared.store.leave(life.worker).await {
        tracing::warn!(%error, "the worker could not leave: its lease runs out");
    }
}

fn lost(shared: &Shared, life: &Life) {
    tracing::warn!(worker = %life.worker, "the worker's lease was lost: its runs are dropped");
    shared.runs.lose(life.worker);
}

async fn joined(shared: &Shared) -> Arc<Life> {
    loop {
        let sent = shared.timer.now();
        match shared.store.join().await {
            Ok(worker) => {
                shared.trouble.over(Source::Beats);
                return Arc::new(Life::new(worker, shared.settings.lease, sent));
            }
            Err(error) => {
                let wait = shared.trouble.met(Source::Beats, &error);
                shared.timer.sleep_until(shared.timer.now() + wait).await;
            }
        }
    }
}

/// Until the life is lost, or this is over; whether that.
async fn lived(shared: &Shared, life: &Life, drops: &mut Drops, over: impl Future<Output = ()>) -> bool {
    let mut over = pin!(over);
    let mut cancels = shared.store.hints().when_cancel_asked();
    let period = shared.settings.lease / 3;
    let mut next = shared.timer.now() + period;
    loop {
        tokio::select! {
            biased;
            () = life.lost() => return false,
            () = shared.timer.sleep_until(life.until()) => return false,
            () = &mut over => return true,
            () = shared.timer.sleep_until(drops.next()), if !drops.0.is_empty() => {
                drops.due(shared.timer.now());
                continue;
            }
            () = shared.timer.sleep_until(next) => {}
            _ = cancels.changed() => {}
        }
        match beaten(shared, life).await {
            Some(Ok(Beat::Alive { cancels })) => {
                shared.trouble.over(Source::Beats);
                drops.add(shared.timer.now(), shared.runs.cancel(&cancels));
                next = shared.timer.now() + period;
            }
            Some(Ok(Beat::Lost)) | None => return false,
            Some(Err(error)) => {
                next = shared.timer.now() + shared.trouble.met(Source::Beats, &error).min(period / 2);
            }
        }
    }
}

/// One beat; `None` where the life is over before it is answered.
async fn beaten(shared: &Shared, life: &Life) -> Option<Result<Beat, StoreError>> {
    let sent = shared.timer.now();
    let mut answer = pin!(shared.store.beat(life.worker));
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        () = life.lost() => return None,
        () = shared.timer.sleep_until(life.until()) => return None,
    };
    if matches!(answer, Ok(Beat::Alive { .. })) {
        life.beaten(sent);
    }
    Some(answer)
}

/// Runs that were told of a cancel, and when each is dropped.
#[derive(Debug, Default)]
struct Drops(Vec<(Duration, Told)>);

impl Drops {
    fn add(&mut self, now: Duration, told: Vec<Told>) {
        self.0.extend(told.into_iter().map(|told| (now.saturating_add(told.grace), told)));
    }

    fn next(&self) -> Duration {
        self.0.iter().map(|(at, _)| *at).min().unwrap_or(Duration::MAX)
    }

    fn due(&mut self, now: Duration) {
        for (_, told) in self.0.extract_if(.., |(at, _)| *at <= now) {
            told.stopper.abort(StopReason::Cancelled);
        }
    }
}
