//! What is due at one look, by either clock: misfires, overlaps, steps of the wall clock, restarts.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, DAY, HOUR, MINUTE, SECOND};
use crate::trigger::cron::DstPolicy;
use crate::trigger::misfire::Misfire;
use crate::trigger::schedule::Schedule;
use crate::trigger::timer::{First, Rule};

/// Both clocks of a machine, which may sleep and be set.
#[derive(Clone, Copy)]
struct Machine(Moment);

impl Machine {
    fn new() -> Self {
        let clock = Clock::virtual_at("2026-03-01T12:00:00Z".parse().unwrap());
        Self(Moment { now: clock.now(), wall: clock.wall() })
    }

    /// Time passes.
    fn runs(&mut self, by: Duration) -> Moment {
        self.0.now += by;
        self.0.wall += by;
        self.0
    }

    /// Time passes on the wall only: the machine sleeps, or its clock is set forward.
    fn sleeps(&mut self, by: Duration) -> Moment {
        self.0.wall += by;
        self.0
    }

    /// The clock is set back.
    fn is_set_back(&mut self, by: Duration) -> Moment {
        self.0.wall -= by;
        self.0
    }
}

fn cron(text: &str) -> Timer {
    Timer::of(Schedule::cron(text, "UTC").unwrap())
}

fn with(timer: Timer, misfire: Misfire, overlap: Overlap) -> Timer {
    timer.with(|settings| (settings.misfire, settings.overlap) = (Some(misfire), Some(overlap)))
}

/// A table whose task has begun.
fn begun(timer: Timer, machine: Machine) -> Timetable {
    let mut table = Timetable::new(vec![timer.named("unit")], Some(30 * SECOND), 7);
    table.begin(0, machine.0);
    table
}

/// When the runs that begin are for, as hours and minutes.
fn times(fires: &[Fire]) -> Vec<String> {
    fires.iter().map(|fire| fire.occurrence.at().strftime("%d %H:%M").to_string()).collect()
}

fn skipped(look: &Look) -> u64 {
    look.skipped.iter().map(|&(_, ticks)| ticks).sum()
}

/// Ends runs until none is left; what those were for that began meanwhile.
fn work_off(table: &mut Timetable, at: Moment) -> Vec<String> {
    let mut began = Vec::new();
    while table.is_running(0) {
        began.extend(table.ended(0, table.epoch(0), at));
    }
    times(&began)
}

const ALL: Misfire = Misfire::FireAll { max: 3 };

/// What the policies make of a time without a look: (misfire, overlap, whether a run goes on meanwhile, runs that begin at once,
/// runs that begin when those have ended, how many are skipped).
type Row = (Misfire, Overlap, bool, &'static [&'static str], &'static [&'static str], u64);

#[track_caller]
fn check(text: &str, sleep: Duration, rows: &[Row]) {
    for &(misfire, overlap, busy, at_once, after, left_out) in rows {
        let mut machine = Machine::new();
        let mut table = begun(with(cron(text), misfire, overlap), machine);
        if busy {
            assert!(table.asked(0, machine.0).is_some());
        }
        let at = machine.sleeps(sleep);
        // Within half a minute, as the wall clock is looked at that often.
        let look = table.look(machine.runs(30 * SECOND));
        let case = format!("{misfire:?} {overlap:?}, busy: {busy}");
        assert_eq!(times(&look.fires), at_once, "{case}");
        assert_eq!(skipped(&look), left_out, "{case}");
        assert_eq!(work_off(&mut table, at), after, "{case}");
        assert_eq!(table.look(machine.runs(SECOND)), Look::default(), "{case}");
    }
}

#[test]
fn a_sleep_of_ten_minutes() {
    use Misfire::{FireOnce, Skip};
    use Overlap::{Allow, Queue};
    let last = &["01 12:10"] as &[_];
    let all = &["01 12:08", "01 12:09", "01 12:10"] as &[_];
    check(
        "* * * * *",
        10 * MINUTE,
        &[
            (FireOnce, Overlap::Skip, false, last, &[], 9),
            (FireOnce, Queue(2), false, last, &[], 9),
            (FireOnce, Allow, false, last, &[], 9),
            (FireOnce, Overlap::Skip, true, &[], &[], 10),
            (FireOnce, Queue(2), true, &[], last, 9),
            (FireOnce, Allow, true, last, &[], 9),
            (Skip, Overlap::Skip, false, last, &[], 9),
            (Skip, Queue(2), true, &[], last, 9),
            (Skip, Allow, true, last, &[], 9),
            (ALL, Overlap::Skip, false, &all[..1], &all[1..], 7),
            (ALL, Queue(1), false, &all[..1], &all[1..], 7),
            (ALL, Allow, false, all, &[], 7),
            (ALL, Overlap::Skip, true, &[], all, 7),
            (ALL, Queue(1), true, &[], all, 7),
            (ALL, Allow, true, all, &[], 7),
        ],
    );
}

#[test]
fn a_sleep_of_three_days() {
    use Misfire::{FireOnce, Skip};
    use Overlap::{Allow, Queue};
    let last = &["04 08:00"] as &[_];
    let all = &["02 08:00", "03 08:00", "04 08:00"] as &[_];
    check(
        "0 8 * * *",
        3 * DAY,
        &[
            (FireOnce, Overlap::Skip, false, last, &[], 2),
            (FireOnce, Overlap::Skip, true, &[], &[], 3),
            (FireOnce, Queue(1), true, &[], last, 2),
            (Skip, Overlap::Skip, false, &[], &[], 3),
            (Skip, Queue(1), true, &[], &[], 3),
            (Skip, Allow, true, &[], &[], 3),
            (ALL, Overlap::Skip, false, &all[..1], &all[1..], 0),
            (ALL, Overlap::Skip, true, &[], all, 0),
            (ALL, Allow, true, all, &[], 0),
            (Misfire::FireAll { max: 1 }, Overlap::Skip, true, &[], last, 2),
        ],
    );
}

