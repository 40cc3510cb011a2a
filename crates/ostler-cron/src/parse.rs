//! From text to an expression, in one pass over the bytes.

use crate::cron::Cron;
use crate::draft::Draft;
use crate::error::{ParseError, Result};
use crate::field::Field;
use crate::hash::hash;
use crate::item::Item;
use crate::macros;
use crate::mistake::{Found, Mistake};
use crate::text::{self, is_blank};

pub(crate) fn cron(text: &str, id: Option<&str>) -> Result<Cron> {
    text::refuse_too_long(text)?;
    let (start, trimmed) = text::trim(text);
    if trimmed.is_empty() {
        return Err(ParseError::whole(start, Mistake::Empty));
    }
    if trimmed.starts_with('@') {
        return fields(macros::find(trimmed, start)?, 0, id);
    }
    fields(trimmed, start, id)
}

fn fields(text: &str, start: usize, id: Option<&str>) -> Result<Cron> {
    let given = match count_fields(text) {
        6 => &Field::ALL[..],
        5 => &Field::ALL[1..],
        found => {
            let offset = if found < 5 { start + text.len() } else { start + seventh_field(text) };
            return Err(ParseError::whole(offset, Mistake::FieldCount(found)));
        }
    };
    let mut reader = Reader { text, at: 0, start, id, field: Field::Second };
    let mut draft = Draft::default();
    if given.len() == 5 {
        draft.add_values(Field::Second, 1);
    }
    for &field in given {
        reader.field = field;
        reader.read_field(&mut draft)?;
    }
    let cron = draft.finish();
    if cron.is_crowded(text.len()) {
        return Err(ParseError::whole(start, Mistake::Crowded));
    }
    Ok(cron)
}

fn count_fields(text: &str) -> usize {
    let mut after_blank = true;
    let starts = text.bytes().filter(|&byte| {
        let is_blank = is_blank(byte.into());
        std::mem::replace(&mut after_blank, is_blank) && !is_blank
    });
    starts.count()
}

fn seventh_field(text: &str) -> usize {
    let seventh = text.split(is_blank).filter(|field| !field.is_empty()).nth(6);
    seventh.map_or(text.len(), |field| field.as_ptr() as usize - text.as_ptr() as usize)
}

/// Each n-th bit from bit 0 on, by n.
const EACH: [u64; 60] = {
    let mut each = [0; 60];
    let mut step = 1;
    while step < each.len() {
        let mut bit = 0;
        while bit < each.len() {
            each[step] |= 1 << bit;
            bit += step;
        }
        step += 1;
    }
    each
};

struct Reader<'a> {
    /// Without blanks around it.
    text: &'a str,
    at: usize,
    /// Where the text begins in what the caller gave.
    start: usize,
    id: Option<&'a str>,
    field: Field,
}

