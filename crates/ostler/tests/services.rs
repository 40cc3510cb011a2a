//! Services under supervision: restarts within a budget, what follows when it is spent, and completion.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, HOUR, Host, MINUTE, Restart, Run, SECOND, Service, Spent, State, Stop,
    StopReason, UnitEnd, UnitState, every, unit,
};

const EXACT: Backoff = Backoff::exponential(Duration::from_secs(1));

async fn crash(log: State<Log>, clock: Clock) -> Result<(), &'static str> {
    log.add(clock.wall().strftime("%M:%S").to_string());
    Err("crashed")
}

#[test]
fn a_failing_service_is_restarted_with_backoff_until_its_budget_is_spent() {
    let log = Log::default();
    let restart = Restart::on_failure().budget(3, MINUTE).backoff(EXACT.jitter(0.0));
    let mut test =
        TestHost::start(Host::new(log.clone()).service(unit("s").restart(restart), crash)).unwrap();
    test.advance(MINUTE);
    // 1 s, 2 s and 4 s apart, then the budget is spent.
    assert_eq!(log.all(), ["00:00", "00:01", "00:03", "00:07"]);
    assert!(test.has_ended());
    let error = test.stop().unwrap_err();
    assert!(error.is_unit_failure());
    assert_eq!(format!("{error:?}"), "unit `s` failed: crashed");
    assert_eq!(error.exit_code(), 1);
    let unit = error.report().unwrap().unit("s").unwrap();
    assert_eq!((unit.end, unit.restarts, unit.error.as_deref()), (UnitEnd::Failed, 3, Some("crashed")));
    assert_eq!(error.report().unwrap().reason(), Some(&StopReason::UnitFailed("s".into())));
}

#[test]
fn a_unit_may_stay_failed_while_the_others_go_on() {
    async fn tick() {}
    let log = Log::default();
    let restart = Restart::on_failure().budget(1, MINUTE).when_spent(Spent::StayFailed);
    let host = Host::new(log).service(unit("s").restart(restart), crash).task("tick", every(SECOND), tick);
    let mut test = TestHost::start(host).unwrap();
    test.advance(MINUTE);
    assert!(!test.has_ended());
    let unit = test.unit("s");
    assert_eq!((unit.state, unit.last_error.as_deref()), (UnitState::Failed, Some("crashed")));
    assert_eq!(test.unit("tick").runs, 60);
    assert_eq!(test.stop().unwrap().exit_code(), 1);
}

#[test]
fn a_panic_is_a_failure() {
    async fn explode() {
        panic!("boom");
    }
    let restart = Restart::on_failure().budget(2, MINUTE);
    let mut test = TestHost::start(Host::new(()).service(unit("s").restart(restart), explode)).unwrap();
    test.advance(MINUTE);
    let error = test.stop().unwrap_err();
    assert_eq!(format!("{error:?}"), "unit `s` failed: panicked: boom");
    assert_eq!(error.report().unwrap().unit("s").unwrap().restarts, 2);
}

#[test]
fn never_fails_at_once_and_always_restarts_after_ok() {
    async fn end(count: State<Arc<AtomicU32>>) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    async fn fail() -> Result<(), &'static str> {
        Err("once")
    }
    let test = TestHost::start(Host::new(()).service(unit("s").restart(Restart::never()), fail)).unwrap();
    assert!(test.has_ended());
    assert_eq!(test.stop().unwrap_err().unit(), Some("s"));

    let count = Arc::<AtomicU32>::default();
    let restart = Restart::always().budget(10, MINUTE).backoff(Backoff::constant(10 * SECOND).jitter(0.0));
    let mut test =
        TestHost::start(Host::new(count.clone()).service(unit("s").restart(restart), end)).unwrap();
    test.advance(35 * SECOND);
    assert_eq!(count.load(Ordering::Relaxed), 4);
    assert_eq!(test.unit("s").restarts, 3);
    test.stop().unwrap();
}

