//! What can go wrong with a host: one opaque [`Error`] with predicates, its exit code, and its causes.

use std::error::Error as StdError;
use std::fmt;

use crate::panics;
use crate::problem::ConfigError;
use crate::report::Report;

/// Any error, boxed.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The documented exit codes of a process whose `main` is [`ostler::main`](crate::main).
pub mod exit {
    /// All is well: every unit completed, or the host was stopped cleanly (by a signal too).
    pub const OK: u8 = 0;
    /// A unit failed beyond its budget or did not start, or the application returned an error.
    pub const FAILED: u8 = 1;
    /// The command line was wrong.
    pub const USAGE: u8 = 2;
    /// At least one unit outlived the grace (EX_TEMPFAIL of BSD's `sysexits.h`).
    pub const GRACE_EXCEEDED: u8 = 75;
    /// The configuration or the registration of units was wrong (EX_CONFIG of BSD's `sysexits.h`).
    pub const CONFIG: u8 = 78;
}

/// An error of the application or of its host, on its way to the exit code.
///
/// It takes any error by `?`, as `anyhow::Error` does, and like that it is not itself a `std::error::Error`;
/// [`into_boxed`](Self::into_boxed) makes one of it. Branch on its predicates, never on its text.
///
/// ```
/// fn settings() -> Result<u16, ostler::Error> {
///     let port = "80x".parse::<u16>().map_err(ostler::Error::config)?;
///     Ok(port)
/// }
/// let error = settings().unwrap_err();
/// assert!(error.is_config());
/// assert_eq!(error.exit_code(), 78);
/// ```
pub struct Error(BoxError);

impl Error {
    /// The configuration is wrong: exit code 78.
    pub fn config(cause: impl Into<BoxError>) -> Self {
        Self::with_exit_code(exit::CONFIG, cause)
    }

    /// The command line is wrong: exit code 2.
    pub fn usage(cause: impl Into<BoxError>) -> Self {
        Self::with_exit_code(exit::USAGE, cause)
    }

    /// An error that ends the process with `code`, wherever in a chain of causes it stands.
    pub fn with_exit_code(code: u8, cause: impl Into<BoxError>) -> Self {
        Self(Box::new(WithExitCode { code, cause: cause.into() }))
    }

    /// The exit code that this error asks for: the first one found along its causes, else 1.
    pub fn exit_code(&self) -> u8 {
        causes(self.0.as_ref()).find_map(exit_code_of).unwrap_or(exit::FAILED)
    }

    /// Whether the configuration is to blame.
    pub fn is_config(&self) -> bool {
        self.exit_code() == exit::CONFIG
    }

    /// Whether units were registered wrongly; [`registration_errors`](Self::registration_errors) has them all.
    pub fn is_registration(&self) -> bool {
        matches!(self.host(), Some(HostError::Registration(_)))
    }

    /// Whether a unit did not start.
    pub fn is_start(&self) -> bool {
        matches!(self.host(), Some(HostError::Start { .. }))
    }

    /// Whether a running unit failed beyond its restart budget.
    pub fn is_unit_failure(&self) -> bool {
        matches!(self.host(), Some(HostError::Unit { .. }))
    }

    /// The unit that did not start, the first where there are several, or that failed.
    pub fn unit(&self) -> Option<&str> {
        match self.host()? {
            HostError::Start { failures, .. } => failures.first().map(|(unit, _)| unit.as_str()),
            HostError::Unit { unit, .. } => Some(unit),
            HostError::Registration(_) => None,
        }
    }

    /// All that was wrong with the registration, in order; empty for other errors.
    pub fn registration_errors(&self) -> &[RegistrationError] {
        match self.host() {
            Some(HostError::Registration(errors)) => errors,
            _ => &[],
        }
    }

    /// How the units ended that had been started before this error.
    pub fn report(&self) -> Option<&Report> {
        match self.host()? {
            HostError::Start { report, .. } | HostError::Unit { report, .. } => Some(report),
            HostError::Registration(_) => None,
        }
    }

    /// The causes, this error first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        causes(self.0.as_ref())
    }

    /// This error as a `std::error::Error`.
    pub fn into_boxed(self) -> BoxError {
        self.0
    }

    fn host(&self) -> Option<&HostError> {
        causes(self.0.as_ref()).find_map(|cause| cause.downcast_ref())
    }
}

impl<E: Into<BoxError>> From<E> for Error {
    fn from(cause: E) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(self.0.as_ref()))
    }
}

/// `error: its cause: the cause's cause`. A cause whose text already ends the text before it is not repeated.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let next = cause.to_string();
        if text.is_empty() {
            text = next;
        } else if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
    }
    text
}

