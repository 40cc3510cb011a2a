//! The canonical text: one for each expression, and it parses to the same one.

use std::fmt::{self, Write as _};

use crate::cron::Cron;
use crate::field::Field;
use crate::month;

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = if self.seconds == 1 { &Field::ALL[1..] } else { &Field::ALL[..] };
        for (place, &field) in given.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            self.write_field(f, field)?;
        }
        Ok(())
    }
}

impl Cron {
    /// Whether its text would be too long to be read; it was read from one of so many bytes.
    ///
    /// Overlapping grids such as `0/3,1/3` hold many values that have no short form together.
    pub(crate) fn is_crowded(&self, length_read: usize) -> bool {
        /// Months and weekdays.
        const OTHERS: usize = 48;
        let listed = |field: Field| {
            let values = self.values(field).count_ones();
            if values == u32::from(field.size()) { 1 } else { values }
        };
        let values: u32 =
            [Field::Second, Field::Minute, Field::Hour, Field::DayOfMonth].into_iter().map(listed).sum();
        3 * values as usize + length_read + OTHERS > Self::MAX_LENGTH && self.text_length() > Self::MAX_LENGTH
    }

    fn text_length(&self) -> usize {
        let mut length = Length(0);
        // A length cannot fail.
        let _ = write!(length, "{self}");
        length.0
    }

    fn write_field(&self, f: &mut fmt::Formatter<'_>, field: Field) -> fmt::Result {
        let alone = field != Field::DayOfMonth || self.days.is_plain();
        let mut list = List { f, empty: true, alone };
        match field {
            Field::Second | Field::Minute | Field::Hour if !self.interval => list.each(self.values(field))?,
            Field::Minute if self.needs_a_sign_of_an_interval() => list.each_after_a_range(self.minutes)?,
            _ => list.values(field, self.values(field))?,
        }
        match field {
            Field::DayOfMonth => self.write_moving_days(&mut list),
            Field::DayOfWeek => self.write_counted_weekdays(&mut list),
            _ => Ok(()),
        }
    }

    /// Whether nothing in the fields of the time would tell that this is an interval.
    fn needs_a_sign_of_an_interval(&self) -> bool {
        let is_list =
            |field| Shape::of(field, self.values(field)) == Shape::List && !has_run(self.values(field));
        self.interval && [Field::Second, Field::Minute, Field::Hour].into_iter().all(is_list)
    }

    fn write_moving_days(&self, list: &mut List<'_, '_>) -> fmt::Result {
        for day in month::bits(self.days.nearest) {
            list.item(format_args!("{day}W"))?;
        }
        for days in month::bits(self.days.from_last) {
            list.item(format_args!("L{}", Back(days)))?;
        }
        for days in month::bits(self.days.nearest_from_last) {
            list.item(format_args!("L{}W", Back(days)))?;
        }
        Ok(())
    }

    fn write_counted_weekdays(&self, list: &mut List<'_, '_>) -> fmt::Result {
        for (weekdays, n) in self.weekdays.nth.iter().zip(1..) {
            for weekday in month::bits(u32::from(*weekdays)) {
                list.item(format_args!("{weekday}#{n}"))?;
            }
        }
        for weekday in month::bits(u32::from(self.weekdays.last)) {
            list.item(format_args!("{weekday}L"))?;
        }
        Ok(())
    }
}

/// Counts what is written.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// `-n`, or nothing for 0.
struct Back(u32);

impl fmt::Display for Back {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, "-{}", self.0) }
    }
}

/// What a set of values looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Every value of the field.
    All,
    /// At least three, `step` apart, from `first` on; `open` where the next one would be beyond the field.
    Steps {
        first: u32,
        last: u32,
        step: u32,
        open: bool,
    },
    List,
}

impl Shape {
    pub(crate) fn of(field: Field, values: u64) -> Self {
        // The second Sunday of a week is no value of its own.
        let greatest = u32::from(field.first() + field.size() - 1);
        if values.count_ones() == u32::from(field.size()) {
            return Self::All;
        }
        if values.count_ones() < 3 {
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

/// Whether three values follow on one another, so that they are written as a range.
fn has_run(values: u64) -> bool {
    values & values >> 1 & values >> 2 != 0
}

/// A list that is being written.
struct List<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    empty: bool,
    /// Whether the plain values are all of the field: a `*` cannot be written beside others.
    alone: bool,
}

impl List<'_, '_> {
    fn item(&mut self, item: fmt::Arguments<'_>) -> fmt::Result {
        if !std::mem::take(&mut self.empty) {
            self.f.write_str(",")?;
        }
        self.f.write_fmt(item)
    }

    fn values(&mut self, field: Field, values: u64) -> fmt::Result {
        match Shape::of(field, values) {
            Shape::All => self.item(format_args!("*")),
            Shape::Steps { first, last, step: 1, .. } => self.item(format_args!("{first}-{last}")),
            // In a week, a step goes on to the second Sunday, which is the first.
            Shape::Steps { first, step, open: true, .. } if field != Field::DayOfWeek => {
                if self.alone && first == u32::from(field.first()) {
                    self.item(format_args!("*/{step}"))
                } else {
                    self.item(format_args!("{first}/{step}"))
                }
            }
            Shape::Steps { first, last, step, .. } => self.item(format_args!("{first}-{last}/{step}")),
            Shape::List => self.runs(values),
        }
    }

    /// Three and more that follow on one another as a range.
    fn runs(&mut self, values: u64) -> fmt::Result {
        let mut rest = values;
        while rest != 0 {
            let first = rest.trailing_zeros();
            let length = (rest >> first).trailing_ones();
            if length < 3 {
                self.item(format_args!("{first}"))?;
                rest &= rest - 1;
            } else {
                let last = first + length - 1;
                self.item(format_args!("{first}-{last}"))?;
                rest = rest >> last >> 1 << last << 1;
            }
        }
        Ok(())
    }

    fn each(&mut self, values: u64) -> fmt::Result {
        (0..64)
            .filter(|value| values & 1 << value != 0)
            .try_for_each(|value| self.item(format_args!("{value}")))
    }

    /// The first one as a range of one value.
    fn each_after_a_range(&mut self, values: u64) -> fmt::Result {
        let first = values.trailing_zeros();
        self.item(format_args!("{first}-{first}"))?;
        self.each(values & (values - 1))
    }
}
