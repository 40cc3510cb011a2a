//! What a set of values looks like.

use crate::field::Field;

/// How it can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Every value of the field.
    All,
    /// Some that are `step` apart, from `first` on; `open` where the next one would be beyond the field.
    Steps {
        first: u32,
        last: u32,
        step: u32,
        open: bool,
    },
    List,
}

impl Shape {
    /// Three values are the fewest that make steps.
    pub(crate) fn of(field: Field, values: u64) -> Self {
        Self::with_steps(field, values, 3)
    }

    /// `least` values, of two or more, are the fewest that make steps.
    pub(crate) fn with_steps(field: Field, values: u64, least: u32) -> Self {
        // The second Sunday of a week is no value of its own.
        let greatest = u32::from(field.first() + field.size() - 1);
        if values.count_ones() == u32::from(field.size()) {
            return Self::All;
        }
        if values.count_ones() < least {
            return Self::List;
        }
        let (first, last) = (values.trailing_zeros(), values.ilog2());
        let step = (values & (values - 1)).trailing_zeros() - first;
        let steps = (first..=last).step_by(step as usize).fold(0, |steps, value| steps | 1_u64 << value);
        if steps == values {
            Self::Steps { first, last, step, open: last + step > greatest }
        } else {
            Self::List
        }
    }
}
