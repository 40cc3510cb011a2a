//! The thread that watches: it waits for hints, looks at the files, and has the options read again.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::bell::{Bell, Hints};
use super::contents::{Contents, watchable};
use super::debounce::Debounce;
use super::route::Route;
use super::system::{self, Open, Opened};
use crate::error::escaped;
use crate::options::shared::Shared;
use crate::panics;

/// How often the content is looked at although the system says that it tells of changes: it does not for what
/// another machine writes to a network folder, for the lower layer of an overlay, and when its queue of events
/// overflows. To read a few small files is nothing at this pace, and whoever edits them there waits for 5 s at
/// most.
const POLL: Duration = Duration::from_secs(5);

/// How often where the system does not tell: an edit should still show within about a second.
const POLL_ALONE: Duration = Duration::from_secs(1);

/// How often the way to the files is looked up anew where it changes while it is opened. After that the next
/// look is as good.
const OPEN_ATTEMPTS: usize = 3;

/// Options that are read from files.
pub(crate) trait Subject: Send + Sync {
    fn name(&self) -> Arc<str>;

    /// What to watch; it may be other files after each reading.
    fn files(&self) -> Vec<PathBuf>;

    /// Has them read again; a refusal is recorded.
    fn reload(&self);

    /// Has them read again, and says whether that went well; a refusal is not recorded.
    fn try_reload(&self) -> bool;
}

/// A watch over files, until it is dropped.
pub(crate) struct Watch(Arc<Bell>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// How it watches.
pub(super) struct Setup {
    pub(super) open: Open,
    pub(super) poll: Duration,
    pub(super) poll_alone: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self { open: Box::new(system::open), poll: POLL, poll_alone: POLL_ALONE }
    }
}

/// What `files` say, to be looked at before they are read for the first time: what changes from then on is
/// seen, even before the watch has begun.
pub(crate) fn look(files: Vec<PathBuf>) -> Contents {
    Contents::of(&watchable(files))
}

/// Watches the files of options for as long as these live; `before` is what they said before they were read.
pub(crate) fn start<T: PartialEq + Send + Sync + 'static>(shared: &Arc<Shared<T>>, before: Contents) {
    start_with(Setup::default(), shared, before);
}

pub(super) fn start_with<T>(setup: Setup, shared: &Arc<Shared<T>>, before: Contents)
where
    T: PartialEq + Send + Sync + 'static,
{
    if !shared.files().is_empty() {
        let subject: Arc<dyn Subject> = Arc::clone(shared) as _;
        shared.keep(watch(setup, &subject, before));
    }
}

fn watch(setup: Setup, subject: &Arc<dyn Subject>, before: Contents) -> Watch {
    let bell = Arc::new(Bell::new());
    let watch = Watch(Arc::clone(&bell));
    let poll_at = bell.now() + setup.poll;
    let watcher = Watcher {
        bell,
        setup,
        subject: Arc::downgrade(subject),
        debounce: Debounce::default(),
        poll_at,
        seen: before,
        in_doubt: false,
        route: Arc::default(),
        folders: Folders::Closed,
    };
    // A thread of its own, as it works without a host and while the runtime is blocked; it ends with the options.
    #[allow(clippy::disallowed_methods)]
    let spawned = std::thread::Builder::new().name("ostler-options".into()).spawn(move || watcher.run());
    if let Err(error) = spawned {
        tracing::warn!(options = %subject.name(), %error, "the files of options are not watched: no thread");
    }
    watch
}

struct Watcher {
    bell: Arc<Bell>,
    setup: Setup,
    /// Weak, and held for a look only: the options end when nobody else needs them.
    subject: Weak<dyn Subject>,
    debounce: Debounce,
    poll_at: Instant,
    seen: Contents,
    /// The last reading was refused, which was not recorded: it may have been half a file.
    in_doubt: bool,
    route: Arc<Route>,
    folders: Folders,
}

