//! What the system tells of folders, through the crate `notify`.

use std::fmt;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecursiveMode, Watcher};

use super::bell::Bell;
use super::route::Route;
use crate::panics;

/// Watches all folders of a route, and rings the bell. The seam at which a test makes the system refuse.
pub(super) type Open = Box<dyn Fn(&Arc<Route>, &Arc<Bell>) -> notify::Result<Opened> + Send>;

/// Folders that are watched until this is dropped.
pub(super) struct Opened(Option<Box<dyn Send>>);

impl Opened {
    pub(super) fn new(watcher: impl Send + 'static) -> Self {
        Self(Some(Box::new(watcher)))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // `notify` panics here where the system did not give it the thread that it counts on.
        panics::discard(self.0.take());
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

/// The real one.
///
/// # Errors
/// Whatever the system says: too many watches, too many open files, a folder that must not be read or is gone.
pub(super) fn open(route: &Arc<Route>, bell: &Arc<Bell>) -> notify::Result<Opened> {
    let mut watcher = notify::recommended_watcher(listener(Arc::clone(route), Arc::clone(bell)))?;
    // Caught while the watcher is not dropped on the way: a panic of its `Drop` during another one ends the process.
    let added = panics::catch(|| add(&mut watcher, route));
    let opened = Opened::new(watcher);
    match added {
        Ok(added) => added.map(|()| opened),
        Err(payload) => Err(notify::Error::generic(&panics::into_message(payload))),
    }
}

fn add(watcher: &mut impl Watcher, route: &Route) -> notify::Result<()> {
    let mut paths = watcher.paths_mut();
    route.folders().try_for_each(|folder| paths.add(folder, RecursiveMode::NonRecursive))?;
    paths.commit()
}

fn listener(route: Arc<Route>, bell: Arc<Bell>) -> impl Fn(notify::Result<Event>) {
    move |event| match event {
        Ok(event) if !concerns(&event, &route) => {}
        Ok(event) => bell.hint(is_lost(&event, &route)),
        Err(_) => bell.hint(true),
    }
}

/// Whether it is about a file, a link or a folder on the way. A log file that grows beside them is nobody's
/// business, and to open a file for reading changes nothing: we do it ourselves, and would be told of it
/// without end.
fn concerns(event: &Event, route: &Route) -> bool {
    let writes = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let is_ours = event.paths.iter().any(|path| route.has_name(path) || route.has_folder(path));
    event.need_rescan() || event.paths.is_empty() || (writes && is_ours)
}

/// Whether a folder is not watched any more: it is gone or is called something else, or nobody knows.
fn is_lost(event: &Event, route: &Route) -> bool {
    let goes = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
    event.need_rescan() || (goes && event.paths.iter().any(|path| route.has_folder(path)))
}

/// Why it cannot be watched, for who reads the log: with the limit that was hit, where it is one.
pub(super) fn reason(error: &notify::Error) -> String {
    const EMFILE: i32 = 24;
    const ENOSPC: i32 = 28;
    let code = match &error.kind {
        notify::ErrorKind::Io(error) => error.raw_os_error(),
        notify::ErrorKind::MaxFilesWatch => Some(ENOSPC),
        _ => None,
    };
    let hint = match code {
        Some(EMFILE) if cfg!(target_os = "linux") => {
            " (see the limit of open files, and fs.inotify.max_user_instances)"
        }
        Some(ENOSPC) if cfg!(target_os = "linux") => " (see fs.inotify.max_user_watches)",
        _ => "",
    };
    format!("{error}{hint}")
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, Flag, RemoveKind, RenameMode};

    use super::super::tests::Folder;
    use super::*;

    const OPENED: EventKind = EventKind::Access(AccessKind::Open(AccessMode::Any));
    const WRITTEN: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const RENAMED: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));

    #[test]
    fn only_what_happens_on_the_way_to_the_files_counts() {
        let folder = Folder::new();
        let route = Route::to(&[folder.at("app.toml")]);
        let says = |kind, path: &str| {
            let event = Event::new(kind).add_path(folder.at(path));
            (concerns(&event, &route), is_lost(&event, &route))
        };
        assert_eq!(says(WRITTEN, "app.toml"), (true, false));
        assert_eq!(says(RENAMED, "app.toml"), (true, false));
        assert_eq!(says(EventKind::Create(CreateKind::File), "app.toml"), (true, false));
        assert_eq!(says(OPENED, "app.toml"), (false, false));
        assert_eq!(says(WRITTEN, "app.log"), (false, false));
        assert_eq!(says(EventKind::Remove(RemoveKind::Folder), ""), (true, true));
        assert_eq!(says(OPENED, ""), (false, false));
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!((concerns(&overflow, &route), is_lost(&overflow, &route)), (true, true));
    }

    #[test]
    fn a_rename_tells_of_both_names() {
        let folder = Folder::new();
        let route = Route::to(&[folder.at("app.toml")]);
        let event = Event::new(RENAMED).add_path(folder.at(".app.toml.swp")).add_path(folder.at("app.toml"));
        assert!(concerns(&event, &route));
    }

    #[test]
    fn a_watcher_that_panics_in_its_drop_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("no thread");
            }
        }
        drop(Opened::new(Bomb));
    }
}
