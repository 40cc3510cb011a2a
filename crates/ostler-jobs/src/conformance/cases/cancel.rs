//! Cancelling jobs.

use std::time::Duration;

use ostler::MINUTE;

use crate::conformance::stand::{DONE, KEEP, Stand, dead, due, retry, row};
use crate::id::JobId;
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::{CANCELLED, CancelAnswer, End, Store, Verdict};

pub async fn a_ready_job_is_cancelled_at_once<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Cancelled);
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts), (JobState::Cancelled, 0));
    assert_eq!(status.error.as_deref(), Some(CANCELLED));
    assert_eq!((status.finished, status.cancel_asked), (Some(stand.clock.wall()), false));
    assert!(stand.claim(worker, 9).await.is_none());
}

pub async fn a_scheduled_job_is_cancelled_at_once<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let new = stand.add(due(row("mail"), MINUTE)).await;
    let failed = stand.ended(worker, row("mail"), retry(MINUTE), KEEP).await;
    for (job, attempts) in [(new, 0), (failed, 1)] {
        assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Cancelled);
        let status = stand.status(job).await;
        assert_eq!((status.state, status.due, status.attempts), (JobState::Cancelled, None, attempts));
        assert_eq!(status.error.as_deref(), Some(CANCELLED));
    }
    assert_eq!(stand.after(MINUTE).await, 0);
    assert_eq!(stand.store.stage().await.unwrap().next, None);
}

pub async fn a_running_job_is_asked<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    stand.take(worker, job).await;
    assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Asked);
    let status = stand.status(job).await;
    assert_eq!((status.state, status.cancel_asked), (JobState::Running, true));
    assert_eq!((status.finished, status.error), (None, None));
}

pub async fn a_finished_job_is_over<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let cancelled = End::Cancelled { reason: "why".into() };
    let ends = [(DONE, JobState::Done), (dead(), JobState::Dead), (cancelled, JobState::Cancelled)];
    for (end, state) in ends {
        let job = stand.ended(worker, row("mail"), end, KEEP).await;
        let before = stand.status(job).await;
        assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Over(state));
        assert_eq!(stand.status(job).await, before);
    }
}

pub async fn a_job_that_is_not_there_is_unknown<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let gone = stand.ended(worker, row("mail"), DONE, Keep::NONE).await;
    for job in [gone, JobId::from_u128(7)] {
        assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Unknown);
    }
}

pub async fn a_job_that_is_to_be_cancelled_is_not_tried_again<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let ends = [
        (retry(Duration::ZERO), 1),
        (retry(MINUTE), 1),
        (End::Snooze { wait: MINUTE }, 0),
        (End::GiveBack, 0),
    ];
    for (end, attempts) in ends {
        for keep in [KEEP, Keep::NONE] {
            let job = stand.add(row("mail")).await;
            let claim = stand.take(worker, job).await;
            stand.store.cancel(job).await.unwrap();
            assert_eq!(stand.end_keeping(claim, job, end.clone(), keep).await, Verdict::Accepted);
            if keep.is_none() {
                assert_eq!(stand.state(job).await, None);
                continue;
            }
            let status = stand.status(job).await;
            assert_eq!((status.state, status.attempts), (JobState::Cancelled, attempts), "{end:?}");
            assert_eq!(status.error.as_deref(), Some(CANCELLED));
            assert!(!status.cancel_asked);
        }
    }
}

pub async fn a_job_that_is_to_be_cancelled_may_end_well_or_for_good_first<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let cancelled = End::Cancelled { reason: "why".into() };
    let ends = [
        (DONE, JobState::Done, None),
        (dead(), JobState::Dead, Some("it is of no use")),
        (cancelled, JobState::Cancelled, Some("why")),
    ];
    for (end, state, error) in ends {
        let job = stand.add(row("mail")).await;
        let claim = stand.take(worker, job).await;
        stand.store.cancel(job).await.unwrap();
        stand.end(claim, job, end).await;
        let status = stand.status(job).await;
        assert_eq!((status.state, status.error.as_deref(), status.cancel_asked), (state, error, false));
    }
}

pub async fn to_ask_twice_changes_nothing<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let claim = stand.take(worker, job).await;
    for _ in 0..2 {
        assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Asked);
    }
    stand.end(claim, job, retry(Duration::ZERO)).await;
    assert_eq!(stand.store.cancel(job).await.unwrap(), CancelAnswer::Over(JobState::Cancelled));
}
