//! The smallest task there is: every few seconds, one line in the log.

pub(crate) async fn heartbeat() {
    tracing::info!("the shop is alive");
}
