//! One state of some options, which a run keeps from its first look to its end.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use super::Options;
use crate::live::Origin;

/// The options as one run sees them, as an argument of a handler: all attempts of the run are given the same, whatever changes
/// meanwhile. They are taken when the run first asks for them; its timeout and attempts are those of the moment when it began. The
/// host's state must have the [`Options<T>`] in it.
///
/// ```
/// use std::time::Duration;
/// use ostler::{Options, Snapshot};
///
/// #[derive(PartialEq)]
/// struct Settings { keep: Duration }
///
/// #[derive(Clone)]
/// struct App { options: Options<Settings> }
///
/// ostler::state! { App { options: Options<Settings> } }
///
/// async fn cleanup(settings: Snapshot<Settings>) {
///     println!("deleting what is older than {:?}", settings.keep);
/// }
/// # drop(cleanup);
/// ```
pub struct Snapshot<T>(pub Arc<T>);

impl<T> Deref for Snapshot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(&self.0).finish()
    }
}

/// The snapshots that one run has taken.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<Vec<(u64, Arc<dyn Any + Send + Sync>)>>);

impl Snapshots {
    pub(crate) fn of<T: PartialEq + Send + Sync + 'static>(&self, options: &Options<T>) -> Arc<T> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = options.0.id();
        let known = taken.iter().find(|(its, _)| *its == id).map(|(_, value)| Arc::clone(value));
        if let Some(value) = known.and_then(|value| value.downcast().ok()) {
            return value;
        }
        let value = options.get();
        taken.push((id, Arc::clone(&value) as Arc<dyn Any + Send + Sync>));
        value
    }
}
