//! What is asked.

use jiff::{SignedDuration, Timestamp};

/// A text to parse.
pub(super) struct Text {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// Ranges that run backwards, 41 of them: the longest to read of the texts of 256 bytes that are known.
const LONGEST: &str = "\
    0 1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,\
    1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,1-0/1,\
    1-0/1,1-0/1,1-0/1,1-0/1,1-0/1 * * * *";

pub(super) const TEXTS: [Text; 8] = [
    Text { name: "each day", text: "0 0 8 * * *" },
    Text { name: "every five minutes", text: "0 */5 * * * *" },
    Text { name: "lists and ranges", text: "0 0,15,30,45 9-17 * JAN-NOV MON-FRI" },
    Text { name: "one `W`", text: "0 0 8 15W * *" },
    Text { name: "one `#`", text: "0 0 8 * * MON#1" },
    Text { name: "a leap day that is a Monday", text: "0 0 0 29 2 MON" },
    Text { name: "all kinds of `L`, `W` and `#`", text: "0 0 8 L-3,LW,L-20W,31W 2,4,6 SUN#5,MON#1,FRIL" },
    Text { name: "256 bytes", text: LONGEST },
];

impl Text {
    pub(super) fn figure(&self) -> String {
        format!("parse, {}", self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Next,
    Previous,
}

/// A question: when does `text` fire in `zone`, after or before each of some instants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) ask: Ask,
    name: &'static str,
    pub(super) text: &'static str,
    pub(super) zone: &'static str,
    start: &'static str,
    /// Seconds from one instant to the next.
    step: i64,
    /// What the answer to the first is, so that a wrong table is seen.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it"))]
    pub(super) first_answer: Option<&'static str>,
}

impl Question {
    pub(super) const INSTANTS: i64 = 64;

    pub(super) fn figure(&self) -> String {
        let ask = match self.ask {
            Ask::Next => "next",
            Ask::Previous => "previous",
        };
        format!("{ask}, {}, {}", self.name, self.zone)
    }

