//! A look over all that is known of a host, part by part. It takes short locks and waits for nobody.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::check::Check;
use super::derived::{self, Verdict};
use super::report::{HealthEntry, HealthKind, HealthReport};
use super::shortlist::Shortlist;
use crate::board::{Board, Phase};
use crate::record::Now;
use crate::status::Status;

/// One part of a host, as it was found. Of a part that is well it costs nothing to make.
#[derive(Debug)]
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
    for record in board.records() {
        let verdict = derived::unit(record, now);
        let said = if record.has_done_nothing() { None } else { record.said() };
        let age = said.map(|said| now.now.saturating_duration_since(said.at));
        seen(Finding { age, ..Finding::new(HealthKind::Unit, &**record.name(), verdict) });
    }
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
pub(crate) fn ready(board: &Board, tags: &[&str]) -> Shortlist {
    let counts = |check: &Check| tags.is_empty() || tags.iter().any(|tag| check.has_tag(tag));
    let mut list = Shortlist::default();
    look(board, board.now(), counts, |finding| list.add(finding));
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
