//! What is enqueued has no kind.

use ostler_jobs::Client;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Receipt;

async fn enqueue(client: Client) {
    let _ = client.enqueue(Receipt).await;
}

fn main() {
    let _ = enqueue;
}