#[test]
fn one_occurrence_is_a_misfire_only_beyond_the_grace() {
    use Misfire::{FireOnce, Skip};
    let due = &["01 13:00"] as &[_];
    let minute_late = HOUR + 30 * SECOND;
    check(
        "0 * * * *",
        minute_late,
        &[
            (FireOnce, Overlap::Skip, false, due, &[], 0),
            (FireOnce, Overlap::Skip, true, &[], &[], 1),
            (Skip, Overlap::Skip, false, due, &[], 0),
            // In time, so it goes by the overlap policy.
            (ALL, Overlap::Skip, true, &[], &[], 1),
            (ALL, Overlap::Queue(1), true, &[], due, 0),
        ],
    );
    check(
        "0 * * * *",
        minute_late + SECOND,
        &[
            (FireOnce, Overlap::Skip, false, due, &[], 0),
            (FireOnce, Overlap::Queue(1), true, &[], due, 0),
            (Skip, Overlap::Skip, false, &[], &[], 1),
            (Skip, Overlap::Allow, true, &[], &[], 1),
            (ALL, Overlap::Skip, true, &[], due, 0),
            (ALL, Overlap::Allow, true, due, &[], 0),
        ],
    );
}

#[test]
fn the_grace_can_be_another() {
    let mut machine = Machine::new();
    let timer = cron("0 * * * *").with(|settings| {
        (settings.misfire, settings.grace) = (Some(Misfire::Skip), Some(2 * HOUR));
    });
    let mut table = begun(timer, machine);
    machine.sleeps(3 * HOUR - SECOND);
    let look = table.look(machine.runs(30 * SECOND));
    assert_eq!((times(&look.fires), skipped(&look)), (vec!["01 15:00".to_owned()], 2));
}

#[test]
fn a_clock_that_is_set_back_an_hour_fires_nothing_again_and_nothing_before_its_time() {
    for misfire in [Misfire::FireOnce, Misfire::Skip, ALL] {
        for overlap in [Overlap::Skip, Overlap::Queue(1), Overlap::Allow] {
            let mut machine = Machine::new();
            let mut table = begun(with(cron("0 * * * *"), misfire, overlap), machine);
            machine.runs(HOUR);
            assert_eq!(times(&table.look(machine.0).fires), ["01 13:00"]);
            table.ended(0, 1, machine.0);
            machine.is_set_back(HOUR);
            for _ in 0..119 {
                let look = table.look(machine.runs(MINUTE));
                assert_eq!((look.fires.len(), skipped(&look)), (0, 0), "{misfire:?} {overlap:?}");
            }
            assert_eq!(times(&table.look(machine.runs(MINUTE)).fires), ["01 14:00"]);
        }
    }
}

#[test]
fn a_clock_that_is_set_forward_two_days_and_back_again_fires_what_was_not_considered_only() {
    let mut machine = Machine::new();
    let mut table = begun(with(cron("0 8 * * *"), Misfire::FireOnce, Overlap::Skip), machine);
    machine.sleeps(2 * DAY);
    let look = table.look(machine.runs(30 * SECOND));
    assert_eq!((times(&look.fires), skipped(&look)), (vec!["03 08:00".to_owned()], 1));
    table.ended(0, 1, machine.0);
    machine.is_set_back(2 * DAY);
    let mut began = Vec::new();
    for _ in 0..4 * 24 * 60 {
        let look = table.look(machine.runs(MINUTE));
        assert_eq!(skipped(&look), 0);
        began.extend(times(&look.fires));
        work_off(&mut table, machine.0);
    }
    assert_eq!(began, ["04 08:00", "05 08:00"], "the 2nd and the 3rd have been considered");
}

#[test]
fn a_step_of_the_clock_is_seen_within_half_a_minute() {
    let mut machine = Machine::new();
    let mut table = begun(cron("0 8 * * *"), machine);
    assert_eq!(table.next_look(), Some(machine.0.now + 30 * SECOND));
    machine.sleeps(DAY);
    let look = table.next_look().unwrap() - machine.0.now;
    assert_eq!(times(&table.look(machine.runs(look)).fires), ["02 08:00"]);
    // And while it waits for nothing but the clock.
    for _ in 0..10 {
        let look = table.next_look().unwrap() - machine.0.now;
        assert!(look <= 30 * SECOND);
        table.look(machine.runs(look));
    }
}

#[test]
fn three_days_of_seconds_cost_no_more_than_is_run_and_counted() {
    let mut machine = Machine::new();
    let mut table = begun(with(cron("* * * * * *"), ALL, Overlap::Skip), machine);
    machine.sleeps(3 * DAY);
    machine.runs(30 * SECOND);
    let clock = Clock::real();
    let began = clock.now();
    let look = table.look(machine.0);
    println!("a look after three days of a schedule of every second took {:?}", clock.now() - began);
    assert_eq!(look.fires.len(), 1);
    assert_eq!(table.rows[0].waiting(true), 2);
    assert_eq!(skipped(&look), 1_000, "as many are counted at most");
    assert_eq!(table.next_look(), Some(machine.0.now + SECOND));
}

