//! The notify protocol of systemd: what the host tells the service manager that started it, and when.
//!
//! It is not the journal and not socket activation. Without the feature `systemd`, on other systems than Linux, and
//! where `NOTIFY_SOCKET` is not set, all of it does nothing, so that callers need no condition.
//!
//! What is said is decided in `news.rs` (pure), from what a look at the host shows; `line.rs` sends it; `notifier.rs`
//! brings the two together on the sentinel's thread. A message that cannot be sent is due again at the next look:
//! systemd never holds the host, and a full socket never loses a state.

#[cfg(all(feature = "systemd", target_os = "linux"))]
mod line;
#[cfg(all(feature = "systemd", target_os = "linux"))]
mod news;
#[cfg(all(feature = "systemd", target_os = "linux"))]
mod notifier;
#[cfg(all(feature = "systemd", target_os = "linux"))]
mod reload;
#[cfg(all(feature = "systemd", target_os = "linux"))]
mod status;

#[cfg(not(all(feature = "systemd", target_os = "linux")))]
mod absent;

#[cfg(all(feature = "systemd", target_os = "linux"))]
pub(crate) use self::{notifier::Notifier, reload::reloading};

#[cfg(not(all(feature = "systemd", target_os = "linux")))]
pub(crate) use self::absent::{Notifier, reloading};
