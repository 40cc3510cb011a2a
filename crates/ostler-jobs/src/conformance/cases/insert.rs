//! Adding jobs.

use std::collections::BTreeSet;
use std::time::Duration;

use ostler::{HOUR, MINUTE};

use crate::conformance::stand::{Stand, due, row, row_in};
use crate::id::JobId;
use crate::policy::Durability;
use crate::state::JobState;
use crate::store::{Due, Insert, JobStatus, Store};

pub async fn ids_come_in_order_and_are_never_the_same<S: Store>(stand: Stand<S>) {
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let kinds = ["mail", "report", "thumb"];
        let inserted = stand.insert(kinds.map(row).to_vec()).await;
        assert_eq!(inserted.len(), 3, "round {round}");
        for (inserted, kind) in inserted.iter().zip(kinds) {
            assert!(!inserted.existing);
            assert!(seen.insert(inserted.id), "{} came twice", inserted.id);
            assert_eq!(&*stand.status(inserted.id).await.kind, kind);
        }
    }
}

pub async fn a_new_job_is_as_it_was_added<S: Store>(stand: Stand<S>) {
    let job = stand.add(row_in("post", "mail").priority(2).unwrap()).await;
    let created = stand.clock.wall();
    let mut wanted = JobStatus::new(job, "mail".into(), "post".into(), JobState::Ready, created);
    wanted.priority = 2;
    assert_eq!(stand.status(job).await, wanted);
}

pub async fn a_job_is_ready_at_once_where_its_time_has_come<S: Store>(stand: Stand<S>) {
    let now = stand.clock.wall();
    for time in [Due::Now, Due::After(Duration::ZERO), Due::At(now), Due::At(now - HOUR)] {
        let status = stand.status(stand.add(row("mail").due(time)).await).await;
        assert_eq!((status.state, status.due), (JobState::Ready, None), "{time:?}");
    }
}

pub async fn a_job_that_is_due_later_is_scheduled<S: Store>(stand: Stand<S>) {
    let later = stand.clock.wall() + MINUTE;
    for time in [Due::After(MINUTE), Due::At(later)] {
        let status = stand.status(stand.add(row("mail").due(time)).await).await;
        assert_eq!((status.state, status.due), (JobState::Scheduled, Some(later)), "{time:?}");
    }
}

pub async fn a_wait_without_end_is_no_error<S: Store>(stand: Stand<S>) {
    let job = stand.add(due(row("mail"), Duration::MAX)).await;
    assert_eq!(stand.after(HOUR).await, 0);
    assert_eq!(stand.state(job).await, Some(JobState::Scheduled));
}

pub async fn an_empty_insert_adds_nothing<S: Store>(stand: Stand<S>) {
    assert!(stand.insert(Vec::new()).await.is_empty());
    assert!(stand.store.counts().await.unwrap().is_empty());
}

pub async fn a_relaxed_insert_is_seen_as_well<S: Store>(stand: Stand<S>) {
    let insert = Insert { rows: vec![row("mail")], durability: Durability::Relaxed };
    let inserted = stand.store.insert(insert).await.unwrap();
    assert_eq!(stand.state(inserted[0].id).await, Some(JobState::Ready));
    let worker = stand.join().await;
    assert_eq!(stand.claim_ids(worker, 9).await, [inserted[0].id]);
}

pub async fn a_job_that_was_never_added_is_unknown<S: Store>(stand: Stand<S>) {
    stand.add(row("mail")).await;
    for bits in [0, 1, u128::MAX, 0x0198_0a3c_7b1f_8000_8000_0000_0000_0001] {
        assert_eq!(stand.state(JobId::from_u128(bits)).await, None);
    }
}
