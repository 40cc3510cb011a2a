//! A handler that holds what cannot be sent to another thread.
use std::rc::Rc;

use ostler::{Host, State};
use ostler_jobs::{Job, JobArgs, MemoryStore, Workers};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Receipt;

impl JobArgs for Receipt {
    const KIND: &'static str = "receipt";
}

async fn send(_: Job<Receipt>) {
    let count = Rc::new(1);
    tokio::task::yield_now().await;
    drop(count);
}

fn main() {
    let _ = Host::new(()).mount("jobs", Workers::new(MemoryStore::new()).handle(send));
    let _: Option<State<()>> = None;
}
