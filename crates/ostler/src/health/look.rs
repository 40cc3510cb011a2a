//! A look over all that is known of a host, part by part. It takes short locks and waits for nobody.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::check::Check;
use super::derived::{self, Verdict};
use super::report::{HealthEntry, HealthKind, HealthReport};
use super::roll::Roll;
use super::shortlist::Shortlist;
use crate::board::{Board, Phase};
use crate::record::Now;
use crate::record::Record;
use crate::status::Status;

/// One part of a host, as it was found. Of a part that is well it costs nothing to make.
#[derive(Debug, Clone)]
pub(crate) struct Finding<'a> {
    pub(crate) kind: HealthKind,
    pub(crate) name: Cow<'a, str>,
    pub(crate) verdict: Verdict,
    pub(crate) age: Option<Duration>,
    pub(crate) took: Option<Duration>,
    pub(crate) tags: &'a [Arc<str>],
}

impl<'a> Finding<'a> {
    fn new(kind: HealthKind, name: impl Into<Cow<'a, str>>, verdict: Verdict) -> Self {
        Self { kind, name: name.into(), verdict, age: None, took: None, tags: &[] }
    }

    pub(crate) fn to_entry(&self) -> HealthEntry {
        self.clone().into_entry()
    }

    pub(crate) fn into_entry(self) -> HealthEntry {
        HealthEntry {
            name: self.name.into_owned(),
            kind: self.kind,
            status: self.verdict.status,
            reason: self.verdict.reason,
            age: self.age,
            tags: self.tags.iter().map(ToString::to_string).collect(),
            took: self.took,
        }
    }
}

/// Shows all parts to `seen`: the host, those checks that count, options, units.
pub(crate) fn look<'a>(
    board: &'a Board,
    now: Now,
    counts: impl Fn(&Check) -> bool,
    mut seen: impl FnMut(Finding<'a>),
) {
    look_around(board, now, counts, &mut seen);
    for record in board.records() {
        seen(unit(record, now, |_| true));
    }
}

/// Shows all but the units.
fn look_around<'a>(
    board: &'a Board,
    now: Now,
    counts: impl Fn(&Check) -> bool,
    mut seen: impl FnMut(Finding<'a>),
) {
    seen(Finding::new(HealthKind::Host, "host", Life::of(board).verdict()));
    seen(Finding::new(HealthKind::Host, "runtime", derived::runtime(board.lag())));
    for kept in board.health().checks().iter().filter(|kept| counts(&kept.check)) {
        let reading = kept.read(now.now);
        seen(Finding {
            age: reading.age,
            took: reading.took,
            tags: &kept.check.tags,
            ..Finding::new(HealthKind::Check, &*kept.check.name, reading.verdict)
        });
    }
    for origin in board.origins() {
        let standing = origin.standing();
        let verdict = derived::options(&standing);
        seen(Finding::new(HealthKind::Options, standing.name.to_string(), verdict));
    }
}

/// A unit, with its reason where that of such a status is wanted.
fn unit(record: &Record, now: Now, is_told: impl FnOnce(Status) -> bool) -> Finding<'_> {
    let verdict = derived::unit_in_short(record, now, is_told);
    let said = if record.has_done_nothing() { None } else { record.said() };
    let age = said.map(|said| now.now.saturating_duration_since(said.at));
    Finding { age, ..Finding::new(HealthKind::Unit, &**record.name(), verdict) }
}

/// A look over all units, now.
pub(crate) fn call_roll(board: &Board) -> Roll {
    let (now, records) = (board.now(), board.records());
    let mut list = Shortlist::default();
    for record in records {
        let finding = unit(record, now, |status| list.has_room(status));
        list.add(&finding);
    }
    let took = board.now().now.saturating_duration_since(now.now);
    Roll { list, units: records.len(), began: now.now, took }
}

/// How well the host is, with all of its parts.
pub(crate) fn report(board: &Board) -> HealthReport {
    let mut report = HealthReport::default();
    look(
        board,
        board.now(),
        |_| true,
        |finding| {
            report.status = report.status.max(finding.verdict.status);
            report.entries.push(finding.into_entry());
        },
    );
    report
}

/// Should it be sent traffic? Of the checks those with one of `tags` count, or all where there are none.
///
/// Where there are very many units, they may be shown as they were a moment ago; all else is as it is now.
pub(crate) fn ready(board: &Board, tags: &[&str]) -> Shortlist {
    with_units(board, tags, &board.health().units(board))
}

/// As [`ready`], and takes note of what has changed where the units are looked at for it.
pub(crate) fn ready_and_noted(board: &Board, tags: &[&str]) -> Shortlist {
    with_units(board, tags, &board.health().noted_units(board))
}

fn with_units(board: &Board, tags: &[&str], units: &Roll) -> Shortlist {
    let counts = |check: &Check| tags.is_empty() || tags.iter().any(|tag| check.has_tag(tag));
    let now = board.now();
    let mut list = Shortlist::default();
    look_around(board, now, counts, |finding| list.add(&finding));
    list.append(&units.list, units.age(now.now));
    list
}

/// Has the start succeeded?
pub(crate) fn started(board: &Board) -> Shortlist {
    let verdict = if board.was_ready() { Verdict::default() } else { Life::Starting.verdict() };
    Shortlist::of(Finding::new(HealthKind::Host, "host", verdict))
}

/// Should the process be killed?
pub(crate) fn live(board: &Board) -> Shortlist {
    let verdict = derived::alive(board.tick_age(), board.health().live_within());
    Shortlist::of(Finding::new(HealthKind::Host, "runtime", verdict))
}

/// What the host's life says, before its units are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Starting,
    Running,
    Stopping,
}

impl Life {
    pub(crate) fn of(board: &Board) -> Self {
        match board.phase() {
            // The moment a stop is asked for, whatever the host has got to.
            _ if board.stop_reason().is_some() => Self::Stopping,
            Phase::Starting => Self::Starting,
            Phase::Ready => Self::Running,
            Phase::Draining | Phase::Ended => Self::Stopping,
        }
    }

    fn verdict(self) -> Verdict {
        match self {
            Self::Starting => Verdict::new(Status::Unhealthy, "the host is starting"),
            Self::Running => Verdict::default(),
            Self::Stopping => Verdict::new(Status::Unhealthy, "the host is stopping"),
        }
    }
}
