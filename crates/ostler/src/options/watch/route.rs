//! The way from a path to its file: in which folders something could happen that makes it another file.
//!
//! That is the folder of the file and the folder of each symbolic link on the way, or the last folder that
//! exists where the way ends before the file. A ConfigMap's file leads over two links; only the second one is
//! ever replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// See the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Route {
    /// Each with what tells it from another folder at the same path.
    folders: BTreeMap<PathBuf, Option<Identity>>,
    /// Files and links in them, by their names alone: some systems tell of a folder by another path than the
    /// one they were asked to watch.
    names: BTreeSet<OsString>,
}

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = std::time::SystemTime;

impl Route {
    /// The way to all `files`, which are absolute, as it is now.
    pub(super) fn to(files: &[PathBuf]) -> Self {
        let mut route = Self::default();
        files.iter().for_each(|file| route.follow(file.clone()));
        route
    }

    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.keys().map(PathBuf::as_path)
    }

    /// Whether it leads through the folder `path`.
    pub(super) fn has_folder(&self, path: &Path) -> bool {
        self.folders.contains_key(path)
    }

    /// Whether `path` has the name of something on the way.
    pub(super) fn has_name(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.contains(name))
    }

    fn follow(&mut self, mut path: PathBuf) {
        for _ in 0..MAX_LINKS {
            match self.up_to_a_link(&path) {
                Some(beyond) => path = beyond,
                None => return,
            }
        }
    }

    /// Walks to the first link, and gives the path with that link replaced by where it leads.
    fn up_to_a_link(&mut self, path: &Path) -> Option<PathBuf> {
        let mut here = PathBuf::new();
        let mut ahead = path.components();
        while let Some(component) = ahead.next() {
            let folder = here.clone();
            match component {
                // Right, as no link is left in `here`.
                Component::ParentDir => drop(here.pop()),
                other => here.push(other),
            }
            let Component::Normal(name) = component else { continue };
            let found = fs::symlink_metadata(&here).ok();
            if found.as_ref().is_some_and(fs::Metadata::is_symlink) {
                // Links in the root are the system's (`/bin`), and nobody swaps those while it runs.
                if folder.parent().is_some() {
                    self.add(&folder, name.to_owned());
                }
                return Some(folder.join(fs::read_link(&here).ok()?).join(ahead.as_path()));
            }
            let goes_on = found.is_some_and(|found| found.is_dir()) && ahead.clone().next().is_some();
            if !goes_on {
                self.add(&folder, name.to_owned());
                return None;
            }
        }
        None
    }

    fn add(&mut self, folder: &Path, name: OsString) {
        self.folders.insert(folder.to_owned(), identity(folder));
        self.names.insert(name);
    }
}

#[cfg(unix)]
fn identity(folder: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(folder: &Path) -> Option<Identity> {
    fs::metadata(folder).and_then(|found| found.created()).ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::tests::Folder;
    use super::*;

    fn folders_and_names(route: &Route) -> (Vec<&Path>, Vec<&str>) {
        (route.folders().collect(), route.names.iter().map(|name| name.to_str().unwrap()).collect())
    }

    #[test]
    fn it_leads_over_each_link_to_the_file() {
        let folder = Folder::new();
        let (mount, version) = (folder.at("mount"), folder.at("mount/..2026_1"));
        fs::create_dir_all(&version).unwrap();
        fs::write(version.join("app.toml"), "").unwrap();
        symlink("..2026_1", mount.join("..data")).unwrap();
        symlink("..data/app.toml", mount.join("app.toml")).unwrap();
        let route = Route::to(&[mount.join("app.toml")]);
        assert_eq!(
            folders_and_names(&route),
            (vec![mount.as_path(), version.as_path()], vec!["..data", "app.toml"])
        );
    }

    #[test]
    fn it_ends_in_the_last_folder_that_exists() {
        let folder = Folder::new();
        let route = Route::to(&[folder.at("not/there/app.toml"), folder.at("./x/../app.toml")]);
        assert_eq!(folders_and_names(&route), (vec![folder.path()], vec!["not", "x"]));
    }

    #[test]
    fn links_in_a_circle_have_an_end() {
        let folder = Folder::new();
        symlink("b", folder.at("a")).unwrap();
        symlink("a", folder.at("b")).unwrap();
        let route = Route::to(&[folder.at("a")]);
        assert_eq!(folders_and_names(&route), (vec![folder.path()], vec!["a", "b"]));
    }

    #[test]
    fn a_new_folder_in_the_place_of_an_old_one_is_another_route() {
        let folder = Folder::new();
        let (conf, files) = (folder.at("conf"), [folder.at("conf/app.toml")]);
        fs::create_dir(&conf).unwrap();
        let before = Route::to(&files);
        assert_eq!(Route::to(&files), before);
        fs::create_dir(folder.at("new")).unwrap();
        fs::rename(&conf, folder.at("old")).unwrap();
        fs::rename(folder.at("new"), &conf).unwrap();
        assert_ne!(Route::to(&files), before);
    }
}
