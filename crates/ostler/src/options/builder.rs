//! How options are loaded, said by the application.

use std::fmt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Options;
use super::files::Named;
use super::leaves;
use super::loader::{Loaded, Loader};
use super::path::Path;
use super::print;
use super::problems::Problems;
use super::shared::Shared;
use super::sources::{Input, Variables};
use super::text::Format;
use crate::problem::{ConfigError, Problem};

/// Says where options come from, what they must fulfil, and loads them. Made by [`Options::builder`].
///
/// The layers, the last wins: the type's own defaults (serde's), files, environment variables, flags.
///
/// ```
/// use ostler::{Format, Options};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Serialize, Deserialize, PartialEq)]
/// #[serde(default)]
/// struct Settings { interval: Duration, workers: usize }
///
/// impl Default for Settings {
///     fn default() -> Self {
///         Self { interval: Duration::from_secs(60), workers: 4 }
///     }
/// }
///
/// let options = Options::<Settings>::builder()
///     .text("ostler.toml", Format::Toml, "interval = '1m 30s'")
///     .variables([("APP__WORKERS".into(), "8".into())])
///     .validate(|settings, problems| {
///         if settings.workers == 0 {
///             problems.add("workers", "must be 1 or more");
///         }
///     })
///     .load()?;
/// assert_eq!(options.get().interval, Duration::from_secs(90));
/// assert_eq!(options.get().workers, 8);
/// # Ok::<(), ostler::ConfigError>(())
/// ```
#[must_use = "`load` loads the options"]
pub struct OptionsBuilder<T> {
    loader: Loader<T>,
    is_watched: bool,
    #[cfg(feature = "clap")]
    asked: super::args::Asked,
}

impl<T: DeserializeOwned + Serialize + PartialEq + Send + Sync + 'static> Options<T> {
    /// Options from the usual places: `ostler.toml`, `ostler.json`, or `appsettings.json` with
    /// `appsettings.{Env}.json`, in the working directory; over these, variables such as `APP__SECTION__KEY`.
    /// [`builder`](Self::builder) has all that can be said about it.
    ///
    /// # Errors
    /// [`ConfigError`] with all that is wrong. `?` makes an [`Error`](crate::Error) of it that ends the program
    /// with exit code 78.
    pub fn load() -> Result<Self, ConfigError> {
        Self::builder().load()
    }

    /// Options from where the application says.
    pub fn builder() -> OptionsBuilder<T> {
        OptionsBuilder {
            loader: Loader::new(),
            is_watched: cfg!(feature = "options-watch"),
            #[cfg(feature = "clap")]
            asked: super::args::Asked::default(),
        }
    }
}

