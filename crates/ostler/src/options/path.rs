//! The way to a value: `mail.hosts[0]`. Two ways are the same where they differ in case, `_` and `-` only.

use std::cmp::Ordering;
use std::fmt;

/// The way to a value, from the outside to the inside.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Part>);

/// One step.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Key { normal: String, shown: String },
    Index(usize),
}

impl Path {
    /// A path as people write it: `mail.hosts[0]`, `mail:hosts:0`.
    pub(super) fn parse(text: &str) -> Self {
        let mut path = Self::default();
        for steps in text.split(['.', ':']) {
            let mut steps = steps.split(['[', ']']).filter(|step| !step.is_empty());
            path.0.extend(steps.next().map(Part::key));
            path.0.extend(steps.map(|step| step.parse().map_or_else(|_| Part::key(step), Part::Index)));
        }
        path
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Part::key(key))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Part::Index(index))
    }

    fn with(&self, part: Part) -> Self {
        let mut parts = self.0.clone();
        parts.push(part);
        Self(parts)
    }

    pub(super) fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    pub(super) fn parent(&self) -> Option<Self> {
        let (_, outer) = self.0.split_last()?;
        Some(Self(outer.to_vec()))
    }

    /// The last step, as it is shown.
    pub(super) fn last(&self) -> Option<String> {
        self.0.last().map(Part::shown)
    }

    /// The first `count` steps.
    pub(super) fn first(&self, count: usize) -> Self {
        Self(self.0.iter().take(count).cloned().collect())
    }

    /// Whether `other` is this one or lies below it.
    pub(super) fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Part {
    fn key(shown: &str) -> Self {
        Self::Key { normal: normal(shown), shown: shown.to_owned() }
    }

    /// What it is in a table. A list that is written as a table has its numbers as keys.
    pub(super) fn normal(&self) -> String {
        match self {
            Self::Key { normal, .. } => normal.clone(),
            Self::Index(index) => index.to_string(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Key { shown, .. } => shown.clone(),
            Self::Index(index) => index.to_string(),
        }
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Part {}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Key { normal: one, .. }, Self::Key { normal: other, .. }) => one.cmp(other),
            (Self::Index(one), Self::Index(other)) => one.cmp(other),
            (Self::Key { .. }, Self::Index(_)) => Ordering::Less,
            (Self::Index(_), Self::Key { .. }) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            match part {
                Part::Key { shown, .. } if at == 0 => f.write_str(&crate::error::escaped(shown))?,
                Part::Key { shown, .. } => write!(f, ".{}", crate::error::escaped(shown))?,
                Part::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What two spellings of one key have in common: case, `_` and `-` do not count. A key of nothing else stays as it
/// is.
pub(super) fn normal(key: &str) -> String {
    let normal: String =
        key.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    if normal.is_empty() { key.to_owned() } else { normal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_key_are_one() {
        for spelling in ["IntervalSeconds", "interval_seconds", "INTERVAL_SECONDS", "interval-seconds"] {
            assert_eq!(normal(spelling), "intervalseconds");
        }
        assert_eq!(normal("_"), "_");
        assert_ne!(normal("interval"), normal("intervals"));
    }

    #[test]
    fn a_path_is_written_in_more_than_one_way() {
        let path = Path::default().key("mail").key("hosts").key("0");
        assert_eq!(Path::parse("Mail:Hosts:0"), path);
        assert_eq!(Path::parse("mail.hosts[0]"), Path::default().key("mail").key("hosts").index(0));
        assert_eq!(Path::parse("mail.hosts[0]").to_string(), "mail.hosts[0]");
        assert!(Path::parse("mail").holds(&path));
        assert!(!Path::parse("mail.host").holds(&path));
    }
}
