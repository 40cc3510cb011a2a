//! Counts. What a status tells stands with the verbs that change it.

use ostler::MINUTE;

use crate::conformance::stand::{DONE, KEEP, Stand, dead, due, row, row_in};
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::{Count, Store};

impl<S: Store> Stand<S> {
    async fn counts(&self) -> Vec<Count> {
        let mut counts = self.store.counts().await.unwrap();
        counts.sort();
        counts
    }
}

fn count(queue: &str, kind: &str, state: JobState, jobs: u64) -> Count {
    Count { queue: queue.into(), kind: kind.into(), state, jobs }
}

pub async fn counts_tell_each_state<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    stand.ended(worker, row("mail"), DONE, KEEP).await;
    stand.ended(worker, row("mail"), dead(), KEEP).await;
    let cancelled = stand.add(row("mail")).await;
    stand.store.cancel(cancelled).await.unwrap();
    let running = stand.add(row("mail")).await;
    stand.take(worker, running).await;
    stand.add(due(row("mail"), MINUTE)).await;
    stand.add_all(&["mail"; 3]).await;
    let wanted = [
        (JobState::Scheduled, 1),
        (JobState::Ready, 3),
        (JobState::Running, 1),
        (JobState::Done, 1),
        (JobState::Cancelled, 1),
        (JobState::Dead, 1),
    ];
    assert_eq!(stand.counts().await, wanted.map(|(state, jobs)| count("q", "mail", state, jobs)));
}

pub async fn counts_tell_queues_and_kinds_apart<S: Store>(stand: Stand<S>) {
    for (queue, kind) in [("a", "mail"), ("a", "report"), ("b", "mail"), ("a", "mail")] {
        stand.add(row_in(queue, kind)).await;
    }
    let ready = JobState::Ready;
    let wanted = [count("a", "mail", ready, 2), count("a", "report", ready, 1), count("b", "mail", ready, 1)];
    assert_eq!(stand.counts().await, wanted);
}

pub async fn counts_of_nothing_are_none<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    assert!(stand.counts().await.is_empty());
    let job = stand.ended(worker, row("mail"), DONE, Keep::age(MINUTE)).await;
    assert_eq!(stand.counts().await, [count("q", "mail", JobState::Done, 1)]);
    stand.clock.advance(MINUTE);
    stand.store.prune(9).await.unwrap();
    assert_eq!(stand.state(job).await, None);
    assert!(stand.counts().await.is_empty());
}

pub async fn what_ended_and_is_not_kept_is_not_counted<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    stand.ended(worker, row("mail"), DONE, Keep::NONE).await;
    assert!(stand.counts().await.is_empty());
}
