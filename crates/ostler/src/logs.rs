//! Log lines: for people on a terminal, for machines elsewhere, with a filter that can be changed while the program
//! runs.
//!
//! It installs a subscriber of `tracing` and is not needed to have one: a program that wants another installs that.
//! What comes from outside forges no line and moves no cursor: in lines for people all control characters in texts
//! and values are escaped here, in JSON by JSON's own rules.
//!
//! ```
//! use ostler::Options;
//! use ostler::logs::Logs;
//!
//! #[derive(PartialEq)]
//! struct Settings { log: String }
//!
//! let options = Options::new(Settings { log: "info,sqlx=warn".into() });
//! Logs::new().filter(options.map(|settings| settings.log.clone())).init()?;
//! // From here on this is more than before:
//! options.replace(Settings { log: "debug".into() })?;
//! // And this is refused, as any other bad option is:
//! assert!(options.replace(Settings { log: "shop=loud".into() }).is_err());
//! # Ok::<(), ostler::Error>(())
//! ```

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::{MakeVisitor, VisitFmt, VisitOutput};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, fmt as lines};

use crate::error::{escaped, with_causes};
use crate::live::Live;
use crate::problem::{ConfigError, Problem};

/// What is logged where neither the program nor the environment says.
const DEFAULT_LEVEL: LevelFilter = LevelFilter::INFO;

/// The variable that everybody knows.
const VARIABLE: &str = "RUST_LOG";

/// Which lines are logged, how and where. See the [module](self).
#[must_use = "nothing is logged before `init`"]
pub struct Logs {
    filter: Option<Live<String>>,
    format: Format,
    /// Standard error, where there is none.
    writer: Option<BoxMakeWriter>,
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// [`Pretty`](Self::Pretty) where standard error is written to and is a terminal, else [`Json`](Self::Json).
    #[default]
    Auto,
    /// Compact text. Coloured where it goes to a terminal, unless the variable `NO_COLOR` has a value.
    Pretty,
    /// One object a line: `timestamp`, `level`, `fields` (with `message`), `target`, and `spans` from the outermost
    /// inwards.
    Json,
}

impl Logs {
    /// The filter of `RUST_LOG`, else `info`; to standard error; [`Format::Auto`].
    pub fn new() -> Self {
        Self { filter: None, format: Format::Auto, writer: None }
    }

    /// What is logged, in the terms of `RUST_LOG`: `info`, or `warn,shop=debug`; empty is `info`. In place of that
    /// variable, which then is not read.
    ///
    /// A live value takes effect when its options change, on the thread that changes them. From [`init`](Self::init) on
    /// the options refuse a filter that cannot be read, and stay alive as long as the process does (with the thread that
    /// watches their files, where there is one).
    pub fn filter(mut self, filter: impl Into<Live<String>>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// How lines look.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Where lines go: `open` is called for each, and the line is one write. `.writer(std::io::stdout)`.
    pub fn writer<W: io::Write + 'static>(mut self, open: impl Fn() -> W + Send + Sync + 'static) -> Self {
        self.writer = Some(BoxMakeWriter::new(open));
        self
    }

