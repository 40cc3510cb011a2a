//! Schedules on the virtual clock: a year of them, misfires and overlaps, steps of the clock, restarts, windows; and what a run
//! knows of its occurrence.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::time::Duration;

use common::Log;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use ostler::backoff::Backoff;
use ostler::testing::{DEFAULT_START, TestHost};
use ostler::{
    Clock, DAY, DstPolicy, First, HOUR, Host, MINUTE, Misfire, Occurrence, Overlap, Plan, Run, SECOND,
    Schedule, State, Stop, Timer, UnitKind, after_completion, check, cron, every, poke, queue,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Writes down what it is for, and takes a while.
async fn note(occurrence: Occurrence, log: State<Log>, clock: Clock) {
    log.add(occurrence.at().strftime("%d %H:%M").to_string());
    clock.sleep(SECOND).await;
}

/// Writes down what it is for, and takes until it is told to stop.
async fn until_stopped(occurrence: Occurrence, log: State<Log>, stop: Stop) {
    log.add(occurrence.at().strftime("%d %H:%M").to_string());
    stop.requested().await;
}

fn on_the_first_of_march(plan: impl Into<Plan<Timer>>) -> (TestHost, Log) {
    let log = Log::default();
    let host = Host::new(log.clone()).task("t", plan, note);
    (TestHost::start_at(host, at("2026-03-01T12:00:00Z")).unwrap(), log)
}

#[test]
fn a_year_of_a_daily_task_in_oslo_runs_at_each_stated_instant() {
    async fn report(occurrence: Occurrence, clock: Clock, times: State<Log>) {
        assert_eq!(clock.wall(), occurrence.at());
        times.add(occurrence.at().to_string());
    }
    let times = Log::default();
    let host = Host::new(times.clone()).task("report", cron("0 0 8 * * *", "Europe/Oslo"), report);
    let mut test = TestHost::start(host).unwrap();
    let began = std::time::Instant::now();
    test.advance(365 * DAY);
    println!("a year of a daily task took {:?}", began.elapsed());
    // The clocks of Oslo were an hour further ahead from 29 March to 24 October.
    let summer = date(2026, 3, 29)..date(2026, 10, 25);
    let stated: Vec<String> = date(2026, 1, 1)
        .series(jiff::Span::new().days(1))
        .take_while(|day| day.year() == 2026)
        .map(|day| format!("{day}T0{}:00:00Z", if summer.contains(&day) { 6 } else { 7 }))
        .collect();
    assert_eq!(stated.len(), 365);
    assert_eq!(times.all(), stated);
    assert_eq!(test.unit("report").skipped, 0);
    test.stop().unwrap();
}

/// What comes of a sleep: the runs at once, those that follow, and how many occurrences are skipped.
#[track_caller]
fn sleeps(text: &str, sleep: Duration, busy: bool, misfire: Misfire, overlap: Overlap) -> (Vec<String>, u64) {
    let (mut test, log) = on_the_first_of_march(cron(text, "UTC").misfire(misfire).overlap(overlap));
    if busy {
        test.trigger("t").unwrap();
    }
    test.set_wall(test.clock().wall() + sleep);
    let at_once = log.all();
    test.advance(20 * SECOND);
    let unit = test.unit("t");
    assert_eq!((unit.running, unit.runs as usize), (0, log.all().len()));
    let runs = log.all().into_iter().skip(usize::from(busy)).collect();
    let beside = if overlap == Overlap::Allow { usize::MAX } else { 1 };
    assert!(at_once.len() <= beside, "{at_once:?} at once");
    test.stop().unwrap();
    (runs, unit.skipped)
}

#[test]
fn misfires_by_overlaps_after_a_sleep_of_ten_minutes_and_of_three_days() {
    use Misfire::{FireAll, FireOnce, Skip};
    use Overlap::{Allow, Queue};
    let all = FireAll { max: 2 };
    for (busy, misfire, overlap, minutes, days) in [
        (false, FireOnce, Overlap::Skip, (&["01 12:10"] as &[_], 9), (&["04 08:00"] as &[_], 2)),
        (false, Skip, Overlap::Skip, (&["01 12:10"], 9), (&[], 3)),
        (false, all, Overlap::Skip, (&["01 12:09", "01 12:10"], 8), (&["03 08:00", "04 08:00"], 1)),
        (true, FireOnce, Overlap::Skip, (&[], 10), (&[], 3)),
        (true, FireOnce, Queue(1), (&["01 12:10"], 9), (&["04 08:00"], 2)),
        (true, FireOnce, Allow, (&["01 12:10"], 9), (&["04 08:00"], 2)),
        (true, Skip, Overlap::Skip, (&[], 10), (&[], 3)),
        (true, Skip, Queue(1), (&["01 12:10"], 9), (&[], 3)),
        (true, Skip, Allow, (&["01 12:10"], 9), (&[], 3)),
        (true, all, Overlap::Skip, (&["01 12:09", "01 12:10"], 8), (&["03 08:00", "04 08:00"], 1)),
        (true, all, Queue(1), (&["01 12:09", "01 12:10"], 8), (&["03 08:00", "04 08:00"], 1)),
        (true, all, Allow, (&["01 12:09", "01 12:10"], 8), (&["03 08:00", "04 08:00"], 1)),
    ] {
        let case = format!("busy: {busy}, {misfire:?}, {overlap:?}");
        let seen = sleeps("* * * * *", 10 * MINUTE, busy, misfire, overlap);
        assert_eq!(
            (seen.0.iter().map(String::as_str).collect::<Vec<_>>(), seen.1),
            (minutes.0.to_vec(), minutes.1),
            "{case}"
        );
        let seen = sleeps("0 8 * * *", 3 * DAY, busy, misfire, overlap);
        assert_eq!(
            (seen.0.iter().map(String::as_str).collect::<Vec<_>>(), seen.1),
            (days.0.to_vec(), days.1),
            "{case}"
        );
    }
}

#[test]
fn a_clock_that_is_set_back_an_hour_repeats_no_run() {
    for misfire in [Misfire::FireOnce, Misfire::Skip, Misfire::FireAll { max: 9 }] {
        let (mut test, log) = on_the_first_of_march(cron("*/30 * * * *", "UTC").misfire(misfire));
        test.advance(HOUR);
        test.set_wall(test.clock().wall() - HOUR);
        test.advance(90 * MINUTE);
        assert_eq!(log.all(), ["01 12:30", "01 13:00", "01 13:30"], "{misfire:?}");
        assert_eq!(test.unit("t").skipped, 0);
    }
}

#[test]
fn a_clock_that_is_set_back_repeats_no_run_of_a_unit_that_is_restarted_paused_or_started_anew() {
    let (mut test, log) = on_the_first_of_march(cron("*/30 * * * *", "UTC"));
    let host = test.handle().clone();
    test.advance(HOUR);
    test.set_wall(test.clock().wall() - HOUR);
    test.settle(host.restart("t")).unwrap();
    test.settle(host.pause("t")).unwrap();
    test.settle(host.resume("t")).unwrap();
    test.settle(host.stop_unit("t")).unwrap();
    test.settle(host.start_unit("t")).unwrap();
    test.advance(90 * MINUTE);
    assert_eq!(log.all(), ["01 12:30", "01 13:00", "01 13:30"]);
}

#[test]
fn a_clock_that_is_set_forward_two_days_fires_by_the_misfire_policy_and_goes_on_from_there() {
    let (mut test, log) = on_the_first_of_march(cron("0 8 * * *", "UTC"));
    test.set_wall(test.clock().wall() + 2 * DAY);
    assert_eq!((log.all(), test.unit("t").skipped), (vec!["03 08:00".to_owned()], 1));
    test.advance(DAY);
    assert_eq!(log.all(), ["03 08:00", "04 08:00"]);
}

#[test]
fn a_sleep_moves_no_interval() {
    let (mut test, log) = on_the_first_of_march(every(HOUR));
    test.set_wall(test.clock().wall() + 3 * DAY);
    assert_eq!((log.all().len(), test.unit("t").skipped), (0, 0), "intervals go by monotonic time");
    test.advance(HOUR);
    assert_eq!(log.all(), ["04 13:00"]);
}

#[test]
fn a_handler_that_waits_for_a_time_of_the_wall_sees_the_clock_set() {
    async fn wait(clock: Clock, log: State<Log>) {
        clock.sleep_until_wall(DEFAULT_START + DAY).await;
        log.add(clock.wall().to_string());
    }
    let log = Log::default();
    let mut test =
        TestHost::start(Host::new(log.clone()).task("w", every(DAY).first(First::Now), wait)).unwrap();
    test.set_wall(DEFAULT_START + DAY - SECOND);
    assert!(log.all().is_empty());
    test.advance(SECOND);
    assert_eq!(log.all(), ["2026-01-02T00:00:00Z"]);
}

#[test]
fn a_unit_that_is_restarted_more_often_than_its_interval_still_fires() {
    let log = Log::default();
    let host = Host::new(log.clone())
        .task("every", every(10 * SECOND), note)
        .task("delay", after_completion(10 * SECOND), note)
        .task("cron", cron("*/10 * * * * *", "UTC"), note);
    let mut test = TestHost::start(host).unwrap();
    let handle = test.handle().clone();
    for _ in 0..100 {
        test.advance(7 * SECOND);
        for name in ["every", "delay", "cron"] {
            test.settle(handle.restart(name)).unwrap();
        }
    }
    // About 700 s, and a moment for each restart that waited for the end of a run.
    let runs = |name| test.unit(name).runs;
    assert!((70..=75).contains(&runs("every")), "{}", runs("every"));
    assert!((60..=68).contains(&runs("delay")), "{}", runs("delay"));
    assert!((70..=75).contains(&runs("cron")), "{}", runs("cron"));
    test.stop().unwrap();
}

#[test]
fn an_occurrence_is_not_lost_while_its_unit_is_being_restarted() {
    async fn leaves_slowly(occurrence: Occurrence, log: State<Log>, stop: Stop, clock: Clock) {
        log.add(occurrence.at().strftime("%H:%M:%S").to_string());
        stop.requested().await;
        clock.sleep(20 * SECOND).await;
    }
    let log = Log::default();
    let plan = cron("* * * * *", "UTC").misfire(Misfire::FireAll { max: 1 }).misfire_grace(10 * SECOND);
    let mut test = TestHost::start(Host::new(log.clone()).task("t", plan, leaves_slowly)).unwrap();
    test.quiet_after(Duration::from_millis(50));
    let handle = test.handle().clone();
    test.advance(119 * SECOND - SECOND);
    test.settle(handle.restart("t")).unwrap();
    // 00:02:00 fell into the restart, which was over at 00:02:18.
    assert_eq!(log.all(), ["00:01:00", "00:02:00"]);
    test.stop().unwrap();
}

#[test]
fn runs_that_make_up_for_misfires_wait_for_one_another_and_survive_a_restart() {
    let log = Log::default();
    let plan = cron("0 * * * *", "UTC").misfire(Misfire::FireAll { max: 4 });
    let host = Host::new(log.clone()).task("t", plan, until_stopped);
    let mut test = TestHost::start_at(host, at("2026-03-01T12:00:00Z")).unwrap();
    test.quiet_after(Duration::from_millis(50));
    let handle = test.handle().clone();
    test.set_wall(test.clock().wall() + 4 * HOUR);
    test.advance(MINUTE);
    assert_eq!(log.all(), ["01 13:00"], "it goes on, and the others wait for it");
    for _ in 0..3 {
        test.settle(handle.restart("t")).unwrap();
    }
    assert_eq!(log.all(), ["01 13:00", "01 14:00", "01 15:00", "01 16:00"]);
    assert_eq!(test.unit("t").skipped, 0);
    test.stop().unwrap();
}

#[test]
fn a_stop_that_overrules_a_restart_gives_up_what_waits_and_counts_it() {
    async fn leaves_slowly(log: State<Log>, stop: Stop, clock: Clock) {
        log.add("begins");
        stop.requested().await;
        clock.sleep(5 * SECOND).await;
    }
    let log = Log::default();
    let plan = cron("0 * * * *", "UTC").misfire(Misfire::FireAll { max: 4 });
    let host = Host::new(log.clone()).task("t", plan, leaves_slowly);
    let mut test = TestHost::start_at(host, at("2026-03-01T12:00:00Z")).unwrap();
    test.quiet_after(Duration::from_millis(50));
    let (first, second) = (test.handle().clone(), test.handle().clone());
    test.set_wall(test.clock().wall() + 4 * HOUR);
    test.advance(MINUTE);
    let both = async move { tokio::join!(first.restart("t"), second.stop_unit("t")) };
    let (_, stopped) = test.settle(both);
    stopped.unwrap();
    assert_eq!((log.all().len(), test.unit("t").skipped), (1, 3));
    test.stop().unwrap();
}

#[test]
fn a_pause_gives_up_what_waits_and_counts_it() {
    let (mut test, log) =
        on_the_first_of_march(cron("0 * * * *", "UTC").misfire(Misfire::FireAll { max: 4 }));
    let handle = test.handle().clone();
    test.set_wall(test.clock().wall() + 4 * HOUR);
    test.settle(handle.pause("t")).unwrap();
    test.advance(MINUTE);
    assert_eq!((log.all().len(), test.unit("t").skipped), (1, 3));
}

#[test]
fn a_run_knows_its_occurrence() {
    async fn tell(occurrence: Occurrence, run: Run, log: State<Log>) -> Result<(), &'static str> {
        let by_hand = if occurrence.is_by_hand() { " by hand" } else { "" };
        log.add(format!("{} {}{by_hand}", run.unit(), occurrence.at().strftime("%H:%M:%S")));
        if run.attempt() == 1 { Err("try again") } else { Ok(()) }
    }
    let log = Log::default();
    let again = |plan: Plan<Timer>| plan.attempts(2).backoff(Backoff::constant(5 * SECOND).jitter(0.0));
    let host = Host::new(log.clone())
        .task("cron", again(cron("1 * * * *", "UTC").jitter(SECOND)), tell)
        .task("every", again(every(HOUR).jitter(SECOND)), tell)
        .task("poke", again(poke()), tell);
    let mut test = TestHost::start(host).unwrap();
    test.advance(62 * SECOND);
    test.trigger("cron").unwrap();
    test.trigger("poke").unwrap();
    test.advance(SECOND);
    // It is going on: once more afterwards, for the time at which that was asked for first.
    test.trigger("poke").unwrap();
    test.advance(SECOND);
    test.trigger("poke").unwrap();
    test.advance(HOUR - 62 * SECOND + 10 * SECOND);
    let of =
        |name: &str| -> Vec<String> { log.all().into_iter().filter(|line| line.starts_with(name)).collect() };
    assert_eq!(of("every"), ["every 01:00:00", "every 01:00:00"]);
    let by_hand = "poke 00:01:02 by hand";
    assert_eq!(of("poke"), [by_hand, by_hand, "poke 00:01:03 by hand", "poke 00:01:03 by hand"]);
    // The run of the occurrence was going on when another was asked for.
    let cron = "cron 00:01:00";
    assert_eq!(of("cron"), [cron, cron, "cron 00:01:02 by hand", "cron 00:01:02 by hand"]);
}

