//! What a store answers when it cannot do what was asked: one opaque error, told apart by its kind.

use std::error::Error;
use std::fmt;

use ostler::BoxError;

/// Why a store did not do what was asked. Nothing of it was done, unless [`is_ambiguous`](Self::is_ambiguous).
pub struct StoreError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
    ambiguous: bool,
    owner: Option<u32>,
}

/// The kinds of [`StoreError`]: to branch on, where the text is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for is not allowed: the text names the field and what is. It will never succeed.
    Invalid,
    /// So many jobs wait that no more are taken. It passes when workers catch up.
    QueueFull,
    /// The disk is full, or nearly. It passes when there is room again.
    StoreFull,
    /// It was not done within its deadline.
    Timeout,
    /// The store cannot be reached, or its file cannot be read or written just now.
    Unavailable,
    /// The store was closed.
    Closed,
    /// Another process owns the store; its id is in the text.
    Owned,
    /// Only the process that owns the store can do this.
    NotOwner,
    /// The store, its schema or the database library is of a version that this one does not work with.
    Version,
    /// The store's content is damaged.
    Corrupt,
    /// The application's own code failed inside of a transaction, which was rolled back.
    RolledBack,
    /// A fault of the store.
    Bug,
}

impl ErrorKind {
    /// Whether the same call may succeed later.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::QueueFull | Self::StoreFull | Self::Timeout | Self::Unavailable)
    }
}

impl StoreError {
    /// An error of this kind. For stores.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None, ambiguous: false, owner: None }))
    }

    /// Another owns the store: the process of this id, where that is known. For stores.
    pub fn owned(pid: Option<u32>, message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Owned, message);
        error.0.owner = pid;
        error
    }

    /// What is not allowed, and what is.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// With what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// It may have been done all the same.
    #[must_use]
    pub fn ambiguous(mut self) -> Self {
        self.0.ambiguous = true;
        self
    }

    /// What to branch on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        self.0.kind.is_transient()
    }

    /// Whether it may have been done all the same: the answer was lost, not the request.
    pub fn is_ambiguous(&self) -> bool {
        self.0.ambiguous
    }

    /// The id of the process that owns the store, where another does ([`ErrorKind::Owned`]) and it is known.
    pub fn owner(&self) -> Option<u32> {
        self.0.owner
    }

    /// The same error for another caller of the same group. The source is not shared; its text is in the message.
    pub fn for_another(&self) -> Self {
        let message = match &self.0.source {
            Some(source) => format!("{}: {source}", self.0.message),
            None => self.0.message.clone(),
        };
        let mut error = Self::new(self.0.kind, message);
        error.0.owner = self.0.owner;
        if self.0.ambiguous { error.ambiguous() } else { error }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StoreError");
        debug.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish_non_exhaustive()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}
