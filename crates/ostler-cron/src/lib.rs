//! Cron expressions on [jiff]: parsed, evaluated in any time zone, and told in words.
//!
//! ```
//! use ostler_cron::{Cron, Zone};
//!
//! let daily = Cron::parse("0 30 2 * * *")?.in_zone(Zone::get("Europe/Oslo")?);
//! let mut next = daily.after("2026-03-27T12:00:00Z".parse()?);
//! assert_eq!(next.next(), Some("2026-03-28T01:30:00Z".parse()?));
//! // On the last Sunday of March there is no 02:30 in Oslo: it fires when the clocks have gone forward, at 03:00.
//! assert_eq!(next.next(), Some("2026-03-29T01:00:00Z".parse()?));
//! assert_eq!(next.next(), Some("2026-03-30T00:30:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Cron`] is the expression: small, `Copy`, and compared by what it means. A [`Schedule`] is an expression in a [`Zone`], and
//! answers when it fires. Nothing is allocated, neither in reading an expression nor in a question about it.
//!
//! # Grammar
//! Five fields, or six with the second first: `[second] minute hour day-of-month month day-of-week`, between spaces or tabs.
//!
//! | in a field | means |
//! |---|---|
//! | `*`, `?` | every value |
//! | `5`, `JAN`, `MON` | that one; names have three letters, in any case; both 0 and 7 are Sunday |
//! | `1-5`, `22-3`, `FRI-TUE` | a range; one that runs backwards wraps around |
//! | `*/15`, `5/15`, `10-40/15`, `50-10/7` | each n-th: of all, from a value on, of a range; the phase is kept where a range wraps |
//! | `1,3,10-12` | a list |
//! | `L`, `L-3` (day of month) | the last day, the third before it |
//! | `15W`, `LW`, `L-3W` (day of month) | the weekday (Monday to Friday) nearest to it, in the same month |
//! | `5L`, `FRIL` (day of week) | the last Friday of the month |
//! | `MON#1` (day of week) | the first Monday of the month |
//! | `H`, `H/15` | one value, each 15th from one value on: chosen by a stable hash of an id, see [`Cron::parse_with_id`] |
//!
//! Day of month **and** day of week must match, where other crons take either; [`Cron::warnings`] says so where both are given. A day
//! that a month lacks (`31`, `31W`, `L-29`) does not occur in it.
//!
//! The macros `@every_second`, `@every_minute`, `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`
//! stand for expressions. `@every 90s` is an interval, an [`Every`], whose units are `d`, `h`, `m`, `s` and `ms`; [`Expression`] reads
//! either.
//!
//! # When the clocks change
//! An expression is an *interval* when its second, minute or hour is written with `*`, `?`, `-` or `/`; all others are *points*
//! in time.
//!
//! | | the clocks go forward: a gap | the clocks go back: an overlap |
//! |---|---|---|
//! | point | fires once, at the first instant after the gap | fires once, on the first pass |
//! | interval | keeps its grid: what does not exist is left out | fires at every real instant, on both passes |
//!
//! [`DstPolicy`] has two other answers. Whatever it says, the occurrences are one set, and each question is about that set: the next
//! and the previous are inverse, and time moves forward.

mod bits;
mod calendar;
mod canonical;
mod cron;
mod describe;
mod draft;
mod duration;
mod error;
mod every;
mod expression;
mod field;
mod hash;
mod instant;
mod item;
mod iter;
mod macros;
mod mistake;
mod month;
mod months;
mod note;
mod parse;
mod reading;
mod schedule;
mod search;
#[cfg(feature = "serde")]
mod serde;
mod shape;
mod text;
mod warning;
mod years;
mod zone;

pub use self::cron::Cron;
pub use self::describe::Description;
pub use self::error::ParseError;
pub use self::every::Every;
pub use self::expression::Expression;
pub use self::field::Field;
pub use self::iter::{After, Before, Within};
pub use self::months::Months;
pub use self::note::Note;
pub use self::schedule::{DstPolicy, Schedule};
pub use self::warning::Warning;
pub use self::zone::{Zone, ZoneError};

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
