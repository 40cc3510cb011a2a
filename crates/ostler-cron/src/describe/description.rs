//! The whole sentence.

use std::fmt;

use crate::cron::Cron;
use crate::describe::dates::Dates;
use crate::describe::period::Period;
use crate::describe::times::Times;
use crate::every::Every;
use crate::expression::Expression;

/// An expression as an English sentence without its full stop; made by [`Cron::describe`], [`Every::describe`] and
/// [`Expression::describe`], and written with `{}`.
///
/// The clock has 24 hours, and seconds are told only where there are some. Expressions that match different readings
/// of the clock have different sentences. Those that match the same ones may share a sentence: whether an expression is
/// a point or an interval, which matters only when the clocks change, is not told.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Description(Expression);

impl Cron {
    /// The expression in words.
    ///
    /// ```
    /// use ostler_cron::Cron;
    ///
    /// let words = |text| Cron::parse(text).map(|cron| cron.describe().to_string());
    /// assert_eq!(words("0 8 * * MON-FRI")?, "At 08:00, Monday to Friday");
    /// assert_eq!(words("*/5 9-17 * * *")?, "Every 5 minutes, from 09:00 to 17:55");
    /// assert_eq!(words("0 8 LW * *")?, "At 08:00, on the last weekday of the month");
    /// assert_eq!(words("0 0 30 2 *")?, "Never: there is no 30 February");
    /// # Ok::<(), ostler_cron::ParseError>(())
    /// ```
    #[must_use]
    pub fn describe(&self) -> Description {
        Description(Expression::Cron(*self))
    }
}

impl Every {
    /// The interval in words: `Every 90 seconds, counted from its start`.
    #[must_use]
    pub fn describe(&self) -> Description {
        Description(Expression::Every(*self))
    }
}

impl Expression {
    /// The expression in words; see [`Cron::describe`].
    #[must_use]
    pub fn describe(&self) -> Description {
        Description(*self)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Expression::Cron(cron) => write_cron(cron, f),
            Expression::Every(every) => write!(f, "Every {}, counted from its start", Period(every.period())),
        }
    }
}

fn write_cron(cron: &Cron, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (times, dates) = (Times::of(cron), Dates::of(cron));
    if cron.never_fires() {
        return dates.write_never(f);
    }
    write!(f, "{times}")?;
    match dates.is_any() {
        true if times.is_list() => f.write_str(", every day"),
        true => Ok(()),
        false => write!(f, ", {dates}"),
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Description({self})")
    }
}
