//! The test kit itself: what it asserts holds, and it fails when that does not.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, DAY, Host, MINUTE, Ready, Restart, SECOND, Service, State, Stop, UnitEnd,
    UnitState, every, unit,
};

async fn nothing() {}

async fn until_stopped(stop: Stop) {
    stop.requested().await;
}

/// Takes three seconds to stop.
async fn slow_to_stop(stop: Stop, clock: Clock) {
    stop.requested().await;
    clock.sleep(3 * SECOND).await;
}

async fn deaf() {
    std::future::pending::<()>().await;
}

fn in_ten_seconds() -> Restart {
    Restart::on_failure().budget(2, DAY).backoff(Backoff::constant(10 * SECOND).jitter(0.0))
}

/// A host with a service `s`, which is restarted ten seconds after it fails, at most twice.
fn with_a_service() -> TestHost {
    TestHost::start(Host::new(()).service(unit("s").restart(in_ten_seconds()), until_stopped)).unwrap()
}

// assert_restarts

#[test]
fn restarts_are_asserted_when_the_unit_is_up_again() {
    let mut test = with_a_service();
    test.assert_restarts("s", 0);
    for restarts in [1, 2] {
        test.crash("s").unwrap();
        test.advance(10 * SECOND);
        test.assert_restarts("s", restarts);
    }
    test.stop().unwrap();
}

#[test]
#[should_panic(expected = "restarts of `s`, which is running")]
fn too_few_restarts_fail_the_test() {
    with_a_service().assert_restarts("s", 1);
}

#[test]
#[should_panic(expected = "restarts of `s`, which is running")]
fn too_many_restarts_fail_the_test() {
    let mut test = with_a_service();
    test.crash("s").unwrap();
    test.advance(10 * SECOND);
    test.assert_restarts("s", 0);
}

#[test]
#[should_panic(expected = "`s` after 0 restarts: Some(\"crashed\")")]
fn a_unit_that_is_not_up_again_fails_the_test_with_its_error() {
    let mut test = with_a_service();
    test.crash("s").unwrap();
    test.assert_restarts("s", 0);
}

#[test]
#[should_panic(expected = "the host under test has no unit `nobody`")]
fn restarts_of_a_stranger_fail_the_test() {
    with_a_service().assert_restarts("nobody", 0);
}

// assert_shutdown_within

#[test]
fn a_shutdown_in_time_gives_its_report() {
    let host = Host::new(()).task("t", every(MINUTE), nothing).service("s", slow_to_stop);
    let mut test = TestHost::start(host).unwrap();
    test.advance(2 * MINUTE);
    let report = test.assert_shutdown_within(3 * SECOND);
    assert_eq!((report.took(), report.unit("t").unwrap().runs), (3 * SECOND, 2));
    assert_eq!(report.unit("s").unwrap().end, UnitEnd::Stopped);
}

#[test]
#[should_panic(expected = "the stop took 3s, more than 2.999s")]
fn a_shutdown_that_takes_longer_fails_the_test() {
    let test = TestHost::start(Host::new(()).service("s", slow_to_stop)).unwrap();
    test.assert_shutdown_within(Duration::from_millis(2_999));
}

#[test]
#[should_panic(expected = "units that outlived their grace: deaf, too")]
fn a_shutdown_that_a_unit_overruns_fails_the_test_with_its_name() {
    let host = Host::new(())
        .service(unit("too").grace(SECOND), deaf)
        .service("fine", until_stopped)
        .service(unit("deaf").grace(SECOND), deaf);
    TestHost::start(host).unwrap().assert_shutdown_within(MINUTE);
}

#[test]
#[should_panic(expected = "the host ended with an error: unit `s` failed: crashed")]
fn a_shutdown_of_a_host_that_failed_fails_the_test_with_its_error() {
    let mut test =
        TestHost::start(Host::new(()).service(unit("s").restart(Restart::never()), until_stopped)).unwrap();
    test.crash("s").unwrap();
    test.assert_shutdown_within(MINUTE);
}

// crash

/// Notes that its instance was dropped.
struct Dropped(Log);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}

