//! A store that is away for a while: nothing is lost, nothing is restarted, health says so, and all goes on when it is back.

use std::sync::{Arc, Mutex};

use ostler::testing::{DEFAULT_START, TestHost};
use ostler::{Clock, Host, MINUTE, SECOND, Status};
use ostler_jobs::{Ack, Client, ErrorKind, JobArgs, JobState, MemoryStore, Policy, Workers};
use serde::{Deserialize, Serialize};

use crate::faulty::{Answer, Faulty, Verb};
use crate::support::{App, Do, Step, Synced, Test, act, status};

fn test() -> (Test, Faulty) {
    let mut kept = None;
    let test = Test::on(|memory| kept.insert(Faulty::new(memory)).clone(), |workers| workers.handle(act));
    (test, kept.unwrap())
}

fn health(test: &Test) -> (Status, Option<String>) {
    let report = test.host.handle().health();
    let entry = report.entries.iter().find(|entry| &*entry.name == "jobs").unwrap();
    (entry.status, entry.reason.as_deref().map(str::to_owned))
}

#[test]
fn an_outage_degrades_health_and_passes_by_itself() {
    let (mut test, store) = test();
    let running = test.run_step(Step::Sleep(20));
    store.fail(&Verb::ALL, ErrorKind::Unavailable);
    let waiting = test.run_step(Step::Succeed);
    test.host.advance(15 * SECOND);
    let (word, reason) = health(&test);
    assert_eq!(word, Status::Degraded);
    assert!(reason.as_deref().unwrap().starts_with("unit `jobs`: the store does not take "), "{reason:?}");
    // Its handler ends in the outage: the end is kept until it can be stored.
    test.host.advance(8 * SECOND);
    assert_eq!(test.app.log.count("end"), 1);
    assert_eq!((test.state(running), test.state(waiting)), (JobState::Running, JobState::Ready));
    store.work();
    test.host.advance(3 * SECOND);
    assert_eq!((test.state(running), test.state(waiting)), (JobState::Done, JobState::Done));
    assert_eq!(test.status(running).attempts, 1, "it ran once");
    assert_eq!(health(&test).0, Status::Healthy);
    assert_eq!(test.host.unit("jobs").restarts, 0);
}

#[test]
fn an_outage_longer_than_the_lease_drops_the_runs_and_they_run_again() {
    let (mut test, store) = test();
    let job = test.run_step(Step::Sleep(40));
    store.fail(&Verb::ALL, ErrorKind::Timeout);
    test.host.advance(MINUTE);
    assert_eq!(test.app.log.all(), ["begin 1", "dropped"], "it trusts itself no longer than its lease");
    assert_eq!(test.state(job), JobState::Running);
    store.work();
    // Found stale after a lease, then alone because its attempt was lost.
    test.host.advance(3 * MINUTE);
    assert_eq!(test.state(job), JobState::Done);
    assert_eq!(test.status(job).attempts, 2);
    assert_eq!(test.host.unit("jobs").restarts, 0);
}

#[test]
fn an_end_is_given_up_when_its_lease_is_lost() {
    let (mut test, store) = test();
    store.fail(&[Verb::Finish, Verb::Beat, Verb::Join], ErrorKind::Unavailable);
    let job = test.run_step(Step::Succeed);
    test.host.advance(26 * SECOND);
    let tries = store.finishes();
    assert!(tries > 10, "{tries}");
    test.host.advance(2 * SECOND);
    let last = store.finishes();
    test.host.advance(MINUTE);
    assert_eq!(store.finishes(), last, "it is somebody else's to run and to end");
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Ready, 1), "taken back");
}

#[test]
fn an_error_that_does_not_pass_is_no_end_either_and_is_unhealthy() {
    let (mut test, store) = test();
    store.fail(&[Verb::Claim], ErrorKind::Corrupt);
    let job = test.run_step(Step::Succeed);
    test.host.advance(MINUTE);
    assert_eq!(health(&test).0, Status::Unhealthy);
    store.work();
    test.host.advance(3 * SECOND);
    assert_eq!((test.state(job), health(&test).0), (JobState::Done, Status::Healthy));
}

