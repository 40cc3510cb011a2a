//! TOML into a tree. The crate `toml` parses and knows the span of each key and value.

use toml::de::{DeArray, DeTable, DeValue};

use super::super::tree::{Content, Entry, MAX_DEPTH, Node, Section};
use super::{Reading, TOO_DEEP, TOO_LARGE, twice};

pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Section {
    let (document, errors) = DeTable::parse_recoverable(text);
    // Then the first of two stands, and the rest is as it is written.
    let only_twice = errors.iter().all(|error| error.message() == TWICE);
    let (mut last_line, mut searches) = (0, MOST_SEARCHES);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        let (line, _) = reading.lines.spot(offset);
        // The first mistake of a line; what follows on it is mostly about the same.
        if line != last_line {
            let message = said(&error, text, reading, &mut searches);
            reading.broken(reading.place(offset), message);
        }
        last_line = line;
    }
    if only_twice { table(document.get_ref(), reading, 1) } else { Section::new() }
}

/// As the parser says that a key stands twice.
const TWICE: &str = "duplicate key";

/// How often the other place of a key that stands twice is searched for: each time the text is parsed anew.
const MOST_SEARCHES: usize = 20;

/// The parser's words; for a key that stands twice, with the other place.
fn said(error: &toml::de::Error, text: &str, reading: &Reading<'_>, searches: &mut usize) -> String {
    if error.message() == TWICE
        && let Some(span) = error.span()
        && let Some(key) = text.get(span.clone())
    {
        let key = key.trim_matches(['"', '\'']);
        let Some(left) = searches.checked_sub(1) else {
            return format!("`{}` stands twice in one table", crate::error::escaped(key));
        };
        *searches = left;
        let line_start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        // What came before the line can be parsed alone, and holds the first.
        let (before, _) = DeTable::parse_recoverable(text.get(..line_start).unwrap_or_default());
        if let Some(offset) = last_of(before.get_ref(), key, text) {
            return twice(key, key, &reading.place(offset));
        }
    }
    let no_value = ["string values must be quoted", "invalid boolean"];
    let empty = error.span().and_then(|span| text.get(span)).is_none_or(|found| found.trim().is_empty());
    match (no_value.iter().any(|start| error.message().starts_with(start)), empty) {
        (true, true) => "this is not TOML: a value is missing".into(),
        // The parser names the one of many that the first letter fits.
        (true, false) => "this is not TOML: expected a number, `true`, `false`, or a text in quotes".into(),
        _ => format!("this is not TOML: {}", crate::error::escaped(error.message())),
    }
}

/// Where `key` stands last; a table within braces is another's value, not a table that goes on.
fn last_of(table: &DeTable<'_>, key: &str, text: &str) -> Option<usize> {
    let inside = |value: &DeValue<'_>| match value {
        DeValue::Table(table) => last_of(table, key, text),
        DeValue::Array(array) => array
            .iter()
            .filter_map(|value| value.get_ref().as_table())
            .filter_map(|t| last_of(t, key, text))
            .max(),
        _ => None,
    };
    let own = table.iter().filter(|(its, _)| its.get_ref() == key).map(|(its, _)| its.span().start);
    let open = table.iter().filter(|(_, value)| text.as_bytes().get(value.span().start) != Some(&b'{'));
    own.chain(open.filter_map(|(_, value)| inside(value.get_ref()))).max()
}

fn table(table: &DeTable<'_>, reading: &mut Reading<'_>, depth: usize) -> Section {
    let mut section = Section::new();
    let mut entries: Vec<_> = table.iter().collect();
    // In the order of the file, so that of two spellings the second is the one too many.
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let place = reading.place(key.span().start);
        let node = node(value.get_ref(), value.span().start, reading, depth);
        reading.insert(&mut section, Entry { spelling: key.get_ref().to_string(), place, node });
    }
    section
}

fn node(value: &DeValue<'_>, offset: usize, reading: &mut Reading<'_>, depth: usize) -> Node {
    let place = reading.place(offset);
    if depth > MAX_DEPTH {
        reading.broken(place.clone(), TOO_DEEP);
        return Node { place, content: Content::Unread };
    }
    let content = match value {
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Boolean(value) => Content::Bool(*value),
        DeValue::Datetime(value) => Content::Text(value.to_string()),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Content::Whole(number),
            Err(_) => too_large(&place, reading),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() || number.as_str().contains(['i', 'n']) => Content::Float(value),
            _ => too_large(&place, reading),
        },
        DeValue::Array(values) => Content::List(list(values, reading, depth)),
        DeValue::Table(values) => Content::Section(table(values, reading, depth + 1)),
    };
    Node { place, content }
}

fn list(values: &DeArray<'_>, reading: &mut Reading<'_>, depth: usize) -> Vec<Node> {
    values.iter().map(|value| node(value.get_ref(), value.span().start, reading, depth + 1)).collect()
}

fn too_large(place: &super::super::place::Place, reading: &mut Reading<'_>) -> Content {
    reading.broken(place.clone(), TOO_LARGE);
    Content::Unread
}
