//! The text of a file, read into a tree: TOML, or JSON as .NET takes it, with comments and trailing commas.

mod json;
mod toml;

use super::place::{Lines, Place};
use super::problems::Found;
use super::tree::{Content, Entry, Node, Section, insert};

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// JSON; comments and trailing commas are allowed, as in `appsettings.json`.
    Json,
}

impl Format {
    /// By a file's ending.
    pub(super) fn of(path: &std::path::Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "json" | "jsonc" => Some(Self::Json),
            _ => None,
        }
    }
}

/// What a text says, and all that is wrong with it.
pub(super) struct Parsed {
    pub(super) section: Section,
    pub(super) problems: Vec<Found>,
    /// Whether there is more in the text than could be read.
    pub(super) broken: bool,
}

/// Reads `text`, which stands at `place`. `shared`: whether it is .NET's as well, where `A:B` is the key `B` in `A`.
pub(super) fn parse(text: &str, format: Format, place: &Place, shared: bool) -> Parsed {
    // Editors on Windows write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reading = Reading { lines: Lines::of(text), place, shared, problems: Vec::new(), broken: false };
    let section = match format {
        Format::Toml => toml::read(text, &mut reading),
        Format::Json => json::read(text, &mut reading),
    };
    Parsed { section, problems: reading.problems, broken: reading.broken }
}

/// A text while it is read.
struct Reading<'a> {
    lines: Lines<'a>,
    place: &'a Place,
    shared: bool,
    problems: Vec<Found>,
    broken: bool,
}

impl Reading<'_> {
    fn place(&self, offset: usize) -> Place {
        self.place.at(self.lines.spot(offset))
    }

    /// A mistake in a value; the rest of the text can be read.
    fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Found::at(place, message));
    }

    /// A mistake in the language: who knows what was meant by the rest.
    fn broken(&mut self, place: Place, message: impl Into<String>) {
        self.broken = true;
        self.problem(place, message);
    }

    /// Adds an entry, into a section that may be there already; else two of one key are a mistake as well.
    fn join(&mut self, section: &mut Section, entry: Entry) {
        let key = super::path::normal(&entry.spelling);
        match (section.get_mut(&key).map(|there| &mut there.node.content), entry) {
            (
                Some(Content::Section(there)),
                Entry { node: Node { content: Content::Section(inner), .. }, .. },
            ) => {
                inner.into_values().for_each(|entry| self.join(there, entry));
            }
            (_, entry) => self.insert(section, entry),
        }
    }

    /// Adds an entry; two of one key are a mistake that names both places.
    fn insert(&mut self, section: &mut Section, entry: Entry) {
        if let Some(second) = insert(section, entry)
            && let Some(first) = section.get(&super::path::normal(&second.spelling))
        {
            let message = twice(&second.spelling, &first.spelling, &first.place);
            self.problem(second.place, message);
        }
    }
}

/// That a key stands twice in one table.
pub(super) fn twice(second: &str, first: &str, place: &Place) -> String {
    let (second, first) = (crate::error::escaped(second), crate::error::escaped(first));
    if second == first {
        format!("`{second}` stands twice in one table, first at {place}")
    } else {
        format!("`{second}` is the same key as `{first}` at {place}; case, `_` and `-` do not count")
    }
}

const TOO_DEEP: &str = "sections and lists lie in one another more than 128 deep";
const TOO_LARGE: &str = "the number is too large";
