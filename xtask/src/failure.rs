//! Why a step failed, and the exit code that says so.

/// The exit code for a wrong command line, and for a machine that lacks what the command needs.
pub(crate) const USAGE: u8 = 2;

/// The exit code of a check of our own that does not hold.
pub(crate) const CHECK: u8 = 1;

/// A reason for people and an exit code for programs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) why: String,
}

impl Failure {
    pub(crate) fn new(code: u8, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// A check of our own does not hold.
    pub(crate) fn check(why: impl Into<String>) -> Self {
        Self::new(CHECK, why)
    }
}