#[test]
fn a_crash_drops_the_instance_and_what_follows_is_what_follows_a_failure() {
    async fn lives(log: State<Log>, stop: Stop) {
        let _dropped = Dropped(log.0.clone());
        log.add("up");
        stop.requested().await;
        log.add("told");
    }
    let log = Log::default();
    let restart = in_ten_seconds();
    let mut test =
        TestHost::start(Host::new(log.clone()).service(unit("s").restart(restart), lives)).unwrap();
    test.crash("s").unwrap();
    assert_eq!(log.all(), ["up", "dropped"], "it is not asked");
    let unit = test.unit("s");
    assert_eq!((unit.state, unit.restarts), (UnitState::Restarting, 0));
    assert_eq!((unit.last_error.as_deref(), unit.reason.as_deref()), (Some("crashed"), Some("crashed")));
    test.advance(10 * SECOND);
    assert_eq!(log.all(), ["up", "dropped", "up"]);
    for _ in 0..2 {
        test.crash("s").unwrap();
        test.advance(10 * SECOND);
    }
    assert!(test.has_ended(), "crashes spend the budget");
    let error = test.stop().unwrap_err();
    assert_eq!(format!("{error:?}"), "unit `s` failed: crashed");
}

#[test]
fn a_mounted_value_and_one_that_is_not_ready_yet_can_crash_too() {
    struct Until;
    impl Service<()> for Until {
        async fn run(&self, cx: Context<()>) -> Result<(), BoxError> {
            cx.stop().requested().await;
            Ok(())
        }
    }
    async fn slow_to_rise(ready: Ready, stop: Stop, clock: Clock) {
        clock.sleep(5 * SECOND).await;
        ready.notify();
        stop.requested().await;
    }
    let host = Host::new(())
        .mount(unit("mount").restart(in_ten_seconds()), Until)
        .service(unit("slow").restart(in_ten_seconds()), slow_to_rise);
    let mut test = TestHost::start(host).unwrap();
    assert!(test.crash("slow").unwrap_err().is_not_running(), "the host is starting");
    test.advance(5 * SECOND);
    test.crash("mount").unwrap();
    test.crash("slow").unwrap();
    test.advance(12 * SECOND);
    assert_eq!(test.unit("slow").state, UnitState::Starting);
    test.crash("slow").unwrap();
    test.advance(15 * SECOND);
    test.assert_restarts("mount", 1);
    test.assert_restarts("slow", 2);
    test.stop().unwrap();
}

#[test]
fn what_cannot_crash_says_so() {
    let host = Host::new(())
        .task("t", every(SECOND), nothing)
        .service(unit("s").restart(in_ten_seconds()), until_stopped);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(test.crash("t").unwrap_err().to_string(), "only a service can crash");
    assert!(test.crash("nobody").unwrap_err().is_unknown_unit());
    test.crash("s").unwrap();
    assert_eq!(test.crash("s").unwrap_err().to_string(), "the unit is restarting");
    test.stop().unwrap();
}

// settle

#[test]
fn settle_moves_the_clock_as_far_as_the_future_needs_and_no_further() {
    let mut test = TestHost::start(Host::new(()).service("s", slow_to_stop)).unwrap();
    let (clock, host) = (test.clock().clone(), test.handle().clone());
    let born = clock.now();
    assert_eq!(test.settle(async { 7 }), 7);
    assert_eq!(clock.now(), born, "what is ready needs no time");
    test.settle(host.restart("s")).unwrap();
    assert_eq!(clock.now(), born + 3 * SECOND);
    test.settle(clock.sleep(MINUTE));
    assert_eq!(clock.now(), born + 3 * SECOND + MINUTE);
    test.stop().unwrap();
}

#[test]
fn settle_fires_what_is_due_on_the_way() {
    let mut test = TestHost::start(Host::new(()).task("t", every(SECOND), nothing)).unwrap();
    let clock = test.clock().clone();
    test.settle(clock.sleep(10 * SECOND + SECOND / 2));
    assert_eq!(test.unit("t").runs, 10);
    test.stop().unwrap();
}

#[test]
#[should_panic(expected = "the future is not ready and the host waits for no timer")]
fn settle_fails_the_test_when_nothing_would_ever_happen() {
    let mut test = with_a_service();
    test.settle(std::future::pending::<()>());
}
