//! Reads all layers as one value: at the start, and whenever they may have changed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::layers::{Ignored, Layers};
use super::leaves::{self, Leaf};
use super::path::Path;
use super::place::Place;
use super::problems::{Found, Problems, told};
use super::read::{self, Notes};
use super::shared::Load;
use super::sources::{Gathered, Sources};
use crate::panics;
use crate::problem::{ConfigError, Problem};

/// A check of an application: adds what it finds wrong.
pub(super) type Check<T> = Box<dyn Fn(&T, &mut Problems) + Send + Sync>;

/// How a `T` is loaded. Loads it as often as is asked for.
pub(super) struct Loader<T> {
    pub(super) sources: Sources,
    /// What of them is a `T`.
    pub(super) section: Path,
    pub(super) checks: Vec<Check<T>>,
    /// The files that were there, so that it is known when one is gone.
    known: Mutex<BTreeSet<PathBuf>>,
    /// The layers as they were read last.
    last: Mutex<Option<Layers>>,
    secret_files: Mutex<Vec<PathBuf>>,
}

/// A value that was loaded, and where all of it came from.
#[derive(Debug)]
pub(super) struct Loaded<T> {
    pub(super) value: T,
    pub(super) layers: Layers,
    pub(super) notes: Notes,
    /// What its file is called.
    pub(super) file: Option<String>,
}

impl<T> Loader<T> {
    pub(super) fn new() -> Self {
        Self {
            sources: Sources::default(),
            section: Path::default(),
            checks: Vec::new(),
            known: Mutex::default(),
            last: Mutex::default(),
            secret_files: Mutex::default(),
        }
    }
}

impl<T: DeserializeOwned + Serialize> Loader<T> {
    /// A valid value, or all that is wrong.
    pub(super) fn read(&self) -> Result<Loaded<T>, ConfigError> {
        let Gathered { layers, mut problems, incomplete, present, name } =
            self.sources.gather(&lock(&self.known), &self.section);
        let mut layers = Layers::merge(layers, &self.section);
        let incomplete = incomplete || !layers.problems.is_empty();
        problems.append(&mut layers.problems);
        let (value, mut notes) = self.value(&layers, !incomplete);
        problems.append(&mut notes.problems);
        if let Some(value) = value.as_ref().filter(|_| !incomplete) {
            self.check(value, &layers, &mut problems);
        }
        self.remember_secret_files(&notes, problems.is_empty());
        match value {
            Some(value) if problems.is_empty() => {
                lock(&self.known).extend(present);
                Ok(Loaded { value, layers, notes, file: name })
            }
            _ => {
                debug_assert!(!problems.is_empty(), "a value is missing for no reason");
                Err(told(problems))
            }
        }
    }

    /// An application's types may panic while they are read; that is a problem like others.
    fn value(&self, layers: &Layers, complete: bool) -> (Option<T>, Notes) {
        panics::catch(|| read::read(layers, &self.section, complete)).unwrap_or_else(|payload| {
            let mut notes = Notes::default();
            notes.problems.push(panicked("reading it", payload, layers));
            (None, notes)
        })
    }

    fn check(&self, value: &T, layers: &Layers, problems: &mut Vec<Found>) {
        for check in &self.checks {
            let mut found = Problems::default();
            if let Err(payload) = panics::catch(|| check(value, &mut found)) {
                problems.push(panicked("a check of it", payload, layers));
            }
            for (key, message) in found.into_added() {
                problems.push(self.found(&key, message, layers));
            }
        }
    }

    /// A check's problem, at the place of the value it is about, if that is not a default.
    fn found(&self, key: &str, message: String, layers: &Layers) -> Found {
        let path = Path::parse(key);
        let place = layers.merged.find(&path).filter(|_| !path.is_empty()).map(|node| node.place.clone());
        let key =
            if path.is_empty() { self.section.to_string() } else { self.section.join(&path).to_string() };
        Found { place: place.filter(Place::is_somewhere), key, message: crate::error::escaped(&message) }
    }

    /// Where less than all could be read, those from before are still of interest.
    fn remember_secret_files(&self, notes: &Notes, complete: bool) {
        let mut files = lock(&self.secret_files);
        if complete {
            files.clear();
        }
        files.extend(notes.secret_files.iter().cloned());
        files.sort();
        files.dedup();
    }
}

