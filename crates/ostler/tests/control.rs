//! Live control of a running host: what a snapshot shows, and what its units can be asked to do one by one: to pause,
//! resume, run, restart, stop, start, and change their size.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::queue::{self, Queue, TrySendError};
use ostler::testing::{DEFAULT_START, TestHost};
use ostler::{
    BoxError, Clock, Context, ControlError, DAY, Events, First, HOUR, Host, HostHandle, MAX_WORKERS, MINUTE,
    Overlap, Ready, Restart, Run, RunOutcome, SECOND, Service, Spent, State, Stop, StopReason, UnitEnd,
    UnitEvent, UnitKind, UnitState, every, poke, unit,
};

async fn nothing() {}

async fn take(_: u32) {}

async fn until_stopped(stop: Stop) {
    stop.requested().await;
}

/// A run, or an item, that takes five seconds.
async fn slow(_: u32, clock: Clock) {
    clock.sleep(5 * SECOND).await;
}

/// A service that says where it is, and takes three seconds to stop.
async fn lives(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    let name = run.unit();
    log.add(format!("{name} up"));
    stop.requested().await;
    log.add(format!("{name} told: {}", stop.reason().unwrap()));
    clock.sleep(3 * SECOND).await;
    log.add(format!("{name} down"));
}

/// A mounted value that ends when it is told to.
struct Until;

impl<S: Send + Sync + 'static> Service<S> for Until {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        cx.stop().requested().await;
        Ok(())
    }
}

const EACH_KIND: [&str; 4] = ["task", "consumer", "mount", "service"];

/// A host with a unit of each kind, called after what it is.
fn of_each_kind() -> (Host<Log>, Queue<u32>) {
    let (queue, items) = queue::bounded(10);
    let host = Host::new(Log::default())
        .task("task", every(SECOND), nothing)
        .consume("consumer", items, take)
        .mount("mount", Until)
        .service("service", until_stopped);
    (host, queue)
}

fn start<S: Send + Sync + 'static>(host: Host<S>) -> (TestHost, HostHandle) {
    let test = TestHost::start(host).unwrap();
    let handle = test.handle().clone();
    (test, handle)
}

/// Restarts within this budget come ten seconds after each end.
fn in_ten_seconds(budget: u32) -> Restart {
    Restart::on_failure().budget(budget, DAY).backoff(Backoff::constant(10 * SECOND).jitter(0.0))
}

/// How long `future` takes on the host's clock, and what it says.
fn timed<T>(test: &mut TestHost, future: impl Future<Output = T>) -> (Duration, T) {
    let began = test.clock().now();
    let output = test.settle(future);
    (test.clock().now() - began, output)
}

/// Polls `future` once, and drops it.
fn poll_once<T>(test: &mut TestHost, future: impl Future<Output = T>) -> Poll<T> {
    let mut future = pin!(future);
    test.block_on(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))))
}

/// All events that have come by now; only the changes.
fn changes(test: &mut TestHost, events: &mut Events) -> Vec<String> {
    let mut all = Vec::new();
    while let Poll::Ready(Some(event)) = poll_once(test, events.next()) {
        let UnitEvent::Changed(change) = event else { panic!("{event:?}") };
        let ready = if change.ready { "ready" } else { "not ready" };
        let reason = change.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        all.push(format!("{} {} -> {}, {ready}{reason}", change.unit, change.from, change.to));
    }
    all
}

/// Waits in real time until a unit is in this state, for what a thread of its own does. The limit ends a hung test.
fn until(test: &mut TestHost, events: &mut Events, name: &str, state: UnitState) {
    let changed = async {
        loop {
            match events.next().await {
                Some(UnitEvent::Changed(change)) if *change.unit == *name && change.to == state => return,
                Some(_) => {}
                None => panic!("the host ended"),
            }
        }
    };
    test.block_on(async { tokio::time::timeout(Duration::from_secs(60), changed).await.unwrap() });
}

fn text(result: Result<(), ControlError>) -> String {
    result.unwrap_err().to_string()
}

fn state(test: &TestHost, name: &str) -> UnitState {
    test.unit(name).state
}

// What a snapshot shows.

#[test]
fn a_snapshot_of_a_task_tells_its_last_run_and_its_next() {
    async fn work(clock: Clock, run: Run) -> Result<(), &'static str> {
        clock.sleep(2 * SECOND).await;
        if run.id() == 2 { Err("the second") } else { Ok(()) }
    }
    let (mut test, _) = start(Host::new(()).task("t", every(MINUTE), work));
    let unit = test.unit("t");
    assert_eq!((unit.kind, unit.state, unit.ready), (UnitKind::Interval, UnitState::Running, true));
    assert_eq!((unit.since, unit.reason.as_deref()), (DEFAULT_START, None));
    assert_eq!((unit.last_run, unit.last_outcome, unit.last_duration), (None, None, None));
    assert_eq!(unit.next_run, Some(DEFAULT_START + MINUTE));
    assert_eq!((unit.depth, unit.capacity, unit.workers, unit.wait), (None, None, None, None));
    test.advance(MINUTE + SECOND);
    let unit = test.unit("t");
    assert_eq!((unit.running, unit.runs, unit.last_run), (1, 0, None));
    test.advance(MINUTE + SECOND);
    let unit = test.unit("t");
    assert_eq!((unit.running, unit.runs, unit.succeeded, unit.failed), (0, 2, 1, 1));
    assert_eq!(
        (unit.last_run, unit.last_outcome),
        (Some(DEFAULT_START + 2 * MINUTE), Some(RunOutcome::Failed))
    );
    assert_eq!((unit.last_duration, unit.lateness), (Some(2 * SECOND), Some(Duration::ZERO)));
    assert_eq!(unit.last_error.as_deref(), Some("the second"));
    assert_eq!((unit.next_run, unit.since), (Some(DEFAULT_START + 3 * MINUTE), DEFAULT_START));
    test.stop().unwrap();
}

#[test]
fn a_snapshot_of_a_consumer_tells_of_its_queue_and_its_workers() {
    let (queue, items) = queue::bounded(8);
    let (mut test, _) = start(Host::new(()).consume("c", items.workers(2), slow));
    (0..6).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    let unit = test.unit("c");
    assert_eq!((unit.kind, unit.state, unit.ready), (UnitKind::Consumer, UnitState::Running, true));
    assert_eq!((unit.depth, unit.capacity, unit.workers, unit.dropped), (Some(4), Some(8), Some(2), Some(0)));
    assert_eq!((unit.running, unit.runs), (2, 0));
    test.advance(10 * SECOND);
    let unit = test.unit("c");
    assert_eq!((unit.depth, unit.running, unit.runs), (Some(0), 2, 4));
    assert_eq!((unit.last_duration, unit.wait), (Some(5 * SECOND), Some(5 * SECOND)));
    assert_eq!((unit.last_run, unit.next_run), (Some(DEFAULT_START + 5 * SECOND), None));
    test.stop().unwrap();
}

#[test]
fn a_snapshot_of_a_service_tells_since_when_and_why_it_is_in_its_state() {
    async fn fails_once(run: Run, stop: Stop, clock: Clock) -> Result<(), &'static str> {
        if run.id() == 1 {
            clock.sleep(MINUTE).await;
            return Err("lost its line");
        }
        stop.requested().await;
        Ok(())
    }
    let (mut test, _) = start(Host::new(()).service(unit("s").restart(in_ten_seconds(5)), fails_once));
    assert_eq!((test.unit("s").kind, test.unit("s").since), (UnitKind::Service, DEFAULT_START));
    test.advance(MINUTE);
    let unit = test.unit("s");
    assert_eq!((unit.state, unit.ready, unit.since), (UnitState::Restarting, false, DEFAULT_START + MINUTE));
    assert_eq!(unit.reason.as_deref(), Some("lost its line"));
    test.advance(10 * SECOND);
    let unit = test.unit("s");
    assert_eq!((unit.state, unit.ready, unit.reason.as_deref()), (UnitState::Running, true, None));
    assert_eq!((unit.since, unit.restarts), (DEFAULT_START + 70 * SECOND, 1));
    assert_eq!(unit.last_error.as_deref(), Some("lost its line"), "it is still worth knowing");
    test.stop().unwrap();
}

