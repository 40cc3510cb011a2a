//! What the tests of the host share: a state that writes down what happens.

use std::sync::{Arc, Mutex};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    #[allow(dead_code, reason = "not every test file counts")]
    pub(crate) fn count(&self, event: &str) -> usize {
        self.all().iter().filter(|known| *known == event).count()
    }
}
