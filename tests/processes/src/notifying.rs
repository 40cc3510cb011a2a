//! Programs whose word to systemd is listened to, or is not. Nearly all of those tests use the other scenarios.

use std::io;

use ostler::{Error, Host, Report};

use crate::stopping;

/// One unit of each kind, all obedient, with its log on standard output.
pub(crate) async fn logged() -> Result<Report, Error> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(io::stdout).init();
    stopping::obedient().await
}

/// A host that has ended as soon as it has started.
pub(crate) async fn brief() -> Result<Report, Error> {
    stopping::run(Host::new(()).service("brief", async || ())).await
}
