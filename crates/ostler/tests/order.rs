//! The order of the start and of the stop: `init` units, `after` edges, and readiness that is lost on the way.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::queue;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, DAY, Error, First, HOUR, Host, MINUTE, Ready, Restart, Run, SECOND, Service,
    Spent, State, Stop, StopReason, UnitEnd, UnitState, every, unit,
};
use tokio::sync::Notify;

/// A run of a task.
async fn note(run: Run, log: State<Log>) {
    log.add(run.unit());
}

/// A service that says when it is up and when it is told, and takes a second to stop.
async fn lives(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    let name = run.unit();
    log.add(format!("{name} up"));
    stop.requested().await;
    log.add(format!("{name} told"));
    clock.sleep(SECOND).await;
    log.add(format!("{name} down"));
}

/// As `lives`, and ready after five seconds.
async fn rises(run: Run, ready: Ready, stop: Stop, clock: Clock, log: State<Log>) {
    log.add(format!("{} up", run.unit()));
    clock.sleep(5 * SECOND).await;
    log.add(format!("{} ready", run.unit()));
    ready.notify();
    stop.requested().await;
}

async fn deaf() {
    std::future::pending::<()>().await;
}

/// What runs to its end before others start.
async fn migrate(run: Run, clock: Clock, log: State<Log>) {
    log.add(format!("{} begins", run.unit()));
    clock.sleep(3 * SECOND).await;
    log.add(format!("{} ends", run.unit()));
}

/// A mounted value that does one thing after the other, at so many seconds after its start.
struct Plays(&'static [(u64, Act)]);

#[derive(Clone, Copy)]
enum Act {
    Ready,
    NotReady,
    Fail,
    End,
}

impl Service<Log> for Plays {
    async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
        let name = cx.scope().run().unit().to_owned();
        cx.state().add(format!("{name} up"));
        let born = cx.clock().now();
        for &(at, act) in self.0 {
            cx.clock().sleep_until(born + Duration::from_secs(at)).await;
            match act {
                Act::Ready => cx.ready(),
                Act::NotReady => cx.not_ready("its line is cut"),
                Act::Fail => return Err(format!("{name} is broken").into()),
                Act::End => return Ok(()),
            }
        }
        cx.stop().requested().await;
        Ok(())
    }
}

fn state(test: &TestHost, name: &str) -> UnitState {
    test.unit(name).state
}

fn mistakes(host: Host<Log>) -> Vec<String> {
    let error = TestHost::start(host).unwrap_err();
    assert!(error.is_registration());
    assert_eq!(error.exit_code(), 78);
    error.registration_errors().iter().map(ToString::to_string).collect()
}

/// What a start ends with that fails only after a while.
fn failure(host: Host<Log>) -> Error {
    let mut test = match TestHost::start(host) {
        Err(error) => return error,
        Ok(test) => test,
    };
    test.advance(MINUTE);
    assert!(test.has_ended(), "the start hangs");
    test.stop().unwrap_err()
}

// Init units.

#[test]
fn init_units_run_one_after_the_other_in_order_and_before_everything_else() {
    struct Warm;
    impl Service<Log> for Warm {
        async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
            cx.state().add("warm begins");
            cx.clock().sleep(3 * SECOND).await;
            cx.state().add("warm ends");
            Ok(())
        }
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .service("door", lives)
        .task("task", every(HOUR).first(First::Now), note)
        .service(unit("migrate").init(), migrate)
        .mount(unit("warm").init(), Warm);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["migrate begins"]);
    assert_eq!((state(&test, "migrate"), test.unit("migrate").ready), (UnitState::Starting, false));
    assert_eq!(state(&test, "warm"), UnitState::Registered);
    test.advance(3 * SECOND);
    assert_eq!(log.all(), ["migrate begins", "migrate ends", "warm begins"]);
    assert_eq!((state(&test, "migrate"), test.unit("migrate").ready), (UnitState::Completed, true));
    assert_eq!(state(&test, "task"), UnitState::Registered);
    test.advance(3 * SECOND);
    assert_eq!(log.all(), ["migrate begins", "migrate ends", "warm begins", "warm ends", "task", "door up"]);
    let report = test.stop().unwrap();
    let unit = report.unit("migrate").unwrap();
    assert_eq!((unit.end, unit.took, report.exit_code()), (UnitEnd::Completed, Duration::ZERO, 0));
}

