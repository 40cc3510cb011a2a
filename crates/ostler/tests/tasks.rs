//! Tasks on the virtual clock: when they fire, how their runs are done, and what is known of them afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, DAY, First, HOUR, Halt, Host, HostHandle, MINUTE, Outcome, Overlap, Run, RunOutcome,
    SECOND, State, Stop, UnitState, after_completion, every, poke,
};

type Counter = Arc<AtomicU64>;

async fn count(counter: State<Counter>) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_day_of_a_one_second_task_fires_86400_times() {
    let counter = Counter::default();
    let mut test = TestHost::start(Host::new(counter.clone()).task("tick", every(SECOND), count)).unwrap();
    test.advance(DAY);
    assert_eq!(counter.load(Ordering::Relaxed), 86_400);
    let unit = test.unit("tick");
    assert_eq!((unit.runs, unit.succeeded, unit.skipped), (86_400, 86_400, 0));
    test.stop().unwrap();
}

#[test]
fn first_says_when_an_interval_begins() {
    async fn note(run: Run, log: State<Log>) {
        log.add(run.unit());
    }
    let at = ostler::testing::DEFAULT_START.saturating_add(90 * SECOND).unwrap();
    let log = Log::default();
    let host = Host::new(log.clone())
        .task("now", every(MINUTE).first(First::Now), note)
        .task("period", every(MINUTE), note)
        .task("at", every(MINUTE).first(First::At(at)), note);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["now"]);
    test.advance(MINUTE);
    assert_eq!(log.all(), ["now", "now", "period"]);
    test.advance(30 * SECOND);
    assert_eq!(log.count("at"), 1);
}

#[test]
fn a_task_slower_than_its_period_coalesces_and_never_piles_up() {
    async fn slow(clock: Clock, running: State<Arc<AtomicU32>>) {
        assert_eq!(running.fetch_add(1, Ordering::Relaxed), 0, "two runs at once");
        clock.sleep(Duration::from_millis(2_500)).await;
        running.fetch_sub(1, Ordering::Relaxed);
    }
    let host = Host::new(Arc::<AtomicU32>::default()).task("slow", every(SECOND), slow);
    let mut test = TestHost::start(host).unwrap();
    test.advance(100 * SECOND);
    let unit = test.unit("slow");
    // From 1 s on back to back, 2.5 s each: 39 have ended by 98.5 s, one is going on.
    assert_eq!((unit.runs, unit.failed), (39, 0));
    // Of 100 ticks 40 became runs, one waits, and all others are counted.
    assert_eq!(unit.skipped, 100 - 40 - 1);
    test.stop().unwrap();
}

#[test]
fn overlap_skip_allow_and_queue() {
    async fn slow(clock: Clock) {
        clock.sleep(Duration::from_millis(2_500)).await;
    }
    let host = Host::new(())
        .task("skip", every(SECOND).overlap(Overlap::Skip), slow)
        .task("allow", every(SECOND).overlap(Overlap::Allow), slow)
        .task("queue", every(10 * SECOND).first(First::Now).overlap(Overlap::Queue(2)), slow);
    let mut test = TestHost::start(host).unwrap();
    test.advance(Duration::from_millis(10_400));
    assert_eq!(test.unit("skip").runs, 3, "at 1, 4 and 7 s");
    assert_eq!(test.unit("allow").runs, 7, "one a second, the last three still going on");
    assert_eq!(test.unit("queue").skipped, 0);
    test.stop().unwrap();
}

#[test]
fn a_fixed_delay_counts_from_the_end_of_the_run() {
    async fn slow(clock: Clock) {
        clock.sleep(10 * SECOND).await;
    }
    let host = Host::new(()).task("slow", after_completion(5 * SECOND), slow);
    let mut test = TestHost::start(host).unwrap();
    test.advance(46 * SECOND);
    assert_eq!(test.unit("slow").runs, 3, "ended at 15, 30 and 45 s");
    test.stop().unwrap();
}

#[test]
fn jitter_moves_runs_and_not_the_grid() {
    async fn note(log: State<Log>, clock: Clock) {
        log.add(clock.wall().subsec_nanosecond().to_string());
    }
    let log = Log::default();
    let host = Host::new(log.clone()).task("jittery", every(SECOND).jitter(SECOND / 2), note);
    let mut test = TestHost::start(host).unwrap();
    test.advance(101 * SECOND);
    let offsets: Vec<u32> = log.all().iter().map(|offset| offset.parse().unwrap()).collect();
    assert!((100..=101).contains(&offsets.len()));
    assert!(offsets.iter().all(|&offset| offset <= 500_000_000));
    assert!(offsets.iter().any(|&offset| offset > 0), "no run was moved");
}

