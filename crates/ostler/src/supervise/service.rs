//! One instance of a service: made, run to its end, and its words passed on to the director.
//!
//! Whether and when there is a next one is not decided here.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use tokio::sync::watch;
use tracing::Instrument;

use crate::attempt::{self, Ended, Limit};
use crate::current::{Seat, Sitter};
use crate::error::{BoxError, escaped};
use crate::line::Line;
use crate::outcome::Outcome;
use crate::panics;
use crate::ready::{Ready, Word};
use crate::seat::UnitSeat;

/// One instance of a service.
pub(crate) type Instance = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How to make one.
pub(crate) type MakeInstance = Box<dyn Fn(Arc<UnitSeat>, Option<Ready>) -> Instance + Send + Sync>;

/// Spawns one instance on its seat. `says_ready`: it is given a [`Ready`].
pub(crate) fn run_instance(unit: &Arc<UnitSeat>, make: &Arc<MakeInstance>, says_ready: bool) {
    let span = tracing::info_span!("service", unit = %unit.name);
    let (seat, make) = (Arc::clone(unit), Arc::clone(make));
    // An instance that ends in its first poll has said so before it counts as polled.
    unit.spawn(attempt::announced(instance(seat, make, says_ready).instrument(span), unit.line.polled()));
}

async fn instance(unit: Arc<UnitSeat>, make: Arc<MakeInstance>, says_ready: bool) {
    let (ready, mut word) = Ready::pair();
    let ready = says_ready.then_some(ready);
    let mut seat = Some(Seat::new(&unit.record, &unit.blocking, Sitter::Service));
    // Made inside of the guarded future: making it is a user's code as well.
    let work = pin!(Some(async { make(Arc::clone(&unit), ready).await }));
    let span = tracing::Span::none();
    let mut run = pin!(attempt::run(work, &mut seat, &unit.clock, Limit::default(), &span));
    let mut passed_on = false;
    let ended = tokio::select! {
        biased;
        // First: one that ends has more to say than that it dropped its `Ready`.
        ended = &mut run => ended,
        never = pass_on(&mut word, &unit.line, &mut passed_on), if says_ready => match never {},
    };
    // It may have said so, for the first time, and ended in one go.
    if !passed_on && *word.borrow() != Word::Silent {
        unit.line.ready();
    }
    let result = result_of(ended);
    if result.is_ok() && unit.is_stop_requested() {
        tracing::info!("stopped");
    }
    unit.line.ended(result);
}

/// Passes the words of an instance on, for ever.
async fn pass_on(
    word: &mut watch::Receiver<Word>,
    line: &Line,
    passed_on: &mut bool,
) -> std::convert::Infallible {
    loop {
        let changed = word.changed().await;
        *passed_on = true;
        match &*word.borrow_and_update() {
            Word::Ready if changed.is_ok() => line.ready(),
            Word::NotReady(reason) if changed.is_ok() => line.not_ready(Arc::clone(reason)),
            Word::Silent if changed.is_err() => line.never_ready(),
            _ => {}
        }
        if changed.is_err() {
            break;
        }
    }
    std::future::pending().await
}

fn result_of(ended: Ended<Outcome>) -> Result<(), BoxError> {
    match ended {
        Ended::Returned(Ok(())) => Ok(()),
        Ended::Returned(Err(halt)) => Err(halt.into_error()),
        Ended::Panicked(payload) => {
            Err(format!("panicked: {}", escaped(&panics::into_message(payload))).into())
        }
        Ended::TimedOut => Err("timed out".into()),
    }
}
