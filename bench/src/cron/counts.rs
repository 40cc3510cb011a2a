//! What one call takes in instructions and in allocations, counted by valgrind's callgrind.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ostler::BoxError;

use super::case::{self, Ask, Question, Text};
use super::chrono_peers::{CronerOnChrono, TheCronCrate};
use super::contender::Contender;
use super::jiff_peers::{CronerOnJiff, Cronexpr};
use super::ours::OstlerCron;
use super::timed::{UNSAID, agreeing};
use super::{Measured, OURS, contenders};
use crate::instructions::collected;
use crate::row::{Program, Row, say, unknown};
use crate::target::{Measure, Target};

/// The figures of a call: the name that its time has, and the names of the two that are counted.
macro_rules! counted {
    ($($name:literal,)*) => {
        [$(($name, concat!("instructions: ", $name), concat!("allocations: ", $name))),*]
    };
}

/// Of the texts and the questions those that differ in kind.
const COUNTED: [(&str, &str, &str); 13] = counted![
    "parse, each day",
    "parse, one `W`",
    "parse, all kinds of `L`, `W` and `#`",
    "next, every second, UTC",
    "next, every five minutes, Europe/Oslo",
    "next, each day, Europe/Oslo",
    "next, last weekday, Europe/Oslo",
    "next, leap days, Europe/Oslo",
    "next, leap days on a Monday across 2100, UTC",
    "next, each day, in a gap, Europe/Oslo",
    "next, each quarter, in an overlap, Europe/Oslo",
    "next, never, UTC",
    "previous, each day, Europe/Oslo",
];

/// A call that takes longer is not counted: valgrind is fifty times slower.
const TOO_LONG: Duration = Duration::from_millis(5);
const SLOW: &str = "slow";

/// Two numbers of calls, so that what does not depend on their number falls out of the difference.
const FEW: u32 = Question::INSTANTS as u32;
const MANY: u32 = 6 * FEW;

pub(crate) fn row() -> Row {
    Row {
        name: "cron_counts",
        about: "instructions and allocations of the same calls (valgrind)",
        timed: "Instructions of the whole process under callgrind with 384 calls, less those with 64, divided by \
                320; and the calls of `malloc`, `calloc`, `realloc`, `aligned_alloc` and `posix_memalign` that it \
                saw, likewise. The calls, and the words for answers that do not agree, are those of the row `cron`; \
                `slow` is a call that takes more than 5 ms.",
        rounds: 1,
        contenders: contenders(Program::OwnWith("valgrind")),
        targets: COUNTED
            .map(|(_, _, figure)| Target {
                contender: OURS,
                figure,
                measure: Measure::Value,
                goal: 0.0,
                floor: 0.0,
            })
            .into(),
        measure: |contender| match contender {
            OstlerCron::NAME => measure::<OstlerCron>(),
            CronerOnJiff::NAME => measure::<CronerOnJiff>(),
            CronerOnChrono::NAME => measure::<CronerOnChrono>(),
            TheCronCrate::NAME => measure::<TheCronCrate>(),
            Cronexpr::NAME => measure::<Cronexpr>(),
            _ => Err(unknown(contender)),
        },
    }
}

/// Does what is to be counted, and nothing else.
pub(crate) fn count(contender: &str, call: &str, calls: &str) -> Result<(), BoxError> {
    let calls = calls.parse()?;
    let call = Call::find(call).ok_or("no such call")?;
    let made = match contender {
        OstlerCron::NAME => call.make::<OstlerCron>(calls),
        CronerOnJiff::NAME => call.make::<CronerOnJiff>(calls),
        CronerOnChrono::NAME => call.make::<CronerOnChrono>(calls),
        TheCronCrate::NAME => call.make::<TheCronCrate>(calls),
        Cronexpr::NAME => call.make::<Cronexpr>(calls),
        _ => return Err(unknown(contender)),
    };
    made.map_err(BoxError::from)
}

fn measure<C: Contender>() -> Measured {
    for (name, instructions, allocations) in COUNTED {
        let call = Call::find(name).ok_or("no such call")?;
        if let Err(word) = call.is_worth_counting::<C>() {
            say(instructions, word);
            say(allocations, word);
            continue;
        }
        let counts = [callgrind(C::NAME, name, FEW)?, callgrind(C::NAME, name, MANY)?];
        let for_one = |of: fn(&Counts) -> f64| (of(&counts[1]) - of(&counts[0])) / f64::from(MANY - FEW);
        say(instructions, for_one(|counts| counts.instructions));
        say(allocations, for_one(|counts| counts.allocations));
    }
    Ok(Vec::new())
}

