//! A service that polls a supplier's stock list, loses it now and then, and is restarted.
//!
//! The supplier is made up. What matters is the shape: the service gives up with an error, and the
//! host decides whether and when to start it again.

use std::fmt;
use std::time::Duration;

use ostler::{Clock, Run, Snapshot, Stop};

use crate::settings::Settings;

const POLL: Duration = Duration::from_secs(1);

/// The connection is lost at this poll. That is one failure in twenty seconds: well within the
/// budget of five a minute, for as long as the shop runs.
const LOST_AT: u32 = 20;

pub(crate) async fn upstream(
    stop: Stop,
    run: Run,
    clock: Clock,
    settings: Snapshot<Settings>,
) -> Result<(), Lost> {
    // A real supplier would be shown the token. A log shows that there is one, and no more.
    let with_token = settings.upstream.token.is_some();
    tracing::info!(connection = run.id(), with_token, "connected to the supplier");
    let mut poll = 0;
    while !stopped_within(&stop, &clock, POLL).await {
        poll += 1;
        ask_supplier(poll)?;
        tracing::debug!(poll, "the stock list is up to date");
    }
    Ok(())
}

fn ask_supplier(poll: u32) -> Result<(), Lost> {
    if poll >= LOST_AT { Err(Lost { poll }) } else { Ok(()) }
}

async fn stopped_within(stop: &Stop, clock: &Clock, time: Duration) -> bool {
    tokio::select! {
        () = stop.requested() => true,
        () = clock.sleep(time) => false,
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Lost {
    poll: u32,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the supplier closed the connection at poll {}", self.poll)
    }
}

impl std::error::Error for Lost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fails_at_most_three_times_a_minute() {
        assert_eq!(ask_supplier(LOST_AT - 1), Ok(()));
        assert_eq!(ask_supplier(LOST_AT), Err(Lost { poll: LOST_AT }));
        assert!(POLL * LOST_AT >= Duration::from_secs(20));
    }
}
