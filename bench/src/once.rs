//! Word that is given once, from a handler that can be called often.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// The sending end.
#[derive(Debug)]
pub(crate) struct Once<T>(Mutex<Option<oneshot::Sender<T>>>);

impl<T> Once<T> {
    pub(crate) fn new() -> (Self, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Mutex::new(Some(sender))), receiver)
    }

    /// Gives the word. From the second call on it does nothing.
    pub(crate) fn give(&self, word: T) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits for it where the measurement has failed.
            let _ = sender.send(word);
        }
    }
}
