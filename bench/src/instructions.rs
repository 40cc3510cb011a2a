//! Instructions for each item, counted by valgrind's callgrind: the same program gives the same number on any day.

use std::process::{Command, Stdio};

use ostler::BoxError;
use ostler::queue;

use crate::machinery;
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;

const QUEUE: &str = "ostler queue";
const BARE: &str = "bare loop";
const HOST: &str = "host";
const BARE_WAITS: &str = "bare loop, handler waits";
const HOST_WAITS: &str = "host, handler waits";

const INSTRUCTIONS: &str = "instructions/item";

/// Two sizes, so that what does not depend on the number of items falls out of their difference.
const FEW: u32 = 20_000;
const MANY: u32 = 120_000;
/// The items of one filling of the queue.
const CHUNK: u32 = 1_000;

pub(crate) fn row() -> Row {
    let by = Program::OwnWith("valgrind");
    Row {
        name: "instructions",
        about: "instructions for each item of the queue and of the host's machinery (valgrind)",
        timed: "Instructions of the whole process under callgrind with 120,000 items, less those with \
                20,000, divided by 100,000, in chunks of 1,000. One thread runs all: a runtime of the \
                current-thread kind. No time is measured, and what the kernel does is not counted.",
        rounds: 5,
        contenders: vec![
            Contender::new(QUEUE, "one task sends an item and receives it, `u64`").by(by),
            Contender::new(BARE, "as the bare loop of the row `machinery`, sender and worker together")
                .by(by),
            Contender::new(HOST, "as the host of the row `machinery`, sender and worker together")
                .against(BARE)
                .by(by),
            Contender::new(BARE_WAITS, "as the bare loop; the handler yields once").by(by),
            Contender::new(HOST_WAITS, "as the host; the handler yields once").against(BARE_WAITS).by(by),
        ],
        targets: Vec::new(),
        measure: |contender| {
            let what = match contender {
                QUEUE => "queue",
                BARE => "bare",
                HOST => "host",
                BARE_WAITS => "bare-waits",
                HOST_WAITS => "host-waits",
                _ => return Err(unknown(contender)),
            };
            let more = instructions(what, MANY)? - instructions(what, FEW)?;
            Ok(Figures::from([(INSTRUCTIONS, more / f64::from(MANY - FEW))]))
        },
    }
}

/// Does what is to be counted, and nothing else.
pub(crate) fn count(what: &str, items: &str) -> Result<(), BoxError> {
    let items: u32 = items.parse()?;
    let chunks = items / CHUNK;
    runtime::run_on_one_thread(async {
        match what {
            "queue" => send_and_receive(items).await,
            "bare" => machinery::bare(chunks, CHUNK).await.map(|_| ()),
            "host" => machinery::host(chunks, CHUNK).await.map(|_| ()),
            "bare-waits" => machinery::bare_waits(chunks, CHUNK).await.map(|_| ()),
            "host-waits" => machinery::host_waits(chunks, CHUNK).await.map(|_| ()),
            _ => Err(unknown(what)),
        }
    })
}

async fn send_and_receive(items: u32) -> Result<(), BoxError> {
    let (queue, received) = queue::bounded::<u64>(1024);
    for item in 0..u64::from(items) {
        queue.send(item).await?;
        if std::hint::black_box(received.recv().await) != Some(item) {
            return Err("an item was lost".into());
        }
    }
    Ok(())
}

/// What callgrind counts while this program handles so many items.
fn instructions(what: &str, items: u32) -> Result<f64, BoxError> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["count", what, &items.to_string()])
        .stdout(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind failed:\n{said}").into());
    }
    Ok(collected(&said).ok_or_else(|| format!("valgrind did not say what it collected:\n{said}"))?)
}

/// The number in `==123== Collected : 456`.
pub(crate) fn collected(said: &str) -> Option<f64> {
    said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_valgrind_says() {
        let said = "==7== Callgrind, a call-graph\n==7== Events    : Ir\n==7== Collected : 2331\n";
        assert_eq!(collected(said), Some(2331.0));
        assert_eq!(collected("==7== Events"), None);
    }
}
