//! The test kit itself.

use ostler::{DAY, HOUR, MINUTE, State};
use ostler_jobs::testing::TestJobs;
use ostler_jobs::{Client, JobArgs, JobState};

use crate::support::{App, Do, Step, act};

fn jobs() -> TestJobs {
    TestJobs::start(App::default(), |workers| workers.handle(act)).unwrap()
}

#[test]
fn nothing_runs_before_the_test_says_so() {
    let mut jobs = jobs();
    let job = jobs.enqueue(Do(Step::Succeed));
    assert_eq!(jobs.enqueued::<Do>(), [Do(Step::Succeed)]);
    assert_eq!(jobs.state(job), JobState::Ready);
    jobs.run_due();
    assert_eq!(jobs.state(job), JobState::Done);
    jobs.stop().unwrap();
}

#[test]
fn the_clock_moves_to_the_next_job_that_is_due() {
    let mut jobs = jobs();
    let second = jobs.enqueue(Do(Step::Succeed).after(HOUR));
    let first = jobs.enqueue(Do(Step::Fail).after(MINUTE));
    assert_eq!(jobs.advance_to_retry(), first);
    assert_eq!((jobs.status(first).attempts, jobs.state(second)), (1, JobState::Scheduled));
    assert_eq!(jobs.advance_to_retry(), first, "its retry");
    assert_eq!(jobs.advance_to_retry(), first);
    assert_eq!(jobs.state(first), JobState::Dead);
    assert_eq!(jobs.advance_to_retry(), second);
}

#[test]
fn a_day_passes_job_by_job() {
    let mut jobs = jobs();
    for hour in 1..=24 {
        jobs.enqueue(Do(Step::Sleep(60)).after(hour * HOUR));
    }
    jobs.advance(DAY);
    let done = jobs.jobs::<Do>().iter().filter(|(job, _)| job.state == JobState::Done).count();
    assert_eq!(done, 23, "the last one has just begun");
    let (first, _) = &jobs.jobs::<Do>()[0];
    let late = first.finished.unwrap().duration_since(first.created);
    assert_eq!(late.as_secs(), 61 * 60, "each at its time");
}

#[test]
fn jobs_of_the_code_under_test_are_seen() {
    let mut jobs = jobs();
    let client = jobs.client();
    jobs.block_on(async { client.enqueue(Do(Step::Result(1))).await }).unwrap();
    jobs.assert_enqueued(|job: &Do| job.0 == Step::Result(1));
    jobs.run_due();
    let all = jobs.jobs::<Do>();
    assert_eq!(all[0].0.result.as_deref(), Some("1"));
}

#[test]
fn a_state_may_hold_the_client() {
    async fn again(job: Do, client: State<Client>) {
        if job.0 == Step::Succeed {
            client.enqueue(Do(Step::Cancel)).await.unwrap();
        }
    }
    let mut jobs = TestJobs::start_with(Client::clone, |workers| workers.handle(again)).unwrap();
    jobs.enqueue(Do(Step::Succeed));
    jobs.run_due();
    assert_eq!(jobs.enqueued::<Do>().len(), 2, "and what a job enqueues runs too");
    assert!(jobs.jobs::<Do>().iter().all(|(job, _)| job.state == JobState::Done));
}

#[test]
#[should_panic(expected = "no `do` like this was enqueued")]
fn what_was_not_enqueued_is_missed() {
    jobs().assert_enqueued(|_: &Do| true);
}

#[test]
#[should_panic(expected = "no job is scheduled")]
fn there_must_be_something_to_move_to() {
    jobs().advance_to_retry();
}

#[test]
fn mistakes_are_the_starts_error() {
    let error = TestJobs::start(App::default(), |workers| workers.handle(act).handle(act)).unwrap_err();
    assert_eq!(error.exit_code(), 78);
}
