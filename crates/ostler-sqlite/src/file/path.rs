//! Where the file is: its one true path, whatever links lead to it, and those of the files beside it.
//!
//! The lock stands beside the file that a link leads to, so that two ways to one file are one lock.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use ostler_jobs::{ErrorKind, StoreError};

/// The place of a database file.
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// Where a file is, or is to be made.
    pub(crate) fn to_own(path: &Path) -> Result<Self, StoreError> {
        match path.canonicalize() {
            Ok(path) => Self::checked(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::to_be_made(path),
            Err(error) => Err(unreachable(path, error)),
        }
    }

    /// Where a file is that another process has made.
    pub(crate) fn of_other(path: &Path) -> Result<Self, StoreError> {
        let path = path.canonicalize().map_err(|error| unreachable(path, error))?;
        Self::checked(path)
    }

    fn checked(path: PathBuf) -> Result<Self, StoreError> {
        if path.is_dir() {
            return Err(StoreError::invalid(format!(
                "path {} is a directory; a file is needed",
                path.display()
            )));
        }
        Ok(Self(path))
    }

    fn to_be_made(path: &Path) -> Result<Self, StoreError> {
        if path.is_symlink() {
            return Err(StoreError::invalid(format!("path {} is a link that leads nowhere", path.display())));
        }
        let Some(name) = path.file_name() else {
            return Err(StoreError::invalid(format!("path {} names no file", path.display())));
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let parent = parent.canonicalize().map_err(|error| {
            let text = format!("the directory {} has to be there: make it first", parent.display());
            StoreError::new(ErrorKind::Unavailable, text).with_source(error)
        })?;
        Ok(Self(parent.join(name)))
    }

    /// The file itself.
    pub(crate) fn file(&self) -> &Path {
        &self.0
    }

    /// The file beside it whose name ends with this.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.0);
        name.push(ending);
        PathBuf::from(name)
    }

    /// For people.
    pub(crate) fn shown(&self) -> std::path::Display<'_> {
        self.0.display()
    }

    /// For SQLite.
    pub(crate) fn uri(&self) -> String {
        format!("file://{}", encoded(&self.0))
    }

    /// For SQLite, which is told to make the file with the permissions of the lock's. It is SQLite that has to
    /// make it: a second descriptor of a database, once closed, drops all locks that its process has on it.
    pub(crate) fn uri_to_make(&self) -> String {
        format!("{}?modeof={}", self.uri(), encoded(&self.beside(super::lock::ENDING)))
    }
}

/// As part of a URI: each byte that could mean something there as its number.
fn encoded(path: &Path) -> String {
    let mut text = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn unreachable(path: &Path, error: io::Error) -> StoreError {
    let text = format!("the file {} cannot be reached", path.display());
    StoreError::new(ErrorKind::Unavailable, text).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_path_means_something_in_the_uri() {
        let place = Place(PathBuf::from("/a b/100%?x=1&y#z/ä.db"));
        assert_eq!(
            place.uri_to_make(),
            "file:///a%20b/100%25%3Fx%3D1%26y%23z/%C3%A4.db?modeof=/a%20b/100%25%3Fx%3D1%26y%23z/%C3%A4.db.lock"
        );
    }

    #[test]
    fn the_directory_has_to_be_there_and_the_text_says_so() {
        let error = Place::to_own(Path::new("/no/such/directory/jobs.db")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("/no/such/directory has to be there"), "{error}");
    }

    #[test]
    fn a_directory_is_no_file() {
        assert_eq!(Place::to_own(Path::new("/")).unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(Place::to_own(Path::new("/no/..")).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
