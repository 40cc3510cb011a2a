//! The value that all clones of some options share, who may refuse another, and who is told of it.

use std::collections::VecDeque;
use std::fmt;
#[cfg(feature = "options-watch")]
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::ThreadId;

use arc_swap::ArcSwap;
use tokio::sync::watch;

#[cfg(feature = "options-watch")]
use super::watch::{Subject, Watch};
use crate::live::{Guard, Origin, OriginStanding, Watched};
use crate::panics;
use crate::problem::{ConfigError, Problem};

/// Reads the whole configuration anew: a valid value or all that is wrong.
pub(crate) trait Load<T>: Send + Sync {
    fn load(&self) -> Result<T, ConfigError>;

    /// Whether a value from elsewhere is as valid as one that was read.
    fn check(&self, value: &T) -> Result<(), ConfigError>;

    /// The keys in which the value that was read last differs from `old`, each with its place.
    fn changed(&self, old: &T, new: &T) -> Vec<Problem>;

    /// The files that it reads, and those that it would read if they were there: what to watch.
    #[cfg(feature = "options-watch")]
    fn files(&self) -> Vec<PathBuf>;
}

/// See the module.
pub(crate) struct Shared<T> {
    id: u64,
    name: Arc<str>,
    value: ArcSwap<T>,
    load: Option<Box<dyn Load<T>>>,
    /// Held while a value is judged and swapped: one after the other.
    turn: Mutex<()>,
    /// Whose turn it is.
    judge: Mutex<Option<ThreadId>>,
    guards: Mutex<Vec<Arc<Guard<T>>>>,
    listeners: Mutex<Listeners<T>>,
    /// Changes that the listeners are still to be told of.
    untold: Mutex<Untold<T>>,
    changes: watch::Sender<u64>,
    trouble: Mutex<Option<Arc<str>>>,
    taken: AtomicU64,
    refused: AtomicU64,
    /// Ends with this.
    #[cfg(feature = "options-watch")]
    watch: std::sync::OnceLock<Watch>,
}

/// Who is called, each with a number by which it leaves again.
struct Listeners<T> {
    next: u64,
    calls: Vec<(u64, Arc<Listener<T>>)>,
}

/// Changes, old and new, in their order. One thread at a time tells of them, and of those that come meanwhile: also where a
/// listener itself causes one.
struct Untold<T> {
    changes: VecDeque<(Arc<T>, Arc<T>)>,
    is_being_told: bool,
}

struct Listener<T> {
    /// Until its subscription is dropped.
    is_wanted: AtomicBool,
    call: Box<Call<T>>,
}

/// Is told the old and the new value.
type Call<T> = dyn Fn(&T, &T) + Send + Sync;

impl<T> Listener<T> {
    fn new(call: impl Fn(&T, &T) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { is_wanted: AtomicBool::new(true), call: Box::new(call) })
    }
}

impl<T> Shared<T> {
    pub(crate) fn new(name: &str, value: T, load: Option<Box<dyn Load<T>>>) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            value: ArcSwap::from_pointee(value),
            load,
            turn: Mutex::default(),
            judge: Mutex::default(),
            guards: Mutex::default(),
            listeners: Mutex::new(Listeners { next: 0, calls: Vec::new() }),
            untold: Mutex::new(Untold { changes: VecDeque::new(), is_being_told: false }),
            changes: watch::channel(0).0,
            trouble: Mutex::default(),
            taken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            #[cfg(feature = "options-watch")]
            watch: std::sync::OnceLock::new(),
        }
    }

    /// Keeps the watch over its files.
    #[cfg(feature = "options-watch")]
    pub(crate) fn keep(&self, watch: Watch) {
        // There is one, at the making of the options.
        let _ = self.watch.set(watch);
    }

    pub(crate) fn get(&self) -> Arc<T> {
        self.value.load_full()
    }
}

impl<T: PartialEq> Shared<T> {
    /// Reads all layers again, and takes what they say.
    pub(crate) fn reload(&self) -> Result<bool, ConfigError> {
        let Some(load) = &self.load else { return Ok(false) };
        let taken = self.in_turn(|| {
            let judged = load.load().and_then(|value| self.judge(value));
            self.record(&judged);
            judged.map(|value| self.swap(value))
        });
        self.tell();
        taken
    }

    /// As [`reload`](Self::reload), but what is refused leaves no trace: it may be half a file.
    #[cfg(feature = "options-watch")]
    fn try_reload(&self) -> Result<bool, ConfigError> {
        let Some(load) = &self.load else { return Ok(false) };
        let taken = self.in_turn(|| {
            let value = load.load().and_then(|value| self.judge(value))?;
            self.record(&Ok(&value));
            Ok(self.swap(value))
        });
        self.tell();
        taken
    }

