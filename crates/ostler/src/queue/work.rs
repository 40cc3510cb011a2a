//! Work items that are closures, for a queue whose items have nothing in common but that they run.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use crate::outcome::{IntoOutcome, Outcome};
use crate::stop::Stop;

type Job = Box<dyn FnOnce(Stop) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send>;

/// An async closure as a queue item. It captures what it needs and is given the consumer's [`Stop`].
///
/// It runs once, so a plan with more than one attempt does not take it (`attempts` needs items that are `Clone`).
///
/// ```
/// use ostler::{Host, queue::{self, Work}};
///
/// let (work, items) = queue::bounded::<Work>(100);
/// let host = Host::new(()).consume("work", items.workers(2), Work::run);
/// work.try_send(Work::new(|_stop| async { println!("done") })).expect("room");
/// # drop(host);
/// ```
pub struct Work(Mutex<Job>);

impl Work {
    /// Work made of `job`, which is called when a worker takes it.
    pub fn new<F, Fut>(job: F) -> Self
    where
        F: FnOnce(Stop) -> Fut + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoOutcome,
    {
        // Behind a lock that is never contended, because that makes it `Sync`: then the errors of a send, which carry
        // the item, go through `?`.
        Self(Mutex::new(Box::new(move |stop| {
            let run = job(stop);
            Box::pin(async move { run.await.into_outcome() })
        })))
    }

    /// Runs it: the handler for a consumer of closures.
    ///
    /// # Errors
    /// What the closure returns.
    ///
    /// # Cancel safety
    /// The closure's future is dropped with this one.
    pub async fn run(self, stop: Stop) -> Outcome {
        let job = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        job(stop).await
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work(..)")
    }
}
