//! Where the layers come from, and the layers as they are now: files, variables, flags.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path as FilePath, PathBuf};

use super::files::{self, Named};
use super::layers::{Layer, Unknown};
use super::path::Path;
use super::place::Place;
use super::problems::Found;
use super::text::{self, Format};
use super::tree::{Node, Section};
use super::variables::{self, Scope};

/// The prefix of variables, where no other is set.
pub(super) const DEFAULT_PREFIX: &str = "APP";

/// The environment's name, where no variable has it: as in .NET, so that what is forgotten is not a developer's.
const DEFAULT_ENVIRONMENT: &str = "Production";

/// The variables that name the environment, the first that is set wins.
const ENVIRONMENTS: [&str; 3] = ["OSTLER_ENV", "DOTNET_ENVIRONMENT", "ASPNETCORE_ENVIRONMENT"];

/// Where a configuration comes from.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) folder: PathBuf,
    /// `None`: as the variables say.
    pub(super) environment: Option<String>,
    /// Instead of the usual files in the folder, where there are any.
    pub(super) inputs: Vec<Input>,
    pub(super) prefix: String,
    /// `None`: those of the process.
    pub(super) variables: Option<Variables>,
    pub(super) flags: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) enum Input {
    File(Named),
    Text { name: String, format: Format, text: String },
}

/// Environment variables, read once: those of a process stay as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    readable: Vec<(String, String)>,
    /// The names of those that are not UTF-8.
    unreadable: Vec<String>,
}

/// All layers as they are now, the weakest first.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) layers: Vec<Layer>,
    pub(super) problems: Vec<Found>,
    /// Whether there is more than could be read.
    pub(super) incomplete: bool,
    /// The files that are there.
    pub(super) present: BTreeSet<PathBuf>,
    /// What the first of them is called.
    pub(super) name: Option<String>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            environment: None,
            inputs: Vec::new(),
            prefix: DEFAULT_PREFIX.into(),
            variables: None,
            flags: Vec::new(),
        }
    }
}

impl Variables {
    pub(super) fn given(readable: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { readable: readable.into_iter().collect(), unreadable: Vec::new() }
    }

    pub(super) fn of_process() -> Self {
        let mut all = Self::default();
        for (name, text) in std::env::vars_os() {
            match (name.into_string(), text.into_string()) {
                (Ok(name), Ok(text)) => all.readable.push((name, text)),
                (Ok(name), Err(_)) => all.unreadable.push(name),
                (Err(name), _) => all.unreadable.push(name.to_string_lossy().into_owned()),
            }
        }
        all
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.readable.iter().find(|(its, text)| its == name && !text.is_empty());
        found.map(|(_, text)| text.as_str())
    }

    fn environment(&self) -> (Option<&'static str>, &str) {
        let named = ENVIRONMENTS.iter().find_map(|name| Some((Some(*name), self.get(name)?)));
        named.unwrap_or((None, DEFAULT_ENVIRONMENT))
    }
}

impl Sources {
    /// The process's variables are read now, unless others were given.
    pub(super) fn settle_variables(&mut self) {
        self.variables.get_or_insert_with(Variables::of_process);
    }

    /// All files that are read, and that would be if they were there.
    #[cfg(feature = "options-watch")]
    pub(super) fn files(&self) -> Vec<PathBuf> {
        if self.inputs.is_empty() {
            let usual = self.usual(&self.settled());
            return usual.concat().into_iter().map(|file| file.path).collect();
        }
        self.inputs
            .iter()
            .filter_map(|input| if let Input::File(file) = input { Some(file.path.clone()) } else { None })
            .collect()
    }

    /// Those that were given, or else the process's.
    fn settled(&self) -> Cow<'_, Variables> {
        self.variables.as_ref().map_or_else(|| Cow::Owned(Variables::of_process()), Cow::Borrowed)
    }

    fn usual(&self, variables: &Variables) -> [Vec<Named>; 3] {
        let (_, environment) = self.environment(variables);
        files::usual(
            &self.folder,
            if files::is_environment(environment) { environment } else { DEFAULT_ENVIRONMENT },
        )
    }

    /// The environment's name, and who says so.
    fn environment<'a>(&'a self, variables: &'a Variables) -> (Option<&'static str>, &'a str) {
        match &self.environment {
            Some(name) => (Some("the program"), name),
            None => variables.environment(),
        }
    }

    /// Reads all of them. `known`: the files that were there before, and so must be there now. `section`: the one
    /// that is bound.
    pub(super) fn gather(&self, known: &BTreeSet<PathBuf>, section: &Path) -> Gathered {
        let variables = self.settled();
        let mut gathered = Gathered::default();
        if self.inputs.is_empty() {
            gathered.usual(&self.usual(&variables), known);
            gathered.judge_environment(self.environment(&variables));
        } else {
            self.inputs.iter().for_each(|input| gathered.input(input, known));
        }
        gathered.variables(&variables, &Scope { prefix: &self.prefix, section });
        self.flags.iter().for_each(|(key, text)| gathered.flag(key, text));
        gathered
    }
}

