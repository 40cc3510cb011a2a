//! The heartbeat: keeps a life of the worker, tells its runs of cancels and of the life's loss, and begins another life then.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ostler::StopReason;
use tokio::sync::watch;

use super::runs::Told;
use super::shared::Shared;
use super::trouble::Source;
use crate::error::StoreError;
use crate::lease::Life;
use crate::store::Beat;

/// Beats for ever.
pub(super) async fn heartbeat(shared: &Shared) -> std::convert::Infallible {
    let mut cancels = shared.store.hints().when_cancel_asked();
    loop {
        let life = joined(shared).await;
        tracing::debug!(worker = %life.worker, "a worker's life begins");
        shared.life.send_replace(Some(Arc::clone(&life)));
        lived(shared, &life, &mut cancels).await;
        life.lose();
        shared.life.send_replace(None);
        tracing::warn!(worker = %life.worker, "the worker's lease was lost: its runs are dropped");
        shared.runs.lose(life.worker);
    }
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

/// Until the life is lost.
async fn lived(shared: &Shared, life: &Life, cancels: &mut watch::Receiver<u64>) {
    let period = shared.settings.lease / 3;
    let mut next = shared.timer.now() + period;
    let mut drops = Drops::default();
    loop {
        tokio::select! {
            biased;
            () = life.lost() => return,
            () = shared.timer.sleep_until(life.until()) => return,
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
            Some(Ok(Beat::Lost)) | None => return,
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
