//! The payloads that every store has to judge alike.

use crate::payload::{DEFAULT_LIMIT, MAX_DEPTH, PayloadError};

/// Bytes, and whether they are a payload of at most [`DEFAULT_LIMIT`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PayloadCase {
    /// What it is about.
    pub name: &'static str,
    /// The bytes, which may be no text at all.
    pub bytes: Vec<u8>,
    /// What [`payload::check`](crate::payload::check) says of them.
    pub verdict: Result<(), PayloadError>,
}

/// The corpus.
pub fn payloads() -> Vec<PayloadCase> {
    use PayloadError::{DuplicateKey, Empty, LoneSurrogate, Nul, Number, Syntax, TooDeep, TooLarge, Utf8};
    let over = TooLarge { bytes: DEFAULT_LIMIT + 1, limit: DEFAULT_LIMIT };
    let mut cases = vec![
        case("empty", "", Err(Empty)),
        case("of the limit", text_of(DEFAULT_LIMIT), Ok(())),
        case("one byte over the limit", text_of(DEFAULT_LIMIT + 1), Err(over)),
        case("one level less than allowed", arrays(MAX_DEPTH - 1), Ok(())),
        case("as deep as allowed", arrays(MAX_DEPTH), Ok(())),
        case("as deep as allowed, of objects", objects(MAX_DEPTH), Ok(())),
        case("one level too deep", arrays(MAX_DEPTH + 1), Err(TooDeep(MAX_DEPTH))),
        case("20,000 levels deep", arrays(20_000), Err(TooDeep(MAX_DEPTH))),
        case("20,000 levels that never end", "[".repeat(20_000), Err(TooDeep(MAX_DEPTH))),
        case("a raw NUL", "\"a\0\"", Err(Nul(2))),
        case("an escaped NUL", r#"["a\u0000"]"#, Err(Nul(3))),
        case("an escaped NUL in a key", r#"{"\u0000":1}"#, Err(Nul(2))),
        case("a NUL outside of a string", "\0", Err(Syntax(0))),
        case("the first half of a pair", r#""\ud83e""#, Err(LoneSurrogate(1))),
        case("the second half of a pair", r#""\udd80""#, Err(LoneSurrogate(1))),
        case("the halves of a pair in the wrong order", r#""\udd80\ud83e""#, Err(LoneSurrogate(1))),
        case("half of a pair before a character", r#""a\ud83e\u0041""#, Err(LoneSurrogate(2))),
        case("a pair", r#""\ud83e\udd80""#, Ok(())),
        case("1e400", "1e400", Err(Number(0))),
        case("-1e400", "[-1e400]", Err(Number(1))),
        case("1e-400", "1e-400", Err(Number(0))),
        case("zero in many ways", "[0,-0,0.0,-0.0,0e9,0e400,0.000e-999]", Ok(())),
        case("the largest float", "1.7976931348623157e308", Ok(())),
        case("the smallest float", "5e-324", Ok(())),
        case("a float of many digits", "0.1000000000000000055511151231257827021181583404541015625", Ok(())),
        case("the largest integers", "[18446744073709551615,-9223372036854775808]", Ok(())),
        case("an integer above them", "[18446744073709551616]", Err(Number(1))),
        case("an integer below them", "-9223372036854775809", Err(Number(0))),
        case("an integer of a thousand digits", "1".repeat(1_000), Err(Number(0))),
        case("a key twice", r#"{"a":1,"b":2,"a":3}"#, Err(DuplicateKey(13))),
        case("a key twice, once escaped", r#"{"a":1,"\u0061":2}"#, Err(DuplicateKey(7))),
        case(
            "a key twice among many",
            many_keys("7"),
            Err(DuplicateKey(many_keys("").rfind(r#""""#).unwrap())),
        ),
        case("many keys", many_keys("last"), Ok(())),
        case("a key in two objects", r#"[{"a":1},{"a":{"a":2}}]"#, Ok(())),
        case("the empty key", r#"{"":1}"#, Ok(())),
        case("invalid UTF-8", *b"\"\xff\"", Err(Utf8(1))),
        case("UTF-8 that is cut off", *b"\"\xe2\x82", Err(Utf8(1))),
        case("a surrogate in UTF-8", *b"\"\xed\xa0\x80\"", Err(Utf8(1))),
        case("all sorts of space", " \t\r\n{ \"a\" : [ 1 , null ] } \n", Ok(())),
        case("characters beyond ASCII", r#"{"größe":"🦀\u20ac"}"#, Ok(())),
        case("every escape", r#""\"\\\/\b\f\n\r\t\u001f""#, Ok(())),
    ];
    let not_json = [
        ("a word", "tru", 3),
        ("an upper-case word", "NULL", 0),
        ("not a number", "NaN", 0),
        ("an infinity", "-Infinity", 1),
        ("a number with a leading zero", "01", 1),
        ("a number that ends with a point", "1.", 2),
        ("a number with an empty exponent", "1e+", 3),
        ("a plus sign", "+1", 0),
        ("a comma at the end of an array", "[1,]", 3),
        ("a comma at the end of an object", r#"{"a":1,}"#, 7),
        ("a key without quotes", "{a:1}", 1),
        ("a number as a key", "{1:1}", 1),
        ("no value", r#"{"a"}"#, 4),
        ("two values", "1 2", 2),
        ("an array that never ends", "[[1]", 4),
        ("an array that ends as an object", "[1}", 2),
        ("a string that never ends", "\"abc", 4),
        ("a control character", "\"a\n\"", 2),
        ("an unknown escape", r#""\x""#, 2),
        ("an escape that is cut off", r#""\u00e""#, 6),
        ("single quotes", "'a'", 0),
        ("a comment", "1 // one", 2),
        ("space alone", " \n", 2),
        ("a byte order mark", "\u{feff}1", 0),
    ];
    cases.extend(not_json.map(|(name, text, at)| case(name, text, Err(Syntax(at)))));
    cases
}

fn case(name: &'static str, bytes: impl Into<Vec<u8>>, verdict: Result<(), PayloadError>) -> PayloadCase {
    PayloadCase { name, bytes: bytes.into(), verdict }
}

/// A string of so many bytes, with its quotes.
fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

fn arrays(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn objects(depth: usize) -> String {
    format!("{}{{}}{}", "{\"a\":".repeat(depth - 1), "}".repeat(depth - 1))
}

/// An object with the keys 0 to 999, and one more.
fn many_keys(last: &str) -> String {
    let keys = (0..1_000).map(|at| format!("\"{at}\":{at},")).collect::<String>();
    format!("{{{keys}\"{last}\":0}}")
}