    /// Takes `value` from the program itself, if nobody objects. Where there are files, trouble is theirs alone: a value from
    /// elsewhere neither mends nor breaks them, and whoever offers it is answered.
    pub(crate) fn offer(&self, value: T) -> Result<bool, ConfigError> {
        let taken = self.in_turn(|| {
            let checked = self.load.as_ref().map_or(Ok(()), |load| load.check(&value));
            let judged = checked.and_then(|()| self.judge(value));
            match self.load {
                None => self.record(&judged),
                Some(_) if judged.is_err() => self.count_refusal(),
                Some(_) => {}
            }
            judged.map(|value| self.swap(value))
        });
        self.tell();
        taken
    }

    /// One after the other. A check that itself wants other options is refused, as it would wait for itself.
    fn in_turn(&self, take: impl FnOnce() -> Result<bool, ConfigError>) -> Result<bool, ConfigError> {
        if self.is_own_turn() {
            return Err(Problem::new("", "a check of options cannot change them").into());
        }
        let _turn = lock(&self.turn);
        *lock(&self.judge) = Some(std::thread::current().id());
        let _judge = Judging(&self.judge);
        take()
    }

    /// All objections at once. A guard is a user's code in part: its panic is an objection.
    fn judge(&self, value: T) -> Result<T, ConfigError> {
        let object = |guard: &Guard<T>| {
            panics::catch(|| (guard.check)(&value)).unwrap_or_else(|payload| {
                Err(format!("a check of it panicked: {}", panics::into_message(payload)))
            })
        };
        let guards: Vec<Arc<Guard<T>>> = {
            let mut guards = lock(&self.guards);
            guards.retain(|guard| guard.is_needed());
            guards.clone()
        };
        let objections: Vec<String> = guards.iter().filter_map(|guard| object(guard).err()).collect();
        if objections.is_empty() {
            return Ok(value);
        }
        let changed = self.load.as_ref().map(|load| load.changed(&self.get(), &value)).unwrap_or_default();
        // A rejected value is a user's.
        panics::discard(value);
        let problem = |objection: &String| blame(&changed, &crate::error::escaped(objection));
        Err(ConfigError::new(objections.iter().map(problem).collect()))
    }

    /// What was read last can be used, or not.
    fn record<V>(&self, judged: &Result<V, ConfigError>) {
        let Err(error) = judged else {
            if lock(&self.trouble).take().is_some() {
                tracing::info!(options = %self.name, "options are valid again");
            }
            return;
        };
        self.count_refusal();
        let text: Arc<str> = error.to_string().into();
        let before = lock(&self.trouble).replace(Arc::clone(&text));
        if before.as_ref() != Some(&text) {
            tracing::error!(options = %self.name, error = %crate::error::escaped(&text),
                "options refused, the last good values stay");
        }
    }

    fn count_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Swaps, and notes that everybody is to be told; not where the value is the same.
    fn swap(&self, value: T) -> bool {
        let old = self.value.load_full();
        if *old == value {
            return false;
        }
        let new = Arc::new(value);
        self.value.store(Arc::clone(&new));
        self.taken.fetch_add(1, Ordering::Relaxed);
        tracing::info!(options = %self.name, "options changed");
        self.changes.send_modify(|version| *version += 1);
        lock(&self.untold).changes.push_back((old, new));
        true
    }

    /// Tells the listeners of all changes, unless somebody is doing so.
    fn tell(&self) {
        loop {
            let (old, new) = {
                let mut untold = lock(&self.untold);
                if untold.is_being_told {
                    return;
                }
                let Some(change) = untold.changes.pop_front() else { return };
                untold.is_being_told = true;
                change
            };
            // Also where a log that listens panics.
            let telling = panics::catch(|| self.call_listeners(&old, &new));
            // A user's values.
            panics::discard((old, new, telling));
            lock(&self.untold).is_being_told = false;
        }
    }

    fn call_listeners(&self, old: &T, new: &T) {
        let calls: Vec<_> = lock(&self.listeners).calls.iter().map(|(_, call)| Arc::clone(call)).collect();
        for call in calls {
            let is_wanted = call.is_wanted.load(Ordering::Acquire);
            if is_wanted && let Err(payload) = panics::catch(|| (call.call)(old, new)) {
                let message = panics::into_message(payload);
                tracing::error!(options = %self.name, panic = %crate::error::escaped(&message),
                    "a call for changed options panicked");
            }
            // It may be the last one of it, with a user's captures.
            panics::discard(call);
        }
    }
}

