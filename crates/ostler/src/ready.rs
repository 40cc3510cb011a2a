//! A service's word that it is ready.

use std::fmt;

use tokio::sync::oneshot;

/// Taken as an argument by a service, it makes the host wait at start until [`notify`](Self::notify) is called.
///
/// Dropped without that, the start has failed: a service that crashes on its way up never counts as ready. Do what
/// can fail first (bind the port, open the file), then notify.
///
/// ```
/// use ostler::{Ready, Stop};
///
/// async fn listen(stop: Stop, ready: Ready) -> std::io::Result<()> {
///     let _listener = std::net::TcpListener::bind("127.0.0.1:0")?;
///     ready.notify();
///     stop.requested().await;
///     Ok(())
/// }
/// ```
#[must_use = "dropped without `notify`, the start of this service has failed"]
pub struct Ready(oneshot::Sender<()>);

impl Ready {
    pub(crate) fn pair() -> (Self, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Says that the service is ready. The host goes on with its start.
    pub fn notify(self) {
        // Nobody listens any more when the start was given up.
        let _ = self.0.send(());
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}
