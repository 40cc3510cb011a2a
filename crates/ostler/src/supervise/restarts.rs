//! Whether a service that ended is run again, and after what wait: pure, from (policy, how it ended, when) to a verdict.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::unit::{Restart, When};

/// What to do with a service that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Complete,
    /// Run it again after this wait; so many restarts now lie within the window.
    Restart { after: Duration, used: u32 },
    /// Its budget is spent.
    GiveUp,
}

/// The restarts of one service, as far as they count.
#[derive(Debug)]
pub(crate) struct Restarts {
    policy: Restart,
    within_window: VecDeque<Instant>,
}

impl Restarts {
    pub(crate) fn new(policy: Restart) -> Self {
        Self { policy, within_window: VecDeque::new() }
    }

    /// How many restarts lie within the window.
    pub(crate) fn used(&self) -> u32 {
        self.within_window.len() as u32
    }

    pub(crate) fn budget(&self) -> u32 {
        self.policy.budget
    }

    /// What was used up is given back: the service is started by hand.
    pub(crate) fn forget(&mut self) {
        self.within_window.clear();
    }

    /// The service ended at `now`.
    pub(crate) fn ended(&mut self, failed: bool, now: Instant, seed: u64) -> Verdict {
        let again = match self.policy.when {
            When::Never => false,
            When::OnFailure => failed,
            When::Always => true,
        };
        if !again {
            return if failed { Verdict::GiveUp } else { Verdict::Complete };
        }
        let window = self.policy.window;
        self.within_window.retain(|&restart| now.saturating_duration_since(restart) < window);
        if self.within_window.len() >= self.policy.budget as usize {
            return Verdict::GiveUp;
        }
        self.within_window.push_back(now);
        let used = self.within_window.len() as u32;
        Verdict::Restart { after: self.policy.backoff.delay(used, seed), used }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::Backoff;
    use crate::clock::{Clock, MINUTE, SECOND};
    use proptest::prelude::*;

    fn now() -> Instant {
        Clock::real().now()
    }

    #[test]
    fn a_spent_budget_comes_back_when_the_window_has_passed() {
        let start = now();
        let mut restarts = Restarts::new(Restart::on_failure().budget(2, MINUTE));
        assert!(matches!(restarts.ended(true, start, 0), Verdict::Restart { used: 1, .. }));
        assert!(matches!(restarts.ended(true, start + SECOND, 0), Verdict::Restart { used: 2, .. }));
        assert_eq!(restarts.ended(true, start + 2 * SECOND, 0), Verdict::GiveUp);
        assert!(matches!(restarts.ended(true, start + MINUTE, 0), Verdict::Restart { used: 2, .. }));
    }

    #[test]
    fn each_policy_decides_on_ok_and_on_failure() {
        let verdict = |policy, failed| Restarts::new(policy).ended(failed, now(), 0);
        assert_eq!(verdict(Restart::never(), false), Verdict::Complete);
        assert_eq!(verdict(Restart::never(), true), Verdict::GiveUp);
        assert_eq!(verdict(Restart::on_failure(), false), Verdict::Complete);
        assert!(matches!(verdict(Restart::on_failure(), true), Verdict::Restart { .. }));
        assert!(matches!(verdict(Restart::always(), false), Verdict::Restart { .. }));
    }

    proptest! {
        /// Never more restarts within a window than the budget, and never a refusal before it is spent.
        #[test]
        fn the_budget_is_kept_exactly(budget in 0u32..6, gaps in prop::collection::vec(0u64..30_000, 1..60)) {
            let policy = Restart::on_failure().budget(budget, 10 * SECOND).backoff(Backoff::constant(SECOND).jitter(0.0));
            let (mut restarts, mut at, mut granted) = (Restarts::new(policy), now(), Vec::new());
            for gap in gaps {
                at += Duration::from_millis(gap);
                let recent = granted.iter().filter(|&&then| at - then < 10 * SECOND).count() as u32;
                let verdict = restarts.ended(true, at, gap);
                if recent < budget {
                    prop_assert_eq!(verdict, Verdict::Restart { after: SECOND, used: recent + 1 });
                    granted.push(at);
                } else {
                    prop_assert_eq!(verdict, Verdict::GiveUp);
                }
            }
        }
    }
}
