//! The inbox and the clients: what other programs and other processes enqueue, and what they see.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::time::{Duration, Instant};

use ostler::{Clock, HOUR};
use ostler_jobs::store::{ClaimRequest, Due, End, Finish, Insert, Suspects, Verdict};
use ostler_jobs::{Client, Count, Durability, ErrorKind, JobArgs, JobId, JobState, Keep, Store, WorkerId};
use ostler_sqlite::{DEFAULT_INBOX_POLL, SqliteClient, SqliteStore};
use process::{
    Directory, HUNG, Other, Receipt, block_on, claim, claim_next, insert, role, row, say, wait_to_be_told,
};
use rusqlite::Connection;

/// What this binary does as another process.
#[test]
fn another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        // A program that knows nothing of this crate.
        "write" => {
            let connection = Connection::open(file).unwrap();
            wait_to_be_told();
            connection
                .execute("INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{\"order\":7}')", ())
                .unwrap();
            say(format_args!("wrote {}", connection.last_insert_rowid()));
        }
        "client" => block_on(async {
            let client = SqliteStore::open_client(file).await.unwrap();
            wait_to_be_told();
            let inserted = insert(&client, row(7)).await.unwrap();
            say(format_args!("wrote {}", inserted.id));
            wait_to_be_told();
        }),
        other => panic!("no role {other}"),
    }
}

async fn opened(directory: &Directory) -> (SqliteStore, WorkerId) {
    let store = SqliteStore::options(directory.file()).open().await.unwrap();
    let worker = store.join().await.unwrap();
    (store, worker)
}

fn raw(directory: &Directory) -> Connection {
    Connection::open(directory.file()).unwrap()
}

/// Waits until it is so.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < HUNG, "{what} never came about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn in_state(counts: &[Count], state: JobState) -> u64 {
    counts.iter().filter(|count| count.state == state).map(|count| count.jobs).sum()
}

fn finish(claim: ostler_jobs::ClaimId, job: JobId, end: End, keep: Keep) -> Finish {
    Finish { claim, job, end, keep }
}

fn keep() -> Keep {
    Keep::age(Duration::from_secs(60))
}

#[tokio::test]
async fn what_another_program_writes_runs_within_the_poll() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let mut other = Other::start("write", &directory.file());
    other.tells();
    let number = other.hears("wrote");
    let written = Instant::now();
    let (claim, job) = claim_next(&store, worker).await;
    let margin = Duration::from_secs(1).max(3 * DEFAULT_INBOX_POLL);
    assert!(written.elapsed() < DEFAULT_INBOX_POLL + margin, "{:?}", written.elapsed());
    assert_eq!((&*claim.jobs[0].args, claim.jobs[0].attempt), ("{\"order\":7}", 1));
    // The lower 62 bits of an id are its number, and that of the inbox has no epoch.
    assert_eq!((job.as_u128() & ((1 << 62) - 1)).to_string(), number);
    other.ends();
}

#[tokio::test]
async fn a_client_knows_the_id_at_once_and_follows_the_job() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let mut other = Other::start("client", &directory.file());
    other.tells();
    let job: JobId = other.hears("wrote").parse().unwrap();
    let (claim, claimed) = claim_next(&store, worker).await;
    assert_eq!(claimed, job);
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    assert_eq!(client.status(job).await.unwrap().unwrap().state, JobState::Running);
    let done = finish(claim.id, job, End::Done { result: Some("42".into()) }, keep());
    assert_eq!(store.finish(vec![done]).await.unwrap(), [Verdict::Accepted]);
    let status = client.status(job).await.unwrap().unwrap();
    assert_eq!((status.state, status.result.as_deref(), status.attempts), (JobState::Done, Some("42"), 1));
    other.ends();
}

#[tokio::test]
async fn what_a_client_enqueues_waits_for_an_owner() {
    let directory = Directory::new();
    opened(&directory).await.0.close().await;
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let rows = (0..3).map(row).collect();
    let inserted = client.insert(Insert { rows, durability: Durability::Full }).await.unwrap();
    let later = insert(&client, row(9).priority(2).unwrap().due(Due::After(HUNG))).await.unwrap().id;
    let (first, last) =
        (client.status(inserted[0].id).await.unwrap().unwrap(), client.status(later).await.unwrap());
    assert_eq!((first.state, &*first.kind, first.attempts), (JobState::Ready, "receipt", 0));
    let last = last.unwrap();
    assert_eq!((last.state, last.priority, last.due.is_some()), (JobState::Scheduled, 2, true));
    let counts = client.counts().await.unwrap();
    assert_eq!((in_state(&counts, JobState::Ready), in_state(&counts, JobState::Scheduled)), (3, 1));
    // Before it has answered its opener, and not at a later look.
    let store = SqliteStore::options(directory.file()).inbox_poll(HUNG).open().await.unwrap();
    assert_eq!(store.counts().await.unwrap(), counts);
    let worker = store.join().await.unwrap();
    let claimed = claim(&store, worker, 9).await.unwrap();
    let ids: Vec<JobId> = claimed.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, inserted.iter().map(|inserted| inserted.id).collect::<Vec<_>>());
    assert_eq!(store.status(later).await.unwrap().unwrap().due, last.due);
}

