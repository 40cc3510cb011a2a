//! The state has no `Redis` in it.

use ostler::{Host, SECOND, State, every};

#[derive(Clone)]
struct App;

#[derive(Clone)]
struct Redis;

async fn task(_: State<Redis>) {}

fn main() {
    let _ = Host::new(App).task("t", every(SECOND), task);
}
