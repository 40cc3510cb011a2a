//! Timer: what is refused, when it ticks, and what does not stop it.

use std::time::Duration;

use ostler::testing::TestHost;
use ostler::{
    Clock, First, HOUR, Halt, Host, MINUTE, Options, Outcome, Run, SECOND, State, Stop, after_completion,
    every,
};

use crate::common::Log;

/// Says on which second of the minute it runs.
async fn note(clock: Clock, log: State<Log>) {
    log.add(second_of(&clock));
}

fn second_of(clock: &Clock) -> String {
    clock.wall().strftime("%S%.f").to_string()
}

#[test]
fn a_zero_period_is_refused() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .task("rate", every(Duration::ZERO).first(First::Now), note)
        .task("delay", after_completion(Duration::ZERO).first(First::Now), note)
        .task("fine", every(Duration::from_nanos(1)).first(First::Now), note);
    let error = TestHost::start(host).unwrap_err();
    let refused: Vec<_> =
        error.registration_errors().iter().map(|mistake| (mistake.unit(), mistake.field())).collect();
    assert_eq!(refused, [("rate", "period"), ("delay", "period")]);
    assert!(log.all().is_empty(), "nothing may tick");
}

#[test]
fn construction_does_not_tick() {
    let log = Log::default();
    let host = Host::new(log.clone()).task("rate", every(SECOND), note).task(
        "delay",
        after_completion(SECOND),
        note,
    );
    let mut test = TestHost::start(host).unwrap();
    test.advance(SECOND - Duration::from_nanos(1));
    assert!(log.all().is_empty(), "{:?}", log.all());
    test.advance(Duration::from_nanos(1));
    assert_eq!(log.all(), ["01", "01"]);
    test.stop().unwrap();
}

#[test]
fn ticks_coalesce() {
    async fn slow_at_first(run: Run, clock: Clock, log: State<Log>) {
        log.add(second_of(&clock));
        if run.id() == 1 {
            clock.sleep(Duration::from_millis(3_500)).await;
        }
    }
    let log = Log::default();
    let mut test =
        TestHost::start(Host::new(log.clone()).task("rate", every(SECOND), slow_at_first)).unwrap();
    test.advance(6 * SECOND);
    // The ticks at 2, 3 and 4 came to one run, and the grid stays as it was.
    assert_eq!(log.all(), ["01", "04.5", "05", "06"]);
    assert_eq!(test.unit("rate").skipped, 2);
    test.stop().unwrap();
}

#[test]
fn cancelling_a_wait_leaves_the_timer_running() {
    async fn waits_twice(clock: Clock, log: State<Log>, stop: Stop) {
        let mut timer = clock.sleep(10 * SECOND);
        tokio::select! {
            () = &mut timer => log.add("too early"),
            () = clock.sleep(3 * SECOND) => log.add(format!("cancelled at {}", second_of(&clock))),
        }
        timer.await;
        log.add(format!("fired at {}", second_of(&clock)));
        stop.requested().await;
    }
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).service("waiter", waits_twice)).unwrap();
    test.advance(MINUTE);
    assert_eq!(log.all(), ["cancelled at 03", "fired at 10"]);
    test.stop().unwrap();
}

#[test]
fn cancelling_a_run_leaves_the_timer_running() {
    async fn cancelled(clock: Clock, log: State<Log>) -> Outcome {
        log.add(second_of(&clock));
        Err(Halt::cancel("nobody wants it"))
    }
    async fn cut_off(clock: Clock, log: State<Log>) {
        log.add(second_of(&clock));
        clock.sleep(MINUTE).await;
    }
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).task("rate", every(SECOND), cancelled)).unwrap();
    test.advance(3 * SECOND);
    assert_eq!(log.all(), ["01", "02", "03"]);
    test.stop().unwrap();

    let log = Log::default();
    let plan = every(10 * SECOND).timeout(4 * SECOND);
    let mut test = TestHost::start(Host::new(log.clone()).task("rate", plan, cut_off)).unwrap();
    test.advance(35 * SECOND);
    assert_eq!(log.all(), ["10", "20", "30"]);
    test.stop().unwrap();
}

#[test]
fn a_run_by_hand_leaves_the_timer_running() {
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).task("rate", every(10 * SECOND), note)).unwrap();
    test.advance(13 * SECOND);
    test.trigger("rate").unwrap();
    test.advance(13 * SECOND);
    assert_eq!(log.all(), ["10", "13", "20"]);
    test.stop().unwrap();
}

#[test]
fn a_period_change_applies_to_the_pending_wait() {
    let (options, log) = (Options::new(HOUR), Log::default());
    let host = Host::new(log.clone()).task("rate", every(options.map(|period| *period)), note);
    let mut test = TestHost::start(host).unwrap();
    test.advance(5 * SECOND);
    options.replace(20 * SECOND).unwrap();
    test.advance(55 * SECOND);
    assert_eq!(log.all(), ["20", "40", "00"]);
    test.stop().unwrap();
}

#[test]
fn a_zero_period_is_refused_as_a_change_too() {
    let (options, log) = (Options::new(SECOND), Log::default());
    let host = Host::new(log.clone()).task("rate", every(options.map(|period| *period)), note);
    let mut test = TestHost::start(host).unwrap();
    assert!(options.replace(Duration::ZERO).is_err());
    test.advance(2 * SECOND);
    assert_eq!(log.all(), ["01", "02"]);
    test.stop().unwrap();
}
