//! The one validator of arguments, for all stores: what every one of them can keep, and every reader of JSON understands alike.

mod keys;
mod scan;

use std::fmt;
use std::sync::Arc;

use crate::error::StoreError;

/// The largest payload unless a client says otherwise, in bytes: 256 KiB. Larger things belong into a file or a table, and their
/// name into the payload.
pub const DEFAULT_LIMIT: usize = 256 * 1024;

/// The largest payload that any store takes, in bytes: 1 MiB.
pub const HARD_LIMIT: usize = 1024 * 1024;

/// How deep arrays and objects may stand in each other.
pub const MAX_DEPTH: usize = 128;

/// JSON that every store can keep. There is none that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(Arc<str>);

impl Payload {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to be shared.
    pub fn into_text(self) -> Arc<str> {
        self.0
    }
}

/// The text as a payload, where it is one of at most [`DEFAULT_LIMIT`].
///
/// # Errors
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), whose source is the [`PayloadError`].
pub fn checked(text: impl Into<Arc<str>>) -> Result<Payload, StoreError> {
    checked_to(text, DEFAULT_LIMIT)
}

/// The same with a limit of one's own, up to [`HARD_LIMIT`].
///
/// # Errors
/// As [`checked`].
pub fn checked_to(text: impl Into<Arc<str>>, limit: usize) -> Result<Payload, StoreError> {
    let text = text.into();
    check_size(text.len(), limit)?;
    scan::scan(&text)?;
    Ok(Payload(text))
}

/// What makes bytes no payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// There is nothing.
    Empty,
    /// It has more bytes than allowed.
    TooLarge {
        /// So many.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Arrays and objects stand in each other deeper than [`MAX_DEPTH`]; from this byte on.
    TooDeep(usize),
    /// It is no UTF-8 from this byte on.
    Utf8(usize),
    /// It is no JSON from this byte on.
    Syntax(usize),
    /// A string holds the character NUL, which PostgreSQL cannot keep; at this byte.
    Nul(usize),
    /// A string holds half of a surrogate pair, at this byte.
    LoneSurrogate(usize),
    /// A number at this byte cannot be read as a 64-bit one and written again without a loss.
    Number(usize),
    /// An object has a key twice; the second is at this byte.
    DuplicateKey(usize),
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the payload is empty; JSON is allowed"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "the payload has {bytes} bytes; at most {limit} are allowed")
            }
            Self::TooDeep(at) => write!(f, "the payload is deeper than {MAX_DEPTH} levels, at byte {at}"),
            Self::Utf8(at) => write!(f, "the payload is no UTF-8, at byte {at}"),
            Self::Syntax(at) => write!(f, "the payload is no JSON, at byte {at}"),
            Self::Nul(at) => write!(f, "the payload has the character NUL in a string, at byte {at}"),
            Self::LoneSurrogate(at) => write!(f, "the payload has half of a surrogate pair, at byte {at}"),
            Self::Number(at) => write!(f, "the payload has a number that 64 bits cannot hold, at byte {at}"),
            Self::DuplicateKey(at) => write!(f, "the payload has a key twice in one object, at byte {at}"),
        }
    }
}

impl std::error::Error for PayloadError {}

impl From<PayloadError> for StoreError {
    fn from(error: PayloadError) -> Self {
        StoreError::invalid(error.to_string()).with_source(error)
    }
}

/// Whether these bytes are a payload of at most `limit`, and of at most [`HARD_LIMIT`]. They are, where they are
///
/// - JSON, in UTF-8, at most [`MAX_DEPTH`] levels deep;
/// - without the character NUL, and without half of a surrogate pair as an escape;
/// - without a number that 64 bits cannot hold: one without a point and an exponent is an `i64` or a `u64`, another
///   one is finite as an `f64`, and zero there only where it is zero;
/// - without a key that comes twice in one object, however it is escaped.
///
/// It takes a time in proportion to their number, and next to no memory but for objects with many keys.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(bytes: &[u8], limit: usize) -> Result<(), PayloadError> {
    check_size(bytes.len(), limit)?;
    let text = std::str::from_utf8(bytes).map_err(|error| PayloadError::Utf8(error.valid_up_to()))?;
    scan::scan(text)
}

fn check_size(bytes: usize, limit: usize) -> Result<(), PayloadError> {
    let limit = limit.min(HARD_LIMIT);
    match bytes {
        0 => Err(PayloadError::Empty),
        bytes if bytes > limit => Err(PayloadError::TooLarge { bytes, limit }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