impl Gathered {
    /// The place of the layer that comes next.
    fn next(&self, name: impl Into<std::sync::Arc<str>>) -> Place {
        Place::named(self.layers.len(), name)
    }

    fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Found::at(place, message));
    }

    /// One kind of files, whichever is there.
    fn usual(&mut self, kinds: &[Vec<Named>], known: &BTreeSet<PathBuf>) {
        let mut first: Option<&Named> = None;
        for kind in kinds {
            let mut here = None;
            for file in kind {
                match self.text_of(file, known) {
                    Some(text) if first.is_none() => self.file(file, &text),
                    Some(_) => {}
                    None => continue,
                }
                here = here.or(Some(file));
            }
            if let (Some(first), Some(second)) = (first, here) {
                let message = format!(
                    "it stands beside `{}`; only one of the two is read, so take one away",
                    first.shown
                );
                self.problem(self.next(second.shown.as_str()), message);
                self.incomplete = true;
            }
            first = first.or(here);
        }
    }

    /// A file's text, where it is there.
    fn text_of(&mut self, file: &Named, known: &BTreeSet<PathBuf>) -> Option<String> {
        let message = match file.read() {
            Ok(Some(text)) => {
                self.present.insert(file.path.clone());
                self.name.get_or_insert_with(|| file.shown.clone());
                return Some(text);
            }
            Ok(None) if known.contains(&file.path) => "the file is gone".to_owned(),
            Ok(None) => return None,
            Err(message) => message,
        };
        self.incomplete = true;
        self.problem(self.next(file.shown.as_str()), message);
        None
    }

    fn input(&mut self, input: &Input, known: &BTreeSet<PathBuf>) {
        match input {
            Input::Text { name, format, text } => {
                self.text(name, text, *format, Unknown::of(FilePath::new(name)), None);
                self.name.get_or_insert_with(|| name.clone());
            }
            Input::File(file) => {
                let problems = self.problems.len();
                match self.text_of(file, known) {
                    Some(text) => self.file(file, &text),
                    None if self.problems.len() > problems => {}
                    None => {
                        self.incomplete = true;
                        self.problem(self.next(file.shown.as_str()), "there is no such file");
                    }
                }
            }
        }
    }

    fn file(&mut self, file: &Named, text: &str) {
        let folder = file.path.parent().map(FilePath::to_owned);
        let unknown = if file.is_shared() { Unknown::ListAtTop } else { Unknown::Refuse };
        match file.format() {
            Some(format) => self.text(&file.shown, text, format, unknown, folder),
            None => {
                self.incomplete = true;
                self.problem(
                    self.next(file.shown.as_str()),
                    "expected a file that ends in `.toml` or `.json`",
                );
            }
        }
    }

    fn text(&mut self, name: &str, text: &str, format: Format, unknown: Unknown, folder: Option<PathBuf>) {
        let place = self.next(name);
        let parsed = text::parse(text, format, &place, unknown == Unknown::ListAtTop);
        self.problems.extend(parsed.problems);
        self.incomplete |= parsed.broken;
        self.layers.push(Layer {
            root: Node::section(place, parsed.section),
            unknown,
            folder,
            is_file: true,
            is_absent: false,
        });
    }

    fn variables(&mut self, variables: &Variables, scope: &Scope<'_>) {
        let layer = self.layers.len();
        let (root, problems) = variables::read(&variables.readable, scope, layer);
        self.problems.extend(problems);
        let is_ours = |name: &&String| scope.is_strict() && scope.behind(name).is_some();
        for name in variables.unreadable.iter().filter(is_ours) {
            self.problem(self.next(name.as_str()), "it is not UTF-8 text");
            self.incomplete = true;
        }
        let unknown = if scope.is_strict() { Unknown::Refuse } else { Unknown::Ignore };
        self.layers.push(Layer { root, unknown, folder: None, is_file: false, is_absent: false });
    }

    fn flag(&mut self, key: &str, text: &str) {
        let place = self.next("--set");
        let root = variables::set(key, text, self.layers.len()).unwrap_or_else(|problem| {
            self.problems.push(problem);
            Node::section(place, Section::new())
        });
        self.layers.push(Layer {
            root,
            unknown: Unknown::Refuse,
            folder: None,
            is_file: false,
            is_absent: false,
        });
    }

    fn judge_environment(&mut self, (says, environment): (Option<&'static str>, &str)) {
        if let Some(says) = says
            && !files::is_environment(environment)
        {
            let message =
                format!("`{}` cannot be a part of a file's name", crate::error::escaped(environment));
            self.problem(self.next(says), message);
        }
    }
}

impl Unknown {
    /// What a file of this name does with keys that nothing reads.
    fn of(name: &FilePath) -> Self {
        if files::is_shared(name) { Self::ListAtTop } else { Self::Refuse }
    }
}
