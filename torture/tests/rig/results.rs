//! The results file: written where `TORTURE_WRITE=1` asks for it.

use std::path::Path;
use std::time::Duration;

use crate::checker::Found;
use crate::scale::Scale;

pub(crate) fn kills(seed: u64, scale: Scale, found: &Found, drained: Duration) {
    let name = if scale.jobs > 1_000 { "kills, full" } else { "kills" };
    let Found { acknowledged, lost, dead, overlaps, stale, uncounted, repeated, in_flight, .. } = found;
    let (kills, clients) = (found.kills, scale.client_kills);
    put(
        name,
        &format!(
            "seed {seed}: {acknowledged} jobs acknowledged, {kills} kills of the owner, {clients} of producers: lost \
             {lost}, dead {dead}, overlapping attempts {overlaps}, stale ends {stale}, uncounted attempts {uncounted}, \
             runs repeated {repeated} (at most {in_flight} in flight), drained in {:.2} s",
            drained.as_secs_f64()
        ),
    );
}

pub(crate) fn killers(killers: usize, bystanders: usize, deaths: usize) {
    put(
        "killers",
        &format!(
            "{killers} killers dead after three crashes each, {bystanders} of {bystanders} bystanders done, {deaths} deaths of the process"
        ),
    );
}

pub(crate) fn zombies(refused: usize, rounds: usize) {
    put(
        "zombies",
        &format!("{refused} of {rounds} late writes refused, each job done once by its second attempt"),
    );
}

pub(crate) fn locked(held: Duration, timeouts: usize, jobs: usize) {
    let name = if held > Duration::from_secs(10) { "lock kept, full" } else { "lock kept" };
    let seconds = held.as_secs();
    put(
        name,
        &format!(
            "{seconds} s: {timeouts} enqueues timed out, workers degraded, then {jobs} of {jobs} jobs done in one attempt each"
        ),
    );
}

/// Replaces the row of this name, or adds it.
fn put(name: &str, text: &str) {
    if std::env::var("TORTURE_WRITE").as_deref() != Ok("1") {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
    let old = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = old.split_once("<!-- rig -->\n").unwrap();
    let (rows, after) = rest.split_once("<!-- /rig -->").unwrap();
    let start = format!("| {name} |");
    let mut rows: Vec<&str> = rows.lines().filter(|row| !row.starts_with(&start)).collect();
    let row = format!("| {name} | {text} |");
    rows.push(&row);
    let rows = rows.join("\n");
    std::fs::write(&path, format!("{before}<!-- rig -->\n{rows}\n<!-- /rig -->{after}")).unwrap();
}