    pub(super) fn instants(&self) -> impl Iterator<Item = Timestamp> {
        let start: Timestamp = self.start.parse().expect("a constant");
        (0..Self::INSTANTS).map(move |n| start + SignedDuration::from_secs(n * self.step))
    }
}

/// A question in several zones: name, text, start, step, and the first answers.
type InZones =
    (Ask, &'static str, &'static str, &'static str, i64, &'static [(&'static str, Option<&'static str>)]);

const UTC: &str = "UTC";
const OSLO: &str = "Europe/Oslo";
const NEW_YORK: &str = "America/New_York";

/// Over a year, at ever other times of the day.
const YEAR: i64 = 493_477;

const QUESTIONS: [InZones; 19] = [
    (
        Ask::Next,
        "every second",
        "* * * * * *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[
            (UTC, Some("2026-01-01T00:00:08Z")),
            (OSLO, Some("2026-01-01T00:00:08Z")),
            (NEW_YORK, Some("2026-01-01T00:00:08Z")),
        ],
    ),
    (
        Ask::Next,
        "every five minutes",
        "0 */5 * * * *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[
            (UTC, Some("2026-01-01T00:05:00Z")),
            (OSLO, Some("2026-01-01T00:05:00Z")),
            (NEW_YORK, Some("2026-01-01T00:05:00Z")),
        ],
    ),
    (
        Ask::Next,
        "each day",
        "0 0 8 * * *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[
            (UTC, Some("2026-01-01T08:00:00Z")),
            (OSLO, Some("2026-01-01T07:00:00Z")),
            (NEW_YORK, Some("2026-01-01T13:00:00Z")),
        ],
    ),
    (
        Ask::Next,
        "last weekday",
        "0 0 18 LW * *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[(UTC, Some("2026-01-30T18:00:00Z")), (OSLO, Some("2026-01-30T17:00:00Z"))],
    ),
    (
        Ask::Next,
        "leap days",
        "0 0 0 29 2 *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[
            (UTC, Some("2028-02-29T00:00:00Z")),
            (OSLO, Some("2028-02-28T23:00:00Z")),
            (NEW_YORK, Some("2028-02-29T05:00:00Z")),
        ],
    ),
    (
        Ask::Next,
        "leap days on a Monday across 2100",
        "0 0 0 29 2 MON",
        "2072-03-01T00:00:07Z",
        100_003,
        &[
            (UTC, Some("2112-02-29T00:00:00Z")),
            (OSLO, Some("2112-02-28T23:00:00Z")),
            (NEW_YORK, Some("2112-02-29T05:00:00Z")),
        ],
    ),
    (
        Ask::Next,
        "each day, in a gap",
        "0 30 2 * * *",
        "2026-03-28T01:31:00Z",
        1_300,
        &[(OSLO, Some("2026-03-29T01:00:00Z"))],
    ),
    (
        Ask::Next,
        "each day, in a gap",
        "0 30 2 * * *",
        "2026-03-07T07:31:00Z",
        1_300,
        &[(NEW_YORK, Some("2026-03-08T07:00:00Z"))],
    ),
    (
        Ask::Next,
        "each day, in an overlap",
        "0 30 2 * * *",
        "2026-10-25T00:31:00Z",
        80,
        &[(OSLO, Some("2026-10-26T01:30:00Z"))],
    ),
    (
        Ask::Next,
        "each day, in an overlap",
        "0 30 1 * * *",
        "2026-11-01T05:31:00Z",
        80,
        &[(NEW_YORK, Some("2026-11-02T06:30:00Z"))],
    ),
    (
        Ask::Next,
        "each quarter, in an overlap",
        "0 */15 * * * *",
        "2026-10-25T00:01:00Z",
        80,
        &[(OSLO, Some("2026-10-25T00:15:00Z"))],
    ),
    (
        Ask::Next,
        "each quarter, in an overlap",
        "0 */15 * * * *",
        "2026-11-01T05:01:00Z",
        80,
        &[(NEW_YORK, Some("2026-11-01T05:15:00Z"))],
    ),
    (Ask::Next, "never", "0 0 0 30 2 *", "2026-01-01T00:00:07Z", YEAR, &[(UTC, None), (OSLO, None)]),
    (
        Ask::Next,
        "never, as it is always in a gap",
        "0 30-30 2 25-31 3 SUN",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[(OSLO, None)],
    ),
    (
        Ask::Previous,
        "every five minutes",
        "0 */5 * * * *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[(UTC, Some("2026-01-01T00:00:00Z")), (OSLO, Some("2026-01-01T00:00:00Z"))],
    ),
    (
        Ask::Previous,
        "each day",
        "0 0 8 * * *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[(UTC, Some("2025-12-31T08:00:00Z")), (OSLO, Some("2025-12-31T07:00:00Z"))],
    ),
    (
        Ask::Previous,
        "leap days",
        "0 0 0 29 2 *",
        "2026-01-01T00:00:07Z",
        YEAR,
        &[(UTC, Some("2024-02-29T00:00:00Z")), (OSLO, Some("2024-02-28T23:00:00Z"))],
    ),
    (
        Ask::Previous,
        "leap days on a Monday across 2100",
        "0 0 0 29 2 MON",
        "2111-03-01T00:00:07Z",
        100_003,
        &[(UTC, Some("2072-02-29T00:00:00Z")), (OSLO, Some("2072-02-28T23:00:00Z"))],
    ),
    (Ask::Previous, "never", "0 0 0 30 2 *", "2026-01-01T00:00:07Z", YEAR, &[(UTC, None), (OSLO, None)]),
];

pub(super) fn questions() -> impl Iterator<Item = Question> {
    QUESTIONS.iter().flat_map(|&(ask, name, text, start, step, zones)| {
        zones.iter().map(move |&(zone, first_answer)| Question {
            ask,
            name,
            text,
            zone,
            start,
            step,
            first_answer,
        })
    })
}
