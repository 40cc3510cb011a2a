//! The keeper: heartbeat and completer, on a thread of their own with a runtime of their own, so that neither a blocked runtime nor the
//! unit's abort keeps them from their work. On a virtual clock they are parts of the unit, because that clock waits for no thread.
//!
//! It ends when all who can tell of an end are gone and all ends are stored.

use std::sync::Arc;

use ostler::{BoxError, Context};
use tokio::sync::oneshot;

use super::beat::{self, heartbeat};
use super::complete::{self, Arrived, Ends};
use super::shared::Shared;

/// How the thread is called.
const THREAD: &str = "ostler-jobs";

/// The end of the keeper, to be waited for.
pub(crate) struct Keeper(Option<oneshot::Receiver<()>>);

impl Keeper {
    /// Starts it. It ends when all clones of the [`Ends`] are gone.
    ///
    /// # Errors
    /// The system gives no thread, or nothing that a runtime needs.
    pub(crate) fn start<S>(cx: &Context<S>, shared: &Arc<Shared>) -> Result<(Self, Ends), BoxError> {
        let (ends, arrived) = Ends::channel();
        let (sender, ended) = oneshot::channel();
        let shared = Arc::clone(shared);
        let work = async move {
            keep(&shared, &arrived).await;
            // Whoever waited may be gone.
            let _ = sender.send(());
        };
        if cx.clock().is_real() {
            on_thread(work)?
        } else {
            cx.spawn(work)
        }
        Ok((Self(Some(ended)), ends))
    }

    /// Resolves when it has ended; whether it did so in good order. Cancel safe.
    pub(crate) async fn ended(&mut self) -> bool {
        let Some(ended) = &mut self.0 else { return false };
        let in_order = ended.await.is_ok();
        self.0 = None;
        in_order
    }
}

// It outlives the unit's abort by what it takes to store the last ends: a part of the unit would be dropped with it. Where the store
// answers beats and never takes those ends, that is until the process ends: to give them up would not make them any better. A thread of its own is what keeps a lease alive while every thread of the main runtime is blocked.
#[allow(clippy::disallowed_methods)]
fn on_thread(work: impl Future<Output = ()> + Send + 'static) -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || runtime.block_on(work))?;
    Ok(())
}

async fn keep(shared: &Shared, arrived: &Arrived) {
    tokio::select! {
        biased;
        () = complete::complete(shared, arrived) => {}
        never = heartbeat(shared) => match never {},
    }
    leave(shared).await;
}

/// Ends the worker's life in good order, unless there is something for its lease's end to count.
async fn leave(shared: &Shared) {
    let Some(life) = shared.life.send_replace(None) else { return };
    if shared.has_abandoned() || !shared.holds(&life) {
        return;
    }
    beat::leave(shared, &life).await;
}