#[test]
fn an_init_unit_that_fails_fails_the_start_at_once_and_nothing_else_is_started() {
    async fn no_disk(run: Run, log: State<Log>) -> Result<(), &'static str> {
        log.add(run.unit());
        Err("the disk is full")
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .task("task", every(HOUR).first(First::Now), note)
        .service(unit("migrate").init(), no_disk)
        .service(unit("warm").init(), no_disk)
        .service("door", lives);
    let error = TestHost::start(host).unwrap_err();
    assert!(error.is_start());
    assert_eq!(format!("{error:?}"), "unit `migrate` did not start: the disk is full");
    assert_eq!(log.all(), ["migrate"], "it is not tried again");
    let report = error.report().unwrap();
    assert_eq!(report.unit("migrate").unwrap().end, UnitEnd::Failed);
    for name in ["task", "warm", "door"] {
        assert_eq!(report.unit(name).unwrap().end, UnitEnd::NotStarted);
    }
}

#[test]
fn the_start_timeout_of_an_init_unit_covers_all_of_it() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("quick").init().start_timeout(4 * SECOND), migrate)
        .service(unit("slow").init().start_timeout(2 * SECOND), migrate)
        .service("door", lives);
    let mut test = TestHost::start(host).unwrap();
    test.advance(5 * SECOND - Duration::from_millis(1));
    assert!(!test.has_ended());
    test.advance(Duration::from_millis(1));
    assert!(test.has_ended());
    let error = test.stop().unwrap_err();
    assert_eq!(format!("{error:?}"), "unit `slow` did not start: it was not ready within 2s");
    assert_eq!(log.all(), ["quick begins", "quick ends", "slow begins"]);
}

#[test]
fn init_is_refused_for_units_that_never_end_or_that_say_when_they_are_ready() {
    async fn take(_: u8) {}
    let (_queue, items) = queue::bounded(1);
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("fine").init(), migrate)
        .task(unit("task").init(), every(HOUR), note)
        .consume(unit("consumer").init(), items, take)
        .service(unit("says").init(), rises)
        .mount(unit("mount").init().readiness(), Plays(&[]))
        .service(unit("again").init().restart(Restart::always()), migrate);
    assert_eq!(
        mistakes(host),
        [
            "unit `task`, init: is for services and mounted values; this unit never runs to an end",
            "unit `consumer`, init: is for services and mounted values; this unit never runs to an end",
            "unit `says`, init: such a unit is ready when it has ended; it does not say so before",
            "unit `mount`, init: such a unit is ready when it has ended; it does not say so before",
            "unit `again`, restart: an `init` unit is not tried again; what may fail for a while is tried again \
             inside of it",
        ]
    );
    assert!(log.all().is_empty());
}

#[test]
fn a_host_with_nothing_but_init_units_ends_when_they_have() {
    let log = Log::default();
    let host = Host::new(log.clone()).service(unit("a").init(), migrate).service(unit("b").init(), migrate);
    let mut test = TestHost::start(host).unwrap();
    test.advance(6 * SECOND);
    assert!(test.has_ended());
    let report = test.stop().unwrap();
    assert_eq!((report.reason(), report.exit_code()), (Some(&StopReason::Completed), 0));
    assert!(report.units().iter().all(|unit| unit.end == UnitEnd::Completed));
    assert_eq!(log.all(), ["a begins", "a ends", "b begins", "b ends"]);
}

#[test]
fn an_edge_between_init_units_comes_before_their_order_of_registration() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("second").init().after("first"), migrate)
        .service(unit("first").init(), migrate);
    let mut test = TestHost::start(host).unwrap();
    test.advance(6 * SECOND);
    assert_eq!(log.all(), ["first begins", "first ends", "second begins", "second ends"]);
    test.stop().unwrap();
}

#[test]
fn an_init_unit_after_a_worker_runs_among_the_workers_and_the_doors_wait_for_its_end() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service("door", lives)
        .service(unit("warm").init().after("task"), migrate)
        .task("task", every(HOUR).first(First::Now), note);
    let mut test = TestHost::start(host).unwrap();
    test.advance(3 * SECOND);
    assert_eq!(log.all(), ["task", "warm begins", "warm ends", "door up"]);
    test.stop().unwrap();
}

// Edges.

#[test]
fn a_task_after_a_service_moves_to_the_doors_and_waits_until_the_service_is_ready() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .task(unit("task").after("http"), every(HOUR).first(First::Now), note)
        .task("plain", every(HOUR).first(First::Now), note)
        .service("http", rises);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["plain", "http up"]);
    assert_eq!(state(&test, "task"), UnitState::Registered);
    test.advance(5 * SECOND);
    assert_eq!(log.all(), ["plain", "http up", "http ready", "task"]);
    // It is a door now: told to stop before the workers, and before the door that it comes after.
    let report = test.stop().unwrap();
    let names: Vec<&str> = report.units().iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["task", "http", "plain"]);
}

