//! The runtime that all contenders run on.

use std::future::Future;

use ostler::BoxError;
use tokio::runtime::{Builder, Runtime};

/// Its worker threads, whatever the machine has, so that results of two machines can be compared.
pub(crate) const THREADS: usize = 2;

/// Runs `work` on a fresh runtime with [`THREADS`] workers, and leaves behind what is still alive on it.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    finish(Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?, work)
}

/// Runs `work` on one thread, for counts that must not depend on how threads take turns.
pub(crate) fn run_on_one_thread<T>(work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    finish(Builder::new_current_thread().enable_all().build()?, work)
}

fn finish<T>(runtime: Runtime, work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}
