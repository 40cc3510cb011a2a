//! Due jobs become ready.

use ostler::{HOUR, MINUTE, SECOND};

use crate::conformance::stand::{KEEP, Stand, due, ms, retry, row};
use crate::state::JobState;
use crate::store::{Staged, Store};

pub async fn jobs_become_ready_in_the_order_of_their_times<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let mut jobs = Vec::new();
    for minutes in [3, 1, 2, 1] {
        jobs.push(stand.add(due(row("mail"), minutes * MINUTE)).await);
    }
    let again = stand.ended(worker, row("report"), retry(2 * MINUTE), KEEP).await;
    assert_eq!(stand.after(HOUR).await, 5);
    let order = [jobs[1], jobs[3], jobs[2], again, jobs[0]];
    assert_eq!(stand.claim_ids(worker, 9).await, order);
}

pub async fn a_job_is_due_at_its_time_and_not_before<S: Store>(stand: Stand<S>) {
    let job = stand.add(due(row("mail"), MINUTE)).await;
    assert_eq!(stand.after(MINUTE - ms(1)).await, 0);
    assert_eq!(stand.state(job).await, Some(JobState::Scheduled));
    stand.clock.advance(ms(1));
    assert_eq!(stand.state(job).await, Some(JobState::Scheduled));
    assert_eq!(stand.after(ms(0)).await, 1);
    let status = stand.status(job).await;
    assert_eq!((status.state, status.due), (JobState::Ready, None));
    assert_eq!(stand.after(HOUR).await, 0);
}

pub async fn the_next_time_is_told<S: Store>(stand: Stand<S>) {
    let start = stand.clock.wall();
    for seconds in [30, 10, 20] {
        stand.add(due(row("mail"), seconds * SECOND)).await;
    }
    let next = Some(start + 10 * SECOND);
    assert_eq!(stand.store.stage().await.unwrap(), Staged { moved: 0, next });
    stand.clock.advance(20 * SECOND);
    let next = Some(start + 30 * SECOND);
    assert_eq!(stand.store.stage().await.unwrap(), Staged { moved: 2, next });
    stand.clock.advance(HOUR);
    assert_eq!(stand.store.stage().await.unwrap(), Staged { moved: 1, next: None });
}

pub async fn nothing_to_stage_is_no_error<S: Store>(stand: Stand<S>) {
    stand.add(row("mail")).await;
    assert_eq!(stand.store.stage().await.unwrap(), Staged::default());
}

pub async fn a_wall_clock_that_is_set_back_makes_nothing_ready<S: Store>(stand: Stand<S>) {
    let job = stand.add(due(row("mail"), MINUTE)).await;
    let start = stand.clock.wall();
    stand.clock.set_wall(start - HOUR);
    assert_eq!(stand.after(MINUTE).await, 0);
    assert_eq!(stand.status(job).await.due, Some(start + MINUTE));
    assert_eq!(stand.after(HOUR).await, 1);
}
