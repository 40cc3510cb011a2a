//! Leases: how long a worker may trust its own, and which of others have run out. No store is called here.

mod timer;
mod trust;
mod watch;

pub(crate) use self::timer::Timer;
pub(crate) use self::trust::Life;
pub(crate) use self::watch::Watch;