/// The text of a user's error with its causes, whatever its `Display` does. Control characters are escaped: text from
/// outside must not forge lines in a log or move a terminal's cursor.
pub(crate) fn describe(error: &BoxError) -> String {
    panics::catch(|| escaped(&with_causes(error.as_ref()))).unwrap_or_else(|payload| {
        format!("an error whose text cannot be read: it panicked: {}", panics::into_message(payload))
    })
}

/// `text` with its control characters escaped.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().collect() } else { String::from(c) };
    text.chars().map(escape).collect()
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn exit_code_of(error: &(dyn StdError + 'static)) -> Option<u8> {
    if let Some(coded) = error.downcast_ref::<WithExitCode>() {
        return Some(coded.code);
    }
    if error.is::<ConfigError>() {
        return Some(exit::CONFIG);
    }
    match error.downcast_ref::<HostError>()? {
        HostError::Registration(_) => Some(exit::CONFIG),
        // The code may be further down: a unit whose error asks for one.
        HostError::Start { .. } | HostError::Unit { .. } => None,
    }
}

#[derive(Debug)]
struct WithExitCode {
    code: u8,
    cause: BoxError,
}

impl fmt::Display for WithExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl StdError for WithExitCode {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The cause stands in this error's own text; its own causes follow.
        Some(self.cause.as_ref())
    }
}

/// The ways in which a host itself ends with an error.
#[derive(Debug)]
pub(crate) enum HostError {
    Registration(Vec<RegistrationError>),
    /// In the order of their start; one at least.
    Start {
        failures: Vec<(String, BoxError)>,
        report: Box<Report>,
    },
    Unit {
        unit: String,
        cause: BoxError,
        report: Box<Report>,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registration(errors) => {
                let noun = if errors.len() == 1 { "mistake" } else { "mistakes" };
                write!(f, "{} {noun} in the registration of units", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "\n  - {error}"))
            }
            Self::Start { failures, .. } => match failures.as_slice() {
                [(unit, _)] => write!(f, "unit `{unit}` did not start"),
                several => {
                    write!(f, "{} units did not start", several.len())?;
                    several
                        .iter()
                        .try_for_each(|(unit, cause)| write!(f, "\n  - unit `{unit}`: {}", describe(cause)))
                }
            },
            Self::Unit { unit, .. } => write!(f, "unit `{unit}` failed"),
        }
    }
}

impl StdError for HostError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Registration(_) => None,
            // The causes of several stand in the text.
            Self::Start { failures, .. } => match failures.as_slice() {
                [(_, cause)] => Some(cause.as_ref()),
                _ => None,
            },
            Self::Unit { cause, .. } => Some(cause.as_ref()),
        }
    }
}

/// One mistake in the registration of a unit: which unit, which setting, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationError {
    unit: String,
    field: &'static str,
    message: String,
}

impl RegistrationError {
    pub(crate) fn new(unit: &str, field: &'static str, message: impl Into<String>) -> Self {
        Self { unit: unit.to_owned(), field, message: message.into() }
    }

    /// The unit's name; empty for a setting of the host.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// The setting that is wrong: `name`, `period`, `cron`, `capacity`, `attempts` and so on.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it and what is allowed.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unit, field, message } = self;
        if unit.is_empty() {
            write!(f, "{field}: {message}")
        } else {
            write!(f, "unit `{unit}`, {field}: {message}")
        }
    }
}

impl StdError for RegistrationError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_travels_in_the_chain_of_causes() {
        let inner = Error::with_exit_code(69, "the store is away").into_boxed();
        let outer =
            Error::from(HostError::Unit { unit: "jobs".into(), cause: inner, report: Box::default() });
        assert_eq!(outer.exit_code(), 69);
        assert_eq!(outer.unit(), Some("jobs"));
        assert_eq!(format!("{outer:?}"), "unit `jobs` failed: the store is away");
    }

    #[test]
    fn text_from_outside_forges_no_line() {
        let error: BoxError = "bad input: x\n2026-01-01 INFO all is well\u{1b}[2J\r".into();
        assert_eq!(describe(&error), "bad input: x\\n2026-01-01 INFO all is well\\u{1b}[2J\\r");
    }

    #[test]
    fn any_error_comes_in_by_question_mark() {
        fn read() -> Result<(), Error> {
            std::fs::read("/nowhere/at/all")?;
            Ok(())
        }
        assert_eq!(read().unwrap_err().exit_code(), exit::FAILED);
        assert_eq!(Error::from("text").to_string(), "text");
        assert_eq!(Error::usage("no such flag").exit_code(), exit::USAGE);
    }
}
