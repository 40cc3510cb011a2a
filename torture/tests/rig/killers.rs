//! Jobs that end their process: dead after exactly three crashes, while those beside them finish.

use std::time::{Duration, Instant};

use ostler_jobs::{Client, JobArgs, JobHandle, JobState, JobStatus};
use ostler_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};

use crate::process::{Process, Scratch};
use crate::results;

const BYSTANDERS: usize = 24;
const WAYS: [&str; 4] = ["overflow", "abort", "memory", "exit"];

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Poison(String);

impl JobArgs for Poison {
    const KIND: &'static str = "poison";
}

#[derive(Serialize, Deserialize)]
struct Work {
    millis: u64,
}

impl JobArgs for Work {
    const KIND: &'static str = "work";
}

#[test]
fn exactly_the_killers_are_dead_after_exactly_three_crashes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test());
}

async fn test() {
    let scratch = Scratch::new("killers");
    let (killers, bystanders) = hand_in(&scratch).await;
    let (client, deaths) = run_until_finished(&scratch, &killers, &bystanders).await;
    for killer in &killers {
        let status = known(&client, killer).await;
        assert_eq!((status.state, status.crashes), (JobState::Dead, 3), "{status:?}");
        assert!(status.error.as_deref().is_some_and(|reason| reason.starts_with("poison")), "{status:?}");
    }
    for bystander in &bystanders {
        let status = known(&client, bystander).await;
        assert_eq!(status.state, JobState::Done, "{status:?}");
    }
    println!("{} killers, {BYSTANDERS} bystanders, {deaths} deaths", killers.len());
    results::killers(killers.len(), BYSTANDERS, deaths);
}

async fn hand_in(scratch: &Scratch) -> (Vec<JobHandle<Poison>>, Vec<JobHandle<Work>>) {
    let store = SqliteStore::open(scratch.path().join("jobs.db")).await.unwrap();
    let client = Client::new(store.clone());
    let mut bystanders = client.enqueue_all((0..BYSTANDERS / 2).map(|_| Work { millis: 5 })).await.unwrap();
    let killers = client.enqueue_all(WAYS.map(|way| Poison(way.to_owned()))).await.unwrap();
    bystanders.extend(client.enqueue_all((0..BYSTANDERS / 2).map(|_| Work { millis: 50 })).await.unwrap());
    store.close().await;
    (killers, bystanders)
}

/// Starts the owner whenever it has died, until every job is finished; how often it died.
async fn run_until_finished(
    scratch: &Scratch,
    killers: &[JobHandle<Poison>],
    bystanders: &[JobHandle<Work>],
) -> (Client, usize) {
    let folder = scratch.path().to_str().unwrap();
    let start = || Process::start(scratch.path(), "owner", &["owner", folder, "8", "1000", "on", "0"]);
    scratch.say("enough");
    let client = Client::new(SqliteStore::open_client(scratch.path().join("jobs.db")).await.unwrap());
    let (began, mut deaths, mut owner) = (Instant::now(), 0, start());
    loop {
        if owner.ended().is_some() {
            deaths += 1;
            owner = start();
        }
        if all_finished(&client, killers).await && all_finished(&client, bystanders).await {
            scratch.say("drained");
            assert!(owner.wait().success());
            return (client, deaths);
        }
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "not finished after two minutes and {deaths} deaths"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn all_finished<A>(client: &Client, jobs: &[JobHandle<A>]) -> bool {
    for job in jobs {
        // The owner may just be making its recovery.
        match client.status(job.id()).await {
            Ok(Some(status)) if status.state.is_finished() => {}
            _ => return false,
        }
    }
    true
}

async fn known<A>(client: &Client, job: &JobHandle<A>) -> JobStatus {
    client.status(job.id()).await.unwrap().unwrap()
}
