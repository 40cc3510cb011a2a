//! The completer: writes down how attempts ended, in groups, for as long as the lease holds under which they ran. No handler's future has
//! a part in it, so none that is dropped takes an end with it.

use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Mutex, oneshot};

use super::shared::{Held, Shared};
use super::trouble::Source;
use crate::error::{ErrorKind, StoreError};
use crate::store::{End, Finish, Verdict};

/// How many ends are written at a time: a transaction that takes a few milliseconds.
const MOST: usize = 1_000;

/// How many writes are under way at a time: one is made ready while the one before is written.
const WRITES: usize = 2;

/// An attempt that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) finish: Finish,
    pub(super) held: Held,
    /// How long it may wait for others.
    pub(super) linger: Duration,
}

/// An end, and who waits until it is stored.
type Message = (Ended, Option<oneshot::Sender<()>>);

/// Where ends are told. The completer ends when all of these are gone.
#[derive(Debug, Clone)]
pub(crate) struct Ends(UnboundedSender<Message>);

/// Where they arrive.
#[derive(Debug)]
pub(super) struct Arrived(Mutex<UnboundedReceiver<Message>>);

impl Ends {
    pub(super) fn channel() -> (Self, Arrived) {
        // Not bounded here: an end is never kept from being told. The fetcher takes no more when too many are open.
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), Arrived(Mutex::new(receiver)))
    }

    /// Tells an end; `stored` is dropped or answered when it is stored, or never will be.
    pub(super) fn send(&self, ended: Ended, stored: Option<oneshot::Sender<()>>) {
        // Where the completer is gone, the lease's end counts the attempt.
        let _ = self.0.send((ended, stored));
    }
}

/// Writes all that arrives until nothing can any more.
pub(super) async fn complete(shared: &Shared, arrived: &Arrived) {
    const { assert!(WRITES == 2) };
    tokio::join!(write(shared, arrived), write(shared, arrived));
}

async fn write(shared: &Shared, arrived: &Arrived) {
    while let Some(group) = gathered(shared, arrived).await {
        store(shared, group, false).await;
    }
}

/// The next group; `None` when all who tell of ends are gone.
async fn gathered(shared: &Shared, arrived: &Arrived) -> Option<Vec<Message>> {
    let mut arrived = arrived.0.lock().await;
    let mut group = Vec::new();
    if arrived.recv_many(&mut group, MOST).await == 0 {
        return None;
    }
    // Those that must not wait decide for all.
    let shortest = |group: &[Message]| group.iter().map(|(ended, _)| ended.linger).min().unwrap_or_default();
    let began = shared.timer.now();
    loop {
        let (room, until) = (MOST - group.len(), began.saturating_add(shortest(&group)));
        if room == 0 || shared.timer.now() >= until {
            break;
        }
        tokio::select! {
            more = arrived.recv_many(&mut group, room) => if more == 0 { break },
            () = shared.timer.sleep_until(until) => {}
        }
    }
    Some(group)
}

/// Writes a group, for as long as it takes and the leases hold; `unsure`: an earlier try may have written it.
async fn store(shared: &Shared, mut group: Vec<Message>, mut unsure: bool) {
    loop {
        group.retain(|(ended, _)| is_held(shared, ended));
        if group.is_empty() {
            return;
        }
        let ends = group.iter().map(|(ended, _)| ended.finish.clone()).collect();
        let error = match shared.store.finish(ends).await {
            Ok(verdicts) => {
                shared.trouble.over(Source::Ends);
                return told(group, &verdicts, unsure);
            }
            Err(error) => error,
        };
        if error.kind() == ErrorKind::Closed {
            tracing::warn!(jobs = group.len(), "the store is closed: the lease's end counts these attempts");
            return;
        }
        unsure |= error.is_ambiguous() || error.kind() == ErrorKind::Timeout;
        if let Some(stored) = apart(shared, &mut group, &error, unsure) {
            stored.await;
            return;
        }
        let wait = shared.trouble.met(Source::Ends, &error);
        shared.timer.sleep_until(shared.timer.now() + wait).await;
    }
}

fn is_held(shared: &Shared, ended: &Ended) -> bool {
    let holds = shared.holds(&ended.held.life);
    if !holds {
        tracing::warn!(job = %ended.held.job, "the lease was lost before the end of the job was stored");
    }
    holds
}

/// Where the store will never take these ends together, each is written alone; one that it will never take at all becomes the job's death.
fn apart<'a>(
    shared: &'a Shared,
    group: &mut Vec<Message>,
    error: &StoreError,
    unsure: bool,
) -> Option<impl Future<Output = ()> + Send + use<'a>> {
    if error.is_transient() {
        return None;
    }
    if let [(ended, _)] = group.as_mut_slice() {
        if error.kind() == ErrorKind::Invalid && !matches!(ended.finish.end, End::Dead { .. }) {
            let text = format!("the store refused the end of the attempt: {error}");
            ended.finish.end = End::Dead { error: super::text::of_text(&text) };
        }
        return None;
    }
    let group = std::mem::take(group);
    Some(async move {
        for message in group {
            Box::pin(store(shared, vec![message], unsure)).await;
        }
    })
}

fn told(group: Vec<Message>, verdicts: &[Verdict], unsure: bool) {
    for ((ended, stored), verdict) in group.into_iter().zip(verdicts) {
        if *verdict == Verdict::Stale && !unsure {
            tracing::warn!(job = %ended.held.job, claim = %ended.held.claim, "stale: the job is another's by now");
        }
        if let Some(stored) = stored {
            // Whoever waited may be gone.
            let _ = stored.send(());
        }
    }
}