#[test]
fn runs_that_make_up_for_misfires_take_no_place_in_the_queue_and_are_at_most_so_many() {
    let mut machine = Machine::new();
    let mut table = begun(with(cron("* * * * *"), ALL, Overlap::Queue(1)), machine);
    assert!(table.asked(0, machine.0).is_some());
    machine.sleeps(2 * MINUTE);
    assert_eq!(skipped(&table.look(machine.runs(30 * SECOND))), 0);
    // In time: it waits behind them, and the one after it finds no place.
    assert_eq!(skipped(&table.look(machine.runs(30 * SECOND))), 0);
    assert_eq!(skipped(&table.look(machine.runs(MINUTE))), 1);
    // Missed again: of five, the latest three are kept.
    machine.sleeps(2 * MINUTE);
    assert_eq!(skipped(&table.look(machine.runs(MINUTE))), 2);
    assert_eq!(work_off(&mut table, machine.0), ["01 12:03", "01 12:05", "01 12:06", "01 12:07"],);
}

#[test]
fn a_run_that_waited_says_how_late_it_is() {
    let mut machine = Machine::new();
    let mut table = begun(with(cron("0 * * * *"), ALL, Overlap::Skip), machine);
    machine.sleeps(2 * HOUR);
    let look = table.look(machine.runs(30 * SECOND));
    assert_eq!(look.fires[0].lateness, HOUR + 30 * SECOND);
    let second = table.ended(0, 1, machine.runs(MINUTE)).unwrap();
    assert_eq!(second.lateness, 90 * SECOND);
}

#[test]
fn jitter_of_a_cron_is_the_same_each_day_and_keeps_the_order() {
    let delayed = |unit: &str, text: &str, most: Duration| {
        let timer = cron(text).with(|settings| settings.jitter = most).named(unit);
        let mut machine = Machine::new();
        let mut table = Timetable::new(vec![timer], None, fastrand::u64(..));
        table.begin(0, machine.0);
        let mut delays = Vec::new();
        while delays.len() < 4 {
            let look = table.next_look().unwrap() - machine.0.now;
            for fire in table.look(machine.runs(look)).fires {
                assert_eq!(fire.lateness, Duration::ZERO);
                delays.push(machine.0.wall.duration_since(fire.occurrence.at()));
                table.ended(0, 1, machine.0);
            }
        }
        delays
    };
    let daily = delayed("report", "0 8 * * *", HOUR);
    assert!(daily.iter().all(|&delay| delay == daily[0]), "{daily:?}");
    assert!(SignedDuration::ZERO <= daily[0] && daily[0] < SignedDuration::from_hours(1));
    assert_eq!(delayed("report", "0 8 * * *", HOUR), daily);
    assert_ne!(delayed("other", "0 8 * * *", HOUR), daily);
    // The occurrences are nearer than the jitter is long: a minute and 59 of them.
    let dense = delayed("report", "0,1 * * * *", 10 * HOUR);
    assert!(dense.iter().step_by(2).all(|&delay| delay == dense[0]), "{dense:?}");
    assert!(dense.iter().all(|&delay| delay < SignedDuration::from_mins(59)));
}

#[test]
fn jitter_and_misfires_hold_together() {
    let mut machine = Machine::new();
    let timer = with(cron("* * * * *"), ALL, Overlap::Skip).with(|settings| settings.jitter = MINUTE);
    let mut table = begun(timer, machine);
    let delay = table.rows[0].jitter.as_deref().copied().unwrap();
    // The last of them waits out its delay.
    machine.sleeps(5 * MINUTE);
    machine.runs(delay / 2);
    while table.next_look().unwrap() > machine.0.now {
        machine.0.now += SECOND;
    }
    let look = table.look(machine.0);
    assert_eq!((times(&look.fires), skipped(&look)), (vec!["01 12:02".to_owned()], 2));
    assert_eq!(work_off(&mut table, machine.0), ["01 12:03", "01 12:04"]);
    let look = table.look(machine.runs(delay));
    assert_eq!(times(&look.fires), ["01 12:05"]);
}

#[test]
fn a_restart_leaves_each_schedule_as_it_is() {
    let delay = Timer::new(Rule::AfterCompletion(10 * SECOND));
    let now = Timer::new(Rule::Every(10 * SECOND)).with(|settings| settings.first = First::Now);
    let rules = [Timer::new(Rule::Every(10 * SECOND)), delay, cron("*/10 * * * * *"), now];
    for timer in rules {
        let mut machine = Machine::new();
        let mut table = begun(timer.clone(), machine);
        let mut began = table.look(machine.0).fires.len();
        // Restarted every seven seconds, down for one of them.
        for _ in 0..60 {
            for _ in 0..6 {
                began += table.look(machine.runs(SECOND)).fires.len();
                while table.is_running(0) {
                    table.ended(0, table.epoch(0), machine.0);
                }
            }
            assert_eq!(table.halt(0, true, machine.0), 0);
            assert_eq!(table.next_run(0), None);
            assert_eq!(table.look(machine.runs(SECOND)), Look::default());
            began += table.begin_again(0, machine.0).len() + table.look(machine.0).fires.len();
        }
        assert!((38..=43).contains(&began), "{began} of {timer:?} in 420 s");
    }
}

