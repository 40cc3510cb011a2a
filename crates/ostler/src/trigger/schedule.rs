//! Schedules: the occurrences of a cron expression in a zone, from a start to an end, without excluded dates. Or, of
//! `@every`, a fixed interval.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::cron::{self, Calendar, DstPolicy, Every, ScheduleError, Written};

/// A cron expression in a time zone, checked: the form for text that comes from users, and the one that can be asked for its
/// occurrences.
///
/// [`cron`](crate::cron) is the form for text in code, whose mistakes are reported at start with all others.
///
/// ```
/// use ostler::Schedule;
///
/// let schedule = Schedule::cron("0 0 8 * * *", "Europe/Oslo")?;
/// let from = "2026-03-28T12:00:00Z".parse()?;
/// // The clocks have gone forward in between: 08:00 is an hour earlier in UTC.
/// assert_eq!(schedule.next_after(from).unwrap().to_string(), "2026-03-29T06:00:00Z");
/// assert!(Schedule::cron("0 61 * * * *", "Europe/Oslo").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Schedule {
    source: Source,
    limits: Limits,
}

/// What the occurrences are, but for the limits.
#[derive(Debug, Clone)]
enum Source {
    Cron(Calendar),
    Every(Every),
}

/// Where a schedule begins and ends, and which dates it leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    /// In order, once each.
    excluded: Vec<Date>,
}

impl Limits {
    pub(super) const NONE: Self = Self { start: None, end: None, excluded: Vec::new() };

    pub(super) fn exclude(&mut self, dates: impl IntoIterator<Item = Date>) {
        self.excluded.extend(dates);
        self.excluded.sort_unstable();
        self.excluded.dedup();
    }

    pub(super) fn exclude_any(&self) -> bool {
        !self.excluded.is_empty()
    }

    /// These, and what `others` say beyond them.
    pub(super) fn and(&mut self, others: &Self) {
        self.start = others.start.or(self.start);
        self.end = others.end.or(self.end);
        self.exclude(others.excluded.iter().copied());
    }

    /// Whether they end before they begin.
    pub(super) fn are_reversed(&self) -> bool {
        self.start.zip(self.end).is_some_and(|(start, end)| end < start)
    }
}

impl Schedule {
    /// Reads `expression` (5 fields, or 6 with seconds first, or a macro such as `@daily`; at most 256 characters) in the
    /// zone called `zone`: an IANA name such as `Europe/Oslo`, or `local` for the zone of this machine.
    ///
    /// `@every 90s` is a fixed interval: as a plan it is [`every`](crate::every). `H` is refused, as there is no name for it to
    /// follow from; [`cron`](crate::cron) takes it.
    ///
    /// # Errors
    /// [`ScheduleError`]: the expression cannot be read, it can never fire, or the zone is not known.
    pub fn cron(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        Self::read(expression, zone, None)
    }

    pub(super) fn read(expression: &str, zone: &str, id: Option<&str>) -> Result<Self, ScheduleError> {
        let source = match cron::read(expression, zone, id)? {
            Written::Cron(calendar) => Source::Cron(calendar),
            Written::Every(every) => Source::Every(every),
        };
        Ok(Self { source, limits: Limits::NONE })
    }

    /// The schedule without the occurrences before `start`. As [`Plan::start_at`](crate::Plan::start_at).
    #[must_use]
    pub fn start_at(mut self, start: Timestamp) -> Self {
        self.limits.start = Some(start);
        self
    }

    /// The schedule without the occurrences after `end`. As [`Plan::end_at`](crate::Plan::end_at).
    #[must_use]
    pub fn end_at(mut self, end: Timestamp) -> Self {
        self.limits.end = Some(end);
        self
    }

