//! The checker: reads ledgers, effects and the file of jobs, and counts what should not be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ostler_jobs::{Client, JobState};
use ostler_sqlite::SqliteStore;

use crate::effects::{self, Attempt};
use crate::process::Kill;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) acknowledged: usize,
    pub(crate) kills: usize,
    /// Acknowledged, and not done.
    pub(crate) lost: usize,
    pub(crate) dead: usize,
    /// Attempts of one job that were going on at the same time.
    pub(crate) overlaps: usize,
    /// Ends that were stored by a token after a later one had begun.
    pub(crate) stale: usize,
    /// Jobs whose handler began more often than attempts were counted.
    pub(crate) uncounted: usize,
    /// Runs beyond the first of a job.
    pub(crate) repeated: usize,
    /// Attempts that began in a process that was killed, and whose end was not known to be stored.
    pub(crate) in_flight: usize,
    pub(crate) most_repeated_by_a_kill: usize,
    /// Attempts whose end was stored, and whose job ran again all the same.
    pub(crate) repeated_in_vain: usize,
    pub(crate) integrity: String,
    pub(crate) rows_left: i64,
}

pub(crate) fn check(folder: &Path, kills: &[Kill]) -> Found {
    let effects = effects::read(folder);
    let acknowledged: BTreeSet<_> = effects::acknowledged(folder).into_iter().collect();
    let (integrity, rows_left) = look_into(&folder.join("jobs.db"));
    let deaths: BTreeMap<u32, u128> = kills.iter().map(|kill| (kill.pid, kill.at)).collect();
    let mut found = Found {
        acknowledged: acknowledged.len(),
        kills: kills.len(),
        lost: 0,
        dead: 0,
        overlaps: 0,
        stale: 0,
        uncounted: 0,
        repeated: effects.values().map(|attempts| attempts.len() - 1).sum(),
        in_flight: in_flight(effects.values(), &deaths),
        most_repeated_by_a_kill: most_repeated(effects.values()),
        repeated_in_vain: effects.values().map(|attempts| repeated_in_vain(attempts)).sum(),
        integrity,
        rows_left,
    };
    for attempts in effects.values() {
        found.overlaps += overlaps(attempts, &deaths);
        found.stale += stale(attempts);
    }
    let statuses = statuses(folder, acknowledged.union(&effects.keys().copied().collect()).copied());
    for (id, status) in statuses {
        let state = status.as_ref().map(|(state, _)| *state);
        found.dead += usize::from(state == Some(JobState::Dead));
        found.lost += usize::from(acknowledged.contains(&id) && state != Some(JobState::Done));
        let counted = status.map_or(0, |(_, attempts)| attempts as usize);
        found.uncounted += usize::from(effects.get(&id).is_some_and(|attempts| attempts.len() > counted));
    }
    found
}

/// Pairs of attempts of which the second began before the first had ended, or its process had died.
fn overlaps(attempts: &[Attempt], deaths: &BTreeMap<u32, u128>) -> usize {
    let end = |attempt: &Attempt| attempt.ended.or(deaths.get(&attempt.pid).copied()).unwrap_or(u128::MAX);
    attempts.windows(2).filter(|pair| end(&pair[0]) > pair[1].began).count()
}

fn stale(attempts: &[Attempt]) -> usize {
    let is_late = |pair: &&[Attempt]| {
        let is_token_old = pair[0].token >= pair[1].token;
        is_token_old || pair[0].stored.is_some_and(|stored| stored > pair[1].began)
    };
    attempts.windows(2).filter(is_late).count()
}

/// All attempts of the rig end well, so the first end that is stored is the last.
fn repeated_in_vain(attempts: &[Attempt]) -> usize {
    attempts.iter().rev().skip(1).filter(|attempt| attempt.stored.is_some()).count()
}

fn in_flight<'a>(jobs: impl Iterator<Item = &'a Vec<Attempt>>, deaths: &BTreeMap<u32, u128>) -> usize {
    let was_cut = |attempt: &&Attempt| attempt.stored.is_none() && deaths.contains_key(&attempt.pid);
    jobs.flatten().filter(was_cut).count()
}

/// Of all processes, the one most of whose runs were done again: how many those were.
fn most_repeated<'a>(jobs: impl Iterator<Item = &'a Vec<Attempt>>) -> usize {
    let mut by_process: BTreeMap<u32, usize> = BTreeMap::new();
    for attempts in jobs {
        for attempt in &attempts[..attempts.len() - 1] {
            *by_process.entry(attempt.pid).or_default() += 1;
        }
    }
    by_process.into_values().max().unwrap_or(0)
}

type Known = Option<(JobState, u32)>;

fn statuses(
    folder: &Path,
    ids: impl Iterator<Item = ostler_jobs::JobId>,
) -> Vec<(ostler_jobs::JobId, Known)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(folder.join("jobs.db")).await.unwrap();
        let client = Client::new(store.clone());
        let mut statuses = Vec::new();
        for id in ids {
            let status = client.status(id).await.unwrap();
            statuses.push((id, status.map(|status| (status.state, status.attempts))));
        }
        store.close().await;
        statuses
    })
}

/// What SQLite says of the file, and how many rows of live jobs, claims and the inbox are left.
fn look_into(path: &Path) -> (String, i64) {
    let file = rusqlite::Connection::open(path).unwrap();
    let integrity = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let sql = "SELECT (SELECT count(*) FROM ostler_job) + (SELECT count(*) FROM ostler_claim)
             + (SELECT count(*) FROM ostler_inbox)";
    (integrity, file.query_row(sql, [], |row| row.get(0)).unwrap())
}
