//! The timetable of all tasks of a host: one heap of due times, and what each task has running. Pure: it is told
//! what happened and when, and says which runs to start.

mod row;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::row::{Row, Waiting};
use super::misfire::{Budget, Tick};
use super::timer::{Due, Moment, Overlap, Timer};
use crate::backoff::unit_interval;
use crate::clock::MINUTE;
use crate::occurrence::Occurrence;
use crate::record::NextRun;

/// A run to start now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fire {
    /// The task, by its place in the timetable.
    pub(crate) task: usize,
    /// How long ago it was due.
    pub(crate) lateness: Duration,
    /// What it is for.
    pub(crate) occurrence: Occurrence,
    /// It makes up for a missed occurrence.
    made_up: bool,
    /// Whoever asked for it by hand has been told that it is sure to come.
    promised: bool,
}

/// Schedules that wait longer than the wall clock says, as the occurrences until then have been considered before it was set
/// back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldBack {
    /// One of them, by its place in the timetable.
    pub(crate) task: usize,
    /// What that waits for.
    pub(crate) until: Timestamp,
    /// How many they are.
    pub(crate) tasks: usize,
}

/// What a look at the timetable found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) fires: Vec<Fire>,
    /// Ticks that will not be run, by task.
    pub(crate) skipped: Vec<(usize, u64)>,
    /// Tasks whose next run has moved.
    pub(crate) moved: Vec<usize>,
    /// Where the wall clock was seen to have been set back.
    pub(crate) held_back: Option<HeldBack>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Timetable {
    rows: Vec<Row>,
    /// (when to look, task). Equal times come in order of registration. An entry that is not its row's own look is one
    /// that was given up: a binary heap cannot remove from its middle.
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How far ahead a wall-clock instant may be slept to in one go.
    recheck: Option<Duration>,
    seed: u64,
    /// Both clocks, since the wall clock was last seen to have been set.
    seen: Option<Moment>,
}

/// How far back the wall clock must be set for that to be seen. A clock that is merely slowed down, or two clocks that are not
/// read at the very same time, are no such thing; what a time service sets at once is more.
const STEP: Duration = Duration::from_millis(100);

/// How far back the wall clock must be set for schedules that wait for it to be worth a warning: a smaller correction right
/// after a run is none.
const MISTAKE: Duration = MINUTE;

impl Timetable {
    pub(crate) fn new(timers: Vec<Timer>, recheck: Option<Duration>, seed: u64) -> Self {
        let rows: Vec<Row> = timers.into_iter().map(Row::new).collect();
        let heap = BinaryHeap::with_capacity(rows.len());
        Self { rows, heap, recheck, seed, seen: None }
    }

    /// The schedule of `task` begins: sets its first due time. What came before is not made up for. How many runs of it waited.
    pub(crate) fn begin(&mut self, task: usize, at: Moment) -> u64 {
        let waited = self.halt(task, false, at);
        self.seen.get_or_insert(at);
        let row = self.launch(task);
        if !row.timer.is_cron() {
            (row.waits_for, row.over) = (None, false);
        }
        if !row.disabled {
            let due = if row.timer.is_cron() { row.pass_over(at) } else { row.timer.first_due(at) };
            self.wait_for(task, due, at);
        }
        waited
    }

    /// The schedule of `task` goes on after a restart, as if there had been none: the grid and what is waited for are those of
    /// before, and the runs that waited still do. Those that begin now.
    pub(crate) fn begin_again(&mut self, task: usize, at: Moment) -> Vec<Fire> {
        self.halt(task, true, at);
        let row = self.launch(task);
        if row.disabled {
            return Vec::new();
        }
        if row.waits_for.is_some() {
            self.go_on_waiting(task, at);
        } else if !row.over && !row.has_waiting() {
            // An interval that has been disabled meanwhile waits for nothing, nor does a fixed delay whose run was cut before it began.
            let due = row.timer.due_when_enabled(at);
            self.wait_for(task, due, at);
        }
        let row = &mut self.rows[task];
        let most = if row.timer.overlap() == Overlap::Allow { usize::MAX } else { 1 };
        let mut fires: Vec<Fire> = std::iter::from_fn(|| row.next_waiting())
            .take(most)
            .map(|next| next.fire(task, at.now))
            .collect();
        if fires.is_empty() {
            fires.extend(row.asked.take().map(|asked| by_hand(task, *asked, true)));
        }
        row.running += fires.len() as u32;
        fires
    }

