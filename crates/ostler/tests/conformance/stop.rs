//! Stop: order, errors, units that never end, faults that come late, and callbacks that panic.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::{Context as TaskContext, Wake, Waker};
use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::queue;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, First, HOUR, Host, Leftover, Report, Restart, Run, SECOND, Service, State,
    Stop, StopReason, UnitEnd, blocking, every, unit,
};

use crate::common::Log;

/// Says when it is told, and ends.
async fn ends(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    tokio::select! {
        () = stop.requested() => {}
        // A run that waits for the clock too is not taken to be busy by the test host.
        () = clock.sleep(HOUR) => {}
    }
    log.add(run.unit());
}

async fn ends_with_item(_: u32, run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    ends(run, stop, clock, log).await;
}

/// Says when it is told, and fails.
async fn fails(run: Run, stop: Stop, clock: Clock, log: State<Log>) -> Result<(), String> {
    let error = format!("{} is broken", run.unit());
    ends(run, stop, clock, log).await;
    Err(error)
}

/// Says when it is told, and panics.
async fn panics(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    ends(run, stop, clock, log).await;
    panic!("upside down");
}

async fn never_ends() {
    std::future::pending::<()>().await;
}

/// A mounted value, which is in the wave that stops last: says when it is told, and ends or fails.
struct Mounted {
    fails: bool,
}

impl Service<Log> for Mounted {
    async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
        let (run, log) = (cx.scope().run(), State(cx.state().clone()));
        if self.fails {
            return Ok(fails(run, cx.stop(), cx.clock().clone(), log).await?);
        }
        ends(run, cx.stop(), cx.clock().clone(), log).await;
        Ok(())
    }
}

fn ends_of(report: &Report) -> Vec<(&str, UnitEnd)> {
    report.units().iter().map(|unit| (unit.name.as_str(), unit.end)).collect()
}

/// The errors that the report has, in its order.
fn errors_of(report: &Report) -> Vec<(&str, &str)> {
    report.units().iter().filter_map(|unit| Some((unit.name.as_str(), unit.error.as_deref()?))).collect()
}

#[test]
fn reverse_order() {
    let log = Log::default();
    let (queue, items) = queue::bounded(1);
    queue.try_send(1).unwrap();
    let host = Host::new(log.clone())
        .service("door", ends)
        .task("task", every(HOUR).first(First::Now), ends)
        .consume("consumer", items, ends_with_item)
        .mount("mount", Mounted { fails: false })
        .service("window", ends);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    let order = ["window", "door", "mount", "consumer", "task"];
    assert_eq!(log.all(), order);
    assert_eq!(ends_of(&report), order.map(|name| (name, UnitEnd::Stopped)));
}

#[test]
fn all_units_are_told_even_after_errors() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .mount("behind", Mounted { fails: false })
        .mount("broken", Mounted { fails: true })
        .service("door", ends)
        .service("cracked", fails)
        .service("smashed", panics);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["smashed", "cracked", "door", "broken", "behind"]);
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn errors_in_three_units_give_three_in_order() {
    let host = Host::new(Log::default())
        .mount("behind", Mounted { fails: true })
        .service("cracked", fails)
        .service("whole", ends)
        .service("smashed", panics);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    // The order is that of the stop.
    let three = [
        ("smashed", "panicked: upside down"),
        ("cracked", "cracked is broken"),
        ("behind", "behind is broken"),
    ];
    assert_eq!(errors_of(&report), three);
    assert_eq!(report.unit("whole").unwrap().end, UnitEnd::Stopped);
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_unit_that_never_ends_is_dropped_and_named_at_its_deadline() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .grace(10 * SECOND)
        .mount("behind", Mounted { fails: false })
        .service(unit("deaf").grace(3 * SECOND), never_ends);
    let mut test = TestHost::start(host).unwrap();
    test.handle().stop();
    test.advance(3 * SECOND - Duration::from_nanos(1));
    assert!(!test.has_ended() && log.all().is_empty());
    test.advance(SECOND);
    assert!(test.has_ended());
    let report = test.stop().unwrap();
    assert_eq!(log.all(), ["behind"]);
    assert_eq!(ends_of(&report), [("deaf", UnitEnd::Overran), ("behind", UnitEnd::Stopped)]);
    assert_eq!(report.exit_code(), 75);
}

