//! Workers, their beats, and what they lose.

use std::collections::BTreeSet;

use crate::conformance::stand::{DONE, Stand, ids, kinds, retry, row, want};
use crate::error::ErrorKind;
use crate::id::WorkerId;
use crate::policy::Retention;
use crate::state::JobState;
use crate::store::{Beat, CANCELLED, ClaimRequest, End, LOST, Store, Suspects, Verdict, WorkerBeat};

pub async fn no_two_workers_are_the_same<S: Store>(stand: Stand<S>) {
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let worker = stand.join().await;
        assert!(seen.insert(worker), "worker {worker} came twice");
        stand.store.leave(worker).await.unwrap();
    }
}

pub async fn a_beat_changes_the_number_that_others_see<S: Store>(stand: Stand<S>) {
    let (one, other) = (stand.join().await, stand.join().await);
    let before = (stand.beat_of(one).await.unwrap(), stand.beat_of(other).await.unwrap());
    assert_eq!(stand.store.beat(one).await.unwrap(), Beat::Alive { cancels: Vec::new() });
    assert_ne!(stand.beat_of(one).await.unwrap(), before.0);
    assert_eq!(stand.beat_of(other).await.unwrap(), before.1);
    assert_eq!(stand.store.beats().await.unwrap().len(), 2);
}

pub async fn a_worker_that_left_is_gone<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    stand.store.leave(worker).await.unwrap();
    assert!(stand.store.beats().await.unwrap().is_empty());
    assert_eq!(stand.store.beat(worker).await.unwrap(), Beat::Lost);
    stand.store.leave(worker).await.unwrap();
    stand.store.leave(WorkerId(u64::MAX >> 2)).await.unwrap();
}

pub async fn to_leave_loses_what_is_still_held<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let claim = stand.take(worker, job).await;
    stand.store.leave(worker).await.unwrap();
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts, status.crashes), (JobState::Ready, 1, 1));
    assert_eq!(stand.end(claim, job, DONE).await, Verdict::Stale);
}

pub async fn only_a_worker_that_has_not_beaten_since_expires<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let claim = stand.take(worker, job).await;
    let seen = stand.beat_of(worker).await.unwrap();
    stand.store.beat(worker).await.unwrap();
    assert_eq!(stand.store.expire(vec![seen]).await.unwrap(), 0);
    let unknown = WorkerBeat { worker: WorkerId(u64::MAX >> 2), beat: 0 };
    assert_eq!(stand.store.expire(vec![unknown]).await.unwrap(), 0);
    assert_eq!(stand.store.expire(Vec::new()).await.unwrap(), 0);
    assert_eq!(stand.state(job).await, Some(JobState::Running));
    assert_eq!(stand.end(claim, job, DONE).await, Verdict::Accepted);
}

pub async fn an_expired_worker_is_refused_everything<S: Store>(stand: Stand<S>) {
    let (worker, other) = (stand.join().await, stand.join().await);
    let [held, _ready] = stand.add_all(&["mail", "mail"]).await[..] else { panic!() };
    let claim = stand.take(worker, held).await;
    assert_eq!(stand.expire(worker).await, 1);
    let before = stand.status(held).await;
    assert_eq!(stand.end(claim, held, DONE).await, Verdict::Stale);
    assert_eq!(stand.status(held).await, before);
    assert_eq!(stand.store.beat(worker).await.unwrap(), Beat::Lost);
    let (wants, suspects) = (vec![want("q", 9)], Suspects::AsOthers);
    let request = ClaimRequest { worker, wants, kinds: kinds(&["mail"]), suspects };
    assert_eq!(stand.store.claim(request).await.unwrap_err().kind(), ErrorKind::NotOwner);
    assert_eq!(stand.claim_ids(other, 9).await.len(), 2);
    assert_eq!(stand.end(claim, held, DONE).await, Verdict::Stale);
}

