//! The macros: names of expressions.

use crate::error::{ParseError, Result};
use crate::mistake::Mistake;
use crate::text;

const MACROS: [(&str, &str); 9] = [
    ("@every_second", "* * * * * *"),
    ("@every_minute", "* * * * *"),
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The expression for which `text` stands, which begins at `start` and with an `@`.
pub(crate) fn find(text: &str, start: usize) -> Result<&'static str> {
    let known = |word: &str| MACROS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    if let Some(&(_, expression)) = known(text) {
        return Ok(expression);
    }
    let word = text::first_word(text);
    match known(word) {
        Some(&(name, _)) => {
            let (blanks, _) = text::trim(&text[word.len()..]);
            Err(ParseError::whole(start + word.len() + blanks, Mistake::MacroArgument(name)))
        }
        None if text::is_every(text) => Err(ParseError::whole(start, Mistake::Interval)),
        None => Err(ParseError::whole(start, Mistake::Macro(nearest(word)))),
    }
}

fn nearest(word: &str) -> Option<&'static str> {
    let names = MACROS.iter().map(|&(name, _)| name).chain([text::EVERY]);
    names.into_iter().find(|name| is_nearly(word.as_bytes(), name.as_bytes()))
}

/// Whether one letter is wrong, missing or too much, or two are swapped.
fn is_nearly(found: &[u8], known: &[u8]) -> bool {
    let same = |(a, b): &(&u8, &u8)| a.eq_ignore_ascii_case(b);
    let start = found.iter().zip(known).take_while(same).count();
    let (found, known) = (&found[start..], &known[start..]);
    let end = found.iter().rev().zip(known.iter().rev()).take_while(same).count();
    match (&found[..found.len() - end], &known[..known.len() - end]) {
        ([_], [] | [_]) | ([], [_]) => true,
        ([a, b], [c, d]) => a.eq_ignore_ascii_case(d) && b.eq_ignore_ascii_case(c),
        _ => false,
    }
}
