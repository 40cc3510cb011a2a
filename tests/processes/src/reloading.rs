//! Programs whose options are read again when a signal says so, and not before: their files are not watched.

use ostler::{Error, Host, Options, Ready, Report, Stop};
use serde::{Deserialize, Serialize};

use crate::stopping;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    number: u32,
}

/// The options of the file that the second argument names; each change of them is printed.
pub(crate) async fn on_hangup() -> Result<Report, Error> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stdout).init();
    let file = std::env::args().nth(2).unwrap_or_default();
    let options = Options::<Settings>::builder().file(file).watch(false).load()?;
    println!("number {}", options.get().number);
    options.on_change(|_, new| println!("number {}", new.number)).forever();
    stopping::run(Host::new(()).options(&options).service("obedient", until_stopped)).await
}

async fn until_stopped(stop: Stop, ready: Ready) {
    println!("up");
    ready.notify();
    stop.requested().await;
}
