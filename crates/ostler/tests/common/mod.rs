//! What the tests of the host share: a state that writes down what happens.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Arc, Mutex};

use ostler::Clock;

/// What happened, in order.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn add(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, event: &str) -> usize {
        self.all().iter().filter(|known| *known == event).count()
    }
}

/// The seconds that have passed on a test's clock since `start`.
pub fn seconds(clock: &Clock, start: std::time::Instant) -> f64 {
    (clock.now() - start).as_secs_f64()
}
