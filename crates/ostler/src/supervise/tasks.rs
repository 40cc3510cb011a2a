//! All tasks of a host: one timetable, one sleeper, and a spawned run for each time one fires.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::until::until;
use crate::attempt;
use crate::clock::{Clock, WALL_RECHECK};
use crate::control::{Answer, ControlError};
use crate::current::{Seat, Sitter};
use crate::handle::HostHandle;
use crate::line::{self, Line, Polled};
use crate::record::Record;
use crate::run::Runner;
use crate::seat::UnitSeat;
use crate::stop::StopReason;
use crate::trigger::{Fire, HeldBack, LivePolicy, Moment, Timer, Timetable};

/// The code of a task: does one run of it.
pub(crate) trait RunTask: Send + Sync {
    /// Behind an `Arc`, which the run keeps: one allocation for each task, and one for each run.
    fn run(self: Arc<Self>, runner: Runner) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// One task, as its actor and the director share it.
pub(crate) struct Task {
    /// Its place among all units.
    unit: u32,
    /// Its place among the tasks.
    task: u32,
    record: Arc<Record>,
    /// `None` is the default, which most have.
    policy: Option<Box<LivePolicy>>,
    run: Arc<dyn RunTask>,
    place: Mutex<Place>,
}

/// Where a task lives. It has a seat only from its first run on: most tasks wait for hours, and there may be a hundred
/// thousand of them.
#[derive(Default)]
struct Place {
    open: bool,
    /// How far its schedule is. A run that is due at once is begun even where the unit is told to stop before that: every body
    /// that was started runs once, and finds its stop requested.
    schedule: Schedule,
    /// Why it was told to stop before its schedule had begun.
    stopped_early: Option<Box<StopReason>>,
    seat: Option<Arc<UnitSeat>>,
}

/// How far the schedule of a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Schedule {
    /// The actor has not heard of it: what it still does is of an earlier one.
    #[default]
    Asked,
    /// The run that is due at once is begun right now.
    Beginning,
    Begun,
}

impl Task {
    pub(crate) fn new(
        unit: usize,
        task: usize,
        record: Arc<Record>,
        policy: LivePolicy,
        run: Arc<dyn RunTask>,
    ) -> Self {
        let policy = (!policy.is_default()).then(|| Box::new(policy));
        Self { unit: unit as u32, task: task as u32, record, policy, run, place: Mutex::default() }
    }

    /// Its place among the tasks.
    pub(crate) fn place_among_tasks(&self) -> usize {
        self.task as usize
    }

    fn line(&self, director: &mpsc::UnboundedSender<line::Message>) -> Line {
        Line::new(self.unit as usize, director.clone())
    }

    /// Runs may begin.
    pub(crate) fn open(&self) {
        *self.place() = Place { open: true, ..Place::default() };
    }

    /// Its schedule begins.
    fn begins(&self) {
        self.place().schedule = Schedule::Beginning;
    }

    /// Its schedule has begun, and the run that was due at once.
    fn has_begun(&self, line: &Line) {
        let mut place = self.place();
        place.schedule = Schedule::Begun;
        let Some(reason) = place.stopped_early.take() else { return };
        match place.seat.clone() {
            Some(seat) => {
                drop(place);
                seat.request_stop(*reason);
            }
            None => line.gone(),
        }
    }

    /// No run begins any more, and those that are going on are told. False where there are none and never will be.
    pub(crate) fn request_stop(&self, reason: StopReason) -> bool {
        let mut place = self.place();
        if std::mem::take(&mut place.open) && place.schedule != Schedule::Begun {
            place.stopped_early = Some(Box::new(reason));
            return true;
        }
        let seat = place.seat.clone();
        drop(place);
        seat.map(|seat| seat.request_stop(reason)).is_some()
    }

    /// Where its runs are, if it has any.
    pub(crate) fn seat(&self) -> Option<Arc<UnitSeat>> {
        self.place().seat.clone()
    }

    /// Nothing of it is alive any more.
    pub(crate) fn leave_seat(&self) {
        self.place().seat = None;
    }

