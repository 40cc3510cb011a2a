//! What somebody asks of a unit: whether it is possible now, how it is done, and when it is answered.

use tokio::sync::oneshot;

use super::director::{Body, Director, Live};
use crate::board::Phase;
use crate::control::{Action, Answer, Command, ControlError};
use crate::record::UnitState;
use crate::stop::StopReason;
use crate::supervise::{Event, Stage, Then};
use crate::trigger::MAX_WORKERS;

/// Somebody who waits until a unit has got there.
#[derive(Debug)]
pub(super) struct Waiter {
    goal: Goal,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Up,
    Down,
}

impl Director {
    /// Does what is asked, or says why not.
    pub(super) fn command(&mut self, Command { unit, action, answer }: Command) {
        if let Err(refusal) = self.allows(unit, action) {
            let _ = answer.send(Err(refusal));
            return;
        }
        let name = self.units[unit].record.name();
        tracing::info!(unit = %name, "{}", action.done());
        match action {
            Action::Pause => self.pause(unit, answer),
            Action::Resume => self.resume(unit, answer),
            Action::Trigger => self.trigger(unit, answer),
            Action::Resize(workers) => self.resize(unit, workers, answer),
            Action::Crash => {
                self.fails(unit, Event::Crash, "crashed".into());
                let _ = answer.send(Ok(()));
            }
            Action::Stop => self.stop_unit(unit, Then::Down, StopReason::Requested, action, answer),
            Action::Restart => self.stop_unit(unit, Then::Start, StopReason::Restart, action, answer),
            Action::Start => {
                self.units[unit].record.forget_restarts();
                self.happens(unit, Event::Start { strict: false }, Some(action.done().into()));
                self.wait_for(unit, Goal::Up, answer);
            }
        }
    }

    fn pause(&mut self, unit: usize, answer: oneshot::Sender<Answer>) {
        let reason = (!self.is_paused(unit)).then(|| Action::Pause.done().into());
        self.happens(unit, Event::Pause, reason);
        match &mut self.units[unit].body {
            Body::Task(task) => self.tasks.pause(task.place_among_tasks(), answer),
            Body::Consumer(consumer) => {
                if let Some(seat) = &consumer.seat {
                    consumer.crew.pause(seat, answer);
                }
            }
            Body::Service(_) => {}
        }
    }

    fn resume(&mut self, unit: usize, answer: oneshot::Sender<Answer>) {
        let reason = self.is_paused(unit).then(|| Action::Resume.done().into());
        self.happens(unit, Event::Resume, reason);
        match &mut self.units[unit].body {
            Body::Task(task) => self.tasks.resume(task.place_among_tasks(), answer),
            Body::Consumer(consumer) => {
                consumer.crew.resume();
                let _ = answer.send(Ok(()));
            }
            Body::Service(_) => {}
        }
    }

    fn trigger(&mut self, unit: usize, answer: oneshot::Sender<Answer>) {
        if let Body::Task(task) = &self.units[unit].body {
            self.tasks.trigger(task.place_among_tasks(), answer);
        }
    }

    fn resize(&mut self, unit: usize, workers: usize, answer: oneshot::Sender<Answer>) {
        self.set_workers(unit, workers);
        let _ = answer.send(Ok(()));
    }

    pub(super) fn set_workers(&mut self, unit: usize, workers: usize) {
        if let Body::Consumer(consumer) = &mut self.units[unit].body {
            match &consumer.seat {
                Some(seat) => consumer.crew.resize(seat, workers),
                None => consumer.crew.set_workers(workers),
            }
        }
    }

    fn stop_unit(
        &mut self,
        unit: usize,
        then: Then,
        reason: StopReason,
        action: Action,
        answer: oneshot::Sender<Answer>,
    ) {
        let grace = self.units[unit].machine.grace().map_or(self.grace, |own| own.min(self.grace));
        let abort_at = self.clock.after(grace);
        self.stop_reasons.insert(unit, reason);
        self.units[unit].record.forget_restarts();
        self.happens(unit, Event::Stop { then, abort_at }, Some(action.done().into()));
        let goal = if then == Then::Start { Goal::Up } else { Goal::Down };
        self.wait_for(unit, goal, answer);
    }

    fn is_paused(&self, unit: usize) -> bool {
        self.units[unit].machine.state() == UnitState::Paused
    }

    fn wait_for(&mut self, unit: usize, goal: Goal, answer: oneshot::Sender<Answer>) {
        self.waiters.entry(unit).or_default().push(Waiter { goal, answer });
        self.answer_waiters(unit);
    }