#[test]
fn a_failure_within_the_budget_for_ever_never_ends_the_host() {
    let log = Log::default();
    let restart = Restart::on_failure().budget(5, MINUTE).backoff(Backoff::constant(15 * SECOND).jitter(0.0));
    let mut test =
        TestHost::start(Host::new(log.clone()).service(unit("s").restart(restart), crash)).unwrap();
    test.advance(10 * HOUR);
    assert!(!test.has_ended());
    assert_eq!(test.unit("s").restarts, 10 * 60 * 4);
    assert_eq!(test.unit("s").state, UnitState::Restarting);
    // Told to stop while it waits for its restart, it simply ends.
    let report = test.stop().unwrap();
    assert_eq!((report.unit("s").unwrap().end, report.exit_code()), (UnitEnd::Stopped, 0));
}

#[test]
fn when_all_units_have_completed_the_host_ends_with_code_zero() {
    async fn work(clock: Clock) {
        clock.sleep(MINUTE).await;
    }
    let mut test = TestHost::start(Host::new(()).service("one", work).service("two", work)).unwrap();
    test.advance(MINUTE);
    assert!(test.has_ended());
    let report = test.stop().unwrap();
    assert_eq!((report.reason(), report.exit_code()), (Some(&StopReason::Completed), 0));
    assert!(report.units().iter().all(|unit| unit.end == UnitEnd::Completed));
}

#[test]
fn several_instances_of_one_function_run_under_different_names() {
    async fn note(run: Run, log: State<Log>, stop: Stop) {
        log.add(run.unit());
        stop.requested().await;
    }
    let log = Log::default();
    let host = Host::new(log.clone()).service("a", note).service("b", note);
    TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["a", "b"]);
}

#[test]
fn a_mounted_value_is_run_again_and_opens_scopes_of_its_own() {
    struct Poller(AtomicU32);
    impl Service<Log> for Poller {
        async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
            let scope = cx.scope();
            scope.state().add(format!("{} {}", scope.run().unit(), scope.run().id()));
            if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err("the first time".into());
            }
            cx.stop().requested().await;
            Ok(())
        }
    }
    let log = Log::default();
    let mut test =
        TestHost::start(Host::new(log.clone()).mount("poller", Poller(AtomicU32::new(0)))).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["poller 1", "poller 2"]);
    assert_eq!(test.stop().unwrap().exit_code(), 0);
}

#[test]
fn two_instances_of_a_service_never_overlap() {
    async fn alone(live: State<Arc<AtomicU32>>, clock: Clock) -> Result<(), &'static str> {
        struct Leave(Arc<AtomicU32>);
        impl Drop for Leave {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        assert_eq!(live.fetch_add(1, Ordering::SeqCst), 0);
        let _leave = Leave(live.0);
        clock.sleep(SECOND).await;
        Err("again")
    }
    let restart = Restart::on_failure().budget(1_000, HOUR);
    let mut test =
        TestHost::start(Host::new(Arc::<AtomicU32>::default()).service(unit("s").restart(restart), alone))
            .unwrap();
    test.advance(HOUR / 2);
    assert_eq!(test.unit("s").last_error.as_deref(), Some("again"));
    test.stop().unwrap();
}

#[test]
fn restarts_are_jittered_unless_told_otherwise() {
    let log = Log::default();
    let restart = Restart::on_failure().budget(1, HOUR).backoff(Backoff::constant(MINUTE).jitter(1.0));
    let host = (0..20).fold(Host::new(log.clone()), |host, n| {
        host.service(unit(format!("s{n}")).restart(restart.when_spent(Spent::StayFailed)), crash)
    });
    let mut test = TestHost::start(host).unwrap();
    test.advance(MINUTE);
    let again: std::collections::BTreeSet<String> = log.all().into_iter().skip(20).collect();
    assert!(again.len() > 5, "{again:?}");
    test.stop().unwrap();
}
