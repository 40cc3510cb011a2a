//! A check, and what is known of it: written by its loop, read by anyone, also while the main runtime is blocked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::check::Check;
use super::derived::{Verdict, ago};
use crate::record::Record;
use crate::status::Status;

/// See the module.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) check: Check,
    /// That of its seat: a check is no unit, and this is in no list of units.
    pub(crate) record: Arc<Record>,
    known: Mutex<Known>,
}

/// What is known of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Known {
    /// Since when it runs, and how long it may.
    running: Option<(Instant, Duration)>,
    /// When it is to run next, and how late that may be.
    due: Option<(Instant, Duration)>,
    last: Option<Last>,
}

/// How a check's last run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) ended: Instant,
    pub(crate) took: Duration,
}

/// What is known of a check, at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reading {
    pub(crate) verdict: Verdict,
    /// How long ago that was found.
    pub(crate) age: Option<Duration>,
    /// How long its last run took.
    pub(crate) took: Option<Duration>,
}

impl Known {
    /// What it means at `now`. A run that is beyond its limit has failed, and so has a check that does not run any
    /// more, whether or not its loop gets to say so.
    fn read(&self, failure: Status, now: Instant) -> Reading {
        let took = self.last.as_ref().map(|last| last.took);
        if let Some((began, timeout)) = self.running
            && let beyond = now.saturating_duration_since(began).saturating_sub(timeout)
            && !beyond.is_zero()
        {
            return Reading { verdict: Verdict::new(failure, timed_out(timeout)), age: Some(beyond), took };
        }
        if self.running.is_none()
            && let Some((due, allowed)) = self.due
            && let late = now.saturating_duration_since(due)
            && late > allowed
            // What has failed is not better for being late, and why it failed is likely why it is late.
            && self.last.as_ref().is_none_or(|last| last.status < failure)
        {
            let reason = format!("it should have run {}", ago(late));
            let age = self.last.as_ref().map(|last| now.saturating_duration_since(last.ended));
            return Reading { verdict: Verdict::new(failure, reason), age, took };
        }
        let Some(last) = &self.last else { return Reading::default() };
        let verdict = Verdict { status: last.status, reason: last.reason.clone() };
        Reading { verdict, age: Some(now.saturating_duration_since(last.ended)), took }
    }
}

pub(crate) fn timed_out(limit: Duration) -> String {
    format!("timed out after {limit:?}")
}

impl Kept {
    pub(crate) fn new(check: Check, record: Arc<Record>) -> Self {
        Self { check, record, known: Mutex::default() }
    }

    pub(crate) fn read(&self, now: Instant) -> Reading {
        self.known().read(self.check.failure, now)
    }

    /// It is to run at `due`. It is late when it has not begun a period and a timeout after that.
    pub(crate) fn is_due(&self, due: Instant, period: Duration, timeout: Duration) {
        self.known().due = Some((due, period.saturating_add(timeout)));
    }

    pub(crate) fn began(&self, now: Instant, timeout: Duration) {
        self.known().running = Some((now, timeout));
    }

    /// A run ended like this; how the one before it had.
    pub(crate) fn ended(&self, last: Last) -> Status {
        let mut known = self.known();
        (known.running, known.due) = (None, None);
        known.last.replace(last).map(|last| last.status).unwrap_or_default()
    }

    /// It will not run again.
    pub(crate) fn rests(&self) {
        let mut known = self.known();
        (known.running, known.due) = (None, None);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, MINUTE, SECOND};

    fn healthy(ended: Instant) -> Last {
        Last { status: Status::Healthy, reason: None, ended, took: SECOND / 2 }
    }

    fn read(known: &Known, now: Instant) -> (Status, Option<String>, Option<Duration>) {
        let Reading { verdict, age, .. } = known.read(Status::Degraded, now);
        (verdict.status, verdict.reason, age)
    }

    #[test]
    fn not_yet_run_is_healthy_until_it_is_late() {
        let start = Clock::real().now();
        let mut known = Known::default();
        assert_eq!(read(&known, start + MINUTE), (Status::Healthy, None, None), "the host is starting");
        known.due = Some((start, 11 * SECOND));
        assert_eq!(read(&known, start + 11 * SECOND).0, Status::Healthy);
        let late = read(&known, start + 12 * SECOND);
        assert_eq!(late, (Status::Degraded, Some("it should have run 12s ago".into()), None));
    }

    #[test]
    fn a_run_beyond_its_limit_has_failed_before_its_loop_says_so() {
        let start = Clock::real().now();
        let known = Known { running: Some((start + MINUTE, SECOND)), due: None, last: Some(healthy(start)) };
        let before = start + MINUTE + SECOND - Duration::from_nanos(1);
        assert_eq!(read(&known, before).0, Status::Healthy, "what was known counts until then");
        let after = read(&known, start + MINUTE + 3 * SECOND);
        assert_eq!(after, (Status::Degraded, Some("timed out after 1s".into()), Some(2 * SECOND)));
    }

    #[test]
    fn what_failed_says_why_also_when_it_is_late() {
        let start = Clock::real().now();
        let last = |status| Some(Last { status, reason: Some("refused".into()), ..healthy(start) });
        let read = |status| {
            let known = Known { running: None, due: Some((start, SECOND)), last: last(status) };
            read(&known, start + MINUTE)
        };
        let late = (Status::Degraded, Some("it should have run 60s ago".into()), Some(MINUTE));
        assert_eq!(read(Status::Healthy), late);
        for failed in [Status::Degraded, Status::Unhealthy] {
            assert_eq!(read(failed), (failed, Some("refused".into()), Some(MINUTE)));
        }
    }

    #[test]
    fn what_was_found_has_an_age_and_goes_stale() {
        let start = Clock::real().now();
        let known = Known { running: None, due: Some((start + MINUTE, MINUTE)), last: Some(healthy(start)) };
        assert_eq!(read(&known, start + 2 * MINUTE), (Status::Healthy, None, Some(2 * MINUTE)));
        assert_eq!(known.read(Status::Degraded, start).took, Some(SECOND / 2));
        let stale = read(&known, start + 2 * MINUTE + SECOND);
        assert_eq!(stale.0, Status::Degraded);
        assert_eq!(stale.2, Some(2 * MINUTE + SECOND));
    }
}
