//! Blocking work off the async threads, tracked by the run that asked for it.

use tokio::sync::oneshot;

use crate::current;
use crate::panics::{self, Payload};

/// Runs `f` on the blocking pool and returns what it returns.
///
/// Called from a handler, the call belongs to that run: the run does not count as ended, and its next attempt does
/// not begin, before `f` has returned, even where the run itself timed out. A stop waits for it within the grace,
/// and the report names what is left. Called outside of a handler it is an ordinary blocking call.
///
/// # Panics
/// A panic in `f` goes on in the caller, where it fails the run.
///
/// # Cancel safety
/// `f` cannot be cancelled: when the future is dropped, `f` goes on and its result is dropped. When the
/// runtime is shutting down and `f` was never started, the future never resolves.
///
/// # When not to use it
/// For work that never returns; give that a thread of its own.
pub async fn blocking<F, R>(f: F) -> R
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let live = current::seat().map(|seat| seat.blocking_call());
    let span = tracing::Span::current();
    let (sender, receiver) = oneshot::channel::<Result<R, Payload>>();
    // The one place that uses the blocking pool. Its handle is not kept: the result comes by the channel, so that
    // a result or a panic that nobody waits for is dropped here, guarded.
    #[allow(clippy::disallowed_methods)]
    tokio::task::spawn_blocking(move || {
        if sender.is_closed() {
            return; // Nobody waits any more, and it has not begun.
        }
        let result = span.in_scope(|| panics::catch(f));
        // Before the word is given: whoever hears it finds the call ended.
        drop(live);
        if let Err(unwanted) = sender.send(result) {
            panics::discard(unwanted);
        }
    });
    match receiver.await {
        Ok(Ok(value)) => value,
        Ok(Err(payload)) => std::panic::resume_unwind(payload),
        Err(_) => std::future::pending().await,
    }
}
