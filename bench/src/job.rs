//! Closures as items: a plain boxed one for any channel, and ostler's own.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;

use ostler::queue::Work;

/// A boxed async closure with nothing around it.
pub(crate) type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// An item that is a closure.
pub(crate) trait Closure: Send + 'static {
    fn new(work: impl Future<Output = ()> + Send + 'static) -> Self;

    /// The work of every item but a few: it keeps the compiler from leaving out the closure and what it captured.
    fn of_number(number: u64) -> Self
    where
        Self: Sized,
    {
        Self::new(async move {
            black_box(number);
        })
    }
}

impl Closure for Job {
    fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Box::new(move || Box::pin(work))
    }
}

impl Closure for Work {
    fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::new(move |_stop| work)
    }
}