#[test]
fn only_tasks_take_an_occurrence() {
    async fn item(_: u8, _: Occurrence) {}
    async fn nothing(_: Occurrence) {}
    let (_queue, items) = queue::bounded::<u8>(1);
    let host = Host::new(())
        .consume("consumer", items, item)
        .service("service", nothing)
        .check(check("check"), nothing);
    let error = TestHost::start(host).unwrap_err();
    let found: Vec<_> =
        error.registration_errors().iter().map(|error| (error.unit(), error.field())).collect();
    assert_eq!(found.len(), 3);
    for mistake in [("consumer", "handler"), ("service", "handler"), ("", "check")] {
        assert!(found.contains(&mistake), "{found:?}");
    }
}

#[test]
fn what_can_never_fire_or_makes_no_sense_is_refused_at_start() {
    async fn nothing() {}
    let christmas = || cron("0 8 25 12 *", "Europe/Oslo");
    let year = (at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
    let host = Host::new(())
        .task("never", cron("0 0 30 2 *", "UTC"), nothing)
        .task("fine", christmas().start_at(year.0).end_at(year.1), nothing)
        .task("excluded", christmas().start_at(year.0).end_at(year.1).exclude([date(2026, 12, 25)]), nothing)
        .task("none", cron("0 8 29 2 *", "UTC").start_at(year.0).end_at(year.1), nothing)
        .task("reversed", every(SECOND).start_at(year.1).end_at(year.0), nothing)
        .task("misfire", every(SECOND).misfire(Misfire::Skip), nothing)
        .task("all", christmas().misfire(Misfire::FireAll { max: 0 }), nothing)
        .task("too-many", christmas().misfire(Misfire::FireAll { max: 10_001 }), nothing)
        .task("many", christmas().misfire(Misfire::FireAll { max: 10_000 }), nothing)
        .task("grace", christmas().misfire(Misfire::Skip).misfire_grace(Duration::ZERO), nothing)
        .task("its-grace", after_completion(SECOND).misfire_grace(SECOND), nothing)
        .task("no-use", christmas().misfire_grace(HOUR), nothing)
        .task("use", christmas().misfire(Misfire::Skip).misfire_grace(HOUR), nothing)
        .task("dst", poke().dst(DstPolicy::Skip), nothing)
        .task("exclude", every(SECOND).exclude([date(2026, 12, 25)]), nothing)
        .task("interval", cron("@every 90s", "UTC").exclude([date(2026, 12, 25)]), nothing)
        .task("poke", poke().start_at(year.0).end_at(year.1), nothing)
        .task("past", cron("0 8 * * *", "UTC").end_at(Timestamp::UNIX_EPOCH), nothing)
        .task("zone", cron("@every 90s", "Europe/Olso"), nothing);
    let error = TestHost::start(host).unwrap_err();
    let found: Vec<_> =
        error.registration_errors().iter().map(|error| (error.unit(), error.field())).collect();
    assert_eq!(
        found,
        [
            ("never", "cron"),
            ("excluded", "cron"),
            ("none", "cron"),
            ("reversed", "end_at"),
            ("misfire", "misfire"),
            ("all", "misfire"),
            ("too-many", "misfire"),
            ("grace", "misfire_grace"),
            ("its-grace", "misfire_grace"),
            ("no-use", "misfire_grace"),
            ("dst", "dst"),
            ("exclude", "exclude"),
            ("interval", "exclude"),
            ("poke", "start_at"),
            ("poke", "end_at"),
            ("zone", "zone"),
        ]
    );
    let said = error.to_string();
    assert!(said.contains("`0 8 25 12 * (Europe/Oslo)` can never fire"), "{said}");
    assert!(said.contains("did you mean `Europe/Oslo`"), "{said}");
}

#[test]
fn an_end_in_the_past_is_no_mistake() {
    let plan = cron("0 8 * * *", "UTC").end_at(Timestamp::UNIX_EPOCH).late_after(DAY);
    let (mut test, log) = on_the_first_of_march(plan);
    test.advance(3 * DAY);
    let unit = test.unit("t");
    assert_eq!((unit.next_run, unit.schedule_over, unit.late), (None, true, None));
    test.trigger("t").unwrap();
    assert_eq!(log.all().len(), 1, "by hand it runs");
}

#[test]
fn a_schedule_that_ends_says_so_and_is_not_late() {
    let plan = cron("0 8 * * *", "UTC")
        .start_at(at("2026-03-03T00:00:00Z"))
        .end_at(at("2026-03-05T08:00:00Z"))
        .exclude([date(2026, 3, 4)])
        .late_after(2 * DAY + HOUR);
    let (mut test, log) = on_the_first_of_march(plan);
    let unit = test.unit("t");
    assert_eq!((unit.next_run, unit.schedule_over), (Some(at("2026-03-03T08:00:00Z")), false));
    test.advance(10 * DAY);
    assert_eq!(log.all(), ["03 08:00", "05 08:00"]);
    let unit = test.unit("t");
    assert_eq!((unit.next_run, unit.schedule_over, unit.late), (None, true, None));
}

#[test]
fn a_schedule_whose_end_passes_without_a_run_is_not_late_for_it() {
    let plan = cron("0 * * * *", "UTC")
        .end_at(at("2026-03-01T15:00:00Z"))
        .misfire(Misfire::Skip)
        .late_after(2 * HOUR);
    let (mut test, log) = on_the_first_of_march(plan);
    test.set_wall(at("2026-03-02T12:00:00Z"));
    test.advance(DAY);
    let unit = test.unit("t");
    assert_eq!((log.all().len(), unit.skipped), (0, 3));
    assert_eq!((unit.next_run, unit.schedule_over, unit.late), (None, true, None));
    test.stop().unwrap();
}

#[test]
fn nothing_is_late_before_its_schedule_begins() {
    let start = at("2026-03-31T12:00:00Z");
    for plan in [
        every(5 * MINUTE).start_at(start),
        every(5 * MINUTE).first(First::At(start)),
        after_completion(5 * MINUTE).start_at(start),
        cron("0 * * * *", "UTC").start_at(start),
    ] {
        let (mut test, log) = on_the_first_of_march(plan.late_after(HOUR));
        test.advance(29 * DAY);
        assert_eq!((test.unit("t").late, log.all().len()), (None, 0));
        test.advance(DAY + 2 * HOUR);
        assert!(!log.all().is_empty());
        test.stop().unwrap();
    }
}

#[test]
fn a_unit_that_is_restarted_more_often_than_it_may_be_late_is_late_all_the_same() {
    let (mut test, log) = on_the_first_of_march(cron("0 8 * * *", "UTC").late_after(HOUR));
    test.quiet_after(Duration::from_millis(50));
    let handle = test.handle().clone();
    for _ in 0..4 {
        test.advance(30 * MINUTE);
        test.settle(handle.restart("t")).unwrap();
    }
    assert_eq!(test.unit("t").late, Some(HOUR));
    assert!(log.all().is_empty());
    test.stop().unwrap();
}

#[test]
fn a_clock_that_was_ahead_at_the_start_and_is_corrected_silences_nothing() {
    let host = |log: &Log| Host::new(log.clone()).task("t", cron("0 * * * *", "UTC"), note);
    let log = Log::default();
    let mut test = TestHost::start_at(host(&log), at("2026-04-01T12:30:00Z")).unwrap();
    test.set_wall(at("2026-03-01T10:30:00Z"));
    assert_eq!(test.unit("t").next_run, Some(at("2026-03-01T11:00:00Z")));
    test.advance(31 * MINUTE);
    assert_eq!(log.all(), ["01 11:00"]);
    test.stop().unwrap();
}

#[test]
fn an_interval_may_be_written_as_text() {
    async fn nothing() {}
    let schedule = Schedule::cron("@every 90s", "UTC").unwrap();
    let start = DEFAULT_START + HOUR;
    let host = Host::new(())
        .task("text", cron("@every 90s", "local"), nothing)
        .task("first", cron("@every 90s", "UTC").first(First::Now), nothing)
        .task("schedule", schedule.start_at(start), nothing);
    let mut test = TestHost::start(host).unwrap();
    assert_eq!(test.unit("text").kind, UnitKind::Interval);
    assert_eq!(test.unit("text").next_run, Some(DEFAULT_START + 90 * SECOND));
    assert_eq!(test.unit("schedule").next_run, Some(start));
    test.advance(HOUR + 90 * SECOND);
    assert_eq!((test.unit("text").runs, test.unit("first").runs), (41, 42));
    assert_eq!(test.unit("schedule").runs, 2);
}

#[test]
fn h_follows_from_the_name_of_the_unit() {
    async fn nothing() {}
    let start = || {
        let host = (0..20)
            .fold(Host::new(()), |host, n| host.task(format!("t{n}"), cron("H H * * *", "UTC"), nothing));
        let test = TestHost::start(host).unwrap();
        (0..20).map(|n| test.unit(&format!("t{n}")).next_run.unwrap()).collect::<Vec<_>>()
    };
    let times = start();
    assert_eq!(start(), times);
    let mut distinct = times.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > 15, "{times:?}");
}

