//! Options from any text and any variables: never a panic, always a value or a reason.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/options.rs"]
mod options;

fuzz_target!(|data: &[u8]| options::load(data));
