//! The state has no `Redis` in it, and the handler takes an item too.

use ostler::{Host, State, queue};

#[derive(Clone)]
struct App;

#[derive(Clone)]
struct Redis;

async fn handle(_: u32, _: State<Redis>) {}

fn main() {
    let (_queue, items) = queue::bounded::<u32>(1);
    let _ = Host::new(App).consume("c", items, handle);
}