#[test]
fn an_occurrence_between_the_end_and_the_begin_of_a_restart_is_not_lost() {
    let mut machine = Machine::new();
    let mut table = begun(cron("0 * * * *"), machine);
    table.halt(0, true, machine.runs(HOUR - SECOND));
    assert!(table.begin_again(0, machine.runs(2 * SECOND)).is_empty());
    assert_eq!(times(&table.look(machine.0).fires), ["01 13:00"]);
    // One that falls into a stop by hand is.
    table.halt(0, false, machine.runs(HOUR - 2 * SECOND));
    assert_eq!(table.begin(0, machine.runs(2 * SECOND)), 0);
    assert_eq!(table.look(machine.0), Look::default());
}

#[test]
fn a_fixed_delay_counts_from_the_end_of_a_run_that_a_restart_has_cut() {
    let timer = Timer::new(Rule::AfterCompletion(10 * SECOND)).with(|settings| settings.first = First::Now);
    let mut machine = Machine::new();
    let mut table = begun(timer, machine);
    assert_eq!(table.look(machine.0).fires.len(), 1);
    table.halt(0, true, machine.runs(SECOND));
    assert_eq!(table.ended(0, 1, machine.runs(SECOND)), None);
    table.begin_again(0, machine.runs(SECOND));
    assert_eq!(table.look(machine.0), Look::default());
    assert_eq!(table.next_look(), Some(machine.0.now + 9 * SECOND));
}

#[test]
fn runs_that_wait_go_on_waiting_over_a_restart_and_are_given_up_by_a_stop() {
    for again in [true, false] {
        let mut machine = Machine::new();
        let mut table = begun(with(cron("* * * * *"), ALL, Overlap::Skip), machine);
        machine.sleeps(3 * MINUTE);
        let first = table.look(machine.runs(30 * SECOND)).fires[0];
        let given_up = table.halt(0, again, machine.0);
        // The first was spawned, and dropped before it had begun.
        let given_up = given_up + table.not_begun(first, 1, machine.0);
        assert_eq!(given_up, if again { 0 } else { 3 });
        let fires = match again {
            true => table.begin_again(0, machine.0),
            false => {
                assert_eq!(table.begin(0, machine.0), 0);
                Vec::new()
            }
        };
        let rest = work_off(&mut table, machine.0);
        if again {
            assert_eq!(
                (times(&fires), rest),
                (vec!["01 12:01".into()], vec!["01 12:02".into(), "01 12:03".into()])
            );
        } else {
            assert!(rest.is_empty());
        }
    }
}

#[test]
fn a_run_that_could_not_begin_waits_for_the_word_that_decides() {
    for again in [true, false] {
        let mut machine = Machine::new();
        let mut table = begun(cron("* * * * *"), machine);
        let fire = table.look(machine.runs(MINUTE)).fires[0];
        assert_eq!(table.not_begun(fire, 1, machine.0), 0);
        assert_eq!(table.halt(0, again, machine.0), u64::from(!again));
        let fires = if again { table.begin_again(0, machine.0) } else { Vec::new() };
        assert_eq!(times(&fires), if again { vec!["01 12:01"] } else { vec![] });
    }
}

#[test]
fn what_has_been_considered_is_not_fired_again_whatever_happens_to_the_task() {
    type Act = fn(&mut Timetable, Moment);
    let acts: [(&str, Act); 4] = [
        ("restart", |table, at| {
            table.halt(0, true, at);
            table.begin_again(0, at);
        }),
        ("stop and start", |table, at| {
            table.halt(0, false, at);
            table.begin(0, at);
        }),
        ("pause and resume", |table, at| {
            table.pause(0);
            table.resume(0, at);
        }),
        ("disable and enable", |table, at| {
            table.enable(0, false, at);
            table.enable(0, true, at);
        }),
    ];
    for (name, act) in acts {
        for end in [None, Some("2026-03-01T13:30:00Z".parse().unwrap())] {
            let mut machine = Machine::new();
            let timer = cron("0 * * * *").with(|settings| settings.limits.end = end);
            let mut table = begun(timer, machine);
            assert_eq!(times(&table.look(machine.runs(HOUR)).fires), ["01 13:00"]);
            table.ended(0, 1, machine.0);
            assert_eq!(table.is_over(0), end.is_some());
            machine.is_set_back(HOUR);
            act(&mut table, machine.0);
            for _ in 0..119 {
                assert_eq!(table.look(machine.runs(MINUTE)).fires, [], "{name}");
            }
            let next = table.look(machine.runs(MINUTE)).fires.len();
            assert_eq!(next, usize::from(end.is_none()), "{name}");
        }
    }
}

#[test]
fn a_start_and_an_end_hold_for_each_rule() {
    let start = Machine::new().0.wall + HOUR;
    let end = start + MINUTE;
    let limited = |timer: Timer| {
        timer.with(|settings| (settings.limits.start, settings.limits.end) = (Some(start), Some(end)))
    };
    let at_once = |settings: &mut super::super::timer::Settings| settings.first = First::Now;
    for (timer, runs) in [
        (Timer::new(Rule::Every(20 * SECOND)), 4),
        (Timer::new(Rule::Every(20 * SECOND)).with(at_once), 4),
        (Timer::new(Rule::AfterCompletion(25 * SECOND)), 3),
        (cron("*/20 * * * * *"), 4),
    ] {
        let mut machine = Machine::new();
        let mut table = begun(limited(timer.clone()), machine);
        let mut began = Vec::new();
        assert!(!table.is_armed(0) && !table.is_over(0), "nothing is late before its start");
        for _ in 0..HOUR.as_secs() + 600 {
            began.extend(table.look(machine.runs(SECOND)).fires.iter().map(|fire| fire.occurrence.at()));
            assert_eq!(table.is_armed(0), !began.is_empty() && !table.is_over(0), "{timer:?}");
            while table.is_running(0) {
                table.ended(0, 1, machine.0);
            }
        }
        assert_eq!((began.len(), began[0]), (runs, start), "{timer:?}");
        assert!(began.iter().all(|&at| at <= end), "{timer:?}");
        assert!(table.is_over(0) && !table.is_armed(0), "{timer:?}");
        assert_eq!(table.next_run(0), None);
        assert!(table.asked(0, machine.0).is_some(), "by hand it still runs");
    }
}

