//! The director: it holds all units of a running host, is told what happens to them, asks each unit's machine what
//! follows, and does that.
//!
//! It never waits for a unit: whatever takes time comes back as a message or as a deadline.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::command::Waiter;
use super::follow::{self, Follow};
use super::order::Order;
use super::{Prepared, Registered, Work};
use crate::board::Board;
use crate::clock::Clock;
use crate::error::{BoxError, describe};
use crate::events::UnitChange;
use crate::handle::HostHandle;
use crate::line::{Line, Message, Setting};
use crate::panics;
use crate::record::{PastError, Record, UnitState};
use crate::report::UnitEnd;
use crate::seat::UnitSeat;
use crate::stop::StopReason;
use crate::supervise::{self, Act, Crew, Event, Machine, MakeInstance, Makeup, Stage, Task, TaskBoard};
use crate::trigger::LivePolicy;
use crate::unit::{Spent, Unit};

/// See the module.
pub(super) struct Director {
    pub(super) units: Vec<Live>,
    pub(super) order: Order,
    pub(super) handle: HostHandle,
    pub(super) clock: Clock,
    pub(super) grace: Duration,
    pub(super) tasks: TaskBoard,
    messages: UnboundedReceiver<Message>,
    /// The other end of `messages`, for the lines of units.
    line: UnboundedSender<Message>,
    /// When each unit's machine is to be told the time.
    deadlines: BTreeSet<(Instant, usize)>,
    /// Who waits for a unit to come up or to end.
    pub(super) waiters: HashMap<usize, Vec<Waiter>>,
    /// Units that were started and are not ready.
    pub(super) not_ready: HashSet<usize>,
    /// Units that are over by themselves: completed, or failed for good.
    pub(super) over: HashSet<usize>,
    /// Units that a stop of the host has told, and that went down or were given up since this was last looked at.
    pub(super) finished: Vec<usize>,
    /// In the order of the host's start.
    pub(super) launched: Vec<usize>,
    /// Why units were told to stop, while the host was not stopping.
    pub(super) stop_reasons: HashMap<usize, StopReason>,
    /// Why the host should end, where a unit says so.
    pub(super) failure: Option<Failure>,
    /// Why units are told to stop, once the host is stopping.
    pub(super) stopping: Option<Stopping>,
}

/// A unit's failure that ends the host.
pub(super) enum Failure {
    /// Units that did not start, in the order in which that was seen.
    Start(Vec<(usize, BoxError)>),
    Unit(usize, BoxError),
}

/// A stop of the whole host.
#[derive(Debug)]
pub(super) struct Stopping {
    pub(super) reason: StopReason,
    /// When its one clock is over.
    pub(super) grace_end: Instant,
    /// Units whose turn has come; each is told when those that come after it have ended.
    pub(super) turns: HashSet<usize>,
    /// Since when they have been told.
    pub(super) told: HashMap<usize, Instant>,
    /// Units that failed since it began and wait for their restart.
    pub(super) faults: HashSet<usize>,
    /// How units ended, and how long that took.
    pub(super) ends: HashMap<usize, (UnitEnd, Duration)>,
}

/// A unit of a running host. There may be a hundred thousand of them: what few need, or only for a while, stands in the
/// director's tables.
pub(super) struct Live {
    pub(super) record: Arc<Record>,
    pub(super) machine: Machine,
    pub(super) body: Body,
}

/// How to run it.
pub(super) enum Body {
    Task(Arc<Task>),
    Consumer(Box<Consumer>),
    Service(Box<Service>),
}

/// A consumer, and where it lives, while anything of it does.
pub(super) struct Consumer {
    pub(super) crew: Crew,
    pub(super) seat: Option<Arc<UnitSeat>>,
}

/// A service, and where its instance lives.
pub(super) struct Service {
    make: Arc<MakeInstance>,
    seat: Option<Arc<UnitSeat>>,
    spent: Spent,
}

