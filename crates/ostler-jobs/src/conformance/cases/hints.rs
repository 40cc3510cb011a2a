//! Hints. A store may give more of them than there is reason for, and none of these cases asks for too few.

use crate::conformance::stand::{DONE, Stand, row};
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::Store;

pub async fn a_job_that_is_ready_is_hinted<S: Store>(stand: Stand<S>) {
    let mut ready = stand.store.hints().when_ready();
    let job = stand.add(row("mail")).await;
    ready.changed().await.unwrap();
    assert_eq!(stand.state(job).await, Some(JobState::Ready));
}

pub async fn a_cancel_is_hinted<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    stand.take(worker, job).await;
    let mut asked = stand.store.hints().when_cancel_asked();
    stand.store.cancel(job).await.unwrap();
    asked.changed().await.unwrap();
    assert!(stand.status(job).await.cancel_asked);
}

pub async fn an_end_is_hinted_after_it_can_be_seen<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let claim = stand.take(worker, job).await;
    let mut hint = stand.store.hints().end_of(job);
    stand.end_keeping(claim, job, DONE, Keep::NONE).await;
    hint.ended().await;
    assert_eq!(hint.status().map(|status| status.state), Some(JobState::Done));
    assert_eq!(stand.state(job).await, None);
    let waiting = stand.add(row("mail")).await;
    let mut hint = stand.store.hints().end_of(waiting);
    stand.store.cancel(waiting).await.unwrap();
    hint.ended().await;
    assert_eq!(stand.state(waiting).await, Some(JobState::Cancelled));
}

pub async fn a_queue_that_is_resumed_is_hinted<S: Store>(stand: Stand<S>) {
    stand.add(row("mail")).await;
    stand.store.pause("q").await.unwrap();
    let mut ready = stand.store.hints().when_ready();
    stand.store.resume("q").await.unwrap();
    ready.changed().await.unwrap();
}
