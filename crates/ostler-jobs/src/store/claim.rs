//! Taking jobs.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::id::{ClaimId, JobId, WorkerId};

/// What a worker wants.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker: WorkerId,
    /// From which queues, and how many of each at most.
    pub wants: Vec<Want>,
    /// The kinds that it knows; others stay where they are.
    pub kinds: Arc<BTreeSet<Arc<str>>>,
    /// What it does with suspects.
    pub suspects: Suspects,
}

/// How many of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The queue.
    pub queue: Arc<str>,
    /// At most so many.
    pub most: usize,
}

/// Which jobs a claim takes, as to suspects: jobs whose last attempt ended with their process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suspects {
    /// All alike.
    AsOthers,
    /// None of them.
    Leave,
    /// One of them, and nothing else: it alone is blamed when its process dies again with nothing beside it. None,
    /// while the worker still holds one that it claimed so.
    Alone,
}

/// What a worker gets.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// The claim; `None` where there was nothing.
    pub claim: Option<Claim>,
    /// How many suspects are ready that it could have, and that this claim left: in the queues of which it wanted at
    /// least one.
    pub suspects: usize,
}

/// Jobs that were taken together.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The fencing token.
    pub id: ClaimId,
    /// At least one.
    pub jobs: Vec<ClaimedJob>,
}

/// A job in a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedJob {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its queue.
    pub queue: Arc<str>,
    /// Its priority.
    pub priority: u8,
    /// Its arguments, as JSON: a payload that is valid.
    pub args: Arc<str>,
    /// This attempt, counted from 1.
    pub attempt: u32,
    /// How often its process has died under it, as far as it is to blame.
    pub crashes: u32,
    /// When it was added.
    pub created: Timestamp,
}
