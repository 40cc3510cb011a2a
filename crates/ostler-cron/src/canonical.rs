//! The canonical text: one for each expression, and it parses to the same one.

use std::fmt::{self, Write as _};

use crate::bits::bits;
use crate::cron::Cron;
use crate::field::Field;
use crate::shape::Shape;

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
        let values = self.values(field);
        match field {
            Field::Second | Field::Minute | Field::Hour => self.write_time(field, &mut list),
            Field::DayOfMonth => {
                list.values(field, values, 3)?;
                self.write_moving_days(&mut list)
            }
            Field::Month => list.values(field, values, 3),
            Field::DayOfWeek => {
                list.values(field, values, 3)?;
                self.write_counted_weekdays(&mut list)
            }
        }
    }

    /// A point lists each of its values; an interval is written with the signs of one, also where they are but two.
    fn write_time(&self, field: Field, list: &mut List<'_, '_>) -> fmt::Result {
        let values = self.values(field);
        if !self.interval {
            list.each(values)
        } else if self.sign_of_interval() == Some(field) {
            list.each_after_a_range(values)
        } else {
            list.values(field, values, 2)
        }
    }

    /// The field that has to say that this is an interval, where none looks like it.
    fn sign_of_interval(&self) -> Option<Field> {
        const TIMES: [Field; 3] = [Field::Minute, Field::Hour, Field::Second];
        let says = |&field: &Field| has_sign(field, self.values(field));
        let is_pair = |&field: &Field| self.values(field).count_ones() == 2;
        if !self.interval || TIMES.iter().any(says) {
            return None;
        }
        TIMES.into_iter().find(is_pair).or(Some(Field::Minute))
    }

    fn write_moving_days(&self, list: &mut List<'_, '_>) -> fmt::Result {
        for day in bits(self.days.nearest) {
            list.item(format_args!("{day}W"))?;
        }
        for days in bits(self.days.from_last) {
            list.item(format_args!("L{}", Back(days)))?;
        }
        for days in bits(self.days.nearest_from_last) {
            list.item(format_args!("L{}W", Back(days)))?;
        }
        Ok(())
    }

    fn write_counted_weekdays(&self, list: &mut List<'_, '_>) -> fmt::Result {
        for (weekdays, n) in self.weekdays.nth.iter().zip(1..) {
            for weekday in bits(*weekdays) {
                list.item(format_args!("{weekday}#{n}"))?;
            }
        }
        for weekday in bits(self.weekdays.last) {
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

/// Whether some of an interval's values are written with a sign of it: `*`, `-` or `/`.
fn has_sign(field: Field, values: u64) -> bool {
    let has_run = values & values >> 1 != 0;
    match Shape::with_steps(field, values, 2) {
        Shape::All => true,
        Shape::Steps { first, last, step, open } => open || has_run || first + step < last,
        Shape::List => has_run,
    }
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

    /// From `least` values on, they are told together: as a range, or by a step.
    fn values(&mut self, field: Field, values: u64, least: u32) -> fmt::Result {
        match Shape::with_steps(field, values, least) {
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
            // Two values are shorter than their range and its step.
            Shape::Steps { first, last, step, .. } if first + step < last => {
                self.item(format_args!("{first}-{last}/{step}"))
            }
            Shape::Steps { .. } | Shape::List => self.runs(values, least),
        }
    }

    /// Those that follow on one another as a range, where they are at least so many.
    fn runs(&mut self, values: u64, least: u32) -> fmt::Result {
        let mut rest = values;
        while rest != 0 {
            let first = rest.trailing_zeros();
            let length = (rest >> first).trailing_ones();
            if length < least {
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
        bits(values).try_for_each(|value| self.item(format_args!("{value}")))
    }

    /// Two values as a range with a step; of others, the first as a range of one value.
    fn each_after_a_range(&mut self, values: u64) -> fmt::Result {
        let (first, last) = (values.trailing_zeros(), values.ilog2());
        if values.count_ones() == 2 {
            return self.item(format_args!("{first}-{last}/{}", last - first));
        }
        self.item(format_args!("{first}-{first}"))?;
        self.each(values & (values - 1))
    }
}