#[tokio::test]
async fn a_row_that_is_no_job_is_parked_and_the_next_one_runs() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let writer = raw(&directory);
    writer
        .execute_batch(
            "BEGIN;
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', CAST(x'22ff22' AS TEXT));
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{');
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '');
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', x'7b7d');
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', zeroblob(3000000));
             INSERT INTO ostler_inbox (kind, args, priority) VALUES ('receipt', '1', 'high');
             INSERT INTO ostler_inbox (kind, args, priority) VALUES ('receipt', '1', -1);
             INSERT INTO ostler_inbox (kind, args, due) VALUES ('receipt', '1', 'tomorrow');
             INSERT INTO ostler_inbox (kind, args, uniq) VALUES ('receipt', '1', 7);
             INSERT INTO ostler_inbox (kind, args) VALUES ('no name', '1');
             INSERT INTO ostler_inbox (kind, args, queue) VALUES ('receipt', '1', CAST(x'ff' AS TEXT));
             INSERT INTO ostler_inbox (id, kind, args) VALUES (-5, 'receipt', '1');
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{\"order\":8}');
             COMMIT",
        )
        .unwrap();
    let (claim, _) = claim_next(&store, worker).await;
    assert_eq!(&*claim.jobs[0].args, "{\"order\":8}");
    let counts = store.counts().await.unwrap();
    assert_eq!(in_state(&counts, JobState::Blocked), 12);
    let unreadable = counts.iter().find(|count| &*count.kind == "unreadable").unwrap();
    assert_eq!((&*unreadable.queue, unreadable.jobs), ("default", 2));
    let left: i64 = writer.query_row("SELECT count(*) FROM ostler_inbox", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    let mut reasons = writer.prepare("SELECT blocked FROM ostler_job WHERE blocked IS NOT NULL").unwrap();
    let reasons: Vec<String> = reasons.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for reason in [
        "no UTF-8",
        "no JSON",
        "empty",
        "no text",
        "3000000 bytes",
        "priority",
        "due",
        "uniq",
        "kind",
        "id -5",
    ] {
        assert!(reasons.iter().any(|text| text.contains(reason)), "{reason} in {reasons:?}");
    }
    store.close().await;
    // They are as parked after the next opening.
    let (store, worker) = opened(&directory).await;
    assert_eq!(in_state(&store.counts().await.unwrap(), JobState::Blocked), 12);
    assert_eq!(process::claim(&store, worker, 99).await.unwrap().jobs.len(), 1);
}

#[tokio::test]
async fn the_number_of_another_job_is_not_taken_whether_that_has_ended_or_not() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let ended = insert(&client, row(1)).await.unwrap().id;
    let (claim, job) = claim_next(&store, worker).await;
    assert_eq!(job, ended);
    store.finish(vec![finish(claim.id, job, End::Done { result: None }, keep())]).await.unwrap();
    let waiting = insert(&client, row(2).due(Due::After(HUNG))).await.unwrap().id;
    let drained = until("the second job", async || {
        (in_state(&store.counts().await.unwrap(), JobState::Scheduled) == 1).then_some(())
    });
    drained.await;
    for id in [ended, waiting] {
        let number = i64::try_from(id.as_u128() & ((1 << 62) - 1)).unwrap();
        let sql = "INSERT INTO ostler_inbox (id, kind, args) VALUES (?1, 'receipt', '{}')";
        raw(&directory).execute(sql, [number]).unwrap();
    }
    let parked = until("both rows", async || {
        (in_state(&store.counts().await.unwrap(), JobState::Blocked) == 2).then_some(())
    });
    parked.await;
    assert_eq!(store.status(ended).await.unwrap().unwrap().state, JobState::Done);
    assert_eq!(store.status(waiting).await.unwrap().unwrap().state, JobState::Scheduled);
}

