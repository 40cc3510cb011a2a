//! Leases: kept by beats, lost, and what follows.

use ostler::{HOUR, MINUTE, SECOND};
use ostler_jobs::{ErrorKind, JobState, Store};

use crate::faulty::{Faulty, Verb};
use crate::support::{Step, Test, act, claimed_elsewhere};

#[test]
fn a_long_run_keeps_its_lease() {
    let mut test = Test::start();
    let job = test.run_step(Step::Sleep(50));
    test.host.advance(MINUTE);
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Done, 1));
    assert_eq!(test.app.log.count("begin 1"), 1);
}

#[test]
fn a_run_whose_lease_is_lost_is_dropped_at_once_and_its_end_is_not_counted() {
    let mut test = Test::start();
    let job = test.run_step(Step::Hang);
    test.expire();
    assert_eq!(test.status(job).attempts, 1, "counted by the store");
    test.host.advance(10 * SECOND);
    let log = test.app.log.take();
    assert_eq!(log[..3], ["begin 1", "told LeaseLost", "dropped"]);
    // The same process works on, as another worker: the suspect runs alone, with its attempt counted.
    assert_eq!(log[3..], ["begin 2"]);
    let status = test.status(job);
    assert_eq!((status.state, status.attempts, status.crashes), (JobState::Running, 2, 1));
}

#[test]
fn an_end_that_comes_after_the_lease_was_lost_changes_nothing() {
    let mut test = Test::start();
    let job = test.run_step(Step::Obey);
    test.expire();
    // Somebody else runs it by now.
    let store = test.store.clone();
    let taken = test.host.block_on(claimed_elsewhere(&store, |_| ()));
    assert_eq!(taken, 1);
    test.host.advance(10 * SECOND);
    assert!(test.app.log.count("told LeaseLost") == 1);
    let status = test.status(job);
    assert_eq!((status.state, status.attempts), (JobState::Running, 2), "that of the other worker");
}

#[test]
fn a_worker_whose_beats_are_not_answered_stops_trusting_itself_before_its_lease_ends() {
    let mut kept = None;
    let mut test = Test::on(|memory| kept.insert(Faulty::new(memory)).clone(), |workers| workers.handle(act));
    let store = kept.unwrap();
    test.run_step(Step::Hang);
    test.host.advance(12 * SECOND);
    // The last beat was answered at 10 s: with a lease of 30 s it is trusted to 37 s.
    store.fail(&[Verb::Beat], ErrorKind::Unavailable);
    test.host.advance(24 * SECOND);
    assert_eq!(test.app.log.all(), ["begin 1"]);
    test.host.advance(SECOND);
    assert_eq!(test.app.log.all()[..3], ["begin 1", "told LeaseLost", "dropped"]);
}

#[test]
fn the_jobs_of_a_worker_that_is_gone_run_again_after_its_lease() {
    let mut test = Test::with(|workers| workers.lease(10 * SECOND).handle(act));
    let client = test.client.clone();
    test.host.block_on(client.pause("default")).unwrap();
    let job = test.run_step(Step::Succeed);
    let store = test.store.clone();
    test.host.block_on(async {
        // In one go, so that the workers under test do not come first.
        store.resume("default").await.unwrap();
        assert_eq!(claimed_elsewhere(&store, |_| ()).await, 1);
    });
    test.host.run_until_idle();
    assert_eq!(test.state(job), JobState::Running);
    test.host.advance(9 * SECOND);
    assert_eq!(test.state(job), JobState::Running, "it may come back");
    test.host.advance(9 * SECOND);
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Done, 2));
    let beats = test.host.block_on(store.beats()).unwrap();
    assert_eq!(beats.len(), 1, "only the worker under test is left");
}

#[test]
fn ten_idle_days_do_not_lose_the_lease() {
    let mut test = Test::with(|workers| workers.lease(HOUR).poll(HOUR).handle(act));
    test.host.advance(10 * 24 * HOUR);
    let job = test.run_step(Step::Succeed);
    assert_eq!(test.state(job), JobState::Done);
    let store = test.store.clone();
    assert_eq!(test.host.block_on(store.beats()).unwrap()[0].worker.0, 1, "it is its first life");
}