#[test]
fn snapshots_come_in_order_of_registration_and_of_unknown_units_there_is_none() {
    let (host, _queue) = of_each_kind();
    let before = host.handle();
    assert!(before.units().is_empty(), "the host does not run yet");
    let (test, host) = start(host);
    let names: Vec<String> = host.units().into_iter().map(|unit| unit.name).collect();
    assert_eq!(names, EACH_KIND);
    assert!(host.unit("nobody").is_none());
    assert!(host.history("nobody").is_none() && host.errors("nobody").is_none());
    assert_eq!((host.history("service"), host.errors("service")), (Some(Vec::new()), Some(Vec::new())));
    test.stop().unwrap();
    assert_eq!(before.unit("service").unwrap().state, UnitState::Stopped, "it can be read after the end");
}

#[test]
fn the_history_of_a_task_is_its_last_32_runs_the_newest_first() {
    let (mut test, host) = start(Host::new(()).task("t", every(SECOND), nothing));
    test.advance(40 * SECOND);
    let history = host.history("t").unwrap();
    let ids: Vec<u64> = history.iter().map(|run| run.id).collect();
    assert_eq!(ids, (9..=40).rev().collect::<Vec<_>>());
    assert_eq!((history[0].began, history[0].worker), (DEFAULT_START + 40 * SECOND, None));
    assert_eq!((history[0].outcome, history[0].attempts), (RunOutcome::Succeeded, 1));
    test.stop().unwrap();
}

#[test]
fn the_history_of_a_consumer_is_bounded_for_each_worker_and_the_newest_of_all_comes_first() {
    async fn second(_: u32, clock: Clock) {
        clock.sleep(SECOND).await;
    }
    let (queue, items) = queue::bounded(200);
    (0..100).for_each(|n| queue.try_send(n).unwrap());
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(2), second));
    test.advance(100 * SECOND);
    let history = host.history("c").unwrap();
    assert_eq!((test.unit("c").runs, history.len()), (100, 64));
    for worker in [1, 2] {
        assert_eq!(history.iter().filter(|run| run.worker == Some(worker)).count(), 32);
    }
    assert!(history.is_sorted_by(|one, next| one.began >= next.began));
    let ids: BTreeSet<u64> = history.iter().map(|run| run.id).collect();
    assert_eq!(ids, (37..=100).collect());
    test.stop().unwrap();
}

#[test]
fn the_last_16_errors_are_kept_those_of_attempts_that_were_tried_again_too() {
    async fn third_time_lucky(run: Run) -> Result<(), String> {
        match run.attempt() {
            3 => Ok(()),
            attempt => Err(format!("run {} attempt {attempt}", run.id())),
        }
    }
    let plan = every(MINUTE).attempts(3).backoff(Backoff::constant(SECOND).jitter(0.0));
    let (mut test, host) = start(Host::new(()).task("t", plan, third_time_lucky));
    test.advance(10 * MINUTE + 2 * SECOND);
    let unit = test.unit("t");
    assert_eq!((unit.succeeded, unit.failed, unit.retries), (10, 0, 20));
    let errors = host.errors("t").unwrap();
    let expected: Vec<String> =
        (3..=10).rev().flat_map(|run| [2, 1].map(|attempt| format!("run {run} attempt {attempt}"))).collect();
    assert_eq!(errors.iter().map(|error| error.error.clone()).collect::<Vec<_>>(), expected);
    assert_eq!((errors[0].run, errors[0].attempt), (10, 2));
    assert_eq!(errors[0].at, DEFAULT_START + 10 * MINUTE + SECOND);
    assert_eq!(host.history("t").unwrap()[0].attempts, 3);
    test.stop().unwrap();
}

// Pause and resume.

#[test]
fn no_run_of_a_paused_task_begins_and_it_keeps_its_grid() {
    let (mut test, host) = start(Host::new(()).task("t", every(10 * SECOND), nothing));
    test.advance(25 * SECOND);
    test.settle(host.pause("t")).unwrap();
    let unit = test.unit("t");
    assert_eq!((unit.state, unit.next_run), (UnitState::Paused, None));
    assert_eq!((unit.since, unit.reason.as_deref()), (DEFAULT_START + 25 * SECOND, Some("paused by hand")));
    test.advance(DAY);
    assert_eq!((test.unit("t").runs, test.unit("t").next_run), (2, None));
    test.settle(host.resume("t")).unwrap();
    let unit = test.unit("t");
    assert_eq!((unit.state, unit.next_run), (UnitState::Running, Some(DEFAULT_START + DAY + 30 * SECOND)));
    assert_eq!(unit.reason.as_deref(), Some("resumed by hand"));
    test.advance(5 * SECOND);
    assert_eq!(test.unit("t").runs, 3, "the ticks of the pause are not made up for");
    test.advance(10 * SECOND);
    assert_eq!(test.unit("t").runs, 4);
    test.stop().unwrap();
}

#[test]
fn a_run_that_is_going_on_when_its_task_is_paused_ends_as_it_would() {
    async fn work(clock: Clock, stop: Stop, log: State<Log>) {
        clock.sleep(5 * SECOND).await;
        log.add(format!("told to stop: {}", stop.is_requested()));
    }
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).task("t", every(MINUTE), work));
    test.advance(MINUTE + SECOND);
    let (took, paused) = timed(&mut test, host.pause("t"));
    paused.unwrap();
    assert_eq!((took, test.unit("t").running), (Duration::ZERO, 1), "the answer does not wait for it");
    test.advance(HOUR);
    assert_eq!(log.all(), ["told to stop: false"]);
    let unit = test.unit("t");
    assert_eq!((unit.runs, unit.last_outcome), (1, Some(RunOutcome::Succeeded)));
    assert_eq!(unit.last_duration, Some(5 * SECOND));
    test.stop().unwrap();
}

#[test]
fn runs_that_waited_for_another_are_left_out_by_a_pause_and_counted() {
    async fn work(clock: Clock) {
        clock.sleep(35 * SECOND).await;
    }
    let plan = every(10 * SECOND).overlap(Overlap::Queue(5));
    let (mut test, host) = start(Host::new(()).task("t", plan, work));
    test.advance(32 * SECOND);
    test.settle(host.trigger("t")).unwrap();
    test.settle(host.pause("t")).unwrap();
    test.advance(HOUR);
    let unit = test.unit("t");
    // Those of 20 s and 30 s waited, and so did the one that was asked for.
    assert_eq!((unit.runs, unit.skipped), (1, 3));
    test.stop().unwrap();
}

#[test]
fn a_trigger_of_a_paused_task_is_refused_with_a_reason() {
    let (mut test, host) = start(Host::new(()).task("t", poke(), nothing));
    test.settle(host.pause("t")).unwrap();
    let refused = test.settle(host.trigger("t")).unwrap_err();
    assert!(refused.is_not_possible());
    assert_eq!(refused.to_string(), "the unit is paused");
    assert_eq!(test.unit("t").runs, 0);
    test.settle(host.resume("t")).unwrap();
    test.trigger("t").unwrap();
    assert_eq!(test.unit("t").runs, 1);
    test.stop().unwrap();
}

#[test]
fn items_of_a_paused_consumer_wait_in_its_queue_until_it_is_full_and_resume_drains_it() {
    let (queue, items) = queue::bounded(4);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(2), slow));
    (0..4).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    let (took, paused) = timed(&mut test, host.pause("c"));
    paused.unwrap();
    assert_eq!((took, test.unit("c").running), (Duration::ZERO, 2), "the answer does not wait for them");
    test.advance(HOUR);
    let unit = test.unit("c");
    assert_eq!((unit.state, unit.ready, unit.running), (UnitState::Paused, true, 0));
    assert_eq!((unit.succeeded, unit.depth), (2, Some(2)), "what was in hand has ended normally");
    queue.try_send(4).unwrap();
    queue.try_send(5).unwrap();
    assert!(matches!(queue.try_send(6), Err(TrySendError::Full(6))));
    let mut waits = Box::pin(queue.send(7));
    assert!(poll_once(&mut test, waits.as_mut()).is_pending());
    test.advance(HOUR);
    assert!(poll_once(&mut test, waits.as_mut()).is_pending());
    test.settle(host.resume("c")).unwrap();
    assert!(matches!(poll_once(&mut test, waits.as_mut()), Poll::Ready(Ok(()))));
    test.advance(15 * SECOND);
    let unit = test.unit("c");
    assert_eq!((unit.state, unit.runs, unit.depth), (UnitState::Running, 7, Some(0)));
    test.stop().unwrap();
}

#[test]
fn a_stop_of_the_host_leaves_the_items_of_a_paused_consumer_and_counts_them() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(1), slow));
    (0..4).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    test.settle(host.pause("c")).unwrap();
    let report = test.stop().unwrap();
    let unit = report.unit("c").unwrap();
    assert_eq!((unit.end, unit.runs, unit.failed, unit.items_left), (UnitEnd::Stopped, 1, 0, 3));
    assert_eq!(unit.took, 5 * SECOND, "the item in hand ends normally");
    assert!(matches!(queue.try_send(9), Err(TrySendError::Closed(9))));
}