#[test]
fn an_end_in_the_past_leaves_no_run() {
    for timer in
        [Timer::new(Rule::Every(SECOND)), Timer::new(Rule::AfterCompletion(SECOND)), cron("* * * * *")]
    {
        let machine = Machine::new();
        let table = begun(timer.with(|settings| settings.limits.end = Some(machine.0.wall - DAY)), machine);
        assert!(table.is_over(0));
        assert_eq!((table.next_run(0), table.next_look()), (None, None));
    }
}

#[test]
fn an_interval_whose_clock_is_set_beyond_its_end_or_before_its_start_does_not_run() {
    let mut machine = Machine::new();
    let (start, end) = (machine.0.wall - MINUTE, machine.0.wall + HOUR);
    let timer = Timer::new(Rule::Every(MINUTE))
        .with(|settings| (settings.limits.start, settings.limits.end) = (Some(start), Some(end)));
    let mut table = begun(timer, machine);
    machine.is_set_back(HOUR);
    assert_eq!(table.look(machine.runs(MINUTE)).fires, []);
    assert_eq!(table.next_run(0), Some(NextRun::Wall(start)));
    machine.sleeps(HOUR);
    assert_eq!(table.look(machine.runs(30 * SECOND)).fires.len(), 1);
    machine.sleeps(HOUR);
    assert_eq!(table.look(machine.runs(MINUTE)).fires, []);
    assert!(table.is_over(0));
}

#[test]
fn a_wall_clock_that_was_set_is_looked_at_by_all_that_wait_for_it() {
    let mut machine = Machine::new();
    let mut table = Timetable::new(vec![cron("0 8 * * *"), Timer::new(Rule::Every(DAY))], None, 7);
    (0..2).for_each(|task| {
        table.begin(task, machine.0);
    });
    machine.sleeps(DAY);
    assert_eq!(table.look(machine.0), Look::default());
    table.wall_was_set(machine.0);
    assert_eq!(times(&table.look(machine.0).fires), ["02 08:00"]);
}

