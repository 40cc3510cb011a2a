//! Runs that a service opens by itself, the parts that it spawns, and what it finds wrong with itself before it is started.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use common::Log;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, DEFAULT_GRACE, FromScope, Host, MINUTE, Run, RunEnd, RunLimit, SECOND, Service,
    Signal, State, Stop, StopReason,
};
use tracing::Span;

const NO_LIMIT: RunLimit = RunLimit { timeout: None, grace: SECOND };

type Instance = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A service made of a function.
struct Of(fn(Context<Log>) -> Instance);

impl Service<Log> for Of {
    async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
        (self.0)(cx).await;
        Ok(())
    }
}

fn start(service: fn(Context<Log>) -> Instance) -> (TestHost, Log) {
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).mount("s", Of(service))).unwrap();
    test.quiet_after(Duration::from_millis(50));
    (test, log)
}

/// Says when it is dropped.
struct Dropped(Log);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}

/// A work that notes why it is told to stop, and goes on.
async fn goes_on(stop: Stop, log: Log) {
    let _dropped = Dropped(log.clone());
    stop.requested().await;
    log.add(format!("told: {}", stop.reason().unwrap()));
    pending::<()>().await;
}

#[test]
fn a_run_has_a_scope_and_a_number_and_a_stop_of_its_own() {
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let mut first = cx.open_run(7, Some(3));
            let second = cx.open_run(1, None);
            let scope = Arc::clone(first.scope());
            let log = State::<Log>::from_scope(&scope).await.unwrap();
            let run = Run::from_scope(&scope).await.unwrap();
            log.add(format!("run {} attempt {} worker {:?}", run.id(), run.attempt(), run.worker()));
            log.add(format!("run {}", second.scope().run().id()));
            first.stopper().request(StopReason::Cancelled);
            assert!(scope.stop().is_requested() && !scope.stop().is_aborting());
            assert!(!second.scope().stop().is_requested() && !cx.stop().is_requested());
            let end = first.run(async { 42 }, NO_LIMIT, &Span::none()).await;
            log.add(format!("{end:?} {:?}", first.stopper().reason()));
        })
    });
    test.run_until_idle();
    let first = test.unit("s").runs;
    assert_eq!(first, 0, "they are not counted");
    let lines = log.all();
    assert_eq!(lines[0], "run 1 attempt 7 worker Some(3)");
    assert_eq!(lines[1..], ["run 2", "Returned(42) Some(Cancelled)"]);
}

#[test]
fn a_timeout_requests_the_stop_and_the_grace_drops_the_work() {
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let mut run = cx.open_run(1, None);
            let limit = RunLimit { timeout: Some(MINUTE), grace: 5 * SECOND };
            let work = goes_on(run.scope().stop(), cx.state().clone());
            let end = run.run(work, limit, &Span::none()).await;
            cx.state().add(format!("{end:?}"));
        })
    });
    test.advance(MINUTE - SECOND);
    assert!(log.all().is_empty());
    test.advance(SECOND);
    assert_eq!(log.all(), ["told: timed out"]);
    test.advance(4 * SECOND);
    assert_eq!(log.all().len(), 1);
    test.advance(SECOND);
    assert_eq!(log.all(), ["told: timed out", "dropped", "Aborted"]);
}

#[test]
fn a_work_that_ends_in_its_grace_has_returned() {
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let mut run = cx.open_run(1, None);
            let limit = RunLimit { timeout: Some(SECOND), grace: SECOND };
            let stop = run.scope().stop();
            let end = run.run(async move { stop.requested().await }, limit, &Span::none()).await;
            cx.state().add(format!("{end:?} {:?}", run.stopper().reason()));
        })
    });
    test.advance(SECOND);
    assert_eq!(log.all(), ["Returned(()) Some(TimedOut)"]);
}

#[test]
fn a_panic_is_an_end_and_its_text_forges_no_line() {
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let mut run = cx.open_run(1, None);
            let end: RunEnd<()> = run.run(async { panic!("boom\nINFO ok") }, NO_LIMIT, &Span::none()).await;
            cx.state().add(format!("{}", end == RunEnd::Panicked("boom\\nINFO ok".into())));
            // The service goes on.
            let end = run.run(async { 1 }, NO_LIMIT, &Span::none()).await;
            cx.state().add(format!("{end:?}"));
        })
    });
    test.run_until_idle();
    assert_eq!(log.all(), ["true", "Returned(1)"]);
    assert_eq!(test.unit("s").restarts, 0);
}

#[test]
fn an_abort_drops_the_work_at_once_and_its_blocking_calls_are_known_until_they_end() {
    static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let mut run = cx.open_run(1, None);
            let stopper = run.stopper().clone();
            let log = cx.state().clone();
            let work = async move {
                let _dropped = Dropped(log.clone());
                ostler::blocking(move || {
                    stopper.abort(StopReason::LeaseLost);
                    drop(GATE.1.wait_while(GATE.0.lock().unwrap(), |is_open| !*is_open).unwrap());
                    log.add("call over");
                })
                .await;
            };
            let end = run.run(work, NO_LIMIT, &Span::none()).await;
            cx.state().add(format!("{end:?}, {} blocking", run.blocking_calls()));
            run.blocking_calls_over().await;
            cx.state().add(format!("{} blocking", run.blocking_calls()));
        })
    });
    let until = |test: &mut TestHost, lines: usize| {
        let began = std::time::Instant::now();
        while log.all().len() < lines {
            assert!(began.elapsed() < MINUTE, "{:?}", log.all());
            test.block_on(tokio::task::yield_now());
        }
    };
    until(&mut test, 2);
    assert_eq!(log.all(), ["dropped", "Aborted, 1 blocking"]);
    *GATE.0.lock().unwrap() = true;
    GATE.1.notify_all();
    until(&mut test, 4);
    assert_eq!(log.all()[2..], ["call over", "0 blocking"]);
}