#[test]
fn pausing_twice_is_pausing_once_and_resuming_what_runs_changes_nothing() {
    let (host, queue) = of_each_kind();
    let (mut test, host) = start(host);
    for name in ["task", "consumer"] {
        test.settle(host.resume(name)).unwrap();
        assert_eq!(test.unit(name).reason, None);
        test.settle(host.pause(name)).unwrap();
        test.settle(host.pause(name)).unwrap();
        test.settle(host.resume(name)).unwrap();
    }
    queue.try_send(1).unwrap();
    test.advance(10 * SECOND);
    assert_eq!((test.unit("task").runs, test.unit("consumer").runs), (10, 1));
    test.stop().unwrap();
}

#[test]
fn a_service_cannot_be_paused() {
    let (host, _queue) = of_each_kind();
    let (mut test, host) = start(host);
    for name in ["mount", "service"] {
        for refused in [test.settle(host.pause(name)), test.settle(host.resume(name))] {
            let refused = refused.unwrap_err();
            assert!(refused.is_not_possible());
            assert!(refused.to_string().starts_with("a service owns its loop"), "{refused}");
        }
        assert_eq!(state(&test, name), UnitState::Running);
    }
    test.stop().unwrap();
}

// Trigger.

#[test]
fn a_trigger_runs_a_task_at_once_and_leaves_its_schedule_alone() {
    let (mut test, host) = start(Host::new(()).task("t", every(MINUTE), nothing));
    test.advance(MINUTE + 20 * SECOND);
    let (took, triggered) = timed(&mut test, host.trigger("t"));
    triggered.unwrap();
    test.run_until_idle();
    let unit = test.unit("t");
    assert_eq!((took, unit.runs, unit.lateness), (Duration::ZERO, 2, Some(Duration::ZERO)));
    assert_eq!(unit.last_run, Some(DEFAULT_START + 80 * SECOND));
    assert_eq!(unit.next_run, Some(DEFAULT_START + 2 * MINUTE));
    test.stop().unwrap();
}

#[test]
fn triggers_during_a_run_are_answered_at_once_and_come_to_one_run_after_it() {
    async fn work(clock: Clock) {
        clock.sleep(5 * SECOND).await;
    }
    let (mut test, host) = start(Host::new(()).task("t", poke(), work));
    assert_eq!((test.unit("t").kind, test.unit("t").next_run), (UnitKind::OnDemand, None));
    for _ in 0..4 {
        let (took, triggered) = timed(&mut test, host.trigger("t"));
        triggered.unwrap();
        assert_eq!(took, Duration::ZERO);
    }
    assert_eq!(test.unit("t").running, 1);
    test.advance(5 * SECOND);
    assert_eq!((test.unit("t").running, test.unit("t").runs), (1, 1));
    test.advance(HOUR);
    assert_eq!((test.unit("t").running, test.unit("t").runs), (0, 2));
    test.stop().unwrap();
}

#[test]
fn only_a_task_can_be_triggered() {
    let (host, _queue) = of_each_kind();
    let (mut test, host) = start(host);
    for name in ["consumer", "mount", "service"] {
        let refused = test.settle(host.trigger(name)).unwrap_err();
        assert!(refused.is_not_possible());
        assert!(refused.to_string().starts_with("only a task can be triggered"), "{refused}");
    }
    test.stop().unwrap();
}

// Restart.

#[test]
fn a_restarted_service_is_told_why_and_has_ended_before_the_next_instance_begins() {
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).service("s", lives));
    let (took, restarted) = timed(&mut test, host.restart("s"));
    restarted.unwrap();
    assert_eq!(log.all(), ["s up", "s told: restart by hand", "s down", "s up"]);
    assert_eq!(took, 3 * SECOND, "it is answered when the new instance is up");
    let unit = test.unit("s");
    assert_eq!((unit.state, unit.ready, unit.restarts), (UnitState::Running, true, 0));
    test.stop().unwrap();
}

#[test]
fn a_restart_gives_the_reason_restart() {
    let told = Arc::new(Mutex::new(None));
    async fn notes(stop: Stop, told: State<Arc<Mutex<Option<StopReason>>>>) {
        stop.requested().await;
        told.lock().unwrap().get_or_insert_with(|| stop.reason().unwrap().clone());
    }
    let (mut test, host) = start(Host::new(Arc::clone(&told)).service("s", notes));
    test.settle(host.restart("s")).unwrap();
    assert_eq!(*told.lock().unwrap(), Some(StopReason::Restart));
    test.stop().unwrap();
}

/// Counts who lives, and lets it be seen when there are two.
struct Alive(Log);

impl Alive {
    fn enter(log: &Log) -> Self {
        log.add("in");
        assert_eq!(log.count("in"), log.count("out") + 1, "two live instances");
        Self(log.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.add("out");
    }
}

#[test]
fn a_service_that_does_not_end_in_its_grace_is_dropped_and_then_started_again() {
    async fn deaf(log: State<Log>, clock: Clock) {
        let _alive = Alive::enter(&log);
        clock.sleep(DAY).await;
    }
    let log = Log::default();
    let host = Host::new(log.clone()).grace(20 * SECOND).service(unit("s").grace(5 * SECOND), deaf);
    let (mut test, host) = start(host);
    for n in 1..=3 {
        let (took, restarted) = timed(&mut test, host.restart("s"));
        restarted.unwrap();
        assert_eq!((log.count("in"), log.count("out")), (n + 1, n));
        assert!((5 * SECOND..=6 * SECOND).contains(&took), "{took:?}");
    }
    assert_eq!((test.unit("s").restarts, test.unit("s").last_error), (0, None));
    test.stop().unwrap();
}

#[test]
fn a_restart_is_answered_when_the_unit_says_that_it_is_ready_again() {
    async fn slow_to_rise(ready: Ready, stop: Stop, clock: Clock) {
        clock.sleep(4 * SECOND).await;
        ready.notify();
        stop.requested().await;
    }
    let (mut test, host) = start(Host::new(()).service("s", slow_to_rise));
    test.advance(4 * SECOND);
    let mut restart = Box::pin(host.restart("s"));
    assert!(poll_once(&mut test, restart.as_mut()).is_pending());
    test.advance(3 * SECOND);
    assert_eq!((state(&test, "s"), test.unit("s").ready), (UnitState::Starting, false));
    let (took, restarted) = timed(&mut test, restart);
    restarted.unwrap();
    assert_eq!((took, test.unit("s").ready), (SECOND, true));
    test.stop().unwrap();
}

#[test]
fn a_restart_that_does_not_come_up_says_why_and_is_tried_again_within_the_budget() {
    async fn no_second_time(ready: Ready, run: Run, stop: Stop) -> Result<(), &'static str> {
        if run.id() == 2 {
            return Err("the port is taken");
        }
        ready.notify();
        stop.requested().await;
        Ok(())
    }
    let host = Host::new(()).service(unit("s").restart(in_ten_seconds(1)), no_second_time);
    let (mut test, host) = start(host);
    let failed = test.settle(host.restart("s")).unwrap_err();
    assert!(failed.is_failed());
    assert_eq!(failed.to_string(), "it did not come up: the port is taken");
    assert_eq!(state(&test, "s"), UnitState::Restarting);
    test.advance(10 * SECOND);
    test.assert_restarts("s", 1);
    test.stop().unwrap();
}

#[test]
fn the_schedule_of_a_restarted_task_goes_on_and_that_of_a_started_one_begins_anew() {
    async fn work(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
        log.add(format!("{} at {}", run.id(), clock.wall().strftime("%M:%S")));
        tokio::select! {
            () = clock.sleep(30 * SECOND) => log.add("done"),
            () = stop.requested() => log.add(format!("told: {}", stop.reason().unwrap())),
        }
    }
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).task("t", every(MINUTE).first(First::Now), work));
    test.advance(MINUTE + 10 * SECOND);
    test.settle(host.restart("t")).unwrap();
    assert_eq!(test.unit("t").next_run, Some(DEFAULT_START + 2 * MINUTE));
    test.advance(MINUTE);
    test.settle(host.stop_unit("t")).unwrap();
    assert_eq!(test.unit("t").next_run, None);
    test.settle(host.start_unit("t")).unwrap();
    test.advance(MINUTE);
    assert_eq!(
        log.all(),
        [
            "1 at 00:00",
            "done",
            "2 at 01:00",
            "told: restart by hand",
            "3 at 02:00",
            "told: requested",
            "4 at 02:10",
            "done",
            "5 at 03:10"
        ]
    );
    test.stop().unwrap();
}

