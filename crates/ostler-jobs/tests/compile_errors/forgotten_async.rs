//! A handler without `async`.
use ostler::{Host, State};
use ostler_jobs::{Job, JobArgs, MemoryStore, Workers};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Receipt;

impl JobArgs for Receipt {
    const KIND: &'static str = "receipt";
}

fn send(_: Job<Receipt>) {}

fn main() {
    let _ = Host::new(()).mount("jobs", Workers::new(MemoryStore::new()).handle(send));
    let _: Option<State<()>> = None;
}
