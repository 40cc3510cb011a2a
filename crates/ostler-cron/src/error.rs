//! Why a text is no expression.

use std::fmt;

use crate::field::Field;
use crate::mistake::Mistake;

pub(crate) type Result<T> = std::result::Result<T, ParseError>;

/// Why a text is not an expression: the field, the place in the text, and what is allowed there.
///
/// ```
/// use ostler_cron::{Cron, Field};
///
/// let text = "0 25 * * *";
/// let error = Cron::parse(text).unwrap_err();
/// assert_eq!((error.field(), error.offset()), (Some(Field::Hour), 2));
/// assert_eq!(error.to_string(), "hour (at byte 2): 25 is out of range; allowed is 0 to 23");
/// assert_eq!(error.caret(text).to_string(), "0 25 * * *\n  ^");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParseError {
    pub(crate) field: Option<Field>,
    pub(crate) offset: usize,
    pub(crate) mistake: Mistake,
}

impl ParseError {
    pub(crate) fn whole(offset: usize, mistake: Mistake) -> Self {
        Self { field: None, offset, mistake }
    }

    /// The field that is wrong; `None` where it is not one field: the number of fields, or a macro.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        self.field
    }

    /// The byte of the text at which the mistake is. It is the length of the text where something is missing at its end.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Prints `text`, which should be the text that was read, with a caret under the place.
    #[must_use]
    pub fn caret<'a>(&self, text: &'a str) -> impl fmt::Display + use<'a> {
        Caret { text, offset: self.offset }
    }
}

struct Caret<'a> {
    text: &'a str,
    offset: usize,
}

impl fmt::Display for Caret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.text.chars() {
            write!(f, "{}", if char.is_control() { ' ' } else { char })?;
        }
        let before = self.text.char_indices().take_while(|&(at, _)| at < self.offset).count();
        write!(f, "\n{:before$}^", "")
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, mistake) = (self.offset, self.mistake);
        match self.field {
            Some(field) if mistake.is_of_value() => {
                write!(f, "{field} (at byte {at}): {mistake}; allowed is {}", field.allowed())
            }
            Some(field) => write!(f, "{field} (at byte {at}): {mistake}"),
            None => write!(f, "expression (at byte {at}): {mistake}"),
        }
    }
}

impl std::error::Error for ParseError {}
