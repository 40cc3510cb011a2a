//! The start: wave by wave, each unit when those that it comes after are ready.

use std::collections::VecDeque;

use super::Wave;
use super::director::{Director, Failure};
use super::life::End;
use crate::board::Phase;
use crate::supervise::Event;

impl Director {
    /// Starts all units.
    pub(super) async fn start(&mut self) -> Result<(), End> {
        tracing::info!(units = self.units.len(), "starting");
        for wave in Wave::IN_ORDER {
            let sequence = self.order.sequence().iter().copied();
            let units: VecDeque<usize> = sequence.filter(|&unit| self.order.wave(unit) == wave).collect();
            self.start_wave(units).await?;
        }
        self.board().advance(Phase::Ready);
        tracing::info!(units = self.units.len(), "started");
        Ok(())
    }

    /// Starts these units and waits until all are ready.
    async fn start_wave(&mut self, mut units: VecDeque<usize>) -> Result<(), End> {
        // Passed over, because a unit that they come after is not ready.
        let mut blocked: Vec<usize> = Vec::new();
        loop {
            // What has failed by now counts: nothing is started after it, and all of them are named.
            self.catch_up();
            if units.is_empty() && blocked.is_empty() && self.not_ready.is_empty() {
                // A unit that was ready and has failed since ends the host as it would at any time.
                return if matches!(self.failure, Some(Failure::Unit(..))) { Ok(()) } else { self.look() };
            }
            self.look()?;
            if let Some(at) = blocked.iter().position(|&unit| self.may_be_launched(unit)) {
                let unit = blocked.remove(at);
                self.start_unit(unit).await?;
            } else if let Some(unit) = units.pop_front() {
                if self.may_be_launched(unit) {
                    self.start_unit(unit).await?;
                } else {
                    blocked.push(unit);
                }
            } else {
                self.nothing_is_hopeless(&blocked)?;
                self.next().await?;
            }
        }
    }

    fn may_be_launched(&self, unit: usize) -> bool {
        self.order.after(unit).iter().all(|&other| self.units[other].machine.is_ready())
    }

    /// Starts one unit and waits for its first poll, so that units are first polled in order.
    async fn start_unit(&mut self, unit: usize) -> Result<(), End> {
        self.launched.push(unit);
        self.happens(unit, Event::Start { strict: true }, None);
        while !self.units[unit].machine.was_polled() {
            self.next().await?;
        }
        Ok(())
    }

    /// A unit that failed and stays so is not waited for by those that come after it.
    fn nothing_is_hopeless(&self, blocked: &[usize]) -> Result<(), End> {
        for &unit in blocked {
            let others = self.order.after(unit).iter().map(|&other| &self.units[other]);
            let down = others.filter(|other| other.machine.is_down() && !other.machine.is_ready());
            if let Some(other) =
                down.filter(|other| other.machine.was_started()).map(|other| &other.record).next()
            {
                let cause = format!("it comes after `{}`, which is {}", other.name(), other.state());
                return Err(End::StartFailed(vec![(unit, cause.into())]));
            }
        }
        Ok(())
    }

    /// Waits for the next thing to happen; a stop comes first.
    async fn next(&mut self) -> Result<(), End> {
        let handle = self.handle.clone();
        tokio::select! {
            biased;
            reason = handle.board().stop_asked() => Err(End::Stop(reason)),
            () = self.turn() => Ok(()),
        }
    }

    /// Whether there is a reason not to go on.
    fn look(&mut self) -> Result<(), End> {
        if let Some(reason) = self.board().stop_reason() {
            return Err(End::Stop(reason.clone()));
        }
        match self.failure.take() {
            None => Ok(()),
            Some(Failure::Start(mut failures)) => {
                failures.sort_by_key(|(unit, _)| self.launched.iter().position(|launched| launched == unit));
                Err(End::StartFailed(failures))
            }
            Some(Failure::Unit(unit, cause)) => Err(End::UnitFailed(unit, cause)),
        }
    }
}
