//! What a process leaves behind that ends, in order or by `kill -9`, and what the next one makes of it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files and processes, and the real clock"
)]

mod process;

use std::sync::Arc;

use ostler_jobs::store::{
    Claim, ClaimRequest, Due, End, Finish, Insert, LOST, NewRow, Suspects, Verdict, Want,
};
use ostler_jobs::{CancelAnswer, Durability, JobId, JobState, Keep, Store, WorkerId};
use ostler_sqlite::SqliteStore;
use process::{Directory, Other, claim, insert, role, row, say, wait_to_be_told};

async fn open(directory: &Directory) -> SqliteStore {
    SqliteStore::open(directory.file()).await.unwrap()
}

async fn claim_with(store: &SqliteStore, worker: WorkerId, most: usize, suspects: Suspects) -> Option<Claim> {
    let wants = vec![Want { queue: "default".into(), most }];
    let kinds = Arc::new([Arc::from("receipt")].into());
    store.claim(ClaimRequest { worker, wants, kinds, suspects }).await.unwrap().claim
}

async fn finish(store: &SqliteStore, claim: &Claim, job: JobId, end: End) -> Verdict {
    let finish = Finish { claim: claim.id, job, end, keep: Keep::age(ostler::DAY) };
    store.finish(vec![finish]).await.unwrap()[0]
}

fn in_an_hour(row: NewRow) -> NewRow {
    row.due(Due::After(ostler::HOUR))
}

/// What this binary does as another process: it is killed in the middle of it.
#[test]
fn another_process() {
    let Some((role, file)) = role() else { return };
    process::block_on(async {
        let store = SqliteStore::open(file).await.unwrap();
        let worker = store.join().await.unwrap();
        match role.as_str() {
            "claim" => claim_and_hold(&store, worker).await,
            "alone" => {
                let held = claim_with(&store, worker, 1, Suspects::Alone).await;
                say(format!("holds {}", held.unwrap().jobs[0].id));
            }
            "beside" => {
                let alone = claim_with(&store, worker, 1, Suspects::Alone).await.unwrap();
                let other = claim_with(&store, worker, 1, Suspects::Leave).await.unwrap();
                say(format!("holds {} {}", alone.jobs[0].id, other.jobs[0].id));
            }
            other => panic!("{other}"),
        }
        wait_to_be_told();
    });
}

/// Claims eight of ten jobs, and ends six of them in all the ways there are: two are left in the claim, one of which is to be
/// cancelled.
async fn claim_and_hold(store: &SqliteStore, worker: WorkerId) {
    let rows = (0..10).map(row).collect();
    let jobs = store.insert(Insert { rows, durability: Durability::Full }).await.unwrap();
    insert(store, in_an_hour(row(10))).await.unwrap();
    let held = claim(store, worker, 8).await.unwrap();
    let wait = ostler::HOUR;
    let ends = [
        End::Done { result: Some("1".into()) },
        End::Retry { error: "it failed".into(), wait },
        End::Snooze { wait },
        End::GiveBack,
        End::Dead { error: "of no use".into() },
        End::Retry { error: "it failed".into(), wait: std::time::Duration::ZERO },
    ];
    for (job, end) in jobs.iter().zip(ends) {
        assert_eq!(finish(store, &held, job.id, end).await, Verdict::Accepted);
    }
    assert_eq!(store.cancel(jobs[7].id).await.unwrap(), CancelAnswer::Asked);
    let ids: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
    say(format!("holds {}", ids.join(" ")));
}