#[test]
fn the_stop_of_the_unit_does_not_reach_a_run_and_its_end_drops_it() {
    let (test, log) = start(|cx| {
        Box::pin(async move {
            let mut run = cx.open_run(1, None);
            let work = goes_on(run.scope().stop(), cx.state().clone());
            run.run(work, NO_LIMIT, &Span::none()).await;
        })
    });
    let began = test.clock().now();
    let clock = test.clock().clone();
    let report = test.stop().unwrap();
    assert_eq!(log.all(), ["dropped"], "nobody told it");
    assert!(clock.now() - began >= DEFAULT_GRACE);
    assert_eq!(report.overrunners().count(), 1);
}

#[test]
fn a_stopper_that_outlives_its_run_changes_nothing() {
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let (stopper, stop) = {
                let run = cx.open_run(1, None);
                (run.stopper().clone(), run.scope().stop())
            };
            assert!(!stop.is_requested());
            stopper.request(StopReason::Restart);
            assert_eq!(stopper.reason(), Some(StopReason::Restart));
            drop(stopper);
            stop.aborting().await;
            cx.state().add(format!("{}", stop.reason().unwrap()));
        })
    });
    test.run_until_idle();
    assert_eq!(log.all(), ["restart by hand"]);
}

#[test]
fn a_part_belongs_to_its_unit() {
    let (mut test, log) = start(|cx| {
        Box::pin(async move {
            let (log, clock) = (cx.state().clone(), cx.clock().clone());
            cx.spawn(async move {
                let _dropped = Dropped(log.clone());
                clock.sleep(MINUTE).await;
                log.add("part over");
            });
            let log = cx.state().clone();
            cx.spawn(async move {
                let _dropped = Dropped(log);
                panic!("a part's panic is its own");
            });
            cx.stop().requested().await;
            let log = cx.state().clone();
            cx.spawn(async move { log.add("never") });
            cx.state().add("instance over");
        })
    });
    test.run_until_idle();
    assert_eq!(log.all(), ["dropped"], "the one that panicked");
    assert_eq!(test.unit("s").restarts, 0);
    let clock = test.clock().clone();
    let began = clock.now();
    test.stop().unwrap();
    assert_eq!(
        log.all(),
        ["dropped", "instance over", "dropped"],
        "what a stop finds lasts for its grace only"
    );
    assert!(clock.now() - began >= DEFAULT_GRACE, "the unit has not ended before its parts");
}

#[test]
fn what_a_value_finds_wrong_with_itself_is_a_mistake_in_the_registration() {
    struct Wrong;
    impl Service<()> for Wrong {
        async fn run(&self, _: Context<()>) -> Result<(), BoxError> {
            Ok(())
        }

        fn mistakes(&self) -> Vec<(&'static str, String)> {
            vec![("slots", "0 is not allowed".into()), ("lease", "too long".into())]
        }
    }
    let error = TestHost::start(Host::new(()).mount("w", Wrong)).unwrap_err();
    assert_eq!(error.exit_code(), 78);
    let told: Vec<String> = error.registration_errors().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["unit `w`, slots: 0 is not allowed", "unit `w`, lease: too long"]);
}

#[test]
fn a_clock_that_was_made_before_the_host_is_the_hosts() {
    async fn sleeps(clock: Clock, log: State<Log>) {
        clock.sleep(MINUTE).await;
        log.add(clock.wall().to_string());
    }
    let (clock, log) = (Clock::virtual_at("2026-03-01T10:00:00Z".parse().unwrap()), Log::default());
    let mut test = TestHost::start_on(Host::new(log.clone()).service("s", sleeps), clock.clone()).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["2026-03-01T10:01:00Z"]);
    assert_eq!(clock.wall(), test.clock().wall());
}

#[test]
#[should_panic(expected = "a test host needs a virtual clock")]
fn a_test_host_takes_no_real_clock() {
    drop(TestHost::start_on(Host::new(()), Clock::real()));
}

#[test]
fn reasons_of_a_stop_are_words_for_people() {
    for (reason, text) in [
        (StopReason::TimedOut, "timed out"),
        (StopReason::Cancelled, "cancelled"),
        (StopReason::LeaseLost, "lease lost"),
        (StopReason::Requested, "requested"),
        (StopReason::Restart, "restart by hand"),
        (StopReason::Signal(Signal::Terminate), "SIGTERM"),
        (StopReason::UnitFailed("db".into()), "unit `db` failed"),
    ] {
        assert_eq!(reason.to_string(), text);
    }
}
