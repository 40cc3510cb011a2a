//! One attempt: a future polled on its seat, under a time limit, with its panics caught.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::clock::{Clock, Sleep};
use crate::current::{self, Seat};
use crate::panics::{self, Payload};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Ended<T> {
    Returned(T),
    Panicked(Payload),
    TimedOut,
}

/// When an attempt has to be over. The clock is not read before the first time that the attempt has to wait.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limit {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
}

impl Limit {
    fn end(self, now: Instant) -> Option<Instant> {
        let by_timeout = self.timeout.and_then(|timeout| now.checked_add(timeout));
        match (by_timeout, self.deadline) {
            (Some(timeout), Some(deadline)) => Some(timeout.min(deadline)),
            (one, other) => one.or(other),
        }
    }

    fn is_set(self) -> bool {
        self.timeout.is_some() || self.deadline.is_some()
    }
}

/// Runs `work` to its end, its first panic, or its limit; then drops it, guarded.
///
/// When this future itself is dropped, so is `work`, on its seat and guarded too.
pub(crate) async fn run<F: Future>(
    work: F,
    seat: &mut Option<Arc<Seat>>,
    clock: &Clock,
    limit: Limit,
) -> Ended<F::Output> {
    let slot = pin!(Some(work));
    let mut work = OnSeat { work: slot, seat };
    let mut timer: Option<Sleep> = None;
    poll_fn(|cx| {
        if let Poll::Ready(ended) = work.poll(cx) {
            return Poll::Ready(ended);
        }
        if limit.is_set() && timer.is_none() {
            timer = limit.end(clock.now()).map(|end| clock.watch_until(end));
        }
        match &mut timer {
            Some(timer) => Pin::new(timer).poll(cx).map(|()| Ended::TimedOut),
            None => Poll::Pending,
        }
    })
    .await
}

/// `work`, with word to `polled` once it has been polled for the first time.
pub(crate) async fn announced<F: Future>(work: F, polled: oneshot::Sender<()>) -> F::Output {
    let mut work = pin!(work);
    let mut polled = Some(polled);
    poll_fn(|cx| {
        // Dropped by a panic in the first poll, it gives word too.
        let polled = polled.take();
        let poll = work.as_mut().poll(cx);
        drop(polled);
        poll
    })
    .await
}

/// A future whose polls and whose drop happen on a seat, and whose panics do not get out.
struct OnSeat<'a, F> {
    work: Pin<&'a mut Option<F>>,
    seat: &'a mut Option<Arc<Seat>>,
}

impl<F: Future> OnSeat<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended<F::Output>> {
        let Some(work) = self.work.as_mut().as_pin_mut() else { return Poll::Pending };
        match current::on(self.seat, || panics::catch(|| work.poll(cx))) {
            Ok(poll) => poll.map(Ended::Returned),
            Err(payload) => Poll::Ready(Ended::Panicked(payload)),
        }
    }
}

impl<F> Drop for OnSeat<'_, F> {
    fn drop(&mut self) {
        let work = &mut self.work;
        if let Err(payload) = current::on(self.seat, || panics::catch(|| work.set(None))) {
            let message = panics::into_message(payload);
            tracing::error!(panic = %message, "a run panicked while it was dropped");
        }
    }
}
