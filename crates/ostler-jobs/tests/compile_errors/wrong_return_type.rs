//! A handler that returns what is no answer: a result is wrapped in `Json`.
use ostler::{Host, State};
use ostler_jobs::{Job, JobArgs, MemoryStore, Workers};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Receipt;

impl JobArgs for Receipt {
    const KIND: &'static str = "receipt";
}

async fn send(_: Job<Receipt>) -> u32 {
    7
}

fn main() {
    let _ = Host::new(()).mount("jobs", Workers::new(MemoryStore::new()).handle(send));
    let _: Option<State<()>> = None;
}