#[test]
fn a_store_that_is_away_at_the_start_is_waited_for() {
    let (clock, app) = (Clock::virtual_at(DEFAULT_START), App::default());
    let memory = MemoryStore::on(clock.clone());
    let store = Faulty::new(memory.clone());
    store.fail(&Verb::ALL, ErrorKind::Unavailable);
    let workers = Workers::new(store.clone()).handle(act);
    let mut host = TestHost::start_on(Host::new(app).mount("jobs", workers), clock).unwrap();
    let job = host.block_on(Client::new(memory.clone()).enqueue(Do(Step::Succeed))).unwrap().id();
    host.advance(MINUTE);
    assert_eq!(status(&memory, job).state, JobState::Ready);
    store.work();
    host.advance(3 * SECOND);
    assert_eq!(status(&memory, job).state, JobState::Done);
    host.stop().unwrap();
}

#[test]
fn ends_that_the_store_refuses_together_are_stored_alone() {
    let (mut test, store) = test();
    store.fail(&[Verb::Finish], ErrorKind::Bug);
    let jobs = [test.run_step(Step::Succeed), test.run_step(Step::Succeed)];
    test.host.advance(5 * SECOND);
    store.work();
    test.host.advance(5 * SECOND);
    assert_eq!(jobs.map(|job| test.state(job)), [JobState::Done; 2]);
}

#[test]
fn a_slot_with_ack_sync_is_taken_until_the_end_is_stored_and_others_are_free_at_once() {
    async fn synced(job: ostler_jobs::Job<Synced>, app: ostler::State<App>) {
        app.log.add(format!("synced {:?}", job.args.0));
    }
    let mut kept = None;
    let mut test = Test::on(
        |memory| kept.insert(Faulty::new(memory)).clone(),
        |workers| workers.queue("default", 1).handle(synced).handle(act),
    );
    let store = kept.unwrap();
    store.fail(&[Verb::Finish], ErrorKind::StoreFull);
    let batched = test.run_step(Step::Succeed);
    let sync = test.run(Synced(Step::Succeed));
    let after = test.run_step(Step::Succeed);
    assert_eq!(test.app.log.all(), ["begin 1", "end", "dropped", "synced Succeed"], "the slot is taken");
    assert_eq!((test.state(batched), test.state(after)), (JobState::Running, JobState::Ready));
    store.work();
    test.host.advance(3 * SECOND);
    for job in [batched, sync, after] {
        assert_eq!(test.state(job), JobState::Done);
    }
}

/// Its ends wait for each other.
#[derive(Serialize, Deserialize)]
struct Lingering;

impl JobArgs for Lingering {
    const KIND: &'static str = "lingering";

    fn policy() -> Policy {
        Policy::new().ack(Ack::Batched(SECOND))
    }
}

#[test]
fn ends_that_may_wait_are_stored_together() {
    let mut kept = None;
    let mut test = Test::on(
        |memory| kept.insert(Faulty::new(memory)).clone(),
        |workers| workers.handle(async |_: Lingering| {}).handle(act),
    );
    let store = kept.unwrap();
    let jobs: Vec<_> = (0..5).map(|_| test.run(Lingering)).collect();
    assert_eq!(store.finishes(), 0);
    test.host.advance(SECOND);
    assert_eq!(store.groups(), [5]);
    assert!(jobs.iter().all(|job| test.state(*job) == JobState::Done));
    // One that must not wait takes those along that may.
    let lingers = test.run(Lingering);
    let hurries = test.run_step(Step::Succeed);
    assert_eq!((test.state(lingers), test.state(hurries)), (JobState::Done, JobState::Done));
    assert_eq!(store.groups(), [5, 2]);
}

/// The lines of the log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged while ends of a group are answered like this.
fn logged(answers: &[Answer]) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut kept = None;
        let mut test = Test::on(
            |memory| kept.insert(Faulty::new(memory)).clone(),
            |workers| workers.handle(async |_: Lingering| {}),
        );
        let store = kept.unwrap();
        store.answer_ends(answers.iter().copied());
        let jobs = [test.run(Lingering), test.run(Lingering)];
        test.host.advance(10 * SECOND);
        assert_eq!(jobs.map(|job| test.state(job)), [JobState::Done; 2]);
        assert!(store.groups().starts_with(&[2]), "{:?}", store.groups());
    });
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn ends_that_were_stored_without_an_answer_are_called_stale_by_no_later_try() {
    let alone = logged(&[Answer::Lost]);
    assert!(alone.contains("the answer is lost") && !alone.contains("stale"), "{alone}");
    let apart = logged(&[Answer::Lost, Answer::Refused(ErrorKind::Bug)]);
    assert!(apart.contains("the answer is lost") && !apart.contains("stale"), "{apart}");
}
