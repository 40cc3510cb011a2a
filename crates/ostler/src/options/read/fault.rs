//! What serde is told when a value does not fit, kept apart by kind until it is known where that was.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::super::tree::Content;
use super::scalar;

/// An error on its way from a value to whoever knows its path.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::options) enum Fault {
    /// Already dealt with, further in.
    Noted,
    Missing(&'static str),
    UnknownKey {
        found: String,
        known: &'static [&'static str],
    },
    UnknownVariant {
        found: String,
        known: &'static [&'static str],
    },
    /// Another type, or another value of it, than was expected.
    Unfit {
        found: Found,
        expected: String,
    },
    Other(String),
}

/// What was found instead.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::options) enum Found {
    Bool(bool),
    Whole(i128),
    Float(f64),
    Text(String),
    Null,
    List,
    Section,
    Other(String),
}

impl Found {
    pub(in crate::options) fn of(content: &Content) -> Self {
        match content {
            Content::Null | Content::Unread => Self::Null,
            Content::Bool(value) => Self::Bool(*value),
            Content::Whole(value) => Self::Whole(*value),
            Content::Float(value) => Self::Float(*value),
            Content::Text(text) => Self::Text(text.clone()),
            Content::List(_) => Self::List,
            Content::Section(_) => Self::Section,
        }
    }

    fn seen(unexpected: Unexpected<'_>) -> Self {
        match unexpected {
            Unexpected::Bool(value) => Self::Bool(value),
            Unexpected::Unsigned(value) => Self::Whole(value.into()),
            Unexpected::Signed(value) => Self::Whole(value.into()),
            Unexpected::Float(value) => Self::Float(value),
            Unexpected::Char(c) => Self::Text(c.into()),
            Unexpected::Str(text) => Self::Text(text.to_owned()),
            Unexpected::Unit | Unexpected::Option => Self::Null,
            Unexpected::Seq => Self::List,
            Unexpected::Map => Self::Section,
            other => Self::Other(other.to_string()),
        }
    }
}

/// As a problem names it.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Whole(value) => write!(f, "the number `{value}`"),
            Self::Float(value) => write!(f, "the number `{value:?}`"),
            Self::Text(text) if text.is_empty() => f.write_str("an empty text"),
            Self::Text(text) => write!(f, "the text `{}`", excerpt(text)),
            Self::Null => f.write_str("`null`"),
            Self::List => f.write_str("a list"),
            Self::Section => f.write_str("a section"),
            Self::Other(other) => f.write_str(&excerpt(other)),
        }
    }
}

/// Enough of a text to know it again.
pub(in crate::options) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let start: String = text.chars().take(LONGEST).collect();
    let more = if start.len() < text.len() { ".." } else { "" };
    format!("{}{more}", crate::error::escaped(&start))
}

impl Fault {
    /// Whether these are an application's words that do not quote `text`.
    pub(super) fn leaves_out(&self, text: &str) -> bool {
        matches!(self, Self::Other(message) if text.is_empty() || !message.contains(text))
    }

    /// The words of a problem. What a secret is, or was meant to be, is never said.
    pub(super) fn message(&self, secret: bool) -> String {
        match self {
            _ if secret => "this does not fit what is asked for; it is a secret and not shown".into(),
            Self::Noted => String::new(),
            Self::Missing(key) => format!("the key `{key}` is missing, and has no default"),
            Self::UnknownKey { found, known } => unknown_key(found, known),
            Self::UnknownVariant { found, known } => {
                unknown_variant(&format!("the text `{}`", excerpt(found)), found, known)
            }
            Self::Unfit { found, expected } => {
                format!("expected {}, found {found}", scalar::in_plain_words(expected))
            }
            Self::Other(message) => crate::error::escaped(message),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(false))
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Unfit { found: Found::seen(unexpected), expected: expected.to_string() }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::Unfit { found: Found::Other(format!("a list of {length}")), expected: expected.to_string() }
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownVariant { found: found.to_owned(), known }
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownKey { found: found.to_owned(), known }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Other(format!("the key `{field}` stands here twice, once under another name"))
    }
}

impl serde::ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

pub(super) fn unknown_key(found: &str, known: &[&str]) -> String {
    match closest(found, known) {
        Some(close) => format!("unknown key; did you mean `{close}`?"),
        None if known.is_empty() => "unknown key; no key is known here".into(),
        None => format!("unknown key; known here: {}", listed(known)),
    }
}

pub(super) fn unknown_variant(found: &str, text: &str, known: &[&str]) -> String {
    let expected = if known.len() == 1 { "expected" } else { "expected one of" };
    let hint = closest(text, known).map_or_else(String::new, |close| format!("; did you mean `{close}`?"));
    format!("{expected} {}, found {found}{hint}", listed(known))
}

fn listed(known: &[&str]) -> String {
    const MOST: usize = 20;
    let names: Vec<_> = known.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > MOST { ", .." } else { "" };
    format!("{}{more}", names.join(", "))
}

/// The one of `known` that was probably meant.
fn closest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    /// Below this, proposals were mostly wrong: `port` for `path`, `mode` for `node`.
    const ALIKE: f64 = 0.8;
    let found = super::super::path::normal(found);
    let alike = |name: &&'a str| strsim::jaro_winkler(&found, &super::super::path::normal(name));
    let best =
        known.iter().copied().map(|name| (alike(&name), name)).max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(alike, _)| *alike >= ALIKE).map(|(_, name)| name)
}
