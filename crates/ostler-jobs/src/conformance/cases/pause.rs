//! Pausing queues.

use ostler::MINUTE;

use crate::conformance::stand::{DONE, Stand, due, ids, row, row_in, want};
use crate::state::JobState;
use crate::store::{Store, Suspects, Verdict};

pub async fn nothing_of_a_paused_queue_is_claimed<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let paused = stand.add(row_in("a", "mail")).await;
    let other = stand.add(row_in("b", "mail")).await;
    stand.store.pause("a").await.unwrap();
    let wants = [want("a", 9), want("b", 9)];
    let claim = stand.claim_as(worker, &wants, Suspects::AsOthers).await.claim;
    assert_eq!(ids(&claim), [other]);
    stand.store.resume("a").await.unwrap();
    let claim = stand.claim_as(worker, &wants, Suspects::AsOthers).await.claim;
    assert_eq!(ids(&claim), [paused]);
}

pub async fn what_runs_goes_on<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let claim = stand.take(worker, job).await;
    stand.store.pause("q").await.unwrap();
    assert_eq!(stand.state(job).await, Some(JobState::Running));
    assert_eq!(stand.end(claim, job, DONE).await, Verdict::Accepted);
}

pub async fn paused_queues_are_told<S: Store>(stand: Stand<S>) {
    for queue in ["b", "a", "never-seen"] {
        stand.store.pause(queue).await.unwrap();
    }
    stand.store.resume("b").await.unwrap();
    let mut paused = stand.store.paused().await.unwrap();
    paused.sort();
    assert_eq!(paused, ["a", "never-seen"]);
}

pub async fn to_pause_twice_is_to_pause_once<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    stand.store.resume("q").await.unwrap();
    stand.store.pause("q").await.unwrap();
    stand.store.pause("q").await.unwrap();
    assert_eq!(stand.store.paused().await.unwrap(), ["q"]);
    stand.store.resume("q").await.unwrap();
    assert!(stand.store.paused().await.unwrap().is_empty());
    assert_eq!(stand.claim_ids(worker, 9).await, [job]);
}

pub async fn a_paused_queue_takes_jobs<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    stand.store.pause("q").await.unwrap();
    let ready = stand.add(row("mail")).await;
    let later = stand.add(due(row("mail"), MINUTE)).await;
    assert_eq!(stand.after(MINUTE).await, 1);
    for job in [ready, later] {
        assert_eq!(stand.state(job).await, Some(JobState::Ready));
    }
    assert!(stand.claim(worker, 9).await.is_none());
    stand.store.resume("q").await.unwrap();
    assert_eq!(stand.claim_ids(worker, 9).await, [ready, later]);
}
