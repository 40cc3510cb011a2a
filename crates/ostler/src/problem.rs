//! What is wrong with a configuration: all of it at once, each with its key and its place.

use std::error::Error as StdError;
use std::fmt;

/// One problem in a configuration: which key, where it stands, what is wrong and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    key: String,
    message: String,
    place: Option<String>,
}

impl Problem {
    /// A problem of `key` (as `section.key`; empty for the whole), which `message` describes.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), place: None }
    }

    /// The same, seen at `place`: `ostler.toml:4:11`, or the name of an environment variable or of a flag.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The key, as `section.key`; empty where it is about the whole.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong, and what is allowed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it was seen, if that is known: `file:line:column`, or the name of an environment variable or of a flag.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// A configuration that cannot be used. Ends a program with exit code 78 ([`exit::CONFIG`](crate::exit::CONFIG)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// All `problems` as one error.
    pub fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// All that is wrong, in the order of the layers and of the files.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem])
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [problem] => problem.fmt(f),
            several => {
                write!(f, "{} problems in the configuration", several.len())?;
                several.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl StdError for ConfigError {}
