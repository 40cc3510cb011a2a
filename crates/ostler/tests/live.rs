//! Live options: what a change of them does to units that run, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::queue::{self, Full, Queue, TrySendError};
use ostler::testing::TestHost;
use ostler::{
    Clock, First, HOUR, Host, MINUTE, Options, Run, RunOutcome, SECOND, Snapshot, State, Status,
    Subscription, UnitState, after_completion, cron, every, poke,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq)]
struct Settings {
    period: Duration,
    enabled: bool,
    timeout: Duration,
    attempts: u32,
    workers: usize,
    full: Full,
    text: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            period: MINUTE,
            enabled: true,
            timeout: HOUR,
            attempts: 1,
            workers: 2,
            full: Full::Wait,
            text: "first".to_owned(),
        }
    }
}

#[derive(Clone)]
struct App {
    options: Options<Settings>,
    log: Log,
}

ostler::state! { App { options: Options<Settings>, log: Log } }

fn app() -> (Options<Settings>, Log, App) {
    let (options, log) = (Options::new(Settings::default()), Log::default());
    (options.clone(), log.clone(), App { options, log })
}

/// The options with one of them changed.
fn set(options: &Options<Settings>, change: impl FnOnce(&mut Settings)) -> Result<bool, ostler::ConfigError> {
    let mut settings = Settings::clone(&options.get());
    change(&mut settings);
    options.replace(settings)
}

/// Says at which second of the hour it runs.
async fn note(clock: Clock, log: State<Log>) {
    let time = clock.wall().strftime("%M:%S").to_string();
    log.add(time);
}

#[test]
fn another_period_applies_to_the_wait_that_is_going_on() {
    let (options, log, app) = app();
    let host = Host::new(app).task("rate", every(options.map(|o| o.period)), note);
    let mut test = TestHost::start(host).unwrap();
    test.advance(20 * SECOND);
    // Longer: the tick at 1:00 becomes one at 2:00.
    set(&options, |o| o.period = 2 * MINUTE).unwrap();
    test.advance(MINUTE);
    assert!(log.all().is_empty());
    test.advance(40 * SECOND);
    assert_eq!(log.all(), ["02:00"]);
    // Shorter, and the new tick has passed: now, and on the grid from there.
    test.advance(30 * SECOND);
    set(&options, |o| o.period = 10 * SECOND).unwrap();
    test.run_until_idle();
    assert_eq!(log.all(), ["02:00", "02:30"]);
    test.advance(20 * SECOND);
    assert_eq!(log.all(), ["02:00", "02:30", "02:40", "02:50"]);
    let next = test.unit("rate").next_run.unwrap();
    assert_eq!(next.duration_since(test.clock().wall()).as_secs(), 10);
    test.stop().unwrap();
}

#[test]
fn another_delay_counts_from_the_end_of_the_last_run() {
    let (options, log, app) = app();
    let plan = after_completion(options.map(|o| o.period)).first(First::Now);
    let mut test = TestHost::start(Host::new(app).task("delay", plan, note)).unwrap();
    test.advance(10 * SECOND);
    set(&options, |o| o.period = 15 * SECOND).unwrap();
    test.advance(10 * SECOND);
    assert_eq!(log.all(), ["00:00", "00:15"]);
    test.stop().unwrap();
}

#[test]
fn a_zero_period_is_refused_at_start_and_as_a_change_and_the_last_good_one_stays() {
    let (options, log, app) = app();
    set(&options, |o| o.period = Duration::ZERO).unwrap();
    let host = |app: &App| Host::new(app.clone()).task("rate", every(app.options.map(|o| o.period)), note);
    let error = TestHost::start(host(&app)).unwrap_err();
    assert_eq!(error.registration_errors()[0].field(), "period");

    let options = Options::new(Settings::default());
    let app = App { options: options.clone(), ..app };
    let mut test = TestHost::start(host(&app)).unwrap();
    let error = set(&options, |o| (o.period, o.attempts) = (Duration::ZERO, 7)).unwrap_err();
    assert_eq!(error.to_string(), "unit `rate`, period: must be longer than zero");
    assert_eq!(options.get().attempts, 1, "refused as a whole");
    test.advance(2 * MINUTE);
    assert_eq!(log.all(), ["01:00", "02:00"]);
    test.stop().unwrap();
}

