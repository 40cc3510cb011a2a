//! Texts of errors, as they are stored: with their causes, capped, and with control characters escaped, so that what comes from outside
//! forges no line of a log.

use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;

/// The longest text of an error, in bytes: enough for a chain of causes, and no dump of a document.
pub(crate) const MAX_ERROR: usize = 4 * 1024;

const CUT: &str = " [cut]";

/// `error: its cause: the cause's cause`. A cause whose text ends the text before it is not repeated.
///
/// It calls the error's own code, which may panic: for a place that is guarded.
pub(crate) fn of(error: &(dyn Error + 'static)) -> Arc<str> {
    let mut text = String::new();
    for cause in std::iter::successors(Some(error), |&error| error.source()) {
        let next = of_one(cause);
        if text.is_empty() {
            text = next;
        } else if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        if text.len() > MAX_ERROR {
            break;
        }
    }
    capped(&text)
}

/// A text that is no error's.
pub(crate) fn of_text(text: &str) -> Arc<str> {
    let mut escaped = Escaped::default();
    // It says that it is full, which is no fault.
    let _ = escaped.write_str(text);
    capped(&escaped.0)
}

fn of_one(error: &(dyn Error + 'static)) -> String {
    let mut text = Escaped::default();
    let _ = write!(text, "{error}");
    text.0
}

/// Takes text until it has more than is kept, so that an endless one ends.
#[derive(Default)]
struct Escaped(String);

impl Write for Escaped {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for character in text.chars() {
            if self.0.len() > MAX_ERROR {
                return Err(std::fmt::Error);
            }
            if character.is_control() {
                self.0.extend(character.escape_default());
            } else {
                self.0.push(character);
            }
        }
        Ok(())
    }
}

fn capped(text: &str) -> Arc<str> {
    if text.len() <= MAX_ERROR {
        return text.into();
    }
    let most = MAX_ERROR - CUT.len();
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{CUT}", &text[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Chain(&'static str, Option<Box<Chain>>);

    impl std::fmt::Display for Chain {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Chain {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_follow_and_none_is_said_twice() {
        let cause = Chain("no route", None);
        let error = Chain("cannot connect: no route", Some(Box::new(cause)));
        assert_eq!(&*of(&Chain("not sent", Some(Box::new(error)))), "not sent: cannot connect: no route");
    }

    #[test]
    fn text_from_outside_forges_no_line() {
        assert_eq!(&*of(&Chain("x\n2026 INFO ok\u{1b}[2J", None)), "x\\n2026 INFO ok\\u{1b}[2J");
        assert_eq!(&*of_text("a\rb"), "a\\rb");
    }

    #[test]
    fn an_endless_text_is_cut_at_a_character() {
        struct Endless;
        impl std::fmt::Display for Endless {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                loop {
                    f.write_str("ä€")?;
                }
            }
        }
        let mut text = Escaped::default();
        assert!(write!(text, "{Endless}").is_err());
        let text = capped(&text.0);
        assert!(text.len() <= MAX_ERROR && text.ends_with(CUT), "{}", text.len());
    }
}
