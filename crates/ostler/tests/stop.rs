//! The stop: waves in reverse, graces, overrunners, and what is not lost.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::time::Duration;

use common::Log;
use ostler::queue::{self, Queue};
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, First, HOUR, Host, Leftover, MINUTE, Run, SECOND, Service, State, Stop,
    StopReason, UnitEnd, UnitState, every, unit,
};

#[test]
fn services_stop_before_the_workers_behind_them() {
    async fn door(stop: Stop, log: State<Log>, clock: Clock) {
        stop.requested().await;
        clock.sleep(3 * SECOND).await;
        log.add("door closed");
    }
    struct Behind;
    impl Service<Log> for Behind {
        async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
            cx.stop().requested().await;
            cx.state().add("behind told");
            Ok(())
        }
    }
    let log = Log::default();
    let test = TestHost::start(Host::new(log.clone()).mount("behind", Behind).service("door", door)).unwrap();
    let report = test.stop().unwrap();
    assert_eq!(log.all(), ["door closed", "behind told"]);
    let names: Vec<_> = report.units().iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["door", "behind"]);
    assert_eq!(report.unit("door").unwrap().took, 3 * SECOND);
    assert_eq!(report.reason(), Some(&StopReason::Requested));
    assert_eq!(report.exit_code(), 0);
}

async fn ignores_its_stop() {
    std::future::pending::<()>().await;
}

#[test]
fn a_unit_that_ignores_its_stop_is_told_aborting_then_dropped_and_named() {
    async fn watches(stop: Stop, log: State<Log>) {
        stop.requested().await;
        log.add("requested");
        stop.aborting().await;
        log.add("aborting");
    }
    let log = Log::default();
    let host =
        Host::new(log.clone()).grace(10 * SECOND).service("deaf", ignores_its_stop).service("late", watches);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["requested", "aborting"]);
    let over: Vec<_> = report.overrunners().map(|unit| unit.name.as_str()).collect();
    assert_eq!(over, ["late", "deaf"]);
    assert_eq!(report.unit("late").unwrap().took, 10 * SECOND);
    assert_eq!(report.exit_code(), 75);
    assert!(report.took() <= 11 * SECOND, "{:?}", report.took());
}

#[test]
fn the_stop_ends_within_grace_and_a_second_however_many_units_overrun() {
    let host = (0..20).fold(Host::new(Log::default()).grace(5 * SECOND), |host, n| {
        host.service(format!("service{n}"), ignores_its_stop).mount(format!("mount{n}"), Deaf)
    });
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(report.overrunners().count(), 40);
    assert!(report.took() <= 6 * SECOND, "{:?}", report.took());
}

struct Deaf;

impl<S: Send + Sync + 'static> Service<S> for Deaf {
    async fn run(&self, _: Context<S>) -> Result<(), BoxError> {
        std::future::pending().await
    }
}

#[test]
fn a_units_own_grace_can_only_be_shorter() {
    let host = Host::new(())
        .grace(10 * SECOND)
        .service(unit("short").grace(2 * SECOND), ignores_its_stop)
        .service(unit("long").grace(HOUR), ignores_its_stop);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    let took = |name| report.unit(name).unwrap().took.as_secs();
    assert_eq!((took("short"), took("long")), (2, 10));
}

#[test]
fn a_wave_that_never_got_its_turn_is_told_at_the_end_and_not_blamed() {
    struct Quick;
    impl Service<Log> for Quick {
        async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
            cx.stop().requested().await;
            cx.state().add("quick told");
            Ok(())
        }
    }
    let log = Log::default();
    let host = Host::new(log.clone()).grace(SECOND).mount("quick", Quick).service("deaf", ignores_its_stop);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["quick told"]);
    assert_eq!(report.unit("quick").unwrap().end, UnitEnd::Stopped);
    assert_eq!(report.unit("deaf").unwrap().end, UnitEnd::Overran);
    assert!(report.took() <= 2 * SECOND);
}

