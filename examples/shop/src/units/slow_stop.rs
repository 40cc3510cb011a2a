//! A service that needs a moment to stop: it holds lines in memory and writes them out at the end.
//! Its own grace, given where it is registered, is longer than that moment.

use std::time::Duration;

use ostler::{Clock, Stop};

/// How long the last write takes. Made up, so that a stop has something to wait for.
const FLUSH: Duration = Duration::from_millis(1_500);

pub(crate) async fn slow_stop(stop: Stop, clock: Clock) -> Result<(), std::convert::Infallible> {
    stop.requested().await;
    tracing::info!("writing out what is held in memory");
    clock.sleep(FLUSH).await;
    tracing::info!("all is written");
    Ok(())
}
