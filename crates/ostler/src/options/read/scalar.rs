//! One value, read as the type that is asked for. Text is read as any type, as variables have nothing else.

use super::super::tree::Content;

/// Why not, and what would do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wrong {
    Unfit(String),
    OutOfRange(String),
}

pub(super) fn bool(content: &Content) -> Result<bool, Wrong> {
    let unfit = || Wrong::Unfit("`true` or `false`".into());
    match content {
        Content::Bool(value) => Ok(*value),
        Content::Text(text) => text.trim().to_ascii_lowercase().parse().map_err(|_| unfit()),
        _ => Err(unfit()),
    }
}

/// A whole number from `least` to `most`.
pub(super) fn whole(content: &Content, least: i128, most: i128) -> Result<i128, Wrong> {
    let expected = whole_from(least, most);
    let number = match content {
        Content::Whole(number) => *number,
        Content::Text(text) => match text.trim().parse() {
            Ok(number) => number,
            Err(_) if is_digits(text.trim()) => return Err(Wrong::OutOfRange(expected)),
            Err(_) => return Err(Wrong::Unfit(expected)),
        },
        _ => return Err(Wrong::Unfit(expected)),
    };
    if (least..=most).contains(&number) { Ok(number) } else { Err(Wrong::OutOfRange(expected)) }
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole_from(least: i128, most: i128) -> String {
    match (least, most > i128::from(u32::MAX)) {
        (0, true) => "a whole number, 0 or more".into(),
        (1, true) => "a whole number, 1 or more".into(),
        (_, true) => "a whole number".into(),
        (least, false) => format!("a whole number from {least} to {most}"),
    }
}

/// A number that is no larger than `most`, either way.
pub(super) fn float(content: &Content, most: f64) -> Result<f64, Wrong> {
    let unfit = || Wrong::Unfit("a number".into());
    let number = match content {
        #[allow(clippy::cast_precision_loss, reason = "a number of this size in a float's place is meant so")]
        Content::Whole(number) => *number as f64,
        Content::Float(number) => *number,
        Content::Text(text) => {
            let text = text.trim();
            let number = text.parse::<f64>().map_err(|_| unfit())?;
            if number.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
                return Err(Wrong::OutOfRange("a number".into()));
            }
            number
        }
        _ => return Err(unfit()),
    };
    if number.is_nan() {
        // It is not even equal to itself: each reading of it would be a change.
        return Err(unfit());
    }
    if number.is_finite() && number.abs() > most {
        Err(Wrong::OutOfRange("a number".into()))
    } else {
        Ok(number)
    }
}

pub(super) fn char(content: &Content) -> Result<char, Wrong> {
    let unfit = || Wrong::Unfit("one character".into());
    let Content::Text(text) = content else { return Err(unfit()) };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(unfit()),
    }
}

pub(super) fn text(content: &Content) -> Result<&str, Wrong> {
    match content {
        Content::Text(text) => Ok(text),
        _ => Err(Wrong::Unfit("text".into())),
    }
}

/// What serde says it expects, in the words of a configuration.
pub(super) fn in_plain_words(expected: &str) -> String {
    let plain = match expected {
        "a string" | "a borrowed string" | "string" | "str" => "text",
        "a character" => "one character",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        "a map" => "a section",
        "unit" => "`null`",
        "f32" | "f64" => "a number",
        "struct Duration" => super::super::duration::EXPECTED,
        _ if expected.starts_with("struct ") => "a section",
        _ if expected.starts_with("a nonzero ") => "a whole number other than 0",
        _ => return whole_of(expected).unwrap_or_else(|| crate::error::escaped(expected)),
    };
    plain.to_owned()
}

fn whole_of(expected: &str) -> Option<String> {
    let (least, most) = match expected {
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" | "usize" | "u128" => (0, i128::MAX),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" | "i128" => (i128::MIN, i128::MAX),
        _ => return None,
    };
    Some(whole_from(least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn text_is_read_as_what_is_asked_for() {
        assert_eq!(whole(&text_of(" 4 "), 0, 255), Ok(4));
        assert_eq!(whole(&text_of("-4"), -128, 127), Ok(-4));
        assert_eq!(bool(&text_of("True")), Ok(true));
        assert_eq!(float(&text_of("1e3"), f64::MAX), Ok(1000.0));
        assert_eq!(char(&text_of("ö")), Ok('ö'));
    }

    /// serde's words are not promised: where another version says it otherwise, these fail.
    #[test]
    fn what_serde_expects_is_said_in_plain_words() {
        use std::collections::BTreeMap;
        use std::time::Duration;

        use serde::Deserialize;
        use serde::de::value::{BoolDeserializer, UnitDeserializer};
        use serde::de::{DeserializeOwned, IntoDeserializer};

        use super::super::fault::Fault;

        #[derive(Debug, Deserialize)]
        struct Section {}

        fn said(result: Result<impl Sized, Fault>) -> String {
            match result {
                Err(Fault::Unfit { expected, .. }) => in_plain_words(&expected),
                _ => panic!("this fits"),
            }
        }
        fn of<T: DeserializeOwned>() -> String {
            let unfit: BoolDeserializer<Fault> = true.into_deserializer();
            said(T::deserialize(unfit))
        }

        let unit: UnitDeserializer<Fault> = ().into_deserializer();
        assert_eq!(said(bool::deserialize(unit)), "`true` or `false`");
        let borrowed: BoolDeserializer<Fault> = true.into_deserializer();
        assert_eq!(said(<&str>::deserialize(borrowed)), "text");
        assert_eq!((of::<String>(), of::<char>()), ("text".into(), "one character".into()));
        assert_eq!((of::<Vec<u8>>(), of::<()>()), ("a list".into(), "`null`".into()));
        assert_eq!((of::<BTreeMap<u8, u8>>(), of::<Section>()), ("a section".into(), "a section".into()));
        assert_eq!((of::<f32>(), of::<f64>()), ("a number".into(), "a number".into()));
        assert_eq!(of::<Duration>(), super::super::super::duration::EXPECTED);
        assert_eq!(of::<std::num::NonZeroU8>(), "a whole number other than 0");
        assert_eq!(of::<u8>(), "a whole number from 0 to 255");
        assert_eq!(of::<i16>(), "a whole number from -32768 to 32767");
        assert_eq!(
            (of::<u64>(), of::<usize>()),
            ("a whole number, 0 or more".into(), "a whole number, 0 or more".into())
        );
        assert_eq!((of::<i64>(), of::<isize>()), ("a whole number".into(), "a whole number".into()));
    }

    #[test]
    fn a_number_out_of_range_is_another_mistake_than_no_number() {
        let range = || "a whole number from 0 to 255".to_owned();
        assert_eq!(whole(&Content::Whole(256), 0, 255), Err(Wrong::OutOfRange(range())));
        assert_eq!(
            whole(&text_of("99999999999999999999999999999999999999999"), 0, 255),
            Err(Wrong::OutOfRange(range()))
        );
        assert_eq!(whole(&text_of("4x"), 0, 255), Err(Wrong::Unfit(range())));
        assert_eq!(whole(&Content::Float(4.0), 0, 255), Err(Wrong::Unfit(range())));
        assert_eq!(
            float(&Content::Float(1e300), f64::from(f32::MAX)),
            Err(Wrong::OutOfRange("a number".into()))
        );
        assert_eq!(float(&text_of("nan"), f64::MAX), Err(Wrong::Unfit("a number".into())));
        assert_eq!(float(&text_of("1e999"), f64::MAX), Err(Wrong::OutOfRange("a number".into())));
    }
}
