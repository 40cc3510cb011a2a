//! Time by which a lease is trusted: it goes on while the machine is suspended, as the lease does. Virtual where the host's clock is.

use std::time::{Duration, Instant};

use ostler::{Clock, SECOND};

/// The clock of leases.
#[derive(Debug, Clone)]
pub(crate) enum Timer {
    /// The machine's. It waits on the runtime of whoever waits, and so outlives a host.
    Machine,
    /// The host's, which is virtual; and when it began.
    Virtual(Clock, Instant),
}

impl Timer {
    /// That of this host.
    pub(crate) fn of(clock: &Clock) -> Self {
        if clock.is_real() { Self::Machine } else { Self::Virtual(clock.clone(), clock.now()) }
    }

    /// Since some moment in the past, the same for all readings.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::Machine => since_boot(),
            Self::Virtual(clock, origin) => clock.now().saturating_duration_since(*origin),
        }
    }

    /// Waits until then; on the machine's clock under a runtime with timers. Cancel safe.
    pub(crate) async fn sleep_until(&self, until: Duration) {
        loop {
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            match self {
                // The runtime's timers stand still while the machine is suspended, so it looks again each second.
                Self::Machine => tokio_sleep(left.min(SECOND)).await,
                Self::Virtual(clock, _) => clock.sleep(left).await,
            }
        }
    }
}

/// The keeper's thread has a runtime of its own and outlives its host, whose clock stands still then.
#[allow(clippy::disallowed_methods)]
async fn tokio_sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

fn since_boot() -> Duration {
    // `CLOCK_MONOTONIC` counts the time of a suspend on Apple's systems and not on Linux, which has another clock for that.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let read = rustix::time::clock_gettime(clock);
    Duration::new(u64::try_from(read.tv_sec).unwrap_or(0), u32::try_from(read.tv_nsec).unwrap_or(0))
}
