//! Health on the virtual clock: checks, what units say of themselves, what follows without any code, and the history.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, First, Health, HealthEntry, HealthKind, Host, HostHandle, MINUTE, Options,
    Restart, SECOND, Service, State, Status, Stop, blocking, check, every, queue, unit,
};

async fn until_stopped(stop: Stop) {
    stop.requested().await;
}

fn host<S: Send + Sync + 'static>(state: S) -> Host<S> {
    Host::new(state).service("idle", until_stopped)
}

#[track_caller]
fn entry(host: &HostHandle, kind: HealthKind, name: &str) -> HealthEntry {
    let found = host.health().entries.into_iter().find(|entry| entry.kind == kind && entry.name == name);
    found.unwrap_or_else(|| panic!("no {kind} is called `{name}`"))
}

/// A part's status and reason.
#[track_caller]
fn of(test: &TestHost, kind: HealthKind, name: &str) -> (Status, String) {
    let entry = entry(test.handle(), kind, name);
    (entry.status, entry.reason.unwrap_or_default())
}

/// Says on which second of the minute it runs.
async fn note(clock: Clock, log: State<Log>) {
    log.add(clock.wall().strftime("%S").to_string());
}

// Checks

#[test]
fn a_check_runs_when_the_host_is_ready_and_then_a_period_after_each_end() {
    async fn slow(clock: Clock, log: State<Log>) {
        log.add(clock.wall().strftime("%M:%S").to_string());
        clock.sleep(2 * SECOND).await;
    }
    async fn warm_up(clock: Clock) {
        clock.sleep(5 * SECOND).await;
    }
    let log = Log::default();
    let host =
        host(log.clone()).service(unit("warm").init(), warm_up).check(check("db").every(10 * SECOND), slow);
    let mut test = TestHost::start(host).unwrap();
    test.advance(4 * SECOND);
    assert!(log.all().is_empty(), "the host is starting");
    test.advance(26 * SECOND);
    assert_eq!(log.all(), ["00:05", "00:17", "00:29"]);
    let entry = entry(test.handle(), HealthKind::Check, "db");
    assert_eq!((entry.age, entry.took), (Some(11 * SECOND), Some(2 * SECOND)));
    test.stop().unwrap();
}

#[test]
fn however_often_health_is_asked_for_a_check_runs_once_a_period() {
    let log = Log::default();
    let mut test = TestHost::start(host(log.clone()).check(check("db").every(10 * SECOND), note)).unwrap();
    for _ in 0..300 {
        test.advance(SECOND / 10);
        assert_eq!(test.handle().health().status, Status::Healthy);
    }
    assert_eq!(log.all(), ["00", "10", "20", "30"]);
    test.stop().unwrap();
}

#[test]
fn a_hanging_check_never_delays_another() {
    let log = Log::default();
    let host = host(log.clone())
        .check(check("hangs").timeout(30 * SECOND), std::future::pending::<()>)
        .check(check("quick").every(10 * SECOND), note);
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(20));
    test.advance(50 * SECOND);
    assert_eq!(log.all(), ["00", "10", "20", "30", "40", "50"]);
    test.stop().unwrap();
}

#[test]
fn a_run_is_dropped_at_its_timeout_and_not_before() {
    struct Dropped(Log);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    async fn hangs(log: State<Log>) {
        let _dropped = Dropped(log.0.clone());
        std::future::pending::<()>().await;
    }
    let log = Log::default();
    let mut test = TestHost::start(host(log.clone()).check(check("db").timeout(SECOND), hangs)).unwrap();
    test.quiet_after(Duration::from_millis(20));
    test.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(of(&test, HealthKind::Check, "db").0, Status::Healthy);
    assert!(log.all().is_empty());
    test.advance(Duration::from_nanos(1));
    assert_eq!(of(&test, HealthKind::Check, "db"), (Status::Unhealthy, "timed out after 1s".into()));
    assert_eq!(log.all(), ["dropped"]);
    test.stop().unwrap();
}

