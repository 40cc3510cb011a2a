//! How a run is done, whatever fires it: the limits and attempts of a plan.

use std::sync::Arc;
use std::time::Duration;

use super::settings::{LiveSettings, Mistakes};
use crate::backoff::Backoff;

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
    pub(crate) fn check(&self, mistakes: Mistakes<'_>) {
        check_attempts(self.attempts, mistakes);
        self.timeout.into_iter().for_each(|limit| check_timeout(limit, mistakes));
        self.deadline.into_iter().for_each(|limit| check_deadline(limit, mistakes));
    }
}

pub(crate) fn check_attempts(attempts: u32, mistakes: Mistakes<'_>) {
    if attempts == 0 {
        mistakes("attempts", "must be 1 or more; 1 means no retry".to_owned());
    }
}

pub(crate) fn check_timeout(limit: Duration, mistakes: Mistakes<'_>) {
    if limit.is_zero() {
        mistakes("timeout", "must be longer than zero".to_owned());
    }
}

pub(crate) fn check_deadline(limit: Duration, mistakes: Mistakes<'_>) {
    if limit.is_zero() {
        mistakes("deadline", "must be longer than zero".to_owned());
    }
}

/// A policy some of whose values may be others for the next run.
#[derive(Debug, Clone, Default)]
pub(crate) struct LivePolicy {
    policy: Policy,
    live: Option<Arc<LiveSettings>>,
}

impl LivePolicy {
    pub(crate) fn new(policy: Policy, live: Option<Arc<LiveSettings>>) -> Self {
        Self { policy, live }
    }

    /// Whether it is the one that most plans have.
    pub(crate) fn is_default(&self) -> bool {
        self.live.is_none() && self.policy == Policy::default()
    }

    /// Whether it may be another one for the next run.
    pub(crate) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// The policy of a run that begins now.
    pub(crate) fn now(&self) -> Policy {
        match &self.live {
            None => self.policy,
            Some(live) => live.applied_to(self.policy),
        }
    }
}
