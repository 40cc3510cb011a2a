//! Suspects run alone, and poison is dead after so many crashes as it takes.

use std::sync::Arc;

use ostler::{MINUTE, SECOND};
use ostler_jobs::{Job, JobArgs, JobId, JobState, NewJob, Policy, Store};
use serde::{Deserialize, Serialize};

use crate::support::{Step, Test, act, claimed_elsewhere};

/// One that takes so many seconds, however long.
#[derive(Serialize, Deserialize)]
struct Slow(u64);

impl JobArgs for Slow {
    const KIND: &'static str = "slow";

    fn policy() -> Policy {
        Policy::new().no_timeout()
    }
}

async fn slow(job: Job<Slow>, clock: ostler::Clock) {
    clock.sleep(std::time::Duration::from_secs(job.args.0)).await;
}

#[test]
fn a_job_that_takes_its_worker_with_it_is_dead_after_exactly_three_times() {
    let mut test = Test::with(|workers| workers.handle(act));
    let (poison, bystander) = (test.run_step(Step::Hang), test.run_step(Step::Sleep(1)));
    for crashes in 1..=3 {
        test.expire();
        // The next beat, and the bystander's second.
        test.host.advance(20 * SECOND);
        assert_eq!(test.status(poison).crashes, crashes);
    }
    let status = test.status(poison);
    assert_eq!((status.state, status.attempts), (JobState::Dead, 4), "its last attempt was refused");
    assert!(status.error.unwrap().starts_with("poison"), "and its reason says so");
    let begun = test.app.log.all().iter().filter(|event| event.starts_with("begin")).count();
    assert_eq!(begun, 5, "three times the one, twice the other");
    assert_eq!((test.state(bystander), test.status(bystander).crashes), (JobState::Done, 1));
}

#[test]
fn a_limit_of_ones_own_and_none_at_all() {
    let mut test = Test::with(|workers| workers.poison_after(1).handle(act));
    let job = test.run_step(Step::Hang);
    test.expire();
    test.host.advance(20 * SECOND);
    assert_eq!(test.state(job), JobState::Dead);

    let mut test = Test::with(|workers| workers.no_poison().handle(act));
    let job = test.run_step(Step::Hang);
    for _ in 0..3 {
        test.expire();
        test.host.advance(20 * SECOND);
    }
    let status = test.status(job);
    assert_eq!(status.state, JobState::Dead, "its three attempts are used up");
    assert!(status.error.unwrap().starts_with("no attempt is left"));
    assert_eq!(test.app.log.count("begin 3"), 1);
}

#[test]
fn a_suspect_waits_until_nothing_runs_and_nothing_is_claimed_while_it_does() {
    let mut test = Test::start();
    let suspect = test.run_step(Step::Sleep(5));
    test.expire();
    // Before the worker knows, another job begins.
    let other = test.run_step(Step::Sleep(3));
    test.app.log.take();
    test.host.advance(10 * SECOND);
    // Its worker was lost with it: both are suspects, and run one after another.
    let log = test.app.log.take();
    let begins = log.iter().filter(|event| event.starts_with("begin")).count();
    assert!(begins >= 1, "{log:?}");
    let late = test.run_step(Step::Succeed);
    if test.status(suspect).state == JobState::Running {
        assert_eq!(test.state(late), JobState::Ready, "nothing is claimed beside a suspect");
    }
    test.host.advance(MINUTE);
    for job in [suspect, other, late] {
        assert_eq!(test.state(job), JobState::Done);
    }
}

#[test]
fn suspects_run_one_after_another() {
    let mut test = Test::start();
    let jobs = [1, 2, 3].map(|_| test.run_step(Step::Sleep(20)));
    test.expire();
    test.host.advance(10 * SECOND);
    let running = |test: &Test| jobs.iter().filter(|job| test.state(**job) == JobState::Running).count();
    for _ in 0..3 {
        assert_eq!(running(&test), 1);
        test.host.advance(20 * SECOND);
    }
    assert_eq!(running(&test), 0);
    assert!(jobs.iter().all(|job| test.state(*job) == JobState::Done && test.status(*job).crashes == 1));
}

#[test]
fn nothing_else_is_claimed_for_a_minute_while_a_suspect_runs() {
    let mut test = Test::with(|workers| workers.handle(slow));
    let suspect = test.run(Slow(300));
    test.expire();
    test.host.advance(SECOND);
    assert_eq!(test.status(suspect).attempts, 2, "it runs alone");
    let other = test.run(Slow(100));
    test.host.advance(58 * SECOND);
    assert_eq!(test.state(other), JobState::Ready);
    test.host.advance(2 * SECOND);
    assert_eq!(test.state(other), JobState::Running, "a job that takes long keeps nobody waiting for ever");
}