impl Director {
    /// The director of the units of `host`, the actor that fires their tasks, and those that follow live settings.
    pub(super) fn new(
        host: &mut Prepared,
        order: Order,
        clock: &Clock,
    ) -> (Self, impl Future<Output = ()> + Send + use<>, Vec<Follow>) {
        let (line, messages) = unbounded_channel();
        let wall = clock.wall();
        let record =
            |unit: &Registered| Arc::new(Record::new(Arc::clone(&unit.settings.name), unit.kind, wall));
        let records: Vec<_> = host.units.iter().map(record).collect();
        host.handle.board().begin(clock, records.clone(), line.clone());
        let (mut tasks, mut timers) = (Vec::new(), Vec::new());
        let (mut follows, mut disabled) = (Vec::new(), Vec::new());
        let mut units = Vec::with_capacity(records.len());
        let mut last_makeup = None;
        for (place, (registered, record)) in
            std::mem::take(&mut host.units).into_iter().zip(records).enumerate()
        {
            let Registered { settings, kind: _, wave: _, work, queue: _, followed } = registered;
            follows.extend(followed.into_iter().map(|followed| (place, followed)));
            let Unit { name: _, grace, start_timeout, restart, readiness, init, after: _ } = settings;
            let may_fail = matches!(work, Work::Service(_)).then_some(restart);
            let body = match work {
                Work::Task(plan, run) => {
                    plan.trigger.late_after().into_iter().for_each(|limit| record.late_after(limit));
                    if !plan.is_enabled() {
                        disabled.push(tasks.len());
                    }
                    let policy = LivePolicy::new(plan.policy, plan.live.map(Arc::from));
                    let task = Arc::new(Task::new(place, tasks.len(), Arc::clone(&record), policy, run));
                    tasks.push(Arc::clone(&task));
                    timers.push(plan.trigger);
                    Body::Task(task)
                }
                Work::Consumer(crew) => {
                    record.gauge_with(crew.gauge());
                    Body::Consumer(Box::new(Consumer { crew, seat: None }))
                }
                Work::Service(make) => {
                    record.restarts_count_for(restart.window);
                    Body::Service(Box::new(Service {
                        make: Arc::new(make),
                        seat: None,
                        spent: restart.spent,
                    }))
                }
            };
            let own = Makeup { init, says_ready: readiness, start_timeout, grace };
            // Most units are like the one before.
            let makeup = last_makeup
                .take()
                .filter(|makeup: &Arc<Makeup>| **makeup == own)
                .unwrap_or_else(|| Arc::new(own));
            let machine = Machine::new(Arc::clone(&makeup), may_fail);
            last_makeup = Some(makeup);
            units.push(Live { record, machine, body });
        }
        tasks.shrink_to_fit();
        timers.shrink_to_fit();
        let (tasks, actor) = supervise::tend(tasks, timers, clock.clone(), host.handle.clone(), line.clone());
        disabled.into_iter().for_each(|task| tasks.enable(task, false));
        let follows = follow::by_origin(follows, &line);
        let director = Self {
            units,
            order,
            handle: host.handle.clone(),
            clock: clock.clone(),
            grace: host.grace,
            tasks,
            messages,
            line,
            deadlines: BTreeSet::new(),
            waiters: HashMap::new(),
            not_ready: HashSet::new(),
            over: HashSet::new(),
            finished: Vec::new(),
            launched: Vec::new(),
            stop_reasons: HashMap::new(),
            failure: None,
            stopping: None,
        };
        (director, actor, follows)
    }

    pub(super) fn board(&self) -> &Board {
        self.handle.board()
    }

    /// Waits for the next thing to happen to a unit, and does what follows. Cancel safe.
    pub(super) async fn turn(&mut self) {
        let deadline = self.deadlines.first().map(|&(deadline, _)| deadline);
        let clock = self.clock.clone();
        tokio::select! {
            biased;
            Some(message) = self.messages.recv() => self.take(message),
            () = clock.wait_until(deadline) => self.time(),
        }
    }