#[test]
fn every_setting_that_a_plan_would_refuse_at_start_is_refused_as_a_change_all_at_once() {
    async fn take(_: u32) {}
    let (options, _, app) = app();
    let (_queue, items) = queue::bounded::<u32>(10);
    let plan = every(options.map(|o| o.period))
        .jitter(10 * SECOND)
        .attempts(options.map(|o| o.attempts))
        .timeout(options.map(|o| o.timeout))
        .deadline(options.map(|o| o.timeout));
    let host = Host::new(app).task("rate", plan, note).consume(
        "crew",
        items.workers(options.map(|o| o.workers)),
        take,
    );
    let test = TestHost::start(host).unwrap();
    let error = set(&options, |o| {
        (o.period, o.attempts, o.timeout, o.workers) = (5 * SECOND, 0, Duration::ZERO, 0);
    })
    .unwrap_err();
    let problems: Vec<&str> = error.problems().iter().map(|problem| problem.message()).collect();
    assert_eq!(
        problems,
        [
            "unit `rate`, timeout: must be longer than zero",
            "unit `rate`, deadline: must be longer than zero",
            "unit `rate`, attempts: must be 1 or more; 1 means no retry",
            "unit `rate`, jitter: must be shorter than the period, or ticks would be skipped",
            "unit `crew`, workers: must be 1 to 10000",
        ]
    );
    test.stop().unwrap();
}

#[test]
fn a_disabled_task_begins_no_run_and_an_enabled_one_begins_at_once() {
    let (options, log, app) = app();
    let plan = every(options.map(|o| o.period)).enabled(options.map(|o| o.enabled));
    let mut test = TestHost::start(Host::new(app).task("rate", plan, note)).unwrap();
    test.advance(MINUTE + 10 * SECOND);
    set(&options, |o| o.enabled = false).unwrap();
    test.run_until_idle();
    let unit = test.unit("rate");
    assert_eq!((unit.state, unit.enabled, unit.next_run), (UnitState::Running, false, None));
    let refused = test.trigger("rate").unwrap_err();
    assert!(refused.is_not_possible() && refused.to_string().contains("disabled"), "{refused}");
    test.advance(10 * MINUTE);
    assert_eq!(log.all(), ["01:00"]);
    set(&options, |o| o.enabled = true).unwrap();
    test.run_until_idle();
    assert_eq!(log.all(), ["01:00", "11:10"], "at once");
    test.advance(MINUTE);
    assert_eq!(log.all(), ["01:00", "11:10", "12:10"], "and on a grid from there");
    assert!(test.unit("rate").enabled);
    test.stop().unwrap();
}

#[test]
fn a_task_that_starts_disabled_waits_to_be_enabled_and_one_that_is_paused_too_waits_for_both() {
    let (options, log, app) = app();
    set(&options, |o| o.enabled = false).unwrap();
    let plan = every(MINUTE).first(First::Now).enabled(options.map(|o| o.enabled));
    let daily = cron("0 0 * * * *", "UTC").enabled(options.map(|o| o.enabled));
    let host = Host::new(app).task("rate", plan, note).task("hourly", daily, note);
    let mut test = TestHost::start(host).unwrap();
    test.advance(3 * MINUTE);
    assert!(log.all().is_empty(), "{:?}", log.all());
    assert!(!test.unit("rate").enabled);
    let handle = test.handle().clone();
    test.settle(handle.pause("rate")).unwrap();
    set(&options, |o| o.enabled = true).unwrap();
    test.run_until_idle();
    assert!(log.all().is_empty(), "it is still paused");
    assert!(test.unit("hourly").next_run.is_some(), "cron waits for its next occurrence");
    test.settle(handle.resume("rate")).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["04:00"]);
    // The other way round: paused and disabled, then resumed.
    set(&options, |o| o.enabled = false).unwrap();
    test.settle(handle.pause("rate")).unwrap();
    test.settle(handle.resume("rate")).unwrap();
    test.advance(5 * MINUTE);
    assert_eq!(log.all(), ["04:00"], "resumed by hand, and still disabled");
    test.stop().unwrap();
}

