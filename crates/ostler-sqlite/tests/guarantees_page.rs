//! The numbers on the page about guarantees are those of the code.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::collections::BTreeMap;
use std::time::Duration;

use ostler::{DAY, HOUR, SECOND};
use ostler_jobs::{
    DEFAULT_ATTEMPTS, DEFAULT_BACKOFF, DEFAULT_LEASE, DEFAULT_POISON_AFTER, DEFAULT_POLL, DEFAULT_TIMEOUT,
    Keep, MAX_RESULT, Retention, STOP_GRACE, payload,
};
use ostler_sqlite::{DEFAULT_DEADLINE, DEFAULT_INBOX_POLL, DEFAULT_MAX_READY};

/// What each row of the table of numbers says, by its first cell.
fn numbers() -> BTreeMap<String, String> {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guarantees.md")).unwrap();
    let table = page.split("## The numbers").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cell = |row: &str, at: usize| row.split('|').nth(at).unwrap().trim().to_owned();
    rows.map(|row| (cell(row, 1), cell(row, 2))).collect()
}

fn told(time: Duration) -> String {
    match time.as_millis() {
        millis if millis < 1_000 => format!("{millis} ms"),
        millis if millis % 3_600_000 == 0 => format!("{} h", millis / 3_600_000),
        millis => format!("{} s", millis / 1_000),
    }
}

#[test]
fn every_number_of_the_table_is_that_of_the_code() {
    let kib = |bytes: usize| format!("{} KiB", bytes / 1024);
    let expected = [
        ("attempts of a job", DEFAULT_ATTEMPTS.to_string()),
        ("time for one attempt", format!("{}, then {} to stop", told(DEFAULT_TIMEOUT), told(STOP_GRACE))),
        ("crashes until a job is poison", DEFAULT_POISON_AFTER.to_string()),
        ("lease of a worker", format!("{}, renewed", told(DEFAULT_LEASE))),
        ("how often a worker looks without being told", told(DEFAULT_POLL)),
        ("deadline of a call to the store", told(DEFAULT_DEADLINE)),
        ("jobs that are ready", format!("{} million", DEFAULT_MAX_READY / 1_000_000)),
        (
            "payload",
            format!(
                "{}; {} MiB at most; {} levels deep",
                kib(payload::DEFAULT_LIMIT),
                payload::HARD_LIMIT / 1024 / 1024,
                payload::MAX_DEPTH
            ),
        ),
        ("result", kib(MAX_RESULT)),
        ("rows from other programs are looked for", format!("each {}", told(DEFAULT_INBOX_POLL))),
    ];
    let numbers = numbers();
    for (what, value) in expected {
        let row = numbers.get(what).unwrap_or_else(|| panic!("no row `{what}`: {numbers:#?}"));
        assert!(row.starts_with(&value), "`{what}`: the page says {row}, the code {value}");
    }
}

#[test]
fn what_the_table_says_of_retention_and_back_off_is_the_default() {
    let numbers = numbers();
    assert!(
        numbers["kept of finished jobs"]
            .starts_with("done ones a day, cancelled ones 7 days, dead ones 30 days")
    );
    let said = Retention::new().done(Keep::age(DAY)).cancelled(Keep::age(7 * DAY)).dead(Keep::age(30 * DAY));
    assert_eq!(Retention::new(), said);

    assert!(numbers["wait before another"].starts_with("about 2, 4, 8 s and so on, up to 6 h"));
    let exact = DEFAULT_BACKOFF.jitter(0.0);
    let waits: Vec<Duration> = [1, 2, 3, 60].map(|attempt| exact.delay(attempt, 0)).into();
    assert_eq!(waits, [2 * SECOND, 4 * SECOND, 8 * SECOND, 6 * HOUR]);
}
