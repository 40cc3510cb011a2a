//! `ostler-cron`.

use jiff::Timestamp;
use ostler_cron::{Cron, Schedule, Zone};

use super::contender::Contender;

pub(super) struct OstlerCron;

impl Contender for OstlerCron {
    const NAME: &'static str = "ostler-cron";
    type Parsed = Cron;
    type Schedule = Schedule;
    type Instant = Timestamp;
    type Answer = Timestamp;
    type Zone = Zone;

    fn written(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn parse(written: &str) -> Option<Cron> {
        Cron::parse(written).ok()
    }

    fn schedule(text: &str, zone: &str) -> Option<Schedule> {
        Some(Cron::parse(text).ok()?.in_zone(Self::zone(zone)))
    }

    fn instant(at: Timestamp, _zone: &str) -> Timestamp {
        at
    }

    fn next(schedule: &Schedule, from: &Timestamp) -> Option<Timestamp> {
        schedule.next_after(*from)
    }

    fn previous(schedule: &Schedule, from: &Timestamp) -> Option<Timestamp> {
        schedule.previous_before(*from)
    }

    fn timestamp(answer: Timestamp) -> Timestamp {
        answer
    }

    fn zone(name: &str) -> Zone {
        Zone::get(name).expect("a zone of the table")
    }
}