    /// Does what follows from all that has already happened.
    pub(super) fn catch_up(&mut self) {
        while let Ok(message) = self.messages.try_recv() {
            self.take(message);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Polled(unit) => self.happens(unit, Event::Polled, None),
            Message::Ready(unit) => self.happens(unit, Event::Ready, None),
            // To one that is being stopped it makes no difference.
            Message::NotReady(unit, _) if self.units[unit].machine.state() == UnitState::Draining => {}
            Message::NotReady(unit, reason) => {
                self.happens(unit, Event::NotReady, Some(format!("not ready: {reason}").into()));
            }
            Message::NeverReady(unit) => {
                // Told to stop, it need not become ready.
                if self.units[unit].machine.state() != UnitState::Starting {
                    return;
                }
                let why = "it dropped its `Ready` without calling `notify`";
                self.fails(unit, Event::NeverReady, why.into());
            }
            Message::Ended(unit, result) => self.ended(unit, result),
            Message::Gone(unit) => self.gone(unit),
            Message::Command(command) => self.command(command),
            Message::Setting(unit, setting) => self.set(unit, setting),
        }
    }

    /// A live setting of a unit has changed.
    fn set(&mut self, unit: usize, setting: Setting) {
        let name = self.units[unit].record.name();
        match setting {
            Setting::Period(period) => tracing::info!(unit = %name, ?period, "options changed its period"),
            Setting::Enabled(true) => tracing::info!(unit = %name, "enabled by its options"),
            Setting::Enabled(false) => tracing::info!(unit = %name, "disabled by its options"),
            Setting::Workers(workers) => tracing::info!(unit = %name, workers, "resized by its options"),
        }
        let live = &mut self.units[unit];
        let state = live.machine.state();
        // One that is down has so many when it is started again.
        let is_down = self.stopping.is_some() || state == UnitState::Draining || live.machine.is_down();
        match (&mut live.body, setting) {
            (Body::Task(task), Setting::Period(period)) => {
                self.tasks.set_period(task.place_among_tasks(), period);
            }
            (Body::Task(task), Setting::Enabled(enabled)) => {
                self.tasks.enable(task.place_among_tasks(), enabled);
            }
            (Body::Consumer(consumer), Setting::Enabled(enabled)) => {
                consumer.crew.enable(&live.record, enabled);
                if !is_down {
                    consumer.crew.hold();
                }
            }
            (Body::Consumer(consumer), Setting::Workers(workers)) if is_down => {
                consumer.crew.set_workers(workers);
            }
            (Body::Consumer(_), Setting::Workers(workers)) => self.set_workers(unit, workers),
            // No plan has these.
            (Body::Consumer(_), Setting::Period(_))
            | (Body::Task(_), Setting::Workers(_))
            | (Body::Service(_), _) => {}
        }
    }

    /// The clock has reached the first deadline.
    fn time(&mut self) {
        let now = self.clock.now();
        while let Some(&(deadline, unit)) = self.deadlines.first()
            && deadline <= now
        {
            let live = &self.units[unit];
            match live.machine.state() {
                UnitState::Starting => {
                    let limit = live.machine.start_timeout();
                    let why = if live.machine.was_polled() {
                        format!("it was not ready within {limit:?}")
                    } else {
                        format!("its first poll did not return within {limit:?}: does it block?")
                    };
                    self.fails(unit, Event::Time, why.into());
                }
                UnitState::Restarting => {
                    self.units[unit].record.restarted(now);
                    self.happens(unit, Event::Time, None);
                }
                _ => self.happens(unit, Event::Time, None),
            }
        }
    }

    /// `event` happens to a unit: what follows is done, and shown.
    pub(super) fn happens(&mut self, unit: usize, event: Event, reason: Option<Arc<str>>) {
        let now = self.clock.now();
        let live = &mut self.units[unit];
        let (was, was_ready) = (live.machine.state(), live.machine.is_ready());
        let (deadline, stage, was_down) =
            (live.machine.deadline(), live.machine.stage(), live.machine.is_down());
        let was_to_start = live.machine.starts_again();
        let act = live.machine.step(event, now, fastrand::u64(..));
        let machine = &live.machine;
        if let (true, UnitState::Draining, Body::Task(task)) = (was_to_start, machine.state(), &live.body)
            && !machine.starts_again()
        {
            // A stop has overruled its restart: what waits for that is given up.
            self.tasks.halt(task.place_among_tasks(), false);
        }
        if deadline != machine.deadline() {
            deadline.map(|deadline| self.deadlines.remove(&(deadline, unit)));
            machine.deadline().map(|deadline| self.deadlines.insert((deadline, unit)));
        }
        if (was, was_ready) != (machine.state(), machine.is_ready()) || reason.is_some() {
            self.show(unit, was, was_ready, reason);
        }
        self.perform(unit, act);
        if !was_down {
            self.note_finish(unit, stage, now);
        }
        self.answer_waiters(unit);
    }

