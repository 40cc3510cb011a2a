//! Months of a year, for people.

use std::fmt;

use crate::bits::bits;
use crate::describe::words;

/// Some months of a year. Displayed as their names: `April and June`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Months(u16);

impl Months {
    /// Bit 1 is January.
    pub(crate) fn of(months: u16) -> Self {
        Self(months)
    }

    /// Their numbers, ascending; 1 is January.
    pub fn iter(&self) -> impl Iterator<Item = i8> + use<> {
        bits(self.0).map(|month| month as i8)
    }

    fn are_many(self) -> bool {
        self.0.count_ones() > 1
    }

    pub(crate) fn have(self) -> &'static str {
        if self.are_many() { "have" } else { "has" }
    }

    pub(crate) fn are_february(self) -> bool {
        self.0 == 1 << 2
    }
}

impl fmt::Display for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::write_all(f, bits(self.0).map(words::month))
    }
}