    /// The schedule without the occurrences on these local dates of its zone, beside those that were excluded before. An
    /// interval has no dates, and as a plan is refused at start with some excluded.
    ///
    /// ```
    /// use jiff::civil::date;
    /// use ostler::Schedule;
    ///
    /// let schedule = Schedule::cron("0 9 * * MON-FRI", "Europe/Oslo")?.exclude([date(2026, 12, 25)]);
    /// let christmas_eve = "2026-12-24T12:00:00Z".parse()?;
    /// let next: Vec<_> = schedule.after(christmas_eve).take(2).map(|at| at.to_string()).collect();
    /// assert_eq!(next, ["2026-12-28T08:00:00Z", "2026-12-29T08:00:00Z"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exclude(mut self, dates: impl IntoIterator<Item = Date>) -> Self {
        self.limits.exclude(dates);
        self
    }

    /// What becomes of times that do not exist, or exist twice, when the clocks change. An interval has none, and is left as
    /// it is.
    #[must_use]
    pub fn dst(mut self, policy: DstPolicy) -> Self {
        if let Source::Cron(calendar) = self.source {
            self.source = Source::Cron(calendar.with_dst(policy));
        }
        self
    }

    /// The first occurrence later than `instant`; `None` when there is none before the year 10000. That of an interval
    /// is one period after `instant`, as if the host had begun it then.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let Limits { start, end, .. } = self.limits;
        let next = match &self.source {
            Source::Every(every) => {
                let next = instant.checked_add(every.period()).ok()?;
                Some(start.map_or(next, |start| next.max(start)))
            }
            Source::Cron(calendar) => {
                let before_start = start.map_or(instant, |start| instant.max(just_before(start)));
                self.next_allowed(calendar, before_start)
            }
        };
        next.filter(|&next| end.is_none_or(|end| next <= end))
    }

    /// The last occurrence earlier than `instant`; that of an interval is one period before it.
    pub fn previous_before(&self, instant: Timestamp) -> Option<Timestamp> {
        let Limits { start, end, .. } = self.limits;
        let until_end = end.map_or(instant, |end| instant.min(just_after(end)));
        let previous = match &self.source {
            Source::Every(every) => until_end.checked_sub(every.period()).ok(),
            Source::Cron(calendar) => self.previous_allowed(calendar, until_end),
        };
        previous.filter(|&previous| start.is_none_or(|start| previous >= start))
    }

    /// The occurrences later than `instant`, the earliest first.
    ///
    /// ```
    /// let schedule = ostler::Schedule::cron("30 2 * * *", "Europe/Oslo")?;
    /// let next_five: Vec<_> = schedule.after("2026-03-27T12:00:00Z".parse()?).take(5).collect();
    /// assert_eq!(next_five[1].to_string(), "2026-03-29T01:00:00Z", "02:30 does not exist on that day");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(&self, instant: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(instant), |&last| self.next_after(last))
    }

    /// What it says, in words, for people. The zone, the start, the end and the excluded dates are not in it.
    ///
    /// ```
    /// let schedule = ostler::Schedule::cron("0 8 * * MON-FRI", "Europe/Oslo")?;
    /// assert_eq!(schedule.describe(), "At 08:00, Monday to Friday");
    /// assert_eq!(schedule.to_string(), "0 8 * * 1-5 (Europe/Oslo)");
    /// # Ok::<(), ostler::ScheduleError>(())
    /// ```
    pub fn describe(&self) -> String {
        match &self.source {
            Source::Cron(calendar) => calendar.describe(),
            Source::Every(every) => every.describe().to_string(),
        }
    }

    /// The zone by whose clocks it goes; an interval has none.
    pub fn time_zone(&self) -> Option<&TimeZone> {
        match &self.source {
            Source::Cron(calendar) => Some(calendar.time_zone()),
            Source::Every(_) => None,
        }
    }

    /// Its period, where it is an interval.
    pub(super) fn period(&self) -> Option<Duration> {
        match self.source {
            Source::Every(every) => Some(every.period()),
            Source::Cron(_) => None,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn limit(&mut self, limits: &Limits) {
        self.limits.and(limits);
    }

    /// Whether there is an occurrence at all, ever.
    pub(super) fn ever_fires(&self) -> bool {
        self.next_after(Timestamp::MIN).is_some()
    }

    fn next_allowed(&self, calendar: &Calendar, mut from: Timestamp) -> Option<Timestamp> {
        loop {
            let next = calendar.next_after(from)?;
            // The rest of the excluded dates need not be looked at: the end is near.
            if self.limits.end.is_some_and(|end| next > end) || !self.excludes(calendar, next) {
                return Some(next);
            }
            // Not one second after the other: the date is left out as a whole. Never back, should a date begin twice.
            let tomorrow = calendar.date_of(next).tomorrow().ok().and_then(|date| calendar.start_of(date));
            from = tomorrow.map_or(next, |start| just_before(start).max(next));
        }
    }

    fn previous_allowed(&self, calendar: &Calendar, mut from: Timestamp) -> Option<Timestamp> {
        loop {
            let previous = calendar.previous_before(from)?;
            if self.limits.start.is_some_and(|start| previous < start) || !self.excludes(calendar, previous) {
                return Some(previous);
            }
            let today = calendar.start_of(calendar.date_of(previous));
            from = today.map_or(previous, |start| start.min(previous));
        }
    }

    fn excludes(&self, calendar: &Calendar, occurrence: Timestamp) -> bool {
        let excluded = &self.limits.excluded;
        !excluded.is_empty() && excluded.binary_search(&calendar.date_of(occurrence)).is_ok()
    }
}

/// A schedule of the crate `ostler-cron`.
impl From<ostler_cron::Schedule> for Schedule {
    fn from(schedule: ostler_cron::Schedule) -> Self {
        Self { source: Source::Cron(schedule.into()), limits: Limits::NONE }
    }
}

/// The expression in its canonical form and the zone, `0 8 * * * (Europe/Oslo)`; or the period of an interval.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Cron(calendar) => calendar.fmt(f),
            Source::Every(every) => every.fmt(f),
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("Schedule");
        shown.field(&format_args!("{self}"));
        if self.limits != Limits::NONE {
            shown.field(&self.limits);
        }
        shown.finish()
    }
}

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

