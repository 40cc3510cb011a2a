//! A target: what a figure is held against, and what it comes to. Pure.

use std::fmt;

/// A figure's goal, and the floor beyond which it is a defect. Less is better in all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) contender: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) measure: Measure,
    pub(crate) goal: f64,
    pub(crate) floor: f64,
}

/// What of a figure is held against the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Its median.
    Value,
    /// The difference between its median and that of the raw limit.
    Difference,
    /// The ratio of the two.
    Ratio,
}

/// How a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    WithinGoal,
    BetweenGoalAndFloor,
    BelowFloor,
}

impl Measure {
    /// The figure to judge, from the contender's median and the raw limit's.
    pub(crate) fn of(self, own: f64, raw: Option<f64>) -> Option<f64> {
        match self {
            Self::Value => Some(own),
            Self::Difference => raw.map(|raw| own - raw),
            Self::Ratio => raw.map(|raw| own / raw),
        }
    }
}

impl Target {
    pub(crate) fn judge(&self, measured: f64) -> Verdict {
        if measured <= self.goal {
            Verdict::WithinGoal
        } else if measured <= self.floor {
            Verdict::BetweenGoalAndFloor
        } else {
            Verdict::BelowFloor
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WithinGoal => "within goal",
            Self::BetweenGoalAndFloor => "between goal and floor",
            Self::BelowFloor => "below floor",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_its_borders_on_the_better_side() {
        let target =
            Target { contender: "host", figure: "ns", measure: Measure::Ratio, goal: 2.0, floor: 2.5 };
        let verdicts = [1.0, 2.0, 2.1, 2.5, 2.6].map(|measured| target.judge(measured));
        use Verdict::{BelowFloor, BetweenGoalAndFloor, WithinGoal};
        assert_eq!(verdicts, [WithinGoal, WithinGoal, BetweenGoalAndFloor, BetweenGoalAndFloor, BelowFloor]);
    }

    #[test]
    fn a_comparison_needs_a_raw_limit() {
        assert_eq!(Measure::Value.of(300.0, None), Some(300.0));
        assert_eq!(Measure::Difference.of(300.0, Some(100.0)), Some(200.0));
        assert_eq!(Measure::Ratio.of(300.0, Some(100.0)), Some(3.0));
        assert_eq!(Measure::Ratio.of(300.0, None), None);
    }
}