    /// Writes what the unit is doing where everyone can see it.
    fn show(&mut self, unit: usize, was: UnitState, was_ready: bool, reason: Option<Arc<str>>) {
        let live = &self.units[unit];
        let (state, ready, at) = (live.machine.state(), live.machine.is_ready(), self.clock.wall());
        // What made it start, or stop, is also why it runs, or is stopped.
        let reason = reason.or_else(|| match (was, state) {
            (UnitState::Starting, UnitState::Running) | (UnitState::Draining, UnitState::Stopped) => {
                live.record.reason()
            }
            (UnitState::Draining, UnitState::Starting) => live.record.reason(),
            _ => None,
        });
        let over = matches!(state, UnitState::Completed | UnitState::Failed);
        // One that was stopped by hand is not over by itself, however it took that.
        match over && !self.stop_reasons.contains_key(&unit) {
            true => self.over.insert(unit),
            false => self.over.remove(&unit),
        };
        match ready || over {
            true => self.not_ready.remove(&unit),
            false => self.not_ready.insert(unit),
        };
        if was_ready && !ready && state == UnitState::Running {
            tracing::warn!(unit = %live.record.name(), reason = reason.as_deref(), "not ready");
        } else if ready && !was_ready && was == UnitState::Running {
            tracing::info!(unit = %live.record.name(), "ready again");
        } else if state == UnitState::Running
            && was == UnitState::Starting
            && matches!(live.body, Body::Service(_))
        {
            tracing::info!(unit = %live.record.name(), "running");
        }
        live.record.stands(state, ready, at, reason.clone());
        self.board().events().send(|| UnitChange {
            unit: Arc::clone(live.record.name()),
            from: was,
            to: state,
            ready,
            at,
            reason,
        });
    }

    fn perform(&mut self, unit: usize, act: Act) {
        match act {
            Act::Nothing => {}
            Act::Launch => self.launch(unit),
            Act::Close => self.with_seat(unit, UnitSeat::close),
            Act::Discard => {
                if let Body::Task(_) = &self.units[unit].body {
                    self.request_stop(unit);
                }
                self.with_seat(unit, UnitSeat::abort);
            }
            Act::Request => self.request_stop(unit),
            Act::TellAborting => {
                let reason = self.stop_reason(unit);
                if let Some(seat) = self.units[unit].seat() {
                    let blocking_calls = seat.blocking.live();
                    tracing::warn!(unit = %seat.record.name(), blocking_calls, "the grace is over, aborting");
                    seat.tell_aborting(reason);
                }
            }
        }
    }

    fn with_seat(&self, unit: usize, act: impl FnOnce(&UnitSeat)) {
        if let Some(seat) = self.units[unit].seat() {
            act(&seat);
        }
    }

    fn launch(&mut self, unit: usize) {
        let line = Line::new(unit, self.line.clone());
        let restarted = matches!(self.stop_reasons.remove(&unit), Some(StopReason::Restart));
        let live = &mut self.units[unit];
        live.record.another_speaks();
        let says_ready = live.machine.says_ready();
        let seat =
            |line| UnitSeat::new(Arc::clone(&live.record), self.clock.clone(), self.handle.clone(), line);
        match &mut live.body {
            Body::Task(task) => {
                task.open();
                self.tasks.begin(task.place_among_tasks(), line.polled(), restarted);
            }
            Body::Consumer(consumer) => {
                let seat = consumer.seat.insert(seat(line));
                consumer.crew.start(seat);
            }
            Body::Service(service) => {
                let seat = service.seat.insert(seat(line));
                supervise::run_instance(seat, &service.make, says_ready);
            }
        }
    }