    fn launch(&mut self, task: usize) -> &mut Row {
        let row = &mut self.rows[task];
        (row.halted, row.running) = (false, 0);
        row.epoch = row.epoch.wrapping_add(1);
        row
    }

    /// Lets runs of `task` begin, or none. How many runs waited for the running one to end, and will not be run.
    pub(crate) fn enable(&mut self, task: usize, enabled: bool, at: Moment) -> u64 {
        let row = &mut self.rows[task];
        if std::mem::replace(&mut row.disabled, !enabled) != enabled {
            return 0;
        }
        if !enabled {
            if !row.timer.is_cron() {
                row.waits_for = None;
            }
            return row.give_up_waiting();
        }
        // One that is halted and waits for nothing has never begun, or is an interval whose begin sets its due time.
        if !row.halted || row.waits_for.is_some() {
            let due = if row.timer.is_cron() { row.pass_over(at) } else { row.timer.due_when_enabled(at) };
            self.wait_for(task, due, at);
        }
        0
    }

    pub(crate) fn is_enabled(&self, task: usize) -> bool {
        !self.rows[task].disabled
    }

    /// Whether `task` should be running now and then: its schedule has begun and is not over, and nothing keeps it but perhaps
    /// a restart.
    pub(crate) fn is_armed(&self, task: usize) -> bool {
        let row = &self.rows[task];
        let is_kept = row.paused || row.disabled || row.is_stopped();
        !is_kept && !row.over && !row.waits_for.is_some_and(|due| row.timer.begins_with(due))
    }

    /// Whether nothing is left of the schedule of `task`.
    pub(crate) fn is_over(&self, task: usize) -> bool {
        self.rows[task].over
    }

    /// `task` has another period from here on; it applies to the wait that is going on.
    pub(crate) fn set_period(&mut self, task: usize, period: Duration, at: Moment) {
        let row = &mut self.rows[task];
        let timer = row.timer.with_period(period);
        let old = std::mem::replace(&mut row.timer, timer);
        let Some(due) = row.waits_for else { return };
        if row.over {
            // With this period it may have a tick before its end.
            let due = row.timer.due_with_new_period(&old, due, at);
            self.wait_for(task, Some(due), at);
        } else if !due.has_come(at) {
            // Else it waits out the jitter of a tick that has come already.
            let due = row.timer.due_with_new_period(&old, due, at);
            self.wait_for(task, Some(due), at);
        }
    }

    /// The schedule of `task` ends: nothing of it is started any more. Where it is to begin `again`, after a restart, runs
    /// that wait are kept; else, how many they are.
    pub(crate) fn halt(&mut self, task: usize, again: bool, at: Moment) -> u64 {
        let row = &mut self.rows[task];
        (row.halted, row.again) = (true, again);
        if std::mem::take(&mut row.paused) && row.waits_for.is_some() {
            let due = row.pass_over(at);
            self.wait_for(task, due, at);
        }
        let row = &mut self.rows[task];
        if again {
            return 0;
        }
        row.asked = None;
        row.give_up_waiting()
    }

    /// Nothing of `task` is started until it is resumed. How many runs waited for the running one to end, and will not be run.
    pub(crate) fn pause(&mut self, task: usize) -> u64 {
        let row = &mut self.rows[task];
        row.paused = true;
        row.give_up_waiting()
    }