pub async fn a_lost_job_is_ready_counted_and_a_suspect<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail", "report"]).await;
    assert_eq!(stand.claim_ids(worker, 2).await, jobs);
    assert_eq!(stand.expire(worker).await, 2);
    for &job in &jobs {
        let status = stand.status(job).await;
        assert_eq!((status.state, status.attempts, status.crashes), (JobState::Ready, 1, 1));
        assert_eq!(status.error.as_deref(), Some(LOST));
    }
    let worker = stand.join().await;
    let claimed = stand.claim_as(worker, &[want("q", 9)], Suspects::Leave).await;
    assert_eq!((ids(&claimed.claim).len(), claimed.suspects), (0, 2));
    let again = stand.claim(worker, 9).await.unwrap();
    assert!(again.jobs.iter().all(|job| (job.attempt, job.crashes) == (2, 1)));
}

pub async fn lost_jobs_are_ready_in_the_order_of_their_claims<S: Store>(stand: Stand<S>) {
    let (one, other) = (stand.join().await, stand.join().await);
    let jobs = stand.add_all(&["mail"; 5]).await;
    assert_eq!(stand.claim_ids(one, 1).await, jobs[..1]);
    assert_eq!(stand.claim_ids(other, 2).await, jobs[1..3]);
    assert_eq!(stand.claim_ids(one, 1).await, jobs[3..4]);
    let beats = [other, one].map(|worker| stand.beat_of(worker));
    let mut seen = Vec::new();
    for beat in beats {
        seen.push(beat.await.unwrap());
    }
    assert_eq!(stand.store.expire(seen).await.unwrap(), 4);
    let worker = stand.join().await;
    assert_eq!(stand.claim_ids(worker, 9).await, [4, 1, 2, 0, 3].map(|at| jobs[at]));
}

pub async fn a_lost_job_that_was_to_be_cancelled_is<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    stand.take(worker, job).await;
    stand.store.cancel(job).await.unwrap();
    assert_eq!(stand.expire(worker).await, 1);
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts, status.crashes), (JobState::Cancelled, 1, 1));
    assert_eq!(status.error.as_deref(), Some(CANCELLED));
    assert_eq!((status.finished, status.cancel_asked), (Some(stand.clock.wall()), false));
    stand.clock.advance(Retention::new().cancelled.age);
    assert_eq!(stand.store.prune(9).await.unwrap().removed, 1);
}

pub async fn what_has_ended_is_not_lost<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail"; 3]).await;
    let claim = stand.claim(worker, 3).await.unwrap().id;
    stand.end(claim, jobs[0], DONE).await;
    stand.end(claim, jobs[1], End::GiveBack).await;
    assert_eq!(stand.expire(worker).await, 1);
    let attempts = [stand.status(jobs[0]).await, stand.status(jobs[1]).await, stand.status(jobs[2]).await]
        .map(|status| (status.attempts, status.crashes));
    assert_eq!(attempts, [(1, 0), (0, 0), (1, 1)]);
}

pub async fn a_beat_tells_what_is_to_be_cancelled_until_it_ends<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["mail"; 3]).await;
    let claim = stand.claim(worker, 3).await.unwrap().id;
    stand.store.cancel(jobs[2]).await.unwrap();
    stand.store.cancel(jobs[0]).await.unwrap();
    for _ in 0..2 {
        let Beat::Alive { mut cancels } = stand.store.beat(worker).await.unwrap() else { panic!("lost") };
        cancels.sort_by_key(|job| jobs.iter().position(|known| known == job));
        assert_eq!(cancels, [jobs[0], jobs[2]]);
    }
    stand.end(claim, jobs[0], retry(ostler::SECOND)).await;
    stand.end(claim, jobs[2], DONE).await;
    assert_eq!(stand.store.beat(worker).await.unwrap(), Beat::Alive { cancels: Vec::new() });
}

pub async fn a_beat_tells_nothing_of_the_jobs_of_others<S: Store>(stand: Stand<S>) {
    let (one, other) = (stand.join().await, stand.join().await);
    let job = stand.add(row("mail")).await;
    stand.take(one, job).await;
    stand.store.cancel(job).await.unwrap();
    assert_eq!(stand.store.beat(other).await.unwrap(), Beat::Alive { cancels: Vec::new() });
    assert_eq!(stand.store.beat(one).await.unwrap(), Beat::Alive { cancels: vec![job] });
}
