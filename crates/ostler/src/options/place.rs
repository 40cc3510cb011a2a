//! Where something stands: a line and a column of a file, an environment variable, a flag.

use std::fmt;
use std::sync::Arc;

/// A place. Places are ordered as the layers are, and within a file as its lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    layer: usize,
    /// Line and column, counted from 1; `None` for what has no lines.
    spot: Option<(usize, usize)>,
    name: Arc<str>,
}

impl Place {
    /// The whole of a layer, or a part of it that has a name of its own.
    pub(super) fn named(layer: usize, name: impl Into<Arc<str>>) -> Self {
        Self { layer, spot: None, name: name.into() }
    }

    /// The same file, at a line and a column.
    pub(super) fn at(&self, spot: (usize, usize)) -> Self {
        Self { spot: Some(spot), ..self.clone() }
    }

    pub(super) fn has_line(&self) -> bool {
        self.spot.is_some()
    }

    /// Whether there is a name to show.
    pub(super) fn is_somewhere(&self) -> bool {
        !self.name.is_empty()
    }

    /// The number of its layer. A higher one wins.
    pub(super) fn layer(&self) -> usize {
        self.layer
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::error::escaped(&self.name))?;
        match self.spot {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// Turns offsets in a text into lines and columns.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of the character at a byte's offset, from 1. Columns are characters.
    pub(super) fn spot(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.get(start..offset).map_or(0, |text| text.chars().count());
        (line.max(1), before + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let lines = Lines::of("a = 1\nö = \"x\"\n");
        assert_eq!(lines.spot(0), (1, 1));
        assert_eq!(lines.spot(4), (1, 5));
        assert_eq!(lines.spot(6), (2, 1));
        assert_eq!(lines.spot(11), (2, 5));
        assert_eq!(Lines::of("").spot(0), (1, 1));
    }
}
