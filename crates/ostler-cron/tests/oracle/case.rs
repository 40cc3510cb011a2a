//! One question to the crate and to the oracle, and what is said when they differ.

use std::fmt;

use fastrand::Rng;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ostler_cron::{Cron, DstPolicy, Schedule, Zone};

use crate::expression::{Expression, Item, Meaning};
use crate::generator;
use crate::walk::{Found, Walk};

const DAY: i64 = 86_400;

/// An expression, a zone, a policy and an instant.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) expression: Expression,
    pub(crate) zone: TimeZone,
    /// The same zone, as the crate has it. The oracle never asks it.
    prepared: Zone,
    pub(crate) policy: DstPolicy,
    pub(crate) from: Timestamp,
}

/// How a case ended without a mismatch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Verdict {
    /// There is no such day, and the crate knows.
    pub(crate) never: bool,
    /// There are such days, but an answer lies beyond the oracle's horizon and was not compared.
    pub(crate) rare: bool,
}

/// The crate and the oracle differ.
#[derive(Clone, Debug)]
pub(crate) struct Mismatch {
    question: &'static str,
    from: Timestamp,
    crate_says: String,
    oracle_says: String,
}

impl Case {
    pub(crate) fn random(rng: &mut Rng, zones: &[(TimeZone, Zone)]) -> Self {
        let (zone, prepared) = zones[rng.usize(..zones.len())].clone();
        let policy = [DstPolicy::Default, DstPolicy::Cronos, DstPolicy::Skip][rng.usize(..3)];
        let from = instant(rng, &zone);
        let mut expression = generator::expression(rng);
        if rng.u8(..3) == 0 {
            generator::aim(rng, &mut expression, zone.to_datetime(from));
        }
        Self { expression, zone, prepared, policy, from }
    }

    /// Asks both.
    pub(crate) fn check(&self) -> Result<Verdict, Mismatch> {
        let text = self.expression.to_string();
        let cron = Cron::parse(&text).map_err(|error| self.differ("parse", error, "it is valid"))?;
        let meaning = self.expression.meaning();
        let never = !has_any_day(&meaning);
        self.agree("is_interval", cron.is_interval(), self.expression.is_interval())?;
        self.agree("never_fires", cron.never_fires(), never)?;
        self.agree("its canonical text is equal", Cron::parse(&cron.to_string()) == Ok(cron), true)?;
        for local in self.local_seconds() {
            self.agree("matches", cron.matches(local), matches(&meaning, local))?;
        }
        let schedule = Schedule::new(cron, self.prepared.clone()).dst(self.policy);
        if never {
            let nothing = Found::default();
            let around = Around::new(self.from, self.from.as_second(), &nothing, false, &nothing);
            return self.agree_on(&schedule, &around).map(|()| Verdict { never, rare: false });
        }
        let rare = self.check_around(&schedule, &meaning)?;
        Ok(Verdict { never, rare })
    }

    /// What clocks show at the instant, and another day and time.
    fn local_seconds(&self) -> [DateTime; 3] {
        let local = self.zone.to_datetime(self.from);
        let last = local.date().last_of_month().to_datetime(jiff::civil::Time::midnight());
        let first = local.date().first_of_month().to_datetime(local.time());
        [local, first, last]
    }

    /// Whether an answer was beyond the horizon.
    fn check_around(&self, schedule: &Schedule, meaning: &Meaning) -> Result<bool, Mismatch> {
        let point = !self.expression.is_interval();
        let moved = match self.policy {
            DstPolicy::Cronos => true,
            DstPolicy::Skip => false,
            _ => point,
        };
        let walk = Walk { meaning, zone: &self.zone, once: point, moved };
        let second = self.from.as_second() - i64::from(self.from.subsec_nanosecond() < 0);
        let after = walk.after(second);
        let before = walk.before(second);
        let at = walk.is_at(second);
        self.agree_on(schedule, &Around::new(self.from, second, &before, at, &after))?;
        // The same at the first occurrences in both directions, and a nanosecond beside them.
        if let Some(&next) = after.times.first() {
            let here = if at { vec![second] } else { before.times.clone() };
            let here = Found { times: here, gave_up: before.gave_up && !at };
            self.agree_beside(schedule, next, &here, &rest(&after))?;
        }
        if let Some(&previous) = before.times.first() {
            let here = if at { vec![second] } else { after.times.clone() };
            let here = Found { times: here, gave_up: after.gave_up && !at };
            self.agree_beside(schedule, previous, &rest(&before), &here)?;
        }
        Ok(after.times.is_empty() && after.gave_up || before.times.is_empty() && before.gave_up)
    }

