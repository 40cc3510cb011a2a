//! A job, typed: its arguments and their kind, a new one with its settings, and one in a handler's hands.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::id::{ClaimId, JobId};
use crate::name;
use crate::payload;
use crate::policy::{Durability, Policy};
use crate::store::{ClaimedJob, Due, NewRow};
use crate::unique::{Unique, UniqueKey, Until};

/// The arguments of a kind of jobs.
///
/// ```
/// use ostler::MINUTE;
/// use ostler_jobs::{JobArgs, Policy};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Receipt { order: u64 }
///
/// impl JobArgs for Receipt {
///     const KIND: &'static str = "receipt";
///
///     fn policy() -> Policy {
///         Policy::new().queue("mail").attempts(5).timeout(MINUTE)
///     }
/// }
///
/// // To enqueue: the arguments alone, or with settings of this one job.
/// let new = Receipt { order: 7 }.after(10 * MINUTE).priority(2).unique_for(60 * MINUTE);
/// ```
///
/// What is stored outlives the program that stored it: a new field needs `#[serde(default)]`, and a kind keeps its name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the arguments of a kind of jobs",
    label = "`JobArgs` is not implemented for `{Self}`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, and write `impl JobArgs for {Self} {{ const KIND: &'static str = \"..\"; }}`"
)]
pub trait JobArgs: Serialize + DeserializeOwned + Send + 'static {
    /// The kind's name, which is stored with each job: 1 to 128 of `A-Z a-z 0-9 _ . : -`.
    const KIND: &'static str;

    /// What holds for all jobs of the kind.
    fn policy() -> Policy {
        Policy::new()
    }

    /// In this queue.
    fn on(self, queue: impl Into<Arc<str>>) -> NewJob<Self>
    where
        Self: Sized,
    {
        NewJob::from(self).on(queue)
    }

    /// So long from now, by the store's clock.
    fn after(self, wait: Duration) -> NewJob<Self>
    where
        Self: Sized,
    {
        NewJob::from(self).after(wait)
    }

    /// At this time, or at once where it has passed.
    fn at(self, time: Timestamp) -> NewJob<Self>
    where
        Self: Sized,
    {
        NewJob::from(self).at(time)
    }

    /// With this priority, 0 to 9; 0 runs first.
    fn priority(self, priority: u8) -> NewJob<Self>
    where
        Self: Sized,
    {
        NewJob::from(self).priority(priority)
    }

    /// At most one with these arguments in this time. Where there is one, it is kept, and its handle is returned. As
    /// [`unique`](Self::unique), it compares JSON text.
    fn unique_for(self, time: Duration) -> NewJob<Self>
    where
        Self: Sized,
    {
        NewJob::from(self).unique_for(time)
    }

    /// At most one with these arguments that is not finished. Where there is one, it is kept, and its handle is returned.
    ///
    /// The arguments are compared as JSON text, in the order in which serde writes them. A `HashMap` or a `HashSet` in them has
    /// another order each time, and would never conflict: take a `BTreeMap`, or name a [`key`](NewJob::key).
    fn unique(self) -> NewJob<Self>
    where
        Self: Sized,
    {
        NewJob::from(self).unique()
    }
}

/// A job to be enqueued: arguments and the settings of this one.
#[derive(Debug, Clone)]
pub struct NewJob<A> {
    args: A,
    queue: Option<Arc<str>>,
    priority: Option<u8>,
    due: Due,
    until: Option<Until>,
    key: Option<String>,
    durability: Durability,
}

impl<A: JobArgs> From<A> for NewJob<A> {
    fn from(args: A) -> Self {
        Self {
            args,
            queue: None,
            priority: None,
            due: Due::Now,
            until: None,
            key: None,
            durability: Durability::Full,
        }
    }
}

impl<A: JobArgs> NewJob<A> {
    /// In this queue, and not in that of its kind.
    #[must_use]
    pub fn on(self, queue: impl Into<Arc<str>>) -> Self {
        Self { queue: Some(queue.into()), ..self }
    }