    /// From here on there are lines, for the whole process: also those of the crate `log`.
    ///
    /// # Errors
    /// The filter cannot be read ([`LogsError::is_filter`], exit code 78), or somebody has installed a subscriber
    /// before ([`LogsError::is_already_set`]).
    pub fn init(self) -> Result<(), LogsError> {
        let (filter, place) = match self.filter {
            Some(filter) => (filter, None),
            None => (from_environment()?, Some(VARIABLE)),
        };
        let text = filter.get();
        let parsed = parse(&text).map_err(|message| LogsError::filter(message, place))?;
        // Everything at first: the crate `log` asks once, now, how much is ever wanted.
        let (layer, handle) = reload::Layer::new(EnvFilter::new("trace"));
        let lines = layer_of(self.format, self.writer);
        tracing_subscriber::registry().with(layer).with(lines).try_init().map_err(LogsError::already_set)?;
        let _ = handle.reload(parsed);
        follow(filter, text, handle);
        Ok(())
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("filter", &self.filter)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Why there are no lines.
#[derive(Debug)]
pub struct LogsError(Why);

#[derive(Debug)]
enum Why {
    Filter(ConfigError),
    AlreadySet(TryInitError),
}

impl LogsError {
    /// The filter cannot be read; the text says which one it is, and the place if that is a variable.
    pub fn is_filter(&self) -> bool {
        matches!(self.0, Why::Filter(_))
    }

    /// There was a subscriber before, and it stays.
    pub fn is_already_set(&self) -> bool {
        matches!(self.0, Why::AlreadySet(_))
    }

    fn filter(message: String, place: Option<&str>) -> Self {
        let problem = Problem::new("", message);
        Self(Why::Filter(place.into_iter().fold(problem, Problem::at).into()))
    }

    fn already_set(cause: TryInitError) -> Self {
        Self(Why::AlreadySet(cause))
    }
}

impl fmt::Display for LogsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Filter(error) => error.fmt(f),
            Why::AlreadySet(_) => f.write_str("somebody else logs already in this process"),
        }
    }
}

impl StdError for LogsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match &self.0 {
            Why::Filter(error) => error,
            Why::AlreadySet(error) => error,
        })
    }
}

fn from_environment() -> Result<Live<String>, LogsError> {
    match std::env::var(VARIABLE) {
        Ok(text) => Ok(text.into()),
        Err(std::env::VarError::NotPresent) => Ok("".into()),
        Err(error) => Err(LogsError::filter(error.to_string(), Some(VARIABLE))),
    }
}

fn parse(text: &str) -> Result<EnvFilter, String> {
    let filter = EnvFilter::builder().with_default_directive(DEFAULT_LEVEL.into()).parse(text.trim());
    filter.map_err(|error| format!("the log filter `{}` cannot be read: {error}", escaped(text)))
}

/// Keeps the filter what its options say.
fn follow(filter: Live<String>, text: String, handle: reload::Handle<EnvFilter, Registry>) {
    filter.guard_for_ever(|text| parse(text).map(drop));
    let known = Mutex::new(text);
    let value = filter.clone();
    let look = Arc::new(move || {
        let changed = {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            // Read under the lock, or of two threads the one with the older filter may come last.
            renew(&mut known, value.get(), &handle)
        };
        if let Some(text) = changed {
            tracing::info!(filter = %escaped(&text), "log filter changed");
        }
    });
    let looks = Arc::clone(&look);
    filter.on_change(move || looks());
    // It may have changed before anybody listened.
    look();
}

/// Puts another filter in place; the filter if it was one. Options change for many reasons, and to change a filter is
/// dear: every place that logs is asked anew.
fn renew(known: &mut String, text: String, handle: &reload::Handle<EnvFilter, Registry>) -> Option<String> {
    if *known == text {
        return None;
    }
    handle.reload(parse(&text).ok()?).ok()?;
    known.clone_from(&text);
    Some(text)
}

fn layer_of<S>(format: Format, writer: Option<BoxMakeWriter>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let terminal = writer.is_none() && io::stderr().is_terminal();
    let writer = writer.unwrap_or_else(|| BoxMakeWriter::new(io::stderr));
    // Where standard error is closed, a complaint about it would go to standard error: and panic.
    let layer = lines::layer().with_writer(writer).with_ansi(false).log_internal_errors(false);
    match format {
        Format::Pretty => pretty(layer, terminal),
        Format::Auto if terminal => pretty(layer, terminal),
        Format::Auto | Format::Json => layer.json().with_current_span(false).boxed(),
    }
}

fn pretty<S>(
    layer: lines::Layer<S, lines::format::DefaultFields, lines::format::Format, BoxMakeWriter>,
    terminal: bool,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    layer.compact().fmt_fields(Escaped).with_ansi(terminal && !refused).boxed()
}