#[tokio::test]
async fn due_times_priorities_and_queues_of_the_inbox_are_kept() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let writer = raw(&directory);
    writer
        .execute_batch(
            "BEGIN;
             INSERT INTO ostler_inbox (kind, args, priority) VALUES ('receipt', '1', 7);
             INSERT INTO ostler_inbox (kind, args, priority, due) VALUES ('receipt', '2', 0, 5);
             INSERT INTO ostler_inbox (kind, args, due) VALUES ('receipt', '3', 9000000000000);
             INSERT INTO ostler_inbox (kind, args, queue) VALUES ('receipt', '4', 'mail');
             COMMIT",
        )
        .unwrap();
    let (first, _) = claim_next(&store, worker).await;
    assert_eq!(&*first.jobs[0].args, "2");
    let second = claim(&store, worker, 9).await.unwrap();
    assert_eq!((second.jobs.len(), &*second.jobs[0].args), (1, "1"));
    let counts = store.counts().await.unwrap();
    assert_eq!((in_state(&counts, JobState::Scheduled), in_state(&counts, JobState::Ready)), (1, 1));
    assert!(counts.iter().any(|count| &*count.queue == "mail" && count.state == JobState::Ready));
}

#[tokio::test]
async fn a_unique_key_is_one_for_owner_client_and_inbox() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let owner = Client::new(store.clone());
    let client = Client::new(SqliteStore::open_client(directory.file()).await.unwrap());
    let first = owner.enqueue(Receipt { order: 1 }.unique()).await.unwrap();
    let second = client.enqueue(Receipt { order: 1 }.unique()).await.unwrap();
    assert!(second.is_existing() && second.id() == first.id());
    // By a text, from plain SQL: the same key, and a row too many, which is dropped.
    let third = owner.enqueue(Receipt { order: 2 }.unique().key("two")).await.unwrap();
    raw(&directory)
        .execute_batch(
            "BEGIN;
             INSERT INTO ostler_inbox (kind, args, uniq) VALUES ('receipt', '{}', 'two');
             INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{\"order\":3}');
             COMMIT",
        )
        .unwrap();
    let orders = until("the last job", async || {
        (in_state(&store.counts().await.unwrap(), JobState::Ready) == 3).then_some(())
    });
    orders.await;
    let claimed = claim(&store, worker, 9).await.unwrap();
    assert_eq!(claimed.jobs.len(), 3);
    assert!(claimed.jobs.iter().any(|job| job.id == third.id()));
}

#[tokio::test]
async fn a_key_with_a_time_in_the_inbox_holds_for_that_time() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let client = Client::new(SqliteStore::open_client(directory.file()).await.unwrap());
    let first = client.enqueue(Receipt { order: 1 }.unique_for(HUNG)).await.unwrap();
    // In the inbox or a job by now: the same answer.
    assert_eq!(client.enqueue(Receipt { order: 1 }.unique_for(HUNG)).await.unwrap().id(), first.id());
    let (claim, job) = claim_next(&store, worker).await;
    let done = finish(claim.id, job, End::Done { result: None }, Keep::NONE);
    assert_eq!(store.finish(vec![done]).await.unwrap(), [Verdict::Accepted]);
    for client in [client, Client::new(store)] {
        let again = client.enqueue(Receipt { order: 1 }.unique_for(HUNG)).await.unwrap();
        assert!(again.is_existing() && again.id() == first.id());
    }
}