#[test]
fn items_stay_in_the_queue_while_their_consumer_is_restarted() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(2), slow));
    (0..8).for_each(|n| queue.try_send(n).unwrap());
    test.advance(SECOND);
    let (took, restarted) = timed(&mut test, host.restart("c"));
    restarted.unwrap();
    assert_eq!(took, 4 * SECOND, "the items in hand are finished first");
    test.run_until_idle();
    let unit = test.unit("c");
    assert_eq!((unit.succeeded, unit.running, unit.depth), (2, 2, Some(4)));
    test.advance(15 * SECOND);
    assert_eq!((test.unit("c").succeeded, test.unit("c").depth), (8, Some(0)));
    queue.try_send(9).unwrap();
    assert_eq!(test.stop().unwrap().unit("c").unwrap().items_left, 0);
}

#[test]
fn a_paused_unit_is_no_longer_paused_after_its_restart() {
    let (host, queue) = of_each_kind();
    let (mut test, host) = start(host);
    for name in ["task", "consumer"] {
        test.settle(host.pause(name)).unwrap();
        test.settle(host.restart(name)).unwrap();
        assert_eq!(state(&test, name), UnitState::Running);
    }
    queue.try_send(1).unwrap();
    test.advance(SECOND);
    assert_eq!((test.unit("task").runs, test.unit("consumer").runs), (1, 1));
    test.stop().unwrap();
}

/// Fails whenever it is crashed; else it lives.
fn crashes_within(budget: u32) -> (TestHost, HostHandle) {
    start(Host::new(()).service(unit("s").restart(in_ten_seconds(budget)), until_stopped).task(
        "other",
        every(HOUR),
        nothing,
    ))
}

#[test]
fn a_service_that_waits_for_its_restart_is_restarted_now() {
    let (mut test, host) = crashes_within(5);
    test.crash("s").unwrap();
    assert_eq!(state(&test, "s"), UnitState::Restarting);
    let (took, restarted) = timed(&mut test, host.restart("s"));
    restarted.unwrap();
    assert_eq!((took, state(&test, "s")), (Duration::ZERO, UnitState::Running));
    test.advance(MINUTE);
    assert_eq!(test.unit("s").restarts, 0, "the one that it waited for is not done as well");
    test.stop().unwrap();
}

#[test]
fn restarts_by_hand_are_not_counted_and_give_the_budget_back() {
    let (mut test, host) = crashes_within(1);
    for crashes in 1..=4 {
        test.crash("s").unwrap();
        test.advance(10 * SECOND);
        test.assert_restarts("s", crashes);
        test.settle(host.restart("s")).unwrap();
        test.assert_restarts("s", crashes);
    }
    test.crash("s").unwrap();
    test.advance(10 * SECOND);
    test.crash("s").unwrap();
    assert!(test.stop().unwrap_err().is_unit_failure(), "the budget is spent all the same");
}

// Stop and start.

#[test]
fn a_unit_of_any_kind_can_be_stopped_and_started_again() {
    let (host, queue) = of_each_kind();
    let (mut test, host) = start(host);
    for name in EACH_KIND {
        test.settle(host.stop_unit(name)).unwrap();
        let unit = test.unit(name);
        assert_eq!((unit.state, unit.ready, unit.next_run), (UnitState::Stopped, false, None), "{name}");
    }
    queue.try_send(1).unwrap();
    test.advance(HOUR);
    assert!(!test.has_ended(), "the host goes on without them");
    assert_eq!((test.unit("task").runs, test.unit("consumer").runs), (0, 0));
    for name in EACH_KIND {
        test.settle(host.start_unit(name)).unwrap();
        let unit = test.unit(name);
        assert_eq!((unit.state, unit.ready, unit.restarts), (UnitState::Running, true, 0), "{name}");
    }
    test.advance(SECOND);
    assert_eq!((test.unit("task").runs, test.unit("consumer").runs), (1, 1));
    test.stop().unwrap();
}

#[test]
fn a_stop_of_one_unit_waits_for_its_end_and_then_drops_it() {
    async fn deaf() {
        std::future::pending::<()>().await;
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .grace(MINUTE)
        .service("polite", lives)
        .service(unit("deaf").grace(2 * SECOND), deaf);
    let (mut test, host) = start(host);
    let (took, stopped) = timed(&mut test, host.stop_unit("polite"));
    stopped.unwrap();
    assert_eq!(took, 3 * SECOND);
    assert_eq!(log.all(), ["polite up", "polite told: requested", "polite down"]);
    let (took, stopped) = timed(&mut test, host.stop_unit("deaf"));
    stopped.unwrap();
    assert!((2 * SECOND..=3 * SECOND).contains(&took), "{took:?}");
    assert_eq!(state(&test, "deaf"), UnitState::Stopped);
    let report = test.stop().unwrap();
    assert_eq!((report.unit("deaf").unwrap().end, report.exit_code()), (UnitEnd::Stopped, 0));
}

#[test]
fn what_is_down_cannot_be_stopped_and_what_runs_cannot_be_started() {
    let (host, _queue) = of_each_kind();
    let (mut test, host) = start(host);
    for name in EACH_KIND {
        let refused = test.settle(host.start_unit(name)).unwrap_err();
        assert_eq!(
            (refused.is_not_possible(), refused.to_string()),
            (true, "the unit is running".to_owned())
        );
        test.settle(host.stop_unit(name)).unwrap();
        for refused in [test.settle(host.stop_unit(name)), test.settle(host.restart(name))] {
            let refused = refused.unwrap_err();
            assert_eq!(
                (refused.is_not_possible(), refused.to_string()),
                (true, "the unit is stopped".to_owned())
            );
        }
    }
    for name in ["task", "consumer"] {
        assert_eq!(text(test.settle(host.pause(name))), "the unit is stopped");
        assert_eq!(text(test.settle(host.resume(name))), "the unit is stopped");
    }
    assert_eq!(text(test.settle(host.trigger("task"))), "the unit is stopped");
    test.stop().unwrap();
}

#[test]
fn a_unit_that_completed_can_be_started_again() {
    async fn once(log: State<Log>) {
        log.add("once");
    }
    let log = Log::default();
    let (mut test, host) =
        start(Host::new(log.clone()).service("once", once).service("other", until_stopped));
    assert_eq!((state(&test, "once"), test.unit("once").ready), (UnitState::Completed, true));
    test.settle(host.start_unit("once")).unwrap();
    test.run_until_idle();
    assert_eq!((log.count("once"), state(&test, "once")), (2, UnitState::Completed));
    test.stop().unwrap();
}

#[test]
fn a_unit_that_failed_for_good_can_be_started_again_and_has_its_whole_budget() {
    let restart = in_ten_seconds(1).when_spent(Spent::StayFailed);
    let (mut test, host) = start(
        Host::new(()).service(unit("s").restart(restart), until_stopped).service("other", until_stopped),
    );
    test.crash("s").unwrap();
    test.advance(10 * SECOND);
    test.crash("s").unwrap();
    let unit = test.unit("s");
    assert_eq!((unit.state, unit.reason.as_deref(), unit.restarts), (UnitState::Failed, Some("crashed"), 1));
    assert_eq!(text(test.settle(host.restart("s"))), "the unit is failed");
    test.settle(host.start_unit("s")).unwrap();
    test.crash("s").unwrap();
    test.advance(10 * SECOND);
    test.assert_restarts("s", 2);
    test.stop().unwrap();
}

#[test]
fn a_start_that_does_not_come_up_says_why_and_is_tried_again() {
    async fn not_at_once(run: Run, ready: Ready, stop: Stop) -> Result<(), &'static str> {
        if run.id() == 2 {
            return Err("not yet");
        }
        ready.notify();
        stop.requested().await;
        Ok(())
    }
    let host = Host::new(())
        .service(unit("s").restart(in_ten_seconds(5)), not_at_once)
        .service("other", until_stopped);
    let (mut test, host) = start(host);
    test.settle(host.stop_unit("s")).unwrap();
    let failed = test.settle(host.start_unit("s")).unwrap_err();
    assert_eq!((failed.is_failed(), failed.to_string()), (true, "it did not come up: not yet".to_owned()));
    test.advance(10 * SECOND);
    test.assert_restarts("s", 1);
    test.stop().unwrap();
}