#[test]
fn a_run_that_waits_for_the_running_one_is_given_up_when_its_task_is_disabled() {
    async fn slow(clock: Clock, log: State<Log>) {
        log.add("run");
        clock.sleep(90 * SECOND).await;
    }
    let (options, log, app) = app();
    let plan = every(MINUTE).first(First::Now).enabled(options.map(|o| o.enabled));
    let mut test = TestHost::start(Host::new(app).task("slow", plan, slow)).unwrap();
    test.advance(70 * SECOND);
    set(&options, |o| o.enabled = false).unwrap();
    test.advance(10 * MINUTE);
    assert_eq!(log.all(), ["run"]);
    assert_eq!(test.unit("slow").skipped, 1);
    assert_eq!(test.unit("slow").succeeded, 1, "the run that was going on ended as it would");
    test.stop().unwrap();
}

#[test]
fn timeout_and_attempts_are_read_for_each_run_and_stay_for_all_of_its_attempts() {
    async fn too_slow(run: Run, clock: Clock, log: State<Log>, options: State<Options<Settings>>) {
        log.add(format!("run {} attempt {}", run.id(), run.attempt()));
        if run.id() == 1 {
            // While the first run is going on: it is not concerned.
            set(&options, |o| (o.timeout, o.attempts) = (5 * SECOND, 1)).unwrap();
        }
        clock.sleep(HOUR).await;
    }
    let (options, log, app) = app();
    set(&options, |o| (o.timeout, o.attempts) = (10 * SECOND, 2)).unwrap();
    let plan = every(10 * MINUTE)
        .first(First::Now)
        .timeout(options.map(|o| o.timeout))
        .attempts(options.map(|o| o.attempts))
        .backoff(Backoff::constant(SECOND).jitter(0.0));
    let mut test = TestHost::start(Host::new(app).task("slow", plan, too_slow)).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["run 1 attempt 1", "run 1 attempt 2"]);
    assert_eq!(test.unit("slow").last_duration, Some(21 * SECOND));
    test.advance(10 * MINUTE);
    assert_eq!(log.all()[2..], ["run 2 attempt 1"]);
    assert_eq!(test.unit("slow").last_duration, Some(5 * SECOND));
    assert_eq!(test.unit("slow").last_outcome, Some(RunOutcome::TimedOut));
    test.stop().unwrap();
}

#[test]
fn a_run_sees_one_snapshot_in_all_of_its_attempts_and_the_next_run_another() {
    async fn look(
        run: Run,
        log: State<Log>,
        settings: Snapshot<Settings>,
        options: State<Options<Settings>>,
    ) -> Result<(), &'static str> {
        log.add(format!("{}.{} {}", run.id(), run.attempt(), settings.text));
        let text = format!("after {}.{}", run.id(), run.attempt());
        set(&options, |o| o.text = text).unwrap();
        if run.attempt() == 1 { Err("again") } else { Ok(()) }
    }
    async fn look_at_item(
        _: u32,
        run: Run,
        log: State<Log>,
        settings: Snapshot<Settings>,
        options: State<Options<Settings>>,
    ) -> Result<(), &'static str> {
        look(run, log, settings, options).await
    }
    let (_, log, app) = app();
    let quick = Backoff::constant(SECOND).jitter(0.0);
    let plan = every(MINUTE).attempts(2).backoff(quick);
    let mut test = TestHost::start(Host::new(app.clone()).task("task", plan, look)).unwrap();
    test.advance(2 * MINUTE + 10 * SECOND);
    assert_eq!(log.all(), ["1.1 first", "1.2 first", "2.1 after 1.2", "2.2 after 1.2"]);
    test.stop().unwrap();

    let (_, log, app) = self::app();
    let (queue, items) = queue::bounded(10);
    let plan = items.workers(1).attempts(2).backoff(quick);
    let mut test = TestHost::start(Host::new(app).consume("items", plan, look_at_item)).unwrap();
    queue.try_send(1).unwrap();
    queue.try_send(2).unwrap();
    test.advance(10 * SECOND);
    assert_eq!(log.all(), ["1.1 first", "1.2 first", "2.1 after 1.2", "2.2 after 1.2"]);
    test.stop().unwrap();
}

