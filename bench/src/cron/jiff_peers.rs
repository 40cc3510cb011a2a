//! The peers that work with jiff.

use croner::parser::{CronParser, Seconds};
use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::case::Ask;
use super::contender::Contender;

/// Both fields of the day must match, as here.
pub(super) fn croner_parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Optional).dom_and_dow(true).build()
}

fn time_zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone of the table")
}

pub(super) struct CronerOnJiff;

impl Contender for CronerOnJiff {
    const NAME: &'static str = "croner, jiff";
    type Parsed = croner::Cron;
    type Schedule = croner::Cron;
    type Instant = Zoned;
    type Answer = Zoned;
    type Zone = TimeZone;

    fn written(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn parse(written: &str) -> Option<croner::Cron> {
        croner_parser().parse(written).ok()
    }

    fn schedule(text: &str, _zone: &str) -> Option<croner::Cron> {
        Self::parse(text)
    }

    fn instant(at: Timestamp, zone: &str) -> Zoned {
        at.to_zoned(time_zone(zone))
    }

    fn next(schedule: &croner::Cron, from: &Zoned) -> Option<Zoned> {
        schedule.find_next_occurrence(from, false).ok()
    }

    fn previous(schedule: &croner::Cron, from: &Zoned) -> Option<Zoned> {
        schedule.find_previous_occurrence(from, false).ok()
    }

    fn timestamp(answer: Zoned) -> Timestamp {
        answer.timestamp()
    }

    fn zone(name: &str) -> TimeZone {
        time_zone(name)
    }
}

pub(super) struct Cronexpr;

impl Cronexpr {
    fn parsed(written: &str) -> Option<Crontab> {
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        cronexpr::parse_crontab_with(written, options).ok()
    }
}

impl Contender for Cronexpr {
    const NAME: &'static str = "cronexpr";
    type Parsed = Crontab;
    type Schedule = Crontab;
    type Instant = Timestamp;
    type Answer = Zoned;
    type Zone = TimeZone;

    /// It has no seconds, and takes either where both fields of the day are given.
    fn written(text: &str) -> Option<String> {
        let text = text.strip_prefix("0 ")?;
        let both = text.split(' ').skip(2).step_by(2).all(|day| !day.starts_with('*'));
        (!both).then(|| text.to_owned())
    }

    fn parse(written: &str) -> Option<Crontab> {
        Self::parsed(written)
    }

    fn schedule(text: &str, zone: &str) -> Option<Crontab> {
        Self::parsed(&format!("{} {zone}", Self::written(text)?))
    }

    fn instant(at: Timestamp, _zone: &str) -> Timestamp {
        at
    }

    fn next(schedule: &Crontab, from: &Timestamp) -> Option<Zoned> {
        schedule.find_next(MakeTimestamp::from(*from)).ok()
    }

    fn previous(_schedule: &Crontab, _from: &Timestamp) -> Option<Zoned> {
        None
    }

    fn timestamp(answer: Zoned) -> Timestamp {
        answer.timestamp()
    }

    fn zone(name: &str) -> TimeZone {
        time_zone(name)
    }

    fn can(ask: Ask) -> bool {
        ask == Ask::Next
    }
}
