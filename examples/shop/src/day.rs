//! The shop's calendar. A day is a day in Oslo, for the orders, the reports and the schedule alike.

use jiff::Timestamp;
use jiff::civil::Date;

/// Where the shop is.
pub(crate) const ZONE: &str = "Europe/Oslo";

/// Today's date in the shop. It fails only where the zone is unknown to the machine.
pub(crate) fn today() -> Result<Date, jiff::Error> {
    at(Timestamp::now())
}

/// The date in the shop at this instant.
pub(crate) fn at(instant: Timestamp) -> Result<Date, jiff::Error> {
    Ok(instant.in_tz(ZONE)?.date())
}