#[test]
fn no_check_goes_on_or_begins_while_the_host_stops() {
    async fn slow_to_stop(stop: Stop, clock: Clock) {
        stop.requested().await;
        clock.sleep(20 * SECOND).await;
    }
    struct Dropped(Log);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    async fn slow(log: State<Log>, clock: Clock) {
        let _dropped = Dropped(log.0.clone());
        clock.sleep(10 * SECOND).await;
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .service("slow", slow_to_stop)
        .check(check("quick").every(SECOND), note)
        .check(check("slow").timeout(MINUTE), slow);
    let mut test = TestHost::start(host).unwrap();
    test.handle().stop();
    test.run_until_idle();
    assert_eq!(log.all(), ["00", "dropped"]);
    test.advance(10 * SECOND);
    assert_eq!(log.all(), ["00", "dropped"]);
    test.stop().unwrap();
}

#[test]
fn a_blocking_call_that_does_not_return_keeps_the_next_run_from_beginning_another() {
    let (release, wait) = mpsc::channel::<()>();
    let calls = Arc::new(AtomicUsize::new(0));
    let (counter, wait) = (Arc::clone(&calls), Arc::new(Mutex::new(wait)));
    let host = host(()).check(check("disk").every(SECOND).timeout(SECOND), move || {
        let (counter, wait) = (Arc::clone(&counter), Arc::clone(&wait));
        blocking(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = wait.lock().unwrap().recv();
        })
    });
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(20));
    test.advance(MINUTE);
    assert_eq!(of(&test, HealthKind::Check, "disk"), (Status::Unhealthy, "timed out after 1s".into()));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    drop(release);
    // Calls return in real time, of which each look gives them some.
    let mut looks = 0;
    while of(&test, HealthKind::Check, "disk").0 != Status::Healthy {
        looks += 1;
        assert!(looks < 10_000, "no run begins after the call has returned");
        test.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
        test.advance(SECOND / 2);
    }
    assert!(calls.load(Ordering::Relaxed) > 1);
    test.stop().unwrap();
}

#[test]
fn a_check_that_leaves_a_blocking_call_behind_is_late_when_that_does_not_return() {
    let (release, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let host = host(()).check(check("disk").every(10 * SECOND).timeout(SECOND), move || {
        let wait = Arc::clone(&wait);
        async move {
            let (begins, began) = tokio::sync::oneshot::channel();
            let call = blocking(move || {
                let _ = begins.send(());
                wait.lock().unwrap().recv()
            });
            // One that has begun cannot be dropped.
            tokio::select! {
                _ = call => {}
                _ = began => {}
            }
        }
    });
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(20));
    let disk = |test: &TestHost| of(test, HealthKind::Check, "disk");
    test.advance(21 * SECOND);
    assert_eq!(disk(&test), (Status::Healthy, String::new()), "it was due at ten, and may be eleven late");
    test.advance(SECOND);
    assert_eq!(disk(&test), (Status::Unhealthy, "it should have run 12s ago".into()));
    drop(release);
    // The call returns in real time, of which each look gives it some.
    let mut looks = 0;
    while disk(&test).0 != Status::Healthy {
        looks += 1;
        assert!(looks < 10_000, "no run begins after the call has returned");
        test.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
        test.advance(SECOND / 2);
    }
    test.stop().unwrap();
}

#[test]
fn a_period_from_options_applies_to_the_wait_in_progress_and_zero_is_refused() {
    let log = Log::default();
    let period = Options::new(MINUTE);
    let host = host(log.clone()).check(check("db").every(period.map(|period| *period)), note);
    let mut test = TestHost::start(host).unwrap();
    test.advance(20 * SECOND);
    assert!(period.replace(Duration::ZERO).is_err());
    assert_eq!(of(&test, HealthKind::Options, "options").0, Status::Degraded);
    assert!(period.replace(15 * SECOND).unwrap());
    test.run_until_idle();
    assert_eq!(log.all(), ["00", "20"], "it was due five seconds ago");
    test.advance(15 * SECOND);
    assert_eq!(log.all(), ["00", "20", "35"]);
    assert_eq!(test.handle().health().status, Status::Healthy);
    test.stop().unwrap();
}

