//! Upkeep: makes due jobs ready, takes back what lost workers held, removes what is kept no longer, and says which
//! kinds and queues nobody here works.
//! Two processes that do so at once only waste work.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ostler::{Clock, MINUTE};
use tokio::sync::watch;

use super::shared::Shared;
use super::trouble::Source;
use crate::error::StoreError;
use crate::lease::Watch;
use crate::store::{Count, Pending};

/// How many rows are removed at a time: few enough that no enqueue waits for them.
const PRUNED_AT_ONCE: usize = 1_000;

/// How often what is kept no longer is removed, and unknown kinds are looked for.
const SWEEP_EVERY: Duration = MINUTE;

/// Looks after the store for ever. It may be dropped at any time.
pub(crate) async fn upkeep(shared: &Shared, clock: &Clock) -> Infallible {
    tokio::join!(stage(shared, clock), rescue(shared, clock), sweep(shared, clock)).0
}

async fn stage(shared: &Shared, clock: &Clock) -> Infallible {
    let hints = shared.store.hints();
    let mut scheduled = hints.when_scheduled();
    loop {
        // Whatever is scheduled from here on is news, until the next look is known.
        scheduled.borrow_and_update();
        hints.looks_at(Timestamp::MAX);
        let staged = done(shared, clock, || shared.store.stage()).await;
        let next = staged.next.unwrap_or(Timestamp::MAX);
        hints.looks_at(next);
        wait(clock, next, shared.settings.poll, &mut scheduled).await;
    }
}

async fn wait(clock: &Clock, next: Timestamp, poll: Duration, scheduled: &mut watch::Receiver<u64>) {
    tokio::select! {
        () = clock.sleep_until_wall(next), if next < Timestamp::MAX => {}
        () = clock.sleep(poll) => {}
        _ = scheduled.changed() => {}
    }
}

async fn rescue(shared: &Shared, clock: &Clock) -> Infallible {
    let lease = shared.settings.lease;
    let mut watch = Watch::new(lease);
    loop {
        // Read before it is asked: a beat that comes in between only makes a worker look younger.
        let now = shared.timer.now();
        let beats = done(shared, clock, || shared.store.beats()).await;
        let stale = watch.observe(now, &beats);
        if !stale.is_empty() {
            let workers = stale.len();
            let jobs = done(shared, clock, || shared.store.expire(stale.clone())).await;
            tracing::warn!(workers, jobs, "workers were lost, and their jobs are ready again");
        }
        clock.sleep(lease / 3).await;
    }
}

async fn sweep(shared: &Shared, clock: &Clock) -> Infallible {
    let mut told = BTreeSet::new();
    loop {
        while done(shared, clock, || shared.store.prune(PRUNED_AT_ONCE)).await.more {
            tokio::task::yield_now().await;
        }
        let counts = done(shared, clock, || shared.store.counts()).await;
        for missed in missed(&counts, &shared.kinds, |queue| shared.lanes.place(queue).is_some()) {
            if told.insert(missed.clone()) {
                missed.warn();
            }
        }
        clock.sleep(SWEEP_EVERY).await;
    }
}

/// Why jobs wait that this process never takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Missed {
    /// It has no handler for their kind.
    Kind(Arc<str>),
    /// It has one, and no slots for the queue in which they are.
    Queue { queue: Arc<str>, kind: Arc<str> },
}

impl Missed {
    fn warn(&self) {
        match self {
            Self::Kind(kind) => {
                tracing::warn!(%kind, "jobs of a kind wait that this process has no handler for");
            }
            Self::Queue { queue, kind } => {
                tracing::warn!(%queue, %kind, "jobs wait in a queue that this process does not work");
            }
        }
    }
}

/// What waits, and is of none of these kinds or in no queue that is worked.
fn missed(
    counts: &[Count],
    kinds: &BTreeSet<Arc<str>>,
    is_worked: impl Fn(&str) -> bool,
) -> BTreeSet<Missed> {
    let waiting = counts.iter().filter(|count| !count.state.is_finished() && count.jobs > 0);
    let why =
        waiting.filter_map(|Count { queue, kind, .. }| match (kinds.contains(kind), is_worked(queue)) {
            (false, _) => Some(Missed::Kind(Arc::clone(kind))),
            (true, false) => Some(Missed::Queue { queue: Arc::clone(queue), kind: Arc::clone(kind) }),
            (true, true) => None,
        });
    why.collect()
}

/// Calls a verb until it succeeds.
async fn done<'a, T>(shared: &Shared, clock: &Clock, verb: impl Fn() -> Pending<'a, T>) -> T {
    loop {
        let error: StoreError = match verb().await {
            Ok(answer) => {
                shared.trouble.over(Source::Upkeep);
                return answer;
            }
            Err(error) => error,
        };
        clock.sleep(shared.trouble.met(Source::Upkeep, &error)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::JobState;

    #[test]
    fn only_what_waits_is_missed_by_its_kind_or_by_its_queue() {
        let of = |queue: &str, kind: &str, state, jobs| Count {
            queue: queue.into(),
            kind: kind.into(),
            state,
            jobs,
        };
        let count = |kind, state, jobs| of("q", kind, state, jobs);
        let counts = [
            count("known", JobState::Ready, 1),
            count("ready", JobState::Ready, 1),
            count("later", JobState::Scheduled, 2),
            count("over", JobState::Done, 9),
            count("gone", JobState::Ready, 0),
            of("elsewhere", "known", JobState::Scheduled, 1),
            of("elsewhere", "ready", JobState::Ready, 1),
            of("empty", "known", JobState::Done, 1),
        ];
        let kinds = BTreeSet::from(["known".into()]);
        let missed: Vec<Missed> = missed(&counts, &kinds, |queue| queue == "q").into_iter().collect();
        let kind = |kind: &str| Missed::Kind(kind.into());
        let elsewhere = Missed::Queue { queue: "elsewhere".into(), kind: "known".into() };
        assert_eq!(missed, [kind("later"), kind("ready"), elsewhere]);
    }
}
