//! Environment variables and flags as layers: `APP__SECTION__KEY=text`, `--set section.key=text`.

use super::path::{Path, normal};
use super::place::Place;
use super::problems::Found;
use super::tree::{Content, Entry, MAX_DEPTH, Node, Section};

/// Between the parts of a variable's name.
const SEPARATOR: &str = "__";

/// What variables are called together.
pub(super) const ENVIRONMENT: &str = "the environment";

/// Which variables are ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) prefix: &'a str,
    /// The section that is bound. Without a prefix only what lies in it is ours: `MAIL` is a mailbox of whoever
    /// logged in, and `MAIL__FROM` a setting.
    pub(super) section: &'a Path,
}

impl Scope<'_> {
    /// The part of a variable's name that says its key, if it is one of ours.
    pub(super) fn behind<'n>(&self, name: &'n str) -> Option<&'n str> {
        if self.prefix.is_empty() {
            return Some(name).filter(|name| self.is_inside(name));
        }
        // As in .NET, and as on Windows, where case does not count in them.
        let (head, rest) = (name.get(..self.prefix.len())?, name.get(self.prefix.len()..)?);
        if head.eq_ignore_ascii_case(self.prefix) { rest.strip_prefix(SEPARATOR) } else { None }
    }

    fn is_inside(&self, name: &str) -> bool {
        let mut parts = name.split(SEPARATOR);
        let section = self.section.parts();
        section.iter().all(|part| parts.next().is_some_and(|its| normal(its) == part.normal()))
            && parts.next().is_some()
    }

    /// Whether all of them are meant for us, so that what is wrong with one is a mistake.
    pub(super) fn is_strict(&self) -> bool {
        !(self.prefix.is_empty() && self.section.is_empty())
    }
}

/// All variables of `scope`, as layer `layer`, and what is wrong with their names.
pub(super) fn read(variables: &[(String, String)], scope: &Scope<'_>, layer: usize) -> (Node, Vec<Found>) {
    let place = Place::named(layer, ENVIRONMENT);
    let (mut section, mut problems) = (Section::new(), Vec::new());
    let mut ours: Vec<_> =
        variables.iter().filter_map(|(name, text)| Some((name, scope.behind(name)?, text))).collect();
    // The environment has no order of its own. Where others' variables are among them, a section comes before a
    // text of the same name, and so stands: `PATH` does not hide `Path__Folder`.
    ours.sort_by_key(|(name, rest, text)| (!scope.is_strict() && !rest.contains(SEPARATOR), *name, *text));
    for (name, rest, text) in ours {
        let leaf = Leaf { place: Place::named(layer, name.as_str()), within: place.clone(), text };
        let parts: Vec<_> = rest.split(SEPARATOR).collect();
        if let Err(message) = leaf.add(&mut section, &parts) {
            problems.push(Found::at(leaf.place, message));
        }
    }
    // Without a prefix most of them are none of ours, and may be called what they like.
    (Node::section(place, section), if scope.is_strict() { problems } else { Vec::new() })
}

/// One `--set key=text`, as layer `layer`: later ones win, so each is a layer of its own.
pub(super) fn set(key: &str, text: &str, layer: usize) -> Result<Node, Found> {
    let place = Place::named(layer, "--set");
    let key = key.replace(SEPARATOR, ".");
    let parts: Vec<_> = key.split(['.', ':']).collect();
    let mut section = Section::new();
    let leaf = Leaf { place: place.clone(), within: place.clone(), text };
    match leaf.add(&mut section, &parts) {
        Ok(()) => Ok(Node::section(place, section)),
        Err(message) => Err(Found { place: Some(place), key: crate::error::escaped(&key), message }),
    }
}

/// A text on its way into a tree.
struct Leaf<'a> {
    place: Place,
    /// Of the sections on the way.
    within: Place,
    text: &'a str,
}

impl Leaf<'_> {
    fn add(&self, section: &mut Section, parts: &[&str]) -> Result<(), String> {
        if parts.iter().any(|part| part.is_empty()) {
            return Err("a part of the key is empty".into());
        }
        if parts.len() > MAX_DEPTH {
            return Err(format!("the key has more than {MAX_DEPTH} parts"));
        }
        self.insert(section, parts)
    }

    fn insert(&self, section: &mut Section, parts: &[&str]) -> Result<(), String> {
        let Some((first, rest)) = parts.split_first() else { return Ok(()) };
        let fresh =
            || Entry { spelling: (*first).to_owned(), place: self.place.clone(), node: self.node(rest) };
        let key = normal(first);
        let Some(there) = section.get_mut(&key) else {
            let mut entry = fresh();
            if let Content::Section(inner) = &mut entry.node.content {
                self.insert(inner, rest)?;
            }
            section.insert(key, entry);
            return Ok(());
        };
        match &mut there.node.content {
            Content::Section(inner) if !rest.is_empty() => self.insert(inner, rest),
            Content::Text(_) if rest.is_empty() => Err(twice(&self.place, &there.place)),
            _ => Err(format!("this is a value and a section at once: {} says otherwise", there.place)),
        }
    }

    fn node(&self, rest: &[&str]) -> Node {
        if rest.is_empty() {
            Node::text(self.place.clone(), self.text)
        } else {
            Node::section(self.within.clone(), Section::new())
        }
    }
}

fn twice(second: &Place, first: &Place) -> String {
    format!("`{second}` is the same key as `{first}`; case, `_` and `-` do not count")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> (Node, Vec<String>) {
        let owned: Vec<_> =
            variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let (node, problems) = read(&owned, &Scope { prefix: "APP", section: &Path::default() }, 1);
        (
            node,
            problems
                .into_iter()
                .map(|found| format!("{}: {}", found.place.unwrap(), found.message))
                .collect(),
        )
    }

    fn text(node: &Node, path: &str) -> Option<String> {
        match &node.find(&Path::parse(path))?.content {
            Content::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    #[test]
    fn two_underscores_part_a_name() {
        let (node, problems) = read_all(&[
            ("APP__MAIL__FROM_NAME", "x"),
            ("app__mail__hosts__0", "y"),
            ("APP_MAIL", "z"),
            ("APPLE__A", "z"),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(text(&node, "mail.fromname").as_deref(), Some("x"));
        assert_eq!(text(&node, "mail.hosts[0]").as_deref(), Some("y"));
        assert!(matches!(&node.content, Content::Section(section) if section.len() == 1));
    }

    #[test]
    fn names_that_contradict_each_other_are_told() {
        let (_, problems) = read_all(&[
            ("APP__A_B", "1"),
            ("APP__AB", "2"),
            ("APP__C", "1"),
            ("APP__C__D", "2"),
            ("APP__", "x"),
        ]);
        assert_eq!(
            problems,
            [
                "APP__: a part of the key is empty",
                "APP__A_B: `APP__A_B` is the same key as `APP__AB`; case, `_` and `-` do not count",
                "APP__C__D: this is a value and a section at once: APP__C says otherwise",
            ]
        );
    }
}
