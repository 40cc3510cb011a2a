//! One attempt: a future polled on its seat, under a time limit, with its panics caught.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tracing::Span;

use crate::clock::{Clock, Sleep};
use crate::current::{self, Seat};
use crate::error::escaped;
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

/// Runs `work` to its end, its first panic, or its limit, inside of `span`; then drops it, guarded.
///
/// Where it stands is the caller's, so that it is never moved. When this future is dropped, so is `work`, on its seat
/// and guarded too.
pub(crate) fn run<'a, F: Future>(
    work: Pin<&'a mut Option<F>>,
    seat: &'a mut Option<Arc<Seat>>,
    clock: &'a Clock,
    limit: Limit,
    span: &'a Span,
) -> Attempt<'a, F> {
    Attempt { work, seat, clock, limit, span, timer: None }
}

/// The future of [`run`]. Written by hand, because it is polled for every item of a consumer: the timer is made when the
/// work has to wait for the first time, and a work that ends is dropped under the same guard in which it ended.
pub(crate) struct Attempt<'a, F> {
    work: Pin<&'a mut Option<F>>,
    seat: &'a mut Option<Arc<Seat>>,
    clock: &'a Clock,
    limit: Limit,
    span: &'a Span,
    timer: Option<Sleep>,
}

impl<F: Future> Future for Attempt<'_, F> {
    type Output = Ended<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _entered = this.span.enter();
        if let Poll::Ready(ended) = poll_on_seat(this.work.as_mut(), this.seat, cx) {
            return Poll::Ready(ended);
        }
        if this.limit.is_set() && this.timer.is_none() {
            this.timer = this.limit.end(this.clock.now()).map(|end| this.clock.watch_until(end));
        }
        match &mut this.timer {
            Some(timer) => Pin::new(timer).poll(cx).map(|()| Ended::TimedOut),
            None => Poll::Pending,
        }
    }
}

/// Polls `work`, and drops it where it has ended.
fn poll_on_seat<F: Future>(
    mut work: Pin<&mut Option<F>>,
    seat: &mut Option<Arc<Seat>>,
    cx: &mut Context<'_>,
) -> Poll<Ended<F::Output>> {
    let mut output = None;
    let polled = current::on(seat, || {
        panics::catch(|| {
            let Some(future) = work.as_mut().as_pin_mut() else { return };
            if let Poll::Ready(ready) = future.poll(cx) {
                output = Some(ready);
                work.set(None);
            }
        })
    });
    match (polled, output) {
        (Ok(()), None) => Poll::Pending,
        (Ok(()), Some(output)) => Poll::Ready(Ended::Returned(output)),
        (Err(payload), None) => Poll::Ready(Ended::Panicked(payload)),
        // It had ended, and what it said counts.
        (Err(payload), Some(output)) => {
            said_while_dropped(payload);
            Poll::Ready(Ended::Returned(output))
        }
    }
}

impl<F> Drop for Attempt<'_, F> {
    fn drop(&mut self) {
        if self.work.is_none() {
            return;
        }
        let _entered = self.span.enter();
        let work = &mut self.work;
        if let Err(payload) = current::on(self.seat, || panics::catch(|| work.set(None))) {
            said_while_dropped(payload);
        }
    }
}

fn said_while_dropped(payload: Payload) {
    let message = panics::into_message(payload);
    tracing::error!(panic = %escaped(&message), "a run panicked while it was dropped");
}

/// `work`, and `polled` dropped once it has been polled for the first time.
pub(crate) async fn announced<F: Future, P>(work: F, polled: P) -> F::Output {
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
