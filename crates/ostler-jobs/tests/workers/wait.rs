//! Waiting for the end of a job.

use std::task::Poll;

use ostler::HOUR;
use ostler::testing::DEFAULT_START;
use ostler_jobs::{
    Client, ErrorKind, Hints, JobArgs, JobHandle, JobId, JobState, JobStatus, Keep, Policy, Retention,
    StoreError,
};
use serde::{Deserialize, Serialize};

use crate::faulty::{Faulty, Verb};
use crate::support::{Do, Step, Test, act};

/// One of which nothing is kept.
#[derive(Serialize, Deserialize)]
struct Fleeting;

impl JobArgs for Fleeting {
    const KIND: &'static str = "fleeting";

    fn policy() -> Policy {
        Policy::new().keep(Retention::new().done(Keep::NONE).dead(Keep::NONE))
    }
}

async fn fleeting(_: Fleeting) -> ostler_jobs::Json<u64> {
    ostler_jobs::Json(7)
}

fn test() -> Test {
    Test::with(|workers| workers.handle(act).handle(fleeting))
}

#[test]
fn the_end_and_its_result_are_waited_for() {
    let mut test = test();
    let client = test.client.clone();
    let finished = test.host.block_on(async {
        let job = client.enqueue(Do(Step::Result(42))).await.unwrap();
        job.wait().await.unwrap()
    });
    assert!(finished.is_done());
    assert_eq!(finished.result::<u64>().unwrap(), Some(42));
    let again = test.host.block_on(client.wait(finished.status.id)).unwrap();
    assert_eq!(again.status, finished.status, "one that has ended is known at once");
}

#[test]
fn a_job_that_is_dead_or_cancelled_has_ended_too() {
    let mut test = test();
    let client = test.client.clone();
    let (dead, cancelled) = test.host.block_on(async {
        let dead = client.enqueue(Do(Step::Discard)).await.unwrap().wait().await.unwrap();
        let job = client.enqueue(Do(Step::Succeed).after(HOUR)).await.unwrap();
        let (waited, cancel) = tokio::join!(job.wait(), job.cancel());
        cancel.unwrap();
        (dead, waited.unwrap())
    });
    assert!(!dead.is_done());
    assert_eq!(dead.status.error.as_deref(), Some("never"));
    assert_eq!(cancelled.status.state, JobState::Cancelled);
}

#[test]
fn the_end_of_a_job_that_is_not_kept_is_told_to_whoever_waits() {
    let mut test = test();
    let client = test.client.clone();
    let later = test.host.block_on(client.enqueue(Fleeting.after(HOUR))).unwrap();
    let mut waits = Box::pin(later.wait());
    let waiting = std::future::poll_fn(|cx| std::task::Poll::Ready(waits.as_mut().poll(cx).is_pending()));
    assert!(test.host.block_on(waiting));
    test.host.advance(HOUR);
    let finished = test.host.block_on(waits).unwrap();
    assert_eq!(finished.result::<u64>().unwrap(), Some(7));
}

#[test]
fn a_hint_that_comes_after_the_row_is_gone_is_not_too_late() {
    let mut test = test();
    let hints = Hints::default();
    let store = Faulty::deaf_but_for(test.store.clone(), hints.clone());
    let client = Client::new(store);
    let job = test.host.block_on(client.enqueue(Fleeting)).unwrap();
    test.host.run_until_idle();
    assert!(crate::support::find(&test.store, job.id()).is_none(), "it has ended, and is not kept");
    let finished = test.host.block_on(async {
        let mut waits = Box::pin(job.wait());
        assert!(std::future::poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await);
        let (kind, queue) = (Fleeting::KIND.into(), "default".into());
        let told = JobStatus::new(job.id(), kind, queue, JobState::Done, DEFAULT_START);
        hints.ended_as(job.id(), || Some(told));
        waits.await.unwrap()
    });
    assert!(finished.is_done());
}

#[test]
fn what_is_not_known_is_said() {
    let mut test = test();
    let client = test.client.clone();
    let unknown = test.host.block_on(client.wait(JobId::from_u128(1))).unwrap_err();
    assert!(unknown.is_unknown() && !unknown.is_not_kept() && unknown.store_error().is_none());
    // It ends before anybody waits.
    let job: JobHandle<Fleeting> = test.host.block_on(client.enqueue(Fleeting)).unwrap();
    test.host.run_until_idle();
    let gone = test.host.block_on(job.wait()).unwrap_err();
    assert!(gone.is_not_kept(), "{gone}");
    assert!(gone.to_string().contains("is not kept"));
}

#[test]
fn a_wait_needs_no_hint() {
    let mut test = test();
    let deaf = Client::new(Faulty::deaf(test.store.clone()));
    let finished = test.host.block_on(async {
        let job = deaf.enqueue(Do(Step::Succeed)).await.unwrap();
        job.wait().await.unwrap()
    });
    assert!(finished.is_done());
}

#[test]
fn a_store_that_says_no_ends_a_wait_and_one_that_is_away_does_not() {
    let mut test = test();
    let store = Faulty::new(test.store.clone());
    let client = Client::new(store.clone());
    let job = test.run_step(Step::Succeed);
    store.fail(&[Verb::Status], ErrorKind::Corrupt);
    let error = test.host.block_on(client.wait(job)).unwrap_err();
    assert_eq!(error.store_error().map(StoreError::kind), Some(ErrorKind::Corrupt));
    store.fail(&[Verb::Status], ErrorKind::Unavailable);
    let finished = test.host.block_on(async {
        let (finished, ()) = tokio::join!(client.wait(job), async {
            tokio::task::yield_now().await;
            store.work();
        });
        finished.unwrap()
    });
    assert!(finished.is_done());
}
