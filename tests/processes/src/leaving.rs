//! Programs whose exit code is not the host's: `main` gives its own, or a unit ends the process.

use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

use ostler::{Error, Host, MINUTE, Report, State, Stop, blocking, every, queue};

use crate::stopping::{for_ever, obedient, run};

/// A `main` with something left to do after the host, and an exit code of its own: the first argument.
pub(crate) fn own_code() -> ExitCode {
    let _value = Value;
    let code = argument(1).and_then(|text| Ok(text.parse()?));
    let host_code = ostler::main(obedient);
    println!("main goes on, the host was fine: {}", host_code == ExitCode::SUCCESS);
    code.map_or(ExitCode::FAILURE, |code: u8| ExitCode::from(code))
}

/// A value that `main` holds to its end.
struct Value;

impl Drop for Value {
    fn drop(&mut self) {
        println!("main drops its value");
    }
}

/// The unit called as the first argument ends the process with the code that is the second one, beside a unit and a
/// blocking call that never end.
pub(crate) async fn exit_in() -> Result<Report, Error> {
    let leaver = Leaver { place: argument(1)?, code: argument(2)?.parse()? };
    let (letters, items) = queue::bounded::<u32>(1);
    letters.send(1).await?;
    let host = Host::new(leaver)
        .service("deaf", async || pending::<()>().await)
        .service("digger", async || blocking(for_ever).await)
        .task("task", every(Duration::from_millis(20)), async |leaver: State<Leaver>| leaver.leave("task"))
        .consume("consumer", items, async |_: u32, leaver: State<Leaver>| leaver.leave("consumer"))
        .service("service", async |leaver: State<Leaver>| leaver.leave("service"))
        .service("blocking", async |leaver: State<Leaver>| blocking(move || leaver.leave("blocking")).await)
        .service("stopping", async |leaver: State<Leaver>, stop: Stop| {
            println!("up");
            stop.requested().await;
            leaver.leave("stopping");
        });
    run(host.grace(MINUTE)).await
}

#[derive(Clone)]
struct Leaver {
    place: String,
    code: i32,
}

impl Leaver {
    /// Ends the process where this is the place for it.
    fn leave(&self, place: &str) {
        if self.place == place {
            std::process::exit(self.code);
        }
    }
}

fn argument(place: usize) -> Result<String, Error> {
    std::env::args().nth(1 + place).ok_or_else(|| Error::usage("an argument is missing"))
}
