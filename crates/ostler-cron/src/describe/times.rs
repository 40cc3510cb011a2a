//! When in the day.
//!
//! The three sets of seconds, minutes and hours are told in the first of these ways that fits: the times themselves,
//! where they are few; one grid through the day (`Every 5 minutes, from 09:00 to 17:55`); else the finest unit that
//! is not simply zero, and then the larger ones that it is in. A grid that begins anew in each unit always says so.

use std::fmt;

use crate::bits::bits;
use crate::cron::Cron;
use crate::describe::grid::Grid;
use crate::describe::lead;
use crate::describe::lead::Lead;
use crate::describe::words;
use crate::describe::words::Clock;
use crate::describe::words::Count;
use crate::describe::words::EachNth;
use crate::describe::words::RUN;
use crate::describe::words::Run;
use crate::describe::words::Span;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;
const ALL_HOURS: u32 = (1 << 24) - 1;
const ALL_MINUTES: u64 = (1 << 60) - 1;

/// More than these would not be read one by one.
const MOST_TIMES: u32 = 6;
const MOST_PAST_EACH: u32 = 4;
const MOST_WINDOWS: usize = 3;

pub(super) struct Times {
    seconds: u64,
    minutes: u64,
    hours: u32,
}

impl Times {
    pub(super) fn of(cron: &Cron) -> Self {
        Self { seconds: cron.seconds, minutes: cron.minutes, hours: cron.hours }
    }

    /// Whether it is told as times of the day, one by one.
    pub(super) fn is_list(&self) -> bool {
        let grid = self.grid().filter(|grid| grid.is_long() || grid.count >= 4 && is_one_unit(grid.step));
        match grid {
            Some(grid) => self.count() <= MOST_TIMES && !DAY.is_multiple_of(grid.step),
            None => self.count() <= MOST_TIMES || self.minutes.count_ones() * self.seconds.count_ones() == 1,
        }
    }

    fn count(&self) -> u32 {
        self.seconds.count_ones() * self.minutes.count_ones() * self.hours.count_ones()
    }

    fn has_seconds(&self) -> bool {
        self.seconds != 1
    }

    fn clock(&self, second: u32) -> Clock {
        Clock { second, with_seconds: self.has_seconds() }
    }

    /// All times of the day as one grid of seconds.
    fn grid(&self) -> Option<Grid> {
        let hours = Grid::of(u64::from(self.hours))?;
        let minutes = Grid::of(self.minutes)?.in_each(hours, 60)?;
        Grid::of(self.seconds)?.in_each(minutes, 60)
    }

    /// All minutes of the day as one grid of minutes.
    fn grid_of_minutes(&self) -> Option<Grid> {
        Grid::of(self.minutes)?.in_each(Grid::of(u64::from(self.hours))?, 60)
    }