    /// The schedule of `task` goes on: the ticks of the pause are not made up for, and a fixed rate keeps its grid. A fixed
    /// delay counts from here.
    pub(crate) fn resume(&mut self, task: usize, at: Moment) {
        let row = &mut self.rows[task];
        if !std::mem::take(&mut row.paused) || row.disabled {
            return;
        }
        let due = match row.waits_for {
            _ if row.timer.is_cron() => row.pass_over(at),
            Some(occurrence) if !row.over && !row.is_due(occurrence).has_come(at) => {
                return self.go_on_waiting(task, at);
            }
            Some(_) => row.pass_over(at),
            None if row.running == 0 => row.timer.due_after_end(at),
            None => None,
        };
        self.wait_for(task, due, at);
    }

    /// The wall clock was set: whatever waits for it is looked at anew.
    pub(crate) fn wall_was_set(&mut self, at: Moment) {
        for task in 0..self.rows.len() {
            if matches!(self.rows[task].waits_for, Some(Due::Wall(_))) {
                self.go_on_waiting(task, at);
            }
        }
    }

    /// How far back the wall clock has been set since it was last seen.
    fn set_back_by(&mut self, at: Moment) -> Option<Duration> {
        let seen = *self.seen.get_or_insert(at);
        let expected =
            seen.wall.saturating_add(at.now.saturating_duration_since(seen.now)).unwrap_or(seen.wall);
        let back = Duration::try_from(expected.duration_since(at.wall)).unwrap_or_default();
        // One that is a little behind may only have been slowed down: those moments add up.
        let was_set_back = back > STEP;
        if was_set_back || at.wall > expected {
            self.seen = Some(at);
        }
        was_set_back.then_some(back)
    }

    /// The wall clock was set back by `step`: each schedule goes on with its first occurrence since then that has not been
    /// considered, and one that was over may have some left.
    fn aim_anew(&mut self, step: Duration, at: Moment, look: &mut Look) {
        for task in 0..self.rows.len() {
            let row = &self.rows[task];
            let aims = row.over || (row.timer.is_cron() && row.waits_for.is_some());
            if !aims || (!row.over && row.waits_for.is_some_and(|due| row.is_due(due).has_come(at))) {
                continue;
            }
            let before = row.waits_for;
            let due = row.aim(at);
            self.wait_for(task, due, at);
            let row = &self.rows[task];
            if row.waits_for != before {
                look.moved.push(task);
            }
            if step >= MISTAKE
                && let Some(until) = row.is_held_back(at)
            {
                let held = look.held_back.get_or_insert(HeldBack { task, until, tasks: 0 });
                held.tasks += 1;
            }
        }
    }

