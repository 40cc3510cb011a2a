//! The operations of a program, and how they are chosen.
//!
//! A job, a worker or a claim is named by a number, which each side reads as one of those that it knows: whatever is
//! left of a program that is made simpler, it can be run.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any as anything};
use proptest::prop_oneof;
use proptest::sample::Index;

use crate::policy::Keep;
use crate::store::{End, Suspects};
use crate::unique::Until;

/// The queues of a program.
pub(super) const QUEUES: [&str; 2] = ["a", "b"];

/// Its kinds.
pub(super) const KINDS: [&str; 2] = ["mail", "report"];

/// One operation.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Remembers the beats of now, for an [`Expire`](Self::Expire) to come.
    Watch,
    Advance(Duration),
    Insert(Vec<New>),
    Join,
    Beat(Index),
    Leave(Index),
    /// By a worker that is alive, or by any that ever was.
    Claim {
        worker: Index,
        alive: bool,
        wants: Vec<(usize, usize)>,
        kinds: u8,
        suspects: Suspects,
    },
    /// A new worker claims a suspect, of any queue and kind, and nothing beside it.
    Isolate,
    Finish(Vec<Ending>),
    /// By the beats of now, or by those that were remembered.
    Expire {
        workers: Vec<Index>,
        now: bool,
    },
    Stage,
    Prune,
    /// Of a job that runs, or of any that ever was.
    Cancel {
        job: Index,
        open: bool,
    },
    Pause(usize),
    Resume(usize),
}

/// A job to be added.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) queue: usize,
    pub(super) kind: usize,
    pub(super) priority: u8,
    pub(super) wait: Duration,
    pub(super) key: Option<(u8, Until)>,
}

/// The end of an attempt: of one that goes on, or of any that ever was.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) attempt: Index,
    pub(super) open: bool,
    pub(super) end: End,
    pub(super) keep: Keep,
}

/// Any operation, the frequent ones more often.
pub(super) fn any() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => Just(Op::Watch),
        3 => (0..8_u64).prop_map(|seconds| Op::Advance(Duration::from_millis(seconds * 500))),
        6 => vec(new(), 0..6).prop_map(Op::Insert),
        4 => Just(Op::Join),
        2 => anything::<Index>().prop_map(Op::Beat),
        1 => anything::<Index>().prop_map(Op::Leave),
        9 => claim(),
        2 => Just(Op::Isolate),
        6 => vec(ending(), 0..4).prop_map(Op::Finish),
        3 => (vec(anything::<Index>(), 0..3), mostly())
            .prop_map(|(workers, now)| Op::Expire { workers, now }),
        2 => Just(Op::Stage),
        2 => Just(Op::Prune),
        3 => (anything::<Index>(), anything::<bool>()).prop_map(|(job, open)| Op::Cancel { job, open }),
        1 => (0..QUEUES.len()).prop_map(Op::Pause),
        2 => (0..QUEUES.len()).prop_map(Op::Resume),
    ]
}

fn new() -> impl Strategy<Value = New> {
    let wait = prop_oneof![3 => Just(0), 1 => 1..4_000_u64].prop_map(Duration::from_millis);
    let key = option::weighted(0.3, (0..3_u8, until()));
    (0..QUEUES.len(), 0..KINDS.len(), 4..7_u8, wait, key).prop_map(|(queue, kind, priority, wait, key)| New {
        queue,
        kind,
        priority,
        wait,
        key,
    })
}

fn until() -> impl Strategy<Value = Until> {
    prop_oneof![
        Just(Until::Finished),
        (0..6_000_u64).prop_map(|wait| Until::After(Duration::from_millis(wait))),
    ]
}

fn mostly() -> impl Strategy<Value = bool> {
    prop_oneof![6 => Just(true), 1 => Just(false)]
}

/// A queue is named once, as a worker would.
fn claim() -> impl Strategy<Value = Op> {
    let wants = vec((0..QUEUES.len(), 0..5_usize), 0..6).prop_map(|mut wants| {
        let mut seen = [false; QUEUES.len()];
        wants.retain(|&(queue, _)| !std::mem::replace(&mut seen[queue], true));
        wants
    });
    let kinds = prop_oneof![4 => Just(0b11), 1 => 0..0b11_u8];
    let suspects =
        prop_oneof![2 => Just(Suspects::Leave), 2 => Just(Suspects::Alone), 1 => Just(Suspects::AsOthers)];
    (anything::<Index>(), mostly(), wants, kinds, suspects).prop_map(
        |(worker, alive, wants, kinds, suspects)| Op::Claim { worker, alive, wants, kinds, suspects },
    )
}

fn ending() -> impl Strategy<Value = Ending> {
    (anything::<Index>(), mostly(), end(), keep()).prop_map(|(attempt, open, end, keep)| Ending {
        attempt,
        open,
        end,
        keep,
    })
}

fn end() -> impl Strategy<Value = End> {
    let wait = prop_oneof![1 => Just(0), 2 => 1..4_000_u64].prop_map(Duration::from_millis);
    let result = option::of(Just("[1, 2]".into()));
    prop_oneof![
        3 => result.prop_map(|result| End::Done { result }),
        3 => wait.clone().prop_map(|wait| End::Retry { error: "it failed".into(), wait }),
        1 => Just(End::Cancelled { reason: "not wanted".into() }),
        1 => Just(End::Dead { error: "of no use".into() }),
        2 => wait.prop_map(|wait| End::Snooze { wait }),
        2 => Just(End::GiveBack),
    ]
}

fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![
        Just(Keep::age(ostler::DAY)),
        Just(Keep { age: ostler::DAY, most: 1 }),
        Just(Keep::age(Duration::from_secs(3))),
        Just(Keep::NONE),
    ]
}
