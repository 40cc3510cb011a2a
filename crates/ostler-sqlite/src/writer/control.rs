//! Pausing queues.

use std::sync::Arc;

use ostler_jobs::StoreError;

use super::engine::Engine;
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
use crate::index::Index;

/// The verbs.
pub(crate) struct Pause(pub(crate) Arc<str>);
pub(crate) struct Resume(pub(crate) Arc<str>);
pub(crate) struct Paused;

impl Verb for Pause {
    type Answer = ();

    fn company(&self, _: &Index) -> Company {
        Company::Group(Sync::Full)
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError> {
        engine.sql.pause.execute((&*self.0,)).map_err(|error| fault("pause a queue", error))?;
        engine.index.pause(&self.0);
        Ok(())
    }
}

impl Verb for Resume {
    type Answer = ();

    fn company(&self, _: &Index) -> Company {
        Company::Group(Sync::Full)
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError> {
        engine.sql.resume.execute((&*self.0,)).map_err(|error| fault("resume a queue", error))?;
        engine.news.ready |= engine.index.resume(&self.0);
        Ok(())
    }
}

impl Verb for Paused {
    type Answer = Vec<String>;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        Ok(engine.index.paused().map(str::to_owned).collect())
    }
}