/// The folders on the route, and whether the system tells of them.
enum Folders {
    /// To be opened at the next look.
    Closed,
    Open(#[allow(dead_code, reason = "it is only held")] Opened),
    /// The system refused, so polling is all there is. For good: it is about as quick, and to ask again and
    /// again would use up what the process may lack.
    Refused,
}

impl Watcher {
    fn run(mut self) {
        // The first look: it opens the folders, and sees what has changed since the options were read.
        self.act(Self::poll);
        loop {
            let until = self.debounce.due().unwrap_or(self.poll_at);
            match self.bell.wait(until, self.debounce.due().is_none()) {
                Ok(hints) => self.hear(hints),
                Err(()) => return,
            }
            let now = self.bell.now();
            if self.debounce.take(now) {
                self.act(Self::read);
            } else if self.debounce.due().is_none() && self.poll_at <= now {
                self.act(Self::poll);
            }
        }
    }

    fn hear(&mut self, hints: Option<Hints>) {
        let Some(hints) = hints else { return };
        self.debounce.hint(hints.first);
        self.debounce.hint(hints.last);
        if hints.lost && matches!(self.folders, Folders::Open(_)) {
            self.folders = Folders::Closed;
        }
    }

    /// What it calls is a user's code in part, whose panic must not end the watch.
    fn act(&mut self, act: fn(&mut Self, &dyn Subject)) {
        let Some(subject) = self.subject.upgrade() else { return };
        if let Err(payload) = panics::catch(|| act(self, subject.as_ref())) {
            let message = panics::into_message(payload);
            tracing::error!(options = %subject.name(), panic = %escaped(&message), "reading options panicked");
        }
        self.poll_at = self.bell.now() + self.pace();
        // It may be the last one, with a user's values.
        panics::discard(subject);
    }

    /// A change that nobody told of is taken for a hint, as it may be half done.
    fn poll(&mut self, subject: &dyn Subject) {
        let files = self.follow(subject);
        if Contents::of(&files) != self.seen {
            self.debounce.hint(self.bell.now());
        }
    }

    fn read(&mut self, subject: &dyn Subject) {
        let files = self.follow(subject);
        // Before they are read: what changes between the two is seen as a change once more.
        let contents = Contents::of(&files);
        let is_another = contents != self.seen;
        self.seen = contents;
        if is_another || self.in_doubt {
            self.reload(subject);
            if watchable(subject.files()) != files {
                self.debounce.hint(self.bell.now());
            }
        }
    }

    /// The first refusal is kept back for one more debounce, as the file may just be in the middle of a save.
    fn reload(&mut self, subject: &dyn Subject) {
        if std::mem::take(&mut self.in_doubt) {
            subject.reload();
        } else if !subject.try_reload() {
            self.in_doubt = true;
            self.debounce.hint(self.bell.now());
        }
    }

    /// The files; the folders on the way to them are open from here on, so that the system tells of what
    /// happens while they are looked at.
    fn follow(&mut self, subject: &dyn Subject) -> Vec<PathBuf> {
        let files = watchable(subject.files());
        for _ in 0..OPEN_ATTEMPTS {
            let route = Route::to(&files);
            let is_known = matches!(self.folders, Folders::Open(_)) && route == *self.route;
            if is_known || matches!(self.folders, Folders::Refused) {
                break;
            }
            self.route = Arc::new(route);
            self.open(subject);
        }
        files
    }

    fn open(&mut self, subject: &dyn Subject) {
        // The old ones first, as the system has few to give.
        self.folders = Folders::Closed;
        match (self.setup.open)(&self.route, &self.bell) {
            Ok(opened) => self.folders = Folders::Open(opened),
            // A folder went just now; the next look finds the way as it is then.
            Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
            Err(error) => {
                self.folders = Folders::Refused;
                tracing::warn!(options = %subject.name(), error = %escaped(&system::reason(&error)),
                    "the files of options cannot be watched, they are looked at every {:?} instead",
                    self.setup.poll_alone);
            }
        }
    }

    fn pace(&self) -> Duration {
        if matches!(self.folders, Folders::Refused) { self.setup.poll_alone } else { self.setup.poll }
    }
}