#[test]
fn policies_of_the_gap_reach_the_evaluator() {
    let timer = Timer::of(Schedule::cron("30 2 * * *", "Europe/Oslo").unwrap());
    let timer = timer.with(|settings| settings.dst = Some(DstPolicy::Skip)).named("unit");
    let Rule::Cron(Ok(schedule)) = &timer.rule else { panic!("cron") };
    let next = schedule.next_after("2026-03-28T12:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(next.to_string(), "2026-03-30T00:30:00Z");
}

#[test]
fn a_first_run_at_an_instant_to_come_is_not_expected_before() {
    let mut machine = Machine::new();
    let first = First::At(machine.0.wall + DAY);
    for rule in [Rule::Every(MINUTE), Rule::AfterCompletion(MINUTE)] {
        let timer = Timer::new(rule).with(|settings| settings.first = first);
        let mut table = begun(timer, Machine::new());
        assert!(!table.is_armed(0));
        machine = Machine::new();
        assert_eq!(table.look(machine.runs(DAY)).fires.len(), 1);
        assert!(table.is_armed(0));
        table.halt(0, true, machine.0);
        assert!(table.is_armed(0), "a restart begins nothing anew");
        table.halt(0, false, machine.0);
        assert!(!table.is_armed(0));
    }
}

#[test]
fn a_clock_that_was_ahead_at_the_start_and_is_corrected_silences_nothing() {
    for recheck in [Some(30 * SECOND), None] {
        let mut machine = Machine::new();
        machine.sleeps(30 * DAY);
        let mut table = Timetable::new(vec![cron("0 * * * *").named("unit")], recheck, 7);
        table.begin(0, machine.0);
        table.look(machine.0);
        machine.is_set_back(30 * DAY + 90 * MINUTE);
        // It is 10:30 on the day before all that it has seen.
        let look = table.look(machine.runs(30 * SECOND));
        assert_eq!((look.fires.len(), look.moved, look.held_back), (0, vec![0], None));
        assert_eq!(times(&table.look(machine.runs(29 * MINUTE + 30 * SECOND)).fires), ["01 11:00"]);
    }
}

#[test]
fn schedules_that_wait_for_what_has_been_considered_are_told_of_once() {
    let mut machine = Machine::new();
    let timers = ["0 8 * * *", "0 9 * * *", "0 0 1 1 *"];
    let timers = timers.map(|text| cron(text).named("unit")).to_vec();
    let mut table = Timetable::new(timers, Some(30 * SECOND), 7);
    (0..3).for_each(|task| _ = table.begin(task, machine.0));
    machine.sleeps(2 * DAY);
    assert_eq!(table.look(machine.runs(30 * SECOND)).fires.len(), 2);
    machine.is_set_back(2 * DAY);
    let look = table.look(machine.runs(30 * SECOND));
    let until = "2026-03-04T08:00:00Z".parse().unwrap();
    assert_eq!(look.held_back, Some(HeldBack { task: 0, until, tasks: 2 }));
    assert!(look.moved.is_empty(), "they have waited for that before");
    assert_eq!(table.look(machine.runs(30 * SECOND)).held_back, None);
    // A small correction right after a run is no mistake.
    let mut table = begun(cron("0 * * * *"), machine);
    machine.runs(HOUR - MINUTE);
    assert_eq!(table.look(machine.0).fires.len(), 1);
    machine.is_set_back(MINUTE - SECOND);
    assert_eq!(table.look(machine.0), Look::default());
}

#[test]
fn an_interval_that_is_over_goes_on_where_its_period_or_the_clock_leaves_a_tick_before_its_end() {
    type Act = fn(&mut Timetable, &mut Machine);
    let acts: [(&str, Act, &[u64]); 3] = [
        (
            "shorter",
            |table, machine| table.set_period(0, 5 * MINUTE, machine.0),
            &[15, 20, 25, 30, 35, 40, 45, 50, 55, 60],
        ),
        (
            "disabled and enabled",
            |table, machine| {
                table.enable(0, false, machine.0);
                table.set_period(0, 20 * MINUTE, machine.0);
                table.enable(0, true, machine.0);
            },
            &[12, 32, 52],
        ),
        // The end is 50 minutes off, and then three hours.
        ("set back", |_, machine| _ = machine.is_set_back(130 * MINUTE), &[125]),
    ];
    for (name, act, expected) in acts {
        let mut machine = Machine::new();
        let end = machine.0.wall + HOUR;
        let timer = Timer::new(Rule::Every(5 * MINUTE)).with(|settings| settings.limits.end = Some(end));
        let mut table = begun(timer, machine);
        let start = machine.0.now;
        for _ in 0..2 {
            assert_eq!(table.look(machine.runs(5 * MINUTE)).fires.len(), 1);
            table.ended(0, 1, machine.0);
        }
        table.set_period(0, 115 * MINUTE, machine.0);
        assert!(table.is_over(0) && !table.is_armed(0));
        assert_eq!((table.next_run(0), table.look(machine.runs(2 * MINUTE))), (None, Look::default()));
        act(&mut table, &mut machine);
        let mut began = Vec::new();
        for _ in 0..4 * 60 {
            if !table.look(machine.0).fires.is_empty() {
                began.push((machine.0.now - start).as_secs() / 60);
            }
            while table.is_running(0) {
                table.ended(0, 1, machine.0);
            }
            machine.runs(MINUTE);
        }
        assert_eq!(began, expected, "{name}");
        assert!(table.is_over(0), "{name}");
    }
}

#[test]
fn a_cron_that_was_over_goes_on_when_the_clock_is_seen_back_before_its_end() {
    let mut machine = Machine::new();
    let end = machine.0.wall + 2 * HOUR;
    machine.sleeps(DAY);
    let mut table = begun(cron("0 * * * *").with(|settings| settings.limits.end = Some(end)), machine);
    assert!(table.is_over(0));
    machine.is_set_back(DAY);
    assert_eq!(table.look(machine.0).moved, [0]);
    assert_eq!(times(&table.look(machine.runs(HOUR)).fires), ["01 13:00"]);
}

/// A unit whose delay is longer than eleven minutes, as is checked where that counts.
fn delayed() -> Timer {
    cron("0 8 * * *").with(|settings| settings.jitter = HOUR).named("report")
}

#[test]
fn a_run_whose_delay_is_still_ahead_is_not_lost_by_a_begin() {
    type Act = fn(&mut Timetable, Moment);
    let acts: [Act; 4] = [
        |_, _| {},
        |table, at| {
            table.pause(0);
            table.resume(0, at);
        },
        |table, at| {
            table.enable(0, false, at);
            table.enable(0, true, at);
        },
        |table, at| {
            table.halt(0, false, at);
            table.begin(0, at);
        },
    ];
    for act in acts {
        let mut machine = Machine::new();
        // 08:10, and its delay is longer than that.
        machine.runs(20 * HOUR + 10 * MINUTE);
        let mut table = begun(delayed(), machine);
        act(&mut table, machine.0);
        let delay = table.rows[0].jitter.as_deref().copied().unwrap();
        assert!(delay > 11 * MINUTE, "{delay:?}");
        assert_eq!(table.look(machine.runs(delay - 11 * MINUTE)), Look::default());
        assert_eq!(times(&table.look(machine.runs(MINUTE)).fires), ["02 08:00"]);
        table.ended(0, table.epoch(0), machine.0);
        machine.is_set_back(MINUTE);
        act(&mut table, machine.0);
        assert_eq!(table.look(machine.runs(HOUR)), Look::default(), "not twice");
    }
    // One that came and went during a pause is passed over for good.
    let mut machine = Machine::new();
    let mut table = begun(delayed(), machine);
    table.pause(0);
    table.resume(0, machine.runs(21 * HOUR));
    machine.is_set_back(50 * MINUTE);
    assert_eq!(table.look(machine.runs(2 * HOUR)).fires, []);
}

#[test]
fn a_stop_of_a_paused_task_leaves_its_delay_and_its_end_as_they_are() {
    let mut machine = Machine::new();
    let mut table =
        begun(cron("0,30 * * * *").with(|settings| settings.jitter = 40 * MINUTE).named("report"), machine);
    let short =
        begun(cron("* * * * *").with(|settings| settings.jitter = 40 * MINUTE).named("report"), machine);
    assert_ne!(table.rows[0].jitter, short.rows[0].jitter);
    table.pause(0);
    // The next one is the first of the hour, on the other side of an uneven distance.
    table.halt(0, true, machine.runs(5 * HOUR));
    let row = &table.rows[0];
    let due = row.waits_for.unwrap();
    assert_eq!(row.jitter.as_deref().copied(), Some(row.timer.jitter(due, || 0.0)));
    assert!(!row.is_due(due).has_come(machine.0), "no misfire");

    let mut machine = Machine::new();
    let end = machine.0.wall + 90 * MINUTE;
    let mut table = begun(cron("0 * * * *").with(|settings| settings.limits.end = Some(end)), machine);
    table.pause(0);
    table.halt(0, true, machine.runs(2 * HOUR));
    assert!(table.is_over(0));
    machine.is_set_back(HOUR + MINUTE);
    table.begin_again(0, machine.0);
    assert_eq!(table.look(machine.runs(HOUR)).fires, [], "it was passed over");
}

#[test]
fn what_was_asked_for_by_hand_and_answered_survives_a_restart() {
    let mut machine = Machine::new();
    let mut table = begun(Timer::new(Rule::OnDemand), machine);
    assert!(table.asked(0, machine.0).is_some());
    assert!(table.asked(0, machine.0).is_none(), "it is sure to follow");
    table.halt(0, true, machine.0);
    assert_eq!(table.ended(0, 1, machine.0), None);
    let fires = table.begin_again(0, machine.runs(SECOND));
    assert!(fires.len() == 1 && fires[0].occurrence.by_hand);
    // Nor is it lost where it could not begin before the next one.
    table.halt(0, true, machine.0);
    assert_eq!(table.not_begun(fires[0], table.epoch(0), machine.0), 0);
    assert_eq!(table.begin_again(0, machine.0), fires);
    assert_eq!(table.ended(0, table.epoch(0), machine.0), None);
    // One whose asker has not been answered is told that it did not begin.
    let fire = table.asked(0, machine.0).unwrap();
    table.halt(0, true, machine.0);
    table.not_begun(fire, table.epoch(0), machine.0);
    assert_eq!(table.begin_again(0, machine.0), []);
}

#[test]
fn a_fixed_delay_whose_run_could_not_begin_runs_once_after_a_restart() {
    let timer = Timer::new(Rule::AfterCompletion(HOUR)).with(|settings| settings.first = First::Now);
    let machine = Machine::new();
    let mut table = begun(timer, machine);
    let fire = table.look(machine.0).fires[0];
    table.halt(0, true, machine.0);
    assert_eq!(table.not_begun(fire, 1, machine.0), 0);
    assert_eq!(table.begin_again(0, machine.0).len(), 1);
    assert_eq!(table.look(machine.0), Look::default());
    assert_eq!(table.ended(0, table.epoch(0), machine.0), None);
    assert_eq!(table.next_look(), Some(machine.0.now + HOUR));
}

#[test]
fn a_run_that_makes_up_for_a_misfire_and_could_not_begin_still_takes_no_place_in_the_queue() {
    let mut machine = Machine::new();
    let mut table = begun(with(cron("* * * * *"), ALL, Overlap::Queue(1)), machine);
    machine.sleeps(2 * MINUTE);
    let fire = table.look(machine.runs(30 * SECOND)).fires[0];
    table.halt(0, true, machine.0);
    table.not_begun(fire, 1, machine.0);
    assert_eq!((table.rows[0].waiting(true), table.rows[0].waiting(false)), (2, 0));
}

#[test]
fn a_look_counts_so_many_of_all_tasks_and_no_more() {
    let mut machine = Machine::new();
    let tasks = 100;
    let timers = vec![cron("* * * * * *").named("unit"); tasks];
    let mut table = Timetable::new(timers, Some(30 * SECOND), 7);
    (0..tasks).for_each(|task| _ = table.begin(task, machine.0));
    machine.sleeps(DAY);
    let look = table.look(machine.runs(30 * SECOND));
    assert_eq!((look.fires.len(), skipped(&look)), (tasks, 10_000));
    machine.sleeps(10 * SECOND);
    let look = table.look(machine.runs(30 * SECOND));
    assert_eq!(skipped(&look), tasks as u64 * 40, "the next look counts anew, and all of them are busy");
}

#[derive(Debug, Clone, Copy)]
enum Happening {
    Runs(u64),
    Sleeps(u64),
    Ends,
    Restart,
    /// A restart that drops the runs of the last look before they have begun.
    RestartAtOnce,
    SetBack(u64),
    Pause,
    Resume,
    Enable(bool),
    Stop,
    Start,
}

/// Those after which each occurrence that came due is run, waits or is counted.
fn counted() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0u64..200).prop_map(Happening::Runs),
        2 => (0u64..20_000).prop_map(Happening::Sleeps),
        4 => Just(Happening::Ends),
        1 => Just(Happening::Restart),
        1 => Just(Happening::RestartAtOnce),
    ]
}

