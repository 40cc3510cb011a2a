//! The files of a configuration: which there are, and their text.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::text::Format;

/// No configuration of a human is as large as this; a device may be without end.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// A file, by the path it is opened by and by the one it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    pub(super) shown: String,
}

impl Named {
    /// Later changes of the working directory do not matter.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            shown: path.display().to_string(),
        }
    }

    /// Whether it belongs to ASP.NET as well, and so has sections that are not for us.
    pub(super) fn is_shared(&self) -> bool {
        is_shared(&self.path)
    }

    pub(super) fn format(&self) -> Option<Format> {
        Format::of(&self.path)
    }

    /// Its text; `None` where there is no such file.
    pub(super) fn read(&self) -> Result<Option<String>, String> {
        match read_text(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(Unread::Absent) => Ok(None),
            Err(Unread::Failed(message)) => Err(format!("the file cannot be read: {message}")),
        }
    }
}

/// Whether a file of this name is an `appsettings.json` or `appsettings.{Env}.json`.
pub(super) fn is_shared(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let inner = name.strip_prefix("appsettings").and_then(|rest| rest.strip_suffix(".json"));
    inner.is_some_and(|inner| inner.is_empty() || inner.starts_with('.'))
}

/// The files that are looked for: kinds of which there may be one; within a kind, the later wins.
pub(super) fn usual(folder: &Path, environment: &str) -> [Vec<Named>; 3] {
    let named = |name: &str| Named::new(&folder.join(name));
    let shared = vec![named("appsettings.json"), named(&format!("appsettings.{environment}.json"))];
    [vec![named("ostler.toml")], vec![named("ostler.json")], shared]
}

/// Whether `name` can be a part of a file's name, and of nothing else.
pub(super) fn is_environment(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ')) && name != ".."
}

/// A secret's text; one line break at its end is the editor's.
pub(super) fn read_secret(path: &Path) -> Result<String, String> {
    let refuse = |message: &str| {
        format!("the file `{}` cannot be read: {message}", crate::error::escaped(&path.display().to_string()))
    };
    let text = match read_text(path) {
        Ok(text) => text,
        Err(Unread::Absent) => return Err(refuse("there is no such file")),
        Err(Unread::Failed(message)) => return Err(refuse(&message)),
    };
    let bare = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
    Ok(bare.map(str::to_owned).unwrap_or(text))
}

enum Unread {
    Absent,
    Failed(String),
}

fn read_text(path: &Path) -> Result<String, Unread> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Unread::Absent,
        _ => Unread::Failed(error.to_string()),
    };
    // Opening a pipe waits for who writes into it, and a device may never end.
    let found = std::fs::metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Err(Unread::Failed(no_file(found.is_dir()).into()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Unread::Failed("it is larger than 4 MiB".into()));
    }
    String::from_utf8(bytes).map_err(|error| Unread::Failed(not_utf8(&error)))
}

fn no_file(is_folder: bool) -> &'static str {
    if is_folder { "it is a folder" } else { "it is no regular file, but a pipe, a socket or a device" }
}

fn not_utf8(error: &std::string::FromUtf8Error) -> String {
    let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
    let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
    format!("it is not UTF-8 text, at line {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_shared_with_aspnet_are_known_by_their_name() {
        for name in ["appsettings.json", "a/appsettings.Production.json", "AppSettings.json"] {
            assert!(is_shared(Path::new(name)), "{name}");
        }
        for name in ["ostler.json", "appsettings2.json", "appsettings.toml"] {
            assert!(!is_shared(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn an_environment_leaves_its_folder_not() {
        assert!(is_environment("Production") && is_environment("eu-1.test"));
        assert!(!is_environment("../x") && !is_environment("a/b") && !is_environment("a\\b"));
    }
}
