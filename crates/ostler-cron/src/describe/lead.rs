//! The finest unit of a time, with which a sentence begins.

use std::fmt;

use crate::describe::grid::Grid;
use crate::describe::words;
use crate::describe::words::RUN;
use crate::describe::words::Run;
use crate::describe::words::Span;

/// How the finest unit is told, which comes first.
pub(super) enum Lead {
    /// It goes on evenly from one larger unit into the next: only its step is said.
    Even(u32),
    /// It begins anew in each larger unit.
    Anew(Grid),
    List,
}

impl Lead {
    pub(super) fn of(values: u64) -> Self {
        match Grid::of(values) {
            Some(grid) if grid.is_plain(60) => Self::Even(grid.step),
            Some(grid) if grid.is_long() => Self::Anew(grid),
            _ => Self::List,
        }
    }

    pub(super) fn write(
        self,
        f: &mut fmt::Formatter<'_>,
        unit: &'static str,
        each: fmt::Arguments<'_>,
    ) -> fmt::Result {
        match self {
            Self::Even(step) => write!(f, "Every {}", Span(step, unit)),
            Self::Anew(Grid { first, last, step, .. }) => {
                write!(f, "Every {} from {unit} {first} to {unit} {last} of {each}", Span(step, unit))
            }
            Self::List => Ok(()),
        }
    }
}

/// `At 5, 10 to 15 and 40 minutes past `.
pub(super) fn write_past(f: &mut fmt::Formatter<'_>, values: u64, unit: &str) -> fmt::Result {
    f.write_str("At ")?;
    words::write_all(f, words::runs(values, RUN).map(Run))?;
    let plural = if values == 1 << 1 { "" } else { "s" };
    write!(f, " {unit}{plural} past ")
}
