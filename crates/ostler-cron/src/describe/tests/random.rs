//! Expressions by chance, near to one another.

use crate::cron::Cron;

pub(super) struct Random(pub(super) fastrand::Rng);

impl Random {
    pub(super) fn field(&mut self, first: u8, last: u8) -> String {
        match self.0.u8(0..8) {
            0..=2 => "*".to_owned(),
            _ => self.list(first, last),
        }
    }

    pub(super) fn list(&mut self, first: u8, last: u8) -> String {
        let items = *self.0.choice(&[1, 1, 1, 2, 2, 3, 6]).unwrap();
        let items: Vec<String> = (0..items).map(|_| self.item(first, last)).collect();
        items.join(",")
    }

    /// Mostly of few values, so that expressions are near to one another.
    fn value(&mut self, first: u8, last: u8) -> u8 {
        match self.0.u8(0..3) {
            0 => self.0.u8(first..=last),
            1 => first + self.0.u8(0..3),
            _ => first + (last - first) / 2,
        }
    }

    fn item(&mut self, first: u8, last: u8) -> String {
        let (from, to) = (self.value(first, last), self.value(first, last));
        let step = if self.0.bool() { self.0.u8(1..=last) } else { self.0.u8(1..=5) };
        match self.0.u8(0..4) {
            0 | 1 => from.to_string(),
            2 => format!("{from}-{to}"),
            _ if self.0.bool() => format!("{from}/{step}"),
            _ => format!("{from}-{to}/{step}"),
        }
    }

    pub(super) fn days(&mut self) -> String {
        let (day, other, before) = (self.0.u8(1..=31), self.0.u8(1..=31), self.0.u8(0..=30));
        match self.0.u8(0..16) {
            0 => "1-31,L".to_owned(),
            1 => format!("{day},L"),
            2 => format!("L-{before}"),
            3 => format!("{day}W"),
            4 => format!("{day}W,L-{before}W,{other}"),
            5 => "LW".to_owned(),
            6 => format!("L,LW,{day}W,{other}W"),
            7..=10 => self.list(1, 31),
            _ => "*".to_owned(),
        }
    }

    pub(super) fn weekdays(&mut self) -> String {
        let (day, n) = (self.0.u8(0..7), self.0.u8(1..=5));
        match self.0.u8(0..8) {
            0 => format!("{day}#{n}"),
            1 => format!("{day}L,{n}#{n}"),
            2 => format!("{n},{day}#{n},{day}L"),
            3 | 4 => self.list(0, 6),
            _ => "*".to_owned(),
        }
    }

    pub(super) fn cron(&mut self) -> Cron {
        let seconds = if self.0.bool() { "0".to_owned() } else { self.field(0, 59) };
        let (minutes, hours) = (self.field(0, 59), self.field(0, 23));
        let (days, months, weekdays) = (self.days(), self.field(1, 12), self.weekdays());
        let text = format!("{seconds} {minutes} {hours} {days} {months} {weekdays}");
        Cron::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }
}