#[test]
fn units_go_on_during_the_drain_delay() {
    async fn tick(log: State<Log>) {
        log.add("tick");
    }
    let log = Log::default();
    let host = Host::new(log.clone()).drain_delay(5 * SECOND).task("tick", every(SECOND), tick);
    let test = TestHost::start(host).unwrap();
    let report = test.stop().unwrap();
    assert!((4..=5).contains(&log.count("tick")), "{:?}", log.all());
    assert_eq!(report.took(), 5 * SECOND);
}

#[test]
fn a_running_task_is_finished_and_one_that_is_too_slow_is_interrupted() {
    async fn work(run: Run, clock: Clock, log: State<Log>) {
        let seconds = if run.unit() == "quick" { 5 } else { 500 };
        clock.sleep(Duration::from_secs(seconds)).await;
        log.add(format!("{} done", run.unit()));
    }
    let log = Log::default();
    let now = || every(HOUR).first(First::Now);
    let host = Host::new(log.clone()).grace(30 * SECOND).task("quick", now(), work).task("slow", now(), work);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["quick done"]);
    assert_eq!(report.unit("quick").unwrap().end, UnitEnd::Stopped);
    let slow = report.unit("slow").unwrap();
    assert_eq!((slow.end, slow.failed), (UnitEnd::Overran, 1));
}

#[test]
fn retries_of_a_task_end_with_the_stop() {
    async fn fail(log: State<Log>) -> Result<(), &'static str> {
        log.add("attempt");
        Err("always")
    }
    let log = Log::default();
    let plan = every(HOUR).first(First::Now).attempts(10).backoff(ostler::backoff::Backoff::constant(HOUR));
    let report = TestHost::start(Host::new(log.clone()).task("fail", plan, fail)).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["attempt"]);
    assert_eq!((report.took(), report.exit_code()), (Duration::ZERO, 0));
    assert_eq!(report.unit("fail").unwrap().failed, 1);
}

#[test]
fn an_error_during_the_stop_is_not_lost_and_skips_nobody() {
    async fn fails(stop: Stop) -> Result<(), &'static str> {
        stop.requested().await;
        Err("while stopping")
    }
    async fn explodes(stop: Stop) {
        stop.requested().await;
        panic!("while stopping");
    }
    async fn ends(stop: Stop) {
        stop.requested().await;
    }
    let host =
        Host::new(()).service("a", fails).service("b", ends).service("c", explodes).service("d", fails);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    let ends: Vec<_> = report.units().iter().map(|unit| (unit.name.as_str(), unit.end)).collect();
    assert_eq!(
        ends,
        [("d", UnitEnd::Failed), ("c", UnitEnd::Failed), ("b", UnitEnd::Stopped), ("a", UnitEnd::Failed)]
    );
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn stopping_twice_is_stopping_once() {
    async fn ends(stop: Stop, log: State<Log>) {
        stop.requested().await;
        log.add("told");
    }
    let log = Log::default();
    let test = TestHost::start(Host::new(log.clone()).service("s", ends)).unwrap();
    let handle = test.handle().clone();
    handle.stop();
    handle.stop();
    assert_eq!(test.stop().unwrap().exit_code(), 0);
    assert_eq!(log.all(), ["told"]);
    handle.stop();
    assert_eq!(handle.unit("s").unwrap().state, UnitState::Stopped);
}

async fn work(_: u32, clock: Clock, log: State<Log>) {
    clock.sleep(SECOND).await;
    log.add("done");
}

fn full_queue() -> (Queue<u32>, queue::Items<u32>) {
    let (queue, items) = queue::bounded(20);
    (0..20).for_each(|n| queue.try_send(n).unwrap());
    (queue, items)
}

#[test]
fn a_consumer_drains_its_queue_within_the_grace() {
    let (queue, items) = full_queue();
    let log = Log::default();
    let host = Host::new(log.clone()).consume("work", items.workers(2), work);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.count("done"), 20);
    let unit = report.unit("work").unwrap();
    assert_eq!((unit.end, unit.runs, unit.items_left), (UnitEnd::Stopped, 20, 0));
    assert_eq!(unit.took, 10 * SECOND);
    assert!(queue.is_closed());
}

