//! The kinds that a process knows: for each its policy, and its handler behind a pointer.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use ostler::{FromScope, Halt, HandlerFn, Scope};

use super::ending::{Refusal, Said};
use crate::answer::IntoAnswer;
use crate::job::{Facts, FromJob, Job, JobArgs};
use crate::policy::Policy;

/// One attempt, to be polled where panics are caught.
pub(super) type Work = Pin<Box<dyn Future<Output = Said> + Send>>;

/// A kind that this process knows.
pub(crate) struct Kind<S> {
    pub(crate) policy: Policy,
    handler: Box<dyn Handle<S>>,
}

/// All of them.
pub(crate) struct Kinds<S> {
    by_name: HashMap<Arc<str>, Kind<S>>,
}

/// A handler that knows nothing more of its types but the state's.
trait Handle<S>: Send + Sync {
    fn begin(&self, facts: Facts, scope: Arc<Scope<S>>) -> Work;
}

impl<S: Send + Sync + 'static> Kind<S> {
    /// The kind of the jobs that this handler takes.
    pub(crate) fn new<F, In, Args>(handler: F) -> Self
    where
        F: HandlerFn<In, Args>,
        In: FromJob,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoAnswer,
    {
        let handler = Box::new(Typed { handler: Arc::new(handler), types: PhantomData });
        Self { policy: In::Args::policy(), handler }
    }

    /// The attempt; nothing of it has happened yet.
    pub(super) fn begin(&self, facts: Facts, scope: Arc<Scope<S>>) -> Work {
        self.handler.begin(facts, scope)
    }
}

impl<S> Kinds<S> {
    pub(crate) fn new() -> Self {
        Self { by_name: HashMap::new() }
    }

    /// Adds a kind, unless there is one of this name.
    pub(crate) fn add(&mut self, name: Arc<str>, kind: Kind<S>) -> bool {
        let is_new = !self.by_name.contains_key(&name);
        if is_new {
            self.by_name.insert(name, kind);
        }
        is_new
    }

    pub(super) fn get(&self, name: &str) -> Option<&Kind<S>> {
        self.by_name.get(name)
    }

    /// Their names.
    pub(crate) fn names(&self) -> BTreeSet<Arc<str>> {
        self.by_name.keys().cloned().collect()
    }
}

struct Typed<F, In, Args> {
    handler: Arc<F>,
    types: PhantomData<fn(In, Args)>,
}

impl<S, F, In, Args> Handle<S> for Typed<F, In, Args>
where
    S: Send + Sync + 'static,
    F: HandlerFn<In, Args>,
    In: FromJob,
    Args: FromScope<S> + 'static,
    F::Returns: Future + Send + 'static,
    <F::Returns as Future>::Output: IntoAnswer,
{
    fn begin(&self, facts: Facts, scope: Arc<Scope<S>>) -> Work {
        let handler = Arc::clone(&self.handler);
        // An error is read in here too: its text is anybody's code, and panics are caught around this.
        Box::pin(
            async move { attempt::<S, F, In, Args>(&handler, facts, &scope).await.map_err(Refusal::from) },
        )
    }
}

/// The arguments, the extractors, the handler.
async fn attempt<S, F, In, Args>(
    handler: &F,
    facts: Facts,
    scope: &Scope<S>,
) -> Result<Option<Arc<str>>, Halt>
where
    S: Send + Sync + 'static,
    F: HandlerFn<In, Args>,
    In: FromJob,
    Args: FromScope<S>,
    F::Returns: Future + Send,
    <F::Returns as Future>::Output: IntoAnswer,
{
    // Tried again, and not dead at once: another program may know them, a newer one during a deployment, which takes it then.
    let args = decoded::<In::Args>(&facts.job.args).map_err(|error| {
        Halt::retry(format!("the arguments are not those of a `{}`: {error}", In::Args::KIND))
    })?;
    let extracted = Args::from_scope(scope).await.map_err(|rejection| Halt::retry(rejection.into()))?;
    handler.call(In::from_job(Job::new(args, facts)), extracted).await.into_answer()
}

fn decoded<A: JobArgs>(args: &str) -> Result<A, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(args);
    // How deep a payload may be is checked when it is stored, and that is one level more than this reader's own limit.
    reader.disable_recursion_limit();
    let decoded = A::deserialize(&mut reader)?;
    reader.end()?;
    Ok(decoded)
}
