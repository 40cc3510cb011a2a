//! Either kind of schedule that a text can hold.

use std::fmt;
use std::str::FromStr;

use crate::cron::Cron;
use crate::error::ParseError;
use crate::every::Every;
use crate::parse;

/// A cron expression, or an interval: what a text from a user may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    clippy::large_enum_variant,
    reason = "a cron expression is what it nearly always is, and it is small"
)]
pub enum Expression {
    /// Such as `0 8 * * *`, or `@daily`.
    Cron(Cron),
    /// Such as `@every 90s`.
    Every(Every),
}

impl Expression {
    /// Reads `@every` and a duration as an [`Every`], and all else as [`Cron::parse`] does.
    ///
    /// # Errors
    /// [`ParseError`]: it is neither.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::read(text, None)
    }

    /// The same with an id for `H`; see [`Cron::parse_with_id`].
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse_with_id(text: &str, id: &str) -> Result<Self, ParseError> {
        Self::read(text, Some(id))
    }

    fn read(text: &str, id: Option<&str>) -> Result<Self, ParseError> {
        parse::refuse_too_long(text)?;
        let (_, trimmed) = parse::trim(text);
        let word = trimmed.split(parse::is_blank).next().unwrap_or_default();
        if word.eq_ignore_ascii_case("@every") {
            Every::parse(text).map(Self::Every)
        } else {
            parse::cron(text, id).map(Self::Cron)
        }
    }
}

impl FromStr for Expression {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// The canonical text.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => cron.fmt(f),
            Self::Every(every) => every.fmt(f),
        }
    }
}