/// Fields as `name=value`, the message bare, with all control characters escaped.
struct Escaped;

impl<'w> MakeVisitor<Writer<'w>> for Escaped {
    type Visitor = Line<'w>;

    fn make_visitor(&self, writer: Writer<'w>) -> Line<'w> {
        Line { writer, begun: false, result: Ok(()) }
    }
}

/// Fields that are being written.
struct Line<'w> {
    writer: Writer<'w>,
    begun: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn add(&mut self, field: &Field, value: &str) {
        // What a record of the crate `log` has there stands elsewhere in the line.
        if self.result.is_err() || field.name().starts_with("log.") {
            return;
        }
        self.result = self.write(field, &escaped(value));
    }

    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        if std::mem::replace(&mut self.begun, true) {
            self.writer.write_char(' ')?;
        }
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        match (name, self.writer.has_ansi_escapes()) {
            ("message", _) => self.writer.write_str(value),
            (_, false) => write!(self.writer, "{name}={value}"),
            (_, true) => write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m{value}"),
        }
    }
}

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.add(field, value),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        self.add(field, &with_causes(value));
    }
}

impl VisitOutput<fmt::Result> for Line<'_> {
    fn finish(self) -> fmt::Result {
        self.result
    }
}

impl VisitFmt for Line<'_> {
    fn writer(&mut self) -> &mut dyn fmt::Write {
        &mut self.writer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use crate::options::Options;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "threads are what this is about; both are waited for")]
    fn of_two_threads_that_look_the_one_with_the_newer_filter_comes_last() {
        let (is_read, was_read) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (armed, may_go_on) = (Arc::new(AtomicBool::new(false)), Mutex::new(may_go_on));
        let options = Options::new("info".to_owned());
        let gate = Arc::clone(&armed);
        // The first to read it when that is armed has the old one, and is held up with it.
        let filter = options.map(move |text: &String| {
            if gate.swap(false, Ordering::SeqCst) {
                is_read.send(()).unwrap();
                may_go_on.lock().unwrap().recv().unwrap();
            }
            text.clone()
        });
        let (_layer, handle) = reload::Layer::new(EnvFilter::new("info"));
        options.replace("debug".into()).unwrap();
        armed.store(true, Ordering::SeqCst);
        let seen = handle.clone();
        let first = std::thread::spawn(move || follow(filter, "info".to_owned(), handle));
        was_read.recv().unwrap();
        let (done, is_done) = mpsc::channel();
        let second = std::thread::spawn(move || {
            options.replace("trace".into()).unwrap();
            let _ = done.send(());
        });
        // It waits for the first. One that did not would be done by now, and overtaken by the old filter.
        let overtook = is_done.recv_timeout(Duration::from_millis(200)).is_ok();
        go_on.send(()).unwrap();
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(seen.with_current(ToString::to_string).unwrap(), "trace", "overtook: {overtook}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named_and_ends_the_program_with_78() {
        let message = parse("info,shop=lo\nud").map(drop).unwrap_err();
        assert!(message.starts_with("the log filter `info,shop=lo\\nud` cannot be read: "), "{message}");
        let error = LogsError::filter(message.clone(), Some(VARIABLE));
        assert!(error.is_filter() && !error.is_already_set());
        assert_eq!(error.to_string(), format!("RUST_LOG: {message}"));
        let error = crate::error::Error::from(error);
        assert_eq!((error.exit_code(), format!("{error:?}")), (78, format!("RUST_LOG: {message}")));
    }

    #[test]
    fn an_empty_filter_is_the_default() {
        for text in ["", "  "] {
            assert_eq!(parse(text).unwrap().max_level_hint(), Some(LevelFilter::INFO));
        }
        assert_eq!(parse(" debug ").unwrap().max_level_hint(), Some(LevelFilter::DEBUG));
    }
}
