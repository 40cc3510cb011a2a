//! SIGHUP: all options of a host are read again.

// On the sentinel's runtime, and a thread beside it: reading files may take its time.
#![allow(clippy::disallowed_methods)]

use std::convert::Infallible;

use tokio::sync::oneshot;

use crate::handle::HostHandle;
use crate::signal::Hangups;
use crate::systemd;

/// Reads the options of `host` again whenever a signal asks for it, for ever. One that comes while they are read makes them
/// be read once more.
pub(crate) async fn on_hangup(host: HostHandle, hangups: Option<Hangups>) -> Infallible {
    let Some(mut hangups) = hangups else { return std::future::pending().await };
    loop {
        hangups.next().await;
        let (done, all_read) = oneshot::channel();
        let host = host.clone();
        let reader = std::thread::Builder::new().name("ostler-reload".into()).spawn(move || {
            read_again(&host);
            let _ = done.send(());
        });
        // Where the system gives no thread, the options stay as they are until the next signal.
        if reader.is_ok() {
            let _ = all_read.await;
        }
    }
}

fn read_again(host: &HostHandle) {
    // Told when this is over, however it goes.
    let _reload = systemd::reloading();
    let origins = host.board().origins();
    tracing::info!(options = origins.len(), "SIGHUP: reading options again");
    origins.iter().for_each(|origin| origin.reload());
}
