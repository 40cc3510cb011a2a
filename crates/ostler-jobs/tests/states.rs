//! The picture of a job's states in `docs/job-states.md` is drawn from the table of legal moves.
//! `OSTLER_WRITE_DOCS=1` draws it anew.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::collections::BTreeMap;
use std::path::Path;

use ostler_jobs::{JobState, LEGAL, Move};

const BEGIN: &str = "<!-- drawn from the table: begin -->\n";
const END: &str = "<!-- drawn from the table: end -->\n";

/// The word for a move.
fn word(by: Move) -> &'static str {
    match by {
        Move::Due => "due",
        Move::Claim => "claim",
        Move::Park => "park",
        Move::Succeed => "succeed",
        Move::Retry => "retry",
        Move::Snooze => "snooze",
        Move::GiveBack => "give back",
        Move::Rescue => "rescue",
        Move::Cancel => "cancel",
        Move::Die => "die",
        other => panic!("{other:?} has no word"),
    }
}

/// The states with all moves that lead from one to another on one arrow.
fn picture() -> String {
    let mut arrows: BTreeMap<(JobState, JobState), Vec<&str>> = BTreeMap::new();
    for &(from, by, to) in LEGAL {
        arrows.entry((from, to)).or_default().push(word(by));
    }
    let mut lines = vec!["stateDiagram-v2".to_owned(), "    direction LR".to_owned()];
    lines.extend([JobState::Scheduled, JobState::Ready].map(|first| format!("    [*] --> {first}")));
    lines.extend(arrows.iter().map(|((from, to), by)| format!("    {from} --> {to}: {}", by.join(", "))));
    let finished = JobState::ALL.into_iter().filter(|state| state.is_finished());
    lines.extend(finished.map(|last| format!("    {last} --> [*]")));
    format!("```mermaid\n{}\n```\n", lines.join("\n"))
}

/// The same as a table: from, by, to.
fn table() -> String {
    let rows = LEGAL.iter().map(|&(from, by, to)| format!("| {from} | {} | {to} |\n", word(by)));
    format!("| from | by | to |\n|---|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn the_page_shows_the_table_of_legal_moves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/job-states.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark where the picture begins");
    let (_, after) = rest.split_once(END).expect("the page has the mark where the picture ends");
    let wanted = format!("{before}{BEGIN}\n{}\n{}\n{END}{after}", picture(), table());
    if std::env::var_os("OSTLER_WRITE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert_eq!(page, wanted, "draw it anew with OSTLER_WRITE_DOCS=1");
}

#[test]
fn the_page_explains_every_state_and_every_move() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/job-states.md");
    let page = std::fs::read_to_string(path).unwrap();
    let states = JobState::ALL.into_iter().map(JobState::as_str);
    for name in states.chain(LEGAL.iter().map(|&(_, by, _)| word(by))) {
        assert!(page.contains(&format!("\n- **{name}**")), "{name} is not explained");
    }
}
