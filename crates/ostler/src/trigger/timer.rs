//! When a task runs: pure rules from (what is known, now) to the next due time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::cron::{Schedule, ScheduleError};
use super::settings::Mistakes;
use crate::record::UnitKind;

/// The trigger of a task: a rule that says when it is due. Made by [`every`](crate::every),
/// [`after_completion`](crate::after_completion), [`cron`](crate::cron) and [`poke`](crate::poke).
#[derive(Debug, Clone)]
pub struct Timer {
    pub(crate) rule: Rule,
    /// `None` is the default, which most have.
    settings: Option<Box<Settings>>,
}

/// What may be said of a timer beyond its rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) first: First,
    pub(crate) jitter: Duration,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) late_after: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Every(Duration),
    AfterCompletion(Duration),
    Cron(Result<Box<Schedule>, Box<ScheduleError>>),
    OnDemand,
}

/// When an interval's first run is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum First {
    /// As soon as the host has started.
    Now,
    /// One period after that.
    #[default]
    AfterPeriod,
    /// At this instant; where it has passed, as soon as the host has started.
    At(Timestamp),
}

/// What happens when a run is due while one is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overlap {
    /// The run that is due is left out and counted as skipped. The default of `cron`.
    Skip,
    /// Up to so many wait for the running one to end; more are left out. The default of `every` is 1: however many
    /// ticks pass during a run, they come to one run after it. `Queue(0)` is refused at start.
    Queue(usize),
    /// It starts beside the other.
    Allow,
}

/// One look at both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) wall: Timestamp,
}

/// When a run is due, before jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    At(Instant),
    /// The wall clock decides.
    Wall(Timestamp),
}

impl Due {
    pub(crate) fn has_come(self, at: Moment) -> bool {
        match self {
            Self::At(instant) => instant <= at.now,
            Self::Wall(instant) => instant <= at.wall,
        }
    }
}

/// The next due time, and the ticks that were passed over to get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) due: Option<Due>,
    pub(crate) missed: u64,
}

