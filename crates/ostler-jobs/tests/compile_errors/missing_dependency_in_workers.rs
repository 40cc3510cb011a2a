//! The same where the workers are made apart, and say for which state they are.
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

fn workers() -> Workers<App> {
    Workers::new(MemoryStore::new()).handle(send)
}

fn main() {
    let _ = Host::new(App).mount("jobs", workers());
}
