//! The first argument is no job.

use ostler_jobs::{MemoryStore, Workers};

struct Receipt;

async fn send(_: Receipt) {}

fn main() {
    let _ = Workers::<()>::new(MemoryStore::new()).handle(send);
}
