//! Taking jobs.

use std::collections::BTreeSet;

use ostler::MINUTE;

use crate::conformance::stand::{DONE, Stand, due, ids, kinds, retry, row, row_in, want};
use crate::error::ErrorKind;
use crate::id::WorkerId;
use crate::state::JobState;
use crate::store::{ClaimRequest, ClaimedJob, NewRow, Store, Suspects};

pub async fn jobs_come_in_the_order_in_which_they_became_ready<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let later = stand.add(due(row("mail"), MINUTE)).await;
    let now = stand.add_all(&["mail"; 2]).await;
    stand.after(MINUTE).await;
    let last = stand.add(row("mail")).await;
    assert_eq!(stand.claim_ids(worker, 3).await, [now[0], now[1], later]);
    assert_eq!(stand.claim_ids(worker, 9).await, [last]);
}

pub async fn the_lowest_priority_number_comes_first<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let mut jobs = Vec::new();
    for priority in [9, 0, 5, 0] {
        jobs.push(stand.add(row("mail").priority(priority).unwrap()).await);
    }
    assert_eq!(stand.claim_ids(worker, 1).await, [jobs[1]]);
    assert_eq!(stand.claim_ids(worker, 9).await, [jobs[3], jobs[2], jobs[0]]);
}

pub async fn all_kinds_of_a_queue_are_one_order<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let jobs = stand.add_all(&["thumb", "mail", "report", "mail", "thumb"]).await;
    assert_eq!(stand.claim_ids(worker, 2).await, jobs[..2]);
    assert_eq!(stand.claim_ids(worker, 9).await, jobs[2..]);
}

pub async fn each_queue_has_its_own_limit<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for queue in ["a", "b", "a", "b", "a", "c"] {
        stand.add(row_in(queue, "mail")).await;
    }
    let claimed = stand.claim_as(worker, &[want("b", 9), want("a", 2)], Suspects::AsOthers).await;
    let claim = claimed.claim.unwrap();
    let queues = claim.jobs.iter().map(|job| &*job.queue).collect::<Vec<_>>();
    assert_eq!(queues, ["b", "b", "a", "a"]);
    assert_eq!(stand.count(JobState::Ready).await, 2);
}

pub async fn a_want_of_nothing_gets_nothing<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    stand.add(row("mail")).await;
    for wants in [Vec::new(), vec![want("q", 0)], vec![want("other", 9)]] {
        assert!(stand.claim_as(worker, &wants, Suspects::AsOthers).await.claim.is_none());
    }
    let request =
        ClaimRequest { worker, wants: vec![want("q", 9)], kinds: kinds(&[]), suspects: Suspects::AsOthers };
    assert!(stand.store.claim(request).await.unwrap().claim.is_none());
    assert_eq!(stand.count(JobState::Ready).await, 1);
}

pub async fn an_empty_claim_is_none<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for suspects in [Suspects::AsOthers, Suspects::Leave, Suspects::Alone] {
        let claimed = stand.claim_as(worker, &[want("q", 9)], suspects).await;
        assert!(claimed.claim.is_none());
        assert_eq!(claimed.suspects, 0);
    }
}

pub async fn a_kind_that_is_not_named_stays_where_it_is<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let unknown = stand.add_all(&["of-tomorrow"; 3]).await;
    let known = stand.add(row("mail")).await;
    assert_eq!(stand.claim_ids(worker, 1).await, [known]);
    assert!(stand.claim_ids(worker, 9).await.is_empty());
    let counts = stand.store.counts().await.unwrap();
    let left = counts.iter().find(|count| &*count.kind == "of-tomorrow").unwrap();
    assert_eq!((left.state, left.jobs), (JobState::Ready, 3));
    let (wants, suspects) = (vec![want("q", 9)], Suspects::AsOthers);
    let request = ClaimRequest { worker, wants, kinds: kinds(&["of-tomorrow"]), suspects };
    assert_eq!(ids(&stand.store.claim(request).await.unwrap().claim), unknown);
}

pub async fn a_claimed_job_is_not_claimed_again<S: Store>(stand: Stand<S>) {
    let (one, other) = (stand.join().await, stand.join().await);
    let job = stand.add(row("mail")).await;
    assert_eq!(stand.claim_ids(one, 9).await, [job]);
    assert!(stand.claim_ids(other, 9).await.is_empty());
    assert!(stand.claim_ids(one, 9).await.is_empty());
    assert_eq!(stand.state(job).await, Some(JobState::Running));
}

pub async fn claims_are_never_the_same<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(row("mail")).await;
    let mut seen = BTreeSet::new();
    for round in 0..5 {
        let claim = stand.take(worker, job).await;
        assert!(seen.last().is_none_or(|last| *last < claim), "a token is larger than those before");
        assert!(seen.insert(claim));
        if round % 2 == 0 {
            stand.end(claim, job, crate::store::End::GiveBack).await;
        } else {
            stand.end(claim, job, retry(std::time::Duration::ZERO)).await;
        }
    }
}

pub async fn a_claimed_job_is_as_it_was_added<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let args = r#"{"order": 7,"to":"Zoë"}"#;
    let job = stand.add(NewRow::new("mail", "q", args).unwrap().priority(3).unwrap()).await;
    let created = stand.clock.wall();
    stand.clock.advance(MINUTE);
    let claim = stand.claim(worker, 1).await.unwrap();
    let (kind, queue, args) = ("mail".into(), "q".into(), args.into());
    let (attempt, crashes) = (1, 0);
    let wanted = ClaimedJob { id: job, kind, queue, priority: 3, args, attempt, crashes, created };
    assert_eq!(claim.jobs, [wanted]);
    let status = stand.status(job).await;
    assert_eq!((status.state, status.attempts), (JobState::Running, 1));
    stand.end(claim.id, job, DONE).await;
    assert_eq!(stand.status(job).await.attempts, 1);
}

pub async fn who_never_joined_gets_nothing<S: Store>(stand: Stand<S>) {
    let job = stand.add(row("mail")).await;
    let worker = WorkerId(u64::MAX >> 2);
    for queue in ["q", "empty"] {
        let (wants, suspects) = (vec![want(queue, 9)], Suspects::AsOthers);
        let request = ClaimRequest { worker, wants, kinds: kinds(&["mail"]), suspects };
        assert_eq!(stand.store.claim(request).await.unwrap_err().kind(), ErrorKind::NotOwner);
    }
    assert_eq!(stand.state(job).await, Some(JobState::Ready));
}

pub async fn a_scheduled_job_is_not_claimed<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let job = stand.add(due(row("mail"), MINUTE)).await;
    assert!(stand.claim_ids(worker, 9).await.is_empty());
    stand.after(MINUTE).await;
    assert_eq!(stand.claim_ids(worker, 9).await, [job]);
}