#[test]
fn a_consumer_that_drops_its_queue_counts_what_was_left() {
    let (_queue, items) = full_queue();
    let log = Log::default();
    let host = Host::new(log.clone()).consume("work", items.workers(2).leftover(Leftover::Drop), work);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.count("done"), 2, "the items already begun are finished");
    let unit = report.unit("work").unwrap();
    assert_eq!((unit.runs, unit.items_left, unit.took), (2, 18, SECOND));
}

#[test]
fn a_drain_that_overruns_counts_what_was_left_and_what_was_interrupted() {
    let (_queue, items) = full_queue();
    let log = Log::default();
    let host = Host::new(log.clone()).grace(5 * SECOND + SECOND / 2).consume("work", items.workers(2), work);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.count("done"), 10);
    let unit = report.unit("work").unwrap();
    assert_eq!((unit.end, unit.failed, unit.items_left), (UnitEnd::Overran, 2, 8));
}

#[test]
fn the_report_reads_well() {
    let (_queue, items) = full_queue();
    let host = Host::new(Log::default())
        .grace(5 * SECOND)
        .consume("work", items.workers(2).leftover(Leftover::Drop), work)
        .service("deaf", ignores_its_stop);
    let mut test = TestHost::start(host).unwrap();
    test.advance(MINUTE);
    let text = test.stop().unwrap().to_string();
    assert_eq!(
        text,
        "stopped (requested) in 5.400 s\n  deaf  service    overran its grace in 5.400 s\n  work  consumer   stopped in 0.000 s, 20 runs"
    );
}

#[test]
fn overruns_in_both_waves_and_after_a_failed_start_do_not_add_up() {
    async fn fails(_ready: ostler::Ready, clock: Clock) -> Result<(), &'static str> {
        clock.sleep(SECOND).await;
        Err("no luck")
    }
    let deaf = || {
        (0..10)
            .fold(Host::new(Log::default()).grace(5 * SECOND), |host, n| host.mount(format!("deaf{n}"), Deaf))
    };
    let report = TestHost::start(deaf().service("door", ignores_its_stop)).unwrap().stop().unwrap();
    assert_eq!(report.overrunners().count(), 11);
    assert!(report.took() <= 5 * SECOND + Duration::from_millis(600), "{:?}", report.took());

    let mut test = TestHost::start(deaf().service("fails", fails)).unwrap();
    test.advance(MINUTE);
    let error = test.stop().unwrap_err();
    assert_eq!(error.unit(), Some("fails"));
    let took = error.report().unwrap().took();
    assert!(took <= 5 * SECOND + Duration::from_millis(600), "{took:?}");
}

#[test]
fn a_stop_waits_for_a_blocking_call_whose_run_has_timed_out() {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    type Gate = Arc<Mutex<Receiver<()>>>;
    async fn hold(gate: State<Gate>) {
        let gate = gate.0;
        ostler::blocking(move || gate.lock().unwrap().recv().unwrap()).await;
    }
    let (open, gate): (Sender<()>, _) = channel();
    let plan = every(HOUR).first(First::Now).timeout(SECOND);
    let host = Host::new(Gate::new(Mutex::new(gate))).grace(HOUR).task("hold", plan, hold);
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(50));
    test.advance(2 * SECOND);
    test.handle().stop();
    test.advance(MINUTE);
    assert!(!test.has_ended(), "the call still goes on, and the grace is an hour");
    open.send(()).unwrap();
    // The call returns in real time, and the stop ends without the clock moving any more.
    while !test.has_ended() {
        test.run_until_idle();
    }
    let report = test.stop().unwrap();
    let unit = report.unit("hold").unwrap();
    assert_eq!((unit.end, unit.blocking_left, unit.failed), (UnitEnd::Stopped, 0, 1));
}
