//! What systemd is told next: pure, from what a look shows and what it was told before. Time is given, never read.

use std::time::{Duration, Instant};

use crate::clock::SECOND;

/// How often a look is taken where nothing calls for one: a status is at most this old, and a time-out is extended at
/// this pace.
const LOOK: Duration = SECOND;

/// How long one extension of a time-out lasts: three looks, so that two of them may be late or lost.
const EXTENSION: Duration = Duration::from_secs(3);

/// The shortest pause between two confirmations, whatever interval the watchdog is given.
const SHORTEST: Duration = Duration::from_millis(10);

/// One line of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// The start, or a reload, is over.
    Ready,
    /// Options are being read again, from now on.
    Reloading,
    Stopping,
    /// What the host is doing, for people.
    Status(String),
    /// The start, or the stop, is going on and may take so much longer.
    Extend(Duration),
    /// The process is alive.
    Watchdog,
}

/// Where the host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Starting,
    Running,
    /// It has ended by `until` if it keeps what it promises.
    Stopping {
        until: Instant,
    },
}

/// What a look at the host shows.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) stage: Stage,
    /// Whether the start has succeeded, at any time.
    pub(super) was_ready: bool,
    /// How long ago the main runtime showed that it is alive, and how long that may be.
    pub(super) tick_age: Duration,
    pub(super) live_within: Duration,
    pub(super) status: String,
    /// How many reloads have begun, and whether one of them is going on.
    pub(super) reloads: (u64, bool),
}

/// See the module.
#[derive(Debug)]
pub(super) struct News {
    /// How often systemd wants to hear that the process is alive.
    watchdog: Option<Duration>,
    // What it has been told.
    ready: bool,
    stopping: bool,
    status: String,
    reloads: u64,
    reloading: bool,
    // When it is to be told again, where it has been told at all.
    extend: Option<Instant>,
    confirm: Option<Instant>,
}

impl News {
    /// Nothing has been told yet. An interval of zero is none.
    pub(super) fn new(watchdog: Option<Duration>) -> Self {
        Self {
            watchdog: watchdog.filter(|interval| !interval.is_zero()),
            ready: false,
            stopping: false,
            status: String::new(),
            reloads: 0,
            reloading: false,
            extend: None,
            confirm: None,
        }
    }

    /// Whether the main runtime showed lately enough that it is alive. Where the watchdog's interval is shorter
    /// than what liveness allows, it counts: a runtime that was silent for the whole of it is not confirmed.
    pub(super) fn is_alive(&self, tick_age: Duration, live_within: Duration) -> bool {
        tick_age <= self.watchdog.map_or(live_within, |interval| interval.min(live_within))
    }

    /// The next datagram; empty where there is nothing to tell. It has one word about the state at most, because of
    /// several in one datagram systemd takes the last.
    pub(super) fn next(&self, sight: &Sight, now: Instant) -> Vec<Word> {
        let mut words: Vec<Word> = self.turn(sight).into_iter().collect();
        // An extension in time comes with the stop: the time-out of the stop begins with it.
        if self.extends(sight, now) && (is_due(self.extend, now) || words.contains(&Word::Stopping)) {
            words.push(Word::Extend(EXTENSION));
        }
        if sight.status != self.status {
            words.push(Word::Status(sight.status.clone()));
        }
        if self.confirms(sight) && is_due(self.confirm, now) {
            words.push(Word::Watchdog);
        }
        words
    }

    /// The state that systemd does not know of yet.
    fn turn(&self, sight: &Sight) -> Option<Word> {
        let running = sight.stage == Stage::Running;
        // Also where the host is already stopping: a program that ended without it has failed, in systemd's eyes.
        if sight.was_ready && !self.ready {
            Some(Word::Ready)
        } else if matches!(sight.stage, Stage::Stopping { .. }) && !self.stopping {
            Some(Word::Stopping)
        } else if running && sight.reloads.0 > self.reloads {
            Some(Word::Reloading)
        } else if running && self.reloading && !sight.reloads.1 {
            Some(Word::Ready)
        } else {
            None
        }
    }

    /// Whether the time-out of the start or of the stop is to be extended. A start is limited by the units' own
    /// limits, which a stuck runtime does not enforce: then it is left to systemd. A stop is limited by the grace.
    fn extends(&self, sight: &Sight, now: Instant) -> bool {
        match sight.stage {
            Stage::Starting => sight.tick_age <= sight.live_within,
            Stage::Running => false,
            Stage::Stopping { until } => now < until,
        }
    }

    fn confirms(&self, sight: &Sight) -> bool {
        self.watchdog.is_some() && self.is_alive(sight.tick_age, sight.live_within)
    }

