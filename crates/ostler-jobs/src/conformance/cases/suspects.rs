//! Suspects: jobs whose last attempt ended with their process.

use std::time::Duration;

use crate::conformance::stand::{DONE, Stand, ids, kinds, retry, row, row_in, want};
use crate::id::JobId;
use crate::state::JobState;
use crate::store::{CancelAnswer, ClaimRequest, End, Store, Suspects, Verdict};

impl<S: Store> Stand<S> {
    /// Adds jobs of these kinds, and makes suspects of them.
    async fn suspects(&self, kinds: &[&str]) -> Vec<JobId> {
        let worker = self.join().await;
        let jobs = self.add_all(kinds).await;
        assert_eq!(self.claim_ids(worker, jobs.len()).await, jobs);
        assert_eq!(self.expire(worker).await, jobs.len());
        jobs
    }

    /// Claims so many of `q`: what came, and how many suspects are left.
    async fn claims(&self, most: usize, suspects: Suspects) -> (Vec<JobId>, usize) {
        let worker = self.join().await;
        let claimed = self.claim_as(worker, &[want("q", most)], suspects).await;
        (ids(&claimed.claim), claimed.suspects)
    }

    /// Claims alone and lets the worker die; the crashes of the job after that.
    async fn crash(&self, job: JobId, suspects: Suspects) -> u32 {
        let worker = self.join().await;
        let claimed = self.claim_as(worker, &[want("q", 1)], suspects).await;
        assert_eq!(ids(&claimed.claim), [job]);
        self.expire(worker).await;
        self.status(job).await.crashes
    }
}

pub async fn suspects_are_left_and_counted<S: Store>(stand: Stand<S>) {
    stand.suspects(&["mail", "mail"]).await;
    let innocent = stand.add(row("mail")).await;
    assert_eq!(stand.claims(9, Suspects::Leave).await, (vec![innocent], 2));
    assert_eq!(stand.claims(9, Suspects::Leave).await, (vec![], 2));
}

pub async fn a_suspect_is_claimed_alone<S: Store>(stand: Stand<S>) {
    let jobs = stand.suspects(&["mail", "report"]).await;
    stand.add(row("mail").priority(0).unwrap()).await;
    assert_eq!(stand.claims(9, Suspects::Alone).await, (vec![jobs[0]], 1));
    assert_eq!(stand.claims(9, Suspects::Alone).await, (vec![jobs[1]], 0));
    assert_eq!(stand.claims(9, Suspects::Alone).await, (vec![], 0));
}

pub async fn suspects_are_taken_as_others<S: Store>(stand: Stand<S>) {
    let jobs = stand.suspects(&["mail", "mail"]).await;
    assert_eq!(stand.claims(9, Suspects::AsOthers).await, (jobs, 0));
}

pub async fn a_job_that_was_alone_is_blamed_for_each_crash<S: Store>(stand: Stand<S>) {
    let job = stand.suspects(&["mail"]).await[0];
    assert_eq!(stand.crash(job, Suspects::Alone).await, 2);
    assert_eq!(stand.crash(job, Suspects::Alone).await, 3);
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts), (JobState::Ready, 3));
}

pub async fn a_job_among_others_is_blamed_once<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.suspects(&["mail", "mail"]).await;
    assert_eq!(stand.claim_ids(worker, 9).await, jobs);
    stand.expire(worker).await;
    for job in jobs {
        let status = stand.status(job).await;
        assert_eq!((status.attempts, status.crashes), (2, 1));
    }
}

pub async fn a_claim_of_one_job_is_not_alone_for_that<S: Store>(stand: Stand<S>) {
    let job = stand.suspects(&["mail"]).await[0];
    assert_eq!(stand.crash(job, Suspects::AsOthers).await, 1);
    assert_eq!(stand.crash(job, Suspects::AsOthers).await, 1);
    assert_eq!(stand.crash(job, Suspects::Alone).await, 2);
    assert_eq!(stand.crash(job, Suspects::AsOthers).await, 2);
}

pub async fn an_orderly_end_clears_the_suspicion_and_not_the_count<S: Store>(stand: Stand<S>) {
    let zero = Duration::ZERO;
    for (end, attempts) in [(retry(zero), 2), (End::Snooze { wait: zero }, 1), (End::GiveBack, 1)] {
        let job = stand.suspects(&["mail"]).await[0];
        let worker = stand.join().await;
        let claim = stand.claim_as(worker, &[want("q", 1)], Suspects::Alone).await.claim.unwrap();
        stand.end(claim.id, job, end).await;
        let claimed = stand.claim_as(worker, &[want("q", 1)], Suspects::Leave).await;
        assert_eq!((ids(&claimed.claim), claimed.suspects), (vec![job], 0));
        let status = stand.status(job).await;
        assert_eq!((status.attempts, status.crashes), (attempts + 1, 1));
        stand.end(claimed.claim.unwrap().id, job, DONE).await;
    }
}