#[test]
fn a_service_after_a_service_is_first_polled_when_the_other_is_ready_and_not_merely_up() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("last").after("middle"), lives)
        .service(unit("middle").after("first"), rises)
        .service("first", rises)
        .service("free", lives);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["first up", "free up"]);
    test.advance(5 * SECOND - Duration::from_millis(1));
    assert_eq!(log.all(), ["first up", "free up"]);
    test.advance(Duration::from_millis(1));
    assert_eq!(log.all(), ["first up", "free up", "first ready", "middle up"]);
    test.advance(5 * SECOND);
    assert_eq!(log.all(), ["first up", "free up", "first ready", "middle up", "middle ready", "last up"]);
    test.stop().unwrap();
}

#[test]
fn a_consumer_after_a_mounted_value_takes_its_first_item_when_that_is_ready() {
    async fn take(item: u32, log: State<Log>) {
        log.add(format!("item {item}"));
    }
    let log = Log::default();
    let (queue, items) = queue::bounded(10);
    queue.try_send(1).unwrap();
    let host = Host::new(log.clone())
        .consume(unit("consumer").after("store"), items, take)
        .mount(unit("store").readiness(), Plays(&[(5, Act::Ready)]));
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["store up"]);
    test.advance(5 * SECOND);
    assert_eq!(log.all(), ["store up", "item 1"]);
    test.stop().unwrap();
}

#[test]
fn a_unit_waits_for_all_that_it_comes_after() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("roof").after("left").after("right"), lives)
        .mount(unit("left").after("ground").readiness(), Plays(&[(1, Act::Ready)]))
        .mount(unit("right").after("ground").readiness(), Plays(&[(2, Act::Ready)]))
        .mount(unit("ground").readiness(), Plays(&[(1, Act::Ready)]));
    let mut test = TestHost::start(host).unwrap();
    test.advance(2 * SECOND);
    assert_eq!(log.all(), ["ground up", "left up", "right up"]);
    assert_eq!((state(&test, "left"), state(&test, "roof")), (UnitState::Running, UnitState::Registered));
    test.advance(SECOND);
    assert_eq!(log.all()[3..], ["roof up"]);
    test.stop().unwrap();
}

#[test]
fn one_that_completed_counts_as_ready_for_those_that_come_after_it() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("next").after("short"), lives)
        .mount("short", Plays(&[(0, Act::End)]));
    let test = TestHost::start(host).unwrap();
    assert_eq!((state(&test, "short"), state(&test, "next")), (UnitState::Completed, UnitState::Running));
    test.stop().unwrap();
}

#[test]
fn cycles_strangers_and_oneself_are_refused_by_name_and_nothing_is_started() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .task("fine", every(HOUR).first(First::Now), note)
        .service(unit("a").after("b"), lives)
        .task(unit("b").after("c"), every(HOUR).first(First::Now), note)
        .service(unit("c").after("a"), lives)
        .service(unit("self").after("self"), lives);
    assert_eq!(
        mistakes(host),
        [
            "unit `a`, after: these units wait for each other: `a` after `b` after `c` after `a`",
            "unit `self`, after: these units wait for each other: `self` after `self`",
        ]
    );
    let host = Host::new(log.clone()).service(unit("a").after("nobody").after("fine"), lives).task(
        "fine",
        every(HOUR).first(First::Now),
        note,
    );
    assert_eq!(mistakes(host), ["unit `a`, after: there is no unit `nobody`"]);
    assert!(log.all().is_empty());
}

// The stop.

#[test]
fn a_dependant_has_ended_before_the_one_it_comes_after_is_told_and_others_end_beside_them() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("c").after("b"), lives)
        .service("free", lives)
        .service(unit("b").after("a"), lives)
        .service("a", lives);
    let test = TestHost::start(host).unwrap();
    assert_eq!(log.all(), ["free up", "a up", "b up", "c up"]);
    let report = test.stop().unwrap();
    let all = log.all();
    assert_eq!(all[4..6], ["c told", "free told"], "at once");
    let place = |line: &str| all.iter().position(|known| known == line).unwrap();
    assert!(place("c down") < place("b told"));
    assert!(place("b down") < place("a told"));
    assert_eq!((report.took(), report.exit_code()), (3 * SECOND, 0));
    assert!(report.units().iter().all(|unit| unit.took == SECOND && unit.end == UnitEnd::Stopped));
    let names: Vec<&str> = report.units().iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["c", "b", "a", "free"], "the reverse of the order in which they were started");
}