#[test]
fn a_poke_runs_only_when_triggered_and_once_more_when_triggered_while_running() {
    async fn slow(clock: Clock) {
        clock.sleep(SECOND).await;
    }
    let mut test = TestHost::start(Host::new(()).task("poke", poke(), slow)).unwrap();
    test.advance(DAY);
    assert_eq!(test.unit("poke").runs, 0);
    test.trigger("poke").unwrap();
    test.trigger("poke").unwrap();
    test.trigger("poke").unwrap();
    test.advance(10 * SECOND);
    assert_eq!(test.unit("poke").runs, 2);
}

#[test]
fn a_trigger_says_why_it_cannot() {
    async fn idle(stop: Stop) {
        stop.requested().await;
    }
    let host = Host::new(Counter::default()).task("task", every(HOUR), count).service("service", idle);
    let handle = host.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(handle.trigger("task")).unwrap_err().is_not_running());
    let mut test = TestHost::start(host).unwrap();
    assert!(test.trigger("none").unwrap_err().is_unknown_unit());
    assert!(test.trigger("service").unwrap_err().is_not_possible());
    test.trigger("task").unwrap();
    assert_eq!(test.unit("task").runs, 1);
    test.stop().unwrap();
    assert!(runtime.block_on(handle.trigger("task")).unwrap_err().is_not_running());
}

#[test]
fn a_failing_run_is_retried_with_backoff_and_never_ends_the_task() {
    async fn fail(log: State<Log>, run: Run, clock: Clock) -> Result<(), std::io::Error> {
        log.add(format!("{}.{} at {}", run.id(), run.attempt(), clock.wall().as_second() % 60));
        Err(std::io::Error::other("no luck"))
    }
    let log = Log::default();
    let plan = every(MINUTE).attempts(3).backoff(Backoff::exponential(2 * SECOND).jitter(0.0));
    let mut test = TestHost::start(Host::new(log.clone()).task("fail", plan, fail)).unwrap();
    test.advance(2 * MINUTE + 30 * SECOND);
    assert_eq!(log.all(), ["1.1 at 0", "1.2 at 2", "1.3 at 6", "2.1 at 0", "2.2 at 2", "2.3 at 6"]);
    let unit = test.unit("fail");
    assert_eq!((unit.runs, unit.failed, unit.retries), (2, 2, 4));
    assert_eq!(unit.state, UnitState::Running);
    assert_eq!(unit.last_outcome, Some(RunOutcome::Failed));
    assert_eq!(unit.last_duration, Some(6 * SECOND));
    assert_eq!(test.stop().unwrap().exit_code(), 0);
}

#[test]
fn a_permanent_error_is_not_retried() {
    async fn cancel() -> Outcome {
        Err(Halt::cancel("nobody wants it"))
    }
    async fn discard() -> Outcome {
        Err(Halt::discard("never"))
    }
    let host = Host::new(()).task("cancel", every(SECOND).attempts(5), cancel).task(
        "discard",
        every(SECOND).attempts(5),
        discard,
    );
    let mut test = TestHost::start(host).unwrap();
    test.advance(SECOND);
    let (cancel, discard) = (test.unit("cancel"), test.unit("discard"));
    assert_eq!((cancel.runs, cancel.failed, cancel.retries), (1, 0, 0));
    assert_eq!(cancel.last_outcome, Some(RunOutcome::Cancelled));
    assert_eq!((discard.runs, discard.failed, discard.retries), (1, 1, 0));
    assert_eq!(
        (discard.last_outcome, discard.last_error),
        (Some(RunOutcome::Discarded), Some("never".into()))
    );
}

#[test]
fn a_stuck_attempt_times_out_and_the_next_one_may_succeed() {
    async fn stuck_once(run: Run, log: State<Log>, clock: Clock) {
        struct Noted(Log);
        impl Drop for Noted {
            fn drop(&mut self) {
                self.0.add("dropped");
            }
        }
        log.add(format!("attempt {} at {}", run.attempt(), clock.wall().as_second() % 60));
        let _noted = Noted(log.0);
        if run.attempt() == 1 {
            std::future::pending::<()>().await;
        }
    }
    let log = Log::default();
    let plan = every(MINUTE).timeout(5 * SECOND).attempts(2).backoff(Backoff::constant(SECOND).jitter(0.0));
    let mut test = TestHost::start(Host::new(log.clone()).task("stuck", plan, stuck_once)).unwrap();
    test.quiet_after(Duration::from_millis(50));
    test.advance(MINUTE + 10 * SECOND);
    assert_eq!(log.all(), ["attempt 1 at 0", "dropped", "attempt 2 at 6", "dropped"]);
    assert_eq!(test.unit("stuck").succeeded, 1);
}

