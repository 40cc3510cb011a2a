//! Occurrences of any expression in many zones, from any instant: all questions are about one set of them.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/cron_next.rs"]
mod cron_next;

fuzz_target!(|data: &[u8]| cron_next::ask(data));
