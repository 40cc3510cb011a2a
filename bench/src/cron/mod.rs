//! Cron: `ostler-cron` beside its peers.

mod case;
mod chrono_peers;
mod contender;
mod counts;
mod jiff_peers;
mod ours;
mod timed;

use ostler::BoxError;

use self::chrono_peers::{CronerOnChrono, TheCronCrate};
use self::contender::Contender as _;
use self::jiff_peers::{CronerOnJiff, Cronexpr};
use self::ours::OstlerCron;
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::target::{Measure, Target};

pub(crate) use self::counts::{count, row as counts_row};

const OURS: &str = OstlerCron::NAME;

pub(crate) fn row() -> Row {
    Row {
        name: "cron",
        about: "cron expressions: parse, next, previous, in UTC and in zones",
        timed: "Nanoseconds for one call. Each question is asked from 64 instants in turn (those of every second, \
                every five minutes, each day, the last weekday and the leap days are spread over a year; those of \
                a gap and an overlap lie around it), as often as 2 ms take, and the middle of nine such batches \
                is a round's figure; what takes long is asked from fewer instants. A peer gets the expression in \
                its own form, parsed before, and instants of its own type. Before it is timed, its answers are \
                compared with those of `ostler-cron`, and a word stands for the figure where they do not agree: \
                `unsaid`, the expression cannot be written for it; `none`, it has no answer where there is one; \
                `other`, it has another answer. A zone that is not known yet is read once in a process, before \
                all else. No expression fires in `0 0 30 2 *`; a peer that says so with an error or after a \
                search is right.",
        rounds: 5,
        contenders: contenders(Program::Own),
        targets: targets(),
        measure: |contender| match contender {
            OstlerCron::NAME => timed::measure::<OstlerCron>(),
            CronerOnJiff::NAME => timed::measure::<CronerOnJiff>(),
            CronerOnChrono::NAME => timed::measure::<CronerOnChrono>(),
            TheCronCrate::NAME => timed::measure::<TheCronCrate>(),
            Cronexpr::NAME => timed::measure::<Cronexpr>(),
            _ => Err(unknown(contender)),
        },
    }
}

fn contenders(program: Program) -> Vec<Contender> {
    let ours = Contender::new(
        OURS,
        "`Cron::parse`, `Schedule::next_after`, `Schedule::previous_before`, `Zone::get`",
    );
    let peers = [
        (
            CronerOnJiff::NAME,
            "4.0.3 with `jiff`: `CronParser` with `dom_and_dow(true)`, `find_next_occurrence` and \
             `find_previous_occurrence` of `Zoned`; a range in a gap fires after it, and lists of `L` and `W` are \
             refused",
        ),
        (CronerOnChrono::NAME, "the same of `DateTime<Tz>` of chrono-tz 0.10.4, `DateTime<Utc>` in UTC"),
        (
            TheCronCrate::NAME,
            "0.17.0: `Schedule::after(..).next()` and `.next_back()` on `DateTime<Tz>` and `DateTime<Utc>`, seven \
             fields; it has no `L`, `W` and `#`, and its years end with 2100; it leaves out the day of a gap, and \
             in an overlap answers with an instant before the one that it is asked from, or leaves out the second \
             pass",
        ),
        (
            Cronexpr::NAME,
            "1.7.0: `Crontab::find_next` of a `Timestamp`, with jiff; it has no seconds, no `LW`, no previous, \
             takes either where day of month and of week are both given, and looks four years ahead; it leaves \
             out the day of a gap, and in an overlap fires twice",
        ),
    ];
    let peers = peers.map(|(name, settings)| Contender::new(name, settings).against(OURS));
    [ours].into_iter().chain(peers).map(|contender| contender.by(program)).collect()
}

/// The floor is at half the speed of the goal.
fn targets() -> Vec<Target> {
    let goals = [
        ("parse, each day", 300.0),
        ("parse, lists and ranges", 300.0),
        ("parse, all kinds of `L`, `W` and `#`", 1_500.0),
        ("parse, a leap day that is a Monday", 1_500.0),
        ("parse, 256 bytes", 50_000.0),
        ("next, every second, UTC", 60.0),
        ("next, every five minutes, UTC", 60.0),
        ("next, each day, UTC", 60.0),
        ("next, every second, Europe/Oslo", 100.0),
        ("next, every second, America/New_York", 100.0),
        ("next, every five minutes, Europe/Oslo", 100.0),
        ("next, every five minutes, America/New_York", 100.0),
        ("next, each day, Europe/Oslo", 100.0),
        ("next, leap days, Europe/Oslo", 600.0),
        ("next, leap days on a Monday across 2100, UTC", 600.0),
        ("next, leap days on a Monday across 2100, Europe/Oslo", 600.0),
        ("next, never, UTC", 10.0),
        ("next, never, Europe/Oslo", 10.0),
    ];
    let target =
        |(figure, goal)| Target { contender: OURS, figure, measure: Measure::Value, goal, floor: 2.0 * goal };
    goals.map(target).into()
}

type Measured = Result<Figures, BoxError>;

#[cfg(test)]
mod tests {
    use super::*;

    fn all_figures() -> impl Iterator<Item = String> {
        case::TEXTS.iter().map(case::Text::figure).chain(case::questions().map(|question| question.figure()))
    }

    #[test]
    fn each_target_is_for_a_figure_that_is_measured() {
        let known: Vec<String> = all_figures().collect();
        for target in targets() {
            assert!(known.iter().any(|figure| figure == target.figure), "{}", target.figure);
        }
    }

    #[test]
    fn every_question_of_ours_has_the_answer_that_is_stated() {
        for question in case::questions() {
            let schedule = OstlerCron::schedule(question.text, question.zone).unwrap();
            let first = OstlerCron::instant(question.instants().next().unwrap(), question.zone);
            let answer = OstlerCron::answer(&schedule, question.ask, &first).map(|at| at.to_string());
            assert_eq!(answer.as_deref(), question.first_answer, "{}", question.figure());
        }
    }
}