#[test]
fn a_stop_overrules_a_restart_that_is_going_on_and_both_are_answered() {
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).service("s", lives).service("other", until_stopped));
    let (restarted, stopped) = test.settle(async { tokio::join!(host.restart("s"), host.stop_unit("s")) });
    let failed = restarted.unwrap_err();
    assert_eq!((failed.is_failed(), failed.to_string()), (true, "it is being stopped".to_owned()));
    stopped.unwrap();
    test.advance(HOUR);
    assert_eq!((state(&test, "s"), log.count("s up")), (UnitState::Stopped, 1));
    test.stop().unwrap();
}

#[test]
fn a_unit_told_to_stop_before_it_is_ready_has_not_failed_and_both_callers_are_answered() {
    async fn slow_the_second_time(ready: Ready, run: Run, stop: Stop) {
        if run.id() == 1 {
            ready.notify();
        }
        stop.requested().await;
    }
    let host = Host::new(()).service("s", slow_the_second_time).service("other", until_stopped);
    let (mut test, host) = start(host);
    test.settle(host.stop_unit("s")).unwrap();
    let (started, stopped) = test.settle(async { tokio::join!(host.start_unit("s"), host.stop_unit("s")) });
    assert!(started.unwrap_err().is_failed());
    stopped.unwrap();
    assert_eq!((state(&test, "s"), test.unit("s").last_error), (UnitState::Stopped, None));
    test.stop().unwrap();
}

#[test]
fn a_restart_does_not_overrule_a_stop() {
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).service("s", lives).service("other", until_stopped));
    let (stopped, restarted) = test.settle(async { tokio::join!(host.stop_unit("s"), host.restart("s")) });
    stopped.unwrap();
    let refused = restarted.unwrap_err();
    assert_eq!((refused.is_not_possible(), refused.to_string()), (true, "the unit is draining".to_owned()));
    assert_eq!(log.count("s up"), 1);
    test.stop().unwrap();
}

#[test]
fn two_who_ask_for_the_same_are_both_answered_and_it_is_done_once() {
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).service("s", lives).service("other", until_stopped));
    let both = test.settle(async { tokio::join!(host.restart("s"), host.restart("s")) });
    assert_eq!(both, (Ok(()), Ok(())));
    assert_eq!(log.count("s up"), 2);
    let both = test.settle(async { tokio::join!(host.stop_unit("s"), host.stop_unit("s")) });
    assert_eq!(both, (Ok(()), Ok(())));
    assert_eq!(
        log.all(),
        ["s up", "s told: restart by hand", "s down", "s up", "s told: requested", "s down"]
    );
    test.stop().unwrap();
}

#[test]
fn a_service_stopped_while_it_waits_for_its_restart_stays_down() {
    let (mut test, host) = crashes_within(5);
    test.crash("s").unwrap();
    let (took, stopped) = timed(&mut test, host.stop_unit("s"));
    stopped.unwrap();
    assert_eq!(took, Duration::ZERO);
    test.advance(HOUR);
    assert_eq!((state(&test, "s"), test.unit("s").restarts), (UnitState::Stopped, 0));
    test.stop().unwrap();
}

#[test]
fn a_unit_stopped_by_hand_does_not_let_the_host_end_when_all_others_complete() {
    async fn a_minute(clock: Clock) {
        clock.sleep(MINUTE).await;
    }
    let (mut test, host) = start(Host::new(()).service("s", until_stopped).service("short", a_minute));
    test.settle(host.stop_unit("s")).unwrap();
    test.advance(HOUR);
    assert_eq!(state(&test, "short"), UnitState::Completed);
    assert!(!test.has_ended(), "somebody may start it again");
    test.settle(host.start_unit("s")).unwrap();
    assert_eq!(test.stop().unwrap().reason(), Some(&StopReason::Requested));
}

#[test]
fn a_consumer_stopped_by_hand_keeps_its_items_for_its_next_start() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(1), slow));
    (0..3).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    let (took, stopped) = timed(&mut test, host.stop_unit("c"));
    stopped.unwrap();
    assert_eq!(took, 5 * SECOND, "the item in hand is finished");
    queue.try_send(3).unwrap();
    test.advance(HOUR);
    assert_eq!((test.unit("c").runs, test.unit("c").depth), (1, Some(3)));
    test.settle(host.start_unit("c")).unwrap();
    test.advance(15 * SECOND);
    assert_eq!((test.unit("c").succeeded, test.unit("c").depth), (4, Some(0)));
    test.stop().unwrap();
}

#[test]
fn a_stop_of_the_host_closes_the_queue_of_a_consumer_stopped_by_hand_and_counts_its_items() {
    let (queue, items) = queue::bounded(2);
    let (mut test, host) = start(Host::new(()).consume("c", items, take).service("other", until_stopped));
    test.settle(host.stop_unit("c")).unwrap();
    queue.try_send(1).unwrap();
    queue.try_send(2).unwrap();
    let mut waits = Box::pin(queue.send(3));
    assert!(poll_once(&mut test, waits.as_mut()).is_pending());
    let report = test.stop().unwrap();
    let unit = report.unit("c").unwrap();
    assert_eq!((unit.end, unit.runs, unit.items_left), (UnitEnd::Stopped, 0, 2));
    assert!(matches!(queue.try_send(4), Err(TrySendError::Closed(4))));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(waits).unwrap_err().is_closed(), "one that waits for room is told");
}

/// What a blocking call waits for: the end of the sender. It says when it has begun, as one that has not is never begun
/// once nobody waits for it.
#[derive(Clone)]
struct Gate {
    begun: Sender<()>,
    opens: Arc<Mutex<Receiver<()>>>,
}

/// Opens the gate when it is dropped.
struct Keeper {
    begun: Receiver<()>,
    _opens: Sender<()>,
}

impl Gate {
    fn new() -> (Keeper, Self) {
        let (says, begun) = mpsc::channel();
        let (opens, waits) = mpsc::channel();
        (Keeper { begun, _opens: opens }, Self { begun: says, opens: Arc::new(Mutex::new(waits)) })
    }
}

/// A unit whose code blocks a thread until the gate opens, and which ends when it is told to after that.
async fn blocks(gate: State<Gate>, stop: Stop) {
    let State(Gate { begun, opens }) = gate;
    ostler::blocking(move || {
        let _ = begun.send(());
        let _ = opens.lock().unwrap().recv();
    })
    .await;
    stop.requested().await;
}

/// A host with a unit `s` that blocks a thread by now, and has two seconds to stop.
fn with_a_blocked_thread() -> (TestHost, HostHandle, Keeper) {
    let (keeper, gate) = Gate::new();
    let (test, host) = start(Host::new(gate).service(unit("s").grace(2 * SECOND), blocks));
    keeper.begun.recv_timeout(Duration::from_secs(60)).unwrap();
    (test, host, keeper)
}

#[test]
fn a_stop_of_a_unit_that_blocks_a_thread_is_answered_all_the_same_and_it_starts_only_when_that_is_over() {
    let (mut test, host, keeper) = with_a_blocked_thread();
    let mut events = host.events();
    let (took, stopped) = timed(&mut test, host.stop_unit("s"));
    let failed = stopped.unwrap_err();
    assert!(failed.is_failed());
    assert!(failed.to_string().contains("blocks a thread"), "{failed}");
    assert_eq!(took, Duration::from_millis(2_600));
    assert_eq!(text(test.settle(host.start_unit("s"))), "the unit is draining");
    test.advance(HOUR);
    assert_eq!(state(&test, "s"), UnitState::Draining);
    drop(keeper);
    until(&mut test, &mut events, "s", UnitState::Stopped);
    test.settle(host.start_unit("s")).unwrap();
    assert_eq!(state(&test, "s"), UnitState::Running);
    test.stop().unwrap();
}

#[test]
fn a_restart_of_a_unit_that_blocks_a_thread_is_carried_out_when_that_is_over() {
    let (mut test, host, keeper) = with_a_blocked_thread();
    let mut events = host.events();
    let (took, restarted) = timed(&mut test, host.restart("s"));
    assert!(restarted.unwrap_err().is_failed());
    assert_eq!(took, Duration::from_millis(2_600));
    test.advance(HOUR);
    assert_eq!(state(&test, "s"), UnitState::Draining);
    drop(keeper);
    until(&mut test, &mut events, "s", UnitState::Running);
    test.stop().unwrap();
}

#[test]
fn a_unit_that_was_given_up_by_hand_keeps_no_stop_of_the_host_waiting_and_is_named() {
    let (mut test, host, keeper) = with_a_blocked_thread();
    assert!(test.settle(host.stop_unit("s")).is_err());
    let report = test.stop().unwrap();
    let unit = report.unit("s").unwrap();
    assert_eq!((unit.end, unit.blocking_left, report.exit_code()), (UnitEnd::Abandoned, 1, 75));
    assert_eq!(report.took(), Duration::ZERO);
    drop(keeper);
}

