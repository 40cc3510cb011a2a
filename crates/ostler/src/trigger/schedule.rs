//! Schedules: the occurrences of a cron expression in a zone, from a start to an end, without excluded dates. Or, of
//! `@every`, a fixed interval.

use std::fmt;
use std::sync::Arc;
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
    /// What was said of an interval, which has no use for it: as a plan it is refused.
    idle_dst: Option<DstPolicy>,
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
    /// In order, once each; shared by all clones.
    excluded: Option<Arc<[Date]>>,
}

impl Limits {
    pub(super) const NONE: Self = Self { start: None, end: None, excluded: None };

    pub(super) fn exclude(&mut self, dates: impl IntoIterator<Item = Date>) {
        let mut all: Vec<Date> = self.excluded().iter().copied().chain(dates).collect();
        all.sort_unstable();
        all.dedup();
        self.excluded = (!all.is_empty()).then(|| all.into());
    }

    pub(super) fn exclude_any(&self) -> bool {
        !self.excluded().is_empty()
    }

    fn excluded(&self) -> &[Date] {
        self.excluded.as_deref().unwrap_or_default()
    }

    /// The start and the end of `others` where they have one, else these; the excluded dates of both.
    pub(super) fn and(&mut self, others: &Self) {
        self.start = others.start.or(self.start);
        self.end = others.end.or(self.end);
        match &self.excluded {
            None => self.excluded.clone_from(&others.excluded),
            Some(_) if others.exclude_any() => self.exclude(others.excluded().iter().copied()),
            Some(_) => {}
        }
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
    /// follow from: see [`cron_with_id`](Self::cron_with_id).
    ///
    /// # Errors
    /// [`ScheduleError`]: the expression cannot be read, it can never fire, or the zone is not known.
    pub fn cron(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        Self::read(expression, zone, None)
    }

    /// As [`cron`](Self::cron), with `H` for a value that follows from `id`. That of a unit's [`cron`](crate::cron) is the
    /// unit's name, so with it this schedule has the same occurrences.
    ///
    /// ```
    /// let schedule = ostler::Schedule::cron_with_id("H H * * *", "Europe/Oslo", "daily-report")?;
    /// assert_eq!(schedule.to_string(), "3 22 * * * (Europe/Oslo)");
    /// # Ok::<(), ostler::ScheduleError>(())
    /// ```
    ///
    /// # Errors
    /// As [`cron`](Self::cron).
    pub fn cron_with_id(expression: &str, zone: &str, id: &str) -> Result<Self, ScheduleError> {
        Self::read(expression, zone, Some(id))
    }

    pub(super) fn read(expression: &str, zone: &str, id: Option<&str>) -> Result<Self, ScheduleError> {
        let source = match cron::read(expression, zone, id)? {
            Written::Cron(calendar) => Source::Cron(calendar),
            Written::Every(every) => Source::Every(every),
        };
        Ok(Self { source, limits: Limits::NONE, idle_dst: None })
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

    /// What becomes of times that do not exist, or exist twice, when the clocks change. An interval has none, and as a plan is
    /// refused at start with a policy.
    #[must_use]
    pub fn dst(mut self, policy: DstPolicy) -> Self {
        match &mut self.source {
            Source::Cron(calendar) => calendar.set_dst(policy),
            Source::Every(_) => self.idle_dst = Some(policy),
        }
        self
    }

    /// The first occurrence later than `instant`; `None` when there is none before the year 10000. That of an interval
    /// is its start where that is still ahead, else one period after `instant`, as if the host had begun it then.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let Limits { start, end, .. } = self.limits;
        let next = match &self.source {
            Source::Every(every) => {
                let ahead = start.filter(|&start| instant < start);
                ahead.or_else(|| instant.checked_add(every.period()).ok())
            }
            Source::Cron(calendar) => {
                let before_start = start.map_or(instant, |start| instant.max(just_before(start)));
                self.next_allowed(calendar, before_start)
            }
        };
        next.filter(|&next| end.is_none_or(|end| next <= end))
    }

    /// The last occurrence earlier than `instant`; that of an interval is one period before it, or its start where that is later.
    pub fn previous_before(&self, instant: Timestamp) -> Option<Timestamp> {
        let Limits { start, end, .. } = self.limits;
        let until_end = end.map_or(instant, |end| instant.min(just_after(end)));
        let previous = match &self.source {
            Source::Every(every) => {
                let begun = start.filter(|&start| start < until_end);
                let previous = until_end.checked_sub(every.period()).ok();
                begun.map_or(previous, |start| Some(previous.map_or(start, |previous| previous.max(start))))
            }
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

    /// What is allowed and may yet not be what its author meant, each as a sentence for people: both day fields restricted, days
    /// that some months lack, and the first change of the clocks within a year after `from` that an occurrence falls into.
    /// The start, the end and the excluded dates play no part. An interval has none.
    ///
    /// A host logs the first of these when it starts, and none of the others.
    ///
    /// ```
    /// let schedule = ostler::Schedule::cron("0 0 13 * FRI", "UTC")?;
    /// let warning = schedule.warnings("2026-01-01T00:00:00Z".parse()?).next().unwrap();
    /// assert!(warning.starts_with("day of month and day of week must both match"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warnings(&self, from: Timestamp) -> impl Iterator<Item = String> + use<> {
        let warnings = match &self.source {
            Source::Cron(calendar) => Some(calendar.warnings(from)),
            Source::Every(_) => None,
        };
        warnings.into_iter().flatten()
    }

    /// Whether day of month and day of week are both restricted, where other crons take either.
    pub(super) fn restricts_both_days(&self) -> bool {
        matches!(&self.source, Source::Cron(calendar) if calendar.restricts_both_days())
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

    /// A policy that was said of it and means nothing, as it is an interval.
    pub(super) fn idle_dst(&self) -> Option<DstPolicy> {
        self.idle_dst
    }

    /// Whether there is an occurrence at all, ever.
    pub(super) fn ever_fires(&self) -> bool {
        self.next_after(Timestamp::MIN).is_some()
    }

    /// Why there is none, for one that never fires.
    pub(super) fn why_never(&self) -> &'static str {
        let unlimited = Self { limits: Limits::NONE, ..self.clone() };
        match unlimited.ever_fires() {
            false => "can never fire",
            true if self.limits.exclude_any() => {
                "can never fire: nothing is left from its start to its end but excluded dates"
            }
            true => "can never fire: it has no occurrence from its start to its end",
        }
    }

    fn next_allowed(&self, calendar: &Calendar, mut from: Timestamp) -> Option<Timestamp> {
        loop {
            let next = calendar.next_after(from)?;
            // The rest of the excluded dates need not be looked at: the end is near.
            if self.limits.end.is_some_and(|end| next > end) || !self.excludes(calendar, next) {
                return Some(next);
            }
            // Not one second after the other: what is left of the date is left out as a whole.
            from = just_before(calendar.date_ends(next)).max(next);
        }
    }

    fn previous_allowed(&self, calendar: &Calendar, mut from: Timestamp) -> Option<Timestamp> {
        loop {
            let previous = calendar.previous_before(from)?;
            if self.limits.start.is_some_and(|start| previous < start) || !self.excludes(calendar, previous) {
                return Some(previous);
            }
            from = calendar.date_began(previous).min(previous);
        }
    }

    fn excludes(&self, calendar: &Calendar, occurrence: Timestamp) -> bool {
        let excluded = self.limits.excluded();
        !excluded.is_empty() && excluded.binary_search(&calendar.date_of(occurrence)).is_ok()
    }
}

/// A schedule of the crate `ostler-cron`.
impl From<ostler_cron::Schedule> for Schedule {
    fn from(schedule: ostler_cron::Schedule) -> Self {
        Self { source: Source::Cron(schedule.into()), limits: Limits::NONE, idle_dst: None }
    }
}

/// The expression in its canonical form, the zone, and the policy for changes of the clocks where it is not the default:
/// `0 8 * * * (Europe/Oslo)`, `30 2 * * * (Europe/Oslo, dst: Skip)`. Or the period of an interval.
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

pub(super) fn just_after(instant: Timestamp) -> Timestamp {
    instant.checked_add(NANOSECOND).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;
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
    fn a_policy_that_is_not_the_default_is_shown() {
        let plain = schedule("30 2 * * *", "Europe/Oslo");
        assert_eq!(plain.clone().dst(DstPolicy::Default).to_string(), "30 2 * * * (Europe/Oslo)");
        let skips = plain.dst(DstPolicy::Skip);
        assert_eq!(skips.to_string(), "30 2 * * * (Europe/Oslo, dst: Skip)");
        assert_eq!(format!("{skips:?}"), "Schedule(30 2 * * * (Europe/Oslo, dst: Skip))");
    }

    #[test]
    fn an_id_resolves_h_as_the_name_of_a_unit_does() {
        let of = |id| Schedule::cron_with_id("H H * * *", "UTC", id).unwrap().to_string();
        assert_eq!(of("report"), of("report"));
        assert_ne!(of("report"), of("cleanup"));
    }

    #[test]
    fn a_wrong_expression_hides_no_wrong_zone() {
        for text in ["61 * * * *", "0 0 30 2 *"] {
            let error = Schedule::cron(text, "Europe/Olso").unwrap_err();
            assert_eq!(error.all().map(ScheduleError::field).collect::<Vec<_>>(), ["cron", "zone"]);
            assert!(error.to_string().contains("Europe/Oslo"), "{error}");
        }
    }

    #[test]
    fn warnings_are_sentences() {
        let warnings = |text| {
            let schedule = schedule(text, "Europe/Oslo");
            schedule.warnings(at("2026-01-01T00:00:00Z")).collect::<Vec<_>>()
        };
        assert!(warnings("30 2 * * *")[0].contains("02:30"), "{:?}", warnings("30 2 * * *"));
        assert!(warnings("0 8 * * *").is_empty());
        assert!(warnings("@every 90s").is_empty());
        assert!(schedule("0 8 13 * FRI", "UTC").restricts_both_days());
        assert!(!schedule("0 8 13 * *", "UTC").restricts_both_days());
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
    fn nothing_is_lost_beside_a_date_that_is_left_out_where_the_clocks_go_back_over_midnight() {
        let (from, until) = (at("2009-10-31T00:00:00Z"), at("2009-11-03T00:00:00Z"));
        let all = schedule("* * * * *", "America/St_Johns");
        for excluded in [date(2009, 10, 31), date(2009, 11, 1), date(2009, 11, 2)] {
            let is_left = |at: &Timestamp| at.in_tz("America/St_Johns").unwrap().date() != excluded;
            let expected: Vec<_> = all.after(from).take_while(|at| *at < until).filter(is_left).collect();
            let left = all.clone().exclude([excluded]);
            let seen: Vec<_> = left.after(from).take_while(|at| *at < until).collect();
            assert_eq!(seen, expected, "{excluded}");
            let back = std::iter::successors(left.previous_before(until), |&at| left.previous_before(at));
            let mut back: Vec<_> = back.take_while(|at| *at > from).collect();
            back.reverse();
            assert_eq!(back, expected, "{excluded}, backwards");
        }
    }

    #[test]
    fn dates_that_are_left_out_are_shared() {
        let some = schedule("0 8 * * *", "UTC").exclude([date(2026, 12, 25)]);
        let mut other = Limits::default();
        other.and(some.limits());
        other.and(&Limits::NONE);
        let dates = |limits: &Limits| limits.excluded.clone().unwrap();
        assert!(Arc::ptr_eq(&dates(&other), &dates(&some.limits)));
        assert!(Arc::ptr_eq(&dates(some.clone().limits()), &dates(&some.limits)));
        other.and(schedule("0 8 * * *", "UTC").exclude([date(2026, 12, 24)]).limits());
        assert_eq!(*dates(&other), [date(2026, 12, 24), date(2026, 12, 25)]);
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
        let limited = interval.start_at(now + SECOND).end_at(now + 92 * SECOND);
        assert_eq!(limited.after(now).collect::<Vec<_>>(), [now + SECOND, now + 91 * SECOND]);
        assert_eq!(limited.previous_before(now + 91 * SECOND), Some(now + SECOND));
        assert_eq!(limited.previous_before(now + 30 * SECOND), Some(now + SECOND));
        assert_eq!(limited.previous_before(now + SECOND), None);
    }
}