#[tokio::test]
async fn what_there_is_no_room_for_stays_in_the_inbox_until_there_is() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).max_ready(3).open().await.unwrap();
    let worker = store.join().await.unwrap();
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let rows = (0..10).map(row).collect();
    client.insert(Insert { rows, durability: Durability::Full }).await.unwrap();
    let mut orders = Vec::new();
    while orders.len() < 10 {
        assert!(
            in_state(&store.counts().await.unwrap(), JobState::Ready) <= 3,
            "more than there is room for"
        );
        let (claim, job) = claim_next(&store, worker).await;
        orders.push(claim.jobs[0].args.to_string());
        let done = finish(claim.id, job, End::Done { result: None }, Keep::NONE);
        store.finish(vec![done]).await.unwrap();
    }
    assert_eq!(orders, (0..10).map(|order| format!("{{\"order\":{order}}}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_of_a_client_is_there_as_a_whole_and_in_order() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let client = Client::new(SqliteStore::open_client(directory.file()).await.unwrap());
    let handles = client.enqueue_all((0..2_500).map(|order| Receipt { order })).await.unwrap();
    let all = until("all jobs", async || {
        (in_state(&store.counts().await.unwrap(), JobState::Ready) == 2_500).then_some(())
    });
    all.await;
    let claimed = claim(&store, worker, 5_000).await.unwrap();
    let ids: Vec<JobId> = claimed.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, handles.iter().map(|handle| handle.id()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_client_does_no_work() {
    let directory = Directory::new();
    let (_store, worker) = opened(&directory).await;
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let job = insert(&client, row(1)).await.unwrap().id;
    let request =
        ClaimRequest { worker, wants: Vec::new(), kinds: Default::default(), suspects: Suspects::AsOthers };
    let kinds = [
        client.join().await.unwrap_err().kind(),
        client.beat(worker).await.unwrap_err().kind(),
        client.leave(worker).await.unwrap_err().kind(),
        client.claim(request).await.unwrap_err().kind(),
        client.finish(Vec::new()).await.unwrap_err().kind(),
        client.beats().await.unwrap_err().kind(),
        client.expire(Vec::new()).await.unwrap_err().kind(),
        client.stage().await.unwrap_err().kind(),
        client.prune(1).await.unwrap_err().kind(),
        client.cancel(job).await.unwrap_err().kind(),
        client.pause("mail").await.unwrap_err().kind(),
        client.resume("mail").await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NotOwner; 12]);
}

/// What the owner says of a job and of all, and what a client says.
async fn agree(store: &SqliteStore, client: &SqliteClient, job: JobId, state: JobState) {
    let (of_owner, of_client) =
        (store.status(job).await.unwrap().unwrap(), client.status(job).await.unwrap().unwrap());
    assert_eq!(of_owner.state, state);
    assert_eq!(of_owner, of_client);
    let (mut counts, mut seen) = (store.counts().await.unwrap(), client.counts().await.unwrap());
    counts.sort();
    seen.sort();
    assert_eq!(counts, seen);
    assert_eq!(store.paused().await.unwrap(), client.paused().await.unwrap());
}

#[tokio::test]
async fn a_client_sees_what_the_owner_sees() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let job = insert(&store, row(1)).await.unwrap().id;
    agree(&store, &client, job, JobState::Ready).await;
    let later = insert(&store, row(2).due(Due::After(HUNG))).await.unwrap().id;
    agree(&store, &client, later, JobState::Scheduled).await;
    store.pause("mail").await.unwrap();
    let (claim, _) = claim_next(&store, worker).await;
    agree(&store, &client, job, JobState::Running).await;
    store.cancel(job).await.unwrap();
    agree(&store, &client, job, JobState::Running).await;
    let again = insert(&store, row(3)).await.unwrap().id;
    store.finish(vec![finish(claim.id, job, End::Cancelled { reason: "no".into() }, keep())]).await.unwrap();
    agree(&store, &client, job, JobState::Cancelled).await;
    for wait in [Duration::ZERO, HUNG] {
        let (claim, _) = claim_next(&store, worker).await;
        let retry = End::Retry { error: "not yet".into(), wait };
        store.finish(vec![finish(claim.id, again, retry, keep())]).await.unwrap();
        let state = if wait.is_zero() { JobState::Ready } else { JobState::Scheduled };
        agree(&store, &client, again, state).await;
    }
    for end in [End::Done { result: Some("7".into()) }, End::Dead { error: "poison".into() }] {
        let state = if matches!(end, End::Dead { .. }) { JobState::Dead } else { JobState::Done };
        let job = insert(&store, row(4)).await.unwrap().id;
        let (claim, _) = claim_next(&store, worker).await;
        store.finish(vec![finish(claim.id, job, end, keep())]).await.unwrap();
        agree(&store, &client, job, state).await;
    }
    let snoozed = insert(&store, row(5)).await.unwrap().id;
    let (claim, _) = claim_next(&store, worker).await;
    store.finish(vec![finish(claim.id, snoozed, End::GiveBack, keep())]).await.unwrap();
    agree(&store, &client, snoozed, JobState::Ready).await;
}

/// Writes a row with a number of its own choice.
fn write_numbered(writer: &Connection, number: i64) {
    let sql = "INSERT INTO ostler_inbox (id, kind, args) VALUES (?1, 'receipt', '{}')";
    writer.execute(sql, [number]).unwrap();
}

async fn parked(store: &SqliteStore, jobs: u64) {
    let parked = until("the parked row", async || {
        (in_state(&store.counts().await.unwrap(), JobState::Blocked) == jobs).then_some(())
    });
    parked.await;
}

#[tokio::test]
async fn a_row_with_a_number_far_ahead_spoils_none_of_those_that_follow() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let (writer, client) = (raw(&directory), SqliteStore::open_client(directory.file()).await.unwrap());
    for (before, number) in [(1 << 40) - 1, 1 << 40, i64::MAX].into_iter().enumerate() {
        write_numbered(&writer, number);
        parked(&store, before as u64 + 1).await;
        writer.execute("INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '1')", ()).unwrap();
        let (claim, _) = claim_next(&store, worker).await;
        assert_eq!(&*claim.jobs[0].args, "1");
        let added = insert(&client, row(2)).await.unwrap().id;
        assert_eq!(claim_next(&store, worker).await.1, added);
    }
}

#[tokio::test]
async fn a_client_gives_no_id_that_its_job_will_not_have() {
    let directory = Directory::new();
    opened(&directory).await.0.close().await;
    let (writer, client) = (raw(&directory), SqliteStore::open_client(directory.file()).await.unwrap());
    write_numbered(&writer, 1 << 40);
    let refused = insert(&client, row(1)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.is_ambiguous()), (ErrorKind::Unavailable, false));
    let left: i64 = writer.query_row("SELECT count(*) FROM ostler_inbox", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 1, "what was refused is not there");
    // Without that row the numbers go on, also where no owner has seen it.
    writer.execute("DELETE FROM ostler_inbox", ()).unwrap();
    let added = insert(&client, row(2)).await.unwrap().id;
    let (store, worker) = opened(&directory).await;
    assert_eq!(claim_next(&store, worker).await.1, added);
}