/// What is called.
enum Call {
    Parse(&'static Text),
    Ask(Question),
}

impl Call {
    fn find(figure: &str) -> Option<Self> {
        let text = case::TEXTS.iter().find(|text| text.figure() == figure).map(Self::Parse);
        text.or_else(|| case::questions().find(|question| question.figure() == figure).map(Self::Ask))
    }

    /// Otherwise the word for why not.
    fn is_worth_counting<C: Contender>(&self) -> Result<(), &'static str> {
        self.make::<C>(1)?;
        let began = Instant::now();
        self.make::<C>(1)?;
        if began.elapsed() > TOO_LONG {
            return Err(SLOW);
        }
        match self {
            Self::Parse(_) => Ok(()),
            Self::Ask(question) => {
                let schedule = C::schedule(question.text, question.zone).ok_or(UNSAID)?;
                let instants: Vec<_> = question.instants().map(|at| C::instant(at, question.zone)).collect();
                agreeing::<C>(question, &schedule, &instants).map(drop)
            }
        }
    }

    fn make<C: Contender>(&self, calls: u32) -> Result<(), &'static str> {
        match self {
            Self::Parse(text) => {
                let written =
                    C::written(text.text).filter(|written| C::parse(written).is_some()).ok_or(UNSAID)?;
                (0..calls).for_each(|_| drop(black_box(C::parse(black_box(&written)))));
            }
            Self::Ask(question) => {
                let known = C::schedule(question.text, question.zone).filter(|_| C::can(question.ask));
                let schedule = known.ok_or(UNSAID)?;
                let instants: Vec<_> = question.instants().map(|at| C::instant(at, question.zone)).collect();
                for from in instants.iter().cycle().take(calls as usize) {
                    match question.ask {
                        Ask::Next => drop(black_box(C::next(black_box(&schedule), black_box(from)))),
                        Ask::Previous => drop(black_box(C::previous(black_box(&schedule), black_box(from)))),
                    }
                }
            }
        }
        Ok(())
    }
}

struct Counts {
    instructions: f64,
    allocations: f64,
}

/// What callgrind counts while this program makes so many calls.
fn callgrind(contender: &str, call: &str, calls: u32) -> Result<Counts, BoxError> {
    let file = std::env::temp_dir().join(format!("ostler-bench-{}.callgrind", std::process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", &format!("--callgrind-out-file={}", file.display())])
        .arg(std::env::current_exe()?)
        .args(["count", contender, call, &calls.to_string()])
        .stdout(Stdio::null())
        .output()?;
    let graph = take(&file);
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind failed:\n{said}").into());
    }
    let instructions =
        collected(&said).ok_or_else(|| format!("valgrind did not say what it collected:\n{said}"))?;
    Ok(Counts { instructions, allocations: allocations(&graph?) })
}

fn take(file: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(file);
    std::fs::remove_file(file)?;
    text
}

/// The calls of the allocator in callgrind's file: pairs of lines `cfn=(7) malloc` and `calls=12 0`, where a name is
/// given once for its number.
fn allocations(graph: &str) -> f64 {
    const ALLOCATE: [&str; 5] = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"];
    let mut names = HashMap::new();
    let mut called = None;
    let mut allocations = 0.0;
    for line in graph.lines() {
        if let Some(function) = line.strip_prefix("cfn=").or_else(|| line.strip_prefix("fn=")) {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            called = names.get(number).copied();
        } else if let Some(calls) = line.strip_prefix("calls=")
            && called.is_some_and(|name| ALLOCATE.contains(&name))
        {
            allocations += calls.split(' ').next().and_then(|calls| calls.parse().ok()).unwrap_or(0.0);
        }
    }
    allocations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_known() {
        for (name, ..) in COUNTED {
            assert!(Call::find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn allocations_are_found_in_callgrinds_file() {
        let graph = "fn=(1) main\n16 4\ncfn=(2) malloc\ncalls=3 0\n16 60\nfn=(3) other\ncfn=(2)\ncalls=4 0\n16 80\n\
                     cfn=(1)\ncalls=9 0\ncfn=(4) realloc\ncalls=1 0\n1 2\n";
        assert_eq!(allocations(graph), 8.0);
    }
}
