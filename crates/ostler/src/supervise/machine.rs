//! A unit's life, from one event to the next: pure. It is told what happened and when, and says what to do.
//!
//! Invariants, kept by property tests:
//! - [`Act::Launch`] only when nothing of the unit is alive: before its first start, or after `Gone`. So there are never two
//!   live instances.
//! - A stop that was asked for is kept until the unit is down. Only another word by hand changes what follows it.
//! - From every state a stop, the clock and the unit's end lead down; nothing waits for ever on anything else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::restarts::{Restarts, Verdict};
use crate::clock::DAY;
use crate::record::UnitState;
use crate::unit::Restart;

/// How long a unit has between being told *aborting* and being dropped: enough to log where it was.
pub(crate) const LAST_WORD: Duration = Duration::from_millis(400);

/// How long a dropped unit has to be gone: its futures are dropped at their next await, so what is still there then
/// blocks a thread. With [`LAST_WORD`] it fits in the second that a stop may take beyond its grace.
pub(crate) const DROP_TIME: Duration = Duration::from_millis(200);

/// One unit.
#[derive(Debug)]
pub(crate) struct Machine {
    at: At,
    makeup: Arc<Makeup>,
    /// Of a unit that may fail: a service.
    restarts: Option<Box<Restarts>>,
}

/// What a unit is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Makeup {
    /// It is ready when it has run to its end.
    pub(crate) init: bool,
    /// It says itself when it is ready.
    pub(crate) says_ready: bool,
    pub(crate) start_timeout: Duration,
    /// How long it may take to stop, where that is shorter than the host's grace.
    pub(crate) grace: Option<Duration>,
}

/// Where it is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Nothing of it is alive.
    Down(Down),
    /// An instance lives and is not ready yet.
    Starting { polled: bool, said: bool, by: Option<Instant>, strict: bool },
    /// An instance lives and has been ready.
    Up { ready: bool, paused: bool },
    /// Its instance ended by itself; what that left behind is still alive.
    Leaving(Next),
    /// It waits for its restart.
    BackingOff { until: Instant },
    /// Told to stop.
    Draining { stage: Stage, then: Then },
}

/// How a unit is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Down {
    Registered,
    Stopped,
    Completed,
    Failed,
}

/// What follows when an instance that ended by itself is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Down(Down),
    Again { until: Instant },
}

/// What follows when a unit that was told to stop is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Down,
    /// Down, and its own instance had ended like this.
    Ended(Down),
    Start,
}

/// How far a stop has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Requested {
        abort_at: Instant,
    },
    Aborting {
        drop_at: Instant,
    },
    Dropped {
        lost_at: Instant,
    },
    /// It neither ends nor can be dropped: it blocks a thread. Should it ever be gone, the stop goes on.
    Lost,
}

/// What happened to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is to be started. `strict`: a failure on its way up is not tried again.
    Start {
        strict: bool,
    },
    /// Its instance was polled for the first time.
    Polled,
    Ready,
    NotReady,
    /// It will never say that it is ready.
    NeverReady,
    /// Its instance ended by itself.
    Ended {
        failed: bool,
    },
    /// Nothing of it is alive any more.
    Gone,
    Stop {
        then: Then,
        abort_at: Instant,
    },
    Pause,
    Resume,
    /// Its instance is made to fail.
    Crash,
    /// The deadline has come.
    Time,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Nothing,
    /// Make an instance.
    Launch,
    /// Close its seat: the word will come that it is gone.
    Close,
    /// Close its seat, and drop all that is left of it.
    Discard,
    /// Tell it to stop.
    Request,
    /// Tell it that its grace is over.
    TellAborting,
}

impl Machine {
    /// A unit that was not started yet; `restart` where it may fail.
    pub(crate) fn new(makeup: Arc<Makeup>, restart: Option<Restart>) -> Self {
        let restarts = restart.map(|policy| Box::new(Restarts::new(policy)));
        Self { at: At::Down(Down::Registered), makeup, restarts }
    }

