//! Ending attempts.

use std::sync::Arc;
use std::time::Duration;

use ostler::{HOUR, MINUTE, SECOND};

use crate::conformance::stand::{DONE, KEEP, Stand, dead, retry, row};
use crate::id::{ClaimId, JobId};
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::{End, Finish, Store, Verdict};

fn result(text: &str) -> End {
    End::Done { result: Some(text.into()) }
}

pub async fn a_done_job_has_its_result<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let before = stand.status(job).await;
    let claim = stand.take(worker, job).await;
    stand.clock.advance(SECOND);
    assert_eq!(stand.end(claim, job, result(r#"{"sent":true}"#)).await, Verdict::Accepted);
    let mut wanted = before;
    (wanted.state, wanted.attempts) = (JobState::Done, 1);
    (wanted.finished, wanted.result) = (Some(stand.clock.wall()), Some(r#"{"sent":true}"#.into()));
    assert_eq!(stand.status(job).await, wanted);
    assert!(stand.claim(worker, 9).await.is_none());
}

pub async fn a_done_job_forgets_its_errors<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.ended(worker, row("mail"), retry(Duration::ZERO), KEEP).await;
    let claim = stand.take(worker, job).await;
    assert_eq!(stand.status(job).await.error.as_deref(), Some("it failed"));
    stand.end(claim, job, DONE).await;
    let status = stand.status(job).await;
    assert_eq!((status.attempts, status.error, status.result), (2, None, None));
}

pub async fn a_dead_job_has_its_error<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.ended(worker, row("mail"), dead(), KEEP).await;
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts), (JobState::Dead, 1));
    assert_eq!(status.error.as_deref(), Some("it is of no use"));
    assert_eq!(status.finished, Some(stand.clock.wall()));
}

pub async fn a_cancelled_job_has_its_reason<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let end = End::Cancelled { reason: "the order is gone".into() };
    let job = stand.ended(worker, row("mail"), end, KEEP).await;
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts), (JobState::Cancelled, 1));
    assert_eq!(status.error.as_deref(), Some("the order is gone"));
}

pub async fn a_retry_without_a_wait_is_ready_behind_the_others<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail"; 2]).await;
    let claim = stand.take(worker, jobs[0]).await;
    stand.end(claim, jobs[0], retry(Duration::ZERO)).await;
    let status = stand.status(jobs[0]).await;
    assert_eq!((status.state, status.due, status.attempts), (JobState::Ready, None, 1));
    let again = stand.claim(worker, 9).await.unwrap();
    let attempts = again.jobs.iter().map(|job| (job.id, job.attempt)).collect::<Vec<_>>();
    assert_eq!(attempts, [(jobs[1], 1), (jobs[0], 2)]);
}

pub async fn a_retry_with_a_wait_is_scheduled<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.ended(worker, row("mail"), retry(MINUTE), KEEP).await;
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts), (JobState::Scheduled, 1));
    assert_eq!(status.due, Some(stand.clock.wall() + MINUTE));
    assert_eq!(status.error.as_deref(), Some("it failed"));
    assert_eq!(stand.after(MINUTE).await, 1);
    assert_eq!(stand.claim(worker, 1).await.unwrap().jobs[0].attempt, 2);
}

pub async fn a_snooze_does_not_count<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.ended(worker, row("mail"), End::Snooze { wait: HOUR }, KEEP).await;
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts, status.error), (JobState::Scheduled, 0, None));
    assert_eq!(status.due, Some(stand.clock.wall() + HOUR));
    stand.after(HOUR).await;
    let claim = stand.take(worker, job).await;
    stand.end(claim, job, End::Snooze { wait: Duration::ZERO }).await;
    assert_eq!(stand.state(job).await, Some(JobState::Ready));
    assert_eq!(stand.claim(worker, 1).await.unwrap().jobs[0].attempt, 1);
}

pub async fn a_given_back_job_is_first_and_does_not_count<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail", "report"]).await;
    let claim = stand.take(worker, jobs[0]).await;
    stand.end(claim, jobs[0], End::GiveBack).await;
    let status = stand.status(jobs[0]).await;
    assert_eq!((status.state, status.attempts, status.error), (JobState::Ready, 0, None));
    let claim = stand.claim(worker, 9).await.unwrap();
    assert_eq!((claim.jobs[0].id, claim.jobs[0].attempt), (jobs[0], 1));
    assert_eq!(claim.jobs[1].id, jobs[1]);
}

pub async fn jobs_given_back_together_come_last_first<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail"; 4]).await;
    let claim = stand.claim(worker, 3).await.unwrap().id;
    let ends = jobs[..3].iter().map(|&job| Finish { claim, job, end: End::GiveBack, keep: KEEP });
    assert_eq!(stand.store.finish(ends.collect()).await.unwrap(), [Verdict::Accepted; 3]);
    assert_eq!(stand.claim_ids(worker, 9).await, [2, 1, 0, 3].map(|at| jobs[at]));
}

pub async fn a_given_back_job_stays_in_its_priority<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let low = stand.add(row("mail").priority(7).unwrap()).await;
    let claim = stand.take(worker, low).await;
    let high = stand.add(row("mail").priority(6).unwrap()).await;
    stand.end(claim, low, End::GiveBack).await;
    assert_eq!(stand.claim_ids(worker, 9).await, [high, low]);
}

