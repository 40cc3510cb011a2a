//! Expressions in words.
//!
//! A sentence is made of two halves that know nothing of each other: when in the day, and on which days. What has the
//! same sentence matches the same readings of the clock; a test holds that against random expressions.

mod dates;
mod description;
mod grid;
mod lead;
mod monthdays;
mod period;
#[cfg(test)]
mod tests;
mod times;
mod weekdays;
pub(crate) mod words;

pub use self::description::Description;
