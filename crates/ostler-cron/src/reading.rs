//! What a clock on the wall shows, for people.

use std::fmt;

use jiff::{SignedDuration, civil};

/// The reading that is so many seconds after 1970-01-01T00:00:00; `None` beyond the year 9999.
pub(crate) fn of(second: i64) -> Option<civil::DateTime> {
    civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(second)).ok()
}

/// `02:30`, and the seconds where there are some.
pub(crate) fn time(reading: civil::DateTime) -> impl fmt::Display {
    Written { date: None, time: reading.time() }
}

/// The time, and the date where it is not that of `other`.
pub(crate) fn beside(reading: civil::DateTime, other: civil::DateTime) -> impl fmt::Display {
    let date = (reading.date() != other.date()).then_some(reading.date());
    Written { date, time: reading.time() }
}

struct Written {
    date: Option<civil::Date>,
    time: civil::Time,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(date) = self.date {
            write!(f, "{date} ")?;
        }
        write!(f, "{:02}:{:02}", self.time.hour(), self.time.minute())?;
        if self.time.second() == 0 { Ok(()) } else { write!(f, ":{:02}", self.time.second()) }
    }
}
