//! Which jobs are claimed, when, and in what order.

use ostler::{HOUR, SECOND, State};
use ostler_jobs::{ErrorKind, JobArgs, JobState, Store};
use serde::{Deserialize, Serialize};

use crate::faulty::{Faulty, Verb};
use crate::support::{App, Do, STOP_GRACE, Step, Test, act};

/// One that says its name.
#[derive(Serialize, Deserialize)]
struct Say(String);

impl JobArgs for Say {
    const KIND: &'static str = "say";
}

async fn say(Say(word): Say, app: State<App>) {
    app.log.add(word);
}

fn word(text: &str) -> Say {
    Say(text.to_owned())
}

#[test]
fn a_low_priority_number_runs_first_and_then_whoever_came_first() {
    let mut test = Test::with(|workers| workers.queue("default", 1).handle(say).handle(act));
    let blocker = test.run_step(Step::Sleep(1));
    test.enqueue(word("c"));
    test.enqueue(word("d"));
    test.enqueue(word("e").priority(9));
    test.enqueue(word("b").priority(1));
    test.enqueue(word("a").priority(0));
    test.host.advance(SECOND);
    assert_eq!(test.state(blocker), JobState::Done);
    assert_eq!(test.app.log.take()[3..], ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_kind_without_a_handler_is_left_and_is_visible() {
    let mut test = Test::with(|workers| workers.handle(say));
    let (unknown, known) = (test.run_step(Step::Succeed), test.run(word("known")));
    test.host.advance(HOUR);
    assert_eq!((test.state(unknown), test.state(known)), (JobState::Ready, JobState::Done));
    let client = test.client.clone();
    let counts = test.host.block_on(client.counts()).unwrap();
    let count = counts.iter().find(|count| &*count.kind == Do::KIND).unwrap();
    assert_eq!((count.state, count.jobs), (JobState::Ready, 1));
}

#[test]
fn a_queue_that_nobody_named_is_not_worked() {
    let mut test = Test::with(|workers| workers.handle(say));
    let elsewhere = test.run(word("x").on("elsewhere"));
    test.host.advance(HOUR);
    assert_eq!(test.state(elsewhere), JobState::Ready);
}

#[test]
fn no_more_run_than_there_are_slots_and_queues_do_not_keep_each_other_waiting() {
    let mut test = Test::with(|workers| workers.queue("default", 2).queue("other", 1).handle(act));
    let slow: Vec<_> = (0..3).map(|_| test.run_step(Step::Sleep(10))).collect();
    let states: Vec<_> = slow.iter().map(|job| test.state(*job)).collect();
    assert_eq!(states, [JobState::Running, JobState::Running, JobState::Ready]);
    let other = test.run(Do(Step::Succeed).on("other"));
    assert_eq!(test.state(other), JobState::Done);
    test.host.advance(10 * SECOND);
    assert_eq!(test.state(slow[2]), JobState::Running, "a slot that is free is filled at once");
}

#[test]
fn an_idle_worker_asks_only_as_often_as_it_polls() {
    let mut kept = None;
    let mut test = Test::on(
        |memory| kept.insert(Faulty::new(memory)).clone(),
        |workers| workers.queue("default", 8).handle(say),
    );
    let store = kept.unwrap();
    for number in 0..20 {
        test.enqueue(word(&number.to_string()));
    }
    test.host.run_until_idle();
    assert_eq!(test.app.log.take().len(), 20);
    let before = store.claims();
    test.host.advance(10 * SECOND);
    assert_eq!(store.claims() - before, 10);
}

#[test]
fn too_many_ends_that_cannot_be_stored_stop_the_claims() {
    let mut kept = None;
    let mut test = Test::on(
        |memory| kept.insert(Faulty::new(memory)).clone(),
        |workers| workers.queue("default", 64).handle(async |_: Say| {}),
    );
    let store = kept.unwrap();
    store.fail(&[Verb::Finish], ErrorKind::StoreFull);
    let client = test.client.clone();
    test.host.block_on(client.enqueue_all((0..11_000).map(|_| word("x")))).unwrap();
    test.host.advance(5 * SECOND);
    let count = |test: &mut Test, state| {
        let counts = test.host.block_on(client.counts()).unwrap();
        counts.iter().find(|count| count.state == state).map_or(0, |count| count.jobs)
    };
    let running = count(&mut test, JobState::Running);
    assert!((10_000..10_500).contains(&running), "{running}");
    store.work();
    test.host.advance(10 * SECOND);
    assert_eq!(count(&mut test, JobState::Done), 11_000);
}

#[test]
fn a_backlog_that_is_over_is_noticed_without_a_poll() {
    let mut kept = None;
    let mut test = Test::on(
        |memory| kept.insert(Faulty::new(memory)).clone(),
        |workers| workers.poll(HOUR).lease(HOUR).queue("default", 64).handle(async |_: Say| {}).handle(act),
    );
    let store = kept.unwrap();
    // So that what is open never comes to nothing, which would be noticed.
    test.run_step(Step::Hang);
    store.fail(&[Verb::Finish], ErrorKind::StoreFull);
    let client = test.client.clone();
    test.host.block_on(client.enqueue_all((0..11_000).map(|_| word("x")))).unwrap();
    test.host.advance(5 * SECOND);
    store.work();
    test.host.advance(10 * SECOND);
    let counts = test.host.block_on(client.counts()).unwrap();
    let said = counts.iter().filter(|count| &*count.kind == Say::KIND);
    assert_eq!(said.map(|count| (count.state, count.jobs)).collect::<Vec<_>>(), [(JobState::Done, 11_000)]);
}

#[test]
fn a_claim_whose_answer_is_lost_is_not_held_for_ever() {
    let mut kept = None;
    let mut test = Test::on(|memory| kept.insert(Faulty::new(memory)).clone(), |workers| workers.handle(act));
    let store = kept.unwrap();
    let running = test.run_step(Step::Sleep(50));
    store.lose_the_answer_of_a_claim();
    let lost = test.run_step(Step::Succeed);
    assert_eq!(test.state(lost), JobState::Running, "as the store knows it, and nobody else");
    // Another life works on meanwhile.
    test.host.advance(3 * SECOND);
    let other = test.run_step(Step::Succeed);
    assert_eq!(test.state(other), JobState::Done);
    test.host.advance(40 * SECOND);
    assert_eq!(test.state(running), JobState::Running, "longer than a lease");
    test.host.advance(20 * SECOND);
    assert_eq!((test.state(running), test.status(running).attempts), (JobState::Done, 1));
    assert_eq!((test.state(lost), test.status(lost).attempts), (JobState::Done, 2));
    let beats = test.host.block_on(store.beats()).unwrap();
    assert_eq!(beats.len(), 1, "the first life has left");
    assert_eq!(test.host.unit("jobs").restarts, 0);
}

#[test]
fn a_job_that_is_cancelled_before_it_begins_does_not_begin() {
    let mut kept = None;
    let mut test = Test::on(|memory| kept.insert(Faulty::new(memory)).clone(), |workers| workers.handle(act));
    kept.unwrap().cancel_during_a_claim();
    let job = test.run_step(Step::Hang);
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Cancelled, 0));
    assert!(test.app.log.all().is_empty());
}

#[test]
fn a_run_that_was_told_of_a_cancel_is_dropped_after_its_grace_also_in_a_life_that_claims_no_more() {
    let mut kept = None;
    let mut test = Test::on(|memory| kept.insert(Faulty::new(memory)).clone(), |workers| workers.handle(act));
    let job = test.run_step(Step::Hang);
    let client = test.client.clone();
    test.host.block_on(client.cancel(job)).unwrap();
    test.host.run_until_idle();
    assert_eq!(test.app.log.all(), ["begin 1", "told Cancelled"]);
    kept.unwrap().lose_the_answer_of_a_claim();
    test.run_step(Step::Succeed);
    test.host.advance(STOP_GRACE);
    assert_eq!(test.state(job), JobState::Cancelled);
}
