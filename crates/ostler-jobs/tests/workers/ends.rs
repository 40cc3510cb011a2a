//! What becomes of a job, by how its attempt ended.

use ostler::{MINUTE, SECOND, State};
use ostler_jobs::store::NewRow;
use ostler_jobs::{JobArgs, JobState, Json, Keep, MAX_RESULT, Policy, Retention, Store};
use serde::{Deserialize, Serialize};

use crate::support::{App, Do, Step, Test, act};

#[test]
fn a_job_that_ends_well_is_done_with_its_result() {
    let mut test = Test::start();
    let job = test.run_step(Step::Result(42));
    let status = test.status(job);
    assert_eq!((status.state, status.attempts), (JobState::Done, 1));
    assert_eq!(status.result.as_deref(), Some("42"));
}

#[test]
fn a_failure_is_tried_again_after_the_back_off_and_the_last_one_is_the_death() {
    let mut test = Test::start();
    let job = test.run_step(Step::Fail);
    let status = test.status(job);
    assert_eq!((status.state, status.error.as_deref()), (JobState::Scheduled, Some("it failed")));
    test.host.advance(10 * SECOND - SECOND / 1_000);
    assert_eq!(test.app.log.count("begin 2"), 0);
    test.host.advance(SECOND / 1_000);
    assert_eq!(test.app.log.count("begin 2"), 1, "at its time, not at the next poll");
    test.host.advance(MINUTE);
    let status = test.status(job);
    assert_eq!((status.state, status.attempts), (JobState::Dead, 3));
    assert_eq!(status.error.as_deref(), Some("it failed"));
    assert_eq!(test.app.log.take().iter().filter(|event| event.starts_with("begin")).count(), 3);
}

#[test]
fn a_handler_can_name_the_wait_itself_and_that_counts() {
    let mut test = Test::start();
    let job = test.run_step(Step::RetryIn(100));
    test.host.advance(99 * SECOND);
    assert_eq!(test.state(job), JobState::Scheduled);
    test.host.advance(SECOND);
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Done, 2));
}

#[test]
fn a_snooze_frees_the_slot_and_counts_nothing() {
    let mut test = Test::with(|workers| workers.queue("default", 1).handle(act));
    let snoozes = test.run_step(Step::Snooze(100));
    assert_eq!((test.state(snoozes), test.status(snoozes).attempts), (JobState::Scheduled, 0));
    let other = test.run_step(Step::Succeed);
    assert_eq!(test.state(other), JobState::Done, "the one slot is free meanwhile");
    test.host.advance(100 * SECOND);
    assert_eq!((test.state(snoozes), test.status(snoozes).attempts), (JobState::Done, 1));
}

#[test]
fn a_halt_can_be_for_good() {
    let mut test = Test::start();
    let (cancelled, dead) = (test.run_step(Step::Cancel), test.run_step(Step::Discard));
    let (cancelled, dead) = (test.status(cancelled), test.status(dead));
    assert_eq!((cancelled.state, cancelled.error.as_deref()), (JobState::Cancelled, Some("not wanted")));
    assert_eq!((dead.state, dead.error.as_deref(), dead.attempts), (JobState::Dead, Some("never"), 1));
}

#[test]
fn a_panic_is_a_failure_whatever_its_payload_and_no_slot_is_lost() {
    let mut test = Test::with(|workers| workers.queue("default", 1).handle(act));
    let jobs = [Step::Panic, Step::NastyPanic, Step::NastyError].map(|step| test.run_step(step));
    for job in jobs {
        let status = test.status(job);
        assert_eq!(status.state, JobState::Scheduled);
        assert!(status.error.as_deref().unwrap().starts_with("panicked"), "{:?}", status.error);
    }
    assert_eq!(test.status(jobs[0]).error.as_deref(), Some("panicked: boom"));
    let next = test.run_step(Step::Succeed);
    assert_eq!(test.state(next), JobState::Done);
    assert_eq!(test.host.unit("jobs").restarts, 0);
}

#[test]
fn arguments_that_are_not_those_of_the_kind_are_a_failure_and_the_queue_goes_on() {
    let mut test = Test::start();
    let row = NewRow::new(Do::KIND, "default", r#"{"NoSuchStep":1}"#).unwrap();
    let insert = ostler_jobs::store::Insert { rows: vec![row], ..Default::default() };
    let store = test.store.clone();
    let job = test.host.block_on(store.insert(insert)).unwrap()[0].id;
    let next = test.run_step(Step::Succeed);
    let status = test.status(job);
    assert_eq!((status.state, status.attempts), (JobState::Scheduled, 1), "a newer program may know them");
    let error = status.error.unwrap();
    assert!(error.starts_with("the arguments are not those of a `do`: unknown variant"), "{error}");
    assert_eq!(test.state(next), JobState::Done);
    test.host.advance(MINUTE);
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Dead, 3), "bounded as any failure");
    assert_eq!(test.app.log.count("begin 1"), 1, "no handler has seen it");
}

