//! Handlers that name the wait before the next attempt themselves: `Halt::retry_in` and `Halt::snooze`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use common::Log;
use ostler::testing::TestHost;
use ostler::{Clock, Halt, Host, MINUTE, Outcome, Run, RunOutcome, SECOND, State, every, queue};

/// The time and the attempt of each call.
fn note(log: &Log, clock: &Clock, run: &Run) {
    log.add(format!("{} {}", clock.wall().strftime("%M:%S"), run.attempt()));
}

async fn later(run: Run, clock: Clock, log: State<Log>) -> Outcome {
    note(&log, &clock, &run);
    if run.attempt() < 3 { Err(Halt::retry_in(10 * SECOND, "busy")) } else { Ok(()) }
}

async fn too_early(run: Run, clock: Clock, log: State<Log>) -> Outcome {
    note(&log, &clock, &run);
    if log.all().len() < 4 { Err(Halt::snooze(10 * SECOND)) } else { Ok(()) }
}

#[test]
fn a_named_wait_takes_the_place_of_the_back_off_and_counts() {
    let log = Log::default();
    let host = Host::new(log.clone()).task("t", every(MINUTE).attempts(3), later);
    let mut test = TestHost::start(host).unwrap();
    test.advance(MINUTE + 45 * SECOND);
    assert_eq!(log.all(), ["01:00 1", "01:10 2", "01:20 3"]);
    let unit = test.unit("t");
    assert_eq!((unit.runs, unit.succeeded, unit.last_error.as_deref()), (1, 1, Some("busy")));
    test.stop().unwrap();
}

#[test]
fn a_named_wait_gives_no_attempt_more() {
    let log = Log::default();
    let mut test =
        TestHost::start(Host::new(log.clone()).task("t", every(MINUTE).attempts(2), later)).unwrap();
    test.advance(MINUTE + 45 * SECOND);
    assert_eq!(log.all(), ["01:00 1", "01:10 2"]);
    assert_eq!(test.unit("t").last_outcome, Some(RunOutcome::Failed));
    test.stop().unwrap();
}

#[test]
fn a_snooze_is_no_attempt_and_no_failure() {
    let log = Log::default();
    let host = Host::new(log.clone()).task("t", every(MINUTE), too_early);
    let mut test = TestHost::start(host).unwrap();
    test.advance(MINUTE + 45 * SECOND);
    assert_eq!(log.all(), ["01:00 1", "01:10 1", "01:20 1", "01:30 1"], "though the plan allows one attempt");
    let unit = test.unit("t");
    assert_eq!((unit.runs, unit.succeeded, unit.failed), (1, 1, 0));
    assert_eq!(unit.last_error, None);
    test.stop().unwrap();
}

#[test]
fn a_stop_ends_a_snooze() {
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).task("t", every(MINUTE), too_early)).unwrap();
    test.advance(MINUTE);
    let clock = test.clock().clone();
    let began = clock.now();
    test.stop().unwrap();
    assert!(clock.now() - began < 10 * SECOND);
    assert_eq!(log.all(), ["01:00 1"]);
}

#[test]
fn a_consumers_item_is_handled_again_after_the_wait_that_was_named() {
    async fn handle(item: u32, run: Run, clock: Clock, log: State<Log>) -> Outcome {
        note(&log, &clock, &run);
        match (item, log.all().len()) {
            (1, 1) => Err(Halt::snooze(5 * SECOND)),
            (1, 2) => Err(Halt::retry_in(7 * SECOND, "busy")),
            _ => Ok(()),
        }
    }
    let (queue, items) = queue::bounded(10);
    let log = Log::default();
    let plan = items.workers(1).attempts(3);
    let mut test = TestHost::start(Host::new(log.clone()).consume("c", plan, handle)).unwrap();
    queue.try_send(1).unwrap();
    queue.try_send(2).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["00:00 1", "00:05 1", "00:12 2", "00:12 1"], "the worker waits with its item");
    let unit = test.unit("c");
    assert_eq!((unit.runs, unit.succeeded, unit.failed), (2, 2, 0));
    test.stop().unwrap();
}

#[test]
fn the_last_attempt_on_an_item_may_be_snoozed_too() {
    async fn handle(_: u32, run: Run, clock: Clock, log: State<Log>) -> Outcome {
        note(&log, &clock, &run);
        match log.all().len() {
            1 => Err(Halt::retry_in(7 * SECOND, "busy")),
            2 => Err(Halt::snooze(5 * SECOND)),
            _ => Ok(()),
        }
    }
    let (queue, items) = queue::bounded(10);
    let log = Log::default();
    let plan = items.workers(1).attempts(2);
    let mut test = TestHost::start(Host::new(log.clone()).consume("c", plan, handle)).unwrap();
    queue.try_send(1).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["00:00 1", "00:07 2", "00:12 2"]);
    let unit = test.unit("c");
    assert_eq!((unit.runs, unit.succeeded, unit.failed), (1, 1, 0));
    test.stop().unwrap();
}

#[test]
fn a_snooze_of_an_item_that_nobody_can_copy_fails_at_once_and_says_what_to_do() {
    async fn handle(_: u32, run: Run, clock: Clock, log: State<Log>) -> Outcome {
        note(&log, &clock, &run);
        Err(Halt::snooze(MINUTE))
    }
    let (queue, items) = queue::bounded(10);
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).consume("c", items.workers(1), handle)).unwrap();
    queue.try_send(1).unwrap();
    queue.try_send(2).unwrap();
    test.run_until_idle();
    assert_eq!(log.all(), ["00:00 1", "00:00 1"], "no worker waits for nothing");
    let unit = test.unit("c");
    assert_eq!((unit.runs, unit.failed), (2, 2));
    let error = unit.last_error.unwrap();
    assert_eq!(error, "snoozed, but the item was handed over: give the plan `.attempts(..)`");
    test.stop().unwrap();
}

#[test]
fn a_snooze_without_a_wait_still_lets_time_pass() {
    async fn until_late(clock: Clock, log: State<Log>) -> Outcome {
        log.add("looked");
        let is_late = clock.wall().strftime("%M:%S%.3f").to_string().as_str() >= "01:00.010";
        assert!(log.all().len() < 1_000, "it spins");
        if is_late { Ok(()) } else { Err(Halt::snooze(SECOND - SECOND)) }
    }
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).task("t", every(MINUTE), until_late)).unwrap();
    test.advance(MINUTE + SECOND);
    assert_eq!(log.all().len(), 11, "a millisecond apart");
    assert_eq!(test.unit("t").succeeded, 1);
    test.stop().unwrap();
}