// Resize.

/// How many are at work at once, and who begins.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<(usize, usize)>>);

impl Crowd {
    fn enter(&self) -> Self {
        let mut crowd = self.0.lock().unwrap();
        crowd.0 += 1;
        crowd.1 = crowd.1.max(crowd.0);
        self.clone()
    }

    fn leave(&self) {
        self.0.lock().unwrap().0 -= 1;
    }

    /// The most that were there at once since this was last asked.
    fn most(&self) -> usize {
        let mut crowd = self.0.lock().unwrap();
        let now = crowd.0;
        std::mem::replace(&mut crowd.1, now)
    }
}

#[derive(Clone, Default)]
struct Mill {
    crowd: Crowd,
    log: Log,
}

ostler::state! { Mill { crowd: Crowd, log: Log } }

async fn grind(item: u32, run: Run, clock: Clock, crowd: State<Crowd>, log: State<Log>) {
    let crowd = crowd.enter();
    log.add(format!("{item} by {}", run.worker().unwrap()));
    clock.sleep(SECOND).await;
    crowd.leave();
}

#[test]
fn a_resized_consumer_has_as_many_workers_as_asked_for_and_loses_nothing() {
    let (queue, items) = queue::bounded(1_000);
    let Mill { crowd, log } = Mill::default();
    let mill = Mill { crowd: crowd.clone(), log: log.clone() };
    let (mut test, host) = start(Host::new(mill).consume("c", items.workers(1), grind));
    (0..300).for_each(|n| queue.try_send(n).unwrap());
    test.advance(3 * SECOND);
    assert_eq!((test.unit("c").runs, crowd.most()), (3, 1));

    let (took, resized) = timed(&mut test, host.resize("c", 64));
    resized.unwrap();
    assert_eq!((took, test.unit("c").workers), (Duration::ZERO, Some(64)));
    test.advance(2 * SECOND);
    assert_eq!((test.unit("c").running, crowd.most()), (64, 64));

    test.settle(host.resize("c", 1)).unwrap();
    let begun = log.all().len();
    assert_eq!(test.unit("c").workers, Some(1));
    test.advance(SECOND);
    crowd.most();
    test.advance(HOUR);
    assert_eq!(crowd.most(), 1);
    assert!(log.all()[begun..].iter().all(|line| line.ends_with(" by 1")), "others take nothing any more");
    let unit = test.unit("c");
    assert_eq!((unit.succeeded, unit.failed, unit.depth), (300, 0, Some(0)));
    let handled: BTreeSet<String> =
        log.all().iter().map(|line| line.split_once(' ').unwrap().0.to_owned()).collect();
    assert_eq!((handled.len(), log.all().len()), (300, 300), "each once");
    test.stop().unwrap();
}

#[test]
fn a_consumer_that_shrinks_and_grows_again_under_load_never_has_more_at_once_than_asked_for() {
    let (queue, items) = queue::bounded(1_000);
    let mill = Mill::default();
    let crowd = mill.crowd.clone();
    let (mut test, host) = start(Host::new(mill).consume("c", items.workers(4), grind));
    (0..100).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    for workers in [1, 4, 2, 4] {
        // While four items are in hand.
        test.settle(host.resize("c", workers)).unwrap();
    }
    test.advance(10 * SECOND);
    assert_eq!((crowd.most(), test.unit("c").running, test.unit("c").runs), (4, 4, 40));
    test.advance(HOUR);
    assert_eq!(test.unit("c").succeeded, 100);
    test.stop().unwrap();
}

#[test]
fn a_count_that_is_not_allowed_is_invalid_and_only_a_consumer_has_one() {
    let (host, _queue) = of_each_kind();
    let (mut test, host) = start(host);
    for workers in [0, MAX_WORKERS + 1, usize::MAX] {
        let refused = test.settle(host.resize("consumer", workers)).unwrap_err();
        assert!(refused.is_invalid() && !refused.is_not_possible());
        assert_eq!(refused.to_string(), "the count must be 1 to 10000");
    }
    assert_eq!(test.unit("consumer").workers, Some(1));
    for name in ["task", "mount", "service"] {
        let refused = test.settle(host.resize(name, 2)).unwrap_err();
        assert!(refused.is_not_possible());
        assert_eq!(refused.to_string(), "only a consumer has workers");
    }
    test.settle(host.resize("consumer", MAX_WORKERS)).unwrap();
    assert_eq!(test.unit("consumer").workers, Some(MAX_WORKERS));
    test.stop().unwrap();
}

#[test]
fn a_consumer_resized_while_it_is_paused_takes_nothing_until_it_is_resumed() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(1), slow));
    test.settle(host.pause("c")).unwrap();
    (0..6).for_each(|n| queue.try_send(n).unwrap());
    test.settle(host.resize("c", 3)).unwrap();
    test.advance(HOUR);
    let unit = test.unit("c");
    assert_eq!((unit.state, unit.workers), (UnitState::Paused, Some(3)));
    assert_eq!((unit.running, unit.runs, unit.depth), (0, 0, Some(6)));
    test.settle(host.resume("c")).unwrap();
    test.run_until_idle();
    assert_eq!((test.unit("c").running, test.unit("c").depth), (3, Some(3)));
    test.stop().unwrap();
}

#[test]
fn a_resize_of_a_stopped_consumer_counts_at_its_next_start() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(1), slow));
    test.settle(host.stop_unit("c")).unwrap();
    test.settle(host.resize("c", 3)).unwrap();
    (0..6).for_each(|n| queue.try_send(n).unwrap());
    test.advance(HOUR);
    assert_eq!((test.unit("c").workers, test.unit("c").runs), (Some(3), 0));
    test.settle(host.start_unit("c")).unwrap();
    test.run_until_idle();
    assert_eq!((test.unit("c").running, test.unit("c").depth), (3, Some(3)));
    test.stop().unwrap();
}

#[test]
fn a_resized_consumer_keeps_its_size_over_a_restart() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(1), slow));
    test.settle(host.resize("c", 4)).unwrap();
    test.settle(host.restart("c")).unwrap();
    (0..6).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    assert_eq!((test.unit("c").running, test.unit("c").workers), (4, Some(4)));
    test.stop().unwrap();
}

// Who asks, and when.

#[test]
fn a_unit_can_ask_for_its_own_restart_and_stop_when_it_does_not_wait_for_the_answer() {
    async fn restarts_itself(host: HostHandle, run: Run, stop: Stop, clock: Clock, log: State<Log>) {
        log.add(format!("service {}", run.id()));
        if run.id() == 1 {
            clock.sleep(SECOND).await;
            tokio::spawn(async move { host.restart("service").await.unwrap() });
        }
        stop.requested().await;
    }
    async fn restarts_its_task(host: HostHandle, run: Run, log: State<Log>) {
        log.add(format!("task {}", run.id()));
        if run.id() == 1 {
            tokio::spawn(async move { host.restart("task").await.unwrap() });
        }
    }
    async fn stops_itself(_: u32, host: HostHandle, clock: Clock, log: State<Log>) {
        log.add("item");
        tokio::spawn(async move { host.stop_unit("consumer").await.unwrap() });
        clock.sleep(SECOND).await;
    }
    let log = Log::default();
    let (queue, items) = queue::bounded(10);
    let host = Host::new(log.clone())
        .consume("consumer", items, stops_itself)
        .task("task", every(10 * SECOND), restarts_its_task)
        .service("service", restarts_itself);
    let mut test = TestHost::start(host).unwrap();
    (0..3).for_each(|n| queue.try_send(n).unwrap());
    test.advance(25 * SECOND);
    assert_eq!(log.count("service 2"), 1);
    assert_eq!((log.count("task 1"), log.count("task 2"), log.count("task 3")), (1, 1, 0));
    assert_eq!(state(&test, "consumer"), UnitState::Stopped);
    assert_eq!((log.count("item"), test.unit("consumer").depth), (1, Some(2)), "the others are left");
    test.stop().unwrap();
}

