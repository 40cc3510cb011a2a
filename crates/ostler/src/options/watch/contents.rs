//! What files say, as far as it takes to tell whether they say something else now.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::files::LARGEST;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents(BTreeMap<PathBuf, Content>);

/// A hash and not the bytes, some of which are secrets and should not lie about in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Bytes {
        length: usize,
        hash: u64,
    },
    /// More than is ever read: what the system says of it is enough.
    TooLarge {
        length: u64,
        modified: Option<SystemTime>,
    },
    Unreadable(io::ErrorKind),
}

impl Contents {
    pub(super) fn of(files: &[PathBuf]) -> Self {
        Self(files.iter().map(|file| (file.clone(), Content::of(file))).collect())
    }
}

impl Content {
    fn of(file: &Path) -> Self {
        Self::read(file).unwrap_or_else(|error| Self::Unreadable(error.kind()))
    }

    fn read(file: &Path) -> io::Result<Self> {
        let found = fs::metadata(file)?;
        if !found.is_file() {
            // It may have become a pipe, and opening one waits for who writes into it.
            return Ok(Self::Unreadable(io::ErrorKind::InvalidInput));
        }
        if found.len() > LARGEST {
            return Ok(Self::TooLarge { length: found.len(), modified: found.modified().ok() });
        }
        let mut bytes = Vec::new();
        // It may grow while it is read.
        fs::File::open(file)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Ok(Self::Bytes { length: bytes.len(), hash: hasher.finish() })
    }
}

/// Those of `files` that can be watched, by absolute paths. What is there and is no file is left out: a pipe
/// gives what it has only once, and reading a device may never end.
pub(super) fn watchable(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_file_or_missing = |file: &PathBuf| fs::metadata(file).map_or(true, |found| found.is_file());
    let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
    files.into_iter().filter(is_file_or_missing).map(absolute).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Folder;
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_there_and_no_file_is_left_out() {
        let folder = Folder::new();
        fs::write(folder.at("app"), "").unwrap();
        let files = vec!["/dev/null".into(), folder.at(""), folder.at("not-there"), folder.at("app")];
        assert_eq!(watchable(files), [folder.at("not-there"), folder.at("app")]);
    }

    #[test]
    fn they_are_others_when_a_file_says_something_else_comes_or_goes() {
        let folder = Folder::new();
        let files = [folder.at("app")];
        let missing = Contents::of(&files);
        fs::write(&files[0], "one").unwrap();
        let one = Contents::of(&files);
        fs::write(&files[0], "two").unwrap();
        let two = Contents::of(&files);
        fs::write(&files[0], "one").unwrap();
        assert_eq!(Contents::of(&files), one);
        assert!(one != two && one != missing && two != missing);
        assert_ne!(Contents::of(&[]), missing);
    }

    #[test]
    fn what_is_too_large_to_be_read_is_not_read_here_either() {
        let folder = Folder::new();
        let files = [folder.at("app")];
        let file = fs::File::create(&files[0]).unwrap();
        let begin = SystemTime::UNIX_EPOCH;
        let of = |length, modified| {
            file.set_len(length).unwrap();
            file.set_modified(modified).unwrap();
            Contents::of(&files)
        };
        let later = begin + std::time::Duration::from_secs(1);
        let large = of(LARGEST + 1, begin);
        assert_eq!(of(LARGEST + 1, begin), large);
        assert!(of(LARGEST + 1, later) != large && of(LARGEST + 2, begin) != large);
        // A file that is read is the same whenever it was written.
        assert_eq!(of(LARGEST, begin), of(LARGEST, later));
    }

    #[cfg(unix)]
    #[test]
    fn what_has_become_a_pipe_is_not_waited_for() {
        let folder = Folder::new();
        let pipe = folder.at("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_ne!(Contents::of(std::slice::from_ref(&pipe)), Contents::of(&[folder.at("not-there")]));
        assert!(matches!(Content::of(&pipe), Content::Unreadable(_)));
    }

    #[test]
    fn paths_become_absolute() {
        let expected = std::env::current_dir().unwrap().join("not-there.toml");
        assert_eq!(watchable(vec!["not-there.toml".into()]), [expected]);
    }
}
