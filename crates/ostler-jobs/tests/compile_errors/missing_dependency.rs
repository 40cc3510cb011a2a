//! The state lacks a dependency that a handler takes.
use ostler::{Host, State};
use ostler_jobs::{Job, JobArgs, MemoryStore, Workers};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Receipt;

impl JobArgs for Receipt {
    const KIND: &'static str = "receipt";
}

#[derive(Clone)]
struct Redis;

#[derive(Clone)]
struct App;

async fn send(_: Job<Receipt>, _: State<Redis>) {}

fn main() {
    let _ = Host::new(App).mount("jobs", Workers::new(MemoryStore::new()).handle(send));
}
