//! Values that may change while the host runs, and what the host needs of wherever they come from.
//!
//! Where they come from is not known here: [`Options`](crate::Options) are one such place.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::watch;

/// A value that may change while the host runs: a period, a timeout, a number of workers. Made by
/// [`Options::map`](crate::Options::map); a plain value is one that never changes.
///
/// ```
/// use ostler::{Live, MINUTE, Options};
///
/// #[derive(PartialEq)]
/// struct Settings { workers: usize }
///
/// let options = Options::new(Settings { workers: 4 });
/// let workers: Live<usize> = options.map(|settings| settings.workers);
/// assert_eq!(workers.get(), 4);
/// let period = Live::from(MINUTE);
/// assert_eq!(period.get(), MINUTE);
/// ```
#[derive(Clone)]
pub struct Live<T>(Inner<T>);

#[derive(Clone)]
enum Inner<T> {
    Fixed(T),
    Watched(Arc<dyn Watched<T>>),
}

/// What a candidate for a value is held against before it is taken.
pub(crate) struct Guard<T> {
    /// Whom it is for: of no concern any more when that is gone. `None`: for ever.
    pub(crate) lease: Option<Weak<()>>,
    pub(crate) check: Box<Objects<T>>,
}

/// Says why a candidate cannot be taken.
type Objects<T> = dyn Fn(&T) -> Result<(), String> + Send + Sync;

impl<T> Guard<T> {
    pub(crate) fn is_needed(&self) -> bool {
        self.lease.as_ref().is_none_or(|lease| lease.strong_count() > 0)
    }
}

/// A value that somebody changes.
pub(crate) trait Watched<T>: Send + Sync {
    fn get(&self) -> T;

    /// Where it comes from.
    fn origin(&self) -> Arc<dyn Origin>;

    /// From here on a candidate that `guard` refuses is refused as a whole, with its words.
    fn guard(&self, guard: Guard<T>);
}

/// Where live values come from, without their type.
pub(crate) trait Origin: Send + Sync {
    /// Tells it from all others of this process.
    fn id(&self) -> u64;

    /// Changes whenever its values have.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Calls `call` after each change, for as long as it lives, on the thread that changed it.
    #[cfg(feature = "logs")]
    fn on_change(&self, call: Box<dyn Fn() + Send + Sync>);

    /// Reads its values again, and returns when that is done. What comes of it is logged and stands in its standing.
    fn reload(&self);

    fn standing(&self) -> OriginStanding;
}

/// How well a source of live values is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginStanding {
    /// What it is called.
    pub(crate) name: Arc<str>,
    /// Why what it was given last was refused; the last good values are in use.
    pub(crate) trouble: Option<Arc<str>>,
    /// How often new values were taken.
    pub(crate) taken: u64,
    /// How often they were refused.
    pub(crate) refused: u64,
}

impl<T> Live<T> {
    pub(crate) fn watched(by: Arc<dyn Watched<T>>) -> Self {
        Self(Inner::Watched(by))
    }

    /// Where it comes from; `None` where it never changes.
    pub(crate) fn origin(&self) -> Option<Arc<dyn Origin>> {
        match &self.0 {
            Inner::Fixed(_) => None,
            Inner::Watched(watched) => Some(watched.origin()),
        }
    }

    /// Refuses candidates from here on, for as long as `lease` lives. A value that never changes is checked where it is used.
    pub(crate) fn guard(
        &self,
        lease: &Arc<()>,
        check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.add_guard(Guard { lease: Some(Arc::downgrade(lease)), check: Box::new(check) });
    }

    /// The same for ever.
    pub(crate) fn guard_for_ever(&self, check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static) {
        self.add_guard(Guard { lease: None, check: Box::new(check) });
    }

    fn add_guard(&self, guard: Guard<T>) {
        if let Inner::Watched(watched) = &self.0 {
            watched.guard(guard);
        }
    }
}

#[cfg(feature = "logs")]
impl<T> Live<T> {
    /// Calls `call` whenever the value may be another one. It needs no runtime, and is never called for one that never
    /// changes.
    pub(crate) fn on_change(&self, call: impl Fn() + Send + Sync + 'static) {
        if let Some(origin) = self.origin() {
            origin.on_change(Box::new(call));
        }
    }
}

impl<T: Clone> Live<T> {
    /// The value as it is now.
    pub fn get(&self) -> T {
        match &self.0 {
            Inner::Fixed(value) => value.clone(),
            Inner::Watched(watched) => watched.get(),
        }
    }
}

impl<T: Clone + PartialEq> Live<T> {
    /// Waits until the value is another than `known`, and returns it; at once where it is already. One that never changes
    /// is waited for without end.
    ///
    /// ```
    /// # use ostler::{Live, Stop};
    /// # use std::time::Duration;
    /// async fn poll(stop: Stop, period: Live<Duration>) {
    ///     let mut current = period.get();
    ///     while !stop.is_requested() {
    ///         tokio::select! {
    ///             changed = period.changed(&current) => current = changed,
    ///             () = stop.requested() => {}
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// Cancel safe: it keeps nothing between calls.
    pub async fn changed(&self, known: &T) -> T {
        let Inner::Watched(watched) = &self.0 else { return std::future::pending().await };
        let mut changes = watched.origin().changes();
        loop {
            changes.borrow_and_update();
            let value = watched.get();
            if value != *known {
                return value;
            }
            if changes.changed().await.is_err() {
                // Nobody is left who could change it.
                return std::future::pending().await;
            }
        }
    }
}

impl<T> From<T> for Live<T> {
    fn from(value: T) -> Self {
        Self(Inner::Fixed(value))
    }
}

impl From<&str> for Live<String> {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl<T: Clone + fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if matches!(self.0, Inner::Fixed(_)) { "Fixed" } else { "Watched" };
        f.debug_tuple(kind).field(&self.get()).finish()
    }
}
