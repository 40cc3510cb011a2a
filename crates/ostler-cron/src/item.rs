//! What stands between the commas of a field.

/// One item of a list.
pub(crate) enum Item {
    /// Bit n is value n; a grid is written with `*`, `?`, `-` or `/`.
    Values {
        bits: u64,
        grid: bool,
    },
    FromLast(u8),
    NearestWorkingDay(u8),
    NearestWorkingDayFromLast(u8),
    LastWeekday(u8),
    NthWeekday(u8, u8),
}