#[tokio::test]
async fn the_id_of_a_job_that_has_left_no_row_never_comes_back() {
    let directory = Directory::new();
    let (store, worker) = opened(&directory).await;
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let ended = insert(&client, row(1)).await.unwrap().id;
    let (claim, job) = claim_next(&store, worker).await;
    assert_eq!(job, ended);
    store.finish(vec![finish(claim.id, job, End::Done { result: None }, Keep::NONE)]).await.unwrap();
    store.close().await;
    let (store, _) = opened(&directory).await;
    write_numbered(&raw(&directory), i64::try_from(ended.as_u128() & ((1 << 62) - 1)).unwrap());
    parked(&store, 1).await;
    assert_eq!(store.status(ended).await.unwrap(), None);
}

#[tokio::test]
async fn a_delayed_row_needs_no_room_among_the_ready_ones() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).max_ready(1).open().await.unwrap();
    insert(&store, row(1)).await.unwrap();
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    insert(&client, row(2).due(Due::After(HUNG))).await.unwrap();
    insert(&client, row(3)).await.unwrap();
    let delayed = until("the delayed job", async || {
        (in_state(&store.counts().await.unwrap(), JobState::Scheduled) == 1).then_some(())
    });
    delayed.await;
    assert_eq!(in_state(&store.counts().await.unwrap(), JobState::Ready), 1);
    let left: i64 =
        raw(&directory).query_row("SELECT count(*) FROM ostler_inbox", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 1, "the ready one waits for room");
}

#[tokio::test]
async fn a_job_of_the_inbox_is_not_the_oldest_of_those_that_are_kept() {
    let directory = Directory::new();
    let clock = Clock::virtual_at("2026-03-01T12:00:00Z".parse().unwrap());
    let store = SqliteStore::options(directory.file()).clock(clock.clone()).open().await.unwrap();
    let worker = store.join().await.unwrap();
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    let keep = Keep { age: HOUR, most: 2 };
    let mut ended = Vec::new();
    for order in 0..4 {
        let job = match order {
            2 => insert(&client, row(order)).await.unwrap().id,
            _ => insert(&store, row(order)).await.unwrap().id,
        };
        let (claim, claimed) = claim_next(&store, worker).await;
        assert_eq!(claimed, job);
        store.finish(vec![finish(claim.id, job, End::Done { result: None }, keep)]).await.unwrap();
        ended.push(job);
        clock.advance(HOUR / 4);
    }
    let there = async || {
        let mut there = Vec::new();
        for &job in &ended {
            there.push(store.status(job).await.unwrap().is_some());
        }
        there
    };
    // By number, and by age.
    assert_eq!(store.prune(9).await.unwrap().removed, 2);
    assert_eq!(there().await, [false, false, true, true]);
    clock.advance(HOUR / 2);
    assert_eq!(store.prune(9).await.unwrap().removed, 1);
    assert_eq!(there().await, [false, false, false, true]);
}