    /// What the unit is doing, for people.
    pub(crate) fn state(&self) -> UnitState {
        match self.at {
            At::Down(down) | At::Leaving(Next::Down(down)) => down.state(),
            At::Starting { .. } => UnitState::Starting,
            At::Up { paused: false, .. } => UnitState::Running,
            At::Up { paused: true, .. } => UnitState::Paused,
            At::BackingOff { .. } | At::Leaving(Next::Again { .. }) => UnitState::Restarting,
            At::Draining { .. } => UnitState::Draining,
        }
    }

    /// Whether units that come after it may start.
    pub(crate) fn is_ready(&self) -> bool {
        match self.at {
            At::Up { ready, .. } => ready,
            // A service that had nothing more to do has been ready.
            At::Down(down) => down == Down::Completed,
            At::Leaving(Next::Down(down)) => down == Down::Completed && !self.makeup.init,
            At::Starting { .. } | At::Leaving(_) | At::BackingOff { .. } | At::Draining { .. } => false,
        }
    }

    /// Whether its instance has been polled.
    pub(crate) fn was_polled(&self) -> bool {
        !matches!(self.at, At::Starting { polled: false, .. })
    }

    /// Whether nothing of it is alive, and nothing of it will be without a word by hand.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.at, At::Down(_))
    }

    /// Whether its work goes on: it is up and not paused.
    pub(crate) fn works(&self) -> bool {
        matches!(self.at, At::Up { paused: false, .. } | At::Starting { .. })
    }

    /// Whether it was given up: it neither ends nor can be dropped.
    pub(crate) fn is_lost(&self) -> bool {
        self.stage() == Some(Stage::Lost)
    }

    /// Whether an instance of it lives, as far as it is known here.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.at, At::Starting { .. } | At::Up { .. } | At::Draining { .. })
    }

    /// How far a stop has got.
    pub(crate) fn stage(&self) -> Option<Stage> {
        match self.at {
            At::Draining { stage, .. } => Some(stage),
            _ => None,
        }
    }

    /// Whether it will start again when it is gone, as somebody asked.
    pub(crate) fn starts_again(&self) -> bool {
        matches!(self.at, At::Draining { then: Then::Start, .. })
    }

    pub(crate) fn grace(&self) -> Option<Duration> {
        self.makeup.grace
    }

    pub(crate) fn start_timeout(&self) -> Duration {
        self.makeup.start_timeout
    }

    /// Whether it says itself when it is ready.
    pub(crate) fn says_ready(&self) -> bool {
        self.makeup.says_ready
    }

    /// Whether it was ever started.
    pub(crate) fn was_started(&self) -> bool {
        self.at != At::Down(Down::Registered)
    }

    /// Whether a failure on its way up is not tried again.
    pub(crate) fn start_is_strict(&self) -> bool {
        matches!(self.at, At::Starting { strict: true, .. })
    }

    /// Whether it is ready when it has run to its end; others must not end before they are ready.
    pub(crate) fn is_init(&self) -> bool {
        self.makeup.init
    }

    /// When it is restarted after it ended by itself, how many restarts lie within the window of its budget, and the budget.
    pub(crate) fn restart(&self) -> Option<(Instant, u32, u32)> {
        let (At::Leaving(Next::Again { until }) | At::BackingOff { until }) = self.at else { return None };
        self.restarts.as_ref().map(|restarts| (until, restarts.used(), restarts.budget()))
    }

    /// When [`Event::Time`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.at {
            At::Starting { by, .. } => by,
            At::BackingOff { until } => Some(until),
            At::Draining { stage, .. } => stage.ends(),
            At::Down(_) | At::Up { .. } | At::Leaving(_) => None,
        }
    }

    /// What follows from `event`. One that cannot happen where the unit is changes nothing.
    pub(crate) fn step(&mut self, event: Event, now: Instant, seed: u64) -> Act {
        match event {
            Event::Start { strict } => self.start(strict, now),
            Event::Polled => self.starting(|polled, _| *polled = true),
            Event::Ready => self.gives_word(),
            Event::NotReady => self.takes_back(),
            Event::NeverReady => match self.at {
                At::Starting { strict, .. } => self.ended(true, strict, now, seed, Act::Discard),
                _ => Act::Nothing,
            },
            Event::Crash => match self.at {
                At::Starting { strict, .. } => self.ended(true, strict, now, seed, Act::Discard),
                At::Up { .. } => self.ended(true, false, now, seed, Act::Discard),
                _ => Act::Nothing,
            },
            Event::Ended { failed } => self.instance_ended(failed, now, seed),
            Event::Gone => self.gone(now),
            Event::Stop { then, abort_at } => self.stop(then, abort_at, now),
            Event::Pause => self.set_paused(true),
            Event::Resume => self.set_paused(false),
            Event::Time => self.time(now, seed),
        }
    }

    fn start(&mut self, strict: bool, now: Instant) -> Act {
        match self.at {
            At::Down(_) => {
                if let Some(restarts) = &mut self.restarts {
                    restarts.forget();
                }
                self.launch(strict, now)
            }
            _ => Act::Nothing,
        }
    }

    fn launch(&mut self, strict: bool, now: Instant) -> Act {
        let by = Some(later(now, self.makeup.start_timeout));
        self.at = At::Starting { polled: false, said: false, by, strict };
        Act::Launch
    }

    fn starting(&mut self, note: impl FnOnce(&mut bool, &mut bool)) -> Act {
        if let At::Starting { polled, said, .. } = &mut self.at {
            note(polled, said);
            if *polled && !self.makeup.init && (*said || !self.makeup.says_ready) {
                self.at = At::Up { ready: true, paused: false };
            }
        }
        Act::Nothing
    }

    fn gives_word(&mut self) -> Act {
        if let At::Up { ready, .. } = &mut self.at {
            *ready = true;
        }
        self.starting(|_, said| *said = true)
    }

    fn takes_back(&mut self) -> Act {
        match &mut self.at {
            At::Up { ready, .. } => *ready = false,
            At::Starting { said, .. } => *said = false,
            _ => {}
        }
        Act::Nothing
    }

    fn instance_ended(&mut self, failed: bool, now: Instant, seed: u64) -> Act {
        match &mut self.at {
            At::Up { .. } => self.ended(failed, false, now, seed, Act::Close),
            At::Starting { strict, .. } => {
                // One that ends before it was ready has failed even with `Ok`; one that has to end has not.
                let (failed, strict) = (failed || !self.makeup.init, *strict);
                self.ended(failed, strict, now, seed, Act::Close)
            }
            At::Draining { then, .. } => {
                // A fault while stopping is kept.
                if failed && *then == Then::Down {
                    *then = Then::Ended(Down::Failed);
                }
                Act::Nothing
            }
            At::Down(_) | At::Leaving(_) | At::BackingOff { .. } => Act::Nothing,
        }
    }

    fn ended(&mut self, failed: bool, strict: bool, now: Instant, seed: u64, act: Act) -> Act {
        let was_the_only_try = self.makeup.init || (failed && strict);
        let verdict = match &mut self.restarts {
            Some(restarts) if !was_the_only_try => restarts.ended(failed, now, seed),
            _ if failed => Verdict::GiveUp,
            _ => Verdict::Complete,
        };
        self.at = At::Leaving(match verdict {
            Verdict::Complete => Next::Down(Down::Completed),
            Verdict::GiveUp => Next::Down(Down::Failed),
            Verdict::Restart { after, .. } => Next::Again { until: later(now, after) },
        });
        act
    }

    fn gone(&mut self, now: Instant) -> Act {
        match self.at {
            At::Leaving(Next::Down(down)) => self.down(down),
            At::Leaving(Next::Again { until }) if now < until => {
                self.at = At::BackingOff { until };
                Act::Nothing
            }
            At::Leaving(Next::Again { .. }) => self.launch(false, now),
            At::Draining { then: Then::Down, .. } => self.down(Down::Stopped),
            At::Draining { then: Then::Ended(down), .. } => self.down(down),
            At::Draining { then: Then::Start, .. } => self.launch(false, now),
            At::Down(_) | At::Starting { .. } | At::Up { .. } | At::BackingOff { .. } => Act::Nothing,
        }
    }

    fn down(&mut self, down: Down) -> Act {
        self.at = At::Down(down);
        Act::Nothing
    }

    fn stop(&mut self, then: Then, abort_at: Instant, now: Instant) -> Act {
        if then == Then::Start
            && let Some(restarts) = &mut self.restarts
        {
            restarts.forget();
        }
        let requested = Stage::Requested { abort_at };
        match &mut self.at {
            At::Down(_) if then == Then::Start => return self.launch(false, now),
            At::Down(_) => return Act::Nothing,
            At::BackingOff { .. } if then == Then::Start => return self.launch(false, now),
            At::BackingOff { .. } => {
                return self.down(if let Then::Ended(down) = then { down } else { Down::Stopped });
            }
            At::Starting { .. } | At::Up { .. } | At::Leaving(Next::Again { .. }) => {
                self.at = At::Draining { stage: requested, then };
            }
            At::Leaving(Next::Down(down)) => {
                let then = if then == Then::Start { then } else { Then::Ended(*down) };
                self.at = At::Draining { stage: requested, then };
            }
            At::Draining { stage, then: old } => {
                stage.no_later_than(abort_at);
                // A stop overrules a restart, and never the other way round.
                if *old == Then::Start {
                    *old = then;
                }
                return Act::Nothing;
            }
        }
        Act::Request
    }

    fn set_paused(&mut self, pause: bool) -> Act {
        if let At::Up { paused, .. } = &mut self.at {
            *paused = pause;
        }
        Act::Nothing
    }

    fn time(&mut self, now: Instant, seed: u64) -> Act {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Act::Nothing;
        }
        match &mut self.at {
            At::Starting { strict, .. } => {
                let strict = *strict;
                self.ended(true, strict, now, seed, Act::Discard)
            }
            At::BackingOff { .. } => self.launch(false, now),
            At::Draining { stage, .. } => stage.go_on(),
            At::Down(_) | At::Up { .. } | At::Leaving(_) => Act::Nothing,
        }
    }
}

