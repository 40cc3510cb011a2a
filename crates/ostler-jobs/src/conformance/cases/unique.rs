//! Unique jobs.

use std::time::Duration;

use ostler::{HOUR, MINUTE};

use crate::conformance::stand::{DONE, KEEP, Stand, dead, due, keyed, ms, retry, row};
use crate::id::JobId;
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::{End, NewRow, Store};
use crate::unique::{Unique, UniqueKey, Until};

fn once() -> NewRow {
    keyed(row("mail"), "a", Until::Finished)
}

fn for_an_hour() -> NewRow {
    keyed(row("mail"), "a", Until::After(HOUR))
}

impl<S: Store> Stand<S> {
    /// The job that holds the key of this row, which is not added.
    async fn holder(&self, row: NewRow) -> JobId {
        let inserted = self.insert(vec![row]).await;
        assert!(inserted[0].existing, "nobody held the key");
        inserted[0].id
    }
}

pub async fn a_key_holds_until_its_job_is_finished<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let ends = [DONE, dead(), End::Cancelled { reason: "why".into() }];
    for (end, keep) in ends.into_iter().flat_map(|end| [(end.clone(), KEEP), (end, Keep::NONE)]) {
        let job = stand.add(once()).await;
        assert_eq!(stand.holder(once()).await, job);
        let claim = stand.take(worker, job).await;
        assert_eq!(stand.holder(once()).await, job);
        stand.end_keeping(claim, job, end, keep).await;
        let next = stand.add(once()).await;
        assert_ne!(next, job);
        stand.store.cancel(next).await.unwrap();
    }
}

pub async fn a_key_holds_while_its_job_is_tried_again<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(once()).await;
    for end in [retry(Duration::ZERO), End::Snooze { wait: Duration::ZERO }, End::GiveBack] {
        let claim = stand.take(worker, job).await;
        stand.end(claim, job, end).await;
        assert_eq!(stand.holder(once()).await, job);
    }
    stand.take(worker, job).await;
    stand.expire(worker).await;
    assert_eq!(stand.holder(once()).await, job);
}

pub async fn a_key_holds_for_its_time_whatever_becomes_of_the_job<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.ended(worker, for_an_hour(), DONE, KEEP).await;
    assert_eq!(stand.holder(for_an_hour()).await, job);
    stand.clock.advance(HOUR - ms(1));
    assert_eq!(stand.holder(for_an_hour()).await, job);
    stand.clock.advance(ms(1));
    let next = stand.add(for_an_hour()).await;
    assert_ne!(next, job);
    stand.clock.advance(HOUR);
    assert_eq!(stand.state(next).await, Some(JobState::Ready));
    stand.add(for_an_hour()).await;
}

pub async fn a_key_for_a_time_holds_when_its_job_is_not_kept<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.ended(worker, for_an_hour(), DONE, Keep::NONE).await;
    assert_eq!(stand.state(job).await, None);
    assert_eq!(stand.holder(for_an_hour()).await, job);
    assert_eq!(stand.store.prune(100).await.unwrap().removed, 0);
    assert_eq!(stand.holder(for_an_hour()).await, job);
}

pub async fn a_conflict_degrades_one_row_and_not_the_batch<S: Store>(stand: Stand<S>) {
    let job = stand.add(once()).await;
    let inserted = stand.insert(vec![row("report"), once(), row("thumb")]).await;
    assert_eq!(inserted.iter().map(|one| one.existing).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(inserted[1].id, job);
    assert_eq!(stand.count(JobState::Ready).await, 3);
    let worker = stand.join().await;
    assert_eq!(stand.claim_ids(worker, 9).await, [job, inserted[0].id, inserted[2].id]);
}

pub async fn one_key_twice_in_one_batch_is_one_job<S: Store>(stand: Stand<S>) {
    for row in [once, for_an_hour] {
        let inserted = stand.insert(vec![row(), row()]).await;
        assert_eq!((inserted[0].existing, inserted[1].existing), (false, true));
        assert_eq!(inserted[0].id, inserted[1].id);
        assert_eq!(stand.count(JobState::Ready).await, 1);
        stand.store.cancel(inserted[0].id).await.unwrap();
    }
}

pub async fn the_holder_decides_how_long_a_key_holds<S: Store>(stand: Stand<S>) {
    let job = stand.add(once()).await;
    stand.clock.advance(HOUR + MINUTE);
    assert_eq!(stand.holder(for_an_hour()).await, job);
    stand.store.cancel(job).await.unwrap();
    let timed = stand.add(for_an_hour()).await;
    stand.store.cancel(timed).await.unwrap();
    assert_eq!(stand.holder(once()).await, timed);
}

pub async fn a_key_that_passed_on_is_not_let_go_by_its_former_job<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let former = stand.add(for_an_hour()).await;
    stand.clock.advance(HOUR);
    let holder = stand.add(once()).await;
    let claim = stand.take(worker, former).await;
    stand.end(claim, former, DONE).await;
    assert_eq!(stand.holder(once()).await, holder);
    assert_eq!(stand.store.prune(100).await.unwrap().removed, 0);
    assert_eq!(stand.holder(once()).await, holder);
}

pub async fn a_scheduled_job_holds_its_key<S: Store>(stand: Stand<S>) {
    let job = stand.add(due(once(), HOUR)).await;
    assert_eq!(stand.holder(once()).await, job);
    stand.store.cancel(job).await.unwrap();
    stand.add(once()).await;
}

pub async fn a_key_of_another_kind_is_another_key<S: Store>(stand: Stand<S>) {
    let keys = [
        UniqueKey::of("mail", "{}"),
        UniqueKey::of("report", "{}"),
        UniqueKey::of_args("mail", "{}"),
        UniqueKey::of_args("mail", "{ }"),
    ];
    for key in keys {
        stand.add(row("mail").unique(Some(Unique { key, until: Until::Finished }))).await;
    }
    assert_eq!(stand.count(JobState::Ready).await, 4);
}
