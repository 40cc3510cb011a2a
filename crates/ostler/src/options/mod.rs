//! Typed options: read from layers, validated, and live - the last good value stays.
//!
//! `shared.rs` holds the value and those who are told of a new one, `snapshot.rs` what one run sees of it; `watch/` sees when
//! the files are other ones. On the way there: `sources.rs` gathers the layers, each a `tree.rs` of values with their
//! `place.rs`, from `files.rs` (parsed by `text.rs`) and `variables.rs`; `layers.rs` merges them; `read.rs` makes a typed
//! value of it, or all that is wrong; `loader.rs` does it all, as `builder.rs` was told.

#[cfg(feature = "clap")]
mod args;
mod builder;
mod duration;
mod files;
mod layers;
mod leaves;
mod loader;
mod path;
mod place;
mod print;
mod problems;
mod read;
mod secret;
mod shared;
mod snapshot;
mod sources;
mod text;
mod tree;
mod variables;
#[cfg(feature = "options-watch")]
mod watch;

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "clap")]
pub use self::args::ConfigArgs;
pub use self::builder::OptionsBuilder;
pub use self::problems::Problems;
pub use self::secret::Secret;
use self::shared::Shared;
pub use self::shared::Subscription;
pub use self::snapshot::Snapshot;
pub(crate) use self::snapshot::Snapshots;
pub use self::text::Format;
use crate::live::{Live, Origin};
use crate::problem::ConfigError;

/// Typed options that may change while the program runs: always a valid value, the last good one.
///
/// Clones are cheap and share the value.
pub struct Options<T>(Arc<Shared<T>>);

impl<T: PartialEq + Send + Sync + 'static> Options<T> {
    /// Options with this value, from nowhere: for tests, and for programs that get their settings elsewhere and
    /// [`replace`](Self::replace) them.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Shared::new("options", value, None)))
    }

    /// The value as it is now. It stays as it is for as long as it is held, so that one piece of work sees one
    /// state of all options. One atomic operation; never waits.
    pub fn get(&self) -> Arc<T> {
        self.0.get()
    }

    /// A live value made from the options, to be given to a plan: `every(options.map(|o| o.period))`. `f` should be quick,
    /// and its result depend on nothing else.
    pub fn map<U>(&self, f: impl Fn(&T) -> U + Send + Sync + 'static) -> Live<U>
    where
        U: 'static,
    {
        Live::watched(shared::mapped(&self.0, f))
    }

    /// Calls `f` with the old and the new value whenever it has changed, until the subscription is dropped. Values that are
    /// equal notify nobody. The calls come one after the other on the thread that changes the options; a panic in
    /// one is logged and keeps nothing from the others.
    pub fn on_change(&self, f: impl Fn(&T, &T) + Send + Sync + 'static) -> Subscription {
        shared::subscribe(&self.0, f)
    }

    /// A value that is used once, when the program starts (an address, a folder, the capacity of a queue): it is returned, and
    /// from here on a change of it is logged as one that takes effect at the next start. `key` is what it is called there.
    ///
    /// ```
    /// # use ostler::Options;
    /// # #[derive(PartialEq)] struct Settings { capacity: usize }
    /// # let options = Options::new(Settings { capacity: 100 });
    /// let (uploads, items) = ostler::queue::bounded::<String>(options.at_start("capacity", |o| o.capacity));
    /// # drop((uploads, items));
    /// ```
    pub fn at_start<U: PartialEq>(
        &self,
        key: &'static str,
        f: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> U {
        let start = self.get();
        let value = f(&start);
        let said = move |old: &T, new: &T| {
            let now = f(new);
            if now != f(old) && now != f(&start) {
                tracing::warn!(key, "this option has changed; it takes effect at the next start");
            }
        };
        self.on_change(said).forever();
        value
    }

    /// Takes another value, if nobody objects. Whether it was another one. Of options that were loaded it stays until the files say
    /// something else.
    ///
    /// # Errors
    /// [`ConfigError`] where a plan or a validation refuses it; the value stays as it was.
    pub fn replace(&self, value: T) -> Result<bool, ConfigError> {
        self.0.offer(value)
    }

    /// Reads all layers again, as a change of a file or SIGHUP does; waits until that is done, so not for async code
    /// that must not block. Whether the value is another one. Options that were not loaded stay as they are.
    ///
    /// # Errors
    /// [`ConfigError`] where the layers cannot be used; the last good value stays, and health says so.
    pub fn reload(&self) -> Result<bool, ConfigError> {
        self.0.reload()
    }

    /// The options as a host sees them.
    pub(crate) fn origin(&self) -> Arc<dyn Origin> {
        Arc::clone(&self.0) as Arc<dyn Origin>
    }
}

impl<T> Clone for Options<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Options<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Options").field(&self.0.get()).finish()
    }
}