#[test]
fn a_long_job_keeps_a_suspect_from_its_turn_for_ten_seconds_only() {
    let mut test = Test::with(|workers| workers.handle(slow));
    let long = test.run(Slow(300));
    let client = test.client.clone();
    test.host.block_on(client.pause("default")).unwrap();
    let suspect = test.run(Slow(1));
    let store = test.store.clone();
    test.host.block_on(async {
        store.resume("default").await.unwrap();
        let known = store.beats().await.unwrap();
        let claimed = claimed_elsewhere(&store, |wanted| wanted.kinds = Arc::new([Slow::KIND.into()].into()));
        assert_eq!(claimed.await, 1);
        let gone = store.beats().await.unwrap().into_iter().filter(|beat| !known.contains(beat)).collect();
        assert_eq!(store.expire(gone).await.unwrap(), 1);
    });
    test.host.advance(9 * SECOND);
    assert_eq!((test.state(long), test.state(suspect)), (JobState::Running, JobState::Ready));
    test.host.advance(2 * SECOND);
    assert_eq!((test.state(long), test.status(suspect).attempts), (JobState::Running, 2));
    assert_eq!(test.status(long).attempts, 1);
}

/// Makes a suspect of a job of the kind [`Slow`], in a queue in which nothing else is ready: another process takes it, and is lost.
fn suspect(test: &mut Test, job: impl Into<NewJob<Slow>>, queue: &'static str) -> JobId {
    let client = test.client.clone();
    test.host.block_on(client.pause(queue)).unwrap();
    let suspect = test.run(job);
    let store = test.store.clone();
    test.host.block_on(async {
        store.resume(queue).await.unwrap();
        let known = store.beats().await.unwrap();
        let claimed = claimed_elsewhere(&store, |wanted| {
            wanted.wants[0].queue = queue.into();
            wanted.kinds = Arc::new([Slow::KIND.into()].into());
        });
        assert_eq!(claimed.await, 1);
        let gone = store.beats().await.unwrap().into_iter().filter(|beat| !known.contains(beat)).collect();
        assert_eq!(store.expire(gone).await.unwrap(), 1);
    });
    suspect
}

#[test]
fn a_suspect_in_a_queue_that_is_full_keeps_no_other_queue_waiting() {
    let mut test = Test::with(|workers| workers.queue("long", 1).handle(slow));
    let long = test.run(Slow(300).on("long"));
    let suspect = suspect(&mut test, Slow(1).on("long"), "long");
    test.host.advance(15 * SECOND);
    for _ in 0..5 {
        let other = test.run(Slow(1));
        test.host.advance(2 * SECOND);
        assert_eq!(test.state(other), JobState::Done);
    }
    assert_eq!((test.state(long), test.state(suspect)), (JobState::Running, JobState::Ready));
}

#[test]
fn a_suspect_beside_a_long_job_keeps_others_waiting_only_while_it_runs() {
    let mut test = Test::with(|workers| workers.handle(slow));
    let long = test.run(Slow(300));
    let suspect = suspect(&mut test, Slow(1), "default");
    test.host.advance(10 * SECOND);
    assert_eq!(test.status(suspect).attempts, 2, "claimed though another job runs");
    let other = test.run(Slow(1));
    assert_eq!(test.state(other), JobState::Ready, "nothing is claimed beside it");
    test.host.advance(SECOND);
    assert_eq!((test.state(suspect), test.state(other)), (JobState::Done, JobState::Running));
    assert_eq!(test.state(long), JobState::Running);
}

#[test]
fn no_two_suspects_run_at_a_time_however_long_the_first_one_takes() {
    let mut test = Test::with(|workers| workers.handle(slow));
    let first = suspect(&mut test, Slow(300), "default");
    test.host.advance(SECOND);
    assert_eq!(test.state(first), JobState::Running);
    let second = suspect(&mut test, Slow(1), "default");
    test.host.advance(2 * MINUTE);
    let late = test.run(Slow(1));
    assert_eq!((test.state(second), test.state(late)), (JobState::Ready, JobState::Running));
    test.host.advance(3 * MINUTE);
    assert_eq!([first, second, late].map(|job| test.state(job)), [JobState::Done; 3]);
}

#[test]
fn a_job_that_is_lost_beside_a_long_suspect_does_not_make_that_poison() {
    let mut test = Test::with(|workers| workers.handle(slow));
    let long = suspect(&mut test, Slow(300), "default");
    for _ in 0..3 {
        // Longer than nothing else is claimed beside it.
        test.host.advance(2 * MINUTE);
        let killer = test.run(Slow(300));
        assert_eq!((test.state(long), test.state(killer)), (JobState::Running, JobState::Running));
        test.expire();
        test.host.advance(20 * SECOND);
        test.host.block_on(test.client.clone().cancel(killer)).unwrap();
        test.host.run_until_idle();
    }
    assert_eq!((test.state(long), test.status(long).crashes), (JobState::Running, 1));
}

#[test]
fn an_orderly_end_clears_a_suspect() {
    let mut test = Test::start();
    let job = test.run_step(Step::FailUntil(3));
    assert_eq!(test.state(job), JobState::Scheduled);
    let other = test.run_step(Step::Hang);
    test.expire();
    test.host.advance(5 * MINUTE);
    assert_eq!(test.state(job), JobState::Done);
    assert_eq!(test.status(job).crashes, 0, "it did not run when the worker was lost");
    assert_eq!(test.status(other).crashes, 1);
}