impl Timer {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, settings: None }
    }

    /// The timer with other settings.
    pub(crate) fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(self.settings.get_or_insert_default());
        self
    }

    /// The timer with another period or delay; the same where it has none.
    pub(crate) fn with_period(&self, period: Duration) -> Self {
        let rule = match &self.rule {
            Rule::Every(_) => Rule::Every(period),
            Rule::AfterCompletion(_) => Rule::AfterCompletion(period),
            other => other.clone(),
        };
        Self { rule, settings: self.settings.clone() }
    }

    fn settings(&self) -> Settings {
        self.settings.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn jitter(&self) -> Duration {
        self.settings().jitter
    }

    pub(crate) fn late_after(&self) -> Option<Duration> {
        self.settings().late_after
    }

    pub(crate) fn kind(&self) -> UnitKind {
        match self.rule {
            Rule::Every(_) | Rule::AfterCompletion(_) => UnitKind::Interval,
            Rule::Cron(_) => UnitKind::Cron,
            Rule::OnDemand => UnitKind::OnDemand,
        }
    }

    pub(crate) fn overlap(&self) -> Overlap {
        self.settings().overlap.unwrap_or(match self.rule {
            Rule::Cron(_) => Overlap::Skip,
            Rule::Every(_) | Rule::AfterCompletion(_) | Rule::OnDemand => Overlap::Queue(1),
        })
    }

    /// The first due time, seen from the start of the host.
    pub(crate) fn first_due(&self, start: Moment) -> Option<Due> {
        match (&self.rule, self.settings().first) {
            (Rule::OnDemand, _) => None,
            (Rule::Cron(schedule), _) => {
                schedule.as_ref().ok().and_then(|schedule| schedule.next_after(start.wall)).map(Due::Wall)
            }
            (Rule::Every(period) | Rule::AfterCompletion(period), First::AfterPeriod) => {
                start.now.checked_add(*period).map(Due::At)
            }
            (_, First::Now) => Some(Due::At(start.now)),
            (_, First::At(instant)) if instant <= start.wall => Some(Due::At(start.now)),
            (_, First::At(instant)) => Some(Due::Wall(instant)),
        }
    }

    /// The due time after `due`, which has come at `at`.
    pub(crate) fn next_due(&self, due: Due, at: Moment) -> Next {
        match &self.rule {
            Rule::OnDemand | Rule::AfterCompletion(_) => Next { due: None, missed: 0 },
            Rule::Every(period) => next_tick(anchor(due, at), *period, at.now),
            Rule::Cron(schedule) => {
                // From whichever is later: an occurrence in the past is not made up (it coalesced into this run),
                // and a clock that was set back does not repeat one.
                let from = match due {
                    Due::Wall(occurrence) => occurrence.max(at.wall),
                    Due::At(_) => at.wall,
                };
                let next = schedule.as_ref().ok().and_then(|schedule| schedule.next_after(from));
                Next { due: next.map(Due::Wall), missed: 0 }
            }
        }
    }

    /// The due time that the end of a run sets, if this rule counts from there.
    pub(crate) fn due_after_end(&self, at: Moment) -> Option<Due> {
        match self.rule {
            Rule::AfterCompletion(delay) => at.now.checked_add(delay).map(Due::At),
            Rule::Every(_) | Rule::Cron(_) | Rule::OnDemand => None,
        }
    }

    /// The due time that is waited for, when the period has become that of `self`: a new period after the tick before it. Where
    /// the wall clock has set it, it stays; the ticks after it are on the new grid.
    pub(crate) fn due_with_new_period(&self, old: &Self, due: Due, at: Moment) -> Due {
        let (Some(old), Some(new), Due::At(instant)) = (old.period(), self.period(), due) else { return due };
        let tick = instant.checked_sub(old).unwrap_or(at.now);
        Due::At(tick.checked_add(new).unwrap_or(instant).max(at.now))
    }

    pub(crate) fn period(&self) -> Option<Duration> {
        match self.rule {
            Rule::Every(period) | Rule::AfterCompletion(period) => Some(period),
            Rule::Cron(_) | Rule::OnDemand => None,
        }
    }

    /// When a run is due where runs have just been allowed again.
    pub(crate) fn due_when_enabled(&self, at: Moment) -> Option<Due> {
        match &self.rule {
            Rule::Every(_) | Rule::AfterCompletion(_) => Some(Due::At(at.now)),
            Rule::Cron(_) | Rule::OnDemand => self.first_due(at),
        }
    }

    pub(crate) fn check(&self, mistakes: Mistakes<'_>) {
        let mut mistake = |field, text: String| mistakes(field, text);
        match &self.rule {
            Rule::Every(period) | Rule::AfterCompletion(period) if period.is_zero() => {
                mistake("period", "must be longer than zero".to_owned());
            }
            Rule::Cron(Err(error)) => mistake(error.field(), error.to_string()),
            Rule::Cron(Ok(_)) | Rule::OnDemand if self.settings().first != First::default() => {
                mistake("first", "applies to `every` and `after_completion` only".to_owned());
            }
            Rule::Every(period) if self.jitter() >= *period => {
                mistake("jitter", "must be shorter than the period, or ticks would be skipped".to_owned());
            }
            _ => {}
        }
        if self.late_after().is_some_and(|limit| limit.is_zero()) {
            mistake("late_after", "must be longer than zero".to_owned());
        }
        if self.settings().overlap == Some(Overlap::Queue(0)) {
            mistake("overlap", "`Queue(0)` holds nothing; use `Skip`, or 1 and more".to_owned());
        }
    }
}

/// A fixed rate counts from a monotonic instant, also where its first tick was set by the wall clock.
fn anchor(due: Due, at: Moment) -> Instant {
    match due {
        Due::At(instant) => instant,
        Due::Wall(instant) => {
            let late = Duration::try_from(at.wall.duration_since(instant)).unwrap_or_default();
            at.now.checked_sub(late).unwrap_or(at.now)
        }
    }
}

