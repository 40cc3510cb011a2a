//! The writer's loop: takes what was asked, makes groups of it, carries them out; and looks after the rest in between.

use std::collections::VecDeque;
use std::time::Duration;

use ostler_jobs::ErrorKind;

use super::engine::Engine;
use super::group::Group;
use super::linger::{Linger, SILENCE};
use super::wall;
use crate::call::{Company, Request, Sync};
use crate::inbox::Inbox;
use crate::queue::{Found, Queue, too_late};

/// How many requests are in one transaction at most: above it a commit's part of each is small already.
const MOST: usize = 2_000;

/// How long the writer sleeps at most where due jobs cannot be made ready, because there is no room.
const FULL: Duration = Duration::from_millis(100);

/// The loop.
pub(crate) struct Loop<'a, 'c> {
    engine: &'a mut Engine<'c>,
    inbox: Inbox,
    /// There is more in the inbox than was taken at once.
    more: bool,
    queue: &'a Queue,
    /// Taken, and not begun.
    batch: VecDeque<Box<dyn Request>>,
    group: Group,
    linger: Linger,
}

impl<'a, 'c> Loop<'a, 'c> {
    pub(crate) fn new(engine: &'a mut Engine<'c>, inbox: Inbox, queue: &'a Queue) -> Self {
        let (batch, group, linger) = Default::default();
        Self { engine, inbox, more: false, queue, batch, group, linger }
    }

    /// Until the queue is closed and empty.
    pub(crate) fn run(&mut self) {
        loop {
            match self.queue.wait(self.pause()) {
                Found::Closed => return,
                Found::Nothing => {}
                Found::Requests => {
                    self.wait_for_more();
                    self.queue.take(MOST, false, &mut self.batch);
                    self.carry_out_batch();
                }
            }
            self.look_after_the_rest();
        }
    }

    /// How long nothing has to be done, if nothing is asked.
    fn pause(&self) -> Duration {
        if self.more {
            return Duration::ZERO;
        }
        let poll = self.engine.options.inbox_poll;
        if !self.engine.options.clock.is_real() {
            return poll;
        }
        let now = self.engine.options.clock.wall().as_millisecond();
        match self.engine.index.dues.next() {
            Some(due) if due <= now => FULL.min(poll),
            Some(due) => Duration::from_millis(due.abs_diff(now)).min(poll),
            None => poll,
        }
    }

    fn wait_for_more(&self) {
        let mut waiting = self.queue.len();
        if self.linger.most(waiting).is_none() {
            return;
        }
        let start = wall::now();
        loop {
            // Not woken by each that comes: that would cost more than the wait brings.
            wall::sleep(SILENCE);
            let now = self.queue.len();
            if !self.linger.goes_on(waiting, now, wall::now().duration_since(start)) {
                return;
            }
            waiting = now;
        }
    }

    fn carry_out_batch(&mut self) {
        self.engine.disk.look(wall::now());
        self.answer_aside();
        self.fill_group();
        self.carry_out_group();
        self.carry_out_alone();
        self.queue.put_back(&mut self.batch, Vec::new);
    }

    /// Answers what needs no transaction, and refuses what comes too late. Whoever reads is not waiting for a write of its own, so it
    /// may come before those of others; and a worker's beat must not wait for a lock.
    fn answer_aside(&mut self) {
        let now = wall::now();
        self.engine.look_at_clock();
        for request in std::mem::take(&mut self.batch) {
            if request.deadline() <= now {
                request.refuse(too_late());
            } else if request.company(&self.engine.index) == Company::Aside {
                self.carry_out_aside(request);
            } else {
                self.batch.push_back(request);
            }
        }
    }

    /// Collects those that share a transaction, up to the first that does not.
    fn fill_group(&mut self) {
        while self.group.len() < MOST
            && let Some(Company::Group(sync)) = self.next_company()
            && let Some(request) = self.batch.pop_front()
        {
            self.group.add(request, sync);
        }
    }

    fn next_company(&self) -> Option<Company> {
        self.batch.front().map(|request| request.company(&self.engine.index))
    }

    fn carry_out_aside(&mut self, mut request: Box<dyn Request>) {
        self.engine.limit(Some(wall::now() + self.engine.options.deadline));
        let ran = request.run(self.engine);
        self.engine.limit(None);
        self.engine.keep_aside();
        match ran {
            Ok(()) => request.answer(),
            Err(error) => request.refuse(error),
        }
    }

    fn carry_out_group(&mut self) {
        if !self.begin() {
            return;
        }
        // What is not begun now is in nobody's hand, so that it times out for certain where this takes too long.
        self.queue.put_back(&mut self.batch, || self.group.overdue());
        let callers = self.group.len();
        if let Some(took) = self.group.carry_out(self.engine) {
            self.linger.committed(callers, took);
        }
        // After those that waited behind them, so that they come before these again.
        self.queue.put_back(&mut self.group.take_rest(), Vec::new);
    }

    /// Begins the group's transaction, however long another connection holds the lock; whether it did. Meanwhile what needs no
    /// transaction is answered, and what waits for too long is refused.
    fn begin(&mut self) -> bool {
        while self.group.len() > 0 {
            match self.engine.begin(self.group.sync(), wall::now()) {
                Ok(()) => return true,
                Err(error) if error.kind() == ErrorKind::Timeout => {
                    self.group.refuse_late(wall::now());
                    self.go_on_without();
                    self.fill_group();
                }
                Err(error) => self.group.refuse(&error),
            }
        }
        false
    }

    /// Does what can be done while another connection holds the lock. Whatever waits is looked at, however much that is: behind a
    /// thousand who write may stand a worker's beat.
    fn go_on_without(&mut self) {
        self.queue.take(usize::MAX, true, &mut self.batch);
        self.answer_aside();
    }

    /// Where the next one is run alone.
    fn carry_out_alone(&mut self) {
        let Some(mut request) = self.begin_alone() else { return };
        self.queue.put_back(&mut self.batch, || vec![(request.deadline(), request.overdue())]);
        match request.run(self.engine) {
            Ok(()) => request.answer(),
            Err(error) => {
                self.engine.roll_back();
                request.refuse(error);
            }
        }
    }

    /// Begins the transaction of the next one, where that is run alone, and takes it. Until the lock is free it stays the first, so
    /// that nobody overtakes it but who needs no transaction.
    fn begin_alone(&mut self) -> Option<Box<dyn Request>> {
        while self.next_company() == Some(Company::Alone) {
            match self.engine.begin(Sync::Full, wall::now()) {
                Ok(()) => return self.batch.pop_front(),
                Err(error) if error.kind() == ErrorKind::Timeout => self.go_on_without(),
                Err(error) => self.batch.pop_front()?.refuse(error),
            }
        }
        None
    }

    /// What nobody asks for.
    fn look_after_the_rest(&mut self) {
        self.engine.disk.look(wall::now());
        self.engine.limit(Some(wall::now() + self.engine.options.deadline));
        self.more = self.inbox.tick(self.engine, wall::now());
        self.engine.limit(None);
        if self.engine.options.clock.is_real() {
            self.engine.look_at_clock();
            self.engine.limit(Some(wall::now() + self.engine.options.deadline));
            if let Err(error) = self.engine.stage() {
                tracing::warn!(%error, "due jobs could not be made ready; it is tried again");
            }
            self.engine.limit(None);
            self.engine.keep_aside();
        }
    }
}
