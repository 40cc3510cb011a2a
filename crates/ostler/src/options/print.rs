//! All values as text, each with its source.

use super::layers::Ignored;
use super::leaves::Leaf;
use super::loader::Loaded;
use super::path::Path;
use super::tree::{Content, Node};

/// Values wider than this do not move the sources of all others.
const WIDEST: usize = 56;

/// `section.key = value   # source`, a line each, and then what was ignored.
pub(super) fn print<T>(leaves: &[Leaf], section: &Path, loaded: &Loaded<T>) -> String {
    let lines = leaves.iter().map(|leaf| {
        let path = section.join(&leaf.path);
        let source = loaded.notes.secrets.get(&path).cloned();
        (
            format!("{path} = {}", leaf.text),
            source.unwrap_or_else(|| source_of(&loaded.layers.merged, &leaf.path, leaves)),
        )
    });
    let lines: Vec<_> = lines.collect();
    let width = lines
        .iter()
        .map(|(value, _)| value.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or_default();
    let mut text: String =
        lines.iter().map(|(value, source)| format!("{value:width$}  # {source}\n")).collect();
    text.push_str(&ignored(&loaded.ignored()));
    text
}

fn ignored(keys: &[&Ignored]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let width = keys.iter().map(|ignored| ignored.key.chars().count()).max().unwrap_or_default();
    let lines = keys.iter().map(|ignored| format!("#   {:width$}  # {}\n", ignored.key, ignored.place));
    format!("\n# ignored, as nothing here reads it:\n{}", lines.collect::<String>())
}

/// Where the value at `path` was set. A value may be made of one further out, as an address of a text.
fn source_of(merged: &Node, path: &Path, leaves: &[Leaf]) -> String {
    if let Some(node) = merged.find(path) {
        return source(node);
    }
    let outer = (0..path.len()).rev().find_map(|count| merged.find(&path.first(count)));
    match outer {
        Some(node) if !matches!(node.content, Content::Section(_) | Content::List(_)) => source(node),
        _ => default(merged, path, leaves),
    }
}

/// Of a key that is read under one name and written under another (serde's `alias`), it cannot be known which is
/// which. So keys beside it that are not written are named.
fn default(merged: &Node, path: &Path, leaves: &[Leaf]) -> String {
    let around = path.parent().unwrap_or_default();
    let Some(Node { content: Content::Section(section), .. }) = merged.find(&around) else {
        return "default".into();
    };
    let is_written = |key: &str| leaves.iter().any(|leaf| around.key(key).holds(&leaf.path));
    let others = section
        .iter()
        .filter(|(key, _)| !is_written(key) && !key.strip_suffix("file").is_some_and(is_written));
    let others: Vec<_> = others.map(|(_, entry)| format!("`{}`", around.key(&entry.spelling))).collect();
    if others.is_empty() { "default".into() } else { format!("default, or {}", others.join(", ")) }
}

fn source(node: &Node) -> String {
    const MOST: usize = 3;
    match &node.content {
        // A list that variables make up has no place of its own.
        Content::Section(section) if !section.is_empty() && !node.place.has_line() => {
            let mut values: Vec<_> = section.values().collect();
            values.sort_by_key(|entry| entry.node.place.clone());
            let sources: Vec<_> = values.iter().take(MOST).map(|entry| source(&entry.node)).collect();
            format!("{}{}", sources.join(", "), if values.len() > MOST { ", .." } else { "" })
        }
        _ => node.place.to_string(),
    }
}
