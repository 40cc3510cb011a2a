//! The smallest task there is: every few seconds, one line in the log.

use ostler::Run;

pub(crate) async fn heartbeat(run: Run) {
    tracing::info!(run = run.id(), "the shop is alive");
}
