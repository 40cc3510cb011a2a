//! Texts from outside: how long they may be, and the blanks in them.

use crate::cron::Cron;
use crate::error::{ParseError, Result};
use crate::mistake::Mistake;

#[inline]
pub(crate) fn refuse_too_long(text: &str) -> Result<()> {
    if text.len() <= Cron::MAX_LENGTH {
        return Ok(());
    }
    // The limit may be within a character.
    let end = (0..=Cron::MAX_LENGTH).rev().find(|&end| text.is_char_boundary(end));
    Err(ParseError::whole(end.unwrap_or_default(), Mistake::TooLong))
}

/// The text without blanks around it, and where it begins.
#[inline]
pub(crate) fn trim(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches(is_blank);
    (text.len() - rest.len(), rest.trim_end_matches(is_blank))
}

#[inline]
pub(crate) fn is_blank(char: char) -> bool {
    char == ' ' || char == '\t'
}

/// What stands before the first blank.
pub(crate) fn first_word(text: &str) -> &str {
    text.split(is_blank).next().unwrap_or_default()
}

/// Whether a text without blanks around it is meant as an interval.
pub(crate) fn is_every(text: &str) -> bool {
    first_word(text).eq_ignore_ascii_case(EVERY)
}

/// What an interval begins with.
pub(crate) const EVERY: &str = "@every";