impl Reader<'_> {
    /// Reads a field and the blanks before it.
    fn read_field(&mut self, draft: &mut Draft) -> Result<()> {
        while self.peek().is_some_and(|byte| is_blank(byte.into())) {
            self.at += 1;
        }
        match self.peek_letter() {
            Some(b'*' | b'?') => draft.add(self.field, self.all()?),
            Some(b'H') => draft.add(self.field, self.hashed()?),
            _ => self.list(draft)?,
        }
        self.end_of_field()
    }

    fn list(&mut self, draft: &mut Draft) -> Result<()> {
        loop {
            draft.add(self.field, self.item()?);
            if !self.accept(b',') {
                return Ok(());
            }
        }
    }

    /// `*`, alone or with a step.
    fn all(&mut self) -> Result<Item> {
        self.at += 1;
        let step = if self.accept(b'/') { self.step()? } else { 1 };
        self.range_ends()?;
        let bits = self.every(self.field.first(), self.field.last(), step);
        self.alone(Mistake::StarInList, Item::Values { bits, grid: true })
    }

    /// `H`, alone or with a step.
    fn hashed(&mut self) -> Result<Item> {
        let first = self.field.first();
        let Some(id) = self.id else { return Err(self.error(Mistake::NoId)) };
        self.at += 1;
        let hash = hash(id, self.field);
        let item = if self.accept(b'/') {
            let step = self.step()?;
            let from = first + (hash % u64::from(step.min(self.hash_size()))) as u8;
            Item::Values { bits: self.every(from, first + self.hash_size() - 1, step), grid: true }
        } else {
            let value = first + (hash % u64::from(self.hash_size())) as u8;
            Item::Values { bits: 1 << value, grid: false }
        };
        self.alone(Mistake::HashInList, item)
    }

    /// How many values `H` is chosen from: a day of month is one that every month has.
    fn hash_size(&self) -> u8 {
        if self.field == Field::DayOfMonth { 28 } else { self.field.size() }
    }

    fn alone(&self, otherwise: Mistake, item: Item) -> Result<Item> {
        match self.peek() {
            Some(b',' | b'-') => Err(self.error(otherwise)),
            Some(b'(') if otherwise == Mistake::HashInList => Err(self.error(Mistake::HashRange)),
            _ => Ok(item),
        }
    }

    fn item(&mut self) -> Result<Item> {
        match (self.field, self.peek_letter()) {
            (_, Some(b'*' | b'?')) => return Err(self.error(Mistake::StarInList)),
            (_, Some(b'H')) => return Err(self.error(Mistake::HashInList)),
            (Field::DayOfMonth, Some(b'L')) => return self.counted_from_last(),
            (Field::DayOfMonth, Some(b'W')) => return Err(self.error(Mistake::NearestWithoutDay)),
            (Field::DayOfWeek, Some(b'L')) => return Err(self.error(Mistake::BareLast)),
            _ => {}
        }
        let value = self.value()?;
        match (self.field, self.peek_letter()) {
            // Most items are done here.
            (_, None | Some(b' ' | b'\t' | b',')) => Ok(Item::Values { bits: 1 << value, grid: false }),
            (Field::DayOfMonth, Some(b'W')) => self.special('W', Item::NearestWorkingDay(value)),
            (Field::DayOfWeek, Some(b'L')) => self.special('L', Item::LastWeekday(value % 7)),
            (Field::DayOfWeek, Some(b'#')) => {
                self.at += 1;
                let n = self.number(1, 5, Mistake::Nth)?;
                self.not_combined('#', Item::NthWeekday(value % 7, n))
            }
            (Field::DayOfMonth, Some(b'L')) => Err(self.error(Mistake::LastWeekdayAsDay)),
            _ => self.range(value),
        }
    }

    /// `L`, `L-n`, `LW`, `L-nW`.
    fn counted_from_last(&mut self) -> Result<Item> {
        self.at += 1;
        let days = match self.peek() {
            Some(b'-') => {
                self.at += 1;
                self.number(0, 30, Mistake::FromLast)?
            }
            Some(b'0'..=b'9') => return Err(self.error(Mistake::FromLastWithoutSign)),
            _ => 0,
        };
        if self.peek_letter() == Some(b'W') {
            return self.special('W', Item::NearestWorkingDayFromLast(days));
        }
        self.not_combined('L', Item::FromLast(days))
    }

    /// `5`, `5-10`, `5/2`, `5-10/2`.
    fn range(&mut self, from: u8) -> Result<Item> {
        let to = if self.accept(b'-') { Some(self.value()?) } else { None };
        let step = if self.accept(b'/') { Some(self.step()?) } else { None };
        self.range_ends()?;
        let bits = match (to, step) {
            (None, None) => 1 << from,
            (None, Some(step)) => self.every(from, self.field.last(), step),
            (Some(to), step) => self.every(from, to, step.unwrap_or(1)),
        };
        Ok(Item::Values { bits, grid: to.is_some() || step.is_some() })
    }

    /// The letters that belong to the field stand after a single value only.
    #[inline]
    fn range_ends(&self) -> Result<()> {
        match self.peek() {
            None | Some(b' ' | b'\t' | b',') => Ok(()),
            Some(byte) => self.refuse_after_range(byte.to_ascii_uppercase()),
        }
    }

    #[cold]
    fn refuse_after_range(&self, letter: u8) -> Result<()> {
        match (self.field, letter) {
            (Field::DayOfMonth, b'L') => Err(self.error(Mistake::LastWeekdayAsDay)),
            (Field::DayOfMonth, b'W') | (Field::DayOfWeek, b'L' | b'#') => {
                Err(self.error(Mistake::AloneInItem(letter.into())))
            }
            _ => Ok(()),
        }
    }

    /// Each `step`-th value from `from` to `to`; where that is backwards, around the end of the field.
    #[inline]
    fn every(&self, from: u8, to: u8, step: u8) -> u64 {
        if from <= to {
            return EACH[usize::from(step)] << from & u64::MAX >> (63 - to);
        }
        let (first, size) = (self.field.first(), self.field.size());
        let wrapped =
            (from..=to + size).step_by(usize::from(step)).map(|value| first + (value - first) % size);
        wrapped.fold(0, |bits, value| bits | 1 << value)
    }

    /// Consumes the letter that makes `item` what it is.
    fn special(&mut self, letter: char, item: Item) -> Result<Item> {
        self.at += 1;
        self.not_combined(letter, item)
    }

    fn not_combined(&self, what: char, item: Item) -> Result<Item> {
        match self.peek() {
            Some(b'-' | b'/') => Err(self.error(Mistake::AloneInItem(what))),
            _ => Ok(item),
        }
    }

    #[inline]
    fn value(&mut self) -> Result<u8> {
        let (start, field) = (self.at, self.field);
        let value = match self.peek() {
            Some(b'0'..=b'9') => self.digits()?,
            Some(byte) if byte.is_ascii_alphabetic() || !byte.is_ascii() => self.name()?,
            _ => return Err(self.error(Mistake::NoValue(self.found()))),
        };
        if value < field.first() || value > field.last() {
            return Err(self.error_at(start, Mistake::OutOfRange(value)));
        }
        Ok(value)
    }

    fn name(&mut self) -> Result<u8> {
        let letters = self.text.as_bytes().get(self.at..self.at + 3);
        let value = letters.and_then(|letters| self.field.named(letters.try_into().ok()?));
        match value {
            Some(value) if self.is_end_of_name(self.at + 3) => {
                self.at += 3;
                Ok(value)
            }
            _ => Err(self.no_name()),
        }
    }

    /// `FRIL` is a name and the letter for the last of its kind.
    fn is_end_of_name(&self, at: usize) -> bool {
        let mut rest = self.text[at..].chars().peekable();
        if self.field == Field::DayOfWeek {
            rest.next_if(|char| matches!(char, 'L' | 'l'));
        }
        !rest.next().is_some_and(char::is_alphabetic)
    }

    /// The mistake in what begins with a letter and is no name. All letters are looked at, also those of a foreign name.
    #[cold]
    fn no_name(&self) -> ParseError {
        let rest = &self.text[self.at..];
        let letters = &rest[..rest.find(|char: char| !char.is_alphabetic()).unwrap_or(rest.len())];
        let name = <[u8; 3]>::try_from(letters.as_bytes()).ok().filter(|name| name.is_ascii());
        self.error(match (self.field.names(), name) {
            (Some(_), Some(name)) => Mistake::UnknownName(name),
            (Some(names), None) if letters.chars().nth(1).is_some() => Mistake::NameLength(names),
            _ => Mistake::NoValue(self.found()),
        })
    }

    fn step(&mut self) -> Result<u8> {
        let most = self.field.last();
        self.number(1, most, Mistake::Step(most))
    }

    fn number(&mut self, least: u8, most: u8, mistake: Mistake) -> Result<u8> {
        let start = self.at;
        match self.peek() {
            Some(b'0'..=b'9') => {
                let number =
                    self.digits().map_err(|error| self.error_at(error.offset - self.start, mistake))?;
                if number < least || number > most { Err(self.error_at(start, mistake)) } else { Ok(number) }
            }
            _ => Err(self.error(mistake)),
        }
    }

    /// One digit or two; there is at least one.
    fn digits(&mut self) -> Result<u8> {
        let start = self.at;
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at == start + 2 {
                return Err(self.error_at(start, Mistake::TooManyDigits));
            }
            value = value * 10 + (digit - b'0');
            self.at += 1;
        }
        Ok(value)
    }

    fn end_of_field(&self) -> Result<()> {
        match self.peek() {
            Some(byte) if !is_blank(byte.into()) => Err(self.error(Mistake::Unexpected(self.found()))),
            _ => Ok(()),
        }
    }

    fn found(&self) -> Found {
        match self.text[self.at..].chars().next() {
            Some(char) if !is_blank(char) => Found::Char(char),
            _ => Found::EndOfField,
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// In upper case, where it is a letter.
    fn peek_letter(&self) -> Option<u8> {
        self.peek().map(|byte| byte.to_ascii_uppercase())
    }

    fn error(&self, mistake: Mistake) -> ParseError {
        self.error_at(self.at, mistake)
    }

    fn error_at(&self, at: usize, mistake: Mistake) -> ParseError {
        ParseError { field: Some(self.field), offset: self.start + at, mistake }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_what_counting_gives() {
        let reader = Reader { text: "", at: 0, start: 0, id: None, field: Field::Minute };
        for (from, to, step) in
            (0..60).flat_map(|from| (from..60).flat_map(move |to| (1..60).map(move |step| (from, to, step))))
        {
            let counted = (from..=to).step_by(usize::from(step)).fold(0, |bits, value| bits | 1 << value);
            assert_eq!(reader.every(from, to, step), counted, "{from}-{to}/{step}");
        }
    }
}
