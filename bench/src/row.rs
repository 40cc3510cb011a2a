//! A row of the results: its contenders, what is measured of them, and the targets it is held against.

use std::fmt::Display;

use ostler::BoxError;

use crate::target::Target;

/// What one measurement gave, in order.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// One thing that is measured, by several contenders.
pub(crate) struct Row {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// A few words for the list of rows.
    pub(crate) about: &'static str,
    /// What exactly is timed or counted, for the results.
    pub(crate) timed: &'static str,
    pub(crate) rounds: usize,
    /// In the order in which they take turns.
    pub(crate) contenders: Vec<Contender>,
    pub(crate) targets: Vec<Target>,
    /// Measures one contender of the [`Program::Own`] kind once, in a fresh process.
    pub(crate) measure: fn(&str) -> Result<Figures, BoxError>,
}

/// One way to do the work.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) settings: &'static str,
    /// The contender that it is compared with: the raw limit.
    pub(crate) against: Option<&'static str>,
    pub(crate) program: Program,
}

/// Where a contender's code is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    /// In this program.
    Own,
    /// In this program, which needs the command of this name for it.
    OwnWith(&'static str),
    /// In a workspace of its own under `peers/`, called with these arguments.
    Peer(&'static str, &'static [&'static str]),
}

impl Contender {
    /// A contender within this program.
    pub(crate) const fn new(name: &'static str, settings: &'static str) -> Self {
        Self { name, settings, against: None, program: Program::Own }
    }

    /// Compares it with the contender called `raw`.
    pub(crate) const fn against(mut self, raw: &'static str) -> Self {
        self.against = Some(raw);
        self
    }

    /// Takes its code from elsewhere.
    pub(crate) const fn by(mut self, program: Program) -> Self {
        self.program = program;
        self
    }
}

/// Prints a figure for the process that asked. It may be a word, where there is no number to give.
pub(crate) fn say(figure: &str, value: impl Display) {
    println!("{figure}\t{value}");
}

/// A contender that a row does not have: a row and its list of contenders do not agree.
pub(crate) fn unknown(contender: &str) -> BoxError {
    format!("no contender is called `{contender}`").into()
}
