//! What the program says of itself.

use std::net::SocketAddr;
use std::time::Duration;

use crate::harness::{Shop, run};

/// How long after its grace the host is gone.
pub(super) const AFTER_GRACE: Duration = Duration::from_secs(1);

/// How long its database may then take to close (`CLOSING` in its `main.rs`).
pub(super) const CLOSING: Duration = Duration::from_secs(1);

/// Waves of units that wait for each other at the start: tasks and consumers, then services. It has no `init` units.
pub(super) const WAVES: u32 = 2;

fn help() -> String {
    run(&["--help"]).1
}

/// The address that a flag has by default.
pub(super) fn default_of(flag: &str) -> SocketAddr {
    let help = help();
    let about = help.split_once(&format!("{flag} <ADDR>")).expect("the flag is in the help").1;
    let default = about.split_once("[default: ").expect("it has a default").1;
    default.split(']').next().unwrap().parse().unwrap()
}

/// Fails where a flag in these words is none of the program's.
#[track_caller]
pub(super) fn assert_flags<'a>(words: impl IntoIterator<Item = &'a str>) {
    let help = help();
    for word in words.into_iter().filter(|word| word.starts_with("--")) {
        let flag = word.split('=').next().unwrap();
        let known = help.split_whitespace().any(|listed| listed.trim_end_matches(',') == flag);
        assert!(known, "the program has no flag {flag}");
    }
}

/// What stands after a flag, as `--flag=value` or `--flag value`.
#[track_caller]
pub(super) fn value_of<'a>(words: &[&'a str], flag: &str) -> &'a str {
    let mut words = words.iter();
    let word = words.find(|word| word.split('=').next() == Some(flag));
    let word = word.unwrap_or_else(|| panic!("there is no {flag}"));
    word.split_once('=').map_or_else(|| *words.next().expect("a value"), |(_, value)| value)
}

/// The grace of the whole host, as its log says it when it stops.
pub(super) fn grace() -> Duration {
    let mut shop = Shop::start().ready();
    shop.terminate();
    assert_eq!(shop.exit_status().code(), Some(0));
    let log = shop.log();
    let line = log.lines().find(|line| line.contains("SIGTERM") && line.contains("grace"));
    let line = line.unwrap_or_else(|| panic!("no line tells the grace: {log}"));
    let text = line.split_once("grace").unwrap().1.trim_start_matches(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap());
    assert!(unit.starts_with('s'), "{line}");
    Duration::from_secs(number.parse().unwrap())
}

/// The longest that the program may take from a signal to its end.
pub(super) fn longest_stop() -> Duration {
    grace() + AFTER_GRACE + CLOSING
}

/// The longest that a start may take, where each unit takes all of its time.
pub(super) fn longest_start() -> Duration {
    WAVES * ostler::DEFAULT_START_TIMEOUT
}
