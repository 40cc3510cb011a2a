//! The suite, on the memory store.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::time::Duration;

use ostler::Clock;
use ostler_jobs::conformance::{self, Subject};
use ostler_jobs::store::{
    Beat, CancelAnswer, ClaimRequest, Claimed, Count, End, Finish, Insert, Inserted, JobStatus, Pending,
    Pruned, Staged, Store, Verdict, WorkerBeat,
};
use ostler_jobs::{Hints, JobId, MemoryStore, WorkerId};

#[derive(Default)]
struct Memory;

impl Subject for Memory {
    type Store = MemoryStore;

    async fn open(&self, clock: Clock) -> MemoryStore {
        MemoryStore::on(clock)
    }
}

ostler_jobs::conformance_suite!(Memory);

#[test]
fn random_programs_come_to_the_same() {
    conformance::machine::<Memory>(1_000);
}

/// A case that stands in its file and not in the list would never run.
#[test]
fn every_case_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance");
    let list = std::fs::read_to_string(folder.join("suite.rs")).unwrap();
    let mut found = 0;
    for entry in std::fs::read_dir(folder.join("cases")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let of_file = list.split(&format!(" {file} {{")).nth(1).and_then(|rest| rest.split('}').next());
        let text = std::fs::read_to_string(&path).unwrap();
        for case in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
            let case = case.split('<').next().unwrap();
            assert!(
                of_file.unwrap_or_default().split_whitespace().any(|listed| listed == case),
                "{file}::{case}"
            );
            found += 1;
        }
    }
    assert!(found > 100, "{found}");
}

/// A store that puts what is given back behind the others, and is right in all else.
#[derive(Clone)]
struct Late(MemoryStore);

impl Store for Late {
    fn finish(&self, mut ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        for finish in ends.iter_mut().filter(|finish| finish.end == End::GiveBack) {
            finish.end = End::Snooze { wait: Duration::ZERO };
        }
        self.0.finish(ends)
    }

    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>> {
        self.0.insert(insert)
    }

    fn join(&self) -> Pending<'_, WorkerId> {
        self.0.join()
    }

    fn beat(&self, worker: WorkerId) -> Pending<'_, Beat> {
        self.0.beat(worker)
    }

    fn leave(&self, worker: WorkerId) -> Pending<'_, ()> {
        self.0.leave(worker)
    }

    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed> {
        self.0.claim(request)
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        self.0.beats()
    }

    fn expire(&self, workers: Vec<WorkerBeat>) -> Pending<'_, usize> {
        self.0.expire(workers)
    }

    fn stage(&self) -> Pending<'_, Staged> {
        self.0.stage()
    }

    fn prune(&self, most: usize) -> Pending<'_, Pruned> {
        self.0.prune(most)
    }

    fn cancel(&self, job: JobId) -> Pending<'_, CancelAnswer> {
        self.0.cancel(job)
    }

    fn pause(&self, queue: &str) -> Pending<'_, ()> {
        self.0.pause(queue)
    }

    fn resume(&self, queue: &str) -> Pending<'_, ()> {
        self.0.resume(queue)
    }

    fn paused(&self) -> Pending<'_, Vec<String>> {
        self.0.paused()
    }

    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>> {
        self.0.status(job)
    }

    fn counts(&self) -> Pending<'_, Vec<Count>> {
        self.0.counts()
    }

    fn hints(&self) -> &Hints {
        self.0.hints()
    }
}

#[derive(Default)]
struct Wrong;

impl Subject for Wrong {
    type Store = Late;

    async fn open(&self, clock: Clock) -> Late {
        Late(MemoryStore::on(clock))
    }
}

#[test]
#[should_panic(expected = "and on the memory store to")]
fn a_store_that_is_wrong_in_one_thing_is_found_out() {
    conformance::machine::<Wrong>(1_000);
}
