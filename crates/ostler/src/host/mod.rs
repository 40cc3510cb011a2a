//! The host: units are registered on it, and it runs them from a start in order to a stop in reverse.

mod builder;
mod check;
mod command;
mod director;
mod follow;
mod health_file;
mod life;
mod order;
mod start;
mod stop;

pub use self::builder::{DEFAULT_GRACE, Host};
pub(crate) use self::builder::{Prepared, Registered, Wave, Work};
pub(crate) use self::life::run;
