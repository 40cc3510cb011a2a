//! JSON into a tree: strict but for comments and trailing commas, which .NET's configuration takes as well.

use jsonc_parser::ast::{Array, Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::super::path::normal;
use super::super::place::Place;
use super::super::tree::{Content, Entry, MAX_DEPTH, Node, Section};
use super::{Reading, TOO_DEEP, TOO_LARGE};

const AS_DOTNET: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Section {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &AS_DOTNET);
    match parsed.map(|parsed| parsed.value) {
        Ok(Some(Value::Object(root))) => object(&root, reading, 1),
        Ok(Some(other)) => refuse(reading, other.start(), "expected `{`: the whole is a section"),
        Ok(None) => refuse(reading, 0, "this is empty; expected `{`"),
        Err(error) => {
            let message = crate::error::escaped(&error.kind().to_string());
            refuse(reading, error.range().start, &format!("this is not JSON: {}", in_lower_case(&message)))
        }
    }
}

fn refuse(reading: &mut Reading<'_>, offset: usize, message: &str) -> Section {
    reading.broken(reading.place(offset), message);
    Section::new()
}

fn in_lower_case(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn object(object: &Object<'_>, reading: &mut Reading<'_>, depth: usize) -> Section {
    let (mut section, mut within) = (Section::new(), Vec::new());
    for property in &object.properties {
        let place = reading.place(property.range.start);
        let name = property.name.as_str();
        let parts: Vec<_> = name.split(':').collect();
        if reading.shared && parts.len() > 1 && parts.iter().all(|part| !part.is_empty()) {
            within.extend(inside(&parts, &place, &property.value, reading, depth));
            continue;
        }
        let node = node(&property.value, reading, depth);
        reading.insert(&mut section, Entry { spelling: name.to_owned(), place, node });
    }
    // After all others, whose sections they may be in.
    within.into_iter().for_each(|entry| reading.join(&mut section, entry));
    section
}

/// A value under a key such as .NET's `A:B`, in the sections that its `parts` name.
fn inside(
    parts: &[&str],
    place: &Place,
    value: &Value<'_>,
    reading: &mut Reading<'_>,
    depth: usize,
) -> Option<Entry> {
    let (first, rest) = parts.split_first()?;
    let node = if rest.is_empty() || depth > MAX_DEPTH {
        node(value, reading, depth)
    } else {
        let inner = inside(rest, place, value, reading, depth + 1);
        let inner = inner.map(|entry| (normal(&entry.spelling), entry));
        Node::section(place.clone(), inner.into_iter().collect())
    };
    Some(Entry { spelling: (*first).to_owned(), place: place.clone(), node })
}

fn node(value: &Value<'_>, reading: &mut Reading<'_>, depth: usize) -> Node {
    let place = reading.place(value.start());
    if depth > MAX_DEPTH {
        reading.broken(place.clone(), TOO_DEEP);
        return Node { place, content: Content::Unread };
    }
    let content = match value {
        Value::StringLit(text) => Content::Text(text.value.to_string()),
        Value::BooleanLit(value) => Content::Bool(value.value),
        Value::NullKeyword(_) => Content::Null,
        Value::NumberLit(number) => number_of(number.value).unwrap_or_else(|| {
            reading.broken(place.clone(), TOO_LARGE);
            Content::Unread
        }),
        Value::Array(values) => Content::List(list(values, reading, depth)),
        Value::Object(values) => Content::Section(object(values, reading, depth + 1)),
    };
    Node { place, content }
}

fn list(values: &Array<'_>, reading: &mut Reading<'_>, depth: usize) -> Vec<Node> {
    values.elements.iter().map(|value| node(value, reading, depth + 1)).collect()
}

fn number_of(text: &str) -> Option<Content> {
    if text.contains(['.', 'e', 'E']) {
        return text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Content::Float);
    }
    text.parse().ok().map(Content::Whole)
}
