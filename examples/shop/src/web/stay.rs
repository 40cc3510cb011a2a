//! How long one connection may stay. It has a limit, so that nobody can keep a place for ever; a stream of
//! events has none.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// One connection's stay. Routes find it in the extensions of their request.
#[derive(Debug, Clone, Default)]
pub(super) struct Stay(Arc<AtomicBool>);

impl Stay {
    /// From now on the connection may stay for as long as its client wants. Meant for answers that say
    /// `Connection: close`, so that nothing but this answer profits.
    pub(super) fn without_limit(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Resolves after `limit`, unless there is none by then.
    pub(super) async fn over(&self, limit: Duration) {
        sleep(limit).await;
        if self.0.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
    }
}