#[test]
fn a_unit_that_cannot_be_dropped_either_is_abandoned_and_named_at_its_deadline() {
    async fn stuck(gate: State<Arc<Barrier>>) {
        blocking(move || {
            gate.wait();
            gate.wait();
        })
        .await;
    }
    async fn door(stop: Stop) {
        stop.requested().await;
    }
    let gate = Arc::new(Barrier::new(2));
    let host = Host::new(Arc::clone(&gate)).grace(10 * SECOND).service("stuck", stuck).service("door", door);
    let mut test = TestHost::start(host).unwrap();
    // A call that has not begun would be dropped with its unit.
    gate.wait();
    test.handle().stop();
    test.advance(10 * SECOND - Duration::from_nanos(1));
    assert!(!test.has_ended());
    test.advance(SECOND);
    assert!(test.has_ended());
    let report = test.stop().unwrap();
    let abandoned: Vec<_> = report.overrunners().map(|unit| (unit.name.as_str(), unit.end)).collect();
    assert_eq!(abandoned, [("stuck", UnitEnd::Abandoned)]);
    assert_eq!(report.unit("stuck").unwrap().blocking_left, 1);
    assert_eq!(report.exit_code(), 75);
    gate.wait();
}

#[test]
fn a_fault_of_a_unit_that_was_told_is_not_lost() {
    async fn fails_late(stop: Stop, clock: Clock) -> Result<(), &'static str> {
        stop.requested().await;
        clock.sleep(2 * SECOND).await;
        Err("late")
    }
    let report = TestHost::start(Host::new(()).service("late", fails_late)).unwrap().stop().unwrap();
    assert_eq!(errors_of(&report), [("late", "late")]);
    assert_eq!(report.exit_code(), 1);
}

/// A door that takes ten seconds to close, so that what is behind it waits to be told.
async fn slow_door(stop: Stop, clock: Clock) {
    stop.requested().await;
    clock.sleep(10 * SECOND).await;
}

/// A mounted value that fails by itself at the fifth second.
struct FailsAtFive;

impl<S: Send + Sync + 'static> Service<S> for FailsAtFive {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        cx.clock().sleep(5 * SECOND).await;
        Err("worn out".into())
    }
}

#[test]
fn a_fault_of_a_unit_that_waits_to_be_told_is_not_lost() {
    let behind = unit("behind").restart(Restart::never());
    let host = Host::new(()).mount(behind, FailsAtFive).service("door", slow_door);
    // The stop begins at once, and the door closes at the tenth second.
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(errors_of(&report), [("behind", "worn out")]);
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_fault_of_a_unit_that_would_be_restarted_is_not_lost() {
    let behind = unit("behind").restart(Restart::on_failure().backoff(Backoff::constant(HOUR)));
    let host = Host::new(()).mount(behind, FailsAtFive).service("door", slow_door);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(errors_of(&report), [("behind", "worn out")]);
}

#[test]
fn a_fault_after_the_grace_is_not_lost() {
    async fn fails_at_last(stop: Stop) -> Result<(), &'static str> {
        stop.aborting().await;
        Err("half of it is written")
    }
    let host = Host::new(()).grace(SECOND).service("writer", fails_at_last);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(report.unit("writer").unwrap().end, UnitEnd::Overran);
    assert_eq!(errors_of(&report), [("writer", "half of it is written")]);
}

#[test]
fn a_second_fault_while_the_first_stops_the_host_is_not_lost() {
    let first = unit("first").restart(Restart::never());
    let second = unit("second").restart(Restart::never());
    async fn fails_at_one(clock: Clock) -> Result<(), &'static str> {
        clock.sleep(SECOND).await;
        Err("worn out first")
    }
    let host =
        Host::new(()).mount(second, FailsAtFive).service("door", slow_door).service(first, fails_at_one);
    let mut test = TestHost::start(host).unwrap();
    test.advance(HOUR);
    let error = test.stop().unwrap_err();
    assert_eq!(format!("{error:?}"), "unit `first` failed: worn out first");
    let report = error.report().unwrap();
    assert_eq!(report.reason(), Some(&StopReason::UnitFailed("first".into())));
    assert_eq!(errors_of(report), [("first", "worn out first"), ("second", "worn out")]);
}