impl<T: DeserializeOwned + Serialize + PartialEq + Send + Sync + 'static> OptionsBuilder<T> {
    /// Where the usual files are looked for, instead of the working directory.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.loader.sources.folder = folder.into();
        self
    }

    /// The `{Env}` of `appsettings.{Env}.json`, whatever the variables say: by default it is the first of `OSTLER_ENV`,
    /// `DOTNET_ENVIRONMENT` and `ASPNETCORE_ENVIRONMENT` that is set, else `Production`.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.loader.sources.environment = Some(name.into());
        self
    }

    /// Exactly this file, which must be there, instead of the usual ones: TOML or JSON by its ending. Of several,
    /// the later wins.
    pub fn file(mut self, path: impl AsRef<FilePath>) -> Self {
        self.loader.sources.inputs.push(Input::File(Named::new(path.as_ref())));
        self
    }

    /// This text as if it were a file called `name`. For tests, and for programs that bring their settings with them.
    pub fn text(mut self, name: impl Into<String>, format: Format, text: impl Into<String>) -> Self {
        self.loader.sources.inputs.push(Input::Text { name: name.into(), format, text: text.into() });
        self
    }

    /// The prefix of environment variables, instead of `APP`: `SHOP` for `SHOP__SECTION__KEY`. Without one (`""`)
    /// every variable whose name is a key's path counts, as `BackgroundWorkers__Count`, and all others are ignored;
    /// with a [`section`](Self::section), only those that begin with its name and `__` count.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.loader.sources.prefix = prefix.into();
        self
    }

    /// These variables, instead of the process's own.
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.loader.sources.variables = Some(Variables::given(variables));
        self
    }

    /// A flag: the strongest layer, and of several the later. `key` is `section.key`, `section:key` or
    /// `section__key`.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.loader.sources.flags.push((key.into(), value.into()));
        self
    }

    /// Only this section is the value, `"A"` or, further in, `"A:B"` or `"A.B"`. What stands beside it is others'
    /// business.
    pub fn section(mut self, section: &str) -> Self {
        self.loader.section = Path::parse(section);
        self
    }

    /// Whether the files are watched (default: where the feature `options-watch` is on; without it this changes nothing). SIGHUP
    /// and [`Options::reload`] work either way.
    pub fn watch(mut self, watched: bool) -> Self {
        self.is_watched = watched;
        self
    }

    /// Checks each value that could be read, at the start and on each reload, and adds what is wrong with it. All
    /// of its problems are told at once. May be called more than once.
    pub fn validate(mut self, check: impl Fn(&T, &mut Problems) + Send + Sync + 'static) -> Self {
        self.loader.checks.push(Box::new(check));
        self
    }

    /// Checks each value by what its type derives from [`garde`](https://docs.rs/garde).
    #[cfg(feature = "garde")]
    pub fn garde(self) -> Self
    where
        T: garde::Validate<Context = ()>,
    {
        self.validate(|value, problems| {
            let Err(report) = value.validate() else { return };
            for (path, error) in report.iter() {
                problems.add(path.to_string(), error.message());
            }
        })
    }

    /// All values with their sources, a line each, secrets as `***`; then the keys that nothing reads.
    ///
    /// # Errors
    /// [`ConfigError`] with all that is wrong.
    pub fn print(&self) -> Result<String, ConfigError> {
        let loaded = self.loader.read()?;
        let leaves = leaves::of(&loaded.value)
            .map_err(|fault| Problem::new("", format!("the values cannot be printed: {fault}")))?;
        Ok(print::print(&leaves, &self.loader.section, &loaded))
    }

    /// Loads the options. A reload reads the same files again, and the variables as they were. With the feature `options-watch`
    /// the files are watched from here on, for as long as the options live, by a thread of its own.
    ///
    /// # Errors
    /// [`ConfigError`] with all that is wrong, in the order of the layers.
    pub fn load(mut self) -> Result<Options<T>, ConfigError> {
        self.loader.sources.settle_variables();
        #[cfg(feature = "options-watch")]
        let before = super::watch::look(super::shared::Load::files(&self.loader));
        let loaded = self.loader.read()?;
        let name = self.name(&loaded);
        let shared = Arc::new(Shared::new(&name, loaded.value, Some(Box::new(self.loader))));
        #[cfg(feature = "options-watch")]
        if self.is_watched {
            super::watch::start(&shared, before);
        }
        Ok(Options(shared))
    }

    /// What they are called in logs and in health: as their section, or their file.
    fn name(&self, loaded: &Loaded<T>) -> String {
        let section = self.loader.section.to_string();
        if section.is_empty() { loaded.file.clone().unwrap_or_else(|| "options".into()) } else { section }
    }
}

#[cfg(feature = "clap")]
impl<T: DeserializeOwned + Serialize + PartialEq + Send + Sync + 'static> OptionsBuilder<T> {
    /// What the command line says: its files instead of those named so far, its values as flags.
    pub fn args(mut self, args: &super::ConfigArgs) -> Self {
        if !args.files().is_empty() {
            self.loader.sources.inputs.clear();
        }
        for file in args.files() {
            self = self.file(file);
        }
        for (key, value) in args.values() {
            self = self.set(key, value);
        }
        self.asked = args.asked();
        self
    }

    /// Does what `--check-config` or `--print-config` asks for: the exit code to end with, 0 or, with all problems
    /// on standard error, 78. `None` where neither was given.
    pub fn answer(&self) -> Option<std::process::ExitCode> {
        self.asked.answer(|| self.print())
    }
}

impl<T> fmt::Debug for OptionsBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = self.loader.section.to_string();
        f.debug_struct("OptionsBuilder")
            .field("section", &section)
            .field("is_watched", &self.is_watched)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn options_are_called_as_their_section_or_their_file() {
        let name = |builder: OptionsBuilder<BTreeMap<String, u8>>| {
            let options = builder.variables([]).load().unwrap();
            options.origin().standing().name.to_string()
        };
        assert_eq!(name(Options::builder().text("a.toml", Format::Toml, "").section("A:B")), "A.B");
        assert_eq!(name(Options::builder().text("a.toml", Format::Toml, "")), "a.toml");
        assert_eq!(name(Options::builder().folder("/nowhere/at/all")), "options");
    }
}
