//! What the validator of payloads costs, where that is a promise.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use ostler_jobs::payload;

fn allocations(text: &str) -> u64 {
    let counted = allocation_counter::measure(|| {
        payload::check(text.as_bytes(), payload::DEFAULT_LIMIT).unwrap();
    });
    counted.count_total
}

#[test]
fn an_ordinary_payload_is_checked_without_an_allocation() {
    for text in [
        "null",
        r#"{"order":7,"to":"ada@example.org","lines":["tea","pie"],"note":"two\nlines \u00e9"}"#,
        r#"{"a":{"b":{"c":{"d":[1.5,2.5e3,-7,{"e":null}]}}},"f":[{"a":1},{"a":2}]}"#,
    ] {
        assert_eq!(allocations(text), 0, "{text}");
    }
}

#[test]
fn a_deep_payload_needs_no_stack() {
    // A reader that calls itself for each level needs far more than this.
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    #[allow(clippy::disallowed_methods, reason = "a thread with a small stack is what this is about")]
    let checked = small.spawn(|| {
        let open = "[".repeat(payload::HARD_LIMIT);
        payload::check(open.as_bytes(), payload::HARD_LIMIT)
    });
    let verdict = checked.unwrap().join().unwrap();
    assert_eq!(verdict, Err(payload::PayloadError::TooDeep(payload::MAX_DEPTH)));
}