async fn busy(item: u32, clock: Clock, log: State<Log>) {
    log.add(format!("{item}"));
    clock.sleep(MINUTE).await;
}

#[test]
fn workers_follow_their_options_and_nothing_is_lost() {
    let (options, log, app) = app();
    let (queue, items) = queue::bounded(100);
    let plan = items.workers(options.map(|o| o.workers));
    let mut test = TestHost::start(Host::new(app).consume("crew", plan, busy)).unwrap();
    (0..20).for_each(|item| queue.try_send(item).unwrap());
    test.run_until_idle();
    assert_eq!(log.all().len(), 2);
    set(&options, |o| o.workers = 6).unwrap();
    test.run_until_idle();
    assert_eq!((log.all().len(), test.unit("crew").workers), (6, Some(6)));
    set(&options, |o| o.workers = 1).unwrap();
    test.run_until_idle();
    test.advance(MINUTE);
    assert_eq!(log.all().len(), 7, "those beyond left when they had finished");
    // By hand, until the options say otherwise.
    let handle = test.handle().clone();
    test.settle(handle.resize("crew", 3)).unwrap();
    set(&options, |o| o.text = "no matter".into()).unwrap();
    test.run_until_idle();
    assert_eq!(test.unit("crew").workers, Some(3));
    set(&options, |o| o.workers = 13).unwrap();
    test.advance(2 * MINUTE);
    assert_eq!(log.all().len(), 20);
    test.stop().unwrap();
}

#[test]
fn a_disabled_consumer_leaves_its_items_in_the_queue() {
    let (options, log, app) = app();
    set(&options, |o| o.enabled = false).unwrap();
    let (queue, items) = queue::bounded(100);
    let plan = items.workers(options.map(|o| o.workers)).enabled(options.map(|o| o.enabled));
    let mut test = TestHost::start(Host::new(app).consume("crew", plan, busy)).unwrap();
    (0..4).for_each(|item| queue.try_send(item).unwrap());
    // Also where it is resized meanwhile.
    set(&options, |o| o.workers = 3).unwrap();
    test.advance(MINUTE);
    assert_eq!((log.all().len(), test.unit("crew").enabled), (0, false));
    set(&options, |o| o.enabled = true).unwrap();
    test.run_until_idle();
    assert_eq!((log.all().len(), test.unit("crew").enabled), (3, true));
    set(&options, |o| o.enabled = false).unwrap();
    test.advance(5 * MINUTE);
    assert_eq!(log.all().len(), 3, "those in hand were finished, and no other was taken");
    // Paused by hand meanwhile, it waits for both.
    let handle = test.handle().clone();
    test.settle(handle.pause("crew")).unwrap();
    set(&options, |o| o.enabled = true).unwrap();
    test.run_until_idle();
    assert_eq!(log.all().len(), 3);
    test.settle(handle.resume("crew")).unwrap();
    test.run_until_idle();
    assert_eq!(log.all().len(), 4);
    test.stop().unwrap();
}

