//! What is kept no longer goes.

use std::time::Duration;

use ostler::{DAY, HOUR, MINUTE};

use crate::conformance::stand::{DONE, KEEP, Stand, dead, due, keyed, ms, row, row_in};
use crate::id::{JobId, WorkerId};
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::{Pruned, Store, Suspects, Want};
use crate::unique::Until;

impl<S: Store> Stand<S> {
    async fn prune(&self, most: usize) -> Pruned {
        self.store.prune(most).await.unwrap()
    }

    /// Which of these are there.
    async fn there(&self, jobs: &[JobId]) -> Vec<bool> {
        let mut there = Vec::new();
        for &job in jobs {
            there.push(self.state(job).await.is_some());
        }
        there
    }

    /// So many jobs that ended well, one after the other.
    async fn done(&self, worker: WorkerId, count: usize, keep: Keep) -> Vec<JobId> {
        let mut jobs = Vec::new();
        for _ in 0..count {
            jobs.push(self.ended(worker, row("mail"), DONE, keep).await);
        }
        jobs
    }
}

pub async fn a_job_is_kept_for_its_age<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let hour = stand.ended(worker, row("mail"), DONE, Keep::age(HOUR)).await;
    let day = stand.ended(worker, row("mail"), DONE, Keep::age(DAY)).await;
    stand.clock.advance(HOUR - ms(1));
    assert_eq!(stand.prune(9).await, Pruned { removed: 0, more: false });
    stand.clock.advance(ms(1));
    assert_eq!(stand.prune(9).await, Pruned { removed: 1, more: false });
    assert_eq!(stand.there(&[hour, day]).await, [false, true]);
    stand.clock.advance(DAY);
    assert_eq!(stand.prune(9).await.removed, 1);
    assert!(stand.store.counts().await.unwrap().is_empty());
}

pub async fn the_newest_of_a_queue_are_kept<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.done(worker, 5, Keep { age: DAY, most: 2 }).await;
    assert_eq!(stand.prune(9).await, Pruned { removed: 3, more: false });
    assert_eq!(stand.there(&jobs).await, [false, false, false, true, true]);
    assert_eq!(stand.count(JobState::Done).await, 2);
}

pub async fn each_queue_and_each_end_is_counted_for_itself<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let keep = Keep { age: DAY, most: 1 };
    let done = stand.ended(worker, row("mail"), DONE, keep).await;
    let died = stand.ended(worker, row("mail"), dead(), keep).await;
    let other = stand.add(row_in("other", "mail")).await;
    let want = Want { queue: "other".into(), most: 1 };
    let claim = stand.claim_as(worker, &[want], Suspects::AsOthers).await.claim.unwrap();
    stand.end_keeping(claim.id, other, DONE, keep).await;
    assert_eq!(stand.prune(9).await.removed, 0);
    let newer = stand.ended(worker, row("report"), DONE, keep).await;
    assert_eq!(stand.prune(9).await.removed, 1);
    assert_eq!(stand.there(&[done, died, other, newer]).await, [false, true, true, true]);
}

pub async fn it_goes_in_batches<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.done(worker, 5, Keep::age(HOUR)).await;
    stand.clock.advance(HOUR);
    assert_eq!(stand.prune(0).await, Pruned { removed: 0, more: true });
    assert_eq!(stand.prune(2).await, Pruned { removed: 2, more: true });
    assert_eq!(stand.there(&jobs).await, [false, false, true, true, true]);
    assert_eq!(stand.prune(9).await, Pruned { removed: 3, more: false });
    assert_eq!(stand.prune(9).await, Pruned::default());
}

pub async fn a_key_whose_time_has_passed_is_removed<S: Store>(stand: Stand<S>) {
    stand.add(keyed(row("mail"), "a", Until::After(HOUR))).await;
    stand.add(keyed(row("mail"), "b", Until::After(DAY))).await;
    stand.add(keyed(row("mail"), "c", Until::Finished)).await;
    stand.clock.advance(HOUR);
    assert_eq!(stand.prune(9).await, Pruned { removed: 1, more: false });
    stand.clock.advance(DAY);
    assert_eq!(stand.prune(9).await, Pruned { removed: 1, more: false });
    assert_eq!(stand.count(JobState::Ready).await, 3);
}

pub async fn live_jobs_are_never_removed<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let running = stand.add(row("mail")).await;
    let claim = stand.take(worker, running).await;
    let ready = stand.add(row("mail")).await;
    let scheduled = stand.add(due(row("mail"), MINUTE)).await;
    stand.clock.advance(Duration::from_secs(400 * 24 * 60 * 60));
    assert_eq!(stand.prune(9).await, Pruned::default());
    assert_eq!(stand.there(&[running, ready, scheduled]).await, [true; 3]);
    stand.end(claim, running, DONE).await;
    assert_eq!(stand.prune(9).await, Pruned::default());
    stand.clock.advance(KEEP.age);
    assert_eq!(stand.prune(9).await.removed, 1);
}

pub async fn a_cancelled_job_is_kept_for_a_week<S: Store>(stand: Stand<S>) {
    let job = stand.add(row("mail")).await;
    stand.store.cancel(job).await.unwrap();
    stand.clock.advance(7 * DAY - ms(1));
    assert_eq!(stand.prune(9).await.removed, 0);
    stand.clock.advance(ms(1));
    assert_eq!(stand.prune(9).await.removed, 1);
    assert_eq!(stand.state(job).await, None);
}
