//! Either kind of schedule that a text can hold.

use std::fmt;
use std::str::FromStr;

use crate::cron::Cron;
use crate::error::ParseError;
use crate::every::Every;
use crate::parse;
use crate::text;

/// A cron expression, or an interval: what a text from a user may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
        text::refuse_too_long(text)?;
        let (_, trimmed) = text::trim(text);
        if text::is_every(trimmed) {
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

impl TryFrom<&str> for Expression {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl From<Cron> for Expression {
    fn from(cron: Cron) -> Self {
        Self::Cron(cron)
    }
}

impl From<Every> for Expression {
    fn from(every: Every) -> Self {
        Self::Every(every)
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
