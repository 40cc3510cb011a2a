//! The peers that work with chrono.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron::Schedule;
use jiff::Timestamp;

use super::contender::Contender;
use super::jiff_peers::croner_parser;

/// An instant in chrono's quickest type for it.
pub(super) enum Instant {
    Utc(DateTime<Utc>),
    Zoned(DateTime<Tz>),
}

impl Instant {
    fn new(at: Timestamp, zone: &str) -> Self {
        let utc = DateTime::from_timestamp(at.as_second(), 0).expect("chrono has all of jiff's years");
        if zone == "UTC" { Self::Utc(utc) } else { Self::Zoned(utc.with_timezone(&time_zone(zone))) }
    }

    fn timestamp(&self) -> Timestamp {
        let second = match self {
            Self::Utc(at) => at.timestamp(),
            Self::Zoned(at) => at.timestamp(),
        };
        Timestamp::from_second(second).expect("an answer is in jiff's years")
    }
}

fn time_zone(name: &str) -> Tz {
    Tz::from_str(name).expect("a zone of the table")
}

pub(super) struct CronerOnChrono;

impl Contender for CronerOnChrono {
    const NAME: &'static str = "croner, chrono";
    type Parsed = croner::Cron;
    type Schedule = croner::Cron;
    type Instant = Instant;
    type Answer = Instant;
    type Zone = Tz;

    fn written(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn parse(written: &str) -> Option<croner::Cron> {
        croner_parser().parse(written).ok()
    }

    fn schedule(text: &str, _zone: &str) -> Option<croner::Cron> {
        Self::parse(text)
    }

    fn instant(at: Timestamp, zone: &str) -> Instant {
        Instant::new(at, zone)
    }

    fn next(schedule: &croner::Cron, from: &Instant) -> Option<Instant> {
        match from {
            Instant::Utc(from) => schedule.find_next_occurrence(from, false).ok().map(Instant::Utc),
            Instant::Zoned(from) => schedule.find_next_occurrence(from, false).ok().map(Instant::Zoned),
        }
    }

    fn previous(schedule: &croner::Cron, from: &Instant) -> Option<Instant> {
        match from {
            Instant::Utc(from) => schedule.find_previous_occurrence(from, false).ok().map(Instant::Utc),
            Instant::Zoned(from) => schedule.find_previous_occurrence(from, false).ok().map(Instant::Zoned),
        }
    }

    fn timestamp(answer: Instant) -> Timestamp {
        answer.timestamp()
    }

    fn zone(name: &str) -> Tz {
        time_zone(name)
    }
}

pub(super) struct TheCronCrate;

impl Contender for TheCronCrate {
    const NAME: &'static str = "cron";
    type Parsed = Schedule;
    type Schedule = Schedule;
    type Instant = Instant;
    type Answer = Instant;
    type Zone = Tz;

    /// With the year, its seventh field.
    fn written(text: &str) -> Option<String> {
        Some(format!("{text} *"))
    }

    fn parse(written: &str) -> Option<Schedule> {
        Schedule::from_str(written).ok()
    }

    fn schedule(text: &str, _zone: &str) -> Option<Schedule> {
        Self::parse(&Self::written(text)?)
    }

    fn instant(at: Timestamp, zone: &str) -> Instant {
        Instant::new(at, zone)
    }

    fn next(schedule: &Schedule, from: &Instant) -> Option<Instant> {
        match from {
            Instant::Utc(from) => schedule.after(from).next().map(Instant::Utc),
            Instant::Zoned(from) => schedule.after(from).next().map(Instant::Zoned),
        }
    }

    fn previous(schedule: &Schedule, from: &Instant) -> Option<Instant> {
        match from {
            Instant::Utc(from) => schedule.after(from).next_back().map(Instant::Utc),
            Instant::Zoned(from) => schedule.after(from).next_back().map(Instant::Zoned),
        }
    }

    fn timestamp(answer: Instant) -> Timestamp {
        answer.timestamp()
    }

    fn zone(name: &str) -> Tz {
        time_zone(name)
    }
}
