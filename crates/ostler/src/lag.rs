//! The watch over the main runtime, from a thread of its own: how long it takes to get to work that is ready, and which
//! unit's code keeps a thread of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::handle::HostHandle;
use crate::sentinel::aside;
use crate::stall::{self, Poll};

/// How often the main runtime is asked whether it is alive, and its threads are looked at. The wake-up costs some 20
/// microseconds.
const LOOK: Duration = Duration::from_millis(100);

/// How long a poll may take, or the runtime owe an answer, before it is worth a warning. With two looks it is still said
/// within half a second.
const STALLED: Duration = Duration::from_millis(250);

/// Watches over the runtime of `host` for ever.
pub(crate) async fn watch(host: HostHandle, clock: Clock) -> Infallible {
    let mut stalls = Stalls::default();
    let mut owed_said = false;
    // The sentinel's runtime, which nothing blocks.
    #[allow(clippy::disallowed_methods)]
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let board = host.board();
        let now = clock.now();
        for (poll, since) in stalls.look(&stall::polls(), now) {
            let checks = board.health().checks().iter().map(|kept| &kept.record);
            let unit = board.records().iter().chain(checks).find(|record| record.id() == poll.unit_id());
            if let Some(unit) = unit.map(|record| record.name().to_string()) {
                let blocked = now.saturating_duration_since(since);
                aside(move || {
                    tracing::warn!(unit, ?blocked, "blocks a thread of the runtime; see `ostler::blocking`");
                });
            }
        }
        let lag = board.lag();
        if !board.owes_a_tick() {
            board.ask_for_tick();
            owed_said = false;
        } else if lag >= STALLED && !std::mem::replace(&mut owed_said, true) {
            aside(move || {
                tracing::warn!(?lag, "the runtime does not get to its work: all of its threads are busy")
            });
        }
    }
}

/// The polls that are going on, and since when.
#[derive(Debug, Default)]
struct Stalls(HashMap<usize, Seen>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    poll: Poll,
    since: Instant,
    said: bool,
}

impl Stalls {
    /// Looks at what each thread polls; those polls that have just become too long, each once.
    fn look(&mut self, polls: &[(usize, Poll)], now: Instant) -> Vec<(Poll, Instant)> {
        let mut known = std::mem::take(&mut self.0);
        let mut stalled = Vec::new();
        for &(thread, poll) in polls {
            let seen = known.remove(&thread).filter(|seen| seen.poll == poll);
            let mut seen = seen.unwrap_or(Seen { poll, since: now, said: false });
            if !seen.said && now.saturating_duration_since(seen.since) >= STALLED {
                seen.said = true;
                stalled.push((poll, seen.since));
            }
            self.0.insert(thread, seen);
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_does_not_return_is_said_once_and_another_of_the_same_unit_is_another() {
        let thread = stall::PollingThread::register();
        let start = Clock::real().now();
        let mine = || {
            let mine = std::sync::Arc::as_ptr(&thread) as usize;
            stall::polls().into_iter().filter(|&(at, _)| at == mine).collect::<Vec<_>>()
        };
        let mut stalls = Stalls::default();
        let outer = thread.begin(3);
        let said: Vec<usize> =
            (0..6u32).map(|look| stalls.look(&mine(), start + look * LOOK).len()).collect();
        assert_eq!(said, [0, 0, 0, 1, 0, 0]);
        thread.end(outer);
        thread.begin(3);
        assert!(stalls.look(&mine(), start + 6 * LOOK).is_empty());
        assert_eq!(stalls.look(&mine(), start + 9 * LOOK).len(), 1);
    }
}