    /// Answers those who wait for what the unit has come to.
    pub(super) fn answer_waiters(&mut self, unit: usize) {
        let Some(waiters) = self.waiters.remove(&unit) else { return };
        let live = &self.units[unit];
        let mut left = Vec::new();
        for waiter in waiters {
            match reached(live, waiter.goal) {
                Some(answer) => drop(waiter.answer.send(answer)),
                None => left.push(waiter),
            }
        }
        if !left.is_empty() {
            self.waiters.insert(unit, left);
        }
    }

    /// Whether this is possible now.
    fn allows(&self, unit: usize, action: Action) -> Answer {
        let live = &self.units[unit];
        match action {
            Action::Resize(workers) if !(1..=MAX_WORKERS).contains(&workers) => {
                return Err(ControlError::invalid(format!("the count must be 1 to {MAX_WORKERS}")));
            }
            _ => {}
        }
        can_ever(live, action)?;
        if self.stopping.is_some() || self.board().stop_reason().is_some() {
            return Err(ControlError::host("the host is stopping"));
        }
        if self.board().phase() == Phase::Starting && changes_the_order(action) {
            return Err(ControlError::host("the host is starting"));
        }
        can_now(live, action)?;
        if action == Action::Start { self.may_start(unit) } else { Ok(()) }
    }

    /// Whether all that it comes after are ready.
    fn may_start(&self, unit: usize) -> Answer {
        let missing = self.order.after(unit).iter().map(|&other| &self.units[other]);
        match missing.filter(|other| !other.machine.is_ready()).map(|other| &other.record).next() {
            None => Ok(()),
            Some(other) => {
                let reason =
                    format!("it comes after `{}`, which is {} and not ready", other.name(), other.state());
                Err(ControlError::not_possible(reason))
            }
        }
    }
}

const fn changes_the_order(action: Action) -> bool {
    matches!(action, Action::Stop | Action::Start | Action::Restart | Action::Crash)
}

/// Whether a unit of this kind can do it at all.
fn can_ever(live: &Live, action: Action) -> Answer {
    let refuse = |reason: &str| Err(ControlError::not_possible(reason));
    match (action, &live.body) {
        (Action::Pause | Action::Resume, Body::Service(_)) => {
            refuse("a service owns its loop and cannot be paused; stop it and start it again")
        }
        (Action::Trigger, Body::Consumer(_) | Body::Service(_)) => {
            refuse("only a task can be triggered; this unit is a consumer or a service")
        }
        (Action::Resize(_), Body::Task(..) | Body::Service(_)) => refuse("only a consumer has workers"),
        (Action::Crash, Body::Task(..) | Body::Consumer(_)) => refuse("only a service can crash"),
        _ => Ok(()),
    }
}

/// Whether it can do it in the state that it is in.
fn can_now(live: &Live, action: Action) -> Answer {
    let state = live.machine.state();
    let is_leaving = state.is_final() && !live.machine.is_down();
    let refuse = || {
        let left = if is_leaving { ", and something that it left behind is still alive" } else { "" };
        Err(ControlError::not_possible(format!("the unit is {state}{left}")))
    };
    let possible = match action {
        Action::Pause | Action::Resume => matches!(state, UnitState::Running | UnitState::Paused),
        Action::Trigger => state == UnitState::Running,
        Action::Resize(_) => !matches!(state, UnitState::Registered | UnitState::Draining),
        Action::Crash => matches!(state, UnitState::Starting | UnitState::Running),
        Action::Start => live.machine.is_down() && state != UnitState::Registered,
        Action::Stop => !live.machine.is_down(),
        // One that is being restarted is restarted once, and all who asked are told.
        Action::Restart => {
            let stopping = state == UnitState::Draining && !live.machine.starts_again();
            !live.machine.is_down() && !stopping
        }
    };
    if possible { Ok(()) } else { refuse() }
}

/// The answer for one who waits for `goal`, once it is known.
fn reached(live: &Live, goal: Goal) -> Option<Answer> {
    let machine = &live.machine;
    let failed = |reason: String| Some(Err(ControlError::failed(reason)));
    if machine.stage() == Some(Stage::Lost) {
        return failed(
            "it did not end within its grace, and its code blocks a thread; it is waited for".to_owned(),
        );
    }
    match (goal, machine.state()) {
        (Goal::Down, _) => machine.is_down().then_some(Ok(())),
        (Goal::Up, UnitState::Running | UnitState::Paused | UnitState::Completed) => Some(Ok(())),
        (Goal::Up, UnitState::Restarting | UnitState::Failed) => {
            failed(format!("it did not come up: {}", live.record.reason().unwrap_or_default()))
        }
        (Goal::Up, UnitState::Stopped) => failed("it was stopped meanwhile".to_owned()),
        (Goal::Up, UnitState::Draining) if !machine.starts_again() => {
            failed("it is being stopped".to_owned())
        }
        (Goal::Up, UnitState::Registered | UnitState::Starting | UnitState::Draining) => None,
    }
}