#[test]
fn the_end_of_the_clock_tells_all_however_long_a_dependant_keeps_them_waiting() {
    async fn quick(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
        stop.requested().await;
        log.add(format!("{} at {}", run.unit(), clock.wall().strftime("%S")));
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .grace(5 * SECOND)
        .mount("worker", Plays(&[]))
        .service("a", quick)
        .service(unit("b").after("a"), quick)
        .service(unit("c").after("b"), deaf);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!((log.count("a at 05"), log.count("b at 05")), (1, 1));
    let end = |name| report.unit(name).unwrap().end;
    assert_eq!(end("c"), UnitEnd::Overran);
    assert_eq!(report.overrunners().count(), 1, "those whose turn never came are not blamed");
    assert_eq!(end("worker"), UnitEnd::Stopped);
    assert!(report.took() <= 6 * SECOND, "{:?}", report.took());
}

#[test]
fn a_dependant_dropped_at_the_end_of_its_own_grace_lets_the_next_be_told() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .grace(MINUTE)
        .service("a", lives)
        .service(unit("b").after("a").grace(2 * SECOND), deaf);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    assert_eq!(log.all(), ["a up", "a told", "a down"]);
    assert_eq!(report.unit("b").unwrap().end, UnitEnd::Overran);
    assert!((3 * SECOND..=4 * SECOND).contains(&report.took()), "{:?}", report.took());
}

#[test]
fn a_failed_start_stops_what_had_started_in_the_reverse_of_the_real_order() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .service(unit("second").after("first"), lives)
        .service("first", lives)
        .service(unit("never").after("bad"), lives)
        .mount(unit("bad").after("second").readiness(), Plays(&[(1, Act::Fail)]));
    let error = failure(host);
    assert_eq!(format!("{error:?}"), "unit `bad` did not start: bad is broken");
    assert_eq!(
        log.all(),
        ["first up", "second up", "bad up", "second told", "second down", "first told", "first down"]
    );
    assert_eq!(error.report().unwrap().unit("never").unwrap().end, UnitEnd::NotStarted);
}

// Readiness on the way, and failures.

#[test]
fn readiness_lost_during_the_start_makes_later_units_wait_until_it_is_regained() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .mount(unit("wavers").readiness(), Plays(&[(0, Act::Ready), (1, Act::NotReady), (10, Act::Ready)]))
        .mount(unit("slow").readiness(), Plays(&[(5, Act::Ready)]))
        .mount(unit("both").after("wavers").after("slow"), Plays(&[]))
        .service("door", lives);
    let mut test = TestHost::start(host).unwrap();
    assert!(test.unit("wavers").ready);
    test.advance(9 * SECOND);
    assert_eq!((test.unit("slow").ready, test.unit("wavers").ready), (true, false));
    assert_eq!(test.unit("wavers").reason.as_deref(), Some("not ready: its line is cut"));
    assert_eq!((state(&test, "both"), state(&test, "door")), (UnitState::Registered, UnitState::Registered));
    test.advance(SECOND);
    assert_eq!(log.all(), ["wavers up", "slow up", "both up", "door up"]);
    test.stop().unwrap();
}

#[test]
fn readiness_lost_while_running_is_seen_and_touches_nobody_else() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .mount(unit("wavers").readiness(), Plays(&[(0, Act::Ready), (60, Act::NotReady), (120, Act::Ready)]))
        .task(unit("task").after("wavers"), every(SECOND), async || {})
        .service(unit("s").after("wavers"), lives);
    let mut test = TestHost::start(host).unwrap();
    let since = test.unit("wavers").since;
    test.advance(MINUTE);
    let unit = test.unit("wavers");
    assert_eq!((unit.state, unit.ready), (UnitState::Running, false));
    assert_eq!((unit.reason.as_deref(), unit.since), (Some("not ready: its line is cut"), since));
    assert_eq!((test.unit("s").ready, test.unit("task").ready), (true, true));
    test.advance(MINUTE);
    let unit = test.unit("wavers");
    assert_eq!((unit.ready, unit.reason, unit.restarts), (true, None, 0));
    assert_eq!((log.all(), test.unit("task").runs), (vec!["wavers up".into(), "s up".into()], 120));
    test.stop().unwrap();
}