    /// The seat for a run, made where there is none; `None` where no run may begin.
    fn seat_for_run(&self, make: impl FnOnce() -> Arc<UnitSeat>) -> Option<Arc<UnitSeat>> {
        let mut place = self.place();
        let may_begin = place.open || place.stopped_early.is_some();
        if !may_begin || place.schedule == Schedule::Asked {
            return None;
        }
        let seat = Arc::clone(place.seat.get_or_insert_with(make));
        if let Some(reason) = &place.stopped_early {
            seat.announce_stop(StopReason::clone(reason));
        }
        Some(seat)
    }

    /// Its last run has ended. The seat goes with it, unless somebody may still watch for its stop.
    fn rests(&self) {
        let mut place = self.place();
        if place.open && place.seat.as_ref().is_some_and(|seat| !seat.is_watched()) {
            place.seat = None;
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many runs are begun before others get their turn: some hundred microseconds. Thousands of tasks may be due at the same
/// moment, and the first of them should not wait for the last.
const AT_ONCE: usize = 64;

/// How many messages are taken before the timetable is looked at again: some ten microseconds.
const BATCH: usize = 64;

/// What the actor is told about a task, by its place among the tasks.
#[derive(Debug)]
struct Message {
    task: usize,
    word: Word,
}

#[derive(Debug)]
enum Word {
    /// Its schedule begins now; or, after a restart, goes on.
    Begin {
        polled: Polled,
        again: bool,
    },
    /// Its schedule ends; or, for a restart, is interrupted.
    Halt {
        again: bool,
    },
    Pause(oneshot::Sender<Answer>),
    Resume(oneshot::Sender<Answer>),
    Trigger(oneshot::Sender<Answer>),
    /// Its period is another one.
    Period(Duration),
    /// Its options let it run, or do not.
    Enable(bool),
    /// A run of it ended, of this epoch of its schedule.
    Ended(u32),
    /// A run of it, of this epoch, was dropped before it had begun.
    NotBegun(Fire, u32),
}

/// Who is to be told that what was asked for is done.
type ToAnswer = Option<oneshot::Sender<Answer>>;

/// The director's line to the actor.
#[derive(Debug, Clone)]
pub(crate) struct TaskBoard(mpsc::UnboundedSender<Message>);

impl TaskBoard {
    /// Begins the schedule of a task. Its first poll is that of its first run, where that is due at once.
    ///
    /// With `again` it goes on after a restart, as if there had been none.
    pub(crate) fn begin(&self, task: usize, polled: Polled, again: bool) {
        self.tell(task, Word::Begin { polled, again });
    }

    pub(crate) fn halt(&self, task: usize, again: bool) {
        self.tell(task, Word::Halt { again });
    }

    /// From the answer on no run begins.
    pub(crate) fn pause(&self, task: usize, answer: oneshot::Sender<Answer>) {
        self.tell(task, Word::Pause(answer));
    }

    pub(crate) fn resume(&self, task: usize, answer: oneshot::Sender<Answer>) {
        self.tell(task, Word::Resume(answer));
    }

    /// Answered when a run was begun, or is sure to follow the one that is going on.
    pub(crate) fn trigger(&self, task: usize, answer: oneshot::Sender<Answer>) {
        self.tell(task, Word::Trigger(answer));
    }

    pub(crate) fn set_period(&self, task: usize, period: Duration) {
        self.tell(task, Word::Period(period));
    }

    pub(crate) fn enable(&self, task: usize, enabled: bool) {
        self.tell(task, Word::Enable(enabled));
    }

    fn tell(&self, task: usize, word: Word) {
        let _ = self.0.send(Message { task, word });
    }
}

/// The board and the actor for `tasks`, each with its timer at the same place. The actor runs until it is dropped.
pub(crate) fn tend(
    tasks: Vec<Arc<Task>>,
    timers: Vec<Timer>,
    clock: Clock,
    host: HostHandle,
    director: mpsc::UnboundedSender<line::Message>,
) -> (TaskBoard, impl Future<Output = ()> + Send) {
    let (sender, messages) = mpsc::unbounded_channel();
    let board = TaskBoard(sender);
    let recheck = clock.is_real().then_some(WALL_RECHECK);
    let actor = Actor {
        timetable: Timetable::new(timers, recheck, fastrand::u64(..)),
        tasks,
        clock,
        host,
        director,
        board: board.clone(),
        first_poll: None,
    };
    (board, actor.work(messages))
}

struct Actor {
    tasks: Vec<Arc<Task>>,
    timetable: Timetable,
    clock: Clock,
    host: HostHandle,
    director: mpsc::UnboundedSender<line::Message>,
    board: TaskBoard,
    /// Word of the first poll of a task that begins with a run.
    first_poll: Option<(usize, Polled)>,
}

impl Actor {
    async fn work(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        let mut batch = Vec::new();
        loop {
            for some in self.look(self.moment()).chunks(AT_ONCE) {
                some.iter().for_each(|&fire| self.start(fire, None));
                if some.len() == AT_ONCE {
                    tokio::task::yield_now().await;
                }
            }
            let next = self.timetable.next_look();
            tokio::select! {
                _ = messages.recv_many(&mut batch, BATCH) => {
                    // One look at the clock for all that has come by now.
                    let at = self.moment();
                    batch.drain(..).for_each(|message| self.take(message, at));
                }
                () = self.clock.wait_until(next) => {}
                // A virtual clock only; what the real one shows is looked at every half minute.
                () = self.clock.wall_was_set() => {
                    let at = self.moment();
                    self.timetable.wall_was_set(at);
                }
            }
        }
    }

    fn take(&mut self, Message { task, word }: Message, at: Moment) {
        let answer = match word {
            Word::Begin { polled, again } => return self.begin(task, polled, again, at),
            Word::Ended(epoch) => self.ended(task, epoch, at),
            Word::NotBegun(fire, epoch) => self.not_begun(fire, epoch, at),
            Word::Halt { again } => self.halt(task, again, at),
            Word::Pause(answer) => self.pause(task, answer),
            Word::Resume(answer) => {
                self.timetable.resume(task, at);
                Some(answer)
            }
            Word::Period(period) => {
                self.timetable.set_period(task, period, at);
                None
            }
            Word::Enable(enabled) => self.enable(task, enabled, at),
            Word::Trigger(answer) => self.trigger(task, answer, at),
        };
        self.show(task, at);
        if let Some(answer) = answer {
            let _ = answer.send(Ok(()));
        }
    }

    fn ended(&mut self, task: usize, epoch: u32, at: Moment) -> ToAnswer {
        if let Some(fire) = self.timetable.ended(task, epoch, at) {
            self.start(fire, None);
        }
        if !self.timetable.is_running(task) {
            self.tasks[task].rests();
        }
        None
    }

    fn halt(&mut self, task: usize, again: bool, at: Moment) -> ToAnswer {
        let waited = self.timetable.halt(task, again, at);
        self.skipped(task, waited);
        None
    }

    fn pause(&mut self, task: usize, answer: oneshot::Sender<Answer>) -> ToAnswer {
        let waited = self.timetable.pause(task);
        self.skipped(task, waited);
        self.answer_when_all_have_begun(task, answer)
    }

    fn enable(&mut self, task: usize, enabled: bool, at: Moment) -> ToAnswer {
        let waited = self.timetable.enable(task, enabled, at);
        self.skipped(task, waited);
        self.tasks[task].record.set_enabled(enabled);
        None
    }

    fn trigger(&mut self, task: usize, answer: oneshot::Sender<Answer>, at: Moment) -> ToAnswer {
        if !self.timetable.is_enabled(task) {
            let _ = answer.send(Err(ControlError::not_possible("its options have disabled it")));
            return None;
        }
        // Else it is sure to follow the run that is going on.
        let Some(fire) = self.timetable.asked(task, at) else { return Some(answer) };
        self.start(fire, Some(answer));
        None
    }

    /// A run that was spawned before a pause and not polled yet begins all the same; the answer waits for it.
    fn answer_when_all_have_begun(&self, task: usize, answer: oneshot::Sender<Answer>) -> ToAnswer {
        let Some(seat) = self.tasks[task].seat().filter(|seat| !seat.all_have_begun()) else {
            return Some(answer);
        };
        let its = Arc::clone(&seat);
        seat.spawn(async move {
            until(&its.clock, || its.all_have_begun()).await;
            let _ = answer.send(Ok(()));
        });
        None
    }

    fn begin(&mut self, task: usize, polled: Polled, again: bool, at: Moment) {
        self.tasks[task].begins();
        let mut fires = Vec::new();
        if again {
            fires = self.timetable.begin_again(task, at);
        } else {
            let waited = self.timetable.begin(task, at);
            self.skipped(task, waited);
        }
        self.first_poll = Some((task, polled));
        fires.extend(self.look(at));
        for fire in fires {
            self.start(fire, None);
        }
        self.first_poll = None;
        let begun = &self.tasks[task];
        begun.has_begun(&begun.line(&self.director));
        self.show(task, at);
    }

    /// What is due.
    fn look(&mut self, at: Moment) -> Vec<Fire> {
        let look = self.timetable.look(at);
        for (task, ticks) in look.skipped {
            self.tasks[task].record.skipped(ticks);
        }
        // First, so that a run that asks is told its own successor.
        for task in look.moved {
            self.show(task, at);
        }
        if let Some(held) = look.held_back {
            self.warn_of(held);
        }
        look.fires
    }

    fn warn_of(&self, HeldBack { task, until, tasks }: HeldBack) {
        let unit = self.tasks[task].record.name();
        tracing::warn!(%unit, units = tasks, %until, "the clock was set back, and no occurrence is run twice: waiting");
    }

    fn start(&mut self, fire: Fire, answer: Option<oneshot::Sender<Answer>>) {
        let Fire { task: place, lateness, occurrence, .. } = fire;
        let epoch = self.timetable.epoch(place);
        let task = &self.tasks[place];
        let make = || {
            let line = task.line(&self.director);
            UnitSeat::new(Arc::clone(&task.record), self.clock.clone(), self.host.clone(), line)
        };
        let asked = Asked(answer);
        let Some(seat) = task.seat_for_run(make) else {
            self.not_begun(fire, epoch, self.moment());
            return;
        };
        task.record.began_late_by(lateness);
        let policy = task.policy.as_deref().cloned().unwrap_or_default();
        let run = Arc::clone(&task.run).run(runner(&seat, policy).for_occurrence(occurrence));
        let mut told = Told { board: self.board.clone(), task: place, epoch, not_begun: Some(fire) };
        let polled = self.first_poll.take_if(|(task, _)| *task == place).map(|(_, polled)| polled);
        // Where the unit has been told to stop meanwhile, the run is dropped, and that is told too.
        seat.spawn(attempt::announced(
            async move {
                told.not_begun = None;
                let _told = told;
                asked.run_begins();
                run.await;
            },
            (polled, seat.begins()),
        ));
    }

    fn not_begun(&mut self, fire: Fire, epoch: u32, at: Moment) -> ToAnswer {
        let given_up = self.timetable.not_begun(fire, epoch, at);
        self.skipped(fire.task, given_up);
        None
    }

    fn skipped(&self, task: usize, ticks: u64) {
        if ticks > 0 {
            self.tasks[task].record.skipped(ticks);
        }
    }

    /// When it runs next, and from when on it is late if it does not.
    fn show(&self, task: usize, at: Moment) {
        let record = &self.tasks[task].record;
        record.set_next_run(self.timetable.next_run(task));
        record.set_schedule_over(self.timetable.is_over(task));
        record.arm(self.timetable.is_armed(task).then_some(at.now));
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), wall: self.clock.wall() }
    }
}

fn runner(seat: &Arc<UnitSeat>, policy: LivePolicy) -> Runner {
    let place = Seat::new(&seat.record, &seat.blocking, Sitter::Task);
    Runner::new(Arc::clone(seat), policy, place, None)
}

/// Tells the actor that a run is over, also when it was dropped.
struct Told {
    board: TaskBoard,
    task: usize,
    epoch: u32,
    /// The run, until it has begun.
    not_begun: Option<Fire>,
}

impl Drop for Told {
    fn drop(&mut self) {
        let word = match self.not_begun {
            Some(fire) => Word::NotBegun(fire, self.epoch),
            None => Word::Ended(self.epoch),
        };
        self.board.tell(self.task, word);
    }
}

/// Who asked for a run by hand, if anyone did. Where the run is dropped before it has begun, that is the answer.
struct Asked(Option<oneshot::Sender<Answer>>);

impl Asked {
    fn run_begins(mut self) {
        if let Some(answer) = self.0.take() {
            let _ = answer.send(Ok(()));
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            let _ = answer.send(Err(ControlError::failed("it was stopped before its run had begun")));
        }
    }
}