    fn request_stop(&mut self, unit: usize) {
        let reason = self.stop_reason(unit);
        match &self.units[unit].body {
            Body::Task(task) => {
                self.tasks.halt(task.place_among_tasks(), self.units[unit].machine.starts_again());
                if !task.request_stop(reason) {
                    // It has no run in flight: there is nothing to wait for.
                    Line::new(unit, self.line.clone()).gone();
                }
                return;
            }
            // A stop of the host has closed the queue, and what it holds is worked off.
            Body::Consumer(consumer) if self.stopping.is_none() => consumer.crew.leave(),
            Body::Consumer(_) | Body::Service(_) => {}
        }
        self.with_seat(unit, |seat| seat.request_stop(reason));
    }

    fn stop_reason(&self, unit: usize) -> StopReason {
        let by_hand = self.stop_reasons.get(&unit);
        let of_host = self.stopping.as_ref().map(|stopping| &stopping.reason);
        by_hand.or(of_host).cloned().unwrap_or(StopReason::Requested)
    }

    /// The instance of a unit, or its last worker, ended by itself.
    fn ended(&mut self, unit: usize, result: Result<(), BoxError>) {
        let live = &self.units[unit];
        if !live.machine.is_alive() {
            // It was made to fail a moment ago.
            return panics::discard(result);
        }
        self.happens(unit, Event::Polled, None);
        let live = &self.units[unit];
        let early = live.machine.state() == UnitState::Starting && !live.machine.is_init();
        match result {
            Ok(()) if early => {
                self.fails(unit, Event::Ended { failed: true }, "it ended before it was ready".into())
            }
            Ok(()) => {
                self.happens(unit, Event::Ended { failed: false }, None);
                let name = self.units[unit].record.name();
                match self.units[unit].machine.state() {
                    UnitState::Completed => tracing::info!(unit = %name, "completed"),
                    UnitState::Failed => {
                        self.gives_up(unit, "it keeps ending, and its restart budget is spent".into())
                    }
                    UnitState::Restarting => self.log_restart(unit, None),
                    // Told to stop, it has.
                    _ => {}
                }
            }
            Err(cause) if self.is_stopped_by_hand(unit) => self.ended_badly(unit, cause),
            Err(cause) => self.fails(unit, Event::Ended { failed: true }, cause),
        }
    }

    fn is_stopped_by_hand(&self, unit: usize) -> bool {
        self.stopping.is_none() && self.units[unit].machine.state() == UnitState::Draining
    }

    /// A unit that was told to stop by hand ended with an error: it is stopped, as somebody wanted, and the error is kept.
    fn ended_badly(&mut self, unit: usize, cause: BoxError) {
        let error = self.keep_error(unit, &cause);
        tracing::error!(%error, unit = %self.units[unit].record.name(), "failed while stopping");
        self.happens(unit, Event::Ended { failed: false }, None);
        panics::discard(cause);
    }

    fn keep_error(&self, unit: usize, cause: &BoxError) -> String {
        let (error, at) = (describe(cause), self.clock.wall());
        self.units[unit].record.add_error(PastError { at, run: 0, attempt: 1, error: error.clone() });
        error
    }

    /// A unit fails by `event`.
    pub(super) fn fails(&mut self, unit: usize, event: Event, cause: BoxError) {
        let before = self.units[unit].machine.state();
        let first_start = before == UnitState::Starting && self.units[unit].machine.start_is_strict();
        // First, so that whoever is told finds it.
        let error = self.keep_error(unit, &cause);
        self.happens(unit, event, Some(error.as_str().into()));
        match self.units[unit].machine.state() {
            UnitState::Restarting => {
                self.log_restart(unit, Some(&error));
                if let Some(stopping) = &mut self.stopping {
                    // Until its turn it is looked after as before; should it not come back, this was its end.
                    stopping.faults.insert(unit);
                }
                panics::discard(cause);
            }
            UnitState::Failed => {
                tracing::error!(%error, unit = %self.units[unit].record.name(), "failed");
                if first_start { self.did_not_start(unit, cause) } else { self.gives_up(unit, cause) }
            }
            _ => {
                tracing::error!(%error, unit = %self.units[unit].record.name(), "failed while stopping");
                panics::discard(cause);
            }
        }
    }

    fn did_not_start(&mut self, unit: usize, cause: BoxError) {
        match &mut self.failure {
            Some(Failure::Start(failures)) => failures.push((unit, cause)),
            Some(Failure::Unit(..)) => panics::discard(cause),
            None => self.failure = Some(Failure::Start(vec![(unit, cause)])),
        }
    }