#[test]
fn what_is_wrong_with_checks_and_limits_is_told_at_once_with_the_rest() {
    let zero = Duration::ZERO;
    let host = Host::new(())
        .task("t", every(zero), async || ())
        .check(check("two words").every(zero).timeout(zero), async || ())
        .check(check("db").failure(Status::Healthy).tag("a b"), async |_ready: ostler::Ready| ())
        .live_within(zero)
        .health_file("/");
    let error = TestHost::start(host).unwrap_err();
    let mistakes: Vec<String> = error.registration_errors().iter().map(ToString::to_string).collect();
    let expected = [
        "check: `db`: a check is no unit; only a service takes `Ready`",
        "live_within: `live_within` must be longer than zero",
        "health_file: must be the path of a file",
        "check: `two words`: its name must be 1 to 128 characters of A-Z a-z 0-9 _ . : -",
        "check: `two words`: `every` must be longer than zero",
        "check: `two words`: `timeout` must be longer than zero",
        "check: `db`: `failure` must be Degraded or Unhealthy",
        "check: `db`: the tag `a b` must be 1 to 128 characters of A-Z a-z 0-9 _ . : -",
    ];
    assert_eq!(mistakes[..expected.len()], expected);
    assert_eq!(error.registration_errors().last().unwrap().unit(), "t");
}

#[test]
fn a_check_is_no_unit() {
    let test = TestHost::start(host(()).check("db", async || ()).check("idle", async || ())).unwrap();
    let names: Vec<String> = test.handle().units().into_iter().map(|unit| unit.name).collect();
    assert_eq!(names, ["idle"]);
    assert!(test.handle().unit("db").is_none());
    let report = test.stop().unwrap();
    assert_eq!(report.units().len(), 1);
}

#[test]
fn a_check_that_takes_health_is_told_why_it_cannot() {
    let test = TestHost::start(host(()).check("db", async |health: Health| health.healthy())).unwrap();
    let (status, reason) = of(&test, HealthKind::Check, "db");
    assert_eq!(status, Status::Unhealthy);
    assert_eq!(
        reason,
        "the scope could not be made: a check says how it is by what it returns, and takes no `Health`"
    );
    test.stop().unwrap();
}

#[test]
fn what_a_check_says_is_one_line() {
    async fn db() -> Result<(), BoxError> {
        Err("bad\nHealthy\u{1b}[2J".into())
    }
    let test = TestHost::start(host(()).check("db", db)).unwrap();
    assert_eq!(of(&test, HealthKind::Check, "db").1, "bad\\nHealthy\\u{1b}[2J");
    test.stop().unwrap();
}

// What units say of themselves

/// Lets a test speak for a service.
#[derive(Clone, Default)]
struct Mouth(Arc<Mutex<Vec<Health>>>);

impl Mouth {
    fn of_instance(&self, number: usize) -> Health {
        self.0.lock().unwrap()[number].clone()
    }
}

async fn speaks(health: Health, mouth: State<Mouth>, stop: Stop) {
    mouth.0.0.lock().unwrap().push(health);
    stop.requested().await;
}

fn in_ten_seconds() -> Restart {
    Restart::on_failure().budget(3, MINUTE).backoff(Backoff::constant(10 * SECOND).jitter(0.0))
}

