//! On the machine's clock: the thread that keeps the lease, and what it is for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ostler::{Host, SECOND};
use ostler_jobs::{Client, ErrorKind, Job, JobId, JobState, MemoryStore, Store, Workers};
use tokio::runtime::{Builder, Runtime};

use crate::faulty::{Faulty, Verb};
use crate::stop::{Once, hang};
use crate::support::{App, Do, Step, act, status};

/// Only there to end a test that hangs.
const LONG: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Looks again and again, on a thread of the test's own.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "waited too long until {what}");
        std::thread::yield_now();
    }
}

fn enqueue(store: &MemoryStore, step: Step) -> JobId {
    runtime().block_on(Client::new(store.clone()).enqueue(Do(step))).unwrap().id()
}

fn beats(store: &MemoryStore) -> usize {
    runtime().block_on(store.beats()).unwrap().len()
}

#[test]
fn a_blocked_runtime_goes_on_beating() {
    static BLOCKED: AtomicBool = AtomicBool::new(true);
    async fn block(_: Job<Do>, app: ostler::State<App>) {
        app.log.add("begin");
        while BLOCKED.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    }
    let (store, app) = (MemoryStore::new(), App::default());
    let job = enqueue(&store, Step::Succeed);
    let host = Host::new(app.clone())
        .signals(false)
        .mount("jobs", Workers::new(store.clone()).lease(SECOND).handle(block));
    let handle = host.handle();
    let blocked = std::thread::spawn(move || runtime().block_on(host.run()).map(drop));
    until("the job runs", || app.log.count("begin") == 1);
    let beat = || runtime().block_on(store.beats()).unwrap()[0].beat;
    let first = beat();
    until("four beats have come", || beat() >= first + 4);
    BLOCKED.store(false, Ordering::SeqCst);
    until("the job has ended", || status(&store, job).state == JobState::Done);
    handle.stop();
    blocked.join().unwrap().unwrap();
}

#[test]
fn ends_are_stored_after_the_unit_was_dropped() {
    let (memory, app) = (MemoryStore::new(), App::default());
    let store = Faulty::new(memory.clone());
    store.fail(&[Verb::Finish], ErrorKind::Unavailable);
    let (done, dropped) = (enqueue(&memory, Step::Result(42)), enqueue(&memory, Step::Hang));
    let host = Host::new(app.clone())
        .signals(false)
        .grace(SECOND / 10)
        .mount("jobs", Workers::new(store.clone()).handle(act));
    let handle = host.handle();
    let ran = runtime();
    let log = app.log.clone();
    let stopper = std::thread::spawn(move || {
        // The first one has ended by itself, and the other goes on.
        until("both have begun", || log.count("begin 1") == 2 && log.count("dropped") == 1);
        handle.stop();
    });
    let report = ran.block_on(host.run()).unwrap();
    ran.shutdown_background();
    stopper.join().unwrap();
    assert!(report.overrunners().count() == 1, "the unit was dropped: the store did not take its ends");
    assert_eq!(status(&memory, done).state, JobState::Running);
    store.work();
    until("the end is stored", || status(&memory, done).state == JobState::Done);
    until("the other is given back", || status(&memory, dropped).state == JobState::Ready);
    assert_eq!((status(&memory, done).attempts, status(&memory, dropped).attempts), (1, 0));
    until("the worker has left", || beats(&memory) == 0);
}

#[test]
fn runs_that_are_dropped_with_their_runtime_are_given_back() {
    let (memory, app) = (MemoryStore::new(), App::default());
    let job = enqueue(&memory, Step::Hang);
    let host = Host::new(app.clone()).signals(false).mount("jobs", Workers::new(memory.clone()).handle(act));
    let dropped = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    dropped.spawn(host.run());
    until("it runs", || app.log.count("begin 1") == 1);
    dropped.shutdown_background();
    until("it is given back", || status(&memory, job).state == JobState::Ready);
    assert_eq!((status(&memory, job).attempts, status(&memory, job).crashes), (0, 0));
    until("the worker has left", || beats(&memory) == 0);
}

#[test]
fn a_run_that_is_dropped_with_its_runtime_and_was_the_only_attempt_is_dead() {
    let (memory, app) = (MemoryStore::new(), App::default());
    let enqueuing = Client::new(memory.clone());
    let job = runtime().block_on(enqueuing.enqueue(Once)).unwrap().id();
    let host = Host::new(app.clone()).signals(false).mount("jobs", Workers::new(memory.clone()).handle(hang));
    let dropped = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    dropped.spawn(host.run());
    until("it runs", || app.log.count("begin") == 1);
    dropped.shutdown_background();
    until("its end is stored", || status(&memory, job).state != JobState::Running);
    assert_eq!((status(&memory, job).state, status(&memory, job).attempts), (JobState::Dead, 1));
}

#[test]
fn a_worker_does_not_leave_while_what_it_began_may_go_on() {
    let (memory, app) = (MemoryStore::new(), App::default());
    let store = Faulty::new(memory.clone());
    let job = enqueue(&memory, Step::Block);
    let host = Host::new(app.clone())
        .signals(false)
        .grace(SECOND / 10)
        .mount("jobs", Workers::new(store.clone()).handle(act));
    let (handle, log) = (host.handle(), app.log.clone());
    let stopper = std::thread::spawn(move || {
        until("it runs", || log.count("begin 1") == 1);
        handle.stop();
    });
    let ran = runtime();
    drop(ran.block_on(host.run()));
    ran.shutdown_background();
    stopper.join().unwrap();
    until("nobody uses the store any more", || store.is_alone());
    assert_eq!(status(&memory, job).state, JobState::Running, "another attempt would overlap with it");
    assert_eq!(beats(&memory), 1);
    app.gate.open();
}

#[test]
fn a_job_begins_by_a_hint_and_not_by_the_poll() {
    let (store, app) = (MemoryStore::new(), App::default());
    let host = Host::new(app.clone())
        .signals(false)
        .mount("jobs", Workers::new(store.clone()).poll(Duration::from_secs(3_600)).handle(act));
    let handle = host.handle();
    let working = std::thread::spawn(move || runtime().block_on(host.run()).map(drop));
    for step in [Step::Succeed, Step::RetryIn(0), Step::Snooze(0)] {
        let job = enqueue(&store, step);
        until("the job has ended", || status(&store, job).state == JobState::Done);
    }
    handle.stop();
    working.join().unwrap().unwrap();
}