#[test]
fn the_deadline_covers_all_attempts_and_the_waits_between_them() {
    async fn fail(clock: Clock) -> Result<(), &'static str> {
        clock.sleep(4 * SECOND).await;
        Err("always")
    }
    let plan =
        every(MINUTE).attempts(100).deadline(12 * SECOND).backoff(Backoff::constant(SECOND).jitter(0.0));
    let mut test = TestHost::start(Host::new(()).task("slow", plan, fail)).unwrap();
    test.advance(MINUTE + 30 * SECOND);
    let unit = test.unit("slow");
    // 4 s, a wait, 4 s, a wait: the third attempt is cut at 12 s.
    assert_eq!((unit.runs, unit.retries), (1, 2));
    assert_eq!((unit.last_outcome, unit.last_duration), (Some(RunOutcome::TimedOut), Some(12 * SECOND)));
}

#[test]
fn a_panic_fails_the_run_only_even_if_its_payload_panics_in_drop() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the payload's drop");
        }
    }
    async fn explode(run: Run) {
        if run.id() == 1 {
            panic!("boom {}", run.id());
        }
        std::panic::panic_any(Bomb);
    }
    let mut test = TestHost::start(Host::new(()).task("explode", every(SECOND), explode)).unwrap();
    test.advance(SECOND);
    assert_eq!(test.unit("explode").last_error.as_deref(), Some("panicked: boom 1"));
    test.advance(2 * SECOND);
    let unit = test.unit("explode");
    assert_eq!((unit.runs, unit.failed, unit.last_outcome), (3, 3, Some(RunOutcome::Panicked)));
    test.stop().unwrap();
}

#[test]
fn a_panic_before_the_first_await_and_in_a_drop_is_caught_too() {
    struct DropBomb;
    impl Drop for DropBomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("dropped");
            }
        }
    }
    fn at_the_call() -> std::future::Ready<()> {
        panic!("called")
    }
    async fn in_drop() {
        let _bomb = DropBomb;
        std::future::pending::<()>().await;
    }
    let host = Host::new(()).task("call", every(SECOND), at_the_call).task(
        "drop",
        every(MINUTE).timeout(SECOND),
        in_drop,
    );
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(50));
    test.advance(3 * MINUTE + 2 * SECOND);
    assert!(test.unit("call").failed >= 180);
    assert_eq!(test.unit("drop").runs, 3);
}

#[test]
fn a_cancellation_that_nobody_asked_for_fails_that_run_only() {
    async fn aborted() -> Result<(), BoxError> {
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        task.await?;
        Ok(())
    }
    let mut test = TestHost::start(Host::new(()).task("aborted", every(SECOND), aborted)).unwrap();
    test.advance(2 * SECOND);
    let unit = test.unit("aborted");
    assert_eq!((unit.runs, unit.failed, unit.state), (2, 2, UnitState::Running));
    assert!(unit.last_error.unwrap().contains("cancelled"));
}

#[test]
fn the_last_error_is_kept_with_its_sources() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot read the list")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    async fn read() -> Result<(), Outer> {
        Err(Outer(std::io::Error::other("the disk is gone")))
    }
    let mut test = TestHost::start(Host::new(()).task("read", every(SECOND), read)).unwrap();
    test.advance(SECOND);
    assert_eq!(test.unit("read").last_error.as_deref(), Some("cannot read the list: the disk is gone"));
}

#[test]
fn lateness_is_how_long_after_its_due_time_a_run_began() {
    async fn slow(clock: Clock) {
        clock.sleep(Duration::from_millis(1_700)).await;
    }
    let mut test = TestHost::start(Host::new(()).task("slow", every(SECOND), slow)).unwrap();
    test.advance(SECOND);
    assert_eq!(test.unit("slow").lateness, Some(Duration::ZERO));
    test.advance(2 * SECOND);
    // Due at 2 s, begun at 2.7 s, when the first had ended.
    assert_eq!(test.unit("slow").lateness, Some(Duration::from_millis(700)));
    test.stop().unwrap();
}

