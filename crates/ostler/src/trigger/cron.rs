//! Cron expressions: the seam behind which the evaluator stands. Everything else knows only what is here.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
pub use ostler_cron::DstPolicy;
pub(super) use ostler_cron::Every;
use ostler_cron::{Expression, Warning, Zone};

use super::schedule::just_after;

/// How much of an expression that cannot be read is shown.
const SHOWN: usize = 256;

/// What the text of a schedule says.
#[derive(Debug)]
pub(super) enum Written {
    /// A cron expression.
    Cron(Calendar),
    /// `@every` and a period.
    Every(Every),
}

/// The occurrences of a cron expression in a zone, all of them.
#[derive(Debug, Clone)]
pub(super) struct Calendar(ostler_cron::Schedule);

/// Reads `expression` in the zone called `zone`. `H` stands for what follows from `id`, and is refused without one.
pub(super) fn read(expression: &str, zone: &str, id: Option<&str>) -> Result<Written, ScheduleError> {
    let parsed = match id {
        Some(id) => Expression::parse_with_id(expression, id),
        None => Expression::parse(expression),
    };
    let parsed = match parsed {
        Err(error) => Err(ScheduleError::expression(expression, &error.to_string())),
        Ok(Expression::Cron(cron)) if cron.never_fires() => {
            Err(ScheduleError::new("cron", format!("`{}` can never fire", shown(expression))))
        }
        Ok(parsed) => Ok(parsed),
    };
    let zone = Zone::get(zone).map_err(|error| ScheduleError::new("zone", error.to_string()));
    match (parsed, zone) {
        (Ok(Expression::Cron(cron)), Ok(zone)) => {
            Ok(Written::Cron(ostler_cron::Schedule::new(cron, zone).into()))
        }
        (Ok(Expression::Every(every)), Ok(_)) => Ok(Written::Every(every)),
        (Ok(other), Ok(_)) => {
            Err(ScheduleError::new("cron", format!("`{other}` is of a kind that is not known here")))
        }
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(error), Err(of_zone)) => Err(error.beside(of_zone)),
    }
}

impl Calendar {
    pub(super) fn set_dst(&mut self, policy: DstPolicy) {
        self.0 = self.0.clone().dst(policy);
    }

    /// The first occurrence later than `instant`.
    pub(super) fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        // The contract that the host relies on, whatever the evaluator does: time moves forward.
        self.0.next_after(instant).filter(|&next| next > instant)
    }

    /// The last occurrence earlier than `instant`.
    pub(super) fn previous_before(&self, instant: Timestamp) -> Option<Timestamp> {
        self.0.previous_before(instant).filter(|&previous| previous < instant)
    }

    pub(super) fn time_zone(&self) -> &TimeZone {
        self.0.zone().time_zone()
    }

    /// The local date of `instant`.
    pub(super) fn date_of(&self, instant: Timestamp) -> Date {
        self.time_zone().to_datetime(instant).date()
    }

    /// Until when it is the date of `instant` without a break: where the clocks go back over midnight a date begins
    /// twice, and another is between.
    pub(super) fn date_ends(&self, instant: Timestamp) -> Timestamp {
        let zone = self.time_zone();
        let offset = zone.to_offset(instant);
        let tomorrow = offset.to_datetime(instant).date().tomorrow().ok();
        let midnight = tomorrow.and_then(|date| offset.to_timestamp(date.at(0, 0, 0, 0)).ok());
        let change = zone.following(instant).next().map(|change| change.timestamp());
        let ends = [midnight, change.filter(|&change| change > instant)];
        ends.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
    }

    /// Since when it is the date of `instant` without a break.
    pub(super) fn date_began(&self, instant: Timestamp) -> Timestamp {
        let zone = self.time_zone();
        let offset = zone.to_offset(instant);
        let today = offset.to_datetime(instant).date();
        let midnight = offset.to_timestamp(today.at(0, 0, 0, 0)).ok();
        let change = zone.preceding(just_after(instant)).next().map(|change| change.timestamp());
        [midnight, change].into_iter().flatten().max().unwrap_or(Timestamp::MIN)
    }

    /// What may surprise in it, as sentences.
    pub(super) fn warnings(&self, from: Timestamp) -> impl Iterator<Item = String> + use<> {
        self.0.warnings(from).map(|warning| warning.to_string())
    }

    pub(super) fn restricts_both_days(&self) -> bool {
        self.0.cron().warnings().any(|warning| warning == Warning::BothDays)
    }

    /// What it says, in words.
    pub(super) fn describe(&self) -> String {
        self.0.cron().describe().to_string()
    }
}

/// `0 8 * * * (Europe/Oslo)`, the expression in its canonical form; with the policy for changes of the clocks where it is not
/// the default.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.dst_policy() {
            DstPolicy::Default => write!(f, "{} ({})", self.0.cron(), self.0.zone()),
            policy => write!(f, "{} ({}, dst: {policy:?})", self.0.cron(), self.0.zone()),
        }
    }
}

impl From<ostler_cron::Schedule> for Calendar {
    fn from(schedule: ostler_cron::Schedule) -> Self {
        Self(schedule)
    }
}

/// Why a schedule could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    field: &'static str,
    message: String,
    /// What is wrong besides.
    beside: Option<Box<Self>>,
}

impl ScheduleError {
    fn new(field: &'static str, message: String) -> Self {
        Self { field, message, beside: None }
    }

    fn expression(expression: &str, why: &str) -> Self {
        let why = why.trim_end_matches('.');
        Self::new("cron", format!("`{}` is not a cron expression: {why}", shown(expression)))
    }

    fn beside(self, other: Self) -> Self {
        Self { beside: Some(Box::new(other)), ..self }
    }

    /// Each mistake: this one, and that in the zone where both are wrong.
    pub(super) fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |error| error.beside.as_deref())
    }

    /// This mistake alone, in words.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong: `cron` or `zone`; `cron` where both are, which the message then says.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.beside.as_ref().map_or(Ok(()), |other| write!(f, "; and {other}"))
    }
}

impl std::error::Error for ScheduleError {}

fn shown(expression: &str) -> String {
    expression.chars().take(SHOWN).collect()
}