    fn agree_beside(
        &self,
        schedule: &Schedule,
        at: i64,
        before: &Found,
        after: &Found,
    ) -> Result<(), Mismatch> {
        let exact = Timestamp::from_second(at).expect("it is in range");
        self.agree_on(schedule, &Around::new(exact, at, before, true, after))?;
        let nanosecond = SignedDuration::from_nanos(1);
        if let Ok(later) = exact.checked_add(nanosecond) {
            self.agree_on(schedule, &Around::new(later, at, before, true, after))?;
        }
        Ok(())
    }

    fn agree_on(&self, schedule: &Schedule, around: &Around) -> Result<(), Mismatch> {
        let from = around.from;
        let same = |question, crate_says: Option<Timestamp>, oracle_says: Option<Option<i64>>| {
            let Some(oracle_says) = oracle_says else { return Ok(()) };
            let oracle_says = oracle_says.map(|at| Timestamp::from_second(at).expect("it is in range"));
            if crate_says == oracle_says {
                return Ok(());
            }
            Err(Mismatch {
                question,
                from,
                crate_says: self.shown(crate_says),
                oracle_says: self.shown(oracle_says),
            })
        };
        same("next_after", schedule.next_after(from), around.after)?;
        same("next_at_or_after", schedule.next_at_or_after(from), around.at.map(Some).or(around.after))?;
        same("previous_before", schedule.previous_before(from), around.before)?;
        same(
            "previous_at_or_before",
            schedule.previous_at_or_before(from),
            around.at.map(Some).or(around.before),
        )
    }

    fn shown(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| "none".to_owned(), |at| format!("{at} ({})", at.to_zoned(self.zone.clone())))
    }

    fn agree(&self, question: &'static str, crate_says: bool, oracle_says: bool) -> Result<(), Mismatch> {
        if crate_says == oracle_says { Ok(()) } else { Err(self.differ(question, crate_says, oracle_says)) }
    }

    fn differ(
        &self,
        question: &'static str,
        crate_says: impl ToString,
        oracle_says: impl ToString,
    ) -> Mismatch {
        Mismatch {
            question,
            from: self.from,
            crate_says: crate_says.to_string(),
            oracle_says: oracle_says.to_string(),
        }
    }

    /// The same mismatch with as simple an expression as is quickly found.
    pub(crate) fn shrunk(&self) -> Self {
        let mut best = self.clone();
        while let Some(simpler) = best.simpler().into_iter().find(|case| case.check().is_err()) {
            best = simpler;
        }
        best
    }

    fn simpler(&self) -> Vec<Self> {
        let mut cases = Vec::new();
        let mut add = |change: &dyn Fn(&mut Case)| {
            let mut case = self.clone();
            change(&mut case);
            if case.expression != self.expression || case.from != self.from || case.policy != self.policy {
                cases.push(case);
            }
        };
        add(&|case| case.policy = DstPolicy::Default);
        add(&|case| case.from = Timestamp::from_second(case.from.as_second()).expect("it is in range"));
        add(&|case| case.expression.blanks = ["", " ", " ", " ", " ", " ", ""]);
        add(&|case| case.expression.nickname.clear());
        if self.expression.nickname.is_empty() {
            add(&|case| case.expression.second = None);
            for field in 0..6 {
                add(&|case| {
                    replace(&mut case.expression, field, |_| vec![Item::Any { sign: '*', step: None }])
                });
                for item in 0..4 {
                    add(&|case| {
                        replace(&mut case.expression, field, |items| {
                            items.get(item).cloned().into_iter().collect()
                        })
                    });
                    add(&|case| replace(&mut case.expression, field, |items| without(items, item)));
                }
                add(&|case| {
                    replace(&mut case.expression, field, |items| items.iter().flat_map(parts).collect())
                });
            }
        }
        cases
    }
}

fn replace(expression: &mut Expression, field: usize, change: impl Fn(&[Item]) -> Vec<Item>) {
    let field = match field {
        0 => match &mut expression.second {
            Some(second) => second,
            None => return,
        },
        1 => &mut expression.minute,
        2 => &mut expression.hour,
        3 => &mut expression.day,
        4 => &mut expression.month,
        _ => &mut expression.weekday,
    };
    let changed = change(field);
    // A star is as simple as a field can be.
    let is_star = matches!(field[..], [Item::Any { step: None, .. }]);
    if !changed.is_empty() && !is_star && changed.len() <= field.len() {
        *field = changed;
    }
}

