//! Nothing is allocated: not while an expression is read or refused, and not in a question about it.
//!
//! The zone's table is made once, before.

use std::hint::black_box;

use allocation_counter::measure;
use jiff::Timestamp;
use ostler_cron::{Cron, DstPolicy, Every, Expression, Schedule, Zone};

const EXPRESSIONS: [&str; 16] = [
    "* * * * * *",
    "*/5 * * * *",
    "0 0 8 * * *",
    "30 2 * * *",
    "0 0 9-17 * * MON-FRI",
    "0,10,20,30 50-10/7 22-3/2 1,15,L */2 FRI-TUE",
    "0 0 LW * *",
    "0 0 15W,LW,L-3W,1W,31W * *",
    "0 0 * * MON#1,MON#3,FRIL",
    "0 0 29 2 MON",
    "0 0 L-28 2 0#1",
    "0 0 30 2 *",
    "59 59 23 31 12 *",
    "@daily",
    "@every_second",
    "0 0 13 * FRI",
];

const MISTAKES: [&str; 8] =
    ["", "* * * *", "0 25 * * *", "0 0 32W * *", "0 0 * * MONDAY", "@dayly", "H * * * *", "é"];

fn allocations<T>(of: impl FnOnce() -> T) -> u64 {
    let info = measure(|| {
        black_box(of());
    });
    info.count_total
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(black_box(1))), 1);
}

#[test]
fn reading() {
    for text in EXPRESSIONS {
        assert_eq!(allocations(|| Cron::parse(text)), 0, "{text:?}");
        assert_eq!(allocations(|| Expression::parse(text)), 0, "{text:?}");
    }
    for text in ["H H * * *", "H/10 H/6 H H H H"] {
        assert_eq!(allocations(|| Cron::parse_with_id(text, "a unit")), 0, "{text:?}");
    }
    assert_eq!(allocations(|| Every::parse("@every 1h30m")), 0);
}

#[test]
fn refusing() {
    let long = "1,".repeat(200);
    let crowded = "60,".repeat(85);
    for text in MISTAKES.into_iter().chain([long.as_str(), crowded.as_str()]) {
        assert_eq!(allocations(|| Cron::parse(text).expect_err(text)), 0, "{text:?}");
    }
}

#[test]
fn asking() {
    let zones = [
        "UTC",
        "Europe/Oslo",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];
    for zone in zones {
        let zone = Zone::get(zone).expect("the zone is known");
        for text in EXPRESSIONS {
            let cron = Cron::parse(text).expect("it is valid");
            for policy in [DstPolicy::Default, DstPolicy::Cronos, DstPolicy::Skip] {
                let schedule = Schedule::new(cron, zone.clone()).dst(policy);
                assert_eq!(allocations(|| ask(&schedule)), 0, "{schedule:?}");
            }
        }
    }
}

/// All questions, within the years that tables cover, within those that rules cover, and in a gap and an overlap.
fn ask(schedule: &Schedule) {
    // The first and the last are beyond the years of all schedules.
    let seconds =
        [-377_705_000_000, -5_000_000_000, 0, 1_774_746_000, 1_792_890_000, 20_000_000_000, 253_402_207_200];
    for second in seconds {
        let from = Timestamp::new(second, 0).expect("it is in range");
        black_box(schedule.next_after(from));
        black_box(schedule.next_at_or_after(from));
        black_box(schedule.previous_before(from));
        black_box(schedule.previous_at_or_before(from));
        black_box(schedule.after(from).take(3).count());
        black_box(schedule.before(from).take(3).count());
        black_box(schedule.within(from..).take(3).count());
        black_box(schedule.within(..from).rev().take(3).count());
        black_box(schedule.cron().matches(jiff::civil::date(2026, 3, 29).at(2, 30, 0, 0)));
        black_box(schedule.cron().never_fires());
    }
}

/// A schedule is a handle: a zone is shared.
#[test]
fn copying() {
    let zone = Zone::get("Europe/Oslo").expect("the zone is known");
    let schedule = Cron::parse("0 8 * * *").expect("it is valid").in_zone(zone.clone());
    assert_eq!(allocations(|| schedule.clone()), 0);
    assert_eq!(allocations(|| schedule.cron().in_zone(zone.clone())), 0);
}
