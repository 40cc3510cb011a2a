//! Why an item was not put into a queue. The item comes back.

use std::fmt;

/// Why [`Queue::send`](super::Queue::send) did not put the item in.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<T> {
    pub(super) item: T,
    pub(super) why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    Closed,
    Full(String),
    Timeout(String),
    Deadlock(String),
}

impl<T> SendError<T> {
    /// The item that was not sent.
    pub fn into_item(self) -> T {
        self.item
    }

    /// Whether the queue is closed: its consumer has stopped, and no item will be taken again.
    pub fn is_closed(&self) -> bool {
        self.why == Why::Closed
    }

    /// Whether the queue was full (also when every worker waits for room in it, or the time was over).
    pub fn is_full(&self) -> bool {
        !self.is_closed()
    }

    /// Whether the time of [`Queue::send_timeout`](super::Queue::send_timeout) was over.
    pub fn is_timeout(&self) -> bool {
        matches!(self.why, Why::Timeout(_))
    }

    /// Whether waiting would never have ended, because all workers of the queue wait for room in it.
    pub fn is_deadlock(&self) -> bool {
        matches!(self.why, Why::Deadlock(_))
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Closed => f.write_str("the queue is closed"),
            Why::Full(queue) => write!(f, "queue `{queue}` is full"),
            Why::Timeout(queue) => write!(f, "queue `{queue}` stayed full for the whole wait"),
            Why::Deadlock(queue) => {
                write!(f, "queue `{queue}` is full and all of its workers wait for room in it")
            }
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendError").field(&self.why).finish()
    }
}

impl<T> std::error::Error for SendError<T> {}

/// Why [`Queue::try_send`](super::Queue::try_send) did not put the item in.
#[derive(Clone, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room now.
    Full(T),
    /// The queue takes no more items.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The item that was not sent.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::Closed(_) => "the queue is closed",
        })
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> std::error::Error for TrySendError<T> {}
