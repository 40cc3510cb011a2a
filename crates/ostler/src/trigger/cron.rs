//! Cron expressions: the seam behind which the evaluator stands. Everything else knows only what is here.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
pub use ostler_cron::DstPolicy;
pub(super) use ostler_cron::Every;
use ostler_cron::{Expression, Zone};

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
    let parsed = parsed.map_err(|error| ScheduleError::expression(expression, &error.to_string()))?;
    let zone =
        Zone::get(zone).map_err(|error| ScheduleError { field: "zone", message: error.to_string() })?;
    match parsed {
        Expression::Cron(cron) if cron.never_fires() => {
            Err(ScheduleError { field: "cron", message: format!("`{}` can never fire", shown(expression)) })
        }
        Expression::Cron(cron) => Ok(Written::Cron(ostler_cron::Schedule::new(cron, zone).into())),
        Expression::Every(every) => Ok(Written::Every(every)),
        other => Err(ScheduleError {
            field: "cron",
            message: format!("`{other}` is of a kind that is not known here"),
        }),
    }
}

impl Calendar {
    pub(super) fn with_dst(self, policy: DstPolicy) -> Self {
        Self(self.0.dst(policy))
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

    /// When `date` begins.
    pub(super) fn start_of(&self, date: Date) -> Option<Timestamp> {
        date.to_zoned(self.time_zone().clone()).ok().map(|start| start.timestamp())
    }

    /// What it says, in words.
    pub(super) fn describe(&self) -> String {
        self.0.cron().describe().to_string()
    }
}

/// `0 8 * * * (Europe/Oslo)`, the expression in its canonical form.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.cron(), self.0.zone())
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
}

impl ScheduleError {
    fn expression(expression: &str, why: &str) -> Self {
        let why = why.trim_end_matches('.');
        Self { field: "cron", message: format!("`{}` is not a cron expression: {why}", shown(expression)) }
    }

    /// What is wrong: `cron` or `zone`.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScheduleError {}

fn shown(expression: &str) -> String {
    expression.chars().take(SHOWN).collect()
}