#[test]
fn the_word_of_a_service_stands_until_it_says_another_or_is_launched_again() {
    let mouth = Mouth::default();
    let host = Host::new(mouth.clone()).service(unit("feed").restart(in_ten_seconds()), speaks);
    let mut test = TestHost::start(host).unwrap();
    let first = mouth.of_instance(0);
    let feed = |test: &TestHost| of(test, HealthKind::Unit, "feed");
    assert_eq!(feed(&test).0, Status::Healthy);
    first.degraded("slow");
    assert_eq!(feed(&test), (Status::Degraded, "unit `feed`: slow".into()));
    first.unhealthy("the upstream is away");
    test.advance(10 * SECOND);
    assert_eq!(feed(&test), (Status::Unhealthy, "unit `feed`: the upstream is away".into()));
    assert_eq!(entry(test.handle(), HealthKind::Unit, "feed").age, Some(10 * SECOND));
    assert_eq!(test.handle().health().status, Status::Unhealthy);
    first.healthy();
    assert_eq!(feed(&test), (Status::Healthy, String::new()));

    first.unhealthy("the upstream is away");
    let handle = test.handle().clone();
    test.settle(handle.restart("feed")).unwrap();
    assert_eq!(feed(&test), (Status::Healthy, String::new()));
    first.unhealthy("too late");
    assert_eq!(feed(&test).0, Status::Healthy, "an earlier instance is not heard");
    mouth.of_instance(1).degraded("slow again");
    assert_eq!(feed(&test).1, "unit `feed`: slow again");
    test.stop().unwrap();
}

#[test]
fn a_mounted_value_and_a_task_can_say_how_they_are_too() {
    struct Feed;
    impl Service<Mouth> for Feed {
        async fn run(&self, cx: Context<Mouth>) -> Result<(), BoxError> {
            cx.health().degraded("slow");
            cx.stop().requested().await;
            Ok(())
        }
    }
    let host = Host::new(Mouth::default()).mount("feed", Feed).task(
        "t",
        every(MINUTE).first(First::Now),
        async |health: Health| health.unhealthy("no room"),
    );
    let mut test = TestHost::start(host).unwrap();
    test.run_until_idle();
    assert_eq!(of(&test, HealthKind::Unit, "feed").1, "unit `feed`: slow");
    assert_eq!(of(&test, HealthKind::Unit, "t"), (Status::Unhealthy, "unit `t`: no room".into()));
    test.stop().unwrap();
}

// What follows without any code

#[test]
fn restarts_degrade_a_unit_as_long_as_the_window_of_its_budget_lasts() {
    let mut test =
        TestHost::start(Host::new(()).service(unit("s").restart(in_ten_seconds()), until_stopped)).unwrap();
    test.crash("s").unwrap();
    assert_eq!(of(&test, HealthKind::Unit, "s"), (Status::Degraded, "unit `s` is restarting".into()));
    test.advance(10 * SECOND);
    assert_eq!(of(&test, HealthKind::Unit, "s").1, "`s` restarted once within the last 60s");
    test.crash("s").unwrap();
    test.advance(10 * SECOND);
    let twice = (Status::Degraded, "`s` restarted 2 times within the last 60s".into());
    assert_eq!(of(&test, HealthKind::Unit, "s"), twice);
    test.advance(50 * SECOND);
    assert_eq!(of(&test, HealthKind::Unit, "s").1, "`s` restarted once within the last 60s");
    test.advance(10 * SECOND);
    assert_eq!(of(&test, HealthKind::Unit, "s"), (Status::Healthy, String::new()));

    test.crash("s").unwrap();
    test.advance(10 * SECOND);
    assert_eq!(of(&test, HealthKind::Unit, "s").0, Status::Degraded);
    let handle = test.handle().clone();
    test.settle(handle.restart("s")).unwrap();
    assert_eq!(of(&test, HealthKind::Unit, "s").0, Status::Healthy, "by hand its budget is whole again");
    test.stop().unwrap();
}