impl Stage {
    fn ends(self) -> Option<Instant> {
        match self {
            Self::Requested { abort_at } => Some(abort_at),
            Self::Aborting { drop_at } => Some(drop_at),
            Self::Dropped { lost_at } => Some(lost_at),
            Self::Lost => None,
        }
    }

    /// Counted from the end of the grace and not from when the clock was read: these times do not add up.
    fn go_on(&mut self) -> Act {
        match *self {
            Self::Requested { abort_at } => {
                *self = Self::Aborting { drop_at: abort_at + LAST_WORD };
                Act::TellAborting
            }
            Self::Aborting { drop_at } => {
                *self = Self::Dropped { lost_at: drop_at + DROP_TIME };
                Act::Discard
            }
            Self::Dropped { .. } => {
                *self = Self::Lost;
                Act::Nothing
            }
            Self::Lost => Act::Nothing,
        }
    }

    fn no_later_than(&mut self, other: Instant) {
        if let Self::Requested { abort_at } = self {
            *abort_at = other.min(*abort_at);
        }
    }
}

impl Down {
    pub(crate) const fn state(self) -> UnitState {
        match self {
            Self::Registered => UnitState::Registered,
            Self::Stopped => UnitState::Stopped,
            Self::Completed => UnitState::Completed,
            Self::Failed => UnitState::Failed,
        }
    }
}

