//! When a task runs: pure rules from (what is known, now) to the next due time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::cron::{DstPolicy, ScheduleError};
use super::delay::Delay;
use super::misfire::{self, Budget, DEFAULT_MISFIRE_GRACE, Misfire, Rules, Tick, Verdict};
use super::schedule::{Limits, Schedule};
use super::settings::Mistakes;
use crate::backoff::unit_interval;
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
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) first: First,
    pub(crate) jitter: Duration,
    /// Of the jitter, from 0 to 1, what each run of a cron expression waits.
    share: f64,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) late_after: Option<Duration>,
    pub(crate) misfire: Option<Misfire>,
    pub(crate) grace: Option<Duration>,
    pub(crate) dst: Option<DstPolicy>,
    pub(super) limits: Limits,
}

impl Settings {
    const DEFAULT: Self = Self {
        first: First::AfterPeriod,
        jitter: Duration::ZERO,
        share: 0.0,
        overlap: None,
        late_after: None,
        misfire: None,
        grace: None,
        dst: None,
        limits: Limits::NONE,
    };
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Every(Duration),
    AfterCompletion(Duration),
    Cron(Result<Box<Schedule>, Box<ScheduleError>>),
    /// Text that is read when the unit's name is known.
    Text(Box<Text>),
    OnDemand,
}

/// A schedule as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) expression: String,
    pub(crate) zone: String,
}

/// When an interval's first run is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum First {
    /// As soon as the host has started.
    Now,
    /// One period after that; with a [start](crate::Plan::start_at) that is still ahead, at the start.
    #[default]
    AfterPeriod,
    /// At this instant; where it has passed, as soon as the host has started.
    At(Timestamp),
}

