//! Why a run ends: shutdown, timeout, cancel. Who is told, when it is dropped, what becomes of the job, and whether the attempt counts.

use ostler::{DEFAULT_GRACE, HOUR, MINUTE, SECOND, State};
use ostler_jobs::store::CANCELLED;
use ostler_jobs::{CancelAnswer, JobArgs, JobState, MemoryStore, Policy, Store};
use serde::{Deserialize, Serialize};

use crate::faulty::Faulty;
use crate::support::{App, Do, STOP_GRACE, Step, TIMEOUT, Test, act, status};

#[test]
fn at_a_shutdown_a_run_is_told_at_once_and_what_it_returns_counts() {
    let mut test = Test::start();
    let (obeys, fails) = (test.run_step(Step::Obey), test.run_step(Step::FailOnStop));
    let began = test.host.clock().now();
    let clock = test.host.clock().clone();
    let (store, app) = test.stop();
    assert!(clock.now() < began + SECOND, "an early end ends the wait");
    assert_eq!(app.log.count("told Requested"), 1);
    assert_eq!((status(&store, obeys).state, status(&store, obeys).attempts), (JobState::Done, 1));
    assert_eq!((status(&store, fails).state, status(&store, fails).attempts), (JobState::Scheduled, 1));
}

#[test]
fn a_run_that_goes_on_through_a_shutdown_is_given_back_and_its_attempt_is_refunded() {
    let mut test = Test::start();
    let job = test.run_step(Step::Hang);
    assert_eq!(test.status(job).attempts, 1);
    let (store, app) = test.stop();
    assert_eq!(app.log.all(), ["begin 1", "told Requested", "dropped"]);
    let status = status(&store, job);
    assert_eq!((status.state, status.attempts, status.crashes), (JobState::Ready, 0, 0));
}

/// One that must never run twice, and hangs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Once;

impl JobArgs for Once {
    const KIND: &'static str = "once";

    fn policy() -> Policy {
        Policy::new().attempts(1)
    }
}

pub(crate) async fn hang(_: Once, app: State<App>) {
    app.log.add("begin");
    std::future::pending().await
}

#[test]
fn a_job_with_one_attempt_that_a_stop_drops_is_dead_and_not_run_again() {
    let mut test = Test::with(|workers| workers.queue("default", 1).handle(hang));
    let (began, waits) = (test.run(Once), test.run(Once));
    let (store, app) = test.stop();
    let began = status(&store, began);
    assert_eq!((began.state, began.attempts), (JobState::Dead, 1));
    let error = began.error.as_deref().unwrap();
    assert_eq!(error, "stopped while it ran, and its only attempt is over");
    assert_eq!(status(&store, waits).state, JobState::Ready, "it had not begun");
    assert_eq!(app.log.all(), ["begin"]);
}

#[test]
fn a_job_is_given_back_after_its_blocking_calls_have_ended() {
    let mut test = Test::start();
    let job = test.run_step(Step::Block);
    test.host.handle().stop();
    test.host.advance(DEFAULT_GRACE);
    assert_eq!(test.app.log.all(), ["begin 1", "dropped"], "the grace is over, and the call is not");
    assert_eq!(test.state(job), JobState::Running);
    test.app.gate.open();
    until_it_runs_no_more(&mut test, job);
    assert_eq!(test.app.log.all(), ["begin 1", "dropped", "blocking call over"]);
    let status = test.status(job);
    assert_eq!((status.state, status.attempts, status.crashes), (JobState::Ready, 0, 0), "given back");
}

/// What it waits for is real work, on another thread.
fn until_it_runs_no_more(test: &mut Test, job: ostler_jobs::JobId) {
    let began = std::time::Instant::now();
    while test.state(job) == JobState::Running {
        assert!(began.elapsed() < 60 * SECOND, "it runs for ever");
        test.host.block_on(tokio::task::yield_now());
    }
}

#[test]
fn where_a_blocking_call_outlives_the_unit_nothing_is_written_and_the_lease_runs_out() {
    let mut test = Test::start();
    let job = test.run_step(Step::Block);
    let gate = test.app.gate.clone();
    let store = test.store.clone();
    drop(test.host.stop());
    let left = status(&store, job);
    assert_eq!((left.state, left.attempts), (JobState::Running, 1), "it is held until its lease ends");
    assert_eq!(beats(&store), 1, "and its worker has not left, which would give it away at once");
    gate.open();
}

#[test]
fn jobs_that_are_claimed_when_the_stop_comes_are_given_back_and_do_not_begin() {
    let mut kept = None;
    let mut test = Test::on(|memory| kept.insert(Faulty::new(memory)).clone(), |workers| workers.handle(act));
    let store = kept.unwrap();
    store.stop_during_a_claim(test.host.handle());
    let client = test.client.clone();
    let handles = test.host.block_on(client.enqueue_all((0..3).map(|_| Do(Step::Hang)))).unwrap();
    let clock = test.host.clock().clone();
    let began = clock.now();
    let (memory, app) = test.stop();
    assert!(clock.now() - began < SECOND, "they do not have to be waited for");
    assert!(store.finishes() > 0 && app.log.all().is_empty(), "claimed, and not begun: {:?}", app.log.all());
    for (handle, other) in handles.iter().zip(memory.all()) {
        let status = status(&memory, handle.id());
        assert_eq!((status.state, status.attempts, status.crashes), (JobState::Ready, 0, 0));
        assert_eq!(other.0.id, handle.id());
    }
}