#[test]
fn all_that_fail_to_start_at_one_moment_are_named_in_order() {
    type Word = Arc<Notify>;
    async fn fails(run: Run, _ready: Ready, word: State<Word>) -> Result<(), String> {
        word.notified().await;
        Err(format!("{} is broken", run.unit()))
    }
    async fn rises(ready: Ready, stop: Stop) {
        ready.notify();
        stop.requested().await;
    }
    /// Wakes all that are to fail in one go.
    async fn gives_the_word(_ready: Ready, stop: Stop, clock: Clock, word: State<Word>) {
        clock.sleep(2 * SECOND).await;
        word.notify_waiters();
        stop.requested().await;
    }
    let host = Host::new(Word::default())
        .service("one", fails)
        .service("fine", rises)
        .service("two", fails)
        .service("word", gives_the_word)
        .service(unit("never").after("word"), rises);
    let mut test = TestHost::start(host).unwrap();
    test.advance(2 * SECOND);
    assert!(test.has_ended());
    let error = test.stop().unwrap_err();
    assert!(error.is_start());
    assert_eq!(error.unit(), Some("one"));
    assert_eq!(
        error.to_string(),
        "2 units did not start\n  - unit `one`: one is broken\n  - unit `two`: two is broken"
    );
    let report = error.report().unwrap();
    let ends = ["one", "two", "fine", "word", "never"].map(|name| report.unit(name).unwrap().end);
    let expected =
        [UnitEnd::Failed, UnitEnd::Failed, UnitEnd::Stopped, UnitEnd::Stopped, UnitEnd::NotStarted];
    assert_eq!(ends, expected);
    assert_eq!(report.reason(), Some(&StopReason::StartFailed("one".into())));
}

const FAILS_AFTER_IT_WAS_READY: Plays = Plays(&[(0, Act::Ready), (1, Act::Fail)]);

fn stays_failed() -> Restart {
    Restart::never().when_spent(Spent::StayFailed)
}

#[test]
fn the_start_fails_when_a_unit_waits_for_one_that_failed_for_good() {
    for dependant in ["worker", "door"] {
        let log = Log::default();
        let host = Host::new(log.clone())
            .mount(unit("a").readiness().restart(stays_failed()), FAILS_AFTER_IT_WAS_READY)
            .mount(unit("slow").readiness(), Plays(&[(5, Act::Ready)]));
        let settings = unit(dependant).after("a").after("slow");
        let host = match dependant {
            "worker" => host.mount(settings, Plays(&[])),
            _ => host.service(settings, lives),
        };
        let error = failure(host);
        let expected = format!("unit `{dependant}` did not start: it comes after `a`, which is failed");
        assert_eq!(format!("{error:?}"), expected);
        assert_eq!(log.all(), ["a up", "slow up"]);
        assert_eq!(error.report().unwrap().unit("a").unwrap().end, UnitEnd::Failed);
    }
}

#[test]
fn one_that_stays_failed_keeps_none_waiting_that_do_not_come_after_it() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .mount(unit("a").readiness().restart(stays_failed()), FAILS_AFTER_IT_WAS_READY)
        .mount(unit("slow").readiness(), Plays(&[(5, Act::Ready)]))
        .service("door", lives);
    let mut test = TestHost::start(host).unwrap();
    test.advance(5 * SECOND);
    assert_eq!((state(&test, "a"), state(&test, "door")), (UnitState::Failed, UnitState::Running));
    assert_eq!(test.stop().unwrap().exit_code(), 1);
}

#[test]
fn one_that_waits_for_its_restart_keeps_those_that_come_after_it_waiting() {
    let restart = Restart::on_failure().budget(1, DAY).backoff(Backoff::constant(20 * SECOND).jitter(0.0));
    let log = Log::default();
    let host = Host::new(log.clone())
        .mount(unit("a").readiness().restart(restart), Plays(&[(0, Act::Ready), (15, Act::Fail)]))
        .mount(unit("slow").readiness(), Plays(&[(20, Act::Ready)]))
        .service(unit("door").after("a"), lives);
    let mut test = TestHost::start(host).unwrap();
    test.advance(34 * SECOND);
    assert_eq!((state(&test, "a"), state(&test, "door")), (UnitState::Restarting, UnitState::Registered));
    test.advance(SECOND);
    assert_eq!(log.all(), ["a up", "slow up", "a up", "door up"]);
    test.stop().unwrap();
}