pub async fn nobody_is_alone_twice<S: Store>(stand: Stand<S>) {
    let jobs = stand.suspects(&["mail", "mail"]).await;
    let worker = stand.join().await;
    let first = stand.claim_as(worker, &[want("q", 9)], Suspects::Alone).await.claim.unwrap();
    let refused = stand.claim_as(worker, &[want("q", 9)], Suspects::Alone).await;
    assert!(refused.claim.is_none(), "one at a time");
    stand.end(first.id, jobs[0], DONE).await;
    let second = stand.claim_as(worker, &[want("q", 9)], Suspects::Alone).await;
    assert_eq!((ids(&second.claim), second.suspects), (vec![jobs[1]], 0));
    assert_eq!(stand.expire(worker).await, 1);
    assert_eq!(stand.status(jobs[1]).await.crashes, 2);
}

pub async fn a_job_that_had_others_beside_it_is_blamed_once<S: Store>(stand: Stand<S>) {
    let suspect = stand.suspects(&["mail"]).await[0];
    let worker = stand.join().await;
    let alone = stand.claim_as(worker, &[want("q", 1)], Suspects::Alone).await;
    assert_eq!(ids(&alone.claim), [suspect]);
    let beside = stand.add(row("mail")).await;
    let claim = stand.take(worker, beside).await;
    let over = stand.add(row("mail")).await;
    let ended = stand.take(worker, over).await;
    stand.end(ended, over, DONE).await;
    assert_eq!(stand.expire(worker).await, 2);
    assert_eq!((stand.status(suspect).await.crashes, stand.status(beside).await.crashes), (1, 1));
    assert_eq!(stand.end(claim, beside, DONE).await, Verdict::Stale);
    // What had ended before is no company.
    let worker = stand.join().await;
    let alone = stand.claim_as(worker, &[want("q", 1)], Suspects::Alone).await;
    assert_eq!(ids(&alone.claim), [suspect]);
    let over = stand.claim(worker, 1).await.unwrap();
    stand.end(over.id, over.jobs[0].id, DONE).await;
    assert_eq!(stand.expire(worker).await, 1);
    assert_eq!(stand.status(suspect).await.crashes, 2);
}

pub async fn only_suspects_that_could_be_had_are_counted<S: Store>(stand: Stand<S>) {
    stand.suspects(&["mail", "report"]).await;
    let worker = stand.join().await;
    let suspects = Suspects::Leave;
    for (most, left) in [(1, 1), (0, 0)] {
        let wants = vec![want("q", most)];
        let request = ClaimRequest { worker, wants, kinds: kinds(&["mail"]), suspects };
        assert_eq!(stand.store.claim(request).await.unwrap().suspects, left, "room for {most}");
    }
    assert_eq!(stand.claim_as(worker, &[want("other", 9)], suspects).await.suspects, 0);
    stand.store.pause("q").await.unwrap();
    assert_eq!(stand.claims(9, Suspects::Leave).await, (vec![], 0));
    assert_eq!(stand.claims(9, Suspects::Alone).await, (vec![], 0));
    stand.store.resume("q").await.unwrap();
    assert_eq!(stand.claims(9, Suspects::Leave).await, (vec![], 2));
}

pub async fn alone_takes_one_of_all_queues<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let mut jobs = Vec::new();
    for queue in ["a", "b"] {
        jobs.push(stand.add(row_in(queue, "mail")).await);
    }
    let wants = [want("b", 4), want("a", 4)];
    stand.claim_as(worker, &wants, Suspects::AsOthers).await.claim.unwrap();
    stand.expire(worker).await;
    let worker = stand.join().await;
    let claimed = stand.claim_as(worker, &wants, Suspects::Alone).await;
    assert_eq!((ids(&claimed.claim), claimed.suspects), (vec![jobs[1]], 1));
}

pub async fn alone_gets_nothing_where_there_is_no_suspect<S: Store>(stand: Stand<S>) {
    let job = stand.add(row("mail")).await;
    assert_eq!(stand.claims(9, Suspects::Alone).await, (vec![], 0));
    assert_eq!(stand.state(job).await, Some(JobState::Ready));
}

pub async fn a_suspect_that_is_cancelled_is_gone<S: Store>(stand: Stand<S>) {
    let jobs = stand.suspects(&["mail", "mail"]).await;
    assert_eq!(stand.store.cancel(jobs[0]).await.unwrap(), CancelAnswer::Cancelled);
    assert_eq!(stand.claims(9, Suspects::Leave).await, (vec![], 1));
    assert_eq!(stand.claims(9, Suspects::Alone).await, (vec![jobs[1]], 0));
}

pub async fn suspects_and_others_are_one_order<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let first = stand.add(row("mail")).await;
    let lost = stand.add(row("report").priority(2).unwrap()).await;
    assert_eq!(stand.claim_ids(worker, 1).await, [lost]);
    let second = stand.add(row("mail").priority(2).unwrap()).await;
    stand.expire(worker).await;
    let third = stand.add(row("mail").priority(2).unwrap()).await;
    assert_eq!(stand.claims(9, Suspects::AsOthers).await.0, [second, lost, third, first]);
}