#[test]
fn no_more_is_claimed_than_there_are_slots_so_that_a_stop_leaves_the_rest_alone() {
    let mut test = Test::with(|workers| workers.queue("default", 1).handle(act));
    let hangs = test.run_step(Step::Hang);
    let waits = test.run_step(Step::Succeed);
    assert_eq!(test.state(waits), JobState::Ready, "no more is claimed than there are slots");
    let (store, app) = test.stop();
    assert_eq!(
        (status(&store, hangs).state, status(&store, waits).state),
        (JobState::Ready, JobState::Ready)
    );
    assert_eq!(app.log.count("begin 1"), 1);
}

#[test]
fn a_timeout_tells_the_run_then_drops_it_and_is_a_failure() {
    let mut test = Test::start();
    let job = test.run_step(Step::Hang);
    test.host.advance(TIMEOUT);
    assert_eq!(test.app.log.all(), ["begin 1", "told TimedOut"]);
    assert_eq!(test.state(job), JobState::Running);
    test.host.advance(STOP_GRACE);
    assert_eq!(test.app.log.all(), ["begin 1", "told TimedOut", "dropped"]);
    let status = test.status(job);
    assert_eq!((status.state, status.attempts), (JobState::Scheduled, 1));
    assert_eq!(status.error.as_deref(), Some("timed out after 60s"));
}

#[test]
fn a_run_that_ends_well_after_its_timeout_has_ended_well() {
    let mut test = Test::start();
    let (obeys, fails) = (test.run_step(Step::Obey), test.run_step(Step::FailOnStop));
    test.host.advance(TIMEOUT);
    assert_eq!(test.state(obeys), JobState::Done);
    assert_eq!(test.status(fails).error.as_deref(), Some("timed out after 60s: stopped short"));
}

#[test]
fn a_retry_waits_for_the_blocking_calls_of_the_attempt_that_timed_out() {
    let mut test = Test::start();
    let job = test.run_step(Step::Block);
    test.host.advance(TIMEOUT + STOP_GRACE);
    assert_eq!(test.app.log.all(), ["begin 1", "dropped"]);
    assert_eq!(test.state(job), JobState::Running, "its effects may go on");
    test.app.gate.open();
    until_it_runs_no_more(&mut test, job);
    assert_eq!(test.state(job), JobState::Scheduled);
}

#[test]
fn a_cancel_tells_the_run_at_once_and_drops_it_after_a_short_grace() {
    let mut test = Test::start();
    let job = test.run_step(Step::Hang);
    let client = test.client.clone();
    assert_eq!(test.host.block_on(client.cancel(job)).unwrap(), CancelAnswer::Asked);
    test.host.run_until_idle();
    assert_eq!(test.app.log.all(), ["begin 1", "told Cancelled"], "by a hint, not by the next beat");
    test.host.advance(STOP_GRACE);
    assert_eq!(test.app.log.all(), ["begin 1", "told Cancelled", "dropped"]);
    let status = test.status(job);
    assert_eq!((status.state, status.error.as_deref()), (JobState::Cancelled, Some(CANCELLED)));
}

#[test]
fn a_cancelled_run_that_fails_is_not_tried_again_and_one_that_ends_well_is_done() {
    let mut test = Test::start();
    let (fails, obeys) = (test.run_step(Step::FailOnStop), test.run_step(Step::Obey));
    let client = test.client.clone();
    for job in [fails, obeys] {
        test.host.block_on(client.cancel(job)).unwrap();
    }
    test.host.advance(MINUTE);
    assert_eq!((test.state(fails), test.state(obeys)), (JobState::Cancelled, JobState::Done));
}

#[test]
fn a_cancel_of_a_waiting_job_keeps_it_from_ever_running() {
    let mut test = Test::start();
    let job = test.enqueue(Do(Step::Succeed).after(HOUR));
    let client = test.client.clone();
    assert_eq!(test.host.block_on(client.cancel(job)).unwrap(), CancelAnswer::Cancelled);
    test.host.advance(2 * HOUR);
    assert_eq!(test.state(job), JobState::Cancelled);
    assert!(test.app.log.all().is_empty());
}

#[test]
fn a_worker_that_stops_leaves_in_good_order() {
    let mut test = Test::start();
    test.run_step(Step::Succeed);
    let (store, _) = test.stop();
    assert_eq!(beats(&store), 0, "nobody has to wait for its lease");
}

fn beats(store: &MemoryStore) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.beats()).unwrap().len()
}
