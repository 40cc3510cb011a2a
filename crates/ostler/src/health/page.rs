//! The body of an answer, for people or for machines. Pure.

use std::fmt::Write;
use std::time::Duration;

use super::derived::ago;
use super::history::HealthChange;
use super::json::{self, Object};
use super::report::{HealthEntry, HealthKind};
use super::shortlist::Shortlist;
use crate::status::Status;

/// A text stays small however much is in trouble.
const MOST_REASONS: usize = 20;

/// What an answer says.
#[derive(Debug)]
pub(crate) struct Page {
    list: Shortlist,
    /// How long ago the main runtime last showed that it is alive.
    age: Duration,
    changes: Vec<HealthChange>,
}

impl Page {
    pub(crate) fn new(list: Shortlist, age: Duration, changes: Vec<HealthChange>) -> Self {
        Self { list, age, changes }
    }

    pub(crate) fn status(&self) -> Status {
        self.list.status()
    }

    /// The status as a word, then a line for each reason, the worst first.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.status());
        let in_trouble = |entry: &&HealthEntry| entry.status != Status::Healthy;
        for (at, entry) in self.list.entries().filter(in_trouble).take(MOST_REASONS + 1).enumerate() {
            let line = if at == MOST_REASONS { "and more".to_owned() } else { line(entry) };
            text.push_str(&line);
            text.push('\n');
            // While it starts or stops, that is all there is to say.
            if entry.kind == HealthKind::Host && entry.name == "host" {
                break;
            }
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let mut out = String::new();
        Object::begin(&mut out)
            .text("status", self.status().as_str())
            .millis("age_ms", Some(self.age))
            .array("entries", self.list.entries(), write_entry)
            .number("more", self.list.more() as u64)
            .array("changes", &self.changes, write_change)
            .end();
        out.push('\n');
        out
    }
}

/// Why an entry is not healthy.
fn line(entry: &HealthEntry) -> String {
    let HealthEntry { name, kind, status, reason, age, .. } = entry;
    let mut line = match (kind, reason) {
        (HealthKind::Check, Some(reason)) => format!("check `{name}`: {reason}"),
        (HealthKind::Check, None) => format!("check `{name}` is {status}"),
        (_, Some(reason)) => reason.clone(),
        (_, None) => format!("{kind} `{name}` is {status}"),
    };
    if let Some(age) = age.filter(|_| *kind == HealthKind::Check) {
        // Writing to a string does not fail.
        let _ = write!(line, " ({})", ago(age));
    }
    line
}

fn write_entry(out: &mut String, entry: &HealthEntry) {
    Object::begin(out)
        .text("name", &entry.name)
        .text("kind", &entry.kind.to_string())
        .text("status", entry.status.as_str())
        .optional_text("reason", entry.reason.as_deref())
        .millis("age_ms", entry.age)
        .array("tags", &entry.tags, |out, tag| json::string(out, tag))
        .millis("took_ms", entry.took)
        .end();
}

fn write_change(out: &mut String, change: &HealthChange) {
    Object::begin(out)
        .text("name", &change.name)
        .text("kind", &change.kind.to_string())
        .text("from", change.from.as_str())
        .text("to", change.to.as_str())
        .optional_text("reason", change.reason.as_deref())
        .text("at", &change.at.to_string())
        .end();
}

#[cfg(test)]
mod tests {
    use super::super::derived::Verdict;
    use super::super::look::Finding;
    use super::*;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn finding<'a>(kind: HealthKind, name: &'a str, status: Status, reason: &str) -> Finding<'a> {
        let verdict = Verdict::new(status, reason);
        Finding { kind, name: name.into(), verdict, age: None, took: None, tags: &[] }
    }

    fn page(list: Shortlist) -> Page {
        Page::new(list, Duration::from_millis(80), Vec::new())
    }

    #[test]
    fn the_text_has_a_line_for_each_reason_and_the_age_of_what_checks_found() {
        let mut list = Shortlist::default();
        list.add(&finding(HealthKind::Host, "host", Status::Healthy, ""));
        let age = Some(Duration::from_secs(3));
        list.add(&Finding { age, ..finding(HealthKind::Check, "db", Status::Degraded, "slow") });
        list.add(&finding(HealthKind::Unit, "u", Status::Unhealthy, "unit `u` failed"));
        assert_eq!(page(list).text(), "Unhealthy\nunit `u` failed\ncheck `db`: slow (3s ago)\n");
    }

    #[test]
    fn a_host_that_stops_says_that_and_no_more() {
        let mut list = Shortlist::of(finding(HealthKind::Host, "host", Status::Unhealthy, "stopping"));
        list.add(&finding(HealthKind::Check, "db", Status::Unhealthy, "away"));
        assert_eq!(page(list).text(), "Unhealthy\nstopping\n");
    }

    #[test]
    fn a_text_is_bounded_and_says_that_there_is_more() {
        let many = |count| {
            let mut list = Shortlist::default();
            (0..count).for_each(|_| list.add(&finding(HealthKind::Unit, "u", Status::Degraded, "late")));
            page(list).text()
        };
        assert_eq!(many(MOST_REASONS).lines().count(), 1 + MOST_REASONS);
        assert!(!many(MOST_REASONS).contains("and more"));
        assert_eq!(many(10_000).lines().count(), 2 + MOST_REASONS);
        assert!(many(10_000).ends_with("late\nand more\n"));
    }

    #[test]
    fn the_json_is_what_the_documentation_says() {
        let tags: [Arc<str>; 1] = ["db".into()];
        let age = Some(Duration::from_secs(3));
        let mut list = Shortlist::of(Finding {
            age,
            took: Some(Duration::from_millis(12)),
            tags: &tags,
            ..finding(HealthKind::Check, "db", Status::Degraded, "a \"slow\" one\\")
        });
        (0..200).for_each(|_| {
            list.add(&Finding {
                verdict: Verdict::default(),
                ..finding(HealthKind::Unit, "u", Status::Healthy, "")
            })
        });
        let change = HealthChange {
            name: "db".into(),
            kind: HealthKind::Check,
            from: Status::Healthy,
            to: Status::Degraded,
            reason: None,
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let page = Page::new(list, Duration::from_millis(80), vec![change]);
        let mut read: Value = serde_json::from_str(&page.json()).unwrap();
        let entries = read["entries"].take();
        assert_eq!(entries.as_array().unwrap().len(), 100);
        let db = json!({ "name": "db", "kind": "check", "status": "Degraded", "reason": "a \"slow\" one\\",
            "age_ms": 3000, "tags": ["db"], "took_ms": 12 });
        let unit = json!({ "name": "u", "kind": "unit", "status": "Healthy", "reason": null, "age_ms": null,
            "tags": [], "took_ms": null });
        assert_eq!((&entries[0], &entries[1]), (&db, &unit));
        let changes = json!([{ "name": "db", "kind": "check", "from": "Healthy", "to": "Degraded", "reason": null,
            "at": "2026-01-01T00:00:00Z" }]);
        let expected =
            json!({ "status": "Degraded", "age_ms": 80, "entries": null, "more": 101, "changes": changes });
        assert_eq!(read, expected);
    }
}
