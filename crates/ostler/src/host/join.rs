//! Waiting for several things at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::oneshot;

use super::BoxFuture;
use crate::error::BoxError;

/// Waits for all of them. Those that are done are taken out, so it can be called again after it was dropped.
pub(super) async fn all(futures: &mut Vec<BoxFuture<'_, ()>>) {
    poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A unit's word that it is ready, by its place among all.
pub(super) type Word = (usize, oneshot::Receiver<Result<(), BoxError>>);

/// Waits until all of `words` say ready, or returns the first that says otherwise. Those that have spoken are taken
/// out, so it can be called again after it was dropped.
pub(super) async fn ready(words: &mut Vec<Word>) -> Result<(), (usize, BoxError)> {
    poll_fn(|cx| {
        let mut failure = None;
        words.retain_mut(|(unit, word)| match Pin::new(word).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(Ok(Ok(()))) => false,
            Poll::Ready(Ok(Err(cause))) => {
                failure.get_or_insert((*unit, cause));
                false
            }
            Poll::Ready(Err(_)) => {
                failure.get_or_insert((*unit, "it was dropped during its start".into()));
                false
            }
        });
        match failure {
            Some(failure) => Poll::Ready(Err(failure)),
            None if words.is_empty() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await
}
