//! The job, from the enqueue to its last attempt, without waiting.

use super::*;
use ostler_jobs::JobState;
use ostler_jobs::testing::TestJobs;

/// The program's own handler, and a mail server that is busy so many times.
fn start(busy: u32) -> TestJobs {
    TestJobs::start(Server(Arc::new(busy.into())), |workers| workers.handle(send)).unwrap()
}

/// What the program does when somebody signs up.
fn sign_up_ada(jobs: &mut TestJobs) {
    let client = jobs.client();
    jobs.block_on(sign_up(&client, "ada", 8 * HOUR)).unwrap();
}

#[test]
fn whoever_signs_up_is_welcomed_at_once_and_asked_after_eight_hours() {
    let mut jobs = start(0);
    sign_up_ada(&mut jobs);
    let texts: Vec<String> = jobs.enqueued::<Mail>().into_iter().map(|mail| mail.text).collect();
    assert_eq!(texts, ["welcome", "how do you like it?"]);

    jobs.run_due();
    assert_eq!(states(&jobs), [JobState::Done, JobState::Scheduled]);
    jobs.advance(8 * HOUR - SECOND);
    assert_eq!(states(&jobs), [JobState::Done, JobState::Scheduled]);
    jobs.advance(SECOND);
    assert_eq!(states(&jobs), [JobState::Done, JobState::Done]);
    jobs.stop().unwrap();
}

#[test]
fn whoever_signs_up_twice_is_welcomed_once() {
    let mut jobs = start(0);
    sign_up_ada(&mut jobs);
    sign_up_ada(&mut jobs);
    assert_eq!(jobs.enqueued::<Mail>().len(), 2);
    jobs.assert_enqueued::<Mail>(|mail| mail.to == "ada" && mail.text == "welcome");
    jobs.stop().unwrap();
}

#[test]
fn a_busy_mail_server_is_tried_again_and_three_times_in_all() {
    for (busy, end) in [(1, JobState::Done), (2, JobState::Done), (3, JobState::Dead)] {
        let mut jobs = start(busy);
        let id = jobs.enqueue(Mail { to: "ada".into(), text: "hello".into() });
        jobs.run_due();
        let failed = jobs.status(id);
        assert_eq!((failed.state, failed.attempts), (JobState::Scheduled, 1));
        assert_eq!(failed.error.as_deref(), Some("the mail server is busy"));
        while jobs.state(id) == JobState::Scheduled {
            assert_eq!(jobs.advance_to_retry(), id);
        }
        let ended = jobs.status(id);
        assert_eq!((ended.state, ended.attempts), (end, 3.min(busy + 1)));
        jobs.stop().unwrap();
    }
}

fn states(jobs: &TestJobs) -> Vec<JobState> {
    jobs.jobs::<Mail>().into_iter().map(|(job, _)| job.state).collect()
}
