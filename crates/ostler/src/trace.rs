//! Links from a run to the request that sent its item, without a word about who traces.
//!
//! A program that traces installs a [`Propagate`] once, with [`propagate_with`]. From then on a send into a queue
//! notes which span it was made in, as a [`TraceContext`]: a number, so that no span is held open while its item
//! waits. The span of each attempt on that item is then linked to it. The example `10-opentelemetry` is such a
//! program.
//!
//! ```
//! use ostler::trace::{self, Propagate, TraceContext};
//!
//! struct MyTracer;
//!
//! impl Propagate for MyTracer {
//!     fn capture(&self) -> Option<TraceContext> {
//!         // Of the current span: what the tracer calls it.
//!         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().ok()
//!     }
//!
//!     fn link(&self, run: &tracing::Span, from: TraceContext) {
//!         println!("{:?} was caused by {from}", run.id());
//!     }
//! }
//!
//! trace::propagate_with(MyTracer).expect("nobody else has done so");
//! assert!(trace::propagate_with(MyTracer).is_err());
//! ```

use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use tracing::Span;

use crate::panics;

/// Which span of which trace: the ids and flags of the W3C's Trace Context, read and printed as its header
/// `traceparent`.
///
/// ```
/// use ostler::trace::TraceContext;
///
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let context: TraceContext = header.parse()?;
/// assert!(context.is_sampled());
/// assert_eq!(context.to_string(), header);
/// # Ok::<(), ostler::trace::InvalidTraceContext>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

/// The flag of a trace that is recorded.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// A span of a trace. Ids are big-endian, as they are printed.
    ///
    /// # Errors
    /// An id is zero.
    pub fn new(trace_id: [u8; 16], span_id: [u8; 8], flags: u8) -> Result<Self, InvalidTraceContext> {
        if trace_id == [0; 16] || span_id == [0; 8] {
            return Err(InvalidTraceContext("an id is zero"));
        }
        Ok(Self { trace_id, span_id, flags })
    }

    /// The trace.
    pub fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The span within it.
    pub fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// The trace's flags.
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace_id, span_id) = (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.span_id));
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", self.flags)
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceContext;

    /// Reads a `traceparent`. Of a version that is not known yet only what this one knows is taken.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(5, '-');
        let mut part = || parts.next().unwrap_or_default();
        let [version] = hex(part())?;
        let (trace_id, span_id, [flags]) = (hex(part())?, hex(part())?, hex(part())?);
        let ends_here = parts.next().is_none();
        match version {
            0 if ends_here => Self::new(trace_id, span_id, flags),
            0 => Err(InvalidTraceContext("there are more than four parts")),
            0xff => Err(InvalidTraceContext("the version is ff")),
            _ => Self::new(trace_id, span_id, flags & SAMPLED),
        }
    }
}

/// `N` bytes as lower-case hexadecimal digits.
fn hex<const N: usize>(text: &str) -> Result<[u8; N], InvalidTraceContext> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(InvalidTraceContext("a part has another length than it should"));
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

fn digit(of: u8) -> Result<u8, InvalidTraceContext> {
    match of {
        b'0'..=b'9' => Ok(of - b'0'),
        b'a'..=b'f' => Ok(of - b'a' + 10),
        _ => Err(InvalidTraceContext("a digit is not one of 0-9 and a-f")),
    }
}

/// What was given is no [`TraceContext`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTraceContext(&'static str);

impl fmt::Display for InvalidTraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a trace context: {}", self.0)
    }
}

impl StdError for InvalidTraceContext {}

/// What traces this program, as far as the host needs to know it.
///
/// Both are called often and should be quick. A panic in one is logged, and there is no link.
pub trait Propagate: Send + Sync + 'static {
    /// The current span, if there is one. Called for each item that is put into a queue, on the sender's side.
    fn capture(&self) -> Option<TraceContext>;

    /// Links the span of an attempt on an item to the one in which the item was sent. Called before anything is done in
    /// `run`, which may be disabled.
    fn link(&self, run: &Span, from: TraceContext);
}

static PROPAGATE: OnceLock<Box<dyn Propagate>> = OnceLock::new();

/// From here on runs are linked by `propagate`. Once for the whole process, before the first send.
///
/// # Errors
/// It was called before; that one stays.
pub fn propagate_with(propagate: impl Propagate) -> Result<(), AlreadyPropagated> {
    PROPAGATE.set(Box::new(propagate)).map_err(|_| AlreadyPropagated(()))
}

/// Traces are propagated already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlreadyPropagated(());

impl fmt::Display for AlreadyPropagated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("how traces are propagated was set before in this process")
    }
}

impl StdError for AlreadyPropagated {}

/// The current span, where somebody traces. One atomic load where nobody does.
pub(crate) fn capture() -> Option<TraceContext> {
    let propagate = PROPAGATE.get()?;
    panics::catch(|| propagate.capture()).map_err(said).ok().flatten()
}

pub(crate) fn link(run: &Span, from: TraceContext) {
    if let Some(propagate) = PROPAGATE.get() {
        let _ = panics::catch(|| propagate.link(run, from)).map_err(said);
    }
}

fn said(payload: panics::Payload) {
    let message = panics::into_message(payload);
    tracing::error!(panic = %crate::error::escaped(&message), "a link to a trace panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_is_read_and_printed_digit_by_digit() {
        let context: TraceContext = HEADER.parse().unwrap();
        assert_eq!((context.trace_id()[0], context.trace_id()[15]), (0x0a, 0x9c));
        assert_eq!((context.span_id()[0], context.span_id()[7], context.flags()), (0xb7, 0x31, 1));
        assert_eq!(context.to_string(), HEADER);
        let small = TraceContext::new([0, 1].repeat(8).try_into().unwrap(), [0, 0, 0, 0, 0, 0, 0, 9], 0);
        let small = small.unwrap().to_string();
        assert_eq!(small, "00-00010001000100010001000100010001-0000000000000009-00");
        assert!(!small.parse::<TraceContext>().unwrap().is_sampled());
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for (text, why) in [
            ("", "length"),
            ("00", "length"),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "length"),
            ("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "digit"),
            ("00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", "length"),
            ("00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-01", "digit"),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", "zero"),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "zero"),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", "more than four"),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "version"),
        ] {
            let error = text.parse::<TraceContext>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn of_a_later_version_only_what_is_known_is_taken() {
        let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-what-the-future-brings";
        assert_eq!(later.parse(), HEADER.parse::<TraceContext>());
    }
}