#[test]
fn a_unit_may_wait_for_what_does_not_need_its_own_end() {
    async fn asks_for_itself(host: HostHandle, run: Run) -> Result<(), ControlError> {
        if run.id() == 1 {
            host.trigger("task").await?;
            host.pause("task").await?;
            host.resume("task").await?;
            host.trigger("task").await?;
        }
        Ok(())
    }
    async fn resizes_itself(item: u32, host: HostHandle) -> Result<(), ControlError> {
        match item {
            0 => host.resize("consumer", 3).await,
            1 => host.pause("consumer").await,
            _ => Ok(()),
        }
    }
    let (queue, items) = queue::bounded(10);
    let (mut test, _) = start(Host::new(()).task("task", every(DAY), asks_for_itself).consume(
        "consumer",
        items,
        resizes_itself,
    ));
    test.trigger("task").unwrap();
    let unit = test.unit("task");
    assert_eq!((unit.state, unit.succeeded, unit.failed), (UnitState::Running, 2, 0));
    queue.try_send(0).unwrap();
    test.run_until_idle();
    queue.try_send(1).unwrap();
    test.run_until_idle();
    queue.try_send(2).unwrap();
    test.advance(SECOND);
    let unit = test.unit("consumer");
    assert_eq!((unit.state, unit.workers), (UnitState::Paused, Some(3)));
    assert_eq!((unit.succeeded, unit.failed, unit.depth), (2, 0, Some(1)));
    test.stop().unwrap();
}

#[test]
fn before_the_host_runs_and_after_it_ended_nothing_can_be_asked_of_it() {
    let (host, _queue) = of_each_kind();
    let handle = host.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ask = |name: &str| {
        runtime.block_on(async {
            [
                handle.pause(name).await,
                handle.resume(name).await,
                handle.trigger(name).await,
                handle.restart(name).await,
                handle.stop_unit(name).await,
                handle.start_unit(name).await,
                handle.resize(name, 1).await,
            ]
        })
    };
    for answer in ask("task") {
        assert!(answer.unwrap_err().is_not_running());
    }
    TestHost::start(host).unwrap().stop().unwrap();
    for name in ["task", "consumer", "nobody"] {
        for answer in ask(name) {
            let refused = answer.unwrap_err();
            assert!(refused.is_not_running());
            assert_eq!(refused.to_string(), "the host is not running");
        }
    }
}

#[test]
fn while_the_host_stops_nothing_can_be_asked_of_it() {
    let log = Log::default();
    let (mut test, host) =
        start(Host::new(log).drain_delay(MINUTE).task("t", every(HOUR), nothing).service("s", lives));
    host.stop();
    test.run_until_idle();
    for answer in [
        test.settle(host.pause("t")),
        test.settle(host.trigger("t")),
        test.settle(host.restart("s")),
        test.settle(host.stop_unit("s")),
    ] {
        let refused = answer.unwrap_err();
        assert_eq!(
            (refused.is_not_running(), refused.to_string()),
            (true, "the host is stopping".to_owned())
        );
    }
    test.stop().unwrap();
}

#[test]
fn one_who_waits_for_an_answer_when_the_host_stops_is_told() {
    let log = Log::default();
    let (mut test, host) = start(Host::new(log.clone()).service("s", lives));
    let mut restart = Box::pin(host.restart("s"));
    assert!(poll_once(&mut test, restart.as_mut()).is_pending());
    test.run_until_idle();
    test.stop().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let failed = runtime.block_on(restart).unwrap_err();
    assert!(failed.is_failed() || failed.is_not_running(), "{failed}");
    assert_eq!(log.count("s up"), 1);
}

#[test]
fn while_the_host_starts_units_that_are_up_can_be_paused_and_none_can_be_stopped_or_started() {
    async fn slow_to_rise(ready: Ready, stop: Stop, clock: Clock) {
        clock.sleep(10 * SECOND).await;
        ready.notify();
        stop.requested().await;
    }
    let (queue, items) = queue::bounded(10);
    let host = Host::new(())
        .task("t", every(SECOND), nothing)
        .consume("c", items, take)
        .service("slow", slow_to_rise)
        .service(unit("later").after("slow"), until_stopped);
    let (mut test, host) = start(host);
    for name in ["t", "slow", "later"] {
        for refused in [
            test.settle(host.stop_unit(name)),
            test.settle(host.start_unit(name)),
            test.settle(host.restart(name)),
        ] {
            let refused = refused.unwrap_err();
            assert!(refused.is_not_running());
            assert_eq!(refused.to_string(), "the host is starting");
        }
    }
    for name in ["t", "c"] {
        test.settle(host.pause(name)).unwrap();
    }
    queue.try_send(1).unwrap();
    test.advance(5 * SECOND);
    assert_eq!((test.unit("t").runs, test.unit("c").runs), (0, 0));
    test.settle(host.resume("t")).unwrap();
    test.settle(host.resume("c")).unwrap();
    test.settle(host.resize("c", 2)).unwrap();
    test.advance(5 * SECOND);
    assert_eq!((test.unit("t").runs, test.unit("c").runs), (5, 1));
    assert_eq!((state(&test, "slow"), state(&test, "later")), (UnitState::Running, UnitState::Running));
    test.settle(host.restart("t")).unwrap();
    test.stop().unwrap();
}

#[test]
fn an_unknown_name_is_said_to_be_unknown() {
    let (host, _queue) = of_each_kind();
    let (mut test, host) = start(host);
    for answer in [
        test.settle(host.pause("nobody")),
        test.settle(host.resume("nobody")),
        test.settle(host.trigger("nobody")),
        test.settle(host.restart("nobody")),
        test.settle(host.stop_unit("nobody")),
        test.settle(host.start_unit("nobody")),
        test.settle(host.resize("nobody", 0)),
    ] {
        let unknown = answer.unwrap_err();
        assert!(unknown.is_unknown_unit());
        assert_eq!(unknown.to_string(), "there is no unit `nobody`");
    }
    test.stop().unwrap();
}

#[test]
fn an_action_whose_future_is_dropped_after_its_first_poll_is_carried_out() {
    let log = Log::default();
    let (queue, items) = queue::bounded(10);
    let host = Host::new(log.clone())
        .task("t", every(SECOND), nothing)
        .consume("c", items.workers(1), slow)
        .service("s", lives)
        .service("d", lives);
    let (mut test, host) = start(host);
    (0..9).for_each(|n| queue.try_send(n).unwrap());
    drop(host.stop_unit("d"));
    let polls = [
        poll_once(&mut test, host.pause("t")),
        poll_once(&mut test, host.resize("c", 3)),
        poll_once(&mut test, host.restart("s")),
    ];
    assert!(polls.iter().all(Poll::is_pending));
    test.advance(4 * SECOND);
    assert_eq!((state(&test, "t"), test.unit("t").runs), (UnitState::Paused, 0));
    assert_eq!(test.unit("c").running, 3);
    assert_eq!(log.count("s up"), 2);
    assert_eq!(log.count("d told: requested"), 0, "one that was never polled was never asked");
    test.stop().unwrap();
}

// Events.

#[test]
fn events_tell_from_which_state_to_which_and_why_in_order() {
    async fn wavers(ready: Ready, stop: Stop, clock: Clock, run: Run) -> Result<(), &'static str> {
        ready.notify();
        clock.sleep(MINUTE).await;
        ready.withdraw("the upstream is away");
        clock.sleep(MINUTE).await;
        ready.notify();
        clock.sleep(MINUTE).await;
        if run.id() == 1 {
            return Err("broken");
        }
        stop.requested().await;
        Ok(())
    }
    let host = Host::new(()).service(unit("s").restart(in_ten_seconds(5)), wavers);
    let mut events = host.handle().events();
    let (mut test, host) = start(host);
    test.advance(3 * MINUTE);
    assert_eq!(
        changes(&mut test, &mut events),
        [
            "s registered -> starting, not ready",
            "s starting -> running, ready",
            "s running -> running, not ready: not ready: the upstream is away",
            "s running -> running, ready",
            "s running -> restarting, not ready: broken",
        ]
    );
    test.advance(10 * SECOND);
    test.settle(host.restart("s")).unwrap();
    test.settle(host.stop_unit("s")).unwrap();
    test.settle(host.start_unit("s")).unwrap();
    assert_eq!(
        changes(&mut test, &mut events),
        [
            "s restarting -> starting, not ready",
            "s starting -> running, ready",
            "s running -> draining, not ready: restarted by hand",
            "s draining -> starting, not ready: restarted by hand",
            "s starting -> running, ready: restarted by hand",
            "s running -> draining, not ready: stopped by hand",
            "s draining -> stopped, not ready: stopped by hand",
            "s stopped -> starting, not ready: started by hand",
            "s starting -> running, ready: started by hand",
        ]
    );
    test.stop().unwrap();
}

