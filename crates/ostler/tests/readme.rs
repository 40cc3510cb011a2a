//! The README's first program is the example `main`, word for word.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

#[test]
fn the_first_program_of_the_readme_is_the_example() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    assert!(!readme.contains("@@"), "a figure is missing");
    let block = readme.split("```rust,no_run\n").nth(1).unwrap().split("```").next().unwrap();
    let example = std::fs::read_to_string(format!("{root}/crates/ostler/examples/main.rs")).unwrap();
    let (_header, program) = example.split_once("\n\n").unwrap();
    assert_eq!(block.trim(), program.trim());
}
