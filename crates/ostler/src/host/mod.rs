//! The host: units are registered on it, and it runs them from a start in waves to a stop in reverse.

mod builder;
mod check;
mod join;
mod life;
mod stop;

use std::future::Future;
use std::pin::Pin;

pub use self::builder::{DEFAULT_GRACE, Host};
pub(crate) use self::builder::{Prepared, Registered, StartConsumer, Wave, Work};
pub(crate) use self::life::run;
#[cfg(test)]
pub(crate) use self::stop::{DROP_TIME, LAST_WORD};

/// A boxed future that can be sent.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
