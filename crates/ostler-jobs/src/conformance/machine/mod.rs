//! The machine: random programs, each run on a store and on the memory store side by side.
//!
//! After each operation the answers of both have to be the same, the status of every job that ever was, and the
//! counts; and what has moved has to have moved as the table of legal moves says, by a move that the operation can
//! make.

mod op;
mod side;
mod steps;

use ostler::Clock;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use self::op::Op;
use self::side::Side;
use super::stand::{noon, runtime};
use super::suite::Subject;
use crate::memory::MemoryStore;
use crate::store::Store;

/// So many operations are one program.
const OPERATIONS: usize = 50;

/// The variable with the seed of the programs. Where it is not set, each run has another one.
const SEED: &str = "OSTLER_JOBS_SEED";

/// Runs so many random programs of fifty operations on stores of this subject and on the memory store.
///
/// The environment variable `OSTLER_JOBS_SEED` repeats the programs of a run that failed.
///
/// # Panics
/// They do not come to the same. The message has the seed, and a program that is as simple as could be found.
pub fn machine<S: Subject>(cases: u32) {
    let seed = seed();
    let subject = S::default();
    let runtime = runtime();
    let result = runner(cases, seed).run(&vec(op::any(), OPERATIONS), |program| {
        runtime.block_on(async {
            let clock = noon();
            let tested = subject.open(clock.clone()).await;
            compare(tested, clock, &program).await.map_err(TestCaseError::fail)
        })
    });
    if let Err(error) = result {
        panic!("{SEED}={seed} runs the same programs again\n{error}");
    }
}

fn seed() -> u64 {
    std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..))
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Runs one program on both; what is not the same.
async fn compare<S: Store>(tested: S, clock: Clock, program: &[Op]) -> Result<(), String> {
    let mut model = Side::new(MemoryStore::on(clock.clone()));
    let mut tested = Side::new(tested);
    let mut before = model.look().await;
    for (at, op) in program.iter().enumerate() {
        if let Op::Advance(wait) = op {
            clock.advance(*wait);
        }
        let (wanted, got) = (model.apply(op).await, tested.apply(op).await);
        differ(at, op, &wanted, &got)?;
        let (after, seen) = (model.look().await, tested.look().await);
        differ(at, op, &after, &seen)?;
        steps::check(op, &before.jobs, &seen.jobs).map_err(|error| format!("{at}: {op:?}: {error}"))?;
        before = after;
    }
    Ok(())
}

fn differ<T: PartialEq + std::fmt::Debug>(at: usize, op: &Op, wanted: &T, got: &T) -> Result<(), String> {
    if wanted == got {
        return Ok(());
    }
    Err(format!("operation {at}, {op:?}, came to {got:?} and on the memory store to {wanted:?}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::strategy::{Strategy, ValueTree};

    use super::side::Answer;
    use super::*;
    use crate::state::{JobState, LEGAL, Move};
    use crate::store::{Suspects, Verdict};

    /// What programs have come to.
    #[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    struct Reached {
        steps: BTreeSet<(JobState, JobState)>,
        answers: BTreeSet<&'static str>,
    }

    impl Reached {
        fn note(&mut self, op: &Op, answer: &Answer) {
            let name = match (op, answer) {
                (_, Answer::Finished(verdicts)) if verdicts.contains(&Verdict::Stale) => "stale",
                (_, Answer::Refused(_)) => "refused",
                (_, Answer::Beat(None)) => "lost",
                (_, Answer::Beat(Some(cancels))) if !cancels.is_empty() => "told of a cancel",
                (_, Answer::Expired(2..)) => "lost several",
                (_, Answer::Pruned(pruned)) if pruned.removed > 1 => "pruned several",
                (_, Answer::Inserted(jobs)) if jobs.iter().any(|(_, existing)| *existing) => "existing",
                (Op::Claim { suspects: Suspects::Leave, .. }, Answer::Claimed(_, 1..)) => "suspects left",
                (Op::Claim { suspects: Suspects::Alone, .. } | Op::Isolate, Answer::Claimed(jobs, _))
                    if !jobs.is_empty() =>
                {
                    if jobs[0].crashes > 1 {
                        "blamed again"
                    } else {
                        "alone"
                    }
                }
                _ => return,
            };
            self.answers.insert(name);
        }
    }

    async fn run(program: &[Op], reached: &mut Reached) {
        let clock = noon();
        let mut side = Side::new(MemoryStore::on(clock.clone()));
        let mut before = side.look().await;
        for op in program {
            if let Op::Advance(wait) = op {
                clock.advance(*wait);
            }
            reached.note(op, &side.apply(op).await);
            let after = side.look().await;
            for (before, after) in before.jobs.iter().zip(&after.jobs) {
                if let (Some(before), Some(after)) = (before, after) {
                    reached.steps.insert((before.state, after.state));
                }
            }
            before = after;
        }
    }

    /// Programs that never come to a move say nothing about it.
    #[test]
    fn the_programs_come_to_every_move_and_every_answer() {
        let mut runner = runner(1, 7);
        let mut reached = Reached::default();
        for _ in 0..300 {
            let program = vec(op::any(), OPERATIONS).new_tree(&mut runner).unwrap().current();
            runtime().block_on(run(&program, &mut reached));
        }
        for &(from, by, to) in LEGAL {
            let is_possible = by != Move::Park && from != JobState::Blocked;
            assert!(!is_possible || reached.steps.contains(&(from, to)), "{from} by {by:?} to {to}");
        }
        let answers = "alone|blamed again|existing|lost|lost several|pruned several|refused|stale|suspects left|told of a cancel";
        assert_eq!(reached.answers.into_iter().collect::<Vec<_>>().join("|"), answers);
    }
}
