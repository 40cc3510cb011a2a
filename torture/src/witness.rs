//! A store that writes down which ends of attempts were stored: the checker's only way to see that a late one was not.

use ostler_jobs::store::{Finish, Pending, Verdict};
use ostler_jobs::{ErrorKind, Store, StoreError};
use ostler_sqlite::SqliteStore;

use crate::work::Effects;

/// The store, watched.
#[derive(Clone)]
pub(crate) struct Witness {
    pub(crate) store: SqliteStore,
    pub(crate) effects: Effects,
}

impl Store for Witness {
    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        Box::pin(async move {
            let tokens: Vec<_> = ends.iter().map(|end| (end.job, end.claim)).collect();
            let verdicts = self.store.finish(ends).await?;
            for ((job, token), _) in
                tokens.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Accepted)
            {
                let written = self.effects.line("stored", *job, *token, 0);
                written.map_err(|error| {
                    StoreError::new(ErrorKind::Bug, "the effects cannot be written").with_source(error)
                })?;
            }
            Ok(verdicts)
        })
    }

    forward! { insert join beat leave claim beats expire stage prune cancel pause resume paused status counts hints }
}