/// What is as deep as a payload may be.
#[derive(Serialize, Deserialize)]
struct Deep(serde_json::Value);

impl JobArgs for Deep {
    const KIND: &'static str = "deep";
}

#[test]
fn arguments_as_deep_as_a_payload_may_be_are_read() {
    let mut test = Test::with(|workers| workers.handle(async |_: Deep| {}));
    let depth = ostler_jobs::payload::MAX_DEPTH;
    let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let row = NewRow::new(Deep::KIND, "default", text).unwrap();
    let insert = ostler_jobs::store::Insert { rows: vec![row], ..Default::default() };
    let store = test.store.clone();
    let job = test.host.block_on(store.insert(insert)).unwrap()[0].id;
    test.host.run_until_idle();
    assert_eq!(test.state(job), JobState::Done, "{:?}", test.status(job).error);
}

/// A result of so many bytes.
#[derive(Serialize, Deserialize)]
struct Large(usize);

impl JobArgs for Large {
    const KIND: &'static str = "large";
}

async fn large(Large(bytes): Large) -> Json<String> {
    Json("x".repeat(bytes - 2))
}

#[test]
fn a_result_that_is_too_large_is_replaced_by_a_note_and_the_job_is_done() {
    let mut test = Test::with(|workers| workers.handle(large));
    let (fits, is_too_large) = (test.run(Large(MAX_RESULT)), test.run(Large(MAX_RESULT + 1)));
    assert_eq!(test.status(fits).result.unwrap().len(), MAX_RESULT);
    let status = test.status(is_too_large);
    assert_eq!(status.state, JobState::Done);
    assert!(status.result.as_deref().unwrap().contains("65537 bytes"), "{:?}", status.result);
}

/// One of a queue of its own, of which nothing is kept.
#[derive(Serialize, Deserialize)]
struct Fleeting;

impl JobArgs for Fleeting {
    const KIND: &'static str = "fleeting";

    fn policy() -> Policy {
        Policy::new().queue("fast").priority(1).keep(Retention::new().done(Keep::NONE))
    }
}

#[test]
fn the_policy_of_a_kind_names_its_queue_and_what_is_kept() {
    let mut test =
        Test::with(|workers| workers.handle(async |_: Fleeting, app: State<App>| app.log.add("fleeting")));
    let paused = test.client.clone();
    test.host.block_on(paused.pause("fast")).unwrap();
    let job = test.run(Fleeting);
    let status = test.status(job);
    assert_eq!((&*status.queue, status.priority, status.state), ("fast", 1, JobState::Ready));
    test.host.block_on(paused.resume("fast")).unwrap();
    test.host.run_until_idle();
    assert_eq!(test.app.log.all(), ["fleeting"]);
    assert!(crate::support::find(&test.store, job).is_none(), "nothing is kept of it");
}

/// A mail, as a queue in memory has it.
#[derive(Serialize, Deserialize)]
struct Mail(u32);

impl JobArgs for Mail {
    const KIND: &'static str = "mail";
}

#[derive(Clone)]
struct Office {
    log: crate::support::Log,
    pace: std::time::Duration,
}

/// The handler of a consumer.
async fn send(Mail(number): Mail, State(app): State<Office>, clock: ostler::Clock) {
    clock.sleep(app.pace).await;
    app.log.add(format!("mail {number} sent"));
}

#[test]
fn the_handler_of_a_queue_in_memory_runs_durably_unchanged() {
    let office = Office { log: crate::support::Log::default(), pace: SECOND };
    let (queue, items) = ostler::queue::bounded::<Mail>(10);
    let host = ostler::Host::new(office.clone()).consume("mails", items, send);
    let mut in_memory = ostler::testing::TestHost::start(host).unwrap();
    in_memory.block_on(queue.send(Mail(1))).unwrap();
    in_memory.advance(SECOND);

    let mut durable =
        ostler_jobs::testing::TestJobs::start(office.clone(), |workers| workers.handle(send)).unwrap();
    let mail = durable.enqueue(Mail(2));
    durable.run_due();
    durable.advance(SECOND);
    assert_eq!(durable.state(mail), JobState::Done);
    assert_eq!(office.log.all(), ["mail 1 sent", "mail 2 sent"]);
}
