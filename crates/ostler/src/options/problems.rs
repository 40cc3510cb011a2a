//! What a loader, or a check of an application, has found wrong so far.

use super::path::Path;
use super::place::Place;
use crate::problem::{ConfigError, Problem};

/// Takes what a function given to [`OptionsBuilder::validate`](crate::OptionsBuilder::validate) finds wrong.
#[derive(Debug, Default)]
pub struct Problems {
    added: Vec<(String, String)>,
}

impl Problems {
    /// `key` (as `section.key` or `hosts[0]`, in any spelling; empty for the whole) is wrong: `message` says what,
    /// and what is allowed. The place of the key's value is found and added.
    pub fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.added.push((key.into(), message.into()));
    }

    pub(super) fn into_added(self) -> Vec<(String, String)> {
        self.added
    }
}

/// A problem before it is told: its place decides the order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) place: Option<Place>,
    pub(super) key: String,
    pub(super) message: String,
}

impl Found {
    pub(super) fn new(place: Option<Place>, path: &Path, message: impl Into<String>) -> Self {
        Self { place, key: path.to_string(), message: message.into() }
    }

    /// A problem of a layer or of a file as a whole.
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), key: String::new(), message: message.into() }
    }
}

/// More than these nobody reads at once, and logs should not be flooded.
pub(super) const MOST: usize = 100;

/// The first of them, in the order of layers and lines; those without a place last.
pub(super) fn told(mut found: Vec<Found>) -> ConfigError {
    found.sort_by(|one, other| {
        let order = |found: &Found| (found.place.is_none(), found.place.clone());
        order(one).cmp(&order(other))
    });
    let tell = |found: Found| {
        let problem = Problem::new(found.key, found.message);
        match found.place {
            Some(place) => problem.at(place.to_string()),
            None => problem,
        }
    };
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let mut problems: Vec<_> = found.into_iter().map(tell).collect();
    if more > 0 {
        problems.push(Problem::new("", format!("and {more} more, which are not listed")));
    }
    ConfigError::new(problems)
}