fn whatever() -> impl Strategy<Value = Happening> {
    prop_oneof![
        10 => counted(),
        2 => (0u64..20_000).prop_map(Happening::SetBack),
        1 => Just(Happening::Pause),
        1 => Just(Happening::Resume),
        1 => any::<bool>().prop_map(Happening::Enable),
        1 => Just(Happening::Stop),
        1 => Just(Happening::Start),
    ]
}

/// A task, the runs of it that have begun, and how many were left out.
struct Played {
    table: Timetable,
    machine: Machine,
    last: Vec<Fire>,
    fired: Vec<Fire>,
    left_out: u64,
    stopped: bool,
}

impl Played {
    fn happens(&mut self, happening: Happening) {
        let (table, machine) = (&mut self.table, &mut self.machine);
        match happening {
            Happening::Runs(seconds) => _ = machine.runs(Duration::from_secs(seconds)),
            Happening::Sleeps(seconds) => _ = machine.sleeps(Duration::from_secs(seconds)),
            Happening::SetBack(seconds) => _ = machine.is_set_back(Duration::from_secs(seconds)),
            _ => {}
        }
        let at = machine.0;
        match happening {
            Happening::Ends if table.is_running(0) => self.last.extend(table.ended(0, table.epoch(0), at)),
            Happening::Restart | Happening::RestartAtOnce if !self.stopped => {
                self.left_out += table.halt(0, true, at);
                if matches!(happening, Happening::RestartAtOnce) {
                    for fire in self.last.drain(..) {
                        self.left_out += table.not_begun(fire, table.epoch(0), at);
                    }
                }
                self.last.extend(table.begin_again(0, at));
            }
            Happening::Pause if !self.stopped => self.left_out += table.pause(0),
            Happening::Resume if !self.stopped => table.resume(0, at),
            Happening::Enable(enabled) => self.left_out += table.enable(0, enabled, at),
            Happening::Stop if !self.stopped => {
                self.stopped = true;
                self.left_out += table.halt(0, false, at);
            }
            Happening::Start if self.stopped => {
                self.stopped = false;
                self.left_out += table.begin(0, at);
            }
            _ => {}
        }
        let look = table.look(at);
        self.left_out += skipped(&look);
        // Those of before have begun by now.
        self.fired.append(&mut self.last);
        self.last = look.fires;
    }
}