/// A refusal by a plan, which knows no keys: it is about one of those that have changed.
fn blame(changed: &[Problem], objection: &str) -> Problem {
    /// More would not help.
    const SHOWN: usize = 3;
    let places: Vec<&str> = changed.iter().filter_map(Problem::place).take(SHOWN).collect();
    let problem = match changed {
        [one] => Problem::new(one.key(), objection),
        _ => Problem::new("", objection),
    };
    if places.is_empty() { problem } else { problem.at(places.join(", ")) }
}

/// The turn of a thread, until this is dropped.
struct Judging<'a>(&'a Mutex<Option<ThreadId>>);

impl Drop for Judging<'_> {
    fn drop(&mut self) {
        *lock(self.0) = None;
    }
}

impl<T: PartialEq + Send + Sync + 'static> Origin for Shared<T> {
    fn id(&self) -> u64 {
        self.id
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    #[cfg(feature = "logs")]
    fn on_change(&self, call: Box<dyn Fn() + Send + Sync>) {
        let mut listeners = lock(&self.listeners);
        listeners.next += 1;
        let number = listeners.next;
        listeners.calls.push((number, Listener::new(move |_: &T, _: &T| call())));
    }

    fn reload(&self) {
        // Said in the log and in health.
        let _ = Shared::reload(self);
    }

    fn standing(&self) -> OriginStanding {
        OriginStanding {
            name: Arc::clone(&self.name),
            trouble: lock(&self.trouble).clone(),
            taken: self.taken.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

impl<T> Shared<T> {
    /// Whether this very thread is judging a value.
    fn is_own_turn(&self) -> bool {
        *lock(&self.judge) == Some(std::thread::current().id())
    }

    /// A value that is being judged is swapped in before the guard counts: whoever adds it and then looks sees that value, or
    /// has it judged.
    fn add_guard(&self, guard: Guard<T>) {
        let _turn = (!self.is_own_turn()).then(|| lock(&self.turn));
        lock(&self.guards).push(Arc::new(guard));
    }
}

#[cfg(feature = "options-watch")]
impl<T: PartialEq + Send + Sync> Subject for Shared<T> {
    fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    fn files(&self) -> Vec<PathBuf> {
        self.load.as_ref().map(|load| load.files()).unwrap_or_default()
    }

    fn reload(&self) {
        // Said in the log and in health.
        let _ = self.reload();
    }

    fn try_reload(&self) -> bool {
        self.try_reload().is_ok()
    }
}

/// A live value: a function of the options.
struct Mapped<T, F> {
    shared: Arc<Shared<T>>,
    f: Arc<F>,
}

pub(crate) fn mapped<T, U, F>(shared: &Arc<Shared<T>>, f: F) -> Arc<dyn Watched<U>>
where
    T: PartialEq + Send + Sync + 'static,
    U: 'static,
    F: Fn(&T) -> U + Send + Sync + 'static,
{
    Arc::new(Mapped { shared: Arc::clone(shared), f: Arc::new(f) })
}

impl<T, U, F> Watched<U> for Mapped<T, F>
where
    T: PartialEq + Send + Sync + 'static,
    U: 'static,
    F: Fn(&T) -> U + Send + Sync + 'static,
{
    fn get(&self) -> U {
        (self.f)(&self.shared.value.load())
    }

    fn origin(&self) -> Arc<dyn Origin> {
        Arc::clone(&self.shared) as Arc<dyn Origin>
    }

    fn guard(&self, guard: Guard<U>) {
        let f = Arc::clone(&self.f);
        let Guard { lease, check } = guard;
        let check = Box::new(move |candidate: &T| check(&f(candidate)));
        self.shared.add_guard(Guard { lease, check });
    }
}

/// A call for changed options, until this is dropped. See [`Options::on_change`](crate::Options::on_change).
#[must_use = "dropped, it is called no more; `forever` keeps it"]
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Subscription {
    /// Keeps the call for as long as the options live.
    pub fn forever(mut self) {
        self.0 = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(leave) = self.0.take() {
            leave();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

pub(crate) fn subscribe<T: Send + Sync + 'static>(
    shared: &Arc<Shared<T>>,
    f: impl Fn(&T, &T) + Send + Sync + 'static,
) -> Subscription {
    let number = {
        let mut listeners = lock(&shared.listeners);
        listeners.next += 1;
        let number = listeners.next;
        listeners.calls.push((number, Listener::new(f)));
        number
    };
    let shared: Weak<Shared<T>> = Arc::downgrade(shared);
    Subscription(Some(Box::new(move || {
        let Some(shared) = shared.upgrade() else { return };
        let mut listeners = lock(&shared.listeners);
        let left = listeners.calls.iter().position(|(its, _)| *its == number);
        let left = left.map(|at| listeners.calls.remove(at));
        drop(listeners);
        if let Some((_, listener)) = &left {
            listener.is_wanted.store(false, Ordering::Release);
        }
        // Its captures are a user's values.
        panics::discard(left);
    })))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
