//! A service's word that it is ready, which it may take back and give again.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

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
///
/// A service that keeps it can say when it is not ready for a while:
///
/// ```
/// # use ostler::{Ready, Stop};
/// # async fn connected() -> bool { true }
/// # async fn lost() {}
/// async fn follow(stop: Stop, ready: Ready) {
///     while !stop.is_requested() && connected().await {
///         ready.notify();
///         lost().await;
///         ready.withdraw("the upstream is away"); // `/readyz` fails until the next `notify`
/// #       break;
///     }
/// }
/// ```
#[must_use = "dropped without `notify`, the start of this service has failed"]
pub struct Ready(watch::Sender<Word>);

/// The last word of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Silent,
    Ready,
    NotReady(Arc<str>),
}

impl Ready {
    pub(crate) fn pair() -> (Self, watch::Receiver<Word>) {
        let (sender, receiver) = watch::channel(Word::Silent);
        (Self(sender), receiver)
    }

    /// Says that the service is ready: the host goes on with its start, or the service is ready again. To say so twice
    /// changes nothing. Once it was said, dropping the handle changes nothing either.
    pub fn notify(&self) {
        self.say(Word::Ready);
    }

    /// Takes the word back: the service runs, and is not ready for now. Until the next [`notify`](Self::notify), `/readyz`
    /// answers 503 with `reason`, and units that wait for this one to start wait on. Units that already run are left
    /// alone. Before the first `notify` it does nothing.
    pub fn withdraw(&self, reason: impl Into<String>) {
        if *self.0.borrow() != Word::Silent {
            self.say(Word::NotReady(reason.into().into()));
        }
    }

    fn say(&self, word: Word) {
        self.0.send_if_modified(|last| {
            let changes = *last != word;
            *last = word;
            changes
        });
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}
