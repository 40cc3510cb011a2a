//! Mistakes in the registration of handlers are found at the start, all at once.

use std::time::Duration;

use ostler::testing::TestHost;
use ostler::{Error, HOUR, Host, Occurrence, SECOND};
use ostler_jobs::{Ack, JobArgs, MemoryStore, Policy, Workers};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct A;

impl JobArgs for A {
    const KIND: &'static str = "a";
}

#[derive(Serialize, Deserialize)]
struct BadName;

impl JobArgs for BadName {
    const KIND: &'static str = "bad name";
}

#[derive(Serialize, Deserialize)]
struct BadQueue;

impl JobArgs for BadQueue {
    const KIND: &'static str = "bad-queue";

    fn policy() -> Policy {
        Policy::new().queue("")
    }
}

#[derive(Serialize, Deserialize)]
struct BadNumbers;

impl JobArgs for BadNumbers {
    const KIND: &'static str = "bad-numbers";

    fn policy() -> Policy {
        Policy::new().priority(10).ack(Ack::Batched(Duration::MAX))
    }
}

fn error(workers: Workers<()>) -> Error {
    TestHost::start(Host::new(()).mount("jobs", workers)).unwrap_err()
}

#[test]
fn all_mistakes_are_told_at_once_and_end_the_start_with_exit_code_78() {
    let workers = Workers::new(MemoryStore::new())
        .queue("q", 0)
        .queue("not a name", 1)
        .lease(SECOND / 2)
        .poll(SECOND - SECOND)
        .poison_after(0)
        .handle(async |_: A| {})
        .handle(async |_: A| {})
        .handle(async |_: BadName| {})
        .handle(async |_: BadQueue| {})
        .handle(async |_: BadNumbers| {});
    let error = error(workers);
    assert_eq!(error.exit_code(), 78);
    assert!(error.is_registration(), "nothing is started");
    let told: Vec<String> = error.registration_errors().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "unit `jobs`, queue: `q`: 0 slots are not allowed: 1 to 10000",
            "unit `jobs`, queue: queue \"not a name\" is not allowed: 1 to 128 of A-Z a-z 0-9 _ . : -",
            "unit `jobs`, lease: 500ms is not allowed: 1s to 3600s",
            "unit `jobs`, poll: 0 s is not allowed: it would never rest",
            "unit `jobs`, poison_after: 0 is not allowed: no job would ever run",
            "unit `jobs`, handle: `a` has two handlers",
            "unit `jobs`, handle: kind \"bad name\" is not allowed: 1 to 128 of A-Z a-z 0-9 _ . : -",
            "unit `jobs`, handle: queue \"\" is not allowed: 1 to 128 of A-Z a-z 0-9 _ . : -",
            "unit `jobs`, handle: `bad-numbers`: priority 10 is not allowed: 0 to 9",
            "unit `jobs`, handle: `bad-numbers`: ack after 18446744073709551615.999999999s is not allowed: 60s at most",
        ]
    );
}

#[test]
fn an_extractor_of_a_task_is_a_mistake() {
    let workers = Workers::new(MemoryStore::new()).lease(2 * HOUR).handle(async |_: A, _: Occurrence| {});
    let text = format!("{:?}", error(workers));
    assert!(text.contains("`a`: only a task takes `Occurrence`"), "{text}");
    assert!(text.contains("7200s is not allowed"), "{text}");
}
