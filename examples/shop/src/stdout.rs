//! Standard output, for the few lines that scripts read. A reader that has gone away is no error:
//! `println!` would panic there, and take a unit with it.

use std::fmt::Display;
use std::io::Write;

/// Prints one line and flushes it, so that a waiting script sees it at once.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}
