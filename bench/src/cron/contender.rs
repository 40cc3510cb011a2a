//! One way to read a cron expression and to answer when it fires.

use jiff::Timestamp;

use super::case::Ask;

pub(super) trait Contender {
    const NAME: &'static str;
    /// What a text is parsed to, without a zone where that is another step.
    type Parsed;
    /// What questions are asked of.
    type Schedule;
    /// What they are asked with.
    type Instant;
    type Answer;
    type Zone;

    /// An expression of six fields in the form that this one reads; `None` where it has no form for it.
    fn written(text: &str) -> Option<String>;
    fn parse(written: &str) -> Option<Self::Parsed>;
    fn schedule(text: &str, zone: &str) -> Option<Self::Schedule>;
    fn instant(at: Timestamp, zone: &str) -> Self::Instant;
    fn next(schedule: &Self::Schedule, from: &Self::Instant) -> Option<Self::Answer>;
    fn previous(schedule: &Self::Schedule, from: &Self::Instant) -> Option<Self::Answer>;
    fn timestamp(answer: Self::Answer) -> Timestamp;
    fn zone(name: &str) -> Self::Zone;

    /// Whether it can be asked that at all.
    fn can(_ask: Ask) -> bool {
        true
    }

    fn answer(schedule: &Self::Schedule, ask: Ask, from: &Self::Instant) -> Option<Timestamp> {
        let answer = match ask {
            Ask::Next => Self::next(schedule, from),
            Ask::Previous => Self::previous(schedule, from),
        };
        answer.map(Self::timestamp)
    }
}
