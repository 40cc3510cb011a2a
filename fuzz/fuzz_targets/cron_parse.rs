//! Cron expressions from any text: never a panic, and what is read is printed and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/cron_parse.rs"]
mod cron_parse;

fuzz_target!(|data: &[u8]| cron_parse::read(data));