fn without(items: &[Item], at: usize) -> Vec<Item> {
    items.iter().enumerate().filter(|&(index, _)| index != at).map(|(_, item)| item.clone()).collect()
}

/// A range or a step as its first value.
fn parts(item: &Item) -> Option<Item> {
    match item {
        Item::From(word, _) | Item::Range(word, ..) => Some(Item::One(word.clone())),
        other => Some(other.clone()),
    }
}

fn rest(found: &Found) -> Found {
    Found { times: found.times[1..].to_vec(), gave_up: found.gave_up }
}

/// What the oracle knows around an instant. An answer that it has not found out is `None`.
struct Around {
    from: Timestamp,
    at: Option<i64>,
    after: Option<Option<i64>>,
    before: Option<Option<i64>>,
}

impl Around {
    /// `second` is the last whole one that is not later than `from`; it is an occurrence if `at` says so.
    fn new(from: Timestamp, second: i64, before: &Found, at: bool, after: &Found) -> Self {
        let whole = from.subsec_nanosecond() == 0;
        let nearest = |found: &Found| match found.times.first() {
            Some(&time) => Some(Some(time)),
            None => (!found.gave_up).then_some(None),
        };
        Self {
            from,
            at: (whole && at).then_some(second),
            after: nearest(after),
            before: if at && !whole { Some(Some(second)) } else { nearest(before) },
        }
    }
}

/// The plain predicate, in any year.
fn matches(meaning: &Meaning, local: DateTime) -> bool {
    let second = i64::from(local.hour()) * 3600 + i64::from(local.minute()) * 60 + i64::from(local.second());
    meaning.has_day(local.date()) && meaning.has_time(second)
}

/// Whether there is a matching day in any calendar: these years are all fourteen, seven of them leap years.
fn has_any_day(meaning: &Meaning) -> bool {
    const CALENDARS: [i16; 14] =
        [2000, 2001, 2002, 2003, 2004, 2005, 2006, 2008, 2009, 2010, 2012, 2016, 2020, 2024];
    CALENDARS.into_iter().any(|year| {
        let days = jiff::civil::date(year, 1, 1).series(jiff::Span::new().days(1));
        days.take_while(|date| date.year() == year).any(|date| meaning.has_day(date))
    })
}

/// Half of the instants are near a change of the zone's offset, where it has one.
fn instant(rng: &mut Rng, zone: &TimeZone) -> Timestamp {
    let second = if rng.u16(..200) == 0 {
        edge(rng)
    } else {
        let base = second_in_years(rng);
        if rng.bool() { base } else { near_a_change(rng, zone, base).unwrap_or(base) }
    };
    let nanosecond = if rng.bool() { 0 } else { rng.i32(1..1_000_000_000) };
    let second = second.clamp(Timestamp::MIN.as_second() + 1, Timestamp::MAX.as_second());
    Timestamp::new(second, nanosecond).expect("it is in range")
}

fn second_in_years(rng: &mut Rng) -> i64 {
    let years = if rng.u8(..5) == 0 { 1..=9999 } else { 1900..=2200 };
    let date = jiff::civil::date(rng.i16(years), rng.i8(1..=12), rng.i8(1..=28));
    let midnight = date.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second());
    midnight + rng.i64(0..3 * DAY)
}

/// At the first and last instants that there are, and beyond the year 1.
fn edge(rng: &mut Rng) -> i64 {
    let edges = [Timestamp::MIN.as_second(), -62_135_596_800, Timestamp::MAX.as_second()];
    edges[rng.usize(..3)].saturating_add(rng.i64(-2 * DAY..2 * DAY))
}

fn near_a_change(rng: &mut Rng, zone: &TimeZone, base: i64) -> Option<i64> {
    let base = Timestamp::from_second(base).ok()?;
    let change = zone.following(base).next().or_else(|| zone.preceding(base).next())?;
    let beside = match rng.u8(..4) {
        0 => rng.i64(-2..=2) + 1800 * rng.i64(-4..=4),
        1 => rng.i64(-7200..=7200),
        _ => rng.i64(-2 * DAY..=2 * DAY),
    };
    Some(change.timestamp().as_second() + beside)
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().map_or_else(|| format!("{:?}", self.zone), str::to_owned);
        let text = self.expression.to_string();
        write!(f, "{text:?} in {zone}, {:?}, from {}", self.policy, self.from)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { question, from, crate_says, oracle_says } = self;
        write!(f, "{question}({from})\n    the crate:  {crate_says}\n    the oracle: {oracle_says}")
    }
}
