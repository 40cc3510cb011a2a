//! How a run is done, whatever fires it: the limits and attempts of a plan.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::error::RegistrationError;

/// The policy of a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Policy {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    /// Whether the attempts that are left are still made while the unit drains.
    pub(crate) retry_while_draining: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeout: None,
            deadline: None,
            attempts: 1,
            backoff: Backoff::default(),
            retry_while_draining: false,
        }
    }
}

impl Policy {
    pub(crate) fn check(&self, unit: &str, mistakes: &mut Vec<RegistrationError>) {
        let mut mistake = |field, text: &str| mistakes.push(RegistrationError::new(unit, field, text));
        if self.attempts == 0 {
            mistake("attempts", "must be 1 or more; 1 means no retry");
        }
        if self.timeout.is_some_and(|limit| limit.is_zero()) {
            mistake("timeout", "must be longer than zero");
        }
        if self.deadline.is_some_and(|limit| limit.is_zero()) {
            mistake("deadline", "must be longer than zero");
        }
    }
}