#[test]
fn a_failed_run_a_paused_and_a_stopped_unit_mean_what_they_should() {
    let failing = async || Err::<(), BoxError>("no pulse".into());
    let host = host(()).task("beat", every(MINUTE).first(First::Now), failing);
    let mut test = TestHost::start(host).unwrap();
    let beat = (Status::Degraded, "the last run of `beat` failed".to_owned());
    assert_eq!(of(&test, HealthKind::Unit, "beat"), beat);
    let handle = test.handle().clone();
    test.settle(handle.pause("beat")).unwrap();
    assert_eq!(of(&test, HealthKind::Unit, "beat").0, Status::Healthy);
    test.settle(handle.resume("beat")).unwrap();
    assert_eq!(of(&test, HealthKind::Unit, "beat"), beat);
    test.settle(handle.stop_unit("beat")).unwrap();
    assert_eq!(handle.health().status, Status::Healthy);
    test.stop().unwrap();
}

#[test]
fn a_queue_that_is_nearly_full_degrades_its_consumer() {
    async fn handle(_: u32, clock: Clock) {
        clock.sleep(SECOND).await;
    }
    let (sender, items) = queue::bounded::<u32>(20);
    let mut test = TestHost::start(Host::new(sender.clone()).consume("mails", items, handle)).unwrap();
    (0..17).for_each(|item| sender.try_send(item).unwrap());
    assert_eq!(of(&test, HealthKind::Unit, "mails").0, Status::Healthy);
    sender.try_send(17).unwrap();
    let full = (Status::Degraded, "the queue of `mails` is nearly full: 18 of 20".to_owned());
    assert_eq!(of(&test, HealthKind::Unit, "mails"), full);
    test.advance(SECOND);
    assert_eq!(of(&test, HealthKind::Unit, "mails").0, Status::Healthy);
    test.stop().unwrap();
}

#[test]
fn options_that_cannot_be_used_degrade_the_host_and_recover() {
    let options = Options::new(10 * SECOND);
    let host = host(()).live_within(options.map(|limit| *limit));
    let test = TestHost::start(host).unwrap();
    assert!(options.replace(Duration::ZERO).is_err());
    let (status, reason) = of(&test, HealthKind::Options, "options");
    assert_eq!(status, Status::Degraded);
    assert_eq!(reason, "options `options`: `live_within` must be longer than zero");
    assert!(options.replace(20 * SECOND).unwrap());
    assert_eq!(of(&test, HealthKind::Options, "options"), (Status::Healthy, String::new()));
    test.stop().unwrap();
}

#[test]
fn a_host_that_does_not_run_takes_no_traffic_and_says_why() {
    let host = host(());
    let handle = host.handle();
    assert_eq!(handle.health().status, Status::Unhealthy);
    let test = TestHost::start(host).unwrap();
    assert_eq!(handle.health().status, Status::Healthy);
    handle.stop();
    let reason = entry(&handle, HealthKind::Host, "host").reason;
    assert_eq!(reason.as_deref(), Some("the host is stopping"), "the moment it is asked for");
    test.stop().unwrap();
    assert_eq!(handle.health().status, Status::Unhealthy);
}

// The history

#[test]
fn the_history_tells_what_changed_when_and_why() {
    let found = Arc::new(Mutex::new(Status::Healthy));
    let seen = Arc::clone(&found);
    let host = host(()).check(check("db").every(SECOND), move || {
        let status = *seen.lock().unwrap();
        async move { if status == Status::Healthy { status.into() } else { status.because("away") } }
    });
    let mut test = TestHost::start(host).unwrap();
    assert!(test.handle().health_changes().is_empty(), "to have started is no change");
    for status in [Status::Unhealthy, Status::Unhealthy, Status::Healthy] {
        *found.lock().unwrap() = status;
        test.advance(SECOND);
        test.handle().health_changes();
    }
    let told: Vec<String> = test
        .handle()
        .health_changes()
        .into_iter()
        .map(|change| {
            let at = change.at.strftime("%S").to_string();
            let (kind, name, from, to) = (change.kind, change.name, change.from, change.to);
            format!("{at} {kind} {name}: {from} -> {to} {}", change.reason.unwrap_or_default())
        })
        .collect();
    assert_eq!(told, ["03 check db: Unhealthy -> Healthy ", "01 check db: Healthy -> Unhealthy away"]);
    test.stop().unwrap();
}
