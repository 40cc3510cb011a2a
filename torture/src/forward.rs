//! The verbs of a store that another one carries out: for the stores of the rig that watch or deceive, which write only the verbs that
//! they change. The tests include this file too.

/// Writes these verbs as calls of `self.store`.
macro_rules! forward {
    ($($verb:ident)*) => { $(forward!(@ $verb);)* };
    (@ insert) => { forward!(@ insert(insert: ostler_jobs::store::Insert) -> Vec<ostler_jobs::store::Inserted>); };
    (@ join) => { forward!(@ join() -> ostler_jobs::WorkerId); };
    (@ beat) => { forward!(@ beat(worker: ostler_jobs::WorkerId) -> ostler_jobs::store::Beat); };
    (@ leave) => { forward!(@ leave(worker: ostler_jobs::WorkerId) -> ()); };
    (@ claim) => { forward!(@ claim(request: ostler_jobs::store::ClaimRequest) -> ostler_jobs::store::Claimed); };
    (@ beats) => { forward!(@ beats() -> Vec<ostler_jobs::store::WorkerBeat>); };
    (@ expire) => { forward!(@ expire(workers: Vec<ostler_jobs::store::WorkerBeat>) -> usize); };
    (@ stage) => { forward!(@ stage() -> ostler_jobs::store::Staged); };
    (@ prune) => { forward!(@ prune(most: usize) -> ostler_jobs::store::Pruned); };
    (@ cancel) => { forward!(@ cancel(job: ostler_jobs::JobId) -> ostler_jobs::CancelAnswer); };
    (@ pause) => { forward!(@ pause(queue: &str) -> ()); };
    (@ resume) => { forward!(@ resume(queue: &str) -> ()); };
    (@ paused) => { forward!(@ paused() -> Vec<String>); };
    (@ status) => { forward!(@ status(job: ostler_jobs::JobId) -> Option<ostler_jobs::JobStatus>); };
    (@ counts) => { forward!(@ counts() -> Vec<ostler_jobs::Count>); };
    (@ hints) => {
        fn hints(&self) -> &ostler_jobs::Hints {
            self.store.hints()
        }
    };
    (@ $verb:ident($($argument:ident: $kind:ty)?) -> $answer:ty) => {
        fn $verb(&self $(, $argument: $kind)?) -> ostler_jobs::store::Pending<'_, $answer> {
            self.store.$verb($($argument)?)
        }
    };
}