    /// When to look again.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        self.heap.peek().map(|&Reverse((when, _))| when)
    }

    /// When a task is due next.
    pub(crate) fn next_run(&self, task: usize) -> Option<NextRun> {
        let row = &self.rows[task];
        Some(match row.is_due(row.waits_for.filter(|_| row.is_awake() && !row.over)?) {
            Due::Wall(instant) => NextRun::Wall(instant),
            Due::At(instant) => NextRun::At(instant),
        })
    }

    /// Everything that is due.
    pub(crate) fn look(&mut self, at: Moment) -> Look {
        let mut look = Look::default();
        if let Some(step) = self.set_back_by(at) {
            self.aim_anew(step, at, &mut look);
        }
        let mut budget = Budget::of_a_look();
        while let Some(&Reverse((when, task))) = self.heap.peek()
            && when <= at.now
        {
            self.heap.pop();
            if self.rows[task].look_at == Some(when) {
                self.rows[task].look_at = None;
                if self.rows[task].is_awake() && !self.rows[task].over {
                    self.look_at(task, at, &mut look, &mut budget);
                }
            }
        }
        look
    }

    /// How often the schedule of `task` has begun.
    pub(crate) fn epoch(&self, task: usize) -> u32 {
        self.rows[task].epoch
    }

    /// One run of `task`, begun in this epoch, ended; perhaps another starts.
    pub(crate) fn ended(&mut self, task: usize, epoch: u32, at: Moment) -> Option<Fire> {
        let row = &mut self.rows[task];
        if row.epoch != epoch {
            return None;
        }
        row.running = row.running.saturating_sub(1);
        // Where it is being restarted, they go on waiting.
        if !row.halted
            && let Some(next) = row.next_waiting()
        {
            row.running += 1;
            return Some(next.fire(task, at.now));
        }
        if !row.halted
            && let Some(asked) = row.asked.take()
        {
            row.running += 1;
            return Some(by_hand(task, *asked, true));
        }
        // One that was started by hand, beside its schedule, leaves the schedule as it is.
        if row.running == 0
            && !row.disabled
            && !row.over
            && row.waits_for.is_none()
            && let Some(due) = row.timer.due_after_end(at)
        {
            self.wait_for(task, Some(due), at);
        }
        None
    }

    /// Whether a run of `task` is going on.
    pub(crate) fn is_running(&self, task: usize) -> bool {
        self.rows[task].running > 0
    }

    /// A run of `task` was to begin in this epoch, and did not, as the task was told to stop: where it is being restarted, the run
    /// waits for that. How many runs are given up.
    pub(crate) fn not_begun(&mut self, fire: Fire, epoch: u32, at: Moment) -> u64 {
        let Fire { task, lateness, occurrence, made_up, promised } = fire;
        let row = &mut self.rows[task];
        if row.epoch == epoch {
            row.running = row.running.saturating_sub(1);
        }
        // Where the word that it is to stop has not come yet, that decides.
        let may_wait = row.epoch == epoch && !row.is_stopped();
        match (occurrence.by_hand, may_wait) {
            (true, true) if promised => {
                row.asked.get_or_insert_with(|| Box::new(occurrence.at));
            }
            (true, _) => {}
            (false, false) => return 1,
            (false, true) => {
                let tick = Tick { at: occurrence.at, late: lateness };
                row.wait_in_order(Waiting { tick, since: at.now, made_up });
            }
        }
        0
    }

    /// A run of `task` was asked for by hand. `None` where one is going on: then it comes after that.
    pub(crate) fn asked(&mut self, task: usize, at: Moment) -> Option<Fire> {
        let row = &mut self.rows[task];
        if row.running > 0 && row.timer.overlap() != Overlap::Allow {
            // Asked for twice, it comes once.
            row.asked.get_or_insert_with(|| Box::new(at.wall));
            return None;
        }
        row.running += 1;
        Some(by_hand(task, at.wall, false))
    }

    fn look_at(&mut self, task: usize, at: Moment, look: &mut Look, budget: &mut Budget) {
        let row = &self.rows[task];
        let Some(occurrence) = row.waits_for else { return };
        let due = row.is_due(occurrence);
        let Some(late) = due.late(at) else {
            // The wall clock is not there yet, because it was set back or because the wait is a long one.
            return self.push(task, due, at);
        };
        look.moved.push(task);
        let next = match row.timer.within_limits(occurrence, at) == Some(occurrence) {
            true => self.fire(task, occurrence, late, at, look, budget),
            // The wall clock was set, beyond the end of an interval or back before its start.
            false => Some(occurrence),
        };
        self.wait_for(task, next, at);
    }

    /// Does what follows from `occurrence`, whose run is due; the one that comes next.
    fn fire(
        &mut self,
        task: usize,
        occurrence: Due,
        late: Duration,
        at: Moment,
        look: &mut Look,
        budget: &mut Budget,
    ) -> Option<Due> {
        let row = &mut self.rows[task];
        let verdict = row.timer.judge(occurrence, late, at, budget);
        let next = verdict.next;
        // `None` is the least of all.
        row.considered = row.considered.max(verdict.considered);
        let skipped = verdict.skipped
            + row.take_up(verdict, at.now, |waiting| look.fires.push(waiting.fire(task, at.now)));
        if skipped > 0 {
            look.skipped.push((task, skipped));
        }
        next
    }

    fn wait_for(&mut self, task: usize, occurrence: Option<Due>, at: Moment) {
        let within = occurrence.and_then(|due| self.rows[task].timer.within_limits(due, at));
        let due = within.or(occurrence);
        let jitter = within.map(|due| self.jitter(task, due)).filter(|jitter| !jitter.is_zero());
        let row = &mut self.rows[task];
        row.over = within.is_none() && (occurrence.is_some() || row.timer.goes_on());
        (row.waits_for, row.jitter) = (due, jitter.map(Box::new));
        self.go_on_waiting(task, at);
    }

    /// `task` is looked at when what it waits for is due, if anything keeps it from that no more.
    fn go_on_waiting(&mut self, task: usize, at: Moment) {
        let row = &self.rows[task];
        if let Some(occurrence) = row.waits_for
            && row.is_awake()
            && !row.over
        {
            let due = row.is_due(occurrence);
            self.push(task, due, at);
        }
    }

    fn push(&mut self, task: usize, due: Due, at: Moment) {
        let when = match due {
            Due::At(instant) => instant,
            Due::Wall(instant) => {
                let left = Duration::try_from(instant.duration_since(at.wall)).unwrap_or_default();
                let step = self.recheck.map_or(left, |most| left.min(most));
                at.now.checked_add(step).unwrap_or(at.now)
            }
        };
        if self.rows[task].look_at.replace(when) != Some(when) {
            self.heap.push(Reverse((when, task)));
            self.forget_given_up();
        }
    }

    /// Keeps the entries that were given up fewer than the rows.
    fn forget_given_up(&mut self) {
        if self.heap.len() > 2 * self.rows.len() + 16 {
            let rows = &self.rows;
            self.heap.retain(|&Reverse((when, task))| rows[task].look_at == Some(when));
        }
    }

    /// How long after `due` its run is due.
    fn jitter(&mut self, task: usize, due: Due) -> Duration {
        let seed = &mut self.seed;
        self.rows[task].timer.jitter(due, || {
            *seed = seed.wrapping_add(1);
            unit_interval(*seed ^ task as u64)
        })
    }
}