    fn write_list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = minutes_of_day(self.hours, self.minutes);
        let times = minutes.flat_map(|minute| bits(self.seconds).map(move |second| 60 * minute + second));
        f.write_str("At ")?;
        words::write_all(f, times.map(|time| self.clock(time)))
    }

    fn write_grid(&self, f: &mut fmt::Formatter<'_>, grid: Grid) -> fmt::Result {
        let Grid { first, last, step, .. } = grid;
        if grid.fills(DAY) && first == 0 && step <= HOUR {
            let on_the_hour = if step == HOUR { ", on the hour" } else { "" };
            return write!(f, "Every {}{on_the_hour}", span(step));
        }
        write!(f, "Every {}, from {} to {}", span(step), self.clock(first), self.clock(last))
    }

    /// `At 15 and 45 minutes past every hour`, for what comes again each hour, or each minute, at few values.
    fn is_past_each(&self) -> bool {
        let few = |values: u64| values != 1 && values.count_ones() <= MOST_PAST_EACH && !is_plain(values);
        let each_minute = self.minutes == ALL_MINUTES && few(self.seconds);
        let each_hour = self.seconds == 1 && few(self.minutes);
        self.hours == ALL_HOURS && (each_minute || each_hour)
    }

    /// What comes once an hour, but not on the full minute.
    fn is_once_an_hour(&self) -> bool {
        let once = self.minutes.count_ones() == 1 && self.seconds.count_ones() == 1;
        once && self.hours == ALL_HOURS && self.has_seconds()
    }

    fn write_once_an_hour(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("At ")?;
        if self.minutes != 1 {
            write!(f, "{} and ", Count(self.minutes.trailing_zeros().into(), "minute"))?;
        }
        write!(f, "{} past every hour", Count(self.seconds.trailing_zeros().into(), "second"))
    }

    fn write_minutes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Lead::of(self.minutes) {
            Lead::List => {
                lead::write_past(f, self.minutes, "minute")?;
                self.write_hours_past(f)
            }
            lead => {
                let each = if self.is_one_window() { "every" } else { "the" };
                lead.write(f, "minute", format_args!("{each} hour"))?;
                self.write_windows(f)
            }
        }
    }

    fn write_seconds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.grid_of_minutes().filter(|grid| grid.count >= RUN || grid.step == 1);
        let each = if self.minutes == ALL_MINUTES || minutes.is_some_and(|grid| grid.step == 1) {
            "every"
        } else {
            "the"
        };
        match Lead::of(self.seconds) {
            Lead::List => {
                lead::write_past(f, self.seconds, "second")?;
                write!(f, "{each} minute")?;
            }
            lead => lead.write(f, "second", format_args!("{each} minute"))?,
        }
        match minutes {
            _ if self.minutes == ALL_MINUTES => self.write_windows(f),
            Some(Grid { first, last, step: 1, .. }) => {
                write!(f, ", from {} to {}", self.first_of(first), self.last_of(last))
            }
            _ if self.minutes.count_ones() * self.hours.count_ones() <= MOST_TIMES => {
                self.write_few_minutes(f)
            }
            Some(grid) if grid.step < 60 => {
                let every_nth = EachNth(grid.step, "minute");
                write!(f, ", in {every_nth} from {} to {}", whole_minute(grid.first), whole_minute(grid.last))
            }
            _ => self.write_many_minutes(f),
        }
    }

    fn write_few_minutes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = minutes_of_day(self.hours, self.minutes).map(whole_minute);
        let plural = if self.minutes.count_ones() * self.hours.count_ones() == 1 { "" } else { "s" };
        write!(f, ", in the minute{plural} ")?;
        words::write_all(f, minutes)
    }

    fn write_many_minutes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Grid::of(self.minutes) {
            Some(grid) if grid.count == 1 => write!(f, ", in minute {}", grid.first)?,
            Some(grid) if grid.is_long() => {
                write!(f, ", in {} from {} to {}", EachNth(grid.step, "minute"), grid.first, grid.last)?;
            }
            _ => {
                f.write_str(", in minutes ")?;
                words::write_all(f, words::runs(self.minutes, RUN).map(Run))?;
            }
        }
        f.write_str(" of ")?;
        self.write_hours(f)
    }

    /// `every hour from 09:00 to 17:00`, as something that minutes are past.
    fn write_hours_past(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Grid::of(u64::from(self.hours)) {
            _ if self.hours == ALL_HOURS => f.write_str("every hour"),
            Some(grid) if grid.is_long() => {
                let every_nth = EachNth(grid.step, "hour");
                write!(f, "{every_nth} from {} to {}", whole_hour(grid.first), whole_hour(grid.last))
            }
            _ => words::write_all(f, bits(self.hours).map(whole_hour)),
        }
    }

    /// `every hour from 09:00 to 17:59`, as something that minutes are in.
    fn write_hours(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |hour: u32| whole_minute(60 * hour + 59);
        match Grid::of(u64::from(self.hours)) {
            _ if self.hours == ALL_HOURS => f.write_str("every hour"),
            Some(grid) if grid.count == 1 => write!(f, "the hour {:02}", grid.first),
            Some(grid) if grid.is_long() => {
                let every_nth = EachNth(grid.step, "hour");
                write!(f, "{every_nth} from {} to {}", whole_hour(grid.first), end(grid.last))
            }
            _ => self.write_named_hours(f, "the hours "),
        }
    }

    fn write_named_hours(&self, f: &mut fmt::Formatter<'_>, before: &str) -> fmt::Result {
        f.write_str(before)?;
        words::write_all(f, words::runs(u64::from(self.hours), RUN).map(HourRun))
    }

    fn is_one_window(&self) -> bool {
        words::runs(u64::from(self.hours), 1).nth(1).is_none()
    }

    /// The hours, where something goes on in each of them: by its first and last time.
    fn write_windows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.minutes.trailing_zeros(), self.minutes.ilog2());
        let start = |hour: u32| self.first_of(60 * hour + first);
        let end = |hour: u32| self.last_of(60 * hour + last);
        match Grid::of(u64::from(self.hours)) {
            _ if self.hours == ALL_HOURS => Ok(()),
            Some(grid) if grid.count >= 4 && grid.step > 1 => {
                let every_nth = EachNth(grid.step, "hour");
                write!(f, ", in {every_nth} from {} to {}", start(grid.first), end(grid.last))
            }
            _ if words::runs(u64::from(self.hours), 1).count() <= MOST_WINDOWS => {
                f.write_str(", from ")?;
                let windows = words::runs(u64::from(self.hours), 1);
                words::write_all(f, windows.map(|(from, to)| Window(start(from), end(to))))
            }
            _ => self.write_named_hours(f, ", in the hours "),
        }
    }

    fn first_of(&self, minute: u32) -> Clock {
        self.clock(60 * minute + self.seconds.trailing_zeros())
    }

    fn last_of(&self, minute: u32) -> Clock {
        self.clock(60 * minute + self.seconds.ilog2())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.grid() {
            _ if self.is_list() => self.write_list(f),
            _ if self.is_once_an_hour() => self.write_once_an_hour(f),
            Some(grid) if !self.is_past_each() => self.write_grid(f, grid),
            _ if self.has_seconds() => self.write_seconds(f),
            _ => self.write_minutes(f),
        }
    }
}

fn is_plain(values: u64) -> bool {
    Grid::of(values).is_some_and(|grid| grid.is_plain(60))
}

fn is_one_unit(step: u32) -> bool {
    matches!(step, 1 | 60 | HOUR)
}

/// In the largest unit of which it is a whole number; a step is below 60 of any unit.
fn span(step: u32) -> Span {
    match step {
        step if step.is_multiple_of(HOUR) => Span(step / HOUR, "hour"),
        step if step.is_multiple_of(60) => Span(step / 60, "minute"),
        step => Span(step, "second"),
    }
}

fn whole_minute(minute: u32) -> Clock {
    Clock { second: 60 * minute, with_seconds: false }
}

fn whole_hour(hour: u32) -> Clock {
    whole_minute(60 * hour)
}

fn minutes_of_day(hours: u32, minutes: u64) -> impl Iterator<Item = u32> {
    bits(hours).flat_map(move |hour| bits(minutes).map(move |minute| 60 * hour + minute))
}

struct Window(Clock, Clock);

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.0, self.1)
    }
}

struct HourRun((u32, u32));

impl fmt::Display for HourRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self((first, last)) = self;
        if first == last { write!(f, "{first:02}") } else { write!(f, "{first:02} to {last:02}") }
    }
}