/// The first tick of the grid through `tick` that is later than `now`; the ticks between are missed.
fn next_tick(tick: Instant, period: Duration, now: Instant) -> Next {
    let behind = now.saturating_duration_since(tick);
    let missed = behind.as_nanos() / period.as_nanos().max(1);
    let ahead = u32::try_from(missed + 1).ok().and_then(|ticks| period.checked_mul(ticks));
    // A grid that is four billion ticks behind starts anew.
    let due = ahead.and_then(|ahead| tick.checked_add(ahead)).or_else(|| now.checked_add(period));
    Next { due: due.map(Due::At), missed: u64::try_from(missed).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, DAY, MINUTE, SECOND};
    use proptest::prelude::*;

    fn moment() -> Moment {
        let clock = Clock::virtual_at("2026-03-01T12:00:00Z".parse().unwrap());
        Moment { now: clock.now(), wall: clock.wall() }
    }

    fn later(moment: Moment, by: Duration) -> Moment {
        Moment { now: moment.now + by, wall: moment.wall + jiff::SignedDuration::try_from(by).unwrap() }
    }

    #[test]
    fn a_late_look_coalesces_the_missed_ticks_and_keeps_the_grid() {
        let start = moment();
        let timer = Timer::new(Rule::Every(SECOND));
        let due = timer.first_due(start).unwrap();
        assert_eq!(due, Due::At(start.now + SECOND));
        let next = timer.next_due(due, later(start, Duration::from_millis(3_700)));
        assert_eq!(next, Next { due: Some(Due::At(start.now + 4 * SECOND)), missed: 2 });
    }

    #[test]
    fn each_rule_has_its_overlap_unless_told_otherwise() {
        let of = |rule| Timer::new(rule).overlap();
        assert_eq!(of(Rule::Every(SECOND)), Overlap::Queue(1));
        assert_eq!(of(Rule::OnDemand), Overlap::Queue(1));
        assert_eq!(
            of(Rule::Cron(Schedule::cron("* * * * *", "UTC").map(Box::new).map_err(Box::new))),
            Overlap::Skip
        );
        let timer = Timer::new(Rule::Every(SECOND)).with(|settings| settings.overlap = Some(Overlap::Allow));
        assert_eq!(timer.overlap(), Overlap::Allow);
    }

    #[test]
    fn a_first_run_at_an_instant_that_has_passed_is_due_at_once_and_one_to_come_sets_the_grid() {
        let start = moment();
        let at = |wall| Timer::new(Rule::Every(MINUTE)).with(|settings| settings.first = First::At(wall));
        let past = at(start.wall.saturating_sub(DAY).unwrap());
        assert_eq!(past.first_due(start), Some(Due::At(start.now)));
        let first = start.wall.saturating_add(10 * SECOND).unwrap();
        // Seen three seconds late: the second tick is a minute after the first, not after the look.
        let next = at(first).next_due(Due::Wall(first), later(start, 13 * SECOND));
        assert_eq!(next.due, Some(Due::At(start.now + 70 * SECOND)));
    }

    #[test]
    fn a_wall_clock_that_went_back_repeats_no_occurrence() {
        let start = moment();
        let schedule = Schedule::cron("0 8 * * *", "UTC").map(Box::new).map_err(Box::new);
        let timer = Timer::new(Rule::Cron(schedule));
        let Some(Due::Wall(first)) = timer.first_due(start) else { panic!("due") };
        let set_back = Moment { now: start.now + DAY, wall: start.wall };
        let next = timer.next_due(Due::Wall(first), set_back);
        assert_eq!(next.due, Some(Due::Wall("2026-03-03T08:00:00Z".parse().unwrap())));
    }

    proptest! {
        #[test]
        fn the_next_tick_is_on_the_grid_and_within_one_period(period in 1u64..10_000_000, behind in 0u64..10_000_000_000) {
            let start = moment().now;
            let (period, behind) = (Duration::from_nanos(period), Duration::from_nanos(behind));
            let Next { due: Some(Due::At(due)), missed } = next_tick(start, period, start + behind) else {
                panic!("due")
            };
            prop_assert!(due > start + behind);
            prop_assert!(due <= start + behind + period);
            prop_assert_eq!((due - start).as_nanos(), (u128::from(missed) + 1) * period.as_nanos());
        }
    }
}