fn plays(
    misfire: Misfire,
    overlap: Overlap,
    (text, jitter, limits): (&str, Duration, (u64, u64)),
    happenings: Vec<Happening>,
    counts: bool,
) -> Result<(), TestCaseError> {
    let machine = Machine::new();
    let within = |seconds| (seconds > 0).then(|| machine.0.wall + Duration::from_secs(seconds));
    let timer = with(cron(text), misfire, overlap).with(|settings| {
        settings.jitter = jitter;
        (settings.limits.start, settings.limits.end) = (within(limits.0), within(limits.1));
    });
    let timer = timer.named("unit");
    let Rule::Cron(Ok(schedule)) = timer.rule.clone() else { panic!("cron") };
    let table = begun(timer, machine);
    let first = table.rows[0].waits_for;
    let (last, fired) = (Vec::new(), Vec::new());
    let mut played = Played { table, machine, last, fired, left_out: 0, stopped: false };
    for happening in happenings {
        played.happens(happening);
        prop_assert!(overlap == Overlap::Allow || played.table.rows[0].running <= 1);
    }
    let Played { table, last, mut fired, left_out, .. } = played;
    fired.extend(last);
    let mut times: Vec<Timestamp> = fired.iter().map(|fire| fire.occurrence.at()).collect();
    let runs = times.len();
    times.sort_unstable();
    times.dedup();
    prop_assert_eq!(times.len(), runs, "none twice");
    prop_assert!(times.iter().all(|&at| schedule.previous_before(at + SECOND) == Some(at)));
    if let (true, Some(Due::Wall(first))) = (counts, first) {
        let row = &table.rows[0];
        let next = match row.waits_for {
            Some(Due::Wall(next)) => next,
            _ => Timestamp::MAX,
        };
        let all = schedule.after(first - SECOND).take_while(|&at| at < next).count();
        let waiting = row.waiting(false) + row.waiting(true);
        prop_assert_eq!(runs as u64 + left_out + waiting as u64, all as u64);
    }
    Ok(())
}

fn misfires() -> impl Strategy<Value = Misfire> {
    let all = (1usize..6).prop_map(|max| Misfire::FireAll { max });
    prop_oneof![Just(Misfire::FireOnce), Just(Misfire::Skip), all]
}

fn overlaps() -> impl Strategy<Value = Overlap> {
    prop_oneof![Just(Overlap::Skip), (1usize..3).prop_map(Overlap::Queue), Just(Overlap::Allow)]
}

/// An expression, a jitter, and after how many seconds it starts and ends, if it does.
fn schedules() -> impl Strategy<Value = (&'static str, Duration, (u64, u64))> {
    let text = prop_oneof![Just("*/5 * * * *"), Just("0,1,7 * * * *"), Just("30 */3 * * *")];
    let limits = prop_oneof![3 => Just((0, 0)), 1 => (1u64..20_000, 20_000u64..40_000)];
    (text, prop_oneof![Just(Duration::ZERO), Just(4 * MINUTE)], limits)
}

proptest! {
    /// Whatever the looks, the leaps forward, the restarts and the policies: no occurrence fires twice, and each that came due is
    /// run, waits, or is counted.
    #[test]
    fn no_occurrence_is_lost(
        misfire in misfires(),
        overlap in overlaps(),
        schedule in schedules(),
        happenings in prop::collection::vec(counted(), 1..120),
    ) {
        plays(misfire, overlap, schedule, happenings, true)?;
    }

    /// Whatever happens to the clock and to the task.
    #[test]
    fn no_occurrence_is_fired_twice(
        misfire in misfires(),
        overlap in overlaps(),
        schedule in schedules(),
        happenings in prop::collection::vec(whatever(), 1..120),
    ) {
        plays(misfire, overlap, schedule, happenings, false)?;
    }
}
