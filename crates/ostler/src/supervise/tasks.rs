//! All tasks of a host: one timetable, one sleeper, and a spawned run for each time one fires.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Starting;
use crate::attempt;
use crate::clock::{Clock, WALL_RECHECK};
use crate::current::{Seat, Sitter};
use crate::handle::HostHandle;
use crate::outcome::RunOutcome;
use crate::record::UnitState;
use crate::run::Runner;
use crate::seat::UnitSeat;
use crate::trigger::{Fire, Moment, Policy, Timer, Timetable};

/// Does one run of a task.
pub(crate) type RunTask =
    Box<dyn Fn(Runner) -> Pin<Box<dyn Future<Output = RunOutcome> + Send>> + Send + Sync>;

/// One task.
pub(crate) struct Task {
    /// Its place among all units.
    pub(crate) index: usize,
    pub(crate) seat: Arc<UnitSeat>,
    pub(crate) policy: Policy,
    pub(crate) run: RunTask,
}

/// What the actor is told. Messages are bounded by the number of tasks and of their runs.
#[derive(Debug)]
enum Message {
    /// The schedule of a task begins now.
    Begin { task: usize, polled: oneshot::Sender<()> },
    /// A run of a task ended.
    Ended { task: usize },
}

/// The host's line to the actor.
#[derive(Debug, Clone)]
pub(crate) struct TaskBoard(mpsc::UnboundedSender<Message>);

impl TaskBoard {
    /// Begins the schedule of a task, by its place among the tasks. A task is ready as soon as that is done.
    pub(crate) fn begin(&self, task: usize) -> Starting {
        let (polled_sender, polled) = oneshot::channel();
        let (ready_sender, ready) = oneshot::channel();
        let _ = self.0.send(Message::Begin { task, polled: polled_sender });
        let _ = ready_sender.send(Ok(()));
        Starting { polled, ready }
    }
}

/// The board and the actor for `tasks`, each with its timer at the same place. The actor runs until it is dropped.
pub(crate) fn tend(
    tasks: Vec<Task>,
    timers: Vec<Timer>,
    clock: Clock,
    host: HostHandle,
) -> (TaskBoard, impl Future<Output = ()> + Send) {
    let (sender, messages) = mpsc::unbounded_channel();
    let board = TaskBoard(sender);
    let recheck = clock.is_real().then_some(WALL_RECHECK);
    let actor = Actor {
        timetable: Timetable::new(timers, recheck, fastrand::u64(..)),
        tasks,
        clock,
        host,
        board: board.clone(),
        first_poll: None,
    };
    (board, actor.work(messages))
}

struct Actor {
    tasks: Vec<Task>,
    timetable: Timetable,
    clock: Clock,
    host: HostHandle,
    board: TaskBoard,
    /// Who waits for the first poll of a task that begins with a run.
    first_poll: Option<(usize, oneshot::Sender<()>)>,
}

impl Actor {
    async fn work(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        let host = self.host.clone();
        loop {
            self.look();
            let next = self.timetable.next_look();
            tokio::select! {
                Some(message) = messages.recv() => self.take(message),
                () = host.board().trigger_asked() => self.take_triggered(),
                () = wait_until(&self.clock, next) => {}
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Begin { task, polled } => {
                self.tasks[task].seat.record.set_state(UnitState::Running);
                self.timetable.begin(task, self.moment());
                self.first_poll = Some((task, polled));
                self.look();
                self.first_poll = None;
                self.show_next_run(task);
            }
            Message::Ended { task } => {
                let fire = self.timetable.ended(task, self.moment());
                self.start(fire);
                self.show_next_run(task);
            }
        }
    }

    fn take_triggered(&mut self) {
        let triggered = self.host.board().take_triggered();
        for index in triggered {
            // Tasks stand in the order of all units.
            if let Ok(task) = self.tasks.binary_search_by_key(&index, |task| task.index) {
                let fire = self.timetable.asked(task);
                self.start(fire);
            }
        }
    }

    /// Starts what is due.
    fn look(&mut self) {
        let look = self.timetable.look(self.moment());
        for (task, ticks) in look.skipped {
            self.tasks[task].seat.record.skipped(ticks);
        }
        // First, so that a run that asks is told its own successor.
        for task in look.moved {
            self.show_next_run(task);
        }
        for fire in look.fires {
            self.start(Some(fire));
        }
    }

    fn start(&mut self, fire: Option<Fire>) {
        let Some(Fire { task: place, lateness }) = fire else { return };
        let Task { seat, policy, run, .. } = &self.tasks[place];
        if seat.stop.is_requested() {
            return;
        }
        seat.record.began_late_by(lateness);
        let runner = runner(seat, *policy);
        let run = run(runner);
        let told = Told { board: self.board.clone(), task: place };
        let first_poll = self.first_poll.take_if(|(task, _)| *task == place);
        let polled = first_poll.map_or_else(|| oneshot::channel().0, |(_, polled)| polled);
        seat.spawn(attempt::announced(
            async move {
                let _told = told;
                run.await;
            },
            polled,
        ));
    }

    fn show_next_run(&self, task: usize) {
        let next = self.timetable.next_run(task, self.moment());
        self.tasks[task].seat.record.set_next_run(next);
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), wall: self.clock.wall() }
    }
}

fn runner(seat: &Arc<UnitSeat>, policy: Policy) -> Runner {
    let place = Seat::new(&seat.name, &seat.blocking, Sitter::Task);
    Runner { unit: Arc::clone(seat), policy, seat: Some(place), worker: None }
}

async fn wait_until(clock: &Clock, instant: Option<std::time::Instant>) {
    match instant {
        Some(instant) => clock.sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Tells the actor that a run is over, also when it was dropped.
struct Told {
    board: TaskBoard,
    task: usize,
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.board.0.send(Message::Ended { task: self.task });
    }
}
