//! The same names where there is no systemd to tell: nothing happens.

use std::convert::Infallible;
use std::time::Duration;

use crate::handle::HostHandle;

/// Tells nobody.
#[derive(Debug)]
pub(crate) struct Notifier;

impl Notifier {
    pub(crate) fn new(_: HostHandle, _process: bool, _grace: Duration, _drain_delay: Duration) -> Self {
        Self
    }

    pub(crate) async fn keep(&mut self) -> Infallible {
        std::future::pending().await
    }

    pub(crate) fn farewell(&mut self) {}
}

/// A reload that nobody is told of.
#[must_use = "the reload is over when this is dropped"]
#[derive(Debug)]
pub(crate) struct Reload;

pub(crate) fn reloading() -> Reload {
    Reload
}