pub async fn a_second_end_is_stale<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for (first, keep) in [(DONE, KEEP), (dead(), KEEP), (retry(MINUTE), KEEP), (DONE, Keep::NONE)] {
        let job = stand.add(row("mail")).await;
        let claim = stand.take(worker, job).await;
        assert_eq!(stand.end_keeping(claim, job, first, keep).await, Verdict::Accepted);
        let before = stand.store.status(job).await.unwrap();
        for second in [DONE, dead(), retry(Duration::ZERO), End::GiveBack] {
            assert_eq!(stand.end(claim, job, second).await, Verdict::Stale);
        }
        assert_eq!(stand.store.status(job).await.unwrap(), before);
    }
}

pub async fn a_second_end_in_one_call_is_stale<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let claim = stand.take(worker, job).await;
    let ends = [retry(Duration::ZERO), dead()].map(|end| Finish { claim, job, end, keep: KEEP });
    let verdicts = stand.store.finish(ends.to_vec()).await.unwrap();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Stale]);
    assert_eq!(stand.state(job).await, Some(JobState::Ready));
}

pub async fn an_end_by_another_claim_is_stale<S: Store>(stand: Stand<S>) {
    let (one, other) = (stand.join().await, stand.join().await);
    let jobs = stand.add_all(&["mail"; 2]).await;
    let first = stand.take(one, jobs[0]).await;
    let second = stand.take(other, jobs[1]).await;
    assert_eq!(stand.end(second, jobs[0], DONE).await, Verdict::Stale);
    assert_eq!(stand.end(first, jobs[1], DONE).await, Verdict::Stale);
    assert_eq!(stand.end(ClaimId(u64::MAX >> 2), jobs[0], DONE).await, Verdict::Stale);
    assert_eq!(stand.count(JobState::Running).await, 2);
    assert_eq!(stand.end(first, jobs[0], DONE).await, Verdict::Accepted);
}

pub async fn an_end_of_an_attempt_before_is_stale<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for end in [retry(Duration::ZERO), End::Snooze { wait: Duration::ZERO }, End::GiveBack] {
        let job = stand.add(row("mail")).await;
        let before = stand.take(worker, job).await;
        stand.end(before, job, end).await;
        let now = stand.take(worker, job).await;
        assert_eq!(stand.end(before, job, DONE).await, Verdict::Stale);
        assert_eq!(stand.state(job).await, Some(JobState::Running));
        assert_eq!(stand.end(now, job, DONE).await, Verdict::Accepted);
    }
}

pub async fn an_end_of_no_job_is_stale<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    assert_eq!(stand.end(ClaimId(1), job, DONE).await, Verdict::Stale);
    let claim = stand.take(worker, job).await;
    assert_eq!(stand.end(claim, JobId::from_u128(7), DONE).await, Verdict::Stale);
    assert_eq!(stand.state(job).await, Some(JobState::Running));
}

pub async fn verdicts_come_in_order_and_one_by_one<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail"; 3]).await;
    let claim = stand.claim(worker, 3).await.unwrap().id;
    stand.end(claim, jobs[1], DONE).await;
    let ends = jobs.iter().map(|&job| Finish { claim, job, end: result("1"), keep: KEEP });
    let verdicts = stand.store.finish(ends.collect()).await.unwrap();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Stale, Verdict::Accepted]);
    assert_eq!(stand.status(jobs[1]).await.result, None);
    assert_eq!(stand.status(jobs[2]).await.result, Some(Arc::from("1")));
}

pub async fn no_ends_are_no_verdicts<S: Store>(stand: Stand<S>) {
    assert!(stand.store.finish(Vec::new()).await.unwrap().is_empty());
}

pub async fn attempts_add_up<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let zero = Duration::ZERO;
    let job = stand.add(row("mail")).await;
    let ends = [retry(zero), End::GiveBack, retry(zero), End::Snooze { wait: zero }, dead()];
    for (end, (running, after)) in ends.into_iter().zip([(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]) {
        let claim = stand.take(worker, job).await;
        assert_eq!(stand.status(job).await.attempts, running);
        stand.end(claim, job, end).await;
        assert_eq!(stand.status(job).await.attempts, after);
    }
}

pub async fn a_job_of_which_nothing_is_kept_is_gone<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let none = [Keep::NONE, Keep { age: HOUR, most: 0 }, Keep { age: Duration::ZERO, most: 9 }];
    for keep in none {
        for end in [DONE, dead(), End::Cancelled { reason: "why".into() }] {
            let job = stand.ended(worker, row("mail"), end, keep).await;
            assert_eq!(stand.state(job).await, None);
        }
    }
    assert!(stand.store.counts().await.unwrap().is_empty());
}

pub async fn a_wait_without_end_is_no_error<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for end in [retry(Duration::MAX), End::Snooze { wait: Duration::MAX }] {
        let job = stand.ended(worker, row("mail"), end, KEEP).await;
        assert_eq!(stand.state(job).await, Some(JobState::Scheduled));
    }
    let forever = Keep { age: Duration::MAX, most: u64::MAX };
    let job = stand.ended(worker, row("mail"), DONE, forever).await;
    stand.clock.advance(HOUR);
    assert_eq!(stand.store.prune(9).await.unwrap().removed, 0);
    assert_eq!(stand.state(job).await, Some(JobState::Done));
}