/// `wait` from `now`; as far ahead as anyone will wait where that cannot be said.
fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or_else(|| now + 36_500 * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::Backoff;
    use crate::clock::{Clock, MINUTE, SECOND};
    use proptest::prelude::*;

    const GRACE: Duration = Duration::from_secs(5);
    const START_TIMEOUT: Duration = Duration::from_secs(3);

    fn restart() -> Restart {
        Restart::on_failure().budget(3, MINUTE).backoff(Backoff::exponential(SECOND).jitter(0.0))
    }

    fn machine(init: bool, says_ready: bool, restart: Option<Restart>) -> Machine {
        Machine::new(
            Arc::new(Makeup { init, says_ready, start_timeout: START_TIMEOUT, grace: None }),
            restart,
        )
    }

    fn start() -> Instant {
        Clock::real().now()
    }

    /// What is really there, as far as the machine's acts have made it.
    #[derive(Debug, Default)]
    struct World {
        alive: bool,
        closed: bool,
        ended: bool,
        /// A stop was asked for, and nothing else by hand since.
        to_stop: bool,
    }

    /// One step of a random life. Instances only do what an instance can do where it is.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        Start { strict: bool },
        Stop,
        Restart,
        Pause,
        Resume,
        Crash,
        Polled,
        Ready,
        NotReady,
        NeverReady,
        Ended { failed: bool },
        Gone,
        Wait { millis: u64 },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            1 => any::<bool>().prop_map(|strict| Step::Start { strict }),
            1 => Just(Step::Stop),
            1 => Just(Step::Restart),
            1 => Just(Step::Pause),
            1 => Just(Step::Resume),
            1 => Just(Step::Crash),
            3 => Just(Step::Polled),
            3 => Just(Step::Ready),
            1 => Just(Step::NotReady),
            1 => Just(Step::NeverReady),
            2 => any::<bool>().prop_map(|failed| Step::Ended { failed }),
            4 => Just(Step::Gone),
            3 => (0u64..8_000).prop_map(|millis| Step::Wait { millis }),
        ];
        prop::collection::vec(step, 1..120)
    }

    impl World {
        /// The event of this step, where it can happen.
        fn event(&mut self, step: Step, machine: &Machine, now: Instant) -> Option<Event> {
            let alive = self.alive && !self.ended;
            Some(match step {
                // As the director allows it.
                Step::Start { strict } if machine.is_down() => {
                    self.to_stop = false;
                    Event::Start { strict }
                }
                Step::Stop if !machine.is_down() => {
                    self.to_stop = true;
                    Event::Stop { then: Then::Down, abort_at: now + GRACE }
                }
                Step::Restart if !machine.is_down() && machine.state() != UnitState::Draining => {
                    Event::Stop { then: Then::Start, abort_at: now + GRACE }
                }
                Step::Pause => Event::Pause,
                Step::Resume => Event::Resume,
                Step::Crash => Event::Crash,
                Step::Polled if alive => Event::Polled,
                Step::Ready if alive => Event::Ready,
                Step::NotReady if alive => Event::NotReady,
                Step::NeverReady if alive => Event::NeverReady,
                Step::Ended { failed } if alive => {
                    self.ended = true;
                    Event::Ended { failed }
                }
                Step::Gone if self.alive && self.closed => {
                    self.alive = false;
                    Event::Gone
                }
                Step::Wait { .. } if machine.deadline().is_some_and(|deadline| deadline <= now) => {
                    Event::Time
                }
                _ => return None,
            })
        }

        fn act(&mut self, act: Act) {
            match act {
                Act::Nothing => {}
                Act::Launch => {
                    assert!(!self.alive, "two live instances");
                    assert!(!self.to_stop, "a lost stop");
                    *self = Self { alive: true, ..Self::default() };
                }
                Act::Close | Act::Request | Act::TellAborting => self.closed = true,
                Act::Discard => (self.closed, self.ended) = (true, true),
            }
        }
    }

    /// Lives through `steps`; the machine, the world and the time at the end.
    fn live(mut machine: Machine, steps: &[Step]) -> (Machine, World, Instant) {
        let (mut world, mut now) = (World::default(), start());
        for &step in steps {
            if let Step::Wait { millis } = step {
                now += Duration::from_millis(millis);
            }
            let Some(event) = world.event(step, &machine, now) else { continue };
            let act = machine.step(event, now, 7);
            world.act(act);
            if machine.is_down() {
                assert!(!world.alive, "down, and an instance lives");
                world.to_stop = false;
            }
        }
        (machine, world, now)
    }

    fn machines() -> impl Strategy<Value = (bool, bool, Option<Restart>)> {
        let restarts = prop_oneof![
            Just(None),
            Just(Some(restart())),
            Just(Some(Restart::never())),
            Just(Some(Restart::always().budget(2, MINUTE))),
        ];
        (any::<bool>(), any::<bool>(), restarts)
    }

    proptest! {
        /// No sequence of events leads to two live instances of one unit or to a lost stop (`World::act` looks at each act), and
        /// from wherever it leads, a stop, the clock and the unit's end lead down.
        #[test]
        fn never_two_instances_never_a_lost_stop_and_always_a_way_down(
            (init, says_ready, restart) in machines(),
            steps in steps(),
        ) {
            let (mut machine, mut world, mut now) = live(machine(init, says_ready, restart), &steps);
            if !machine.is_down() {
                let act = machine.step(Event::Stop { then: Then::Down, abort_at: now + GRACE }, now, 7);
                world.to_stop = true;
                world.act(act);
            }
            // All that the clock can bring: it is told, dropped, and given up, in this order and in bounded time.
            let mut acts = Vec::new();
            let began = now;
            while let Some(deadline) = machine.deadline() {
                now = now.max(deadline);
                let act = machine.step(Event::Time, now, 7);
                acts.push(act);
                world.act(act);
                prop_assert!(acts.len() <= 3, "{acts:?}");
            }
            prop_assert!(now <= began + GRACE + LAST_WORD + DROP_TIME);
            if world.alive {
                prop_assert!(world.closed, "nobody will say that it is gone");
                world.alive = false;
                let act = machine.step(Event::Gone, now, 7);
                world.act(act);
            }
            prop_assert!(machine.is_down(), "no way down from {machine:?}");
        }

        /// A unit that is alive and neither starting, up, nor leaving is draining; and each of these has a next event.
        #[test]
        fn what_is_alive_is_known_to_be((init, says_ready, restart) in machines(), steps in steps()) {
            let (machine, world, _) = live(machine(init, says_ready, restart), &steps);
            let down = machine.is_down() || matches!(machine.at, At::BackingOff { .. });
            prop_assert_eq!(world.alive, !down);
            if matches!(machine.at, At::BackingOff { .. }) {
                prop_assert!(machine.deadline().is_some(), "a restart that never comes");
            }
        }
    }

    /// A machine that is up.
    fn up(restart: Option<Restart>) -> (Machine, Instant) {
        let (mut machine, now) = (machine(false, false, restart), start());
        assert_eq!(machine.step(Event::Start { strict: true }, now, 7), Act::Launch);
        assert_eq!(machine.step(Event::Polled, now, 7), Act::Nothing);
        assert_eq!(machine.state(), UnitState::Running);
        (machine, now)
    }

    #[test]
    fn a_stop_takes_its_steps_one_after_the_other() {
        let (mut machine, now) = up(None);
        let abort_at = now + GRACE;
        assert_eq!(machine.step(Event::Stop { then: Then::Down, abort_at }, now, 7), Act::Request);
        assert_eq!(machine.step(Event::Time, now, 7), Act::Nothing, "not yet");
        let mut acts = Vec::new();
        while let Some(deadline) = machine.deadline() {
            acts.push((deadline - now, machine.step(Event::Time, deadline, 7)));
        }
        let expected = [
            (GRACE, Act::TellAborting),
            (GRACE + LAST_WORD, Act::Discard),
            (GRACE + LAST_WORD + DROP_TIME, Act::Nothing),
        ];
        assert_eq!(acts, expected);
        assert!(machine.is_lost());
        machine.step(Event::Gone, now + MINUTE, 7);
        assert_eq!(machine.state(), UnitState::Stopped, "better late than never");
    }

    #[test]
    fn one_that_was_given_up_in_a_restart_and_told_to_stop_does_not_come_back() {
        let (mut machine, now) = up(None);
        machine.step(Event::Stop { then: Then::Start, abort_at: now }, now, 7);
        while let Some(deadline) = machine.deadline() {
            machine.step(Event::Time, deadline, 7);
        }
        assert!(machine.is_lost() && machine.starts_again());
        machine.step(Event::Stop { then: Then::Down, abort_at: now }, now, 7);
        assert_eq!(machine.step(Event::Gone, now, 7), Act::Nothing);
        assert!(machine.is_down());
    }

    #[test]
    fn a_restart_by_hand_starts_again_only_when_the_old_instance_is_gone() {
        let (mut machine, now) = up(Some(restart()));
        assert_eq!(
            machine.step(Event::Stop { then: Then::Start, abort_at: now + GRACE }, now, 7),
            Act::Request
        );
        assert!(machine.starts_again());
        assert_eq!(machine.step(Event::Ended { failed: true }, now, 7), Act::Nothing);
        assert_eq!(machine.step(Event::Gone, now, 7), Act::Launch);
        assert_eq!(machine.state(), UnitState::Starting);
        assert!(!machine.start_is_strict());
    }

    #[test]
    fn a_stop_overrules_a_restart_and_shortens_its_grace() {
        let (mut machine, now) = up(None);
        machine.step(Event::Stop { then: Then::Start, abort_at: now + GRACE }, now, 7);
        machine.step(Event::Stop { then: Then::Down, abort_at: now + SECOND }, now, 7);
        assert_eq!(machine.deadline(), Some(now + SECOND));
        assert_eq!(machine.step(Event::Gone, now, 7), Act::Nothing);
        assert_eq!(machine.state(), UnitState::Stopped);
    }

    #[test]
    fn a_restart_that_waits_for_its_back_off_is_hurried_by_hand_and_its_budget_is_whole_again() {
        let (mut machine, mut now) = up(Some(restart()));
        for used in 1..=3 {
            machine.step(Event::Ended { failed: true }, now, 7);
            machine.step(Event::Gone, now, 7);
            assert_eq!(machine.restart().map(|(_, used, budget)| (used, budget)), Some((used, 3)));
            if used < 3 {
                now = machine.deadline().unwrap();
                assert_eq!(machine.step(Event::Time, now, 7), Act::Launch);
                machine.step(Event::Polled, now, 7);
            }
        }
        assert_eq!(machine.step(Event::Stop { then: Then::Start, abort_at: now }, now, 7), Act::Launch);
        machine.step(Event::Polled, now, 7);
        machine.step(Event::Ended { failed: true }, now, 7);
        assert_eq!(machine.restart().map(|(_, used, _)| used), Some(1));
    }

    #[test]
    fn a_strict_start_is_not_tried_again_and_another_is() {
        for (strict, state) in [(true, UnitState::Failed), (false, UnitState::Restarting)] {
            let (mut machine, now) = (machine(false, true, Some(restart())), start());
            machine.step(Event::Start { strict }, now, 7);
            assert_eq!(machine.deadline(), Some(now + START_TIMEOUT));
            assert_eq!(machine.step(Event::Time, now + START_TIMEOUT, 7), Act::Discard);
            assert_eq!(machine.state(), state);
        }
    }

    #[test]
    fn an_init_unit_is_ready_when_it_has_ended_and_nothing_of_it_is_left() {
        let (mut machine, now) = (machine(true, false, Some(restart())), start());
        machine.step(Event::Start { strict: true }, now, 7);
        machine.step(Event::Polled, now, 7);
        assert_eq!((machine.state(), machine.is_ready()), (UnitState::Starting, false));
        assert_eq!(machine.step(Event::Ended { failed: false }, now, 7), Act::Close);
        assert!(!machine.is_ready(), "a blocking call may be left");
        machine.step(Event::Gone, now, 7);
        assert_eq!((machine.state(), machine.is_ready()), (UnitState::Completed, true));
    }

    #[test]
    fn readiness_is_lost_and_regained() {
        let (mut machine, now) = (machine(false, true, Some(restart())), start());
        machine.step(Event::Start { strict: true }, now, 7);
        machine.step(Event::Ready, now, 7);
        assert!(!machine.is_ready(), "it has not been polled");
        machine.step(Event::Polled, now, 7);
        assert!(machine.is_ready());
        machine.step(Event::NotReady, now, 7);
        assert_eq!((machine.state(), machine.is_ready()), (UnitState::Running, false));
        machine.step(Event::Ready, now, 7);
        assert!(machine.is_ready());
    }

    #[test]
    fn a_fault_while_stopping_is_kept_and_an_end_before_the_stop_too() {
        let (mut machine, now) = up(Some(restart()));
        machine.step(Event::Stop { then: Then::Down, abort_at: now + GRACE }, now, 7);
        machine.step(Event::Ended { failed: true }, now, 7);
        machine.step(Event::Gone, now, 7);
        assert_eq!(machine.state(), UnitState::Failed);

        let (mut machine, now) = up(Some(restart()));
        machine.step(Event::Ended { failed: false }, now, 7);
        machine.step(Event::Stop { then: Then::Down, abort_at: now + GRACE }, now, 7);
        assert_eq!(machine.state(), UnitState::Draining, "something it left behind is alive");
        machine.step(Event::Gone, now, 7);
        assert_eq!(machine.state(), UnitState::Completed);
    }
}
