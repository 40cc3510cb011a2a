//! What files say, as far as it takes to tell whether they say something else now.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents(BTreeMap<PathBuf, Content>);

/// A hash and not the bytes, some of which are secrets and should not lie about in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Bytes { length: usize, hash: u64 },
    Unreadable(io::ErrorKind),
}

impl Contents {
    pub(super) fn of(files: &[PathBuf]) -> Self {
        Self(files.iter().map(|file| (file.clone(), Content::of(file))).collect())
    }
}

impl Content {
    fn of(file: &Path) -> Self {
        match fs::read(file) {
            Ok(bytes) => {
                let mut hasher = DefaultHasher::new();
                bytes.hash(&mut hasher);
                Self::Bytes { length: bytes.len(), hash: hasher.finish() }
            }
            Err(error) => Self::Unreadable(error.kind()),
        }
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
    fn paths_become_absolute() {
        let expected = std::env::current_dir().unwrap().join("not-there.toml");
        assert_eq!(watchable(vec!["not-there.toml".into()]), [expected]);
    }
}
