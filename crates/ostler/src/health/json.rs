//! JSON, written: as much as the probes need. A reader is not here.

use std::fmt::Write;
use std::time::Duration;

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        string(self.key(key), value);
        self
    }

    /// `null` where there is none.
    pub(crate) fn optional_text(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => string(self.key(key), value),
            None => self.key(key).push_str("null"),
        }
        self
    }

    pub(crate) fn number(&mut self, key: &str, value: u64) -> &mut Self {
        let out = self.key(key);
        // Writing to a string does not fail.
        let _ = write!(out, "{value}");
        self
    }

    /// Whole milliseconds; `null` where there is none.
    pub(crate) fn millis(&mut self, key: &str, value: Option<Duration>) -> &mut Self {
        match value {
            Some(value) => return self.number(key, u64::try_from(value.as_millis()).unwrap_or(u64::MAX)),
            None => self.key(key).push_str("null"),
        }
        self
    }

    /// An array, of which `write` writes each item.
    pub(crate) fn array<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut String, T),
    ) -> &mut Self {
        let out = self.key(key);
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write(out, item);
        }
        out.push(']');
        self
    }

    pub(crate) fn end(&mut self) {
        self.out.push('}');
    }

    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(',');
        }
        string(self.out, key);
        self.out.push(':');
        self.out
    }
}

/// A string with its quotes, escaped as JSON wants it.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn an_object_of_all_there_is_is_read_as_it_was_meant() {
        let mut out = String::new();
        Object::begin(&mut out)
            .text("text", "a \"b\" \\ \n\u{1}\u{7f}ä\u{2028}")
            .optional_text("none", None)
            .optional_text("some", Some(""))
            .number("number", u64::MAX)
            .millis("took", Some(Duration::from_micros(1_999)))
            .millis("never", None)
            .array("empty", [""; 0], string)
            .array("two", ["x", "y"], string)
            .end();
        let expected = json!({
            "text": "a \"b\" \\ \n\u{1}\u{7f}ä\u{2028}", "none": null, "some": "", "number": u64::MAX, "took": 1,
            "never": null, "empty": [], "two": ["x", "y"],
        });
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was(text in any::<String>()) {
            let mut out = String::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