#[test]
fn a_paused_crew_takes_its_new_size_when_it_is_resumed() {
    for (before, after) in [(2, 8), (8, 2)] {
        let (options, log, app) = app();
        set(&options, |o| o.workers = before).unwrap();
        let (queue, items) = queue::bounded(100);
        let plan = items.workers(options.map(|o| o.workers));
        let mut test = TestHost::start(Host::new(app).consume("crew", plan, busy)).unwrap();
        let handle = test.handle().clone();
        test.settle(handle.pause("crew")).unwrap();
        set(&options, |o| o.workers = after).unwrap();
        test.run_until_idle();
        (0..20).for_each(|item| queue.try_send(item).unwrap());
        test.run_until_idle();
        assert!(log.all().is_empty(), "it is still paused");
        test.settle(handle.resume("crew")).unwrap();
        test.run_until_idle();
        assert_eq!((test.unit("crew").workers, log.all().len()), (Some(after), after));
        test.advance(10 * MINUTE);
        assert_eq!(log.all().len(), 20);
        test.stop().unwrap();
    }
}

#[test]
fn a_stop_does_not_wait_for_the_items_of_a_disabled_consumer() {
    let (options, _, app) = app();
    let (queue, items) = queue::bounded(100);
    let plan = items.workers(options.map(|o| o.workers)).enabled(options.map(|o| o.enabled));
    let mut test = TestHost::start(Host::new(app).consume("crew", plan, busy)).unwrap();
    set(&options, |o| o.enabled = false).unwrap();
    test.run_until_idle();
    (0..4).for_each(|item| queue.try_send(item).unwrap());
    let report = test.assert_shutdown_within(SECOND);
    assert_eq!(report.unit("crew").unwrap().items_left, 4, "left, and counted");
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn what_changes_between_a_plan_and_its_registration_counts_and_is_checked() {
    let (options, log, app) = app();
    let (queue, items) = queue::bounded(100);
    let rate = every(options.map(|o| o.period));
    let crew = items.workers(options.map(|o| o.workers));
    set(&options, |o| (o.period, o.workers) = (10 * SECOND, 5)).unwrap();
    let host = Host::new(app.clone()).task("rate", rate, note).consume("crew", crew, busy);
    let mut test = TestHost::start(host).unwrap();
    test.advance(25 * SECOND);
    assert_eq!(log.all(), ["00:10", "00:20"]);
    (0..9).for_each(|item| queue.try_send(item).unwrap());
    test.run_until_idle();
    assert_eq!(log.all().len(), 2 + 5);
    test.stop().unwrap();

    let (options, _, app) = self::app();
    let rate = every(options.map(|o| o.period)).attempts(options.map(|o| o.attempts));
    set(&options, |o| (o.period, o.attempts) = (Duration::ZERO, 0)).unwrap();
    let error = TestHost::start(Host::new(app).task("rate", rate, note)).unwrap_err();
    let fields: Vec<_> = error.registration_errors().iter().map(|mistake| mistake.field()).collect();
    assert_eq!(fields, ["attempts", "period"]);
}

#[test]
fn a_bad_value_that_is_being_judged_while_a_plan_is_registered_does_not_slip_in() {
    let (options, _, app) = app();
    let (begun, registered) = (Arc::new(Barrier::new(2)), Arc::new(AtomicBool::new(false)));
    let (judging, seen) = (Arc::clone(&begun), Arc::clone(&registered));
    // A check that gives the plan every chance to slip in while the value is being judged.
    let slow = options.map(move |o| {
        if o.period.is_zero() && !seen.load(Ordering::Acquire) {
            judging.wait();
            for _ in 0..200 {
                if !seen.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        o.enabled
    });
    let first = Host::new(app.clone()).task("slow", poke().enabled(slow), note);
    let (own, plan) = (options.clone(), every(options.map(|o| o.period)));
    let bad = std::thread::spawn(move || set(&own, |o| o.period = Duration::ZERO));
    begun.wait();
    let second = Host::new(app).task("rate", plan, note);
    registered.store(true, Ordering::Release);
    assert!(bad.join().unwrap().is_ok(), "nobody objects to it before the plan is there");
    let error = TestHost::start(second).expect_err("the plan cannot be started with it");
    assert_eq!(error.registration_errors()[0].field(), "period");
    drop(first);
}

#[test]
fn a_host_that_has_ended_refuses_nothing_any_more() {
    let (options, _, app) = app();
    let host = Host::new(app).task("rate", every(options.map(|o| o.period)), note);
    let test = TestHost::start(host).unwrap();
    assert!(set(&options, |o| o.period = Duration::ZERO).is_err());
    test.stop().unwrap();
    assert!(set(&options, |o| o.period = Duration::ZERO).is_ok());
}

#[test]
fn a_unit_that_is_switched_off_is_healthy_whatever_its_last_run_was() {
    async fn fails() -> Result<(), &'static str> {
        Err("no")
    }
    let (options, _, app) = app();
    let plan = every(MINUTE).first(First::Now).enabled(options.map(|o| o.enabled));
    let mut test = TestHost::start(Host::new(app).task("t", plan, fails)).unwrap();
    test.run_until_idle();
    assert_eq!(test.handle().health().status, Status::Degraded);
    set(&options, |o| o.enabled = false).unwrap();
    test.run_until_idle();
    assert_eq!(test.handle().health().status, Status::Healthy);
    test.stop().unwrap();
}

#[test]
fn options_that_change_while_the_host_stops_bring_nobody_back() {
    async fn slow(_: u32, clock: Clock) {
        clock.sleep(5 * SECOND).await;
    }
    let (options, _, app) = app();
    let (queue, items) = queue::bounded(100);
    let plan = items.workers(options.map(|o| o.workers)).enabled(options.map(|o| o.enabled));
    let task = every(SECOND).enabled(options.map(|o| o.enabled));
    let mut test =
        TestHost::start(Host::new(app.clone()).consume("crew", plan, slow).task("task", task, note)).unwrap();
    (0..4).for_each(|item| queue.try_send(item).unwrap());
    test.run_until_idle();
    let runs = app.log.all().len();
    test.handle().stop();
    test.run_until_idle();
    set(&options, |o| (o.enabled, o.workers) = (false, 50)).unwrap();
    test.run_until_idle();
    set(&options, |o| o.enabled = true).unwrap();
    let report = test.stop().unwrap();
    assert_eq!(report.unit("crew").unwrap().runs, 4, "what was accepted is worked off");
    assert_eq!(app.log.all().len(), runs);
}

#[test]
fn the_policy_of_a_full_queue_is_live() {
    let options = Options::new(Settings::default());
    let (queue, items): (Queue<u32>, _) = queue::bounded_with(1, options.map(|o| o.full));
    queue.try_send(1).unwrap();
    assert!(matches!(queue.try_send(2), Err(TrySendError::Full(2))));
    set(&options, |o| o.full = Full::DropOldest).unwrap();
    queue.try_send(3).unwrap();
    assert_eq!((items.try_recv(), queue.dropped()), (Some(3), 1));
    set(&options, |o| o.full = Full::DropNewest).unwrap();
    queue.try_send(4).unwrap();
    queue.try_send(5).unwrap();
    assert_eq!((items.try_recv(), queue.dropped()), (Some(4), 2));
}

// The options themselves

#[test]
fn equal_values_notify_nobody_and_another_one_everybody_once() {
    let options = Options::new(Settings::default());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let subscription = options.on_change(move |old, new| {
        assert_eq!((old.workers, new.workers), (2, 3));
        counted.fetch_add(1, Ordering::Relaxed);
    });
    assert!(!options.replace(Settings::default()).unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert!(set(&options, |o| o.workers = 3).unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    drop(subscription);
    assert!(set(&options, |o| o.workers = 4).unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 1, "one that has unsubscribed is called no more");
}

#[test]
fn a_call_that_panics_keeps_nothing_from_the_others_and_a_check_that_panics_refuses() {
    let options = Options::new(Settings::default());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    options.on_change(|_, _| panic!("listener")).forever();
    options
        .on_change(move |_, _| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .forever();
    set(&options, |o| o.workers = 3).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);

    // A plan that takes a value which cannot be made of the new options.
    let picky = options.map(|o| {
        assert!(o.workers < 10, "too many");
        o.period
    });
    let host = Host::new(App { options: options.clone(), log: Log::default() });
    let test = TestHost::start(host.task("rate", every(picky), note)).unwrap();
    let error = set(&options, |o| o.workers = 10).unwrap_err();
    assert!(error.to_string().contains("panicked: too many"), "{error}");
    assert_eq!(options.get().workers, 3);
    test.stop().unwrap();
}

#[test]
fn a_call_may_change_the_options_itself_and_everybody_is_told_of_both_changes_in_order() {
    let (options, log) = (Options::new(Settings::default()), Log::default());
    let (own, first, second) = (options.clone(), log.clone(), log.clone());
    let changes = move |_: &Settings, new: &Settings| {
        first.add(format!("first {}", new.workers));
        if new.workers == 3 {
            assert!(set(&own, |o| o.workers = 4).unwrap());
        }
    };
    options.on_change(changes).forever();
    options.on_change(move |_, new| second.add(format!("second {}", new.workers))).forever();
    set(&options, |o| o.workers = 3).unwrap();
    assert_eq!(log.all(), ["first 3", "second 3", "first 4", "second 4"]);
}

#[test]
fn a_subscription_that_is_dropped_by_another_call_is_called_no_more() {
    let options = Options::new(Settings::default());
    let second: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let dropped = Arc::clone(&second);
    options.on_change(move |_, _| drop(dropped.lock().unwrap().take())).forever();
    *second.lock().unwrap() = Some(options.on_change(|_, _| panic!("it is called")));
    let third = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&third);
    options
        .on_change(move |_, _| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .forever();
    set(&options, |o| o.workers = 3).unwrap();
    set(&options, |o| o.workers = 4).unwrap();
    assert_eq!(third.load(Ordering::Relaxed), 2);
}

#[test]
fn a_value_from_the_program_is_checked_as_one_from_a_file_and_leaves_the_files_trouble_alone() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Port {
        port: u16,
    }
    let file = std::env::temp_dir().join(format!("ostler-live-{}.toml", std::process::id()));
    std::fs::write(&file, "port = 1").unwrap();
    let options =
        Options::<Port>::builder().file(&file).variables([]).watch(false).validate(|o, problems| {
            if o.port == 0 {
                problems.add("port", "must be 1 or more");
            }
        });
    let options = options.load().unwrap();
    let mut test =
        TestHost::start(Host::new(()).options(&options).task("t", every(MINUTE), async || {})).unwrap();
    let trouble = |test: &TestHost| test.handle().health().status;
    assert_eq!(options.replace(Port { port: 0 }).unwrap_err().to_string(), "`port`: must be 1 or more");
    assert_eq!(trouble(&test), Status::Healthy, "whoever offered it was answered");
    std::fs::write(&file, "prot = 2").unwrap();
    options.reload().unwrap_err();
    assert!(options.replace(Port { port: 3 }).unwrap());
    test.run_until_idle();
    assert_eq!((trouble(&test), options.get().port), (Status::Degraded, 3), "the file is as it was");
    std::fs::remove_file(&file).unwrap();
    test.stop().unwrap();
}

#[test]
fn what_a_plan_refuses_is_told_with_the_place_in_the_file() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Periods {
        seconds: u64,
        other: u64,
    }
    let file = std::env::temp_dir().join(format!("ostler-place-{}.toml", std::process::id()));
    std::fs::write(&file, "seconds = 5").unwrap();
    let options = Options::<Periods>::builder().file(&file).variables([]).watch(false).load().unwrap();
    let plan = every(options.map(|o| Duration::from_secs(o.seconds)));
    let test = TestHost::start(Host::new(()).task("rate", plan, async || {})).unwrap();
    std::fs::write(&file, "\nseconds = 0").unwrap();
    let told = |options: &Options<Periods>| {
        let error = options.reload().unwrap_err().to_string();
        error.replace(&format!("{}/", std::env::temp_dir().display()), "")
    };
    let name = file.file_name().unwrap().to_str().unwrap();
    let refused = "unit `rate`, period: must be longer than zero";
    assert_eq!(told(&options), format!("{name}:2:11: `seconds`: {refused}"));
    std::fs::write(&file, "seconds = 0\nother = 1").unwrap();
    assert_eq!(told(&options), format!("{name}:1:11, {name}:2:9: {refused}"), "one of the two");
    std::fs::remove_file(&file).unwrap();
    test.stop().unwrap();
}

#[test]
fn a_check_that_wants_other_options_is_refused_and_waits_for_nobody() {
    let options = Options::new(Settings::default());
    let own = options.clone();
    let period = options.map(move |o| {
        if o.workers == 3 {
            assert!(own.replace(Settings::default()).is_err());
        }
        o.period
    });
    let host = Host::new(App { options: options.clone(), log: Log::default() });
    let test = TestHost::start(host.task("rate", every(period), note)).unwrap();
    assert!(set(&options, |o| o.workers = 3).unwrap());
    test.stop().unwrap();
}

#[tokio::test]
async fn a_live_value_can_be_waited_for() {
    let options = Options::new(Settings::default());
    let workers = options.map(|o| o.workers);
    let waits = tokio::spawn(async move { workers.changed(&2).await });
    tokio::task::yield_now().await;
    set(&options, |o| o.text = "another".into()).unwrap();
    tokio::task::yield_now().await;
    assert!(!waits.is_finished(), "the value is the same");
    set(&options, |o| o.workers = 9).unwrap();
    assert_eq!(waits.await.unwrap(), 9);
    // What has changed already is there at once.
    assert_eq!(options.map(|o| o.workers).changed(&2).await, 9);
}

#[test]
fn what_is_used_at_the_start_is_returned_and_stays() {
    let options = Options::new(Settings::default());
    assert_eq!(options.at_start("workers", |o| o.workers), 2);
    set(&options, |o| o.workers = 3).unwrap();
}

#[test]
fn a_task_is_late_as_its_plan_says() {
    async fn stuck_once(run: Run, clock: Clock) {
        if run.id() == 2 {
            clock.sleep(20 * MINUTE).await;
        }
    }
    let (options, _, app) = app();
    let plan = every(MINUTE).late_after(5 * MINUTE).enabled(options.map(|o| o.enabled));
    let default = every(MINUTE);
    let host = Host::new(app).task("stuck", plan, stuck_once).task("long", default, stuck_once);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(test.unit("stuck").late, None, "it has not run yet");
    test.advance(MINUTE);
    test.advance(5 * MINUTE);
    assert_eq!(test.unit("stuck").late, None);
    test.advance(MINUTE);
    assert_eq!(test.unit("stuck").late, Some(MINUTE), "its last run ended six minutes ago");
    assert_eq!(test.unit("long").late, None, "a run is going on, and nothing says that it takes too long");
    // Nobody expects a run of one that is disabled, and the count begins anew when it is enabled.
    set(&options, |o| o.enabled = false).unwrap();
    test.run_until_idle();
    assert_eq!(test.unit("stuck").late, None);
    test.advance(HOUR);
    set(&options, |o| o.enabled = true).unwrap();
    test.advance(4 * MINUTE);
    assert_eq!(test.unit("stuck").late, None);
    test.stop().unwrap();
}

#[test]
fn a_task_that_never_runs_is_late_from_the_begin_of_its_schedule() {
    let (_, _, app) = app();
    let plan = every(HOUR).late_after(5 * MINUTE);
    let mut test = TestHost::start(Host::new(app).task("rare", plan, note)).unwrap();
    test.advance(5 * MINUTE);
    assert_eq!(test.unit("rare").late, None);
    test.advance(SECOND);
    assert_eq!(test.unit("rare").late, Some(SECOND));
    let error =
        TestHost::start(Host::new(()).task("bad", every(HOUR).late_after(Duration::ZERO), async || {}));
    assert_eq!(error.unwrap_err().registration_errors()[0].field(), "late_after");
    test.stop().unwrap();
}