#[test]
fn blocking_work_runs_elsewhere_and_its_panic_fails_the_run() {
    async fn hash(run: Run, log: State<Log>) -> Result<(), BoxError> {
        let on_async = std::thread::current().id();
        let (there, sum) =
            ostler::blocking(move || (std::thread::current().id(), (0..1_000u64).sum::<u64>())).await;
        assert_ne!(on_async, there);
        log.add(sum.to_string());
        if run.id() == 2 {
            ostler::blocking(|| panic!("in the pool")).await;
        }
        Ok(())
    }
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).task("hash", every(SECOND), hash)).unwrap();
    test.advance(2 * SECOND);
    assert_eq!(log.count("499500"), 2);
    let unit = test.unit("hash");
    assert_eq!((unit.succeeded, unit.failed), (1, 1));
    assert_eq!(unit.last_error.as_deref(), Some("panicked: in the pool"));
}

#[test]
fn the_next_attempt_waits_for_the_blocking_call_of_one_that_timed_out() {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    type Gate = Arc<Mutex<Receiver<()>>>;
    async fn attempt(run: Run, log: State<Log>, gate: State<Gate>) {
        log.add(format!("attempt {}", run.attempt()));
        if run.attempt() == 1 {
            let (gate, log) = (gate.0, log.0);
            ostler::blocking(move || {
                gate.lock().unwrap().recv().unwrap();
                log.add("returned");
            })
            .await;
        }
    }
    #[derive(Clone)]
    struct App {
        log: Log,
        gate: Gate,
    }
    ostler::state! { App { log: Log, gate: Gate } }
    let (open, gate): (Sender<()>, _) = channel();
    let app = App { log: Log::default(), gate: Arc::new(Mutex::new(gate)) };
    let log = app.log.clone();
    let plan =
        every(1_000 * DAY).first(First::Now).timeout(SECOND).attempts(2).backoff(Backoff::constant(SECOND));
    let mut test = TestHost::start(Host::new(app).task("blocking", plan, attempt)).unwrap();
    test.quiet_after(Duration::from_millis(50));
    test.advance(30 * SECOND);
    assert_eq!(log.all(), ["attempt 1"], "the timeout has passed, the call has not returned");
    open.send(()).unwrap();
    // The call returns in real time; the second attempt comes a back-off later.
    while log.count("attempt 2") == 0 {
        test.advance(SECOND / 10);
    }
    assert_eq!(log.all(), ["attempt 1", "returned", "attempt 2"]);
}

#[test]
fn a_thousand_tasks_due_together_all_run_in_order_of_registration() {
    async fn note(run: Run, log: State<Log>) {
        log.add(run.unit());
    }
    let log = Log::default();
    let host =
        (0..1_000).fold(Host::new(log.clone()), |host, n| host.task(format!("t{n:04}"), every(SECOND), note));
    let mut test = TestHost::start(host).unwrap();
    test.advance(SECOND);
    let seen = log.all();
    assert_eq!(seen.len(), 1_000);
    assert!(seen.is_sorted());
}

#[test]
fn a_thousand_waiting_tasks_are_one_sleeper() {
    let host = (0..1_000)
        .fold(Host::new(Counter::default()), |host, n| host.task(format!("t{n}"), every(HOUR), count));
    let mut test = TestHost::start(host).unwrap();
    let alive = test.block_on(async { tokio::runtime::Handle::current().metrics().num_alive_tasks() });
    assert!(alive < 10, "{alive} tokio tasks");
}

#[test]
fn retries_are_jittered_unless_told_otherwise() {
    async fn fail(run: Run, log: State<Log>, clock: Clock) -> Result<(), &'static str> {
        if run.attempt() == 2 {
            log.add(clock.wall().as_millisecond().to_string());
        }
        Err("no")
    }
    let log = Log::default();
    let plan = || every(HOUR).first(First::Now).attempts(2).backoff(Backoff::constant(MINUTE));
    let host = (0..20).fold(Host::new(log.clone()), |host, n| host.task(format!("t{n}"), plan(), fail));
    let mut test = TestHost::start(host).unwrap();
    test.advance(2 * MINUTE);
    let times: std::collections::BTreeSet<String> = log.all().into_iter().collect();
    assert!(times.len() > 5, "{times:?}");
}

#[test]
fn a_handler_sees_its_host() {
    async fn look(host: HostHandle, log: State<Log>) {
        log.add(host.unit("look").unwrap().kind.to_string());
        log.add(host.units().len().to_string());
    }
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).task("look", every(SECOND), look)).unwrap();
    test.advance(SECOND);
    assert_eq!(log.all(), ["interval", "1"]);
}
