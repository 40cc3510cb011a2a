//! The validator against `serde_json`, and without allocation: what one takes the other reads.

use std::collections::BTreeSet;
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

fn verdict(text: &str) -> Result<(), PayloadError> {
    check(text.as_bytes(), HARD_LIMIT)
}

/// Whether serde_json reads this text to its end.
fn serde_json_takes(text: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    serde::Deserialize::deserialize(&mut reader).and_then(|IgnoredAny| reader.end()).is_ok()
}

/// What a payload must not have, though it is JSON: written with serde_json's own reader, level by level.
fn has_extra_fault(text: &str, depth: usize) -> bool {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    match text.as_bytes()[0] {
        b'"' => serde_json::from_str::<String>(text).is_ok_and(|said| said.contains('\0')) || is_lone(text),
        b'{' | b'[' => depth == MAX_DEPTH || in_container(text, depth + 1),
        b'-' | b'0'..=b'9' => !is_number_held(text),
        _ => false,
    }
}

/// A string that is JSON and no text has half of a pair.
fn is_lone(text: &str) -> bool {
    serde_json::from_str::<String>(text).is_err()
}

fn is_number_held(text: &str) -> bool {
    if !text.contains(['.', 'e', 'E']) {
        return text.parse::<i128>().is_ok_and(|value| (i64::MIN.into()..=u64::MAX.into()).contains(&value));
    }
    let value: f64 = text.parse().unwrap();
    let mantissa = text.split(['e', 'E']).next().unwrap();
    value.is_finite() && (value == 0.0) != mantissa.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
}

fn in_container(text: &str, depth: usize) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    // A key that is no text is an error of the reader.
    Faults(depth).deserialize(&mut reader).unwrap_or(true)
}

/// Finds faults in what stands in an array or an object.
struct Faults(usize);

impl<'de> DeserializeSeed<'de> for Faults {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Faults {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut fault = false;
        while let Some(value) = seq.next_element::<&RawValue>()? {
            fault |= has_extra_fault(value.get(), self.0);
        }
        Ok(fault)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut keys = BTreeSet::new();
        let mut fault = false;
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            fault |= key.contains('\0') | has_extra_fault(value.get(), self.0) | !keys.insert(key);
        }
        Ok(fault)
    }
}

/// Both ways: what is taken is JSON without a fault, and the other way round.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    let verdict = verdict(text);
    let wanted = !text.is_empty() && serde_json_takes(text) && !has_extra_fault(text, 0);
    prop_assert_eq!(verdict.is_ok(), wanted, "{:?} of {:?}", verdict, text);
    if verdict.is_ok() {
        prop_assert!(read(text).is_ok(), "{}", text);
    }
    Ok(())
}

/// The value, however deep.
fn read(text: &str) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    serde::Deserialize::deserialize(&mut reader)
}

/// Pieces of JSON, and of what only looks like it.
fn piece() -> impl Strategy<Value = &'static str> {
    select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "\"a\":",
        "\"a\"",
        "\"b\":",
        "\"\\u0061\":",
        "\"\"",
        "\"",
        "\\",
        "\\u",
        "d800",
        "\"\\ud800\"",
        "\"\\ud83e\\udd80\"",
        "\"\\u0000\"",
        "\0",
        "0",
        "-",
        "1",
        "12",
        ".5",
        "e",
        "E+9",
        "e400",
        "1e400",
        "1e-400",
        "0e-400",
        "-0",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "true",
        "null",
        "fals",
        "ä",
        "🦀",
        "\u{7f}",
        "\t",
        "/",
    ])
}

/// JSON that is well formed, with faults of all sorts in it.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        select(vec!["null", "true", "false", "\"\\u0000\"", "\"\\udc00\"", "1e309", "1e-999", "-0.0"])
            .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        (any::<u64>(), -20..400_i32).prop_map(|(digits, exponent)| format!("{digits}e{exponent}")),
        any::<f64>().prop_filter("a number", |number| number.is_finite()).prop_map(|n| format!("{n:e}")),
        ".{0,6}".prop_map(|text| Value::from(text).to_string()),
    ];
    scalar.prop_recursive(6, 60, 8, |inner| {
        let key =
            select(vec!["\"a\"", "\"\\u0061\"", "\"b\"", "\"ä\"", "\"\\u00e4\"", "\"\"", "\"c\"", "\"\\n\""]);
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|values| format!("[{}]", values.join(" , "))),
            vec((key, inner), 0..4).prop_map(|members| {
                let members = members.iter().map(|(key, value)| format!("{key} : {value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_are_judged_as_serde_json_does(pieces in vec(piece(), 0..12)) {
        agrees(&pieces.concat())?;
    }

    #[test]
    fn json_is_judged_as_serde_json_does(text in json()) {
        agrees(&text)?;
    }

    #[test]
    fn json_with_one_change_is_judged_as_serde_json_does(text in json(), at: Index, to in piece()) {
        let mut characters = text.chars().map(String::from).collect::<Vec<_>>();
        *at.get_mut(&mut characters[..]) = to.to_owned();
        agrees(&characters.concat())?;
    }

    #[test]
    fn any_depth_is_judged_as_serde_json_does(depth in 120..140_usize, object: bool, inner in json()) {
        let (open, close) = if object { ("{\"a\":", "}") } else { ("[", "]") };
        agrees(&(open.repeat(depth) + &inner + &close.repeat(depth)))?;
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in vec(any::<u8>(), 0..40)) {
        let text = std::str::from_utf8(&bytes);
        match check(&bytes, HARD_LIMIT) {
            Err(PayloadError::Utf8(at)) => prop_assert_eq!(text.unwrap_err().valid_up_to(), at),
            verdict => prop_assert_eq!(verdict, text.map_or(Err(PayloadError::Empty), self::verdict)),
        }
    }

    #[test]
    fn what_serde_writes_is_a_payload(text in ".{0,20}", number: i64, float in any::<f64>()) {
        let value = serde_json::json!({ "text": text.replace('\0', ""), "number": number, "float": [float, null] });
        prop_assert_eq!(verdict(&value.to_string()), Ok(()));
    }
}

#[test]
fn the_place_of_a_fault_is_told() {
    let error = StoreError::from(verdict(r#"{"a":1,"a":2}"#).unwrap_err());
    assert_eq!(error.kind(), crate::ErrorKind::Invalid);
    assert_eq!(error.to_string(), "the payload has a key twice in one object, at byte 7");
}

#[test]
fn a_limit_of_ones_own_is_kept_below_the_hard_one() {
    let text = format!("{:?}", "x".repeat(HARD_LIMIT - 2));
    assert_eq!(check(text.as_bytes(), usize::MAX), Ok(()));
    assert_eq!(
        checked_to(text.clone() + " ", usize::MAX).map(drop).unwrap_err().kind(),
        crate::ErrorKind::Invalid
    );
    assert_eq!(check(b"[1]", 2), Err(PayloadError::TooLarge { bytes: 3, limit: 2 }));
    assert_eq!(check(b"[1]", 3), Ok(()));
}

/// With a comparison of each key with all before it, this would not end while anybody waits.
#[test]
fn an_object_with_as_many_keys_as_fit_is_judged() {
    let mut text = String::from("{");
    let mut count = 0;
    while text.len() < HARD_LIMIT - 20 {
        text += &format!("\"{count:x}\":0,");
        count += 1;
    }
    assert!(count > 90_000);
    assert_eq!(verdict(&format!("{text}\"last\":0}}")), Ok(()));
    assert!(matches!(verdict(&format!("{text}\"0\":0}}")), Err(PayloadError::DuplicateKey(_))));
}
