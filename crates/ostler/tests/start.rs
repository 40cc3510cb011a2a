//! The start: mistakes reported at once, waves, readiness, and a start that fails.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::time::Duration;

use common::Log;
use ostler::queue;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Context, Error, First, HOUR, Host, MINUTE, Overlap, Ready, Restart, Run, SECOND, Service,
    State, Stop, UnitEnd, UnitState, after_completion, cron, every, unit,
};

async fn nothing() {}

async fn until_stopped(stop: Stop) {
    stop.requested().await;
}

#[test]
fn every_mistake_is_reported_at_once_and_nothing_is_started() {
    async fn take(_: u8, log: State<Log>) {
        log.add("started");
    }
    async fn started(log: State<Log>) {
        log.add("started");
    }
    async fn takes_ready(_: Ready) {}
    let log = Log::default();
    let (queue, items) = queue::bounded_with::<u8>(0, queue::Full::Wait);
    async fn takes_item_and_ready(_: u8, _: Ready) {}
    let (_fourth, tried) = queue::bounded::<u8>(1);
    let (_fifth, waited) = queue::bounded::<u8>(1);
    let (_third, shared) = queue::bounded::<u8>(1);
    let (_second, no_workers) = queue::bounded::<u8>(1);
    let host = Host::new(log.clone())
        .task("fine", every(SECOND).first(First::Now), started)
        .task("zero", every(Duration::ZERO), started)
        .task("cron", cron("61 * * * *", "UTC"), started)
        .task("zone", cron("0 8 * * *", "Europe/Olso"), started)
        .task("never", cron("0 0 30 2 *", "UTC"), started)
        .task("attempts", every(SECOND).attempts(0), started)
        .task("timeout", every(SECOND).timeout(Duration::ZERO), started)
        .task("overlap", every(SECOND).overlap(Overlap::Queue(0)), started)
        .task("first", cron("0 8 * * *", "UTC").first(First::Now), started)
        .task("ready", every(SECOND), takes_ready)
        .consume("capacity", items, take)
        .consume("workers", no_workers.workers(0), take)
        .service("fine", until_stopped)
        .service(unit("start").start_timeout(Duration::ZERO), until_stopped)
        .service(unit("budget").restart(Restart::always().budget(1, Duration::ZERO)), until_stopped)
        .service("two words", until_stopped)
        .task("delay", after_completion(Duration::ZERO), started)
        .task("deadline", every(SECOND).deadline(Duration::ZERO), started)
        .consume("item-attempts", tried.workers(1).attempts(0), take)
        .consume("item-ready", waited, takes_item_and_ready)
        .service(unit("promised").readiness(), until_stopped)
        .task("jitter", every(SECOND).jitter(SECOND), started)
        .task(unit("restart").restart(Restart::never()), every(SECOND), started)
        .task(unit("readiness").readiness(), every(SECOND), started)
        .consume("shared", shared.clone(), take)
        .consume("shared-too", shared, take);
    let error = TestHost::start(host).unwrap_err();
    let found: Vec<_> =
        error.registration_errors().iter().map(|error| (error.unit(), error.field())).collect();
    assert_eq!(
        found,
        [
            ("fine", "name"),
            ("zero", "period"),
            ("cron", "cron"),
            ("zone", "zone"),
            ("never", "cron"),
            ("attempts", "attempts"),
            ("timeout", "timeout"),
            ("overlap", "overlap"),
            ("first", "first"),
            ("ready", "handler"),
            ("capacity", "capacity"),
            ("workers", "workers"),
            ("start", "start_timeout"),
            ("budget", "restart"),
            ("two words", "name"),
            ("delay", "period"),
            ("deadline", "deadline"),
            ("item-attempts", "attempts"),
            ("item-ready", "handler"),
            ("promised", "readiness"),
            ("jitter", "jitter"),
            ("restart", "restart"),
            ("readiness", "readiness"),
            ("shared-too", "queue"),
        ]
    );
    assert_eq!(error.exit_code(), 78);
    assert!(error.is_registration() && error.is_config());
    assert!(error.to_string().starts_with("24 mistakes in the registration"));
    assert!(log.all().is_empty(), "nothing may be started");
    drop(queue);
}

