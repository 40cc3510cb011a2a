//! What the fuzzer, and the test that replays its corpus, do with an input: read it as a cron expression.

use ostler_cron::{Cron, Every, Expression, ParseError};

/// Reads `data` as a text.
///
/// # Panics
/// Where a property is broken that holds for every input.
pub(crate) fn read(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    for id in [None, Some("nightly-cleanup"), Some("")] {
        match id.map_or_else(|| Cron::parse(text), |id| Cron::parse_with_id(text, id)) {
            Ok(cron) => {
                is_printed_as_the_same(cron);
                is_written_in_other_ways(cron, text, id);
            }
            Err(error) => tells_where(error, text),
        }
    }
    match Every::parse(text) {
        Ok(every) => {
            assert!(!every.period().is_zero(), "an interval of nothing");
            assert_eq!(Every::parse(&every.to_string()), Ok(every), "{every}");
            assert_eq!(Expression::parse(text), Ok(Expression::Every(every)));
        }
        Err(error) => {
            tells_where(error, text);
            assert_eq!(Expression::parse(text).ok(), Cron::parse(text).ok().map(Expression::Cron));
        }
    }
}

fn is_printed_as_the_same(cron: Cron) {
    let canonical = cron.to_string();
    assert_eq!(Cron::parse(&canonical), Ok(cron), "`{canonical}`");
    assert!(!canonical.contains('H'), "what was chosen is printed: `{canonical}`");
    assert_eq!(cron.describe().to_string().starts_with("Never"), cron.never_fires(), "`{canonical}`");
    assert!(cron.warnings().all(|warning| !warning.to_string().is_empty()), "`{canonical}`");
    let fires = cron.in_utc().next_after(jiff::Timestamp::MIN).is_some();
    assert_eq!(fires, !cron.never_fires(), "`{canonical}`");
}

fn is_written_in_other_ways(cron: Cron, text: &str, id: Option<&str>) {
    let written = |text: &str| match id {
        None => Cron::parse(text),
        Some(id) => Cron::parse_with_id(text, id),
    };
    assert_eq!(written(&text.to_ascii_lowercase()), Ok(cron), "in lower case: `{text}`");
    assert_eq!(written(&text.to_ascii_uppercase()), Ok(cron), "in upper case: `{text}`");
    assert_eq!(written(&text.replace('?', "*")), Ok(cron), "with stars: `{text}`");
    if text.len() + 2 <= Cron::MAX_LENGTH {
        assert_eq!(written(&format!("\t{text} ")), Ok(cron), "between blanks: `{text}`");
        // With the second, which is 0 where it is left out; it is one too many where it is not.
        if let Ok(longer) = written(&format!("0 {text}")) {
            assert_eq!(longer, cron, "`{text}`");
        }
    }
}

fn tells_where(error: ParseError, text: &str) {
    assert!(error.offset() <= text.len(), "{} is beyond the text: {error}", error.offset());
    assert!(text.is_char_boundary(error.offset()), "{} is within a character: {error}", error.offset());
    for said in [error.to_string(), error.caret(text).to_string()] {
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "a control character: {said:?}");
    }
    assert!(!error.to_string().contains('\n'), "a forged line: {error}");
}
