//! A value of the application's on a thread that must not end: where its drop panics, that is the end of the
//! value and of nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Holds the value until it is taken.
#[derive(Debug)]
pub(super) struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Whether it is there and is so.
    pub(super) fn is(&self, so: impl FnOnce(&T) -> bool) -> bool {
        self.0.as_ref().is_some_and(so)
    }

    /// The value, once.
    pub(super) fn take(&mut self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            // The payload is the application's as well: what it does when it is dropped is not found out.
            std::mem::forget(payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Second);
        }
    }

    struct Second;

    impl Drop for Second {
        fn drop(&mut self) {
            panic!("the payload panics too");
        }
    }

    #[test]
    fn a_drop_that_panics_ends_nothing() {
        drop(Guarded::new(Bomb));
    }
}