#[test]
fn units_of_the_first_wave_are_first_polled_in_order_and_services_after_they_are_ready() {
    struct Mounted;
    impl Service<Log> for Mounted {
        async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
            cx.state().add("mount up");
            cx.clock().sleep(5 * SECOND).await;
            cx.state().add("mount ready");
            cx.ready();
            cx.stop().requested().await;
            Ok(())
        }
    }
    async fn note(run: Run, log: State<Log>) {
        log.add(run.unit());
    }
    async fn door(stop: Stop, log: State<Log>) {
        log.add("door");
        stop.requested().await;
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .service("door", door)
        .task("first", every(HOUR).first(First::Now), note)
        .mount(unit("mount").readiness(), Mounted)
        .task("last", every(HOUR).first(First::Now), note);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["first", "mount up", "last"]);
    assert_eq!(test.unit("door").state, UnitState::Registered);
    test.advance(5 * SECOND);
    assert_eq!(log.all(), ["first", "mount up", "last", "mount ready", "door"]);
    test.stop().unwrap();
}

#[test]
fn a_service_that_takes_ready_is_waited_for() {
    async fn slow(stop: Stop, ready: Ready, clock: ostler::Clock) {
        clock.sleep(3 * SECOND).await;
        ready.notify();
        stop.requested().await;
    }
    let mut test = TestHost::start(Host::new(()).service("slow", slow)).unwrap();
    assert_eq!(test.unit("slow").state, UnitState::Starting);
    test.advance(3 * SECOND);
    assert_eq!(test.unit("slow").state, UnitState::Running);
    assert_eq!(test.stop().unwrap().unit("slow").unwrap().end, UnitEnd::Stopped);
}

#[test]
fn a_ready_dropped_without_a_word_is_a_failed_start() {
    async fn drops(stop: Stop, ready: Ready) {
        drop(ready);
        stop.requested().await;
    }
    async fn returns(_ready: Ready) {}
    async fn fails(_ready: Ready) -> Result<(), &'static str> {
        Err("the port is taken")
    }
    async fn panics(_ready: Ready) {
        panic!("no port")
    }
    let causes = [
        (
            TestHost::start(Host::new(()).service("s", drops)),
            "it dropped its `Ready` without calling `notify`",
        ),
        (TestHost::start(Host::new(()).service("s", returns)), "it ended before it was ready"),
        (TestHost::start(Host::new(()).service("s", fails)), "the port is taken"),
        (TestHost::start(Host::new(()).service("s", panics)), "panicked: no port"),
    ];
    for (result, cause) in causes {
        let error = result.unwrap_err();
        assert!(error.is_start());
        assert_eq!(error.unit(), Some("s"));
        assert_eq!(error.exit_code(), 1);
        assert_eq!(format!("{error:?}"), format!("unit `s` did not start: {cause}"));
    }
}

#[test]
fn a_unit_that_is_not_ready_in_time_fails_the_start() {
    async fn never(_ready: Ready) {
        std::future::pending::<()>().await;
    }
    let host = Host::new(()).service(unit("slow").start_timeout(7 * SECOND), never);
    let mut test = TestHost::start(host).unwrap();
    test.advance(7 * SECOND - Duration::from_millis(1));
    assert!(!test.has_ended());
    test.advance(Duration::from_millis(1));
    assert!(test.has_ended());
    let error = test.stop().unwrap_err();
    assert_eq!(format!("{error:?}"), "unit `slow` did not start: it was not ready within 7s");
}

/// Ten units, of which `n6` does not come up.
struct Numbered {
    name: &'static str,
    fails_after: Option<Duration>,
}

impl Service<Log> for Numbered {
    async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
        let Self { name, fails_after } = self;
        cx.state().add(format!("{name} up"));
        if let Some(wait) = fails_after {
            if !wait.is_zero() {
                cx.clock().sleep(*wait).await;
            }
            return Err("no luck".into());
        }
        cx.ready();
        cx.stop().requested().await;
        // The earlier it was started, the quicker it ends: only one after the other gives the reverse order.
        let number: u32 = name[1..].parse()?;
        cx.clock().sleep(number * SECOND / 10).await;
        cx.state().add(format!("{name} down"));
        Ok(())
    }
}

const NAMES: [&str; 10] = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10"];

fn ten_units(log: &Log, fails_after: Duration) -> Error {
    let host = NAMES.into_iter().fold(Host::new(log.clone()), |host, name| {
        let fails_after = (name == "n6").then_some(fails_after);
        host.mount(unit(name).readiness(), Numbered { name, fails_after })
    });
    let host = host.service("door", until_stopped);
    match TestHost::start(host) {
        Err(error) => error,
        Ok(mut test) => {
            test.advance(MINUTE);
            test.stop().unwrap_err()
        }
    }
}

