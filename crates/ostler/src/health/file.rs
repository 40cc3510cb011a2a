//! The file that says that all is well: there while it is, and fresh.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file that is replaced as a whole or removed, so that nobody reads half of it.
#[derive(Debug, Clone)]
pub(crate) struct StatusFile {
    path: PathBuf,
    /// Beside it, as a rename does not cross file systems.
    draft: PathBuf,
}

impl StatusFile {
    /// `None` where `path` names no file.
    pub(crate) fn new(path: &Path) -> Option<Self> {
        let mut draft = path.file_name()?.to_owned();
        draft.push(".tmp");
        Some(Self { path: path.to_owned(), draft: path.with_file_name(draft) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, text: &str) -> io::Result<()> {
        // A draft that was left behind is removed and not written to: in a folder that others can write to, it may
        // be a link to something else.
        remove(&self.draft)?;
        let mut draft = OpenOptions::new().write(true).create_new(true).open(&self.draft)?;
        draft.write_all(text.as_bytes())?;
        drop(draft);
        fs::rename(&self.draft, &self.path)
    }

    /// It is gone afterwards, whether or not it was there.
    pub(crate) fn remove(&self) -> io::Result<()> {
        remove(&self.path)?;
        remove(&self.draft)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, gone at the end of the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("ostler-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn it_is_written_whole_replaced_and_removed() {
        let folder = Folder::new("whole");
        let path = folder.0.join("healthy");
        let file = StatusFile::new(&path).unwrap();
        file.remove().unwrap();
        for text in ["Healthy\n", "Degraded\nslow\n"] {
            file.write(text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "no draft is left");
        }
        file.remove().unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_way_is_replaced_and_not_followed() {
        let folder = Folder::new("link");
        let (path, precious) = (folder.0.join("healthy"), folder.0.join("precious"));
        fs::write(&precious, "keep").unwrap();
        for link in ["healthy", "healthy.tmp"] {
            std::os::unix::fs::symlink(&precious, folder.0.join(link)).unwrap();
        }
        StatusFile::new(&path).unwrap().write("Healthy\n").unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "keep");
        assert_eq!(fs::read_to_string(&path).unwrap(), "Healthy\n");
    }

    #[test]
    fn what_names_no_file_is_none() {
        assert!(StatusFile::new(Path::new("")).is_none());
        assert!(StatusFile::new(Path::new("/")).is_none());
    }
}