#[tokio::test]
async fn after_a_kill_each_job_stands_where_its_last_acknowledged_write_left_it() {
    let directory = Directory::new();
    let mut other = Other::start("claim", &directory.file());
    let jobs: Vec<JobId> = other.hears("holds ").split(' ').map(|id| id.parse().unwrap()).collect();
    other.kill();

    let store = open(&directory).await;
    let mut found = Vec::new();
    for &job in &jobs {
        let status = store.status(job).await.unwrap().unwrap();
        found.push((status.state, status.attempts, status.crashes));
    }
    let expected = [
        (JobState::Done, 1, 0),
        (JobState::Scheduled, 1, 0),
        (JobState::Scheduled, 0, 0),
        (JobState::Ready, 0, 0),
        (JobState::Dead, 1, 0),
        (JobState::Ready, 1, 0),
        (JobState::Ready, 1, 1),
        (JobState::Cancelled, 1, 1),
        (JobState::Ready, 0, 0),
        (JobState::Ready, 0, 0),
    ];
    assert_eq!(found, expected);
    let lost = store.status(jobs[6]).await.unwrap().unwrap();
    assert_eq!(lost.error.as_deref(), Some(LOST));

    let worker = store.join().await.unwrap();
    let others = claim_with(&store, worker, 9, Suspects::Leave).await.unwrap();
    let ids: Vec<JobId> = others.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, [jobs[3], jobs[5], jobs[8], jobs[9]], "no suspect, no scheduled one");
    let suspect = claim_with(&store, worker, 9, Suspects::Alone).await.unwrap();
    let [suspect] = &suspect.jobs[..] else { panic!("{suspect:?}") };
    assert_eq!((suspect.id, suspect.attempt, suspect.crashes), (jobs[6], 2, 1));
    let scheduled: u64 =
        store.counts().await.unwrap().iter().filter(|c| c.state == JobState::Scheduled).map(|c| c.jobs).sum();
    assert_eq!(scheduled, 3);
}

#[tokio::test]
async fn a_job_that_is_claimed_alone_is_blamed_each_time() {
    let directory = Directory::new();
    let mut other = Other::start("claim", &directory.file());
    let jobs: Vec<JobId> = other.hears("holds ").split(' ').map(|id| id.parse().unwrap()).collect();
    other.kill();
    for crashes in 2..=4 {
        let mut other = Other::start("alone", &directory.file());
        assert_eq!(other.hears("holds "), jobs[6].to_string());
        other.kill();
        let store = open(&directory).await;
        let status = store.status(jobs[6]).await.unwrap().unwrap();
        assert_eq!((status.state, status.crashes, status.attempts), (JobState::Ready, crashes, crashes));
        store.close().await;
    }
}

#[tokio::test]
async fn a_job_that_was_claimed_alone_and_had_another_beside_it_is_not_blamed() {
    let directory = Directory::new();
    let mut other = Other::start("claim", &directory.file());
    other.hears("holds ");
    other.kill();
    let mut other = Other::start("beside", &directory.file());
    let held: Vec<JobId> = other.hears("holds ").split(' ').map(|id| id.parse().unwrap()).collect();
    other.kill();
    let store = open(&directory).await;
    for (job, attempts) in held.into_iter().zip([2, 1]) {
        let status = store.status(job).await.unwrap().unwrap();
        assert_eq!((status.state, status.attempts, status.crashes), (JobState::Ready, attempts, 1));
    }
}

#[tokio::test]
async fn a_token_of_the_process_before_is_stale() {
    let directory = Directory::new();
    let store = open(&directory).await;
    insert(&store, row(1)).await.unwrap();
    let worker = store.join().await.unwrap();
    let held = claim(&store, worker, 1).await.unwrap();
    store.close().await;
    let store = open(&directory).await;
    let job = held.jobs[0].id;
    assert_eq!(finish(&store, &held, job, End::Done { result: None }).await, Verdict::Stale);
    let again = store.join().await.unwrap();
    let held_again = claim(&store, again, 1).await.unwrap();
    assert_ne!((again, held_again.id), (worker, held.id), "a number came back");
    assert_eq!(finish(&store, &held, job, End::Done { result: None }).await, Verdict::Stale);
    assert_eq!(finish(&store, &held_again, job, End::Done { result: None }).await, Verdict::Accepted);
}

#[tokio::test]
async fn what_was_accepted_before_the_last_handle_went_is_done() {
    let directory = Directory::new();
    let store = open(&directory).await;
    store.pause("other").await.unwrap();
    let asked: Vec<_> =
        (0..50).map(|order| process::begun(insert_owned(store.clone(), row(order)))).collect();
    let closing = store.clone();
    drop(store);
    closing.close().await;
    for asked in asked {
        asked.await.unwrap();
    }
    let error = insert(&closing, row(51)).await.unwrap_err();
    assert_eq!(error.kind(), ostler_jobs::ErrorKind::Closed);
    let store = open(&directory).await;
    assert_eq!(store.counts().await.unwrap()[0].jobs, 50);
    assert_eq!(store.paused().await.unwrap(), ["other"]);
}

async fn insert_owned(store: SqliteStore, row: NewRow) -> Result<JobId, ostler_jobs::StoreError> {
    insert(&store, row).await.map(|inserted| inserted.id)
}
