//! Requests that share a transaction, from its begin to their answers.
//!
//! Nobody is answered before the commit. Where one request fails and SQLite kept the transaction, it alone fails; where what it had
//! done so far cannot be told from the others', all is rolled back and the others are run once more without it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostler_jobs::{ErrorKind, StoreError};

use super::engine::Engine;
use super::wall;
use crate::call::{Overdue, Request, Sync};
use crate::queue::too_late;

/// The requests.
#[derive(Default)]
pub(crate) struct Group {
    requests: Vec<Box<dyn Request>>,
    sync: Option<Sync>,
    /// Those for which there was no time left; in nobody's transaction.
    rest: Vec<Box<dyn Request>>,
}

/// The part of the store's deadline after which a transaction takes in no more: each request in it waits for all of them, and one
/// that fails makes them be run again.
const SHARE: u32 = 4;

/// How a run through the group ended.
enum Ran {
    /// All that are left are in the open transaction.
    Open,
    /// All was rolled back, for the fault of one that was refused.
    RolledBack(StoreError),
}

impl Group {
    /// Adds a request that needs a transaction which is committed at least like this.
    pub(crate) fn add(&mut self, request: Box<dyn Request>, sync: Sync) {
        self.sync = self.sync.max(Some(sync));
        self.requests.push(request);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// How its transaction is committed.
    pub(crate) fn sync(&self) -> Sync {
        self.sync.unwrap_or(Sync::Normal)
    }

    /// Who waits for it, and by when it was to be begun.
    pub(crate) fn overdue(&self) -> Vec<(Instant, Arc<dyn Overdue>)> {
        self.requests.iter().map(|request| (request.deadline(), request.overdue())).collect()
    }

    /// Refuses those that were not begun in time.
    pub(crate) fn refuse_late(&mut self, now: Instant) {
        for late in self.requests.extract_if(.., |request| request.deadline() <= now) {
            late.refuse(too_late());
        }
    }

    /// What was not run, in the order in which it was added.
    pub(crate) fn take_rest(&mut self) -> VecDeque<Box<dyn Request>> {
        std::mem::take(&mut self.rest).into()
    }

    /// Refuses all.
    pub(crate) fn refuse(&mut self, error: &StoreError) {
        self.sync = None;
        for request in self.requests.drain(..) {
            request.refuse(error.for_another());
        }
    }

    /// Runs all in the open transaction, commits it and answers. How long the commit took, where there was one.
    pub(crate) fn carry_out(&mut self, engine: &mut Engine<'_>) -> Option<Duration> {
        match self.run_or_replay(engine) {
            Ok(()) => self.commit(engine),
            Err(error) => {
                self.refuse(&error);
                None
            }
        }
    }

    fn run_or_replay(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError> {
        let Ran::RolledBack(first) = self.run(engine) else { return Ok(()) };
        // Of what is not the fault of one request the next would fail as well.
        if matches!(first.kind(), ErrorKind::StoreFull | ErrorKind::Unavailable | ErrorKind::Corrupt) {
            return Err(first);
        }
        tracing::warn!(error = %first, requests = self.len(), "a group is run again without the request that failed");
        engine.begin(self.sync(), wall::now())?;
        match self.run(engine) {
            Ran::Open => Ok(()),
            Ran::RolledBack(error) => Err(error),
        }
    }

    /// Runs one after the other, as long as there is time. Those that fail are refused and are out of the group.
    fn run(&mut self, engine: &mut Engine<'_>) -> Ran {
        let mut at = 0;
        let full = wall::now() + engine.options.deadline / SHARE;
        while self.has_time(at, full, engine)
            && let Some(request) = self.requests.get_mut(at)
        {
            let (mark, news) = (engine.index.mark(), engine.news.mark());
            let written = engine.connection.total_changes();
            let Err(error) = request.run(engine) else {
                at += 1;
                continue;
            };
            let is_whole = !engine.connection.is_autocommit() && engine.connection.total_changes() == written;
            if is_whole {
                engine.index.undo_to(mark);
                engine.news.take_back_to(news);
            } else {
                engine.roll_back();
            }
            let cause = error.for_another();
            self.requests.remove(at).refuse(error);
            if !is_whole {
                return Ran::RolledBack(cause);
            }
        }
        Ran::Open
    }

    /// Whether the request at this place is begun in this transaction; then it has the whole deadline, whatever those before it took.
    /// Else it and those behind it are the rest. The first always is.
    fn has_time(&mut self, at: usize, full: Instant, engine: &mut Engine<'_>) -> bool {
        let now = wall::now();
        if at > 0 && now > full {
            self.rest.splice(0..0, self.requests.drain(at..));
            return false;
        }
        engine.limit(Some(now + engine.options.deadline));
        true
    }

    fn commit(&mut self, engine: &mut Engine<'_>) -> Option<Duration> {
        let start = wall::now();
        if let Err(error) = engine.commit() {
            self.refuse(&error);
            return None;
        }
        let took = wall::now().duration_since(start);
        self.sync = None;
        self.requests.drain(..).for_each(|request| request.answer());
        Some(took)
    }
}