fn just_before(instant: Timestamp) -> Timestamp {
    instant.checked_sub(NANOSECOND).unwrap_or(Timestamp::MIN)
}

fn just_after(instant: Timestamp) -> Timestamp {
    instant.checked_add(NANOSECOND).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, SECOND};
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(text: &str, zone: &str) -> Schedule {
        Schedule::cron(text, zone).unwrap()
    }

    fn next(text: &str, zone: &str, from: &str) -> String {
        schedule(text, zone).next_after(at(from)).unwrap().to_string()
    }

    #[test]
    fn five_and_six_fields_are_read() {
        assert_eq!(next("30 2 * * *", "UTC", "2026-01-01T00:00:00Z"), "2026-01-01T02:30:00Z");
        assert_eq!(next("15 30 2 * * *", "UTC", "2026-01-01T00:00:00Z"), "2026-01-01T02:30:15Z");
    }

    #[test]
    fn a_point_in_the_gap_fires_once_after_it() {
        let schedule = schedule("30 2 * * *", "Europe/Oslo");
        let first = schedule.next_after(at("2026-03-28T12:00:00Z")).unwrap();
        let second = schedule.next_after(first).unwrap();
        assert_eq!(first.to_string(), "2026-03-29T01:00:00Z");
        assert_eq!(second.to_string(), "2026-03-30T00:30:00Z");
        assert_eq!(schedule.previous_before(second), Some(first));
    }

    #[test]
    fn what_happens_in_the_gap_can_be_chosen() {
        let schedule = schedule("30 2 * * *", "Europe/Oslo").dst(DstPolicy::Skip);
        let next = schedule.next_after(at("2026-03-28T12:00:00Z")).unwrap();
        assert_eq!(next.to_string(), "2026-03-30T00:30:00Z");
    }

    #[test]
    fn mistakes_name_their_field() {
        for (text, zone, field) in [
            ("61 * * * *", "UTC", "cron"),
            ("* * *", "UTC", "cron"),
            ("0 0 30 2 *", "UTC", "cron"),
            ("H 8 * * *", "UTC", "cron"),
            ("@every", "UTC", "cron"),
            ("", "UTC", "cron"),
            (&"1,".repeat(200), "UTC", "cron"),
            ("0 8 * * *", "Europe/Osло", "zone"),
            ("@every 90s", "Europe/Olso", "zone"),
        ] {
            assert_eq!(Schedule::cron(text, zone).unwrap_err().field(), field, "{text} {zone}");
        }
    }

    #[test]
    fn occurrences_lie_between_the_start_and_the_end_both_included() {
        let (start, end) = (at("2026-03-01T08:00:00Z"), at("2026-03-04T08:00:00Z"));
        let daily = schedule("0 8 * * *", "UTC").start_at(start).end_at(end);
        let all: Vec<_> = daily.after(Timestamp::MIN).collect();
        assert_eq!((all.len(), all[0], all[3]), (4, start, end));
        assert_eq!(daily.previous_before(Timestamp::MAX), Some(end));
        assert_eq!(daily.previous_before(end), Some(all[2]));
        assert_eq!(daily.previous_before(start), None);
        assert_eq!(daily.next_after(end), None);
        assert!(daily.ever_fires());
        assert!(!daily.start_at(end + SECOND).ever_fires());
    }

    #[test]
    fn excluded_dates_are_those_of_the_zone_and_left_out_as_a_whole() {
        // The 25th begins at 23:00 in UTC, the day before.
        let every_second = schedule("* * * * * *", "Europe/Oslo")
            .exclude([date(2026, 12, 26), date(2026, 12, 25)])
            .exclude([date(2026, 12, 25)]);
        let (before, after) = (at("2026-12-24T22:59:59Z"), at("2026-12-26T23:00:00Z"));
        assert_eq!(every_second.next_after(before), Some(after));
        assert_eq!(every_second.previous_before(after), Some(before));
        assert_eq!(every_second.next_after(at("2026-12-25T12:00:00.5Z")), Some(after));
        assert_eq!(every_second.previous_before(at("2026-12-25T12:00:00.5Z")), Some(before));
    }

    #[test]
    fn a_date_that_begins_twice_is_left_out_without_looking_for_ever() {
        // At 00:01 on the first Sunday of November 2009 the clocks went back to 23:01 of the day before.
        let half_past = schedule("30 * * * *", "America/St_Johns");
        let end = at("2009-11-02T12:00:00Z");
        let dates = |schedule: &Schedule| -> Vec<Date> {
            let some = schedule.after(at("2009-10-31T12:00:00Z")).take_while(|at| *at < end);
            some.map(|at| at.in_tz("America/St_Johns").unwrap().date()).collect()
        };
        let all = dates(&half_past);
        let excluded = date(2009, 10, 31);
        let left = dates(&half_past.exclude([excluded]));
        assert_eq!(left, all.into_iter().filter(|date| *date != excluded).collect::<Vec<_>>());
    }

    #[test]
    fn what_can_never_fire_within_its_limits_is_known() {
        let christmas = schedule("0 8 25 12 *", "Europe/Oslo")
            .start_at(at("2026-12-01T00:00:00Z"))
            .end_at(at("2026-12-31T00:00:00Z"));
        assert!(christmas.ever_fires());
        assert!(!christmas.exclude([date(2026, 12, 25)]).ever_fires());
    }

    #[test]
    fn an_interval_counts_from_the_instant_that_is_asked_for() {
        let now = at("2026-03-01T00:00:00Z");
        let interval = schedule("@every 90s", "UTC");
        assert_eq!(interval.period(), Some(90 * SECOND));
        assert_eq!(interval.after(now).nth(1), Some(now + 180 * SECOND));
        assert_eq!(interval.previous_before(now), Some(now - 90 * SECOND));
        let limited = interval.start_at(now + DAY).end_at(now + DAY + SECOND);
        assert_eq!(limited.after(now).collect::<Vec<_>>(), [now + DAY]);
    }
}