fn by_hand(task: usize, at: Timestamp, promised: bool) -> Fire {
    let occurrence = Occurrence { at, by_hand: true };
    Fire { task, lateness: Duration::ZERO, occurrence, made_up: false, promised }
}

#[cfg(test)]
mod misfire_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SECOND};
    use crate::trigger::timer::{First, Rule};
    use proptest::prelude::*;

    fn start() -> Moment {
        let clock = Clock::virtual_at("2026-03-01T12:00:00Z".parse().unwrap());
        Moment { now: clock.now(), wall: clock.wall() }
    }

    fn after(start: Moment, by: Duration) -> Moment {
        Moment { now: start.now + by, wall: start.wall.saturating_add(by).unwrap() }
    }

    #[test]
    fn a_paused_task_fires_nothing_and_keeps_its_grid() {
        let (mut table, start) = table(vec![every_second(None)]);
        assert_eq!(table.look(start).fires.len(), 1);
        assert_eq!(table.look(after(start, SECOND)).fires.len(), 0);
        assert_eq!(table.pause(0), 1, "the tick that waited is given up");
        let half = Duration::from_millis(500);
        assert_eq!(table.ended(0, 1, after(start, SECOND + half)), None);
        assert_eq!(table.look(after(start, 3 * SECOND + half)), Look::default());
        assert_eq!(table.next_run(0), None);
        table.resume(0, after(start, 3 * SECOND + half));
        assert_eq!(table.look(after(start, 3 * SECOND + half)), Look::default());
        let look = table.look(after(start, 4 * SECOND));
        assert_eq!(look.fires, [tick(0, after(start, 4 * SECOND))]);
        assert!(look.skipped.is_empty());
    }

    #[test]
    fn a_fixed_delay_that_was_paused_counts_from_its_resumption() {
        let timer = Timer::new(Rule::AfterCompletion(10 * SECOND));
        let (mut table, start) = table(vec![timer]);
        table.pause(0);
        table.resume(0, after(start, 25 * SECOND));
        assert_eq!(table.next_look(), Some(start.now + 10 * SECOND), "an entry that was given up");
        assert_eq!(table.look(after(start, 30 * SECOND)), Look::default());
        assert_eq!(table.look(after(start, 35 * SECOND)).fires.len(), 1);
    }

    #[test]
    fn pausing_again_and_again_leaves_few_entries() {
        let (mut table, start) = table(vec![every_second(None), every_second(None)]);
        for _ in 0..1_000 {
            table.pause(0);
            table.resume(0, start);
        }
        assert!(table.heap.len() <= 20, "{}", table.heap.len());
        assert_eq!(table.look(start).fires.len(), 1);
    }

    #[test]
    fn a_fixed_delay_that_was_halted_is_not_armed_by_the_end_of_its_run() {
        let timer = Timer::new(Rule::AfterCompletion(SECOND)).with(|settings| settings.first = First::Now);
        let (mut table, start) = table(vec![timer]);
        assert_eq!(table.look(start).fires.len(), 1);
        table.halt(0, false, start);
        assert_eq!(table.ended(0, 1, start), None);
        assert_eq!(table.next_run(0), None);
        assert_eq!(table.look(after(start, 5 * SECOND)), Look::default());
    }

    #[test]
    fn a_schedule_that_begins_anew_forgets_the_old_one() {
        let (mut table, start) = table(vec![every_second(None)]);
        assert_eq!(table.look(start).fires.len(), 1);
        assert!(table.asked(0, start).is_none());
        table.halt(0, false, start);
        assert_eq!(table.ended(0, 1, start), None, "what was asked for is given up");
        assert_eq!(table.look(after(start, 5 * SECOND)), Look::default());
        table.begin(0, after(start, 5 * SECOND));
        assert_eq!(table.look(after(start, 5 * SECOND)).fires.len(), 1, "its first run is due now");
        assert!(table.asked(0, start).is_none());
        assert_eq!(table.ended(0, 1, start), None, "a run of the old schedule ends only now");
        assert!(table.is_running(0));
    }

    /// A run for what is due at this moment.
    fn tick(task: usize, at: Moment) -> Fire {
        let occurrence = Occurrence { at: at.wall, by_hand: false };
        Fire { task, lateness: Duration::ZERO, occurrence, made_up: false, promised: false }
    }

    fn every_second(overlap: Option<Overlap>) -> Timer {
        Timer::new(Rule::Every(SECOND))
            .with(|settings| (settings.first, settings.overlap) = (First::Now, overlap))
    }

    fn table(timers: Vec<Timer>) -> (Timetable, Moment) {
        let mut table = Timetable::new(timers, None, 7);
        let start = start();
        (0..table.rows.len()).for_each(|task| {
            table.begin(task, start);
        });
        (table, start)
    }

    #[test]
    fn another_period_moves_the_next_tick_and_never_into_the_past() {
        let timer = |period| Timer::new(Rule::Every(period));
        let (mut table, start) = table(vec![timer(10 * SECOND)]);
        table.set_period(0, 30 * SECOND, after(start, 4 * SECOND));
        assert_eq!(table.look(after(start, 29 * SECOND)), Look::default());
        table.set_period(0, 5 * SECOND, after(start, 29 * SECOND));
        assert_eq!(table.next_look(), Some(start.now + 29 * SECOND));
        assert_eq!(table.look(after(start, 29 * SECOND)).fires.len(), 1);
        table.ended(0, 1, after(start, 30 * SECOND));
        assert_eq!(table.look(after(start, 33 * SECOND)), Look::default());
        assert_eq!(table.look(after(start, 34 * SECOND)).fires.len(), 1);
        // Ten thousand changes leave no more entries behind than there is room for.
        for change in 0..10_000 {
            table.set_period(0, 5 * SECOND + Duration::from_nanos(change), after(start, 35 * SECOND));
        }
        assert!(table.heap.len() <= 18, "{}", table.heap.len());
    }

    #[test]
    fn a_period_that_changes_often_does_not_keep_the_task_from_running() {
        let (mut table, start) = table(vec![Timer::new(Rule::Every(10 * SECOND))]);
        let mut fires = 0;
        for second in 1..=60 {
            table.set_period(0, (10 + second % 2) * SECOND, after(start, second * SECOND));
            fires += table.look(after(start, second * SECOND)).fires.len();
            table.ended(0, 1, after(start, second * SECOND));
        }
        assert!((5..=6).contains(&fires), "{fires}");
    }

    #[test]
    fn a_disabled_task_fires_nothing_and_an_enabled_one_at_once() {
        let (mut table, start) = table(vec![every_second(None)]);
        assert_eq!(table.look(start).fires.len(), 1);
        assert_eq!(table.look(after(start, SECOND)).fires.len(), 0);
        assert_eq!(table.enable(0, false, after(start, SECOND)), 1, "the tick that waited is given up");
        assert_eq!(table.enable(0, false, after(start, SECOND)), 0);
        assert_eq!(table.ended(0, 1, after(start, SECOND)), None);
        assert_eq!(table.look(after(start, 10 * SECOND)), Look::default());
        table.begin(0, after(start, 10 * SECOND));
        assert_eq!(table.look(after(start, 20 * SECOND)), Look::default(), "it begins disabled");
        let half = after(start, 20 * SECOND + SECOND / 2);
        table.enable(0, true, half);
        assert_eq!(table.look(half).fires.len(), 1);
        assert_eq!(table.next_look(), Some(half.now + SECOND));
        table.halt(0, false, start);
        table.enable(0, false, half);
        table.enable(0, true, half);
        assert_eq!(table.look(after(start, 30 * SECOND)), Look::default(), "its schedule has ended");
    }

    #[test]
    fn equal_times_fire_in_order_of_registration() {
        let (mut table, start) = table(vec![every_second(None), every_second(None), every_second(None)]);
        let order: Vec<usize> = table.look(start).fires.iter().map(|fire| fire.task).collect();
        assert_eq!(order, [0, 1, 2]);
    }

    #[test]
    fn ticks_during_a_long_run_come_to_one_run_after_it() {
        let (mut table, start) = table(vec![every_second(None)]);
        assert_eq!(table.look(start).fires.len(), 1);
        let mut left_out = 0;
        for second in 1..=3 {
            let look = table.look(after(start, second * SECOND));
            assert!(look.fires.is_empty());
            left_out += look.skipped.iter().map(|&(_, ticks)| ticks).sum::<u64>();
        }
        assert_eq!(left_out, 2);
        let fire = table.ended(0, 1, after(start, Duration::from_millis(3_500))).unwrap();
        assert_eq!(fire.lateness, Duration::from_millis(2_500));
        assert_eq!(table.ended(0, 1, after(start, Duration::from_millis(3_600))), None);
        assert_eq!(table.next_look(), Some(start.now + 4 * SECOND));
    }

    #[test]
    fn skip_leaves_out_and_allow_starts_beside() {
        let (mut table, start) =
            table(vec![every_second(Some(Overlap::Skip)), every_second(Some(Overlap::Allow))]);
        assert_eq!(table.look(start).fires.len(), 2);
        let look = table.look(after(start, SECOND));
        assert_eq!(look.fires, [tick(1, after(start, SECOND))]);
        assert_eq!(look.skipped, [(0, 1)]);
        assert_eq!(table.ended(0, 1, after(start, SECOND)), None);
    }

    #[test]
    fn a_queue_of_two_keeps_two_ticks_with_their_due_times_and_leaves_out_the_third() {
        let (mut table, start) = table(vec![every_second(Some(Overlap::Queue(2)))]);
        assert_eq!(table.look(start).fires.len(), 1);
        let looks: Vec<Look> = (1..=3).map(|second| table.look(after(start, second * SECOND))).collect();
        assert!(looks.iter().all(|look| look.fires.is_empty()));
        assert_eq!(looks.iter().map(|look| look.skipped.len()).collect::<Vec<_>>(), [0, 0, 1]);
        let end = after(start, 3 * SECOND + SECOND / 2);
        assert_eq!(table.ended(0, 1, end).unwrap().lateness, 2 * SECOND + SECOND / 2);
        assert_eq!(table.ended(0, 1, end).unwrap().lateness, SECOND + SECOND / 2);
        assert_eq!(table.ended(0, 1, end), None);
    }

    #[test]
    fn asking_by_hand_while_running_gives_exactly_one_more_run() {
        let (mut table, start) = table(vec![Timer::new(Rule::OnDemand)]);
        assert!(table.asked(0, start).is_some());
        assert!(table.asked(0, start).is_none());
        assert!(table.asked(0, start).is_none());
        assert!(table.ended(0, 1, start).is_some());
        assert!(table.ended(0, 1, start).is_none());
    }

    #[test]
    fn a_fixed_delay_counts_from_the_end() {
        let timer = Timer::new(Rule::AfterCompletion(SECOND)).with(|settings| settings.first = First::Now);
        let (mut table, start) = table(vec![timer]);
        assert_eq!(table.look(start).fires.len(), 1);
        assert_eq!(table.next_look(), None);
        table.ended(0, 1, after(start, 5 * SECOND));
        assert_eq!(table.next_look(), Some(start.now + 6 * SECOND));
    }

    #[test]
    fn a_long_wall_wait_is_taken_in_steps_and_fires_once() {
        let at = start().wall.saturating_add(100 * SECOND).unwrap();
        let timer = Timer::new(Rule::AfterCompletion(SECOND)).with(|settings| settings.first = First::At(at));
        let mut table = Timetable::new(vec![timer], Some(30 * SECOND), 7);
        let start = start();
        table.begin(0, start);
        let mut looks = 0;
        while let Some(when) = table.next_look() {
            looks += 1;
            let look = table.look(after(start, when - start.now));
            if !look.fires.is_empty() {
                assert_eq!(when - start.now, 100 * SECOND);
                break;
            }
        }
        assert_eq!(looks, 4);
    }

    proptest! {
        /// Whatever the runs' lengths: never two at once under `Skip` and `Queue`, and every tick is run, queued or counted.
        #[test]
        fn no_tick_is_lost_or_run_twice(
            lengths in prop::collection::vec(0u64..4_000, 1..40),
            queue in 0usize..4,
        ) {
            let overlap = if queue == 0 { Overlap::Skip } else { Overlap::Queue(queue) };
            let (mut table, start) = table(vec![every_second(Some(overlap))]);
            let (mut fired, mut left_out, mut running_until) = (0u64, 0u64, None::<Duration>);
            let mut lengths = lengths.into_iter().cycle();
            for step in 0..2_000u64 {
                let now = Duration::from_millis(step * 50);
                let at = after(start, now);
                let mut starts = usize::from(
                    running_until.is_some_and(|end| end <= now) && {
                        running_until = None;
                        table.ended(0, 1, at).is_some()
                    },
                );
                let look = table.look(at);
                starts += look.fires.len();
                left_out += look.skipped.iter().map(|&(_, ticks)| ticks).sum::<u64>();
                prop_assert!(starts <= 1);
                if starts == 1 {
                    prop_assert!(running_until.is_none());
                    fired += 1;
                    running_until = Some(now + Duration::from_millis(lengths.next().unwrap()));
                }
            }
            let ticks = 100;
            let waiting = table.rows[0].waiting(false) as u64;
            prop_assert_eq!(fired + left_out + waiting, ticks);
        }
    }
}