#[test]
fn a_failed_start_stops_exactly_what_started_in_reverse_and_ends_with_that_error() {
    let log = Log::default();
    let error = ten_units(&log, Duration::ZERO);
    assert_eq!(
        log.all(),
        [
            "n1 up", "n2 up", "n3 up", "n4 up", "n5 up", "n6 up", "n5 down", "n4 down", "n3 down", "n2 down",
            "n1 down",
        ]
    );
    assert_eq!(format!("{error:?}"), "unit `n6` did not start: no luck");
    assert_eq!(error.exit_code(), 1);
    let report = error.report().unwrap();
    let end = |name| report.unit(name).unwrap().end;
    assert_eq!(
        (end("n1"), end("n6"), end("n7"), end("door")),
        (UnitEnd::Stopped, UnitEnd::Failed, UnitEnd::NotStarted, UnitEnd::NotStarted)
    );
}

#[test]
fn siblings_of_a_start_that_fails_later_are_stopped_too_in_reverse() {
    let log = Log::default();
    let error = ten_units(&log, 2 * SECOND);
    let all = log.all();
    assert_eq!(all.len(), 19);
    assert_eq!(
        all[10..],
        ["n10 down", "n9 down", "n8 down", "n7 down", "n5 down", "n4 down", "n3 down", "n2 down", "n1 down"]
    );
    assert_eq!(error.unit(), Some("n6"));
    assert_eq!(error.report().unwrap().unit("door").unwrap().end, UnitEnd::NotStarted);
}

#[test]
fn a_stop_during_the_start_wins_and_does_not_hide_a_real_error() {
    async fn never(stop: Stop, _ready: Ready) {
        stop.requested().await;
    }
    async fn fails_late(stop: Stop, _ready: Ready) -> Result<(), &'static str> {
        stop.requested().await;
        Err("a real error")
    }
    let test =
        TestHost::start(Host::new(()).task("t", every(HOUR), nothing).service("never", never)).unwrap();
    let report = test.stop().unwrap();
    // It was told to stop before it was ready, so it has not failed by not being ready.
    assert_eq!((report.unit("never").unwrap().end, report.exit_code()), (UnitEnd::Stopped, 0));
    let report = TestHost::start(Host::new(()).service("late", fails_late)).unwrap().stop().unwrap();
    assert_eq!(report.unit("late").unwrap().error.as_deref(), Some("a real error"));
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_host_without_units_is_complete_at_once() {
    let test = TestHost::start(Host::new(())).unwrap();
    assert!(test.has_ended());
    assert_eq!(test.stop().unwrap().exit_code(), 0);
}

#[test]
fn a_service_that_is_ready_and_done_in_one_go_has_started() {
    async fn once(ready: Ready, log: State<Log>) {
        log.add("once");
        ready.notify();
    }
    let log = Log::default();
    let test = TestHost::start(Host::new(log.clone()).service("once", once)).unwrap();
    assert_eq!(test.stop().unwrap().unit("once").unwrap().end, UnitEnd::Completed);
    assert_eq!(log.all(), ["once"]);
}

#[test]
fn a_unit_that_fails_for_good_while_another_is_still_starting_ends_the_host_at_once() {
    async fn fails() -> Result<(), &'static str> {
        Err("early")
    }
    async fn slow(stop: Stop, ready: Ready) {
        stop.requested().await;
        drop(ready);
    }
    let host = Host::new(()).service("slow", slow).service(unit("fails").restart(Restart::never()), fails);
    let error = TestHost::start(host).unwrap_err();
    assert_eq!(format!("{error:?}"), "unit `fails` failed: early");
}

#[test]
fn a_stop_before_the_start_is_no_stop() {
    let host = Host::new(()).service("s", until_stopped);
    host.handle().stop();
    let test = TestHost::start(host).unwrap();
    assert_eq!(test.unit("s").state, UnitState::Running);
    test.stop().unwrap();
}

#[test]
fn the_longest_grace_there_is_overflows_nothing() {
    let host = Host::new(()).grace(Duration::MAX).service(unit("s").grace(Duration::MAX), until_stopped);
    assert_eq!(TestHost::start(host).unwrap().stop().unwrap().exit_code(), 0);
}