    /// So long from now, by the store's clock.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { due: Due::After(wait), ..self }
    }

    /// At this time, or at once where it has passed.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        Self { due: Due::At(time), ..self }
    }

    /// With this priority, 0 to 9; 0 runs first.
    #[must_use]
    pub fn priority(self, priority: u8) -> Self {
        Self { priority: Some(priority), ..self }
    }

    /// At most one of its key in this time, whatever becomes of the first.
    #[must_use]
    pub fn unique_for(self, time: Duration) -> Self {
        Self { until: Some(Until::After(time)), ..self }
    }

    /// At most one of its key that is not finished.
    #[must_use]
    pub fn unique(self) -> Self {
        Self { until: Some(Until::Finished), ..self }
    }

    /// The key by which it is unique, in place of its arguments. Alone, it is unique until it is finished.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), until: self.until.or(Some(Until::Finished)), ..self }
    }

    /// What its being enqueued survives.
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// As a row for a store, with the durability that is asked for.
    ///
    /// # Errors
    /// What is not allowed: a name, a priority, or arguments that are no payload of at most `limit` bytes.
    pub fn into_row(self, limit: usize) -> Result<(NewRow, Durability), StoreError> {
        let policy = A::policy();
        let kind = name::checked("kind", A::KIND)?;
        let queue = name::checked("queue", self.queue.as_deref().unwrap_or(policy.queue))?;
        let args = serde_json::to_string(&self.args).map_err(|error| {
            StoreError::invalid(format!("the arguments of `{kind}` are no JSON")).with_source(error)
        })?;
        let args = payload::checked_to(args, limit)?;
        let unique = self.until.map(|until| Unique {
            key: match &self.key {
                Some(text) => UniqueKey::of(&kind, text),
                None => UniqueKey::of_args(&kind, args.as_str()),
            },
            until,
        });
        let row = NewRow::made(kind, queue, args)?
            .priority(self.priority.unwrap_or(policy.priority))?
            .due(self.due)
            .unique(unique);
        Ok((row, self.durability))
    }
}

/// A job in a handler's hands: its arguments, and what is known of this attempt.
pub struct Job<A> {
    /// The arguments.
    pub args: A,
    facts: Facts,
}

/// What is known of an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) claim: ClaimId,
    pub(crate) job: ClaimedJob,
    pub(crate) attempts: u32,
}

impl<A> Job<A> {
    pub(crate) fn new(args: A, facts: Facts) -> Self {
        Self { args, facts }
    }

    /// Its id.
    pub fn id(&self) -> JobId {
        self.facts.job.id
    }

    /// Its queue.
    pub fn queue(&self) -> &str {
        &self.facts.job.queue
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        &self.facts.job.kind
    }

    /// Its priority.
    pub fn priority(&self) -> u8 {
        self.facts.job.priority
    }

    /// This attempt, counted from 1. Those that ended with their process count as well.
    pub fn attempt(&self) -> u32 {
        self.facts.job.attempt
    }

    /// Whether no other attempt follows where this one fails.
    pub fn is_last_attempt(&self) -> bool {
        self.facts.job.attempt >= self.facts.attempts
    }

    /// When it was enqueued.
    pub fn created(&self) -> Timestamp {
        self.facts.job.created
    }

    /// The fencing token of this attempt: larger in each, and never given twice. Sent along to another system, it lets that one
    /// refuse an attempt that is no longer the job's.
    pub fn token(&self) -> ClaimId {
        self.facts.claim
    }
}

impl<A> Deref for Job<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.args
    }
}

impl<A> fmt::Debug for Job<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the arguments: they may be anybody's data.
        f.debug_struct("Job").field("id", &self.id()).field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// What a job's handler takes first: a [`Job<A>`], or the bare arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job that a handler can take",
    label = "the first argument of a job's handler is `Job<A>`, or `A` itself, where `A` implements `JobArgs`"
)]
pub trait FromJob: Send + 'static {
    /// The arguments.
    type Args: JobArgs;

    /// Made of the job.
    fn from_job(job: Job<Self::Args>) -> Self;
}

impl<A: JobArgs> FromJob for Job<A> {
    type Args = A;

    fn from_job(job: Job<A>) -> Self {
        job
    }
}

impl<A: JobArgs> FromJob for A {
    type Args = A;

    fn from_job(job: Job<A>) -> Self {
        job.args
    }
}