    /// These words have been sent.
    pub(super) fn told(&mut self, words: &[Word], sight: &Sight, now: Instant) {
        for word in words {
            match word {
                Word::Ready => {
                    (self.ready, self.reloading) = (true, false);
                    if !sight.reloads.1 {
                        self.reloads = sight.reloads.0;
                    }
                }
                Word::Reloading => (self.reloads, self.reloading) = (sight.reloads.0, true),
                Word::Stopping => self.stopping = true,
                Word::Status(text) => self.status.clone_from(text),
                Word::Extend(_) => self.extend = now.checked_add(LOOK),
                Word::Watchdog => self.confirm = now.checked_add(self.pace()),
            }
        }
    }

    /// How long until the next look, where nothing calls for one before.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let next = [self.extend, self.confirm].into_iter().flatten().filter(|&at| at > now).min();
        let pause = next.map_or(LOOK, |at| at.saturating_duration_since(now));
        // What was withheld or could not be sent is overdue, and does not wait longer than this.
        pause.min(LOOK).min(self.pace())
    }

    /// How often the process is confirmed: twice in an interval, as systemd asks for.
    fn pace(&self) -> Duration {
        self.watchdog.map_or(LOOK, |interval| (interval / 2).max(SHORTEST))
    }
}

fn is_due(at: Option<Instant>, now: Instant) -> bool {
    at.is_none_or(|at| now >= at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    /// How long a runtime may be silent, in these tests.
    const LIVE: Duration = Duration::from_secs(10);

    fn sight(stage: Stage, was_ready: bool) -> Sight {
        Sight {
            stage,
            was_ready,
            tick_age: Duration::ZERO,
            live_within: LIVE,
            status: String::new(),
            reloads: (0, false),
        }
    }

    fn running() -> Sight {
        sight(Stage::Running, true)
    }

    /// All datagrams of one look, sent.
    fn look(news: &mut News, sight: &Sight, now: Instant) -> Vec<Vec<Word>> {
        let mut sent = Vec::new();
        loop {
            let words = news.next(sight, now);
            if words.is_empty() {
                return sent;
            }
            news.told(&words, sight, now);
            sent.push(words);
        }
    }

    fn told_ready(watchdog: Option<Duration>, now: Instant) -> News {
        let mut news = News::new(watchdog);
        look(&mut news, &running(), now);
        news
    }

    #[test]
    fn ready_is_told_once_and_not_before_the_start_has_succeeded() {
        let now = Clock::real().now();
        let mut news = News::new(None);
        let extend = vec![Word::Extend(EXTENSION)];
        assert_eq!(look(&mut news, &sight(Stage::Starting, false), now), [extend]);
        assert_eq!(look(&mut news, &running(), now), [[Word::Ready]]);
        assert!(look(&mut news, &running(), now + 100 * SECOND).is_empty());
    }

    #[test]
    fn a_host_that_ended_before_a_look_was_ready_first_and_in_a_datagram_of_its_own() {
        let now = Clock::real().now();
        let stopping = sight(Stage::Stopping { until: now }, true);
        assert_eq!(look(&mut News::new(None), &stopping, now), [[Word::Ready], [Word::Stopping]]);
        let never = sight(Stage::Stopping { until: now }, false);
        assert_eq!(look(&mut News::new(None), &never, now), [[Word::Stopping]]);
    }

    #[test]
    fn what_was_not_sent_is_due_again() {
        let now = Clock::real().now();
        let news = News::new(None);
        assert_eq!(news.next(&running(), now), [Word::Ready]);
        assert_eq!(news.next(&running(), now), [Word::Ready]);
    }

    #[test]
    fn a_status_is_told_when_it_has_changed() {
        let now = Clock::real().now();
        let mut news = told_ready(None, now);
        let well = Sight { status: "well".into(), ..running() };
        assert_eq!(look(&mut news, &well, now), [[Word::Status("well".into())]]);
        assert!(look(&mut news, &well, now + SECOND).is_empty());
        let ill = Sight { status: "ill".into(), ..running() };
        assert_eq!(look(&mut news, &ill, now + SECOND), [[Word::Status("ill".into())]]);
    }

    #[test]
    fn a_start_is_extended_at_each_look_while_the_runtime_is_alive() {
        let now = Clock::real().now();
        let mut news = News::new(None);
        let starting = sight(Stage::Starting, false);
        let extensions =
            (0..5).filter(|&second| !look(&mut news, &starting, now + second * SECOND).is_empty());
        assert_eq!(extensions.count(), 5);
        let stuck = Sight { tick_age: LIVE + SECOND, ..starting };
        assert!(look(&mut news, &stuck, now + 5 * SECOND).is_empty());
    }

    #[test]
    fn a_stop_is_extended_from_its_first_word_to_the_end_of_the_grace_and_not_beyond() {
        let now = Clock::real().now();
        let mut news = told_ready(None, now);
        // Also by a stuck runtime: the grace ends all the same.
        let stage = Stage::Stopping { until: now + 2 * SECOND };
        let stopping = Sight { stage, tick_age: 10 * LIVE, ..running() };
        let extend = || Word::Extend(EXTENSION);
        assert_eq!(look(&mut news, &stopping, now), [[Word::Stopping, extend()]]);
        assert!(look(&mut news, &stopping, now + SECOND / 2).is_empty());
        assert_eq!(look(&mut news, &stopping, now + SECOND), [[extend()]]);
        assert!(look(&mut news, &stopping, now + 2 * SECOND).is_empty());
    }

    #[test]
    fn the_first_word_of_a_stop_extends_however_short_ago_the_start_was_extended() {
        let now = Clock::real().now();
        let mut news = News::new(None);
        look(&mut news, &sight(Stage::Starting, false), now);
        let stopping = sight(Stage::Stopping { until: now + SECOND }, false);
        assert_eq!(look(&mut news, &stopping, now), [[Word::Stopping, Word::Extend(EXTENSION)]]);
    }

    #[test]
    fn the_process_is_confirmed_twice_in_an_interval() {
        let now = Clock::real().now();
        let mut news = told_ready(Some(4 * SECOND), now);
        let confirmed: Vec<u32> = (0..=8)
            .filter(|&second| !look(&mut news, &running(), now + second * SECOND).is_empty())
            .collect();
        assert_eq!(confirmed, [2, 4, 6, 8]);
        let mut none = told_ready(Some(Duration::ZERO), now);
        assert!(look(&mut none, &running(), now + 100 * SECOND).is_empty());
    }

    #[test]
    fn a_runtime_that_is_not_alive_is_not_confirmed_and_one_that_is_again_is() {
        let silent = |tick_age| Sight { tick_age, ..running() };
        let now = Clock::real().now();
        // (the watchdog's interval, how long a silence is still confirmed): the shorter of the interval and liveness.
        for (interval, most) in [(60 * SECOND, LIVE), (2 * SECOND, 2 * SECOND)] {
            let mut news = told_ready(Some(interval), now);
            let later = now + interval;
            assert!(look(&mut news, &silent(most + Duration::from_nanos(1)), later).is_empty());
            assert_eq!(look(&mut news, &silent(most), later), [[Word::Watchdog]]);
        }
    }

    #[test]
    fn a_reload_is_told_with_its_end_also_where_it_was_over_before_a_look() {
        let now = Clock::real().now();
        let mut news = told_ready(None, now);
        let reloads = |begun, going| Sight { reloads: (begun, going), ..running() };
        assert_eq!(look(&mut news, &reloads(1, true), now), [[Word::Reloading]]);
        assert!(look(&mut news, &reloads(1, true), now).is_empty());
        // Another one began before the first was over.
        assert_eq!(look(&mut news, &reloads(2, true), now), [[Word::Reloading]]);
        assert_eq!(look(&mut news, &reloads(2, false), now), [[Word::Ready]]);
        assert_eq!(look(&mut news, &reloads(3, false), now), [[Word::Reloading], [Word::Ready]]);
        assert!(look(&mut news, &reloads(3, false), now).is_empty());
    }

    #[test]
    fn a_reload_tells_nothing_while_the_host_does_not_run() {
        let now = Clock::real().now();
        let mut news = News::new(None);
        let starting = Sight { reloads: (1, true), ..sight(Stage::Starting, false) };
        assert_eq!(look(&mut news, &starting, now), [[Word::Extend(EXTENSION)]]);
        let ready = Sight { reloads: (1, false), ..running() };
        assert_eq!(look(&mut news, &ready, now), [[Word::Ready]]);
        let stopping = Sight { stage: Stage::Stopping { until: now }, reloads: (2, false), ..running() };
        assert_eq!(look(&mut news, &stopping, now), [[Word::Stopping]]);
    }

    #[test]
    fn the_next_look_is_when_something_is_due_and_never_far_away() {
        let now = Clock::real().now();
        let half = Duration::from_millis(500);
        assert_eq!(told_ready(None, now).pause(now), LOOK);
        assert_eq!(told_ready(Some(SECOND), now).pause(now), half);
        let slow = told_ready(Some(3 * SECOND), now);
        assert_eq!((slow.pause(now), slow.pause(now + SECOND)), (LOOK, half));
        // Overdue: it was withheld.
        assert_eq!(slow.pause(now + 100 * SECOND), LOOK);
        assert_eq!(told_ready(Some(Duration::from_nanos(1)), now).pause(now), SHORTEST);
    }
}
