//! What a unit says of itself.

use std::fmt;
use std::sync::Arc;

use super::derived::line;
use crate::clock::Clock;
use crate::record::Record;
use crate::status::{Said, Status};

/// Taken as an argument by any handler, it says how well the unit is: for a service that owns its loop and knows best.
///
/// The last word stands until the next one. It is forgotten when the unit's next instance is launched, by a restart
/// or by hand, and what an earlier instance says after that is not heard. It counts in `/readyz` as the unit's own
/// entry, together with what follows from the unit's state; while the unit is paused or stopped it does not count.
///
/// Clones are cheap.
///
/// ```
/// use ostler::{Clock, Health, SECOND, Stop};
/// # async fn poll() -> Result<(), std::io::Error> { Ok(()) }
///
/// async fn follow(stop: Stop, clock: Clock, health: Health) {
///     while !stop.is_requested() {
///         match poll().await {
///             Ok(()) => health.healthy(),
///             Err(error) => health.degraded(format!("the upstream does not answer: {error}")),
///         }
///         clock.sleep(SECOND).await;
/// #       break;
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Health {
    record: Arc<Record>,
    clock: Clock,
    instance: u64,
}

impl Health {
    pub(crate) fn new(record: &Arc<Record>, clock: &Clock) -> Self {
        let instance = record.speaking_instance();
        Self { record: Arc::clone(record), clock: clock.clone(), instance }
    }

    /// All is well.
    pub fn healthy(&self) {
        self.say(Status::Healthy, "");
    }

    /// Something needs a look, and the work goes on.
    pub fn degraded(&self, reason: impl AsRef<str>) {
        self.say(Status::Degraded, reason.as_ref());
    }

    /// The work does not go on: `/readyz` fails. The unit runs on all the same; one that cannot should return its
    /// error.
    pub fn unhealthy(&self, reason: impl AsRef<str>) {
        self.say(Status::Unhealthy, reason.as_ref());
    }

    fn say(&self, status: Status, reason: &str) {
        let reason = line(reason).into();
        self.record.says(self.instance, Said { status, reason, at: self.clock.now() });
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("unit", self.record.name()).finish_non_exhaustive()
    }
}