    /// A unit has failed for good.
    fn gives_up(&mut self, unit: usize, cause: BoxError) {
        let live = &self.units[unit];
        let ends_the_host = match &live.body {
            // An `init` unit has done its part in the start; one that was run again by hand is its caller's matter.
            Body::Service(service) => service.spent == Spent::StopHost && !live.machine.is_init(),
            Body::Task(_) | Body::Consumer(_) => false,
        };
        if ends_the_host && self.failure.is_none() && self.stopping.is_none() {
            self.failure = Some(Failure::Unit(unit, cause));
        } else {
            // Its `Drop` is a user's code.
            panics::discard(cause);
        }
    }

    fn log_restart(&self, unit: usize, error: Option<&str>) {
        let live = &self.units[unit];
        let Some((until, used, budget)) = live.machine.restart() else { return };
        let after = until.saturating_duration_since(self.clock.now());
        let unit = live.record.name();
        match error {
            None => tracing::info!(?after, used, budget, %unit, "ended, restarting"),
            Some(error) => tracing::warn!(%error, ?after, used, budget, %unit, "failed, restarting"),
        }
    }

    /// Nothing of a unit is alive any more.
    fn gone(&mut self, unit: usize) {
        let live = &mut self.units[unit];
        live.leave_seat();
        let restarts = live.machine.state() == UnitState::Restarting;
        self.happens(unit, Event::Gone, None);
        if restarts && self.units[unit].machine.state() == UnitState::Starting {
            self.units[unit].record.restarted(self.clock.now());
        }
    }

    /// Whether a unit that was in this stage of its stop has gone down, or was given up, and how that counts.
    fn note_finish(&mut self, unit: usize, stage: Option<Stage>, now: Instant) {
        let live = &mut self.units[unit];
        let lost = live.machine.stage() == Some(Stage::Lost) && stage != Some(Stage::Lost);
        if !lost && !live.machine.is_down() {
            return;
        }
        let own_end = live.own_end();
        let Some(stopping) = &mut self.stopping else { return };
        if stopping.ends.contains_key(&unit) {
            return;
        }
        let Some(&told) = stopping.told.get(&unit) else { return };
        let late = match stage {
            _ if lost => Some(UnitEnd::Abandoned),
            // One whose turn came only at the end of the clock cannot be blamed.
            Some(Stage::Aborting { .. }) if told < stopping.grace_end => Some(UnitEnd::Overran),
            Some(Stage::Dropped { .. } | Stage::Lost) => Some(UnitEnd::Overran),
            Some(Stage::Requested { .. } | Stage::Aborting { .. }) | None => None,
        };
        let took = now.saturating_duration_since(told);
        stopping.ends.insert(unit, (late.unwrap_or(own_end), took));
        self.finished.push(unit);
    }
}

impl Live {
    /// Where it lives, while anything of it does.
    pub(super) fn seat(&self) -> Option<Arc<UnitSeat>> {
        match &self.body {
            Body::Task(task) => task.seat(),
            Body::Consumer(consumer) => consumer.seat.clone(),
            Body::Service(service) => service.seat.clone(),
        }
    }

    /// Nothing of it is alive any more.
    fn leave_seat(&mut self) {
        match &mut self.body {
            Body::Task(task) => task.leave_seat(),
            Body::Consumer(consumer) => consumer.seat = None,
            Body::Service(service) => service.seat = None,
        }
    }

    /// How a unit ended that did so in time.
    pub(super) fn own_end(&self) -> UnitEnd {
        match self.machine.state() {
            UnitState::Failed => UnitEnd::Failed,
            UnitState::Completed => UnitEnd::Completed,
            UnitState::Registered => UnitEnd::NotStarted,
            _ => UnitEnd::Stopped,
        }
    }
}

impl Drop for Director {
    /// Reached without a stop when the future of `run` is dropped: nothing may outlive it.
    fn drop(&mut self) {
        for unit in &self.units {
            if let Body::Task(task) = &unit.body {
                task.request_stop(StopReason::HostGone);
            }
            if let Some(seat) = unit.seat() {
                seat.tell_aborting(StopReason::HostGone);
                seat.abort();
            }
        }
    }
}