#[test]
fn events_of_a_pause_tell_when_it_was() {
    let (mut test, host) = start(Host::new(()).task("t", every(HOUR), nothing));
    let mut events = host.events();
    test.advance(MINUTE);
    test.settle(host.pause("t")).unwrap();
    let Poll::Ready(Some(UnitEvent::Changed(change))) = poll_once(&mut test, events.next()) else {
        panic!("no event")
    };
    assert_eq!((&*change.unit, change.from, change.to), ("t", UnitState::Running, UnitState::Paused));
    assert_eq!((change.ready, change.at), (true, DEFAULT_START + MINUTE));
    assert_eq!(change.reason.as_deref(), Some("paused by hand"));
    assert!(poll_once(&mut test, events.next()).is_pending(), "one event for one change");
    test.settle(host.resume("t")).unwrap();
    assert_eq!(changes(&mut test, &mut events), ["t paused -> running, ready: resumed by hand"]);
    test.stop().unwrap();
}

#[test]
fn a_reader_that_falls_behind_is_told_how_many_it_missed_and_gets_the_rest() {
    let (mut test, host) = start(Host::new(()).task("t", every(HOUR), nothing));
    let mut slow = host.events();
    test.block_on(async {
        for _ in 0..600 {
            host.pause("t").await.unwrap();
            host.resume("t").await.unwrap();
        }
    });
    let mut late = host.events();
    assert_eq!(test.block_on(slow.next()), Some(UnitEvent::Missed(1_200 - 1_024)));
    for _ in 0..1_024 {
        assert!(matches!(test.block_on(slow.next()), Some(UnitEvent::Changed(_))));
    }
    assert!(poll_once(&mut test, slow.next()).is_pending());
    assert!(poll_once(&mut test, late.next()).is_pending(), "a reader sees what comes after it asked");
    test.stop().unwrap();
}

#[test]
fn events_end_with_the_host_also_for_one_who_asks_after_that() {
    let (host, _queue) = of_each_kind();
    let (test, host) = start(host);
    let mut events = host.events();
    test.stop().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ends = async {
        let mut stopped = BTreeSet::new();
        while let Some(event) = events.next().await {
            let UnitEvent::Changed(change) = event else { panic!("{event:?}") };
            if change.to == UnitState::Stopped {
                stopped.insert(change.unit.to_string());
            }
        }
        assert_eq!(stopped, EACH_KIND.map(str::to_owned).into());
        assert_eq!(events.next().await, None, "it stays ended");
        assert_eq!(host.events().next().await, None);
    };
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), ends).await.unwrap() });
}

// Units that come after another.

#[test]
fn units_that_come_after_a_restarted_one_go_on_untouched() {
    async fn store(run: Run, ready: Ready, stop: Stop, clock: Clock, log: State<Log>) {
        log.add(format!("store {}", run.id()));
        clock.sleep(SECOND).await;
        ready.notify();
        stop.requested().await;
        clock.sleep(SECOND).await;
    }
    let log = Log::default();
    let (queue, items) = queue::bounded::<u32>(10);
    let host = Host::new(log.clone())
        .service("store", store)
        .service(unit("s").after("store"), lives)
        .task(unit("t").after("store"), every(SECOND), nothing)
        .consume(unit("c").after("store"), items, take);
    let (mut test, host) = start(host);
    test.advance(SECOND);
    let mut events = host.events();
    let mut restart = Box::pin(host.restart("store"));
    assert!(poll_once(&mut test, restart.as_mut()).is_pending());
    test.run_until_idle();
    assert_eq!((state(&test, "store"), test.unit("store").ready), (UnitState::Draining, false));
    test.advance(SECOND);
    assert_eq!((state(&test, "store"), test.unit("store").ready), (UnitState::Starting, false));
    queue.try_send(1).unwrap();
    test.run_until_idle();
    assert_eq!((test.unit("t").runs, test.unit("c").runs), (1, 1), "they work meanwhile");
    test.settle(restart).unwrap();
    assert!(test.unit("store").ready);
    assert!(changes(&mut test, &mut events).iter().all(|change| change.starts_with("store ")));
    assert_eq!(log.all(), ["store 1", "s up", "store 2"]);
    test.stop().unwrap();
}

#[test]
fn a_unit_is_started_by_hand_only_when_those_that_it_comes_after_are_ready() {
    let host = Host::new(()).service("store", until_stopped).service(unit("s").after("store"), until_stopped);
    let (mut test, host) = start(host);
    test.settle(host.stop_unit("store")).unwrap();
    assert_eq!(state(&test, "s"), UnitState::Running, "an order, not a tie");
    test.settle(host.stop_unit("s")).unwrap();
    let refused = test.settle(host.start_unit("s")).unwrap_err();
    assert!(refused.is_not_possible());
    assert_eq!(refused.to_string(), "it comes after `store`, which is stopped and not ready");
    test.settle(host.start_unit("store")).unwrap();
    test.settle(host.start_unit("s")).unwrap();
    test.stop().unwrap();
}
#[test]
fn a_unit_that_fails_while_it_is_stopped_by_hand_does_not_let_the_host_end_either() {
    async fn fails_at_its_end(stop: Stop) -> Result<(), &'static str> {
        stop.requested().await;
        Err("at its end")
    }
    let (mut test, host) = start(Host::new(()).service("s", fails_at_its_end));
    test.settle(host.stop_unit("s")).unwrap();
    test.advance(HOUR);
    assert_eq!(state(&test, "s"), UnitState::Stopped, "as somebody wanted");
    assert_eq!(test.unit("s").last_error.as_deref(), Some("at its end"));
    assert!(!test.has_ended(), "somebody may start it again");
    test.settle(host.start_unit("s")).unwrap();
    assert_eq!(test.stop().unwrap().reason(), Some(&StopReason::Requested));
}

#[test]
fn pausing_what_is_paused_is_no_event() {
    let (mut test, host) = start(Host::new(()).task("t", every(HOUR), nothing));
    test.settle(host.pause("t")).unwrap();
    let mut events = host.events();
    test.settle(host.pause("t")).unwrap();
    assert!(poll_once(&mut test, events.next()).is_pending());
    test.stop().unwrap();
}

#[test]
fn a_consumer_whose_restart_a_stop_of_the_host_overrules_still_drains_its_queue() {
    let (queue, items) = queue::bounded(10);
    let (mut test, host) = start(Host::new(()).consume("c", items.workers(1), slow));
    (0..4).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    let mut restart = Box::pin(host.restart("c"));
    assert!(poll_once(&mut test, restart.as_mut()).is_pending());
    test.run_until_idle();
    let report = test.stop().unwrap();
    assert_eq!((report.unit("c").unwrap().runs, report.unit("c").unwrap().items_left), (4, 0));
}

#[test]
fn an_error_whose_drop_panics_fails_its_service_only() {
    #[derive(Debug)]
    struct Bomb;
    impl std::fmt::Display for Bomb {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a bomb")
        }
    }
    impl std::error::Error for Bomb {}
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the drop of an error");
        }
    }
    async fn explode(stop: Stop, run: Run) -> Result<(), Bomb> {
        if run.id() > 1 {
            stop.requested().await;
        }
        Err(Bomb)
    }
    let (mut test, host) = start(Host::new(()).service("s", explode));
    test.advance(MINUTE);
    test.assert_restarts("s", 1);
    test.settle(host.restart("s")).unwrap();
    assert_eq!(test.unit("s").last_error.as_deref(), Some("a bomb"));
    assert_eq!(test.stop().unwrap().unit("s").unwrap().end, UnitEnd::Failed);
}

#[test]
fn a_service_that_completes_twice_is_over_once() {
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(Some(released)));
    // The first instance leaves a blocking call behind, so that it is completed and not yet down.
    async fn leave(released: State<Arc<Mutex<Option<Receiver<()>>>>>) {
        let first = released.lock().unwrap().take();
        if let Some(released) = first {
            let call = pin!(ostler::blocking(move || released.recv()));
            assert!(polled_once(call).await.is_pending());
        }
    }
    async fn idle(stop: Stop) {
        stop.requested().await;
    }
    let (mut test, host) = start(Host::new(released).service("leaves", leave).service("stays", idle));
    assert_eq!(state(&test, "leaves"), UnitState::Completed);
    let mut restart = Box::pin(host.restart("leaves"));
    assert!(poll_once(&mut test, restart.as_mut()).is_pending());
    release.send(()).unwrap();
    // The clock stands still: a thread of the pool is real.
    test.block_on(restart).unwrap();
    test.run_until_idle();
    assert_eq!((state(&test, "leaves"), state(&test, "stays")), (UnitState::Completed, UnitState::Running));
    assert!(!test.has_ended(), "the other one still runs");
    test.stop().unwrap();
}

/// Polls once.
async fn polled_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
