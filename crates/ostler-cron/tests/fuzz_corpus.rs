//! Whatever is put in, it is answered: what the fuzzer has found, and more of the kind.

use std::path::Path;

use proptest::prelude::*;

/// The functions that the fuzzer calls, of the same files.
#[path = "../../../fuzz/src/cron_next.rs"]
mod cron_next;
#[path = "../../../fuzz/src/cron_parse.rs"]
mod cron_parse;

fn replay(corpus: &str, ask: fn(&[u8])) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(corpus);
    let mut inputs = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus is in the repository") {
        let entry = entry.expect("its names can be read");
        ask(&std::fs::read(entry.path()).expect("each is a file"));
        inputs += 1;
    }
    assert!(inputs >= 50, "{inputs} inputs");
}

#[test]
fn the_fuzzers_corpus_of_texts_is_answered() {
    replay("cron_parse", cron_parse::read);
}

#[test]
fn the_fuzzers_corpus_of_questions_is_answered() {
    replay("cron_next", cron_next::ask);
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        cron_parse::read(&bytes);
        cron_next::ask(&bytes);
    }

    #[test]
    fn any_text_of_the_right_letters_is_answered(text in "[0-9*?/,#LWHlwh@ \t-]{0,40}|[A-Z@_ ]{0,20}") {
        cron_parse::read(text.as_bytes());
    }

    #[test]
    fn any_question_is_answered(head in any::<[u8; 10]>(), text in expression()) {
        cron_parse::read(text.as_bytes());
        cron_next::ask(&[&head[..], text.as_bytes()].concat());
    }
}

/// Expressions, most of them right.
fn expression() -> impl Strategy<Value = String> {
    // Clocks are changed in the first hours of a day.
    let second = "0|[*]|[*]/[1-9]|[1-5]?[0-9]|0,30|[1-5]?[0-9]-[1-5]?[0-9](/[1-9])?";
    let minute = "[*]|[*]/[1-9]|0|30|[1-5]?[0-9]|[1-5]?[0-9]-[1-5]?[0-9](/[1-9])?|[0-9],[1-5][0-9]";
    let hour = "[*]|[*]/[1-3]|[0-4]|[0-4]|[0-3],[1-9]|[0-3]-[1-5]|2[0-3]|1[0-9]|2[0-3]-[0-9]/[1-9]";
    let any = "[*]";
    let day = "[12]?[1-9]|3[01]|[12]?[1-9]W|L|L-[1-9]|LW|L-[12][0-9]W|[1-9],L,3[01]W|[1-9]-2[0-9]/[1-9]|1/2,LW|1-31,L";
    let month = "[1-9]|1[0-2]|FEB|DEC-FEB|[*]/[1-5]";
    let weekday = "[0-7]|[0-7]L|MON#[1-5]|FRI-TUE|MON#1,MON#3,SUN|[*]/[1-7]|0-6,1L";
    let mostly_any = |some| prop_oneof![3 => any, 1 => some];
    let date = (mostly_any(day), mostly_any(month), mostly_any(weekday));
    (second, minute, hour, date).prop_map(|(second, minute, hour, (day, month, weekday))| {
        format!("{second} {minute} {hour} {day} {month} {weekday}")
    })
}
