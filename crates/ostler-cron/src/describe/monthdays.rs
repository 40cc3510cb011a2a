//! Days of the month: numbers, and those that differ from month to month.

use std::fmt;

use crate::bits::bits;
use crate::describe::grid::Grid;
use crate::describe::words;
use crate::describe::words::EachNth;
use crate::describe::words::Nth;
use crate::describe::words::RUN;
use crate::month::Days;

/// Some of the days, to be told together.
pub(super) enum Part {
    Plain(u32),
    FromLast(u32),
    Nearest(u32),
    NearestFromLast(u32),
}

impl Part {
    pub(super) fn all(days: &Days) -> impl Iterator<Item = Self> + use<> {
        let plain = (days.plain != 0).then_some(Self::Plain(days.plain));
        plain
            .into_iter()
            .chain(bits(days.nearest).map(Self::Nearest))
            .chain(bits(days.nearest_from_last).map(Self::NearestFromLast))
            .chain(bits(days.from_last).map(Self::FromLast))
    }
}

/// `on the 1st and 15th`, `from the 1st to the 7th`, `on the weekday nearest the 15th`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Plain(days) => write_plain(f, days),
            Self::FromLast(before) => write!(f, "on {}", Last(before)),
            Self::Nearest(day) => write!(f, "on the weekday nearest the {}", Nth(day)),
            Self::NearestFromLast(0) => f.write_str("on the last weekday"),
            Self::NearestFromLast(before) => write!(f, "on the weekday nearest {}", Last(before)),
        }
    }
}

fn write_plain(f: &mut fmt::Formatter<'_>, days: u32) -> fmt::Result {
    match Grid::of(u64::from(days)) {
        Some(Grid { first, last, step: 1, count }) if count >= RUN => {
            write!(f, "from the {} to the {}", Nth(first), Nth(last))
        }
        Some(grid) if grid.is_long() => {
            let each = EachNth(grid.step, "day");
            write!(f, "on {each} from the {} to the {}", Nth(grid.first), Nth(grid.last))
        }
        _ => {
            f.write_str("on the ")?;
            words::write_all(f, words::runs(u64::from(days), RUN).map(Run))
        }
    }
}

/// `last day`, and those before it.
struct Last(u32);

impl fmt::Display for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("the last day"),
            1 => f.write_str("the day before the last day"),
            before => write!(f, "the {} day before the last day", Nth(before)),
        }
    }
}

struct Run((u32, u32));

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self((first, last)) = *self;
        if first == last { Nth(first).fmt(f) } else { write!(f, "{} to {}", Nth(first), Nth(last)) }
    }
}