/// In a process of its own, whose zone is none that a machine is likely to have: this test again.
#[test]
fn the_local_zone_is_that_of_the_machine() {
    const ZONE: &str = "Asia/Kathmandu";
    const NAME: &str = "the_local_zone_is_that_of_the_machine";
    if std::env::var("TZ").is_ok_and(|zone| zone == ZONE) {
        let local = Schedule::cron("0 8 * * *", "local").unwrap();
        assert_eq!(local.next_after(DEFAULT_START), Some(at("2026-01-01T02:15:00Z")));
        return;
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", NAME]).env("TZ", ZONE).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn excluded_dates_are_those_of_the_zone_of_the_schedule() {
    let first: Date = date(2026, 3, 2);
    let (mut test, log) = on_the_first_of_march(cron("30 0 * * *", "Europe/Oslo").exclude([first]));
    // 00:30 on the 2nd in Oslo is on the 1st in UTC.
    test.advance(2 * DAY);
    assert_eq!(log.all(), ["02 23:30"]);
}

#[test]
fn an_interval_with_a_start_ahead_runs_first_at_its_start() {
    let (start, first) = (DEFAULT_START + HOUR, DEFAULT_START + 2 * HOUR);
    let host = Host::new(Log::default())
        .task("every", every(DAY).start_at(start), note)
        .task("delay", after_completion(DAY).start_at(start), note)
        .task("text", cron("@every 1d", "UTC").start_at(start), note)
        .task("now", every(DAY).first(First::Now).start_at(start), note)
        .task("later", every(DAY).first(First::At(first)).start_at(start), note)
        .task("begun", every(DAY).start_at(DEFAULT_START - HOUR), note);
    let mut test = TestHost::start(host).unwrap();
    let next = |test: &TestHost, name: &str| test.unit(name).next_run.unwrap();
    for (name, due) in [
        ("every", start),
        ("delay", start),
        ("text", start),
        ("now", start),
        ("later", first),
        ("begun", DEFAULT_START + DAY),
    ] {
        assert_eq!(next(&test, name), due, "{name}");
    }
    test.advance(DAY);
    assert_eq!(
        (next(&test, "every"), test.unit("every").runs),
        (start + DAY, 1),
        "its grid is counted from there"
    );
    assert_eq!(next(&test, "delay"), start + DAY + SECOND);
}

#[test]
fn the_jitter_of_a_cron_follows_from_the_name_of_the_node() {
    let due = |node: &str, unit: &str| {
        let plan = cron("0 8 * * *", "UTC").jitter(HOUR);
        let host = Host::new(Log::default()).task(unit, plan, note).node(node);
        let mut test = TestHost::start(host).unwrap();
        test.advance(DAY);
        let began = test.unit(unit).last_run.unwrap();
        test.stop().unwrap();
        began.duration_since(DEFAULT_START + 8 * HOUR).as_millis()
    };
    let delay = due("alpha", "report");
    assert!((0..3_600_000).contains(&delay), "{delay}");
    assert_eq!(due("alpha", "report"), delay);
    assert_ne!(due("beta", "report"), delay);
    assert_ne!(due("alpha", "cleanup"), delay);
}

#[test]
fn what_is_refused_says_why_and_hides_no_other_mistake() {
    async fn nothing() {}
    let excluded = Schedule::cron("0 8 25 12 *", "UTC").unwrap().exclude([date(2026, 12, 25)]);
    let february = ostler_cron::Cron::parse("0 0 30 2 *").unwrap().in_utc();
    let (start, end) = (at("2026-12-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
    let host = Host::new(())
        .task("both", cron("61 8 * * *", "Europe/Olso"), nothing)
        .task("february", Schedule::from(february.clone()), nothing)
        .task(
            "limited",
            Plan::from(Schedule::from(february)).start_at(start).exclude([date(2026, 12, 25)]),
            nothing,
        )
        .task("excluded", excluded.start_at(start).end_at(end), nothing)
        .task("window", cron("0 8 25 11 *", "UTC").start_at(start).end_at(end), nothing)
        .task("text", cron("@every 90s", "UTC").misfire(Misfire::Skip), nothing)
        .task("many", cron("0 8 * * *", "UTC").misfire(Misfire::FireAll { max: 1_000_000 }), nothing)
        .task("grace", cron("0 8 * * *", "UTC").misfire_grace(HOUR), nothing)
        .task("dst", Schedule::cron("@every 90s", "UTC").unwrap().dst(DstPolicy::Skip), nothing);
    let error = TestHost::start(host).unwrap_err();
    let found: Vec<String> = error.registration_errors().iter().map(ToString::to_string).collect();
    let expected = [
        ("both", "is not a cron expression"),
        ("both", "did you mean `Europe/Oslo`"),
        ("february", "`0 0 30 2 * (UTC)` can never fire"),
        ("limited", "`0 0 30 2 * (UTC)` can never fire"),
        ("excluded", "nothing is left from its start to its end but excluded dates"),
        ("window", "it has no occurrence from its start to its end"),
        ("text", "`@every`"),
        ("many", "is more than the 10000 that are allowed"),
        ("grace", "choose `.misfire(Misfire::Skip)`"),
        ("dst", "`@every`"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, (unit, text)) in found.iter().zip(expected) {
        assert!(found.contains(unit) && found.contains(text), "{found}");
    }
    assert!(!found[0].contains("Europe/Oslo") && !found[2].contains("excluded"), "{found:#?}");
    assert!(!found[3].contains("excluded"), "{found:#?}");
}