/// What happens when a run is due while one is going on. Occurrences of a [`cron`](crate::cron) that were missed go by
/// [`Misfire`] first.
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

    /// How long ago it was, where it has come.
    pub(super) fn late(self, at: Moment) -> Option<Duration> {
        self.has_come(at).then(|| match self {
            Self::At(instant) => at.now.saturating_duration_since(instant),
            Self::Wall(instant) => Duration::try_from(at.wall.duration_since(instant)).unwrap_or_default(),
        })
    }

    /// What the wall clock shows then, as far as is known now.
    pub(crate) fn wall(self, at: Moment) -> Timestamp {
        match self {
            Self::Wall(instant) => instant,
            Self::At(instant) => {
                let ahead = instant.saturating_duration_since(at.now);
                let ago = at.now.saturating_duration_since(instant);
                let then = at.wall.checked_sub(ago).and_then(|then| then.checked_add(ahead));
                then.unwrap_or(at.wall)
            }
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

    fn settings(&self) -> &Settings {
        static DEFAULT: Settings = Settings::DEFAULT;
        self.settings.as_deref().unwrap_or(&DEFAULT)
    }

    /// The timer of a unit with this name: only now `H` can be read.
    pub(crate) fn named(mut self, unit: &str) -> Self {
        if let Rule::Text(text) = &self.rule {
            match Schedule::read(&text.expression, &text.zone, Some(unit)) {
                Ok(schedule) => self.follow(schedule),
                Err(error) => self.rule = Rule::Cron(Err(Box::new(error))),
            }
        }
        if let (Rule::Cron(Ok(schedule)), Some(settings)) = (&mut self.rule, &mut self.settings) {
            schedule.limit(&std::mem::take(&mut settings.limits));
            if let Some(policy) = settings.dst {
                **schedule = schedule.as_ref().clone().dst(policy);
            }
        }
        // As long as nobody says which machine it is.
        self.spread(unit, "");
        self
    }

    /// Gives a unit with this name its share of the jitter on the machine called `node`.
    pub(crate) fn spread(&mut self, unit: &str, node: &str) {
        if let (Rule::Cron(_), Some(settings)) = (&self.rule, &mut self.settings) {
            settings.share = share(unit, node);
        }
    }

    /// Its schedule, where that restricts both day fields.
    pub(crate) fn restricts_both_days(&self) -> Option<&Schedule> {
        match &self.rule {
            Rule::Cron(Ok(schedule)) if schedule.restricts_both_days() => Some(schedule),
            _ => None,
        }
    }

    /// The timer of a schedule.
    pub(crate) fn of(schedule: Schedule) -> Self {
        let mut timer = Self::new(Rule::OnDemand);
        timer.follow(schedule);
        timer
    }

    fn follow(&mut self, schedule: Schedule) {
        self.rule = match schedule.period() {
            None => Rule::Cron(Ok(Box::new(schedule))),
            Some(period) => {
                if *schedule.limits() != Limits::NONE {
                    let own = &mut self.settings.get_or_insert_default().limits;
                    let said = std::mem::replace(own, schedule.limits().clone());
                    own.and(&said);
                }
                if let Some(policy) = schedule.idle_dst() {
                    self.settings.get_or_insert_default().dst.get_or_insert(policy);
                }
                Rule::Every(period)
            }
        };
    }

    fn rules(&self) -> Rules {
        let &Settings { jitter, share, misfire, grace, .. } = self.settings();
        Rules {
            misfire: misfire.unwrap_or_default(),
            grace: grace.unwrap_or(DEFAULT_MISFIRE_GRACE),
            delay: Delay { most: jitter, share },
        }
    }

    /// How long after `due` its run is due. `dice`, from 0 to 1, decides where that is random.
    pub(crate) fn jitter(&self, due: Due, dice: impl FnOnce() -> f64) -> Duration {
        let most = self.settings().jitter;
        match (&self.rule, due) {
            _ if most.is_zero() => Duration::ZERO,
            (Rule::Cron(Ok(schedule)), Due::Wall(occurrence)) => self.rules().delay.of(schedule, occurrence),
            _ => most.mul_f64(dice()),
        }
    }

    /// Whether it has occurrences of wall-clock time, of which none is run again when that time comes back.
    pub(crate) fn is_cron(&self) -> bool {
        matches!(self.rule, Rule::Cron(_) | Rule::Text(_))
    }

    /// Whether nothing but its end keeps it from having another due time.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self.rule, Rule::Cron(_) | Rule::Every(_))
    }

    /// `due`, kept within the start and the end of an interval. Those of a cron expression are its schedule's own.
    pub(crate) fn within_limits(&self, due: Due, at: Moment) -> Option<Due> {
        let &Limits { start, end, .. } = &self.settings().limits;
        if self.is_cron() || (start.is_none() && end.is_none()) {
            return Some(due);
        }
        let wall = due.wall(at);
        let due = start.filter(|&start| wall < start).map_or(due, Due::Wall);
        end.is_none_or(|end| due.wall(at) <= end).then_some(due)
    }

    pub(crate) fn late_after(&self) -> Option<Duration> {
        self.settings().late_after
    }

    pub(crate) fn kind(&self) -> UnitKind {
        match self.rule {
            Rule::Every(_) | Rule::AfterCompletion(_) => UnitKind::Interval,
            Rule::Cron(_) | Rule::Text(_) => UnitKind::Cron,
            Rule::OnDemand => UnitKind::OnDemand,
        }
    }

    pub(crate) fn overlap(&self) -> Overlap {
        self.settings().overlap.unwrap_or(match self.rule {
            Rule::Cron(_) | Rule::Text(_) => Overlap::Skip,
            Rule::Every(_) | Rule::AfterCompletion(_) | Rule::OnDemand => Overlap::Queue(1),
        })
    }

    /// The first due time, seen from the start of the host.
    pub(crate) fn first_due(&self, start: Moment) -> Option<Due> {
        match (&self.rule, self.settings().first) {
            (Rule::OnDemand | Rule::Text(_), _) => None,
            (Rule::Cron(_), _) => self.first_to_come(None, start),
            (Rule::Every(period) | Rule::AfterCompletion(period), First::AfterPeriod) => {
                if let Some(begin) = self.settings().limits.start.filter(|&begin| start.wall < begin) {
                    return Some(Due::Wall(begin));
                }
                start.now.checked_add(*period).map(Due::At)
            }
            (_, First::Now) => Some(Due::At(start.now)),
            (_, First::At(instant)) if instant <= start.wall => Some(Due::At(start.now)),
            (_, First::At(instant)) => Some(Due::Wall(instant)),
        }
    }

    /// The first occurrence of a cron expression later than `considered` whose run is not due yet.
    pub(super) fn first_to_come(&self, considered: Option<Timestamp>, at: Moment) -> Option<Due> {
        let Rule::Cron(Ok(schedule)) = &self.rule else { return None };
        self.rules().delay.first_to_come(schedule, considered, at.wall).map(Due::Wall)
    }

    /// The latest occurrence of a cron expression whose run is due.
    pub(super) fn latest_due(&self, at: Moment) -> Option<Timestamp> {
        let Rule::Cron(Ok(schedule)) = &self.rule else { return None };
        self.rules().delay.latest_due(schedule, at.wall)
    }

    /// Whether `due` is its start, or the first occurrence after that: nothing of it has been due yet.
    pub(super) fn begins_with(&self, due: Due) -> bool {
        match (&self.rule, due) {
            (Rule::Cron(Ok(schedule)), Due::Wall(first)) => {
                schedule.limits().start.is_some() && schedule.previous_before(first).is_none()
            }
            // An interval waits for the wall clock only until it begins.
            (_, due) => matches!(due, Due::Wall(_)),
        }
    }

    /// What follows from `waited_for` and all that is due since then. It has come, and its run has been due for `late`.
    pub(super) fn judge(
        &self,
        waited_for: Due,
        late: Duration,
        at: Moment,
        budget: &mut Budget,
    ) -> Verdict<Due> {
        match (&self.rule, waited_for) {
            (Rule::Cron(Ok(schedule)), Due::Wall(first)) => {
                misfire::judge(schedule, self.rules(), first, at.wall, budget).map_next(Due::Wall)
            }
            _ => {
                let Next { due, missed } = self.next_due(waited_for, at);
                Verdict::of_one(Tick { at: waited_for.wall(at), late }, missed, due)
            }
        }
    }

    /// The due time of an interval after `due`, which has come at `at`, where nothing is made up for.
    pub(crate) fn next_due(&self, due: Due, at: Moment) -> Next {
        match &self.rule {
            Rule::Every(period) => next_tick(anchor(due, at), *period, at.now),
            Rule::Cron(_) | Rule::OnDemand | Rule::Text(_) | Rule::AfterCompletion(_) => {
                Next { due: None, missed: 0 }
            }
        }
    }

    /// The due time that the end of a run sets, if this rule counts from there.
    pub(crate) fn due_after_end(&self, at: Moment) -> Option<Due> {
        match self.rule {
            Rule::AfterCompletion(delay) => at.now.checked_add(delay).map(Due::At),
            Rule::Every(_) | Rule::Cron(_) | Rule::Text(_) | Rule::OnDemand => None,
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
            Rule::Cron(_) | Rule::Text(_) | Rule::OnDemand => None,
        }
    }

    /// When a run is due where runs have just been allowed again.
    pub(crate) fn due_when_enabled(&self, at: Moment) -> Option<Due> {
        match &self.rule {
            Rule::Every(_) | Rule::AfterCompletion(_) => Some(Due::At(at.now)),
            Rule::Cron(_) | Rule::Text(_) | Rule::OnDemand => self.first_due(at),
        }
    }

    pub(crate) fn check(&self, mistakes: Mistakes<'_>) {
        let settings = self.settings();
        let mut mistake = |field, text: &str| mistakes(field, text.to_owned());
        match &self.rule {
            Rule::Every(period) | Rule::AfterCompletion(period) if period.is_zero() => {
                mistake("period", "must be longer than zero");
            }
            Rule::Cron(Err(error)) => {
                error.all().for_each(|error| mistake(error.field(), error.message()));
            }
            Rule::Cron(Ok(_)) | Rule::Text(_) | Rule::OnDemand if settings.first != First::default() => {
                mistake("first", "applies to `every` and `after_completion` only");
            }
            Rule::Every(period) if settings.jitter >= *period => {
                mistake("jitter", "must be shorter than the period, or ticks would be skipped");
            }
            _ => {}
        }
        if settings.late_after.is_some_and(|limit| limit.is_zero()) {
            mistake("late_after", "must be longer than zero");
        }
        if settings.overlap == Some(Overlap::Queue(0)) {
            mistake("overlap", "`Queue(0)` holds nothing; use `Skip`, or 1 and more");
        }
        self.check_misfire(&mut mistake);
        self.check_limits(&mut mistake);
    }

    fn check_misfire(&self, mistake: &mut dyn FnMut(&'static str, &str)) {
        let Settings { misfire, grace, dst, .. } = self.settings();
        let said = [("misfire", misfire.is_some()), (MISFIRE_GRACE, grace.is_some()), ("dst", dst.is_some())];
        for (field, _) in said.into_iter().filter(|&(_, said)| said && !self.is_cron()) {
            mistake(field, NOT_CRON);
        }
        match misfire.unwrap_or_default() {
            Misfire::FireOnce if grace.is_some() && self.is_cron() => {
                mistake(MISFIRE_GRACE, GRACE_OF_FIRE_ONCE);
            }
            Misfire::FireAll { max: 0 } => {
                mistake("misfire", "`FireAll { max: 0 }` fires none; use `Skip`, or 1 and more");
            }
            Misfire::FireAll { max } if max > misfire::MAX_FIRE_ALL => {
                let most = misfire::MAX_FIRE_ALL;
                mistake(
                    "misfire",
                    &format!("`FireAll {{ max: {max} }}` is more than the {most} that are allowed"),
                );
            }
            _ => {}
        }
        if grace.is_some_and(|grace| grace.is_zero()) {
            mistake(
                MISFIRE_GRACE,
                "must be longer than zero: no run begins at the very instant that it is due at",
            );
        }
    }

    fn check_limits(&self, mistake: &mut dyn FnMut(&'static str, &str)) {
        let limits = match &self.rule {
            Rule::Cron(Ok(schedule)) => schedule.limits(),
            _ => &self.settings().limits,
        };
        if matches!(self.rule, Rule::OnDemand) {
            for (field, limit) in [("start_at", limits.start), ("end_at", limits.end)] {
                if limit.is_some() {
                    mistake(field, "applies to what has a schedule only, and `poke` has none");
                }
            }
        }
        if limits.exclude_any() && !self.is_cron() {
            mistake("exclude", NOT_CRON);
        }
        match &self.rule {
            _ if limits.are_reversed() => mistake("end_at", "must not be before `start_at`"),
            Rule::Cron(Ok(schedule)) if !schedule.ever_fires() => {
                mistake("cron", &format!("`{schedule}` {}", schedule.why_never()));
            }
            _ => {}
        }
    }
}

const MISFIRE_GRACE: &str = "misfire_grace";

const NOT_CRON: &str =
    "applies to a cron expression only; an interval (`every`, or `@every` as text) has no use for it";

/// One run is fired either way.
const GRACE_OF_FIRE_ONCE: &str = "has no effect with `Misfire::FireOnce`, the default, which fires one run however late it is; \
    choose `.misfire(Misfire::Skip)` or `.misfire(Misfire::FireAll { .. })` with it, or leave it out";

/// From 0 to 1 and less than 1, always the same for a unit on a machine.
fn share(unit: &str, node: &str) -> f64 {
    // FNV-1a of 64 bits, the same on every machine and in every version.
    let bytes = unit.bytes().chain([0]).chain(node.bytes());
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    unit_interval(hash)
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
        let next = timer.first_to_come(Some(first), set_back);
        assert_eq!(next, Some(Due::Wall("2026-03-03T08:00:00Z".parse().unwrap())));
    }

    /// Were they to change, every machine would move its runs.
    #[test]
    fn the_share_of_a_jitter_is_the_same_in_every_version() {
        let thousandths = |unit, node| (share(unit, node) * 1_000.0) as u32;
        assert_eq!(thousandths("report", "alpha"), 396);
        assert_eq!(thousandths("report", "beta"), 834);
        assert_eq!(thousandths("cleanup", "alpha"), 71);
        assert_eq!(thousandths("reportalpha", ""), 254);
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