impl<T> Loaded<T> {
    /// All that nothing reads and nobody minds, in the order of the layers.
    pub(super) fn ignored(&self) -> Vec<&Ignored> {
        let mut ignored: Vec<_> = self.layers.ignored.iter().chain(&self.notes.ignored).collect();
        ignored.sort_by(|one, other| one.place.cmp(&other.place));
        ignored
    }
}

impl<T: DeserializeOwned + Serialize + Send + Sync> Load<T> for Loader<T> {
    fn load(&self) -> Result<T, ConfigError> {
        let loaded = self.read()?;
        *lock(&self.last) = Some(loaded.layers);
        Ok(loaded.value)
    }

    fn check(&self, value: &T) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        // It comes from no layer, and has no places.
        self.check(value, &Layers::merge(Vec::new(), &self.section), &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(told(problems)) }
    }

    fn changed(&self, old: &T, new: &T) -> Vec<Problem> {
        let (Ok(old), Ok(new)) = (leaves::of(old), leaves::of(new)) else { return Vec::new() };
        let last = lock(&self.last);
        let Some(layers) = last.as_ref() else { return Vec::new() };
        let is_changed = |leaf: &&Leaf| !old.iter().any(|its| its.path == leaf.path && its.text == leaf.text);
        let problem = |leaf: &Leaf| {
            let found = self.found(&leaf.path.to_string(), String::new(), layers);
            let problem = Problem::new(found.key, "");
            match found.place {
                Some(place) => problem.at(place.to_string()),
                None => problem,
            }
        };
        new.iter().filter(is_changed).map(problem).collect()
    }

    #[cfg(feature = "options-watch")]
    fn files(&self) -> Vec<PathBuf> {
        let mut files = self.sources.files();
        files.extend(lock(&self.secret_files).iter().cloned());
        files
    }
}

fn panicked(what: &str, payload: panics::Payload, layers: &Layers) -> Found {
    let message = crate::error::escaped(&panics::into_message(payload));
    let place = (!layers.is_empty()).then(|| layers.merged.place.clone());
    Found { place, key: String::new(), message: format!("{what} panicked: {message}") }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::files::Named;
    use super::super::secret::Secret;
    use super::super::sources::{Input, Variables};
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq)]
    struct Settings {
        password: Secret,
    }

    fn names(loader: &Loader<Settings>) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        loader.files().into_iter().map(name).collect()
    }

    #[test]
    fn the_usual_files_are_worth_watching_before_they_are_there() {
        let mut loader = Loader::<Settings>::new();
        loader.sources.folder = "/nowhere/at/all".into();
        loader.sources.variables = Some(Variables::given([("OSTLER_ENV".into(), "Test".into())]));
        assert_eq!(
            names(&loader),
            ["ostler.toml", "ostler.json", "appsettings.json", "appsettings.Test.json"]
        );
        assert!(loader.files().iter().all(|path| path.starts_with("/nowhere/at/all")));
    }

    #[test]
    fn the_files_of_secrets_are_worth_watching_even_where_they_could_not_be_read() {
        let folder = std::env::temp_dir().join(format!("ostler-loader-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("a.toml");
        std::fs::write(&file, "password_file = 'secret'").unwrap();
        let mut loader = Loader::<Settings>::new();
        loader.sources.variables = Some(Variables::default());
        loader.sources.inputs.push(Input::File(Named::new(&file)));
        assert!(loader.load().is_err());
        assert_eq!(names(&loader), ["a.toml", "secret"]);
        std::fs::write(folder.join("secret"), "x").unwrap();
        assert!(loader.load().is_ok_and(|settings| settings.password.expose() == "x"));
        // Where the file is broken, nothing is known of secrets: those from before count.
        std::fs::write(&file, "password_file = ").unwrap();
        assert!(loader.load().is_err());
        assert_eq!(loader.files(), [file.clone(), folder.join("secret")]);
        std::fs::write(&file, "password = 'y'").unwrap();
        assert!(loader.load().is_ok());
        assert_eq!(names(&loader), ["a.toml"]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