#[test]
fn a_run_that_fails_while_stopping_is_counted() {
    let log = Log::default();
    let host = Host::new(log.clone()).task("task", every(HOUR).first(First::Now), fails);
    let test = TestHost::start(host).unwrap();
    let handle = test.handle().clone();
    let report = test.stop().unwrap();
    let task = report.unit("task").unwrap();
    assert_eq!((task.end, task.runs, task.failed), (UnitEnd::Stopped, 1, 1));
    assert_eq!(handle.unit("task").unwrap().last_error.as_deref(), Some("task is broken"));
}

/// Starts and stops `host` with a unit in each wave that must be told, and does end.
fn others_of(host: Host<Log>, log: &Log) -> Report {
    let host = host.mount("behind", Mounted { fails: false }).service("before", ends).service("after", ends);
    let report = TestHost::start(host.grace(SECOND)).unwrap().stop().unwrap();
    for name in ["behind", "before", "after"] {
        assert_eq!(log.count(name), 1, "{name}: {:?}", log.all());
        assert_eq!(report.unit(name).unwrap().end, UnitEnd::Stopped);
    }
    report
}

#[test]
fn a_panic_of_one_that_is_told_does_not_stop_the_others() {
    let log = Log::default();
    let report = others_of(Host::new(log.clone()).service("smashed", panics), &log);
    assert_eq!(errors_of(&report), [("smashed", "panicked: upside down")]);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

#[test]
fn a_panic_of_one_that_is_dropped_does_not_stop_the_others() {
    async fn armed() {
        let _bomb = Bomb;
        never_ends().await;
    }
    let log = Log::default();
    let report = others_of(Host::new(log.clone()).service("armed", armed), &log);
    assert_eq!(report.unit("armed").unwrap().end, UnitEnd::Overran);
}

#[test]
fn a_panic_of_an_item_that_is_left_does_not_stop_the_others() {
    async fn take(_: Bomb, clock: Clock) {
        clock.sleep(SECOND / 2).await;
    }
    let log = Log::default();
    let (queue, items) = queue::bounded(3);
    (0..3).for_each(|_| assert!(queue.try_send(Bomb).is_ok()));
    let plan = items.workers(1).leftover(Leftover::Drop);
    let report = others_of(Host::new(log.clone()).consume("armed", plan, take), &log);
    assert_eq!(report.unit("armed").unwrap().items_left, 2);
}

#[test]
fn a_panic_of_an_error_that_is_read_does_not_stop_the_others() {
    #[derive(Debug)]
    struct Unreadable;
    impl fmt::Display for Unreadable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no text")
        }
    }
    impl std::error::Error for Unreadable {}
    async fn fails_unreadably(stop: Stop) -> Result<(), Unreadable> {
        stop.requested().await;
        Err(Unreadable)
    }
    let log = Log::default();
    let report = others_of(Host::new(log.clone()).service("torn", fails_unreadably), &log);
    assert_eq!(report.unit("torn").unwrap().end, UnitEnd::Failed);
}

#[test]
fn a_panic_of_a_waker_that_is_called_does_not_stop_the_others() {
    struct Mine;
    impl Wake for Mine {
        fn wake(self: Arc<Self>) {
            panic!("called")
        }
    }
    async fn hooked(stop: Stop) {
        let mut told = pin!(stop.requested());
        let mine = Waker::from(Arc::new(Mine));
        assert!(told.as_mut().poll(&mut TaskContext::from_waker(&mine)).is_pending());
        stop.requested().await;
    }
    let log = Log::default();
    others_of(Host::new(log.clone()).service("hooked", hooked), &log);
}
