//! Expressions in words.
//!
//! A sentence is made of two halves that know nothing of each other: when in the day, and on which days. What has the
//! same sentence fires at the same times; a test holds that against random expressions.

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
mod words;

pub use self::description::Description;
