//! What one contender takes, in nanoseconds for a call.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Measured;
use super::case::{self, Ask, Question};
use super::contender::Contender;
use super::ours::OstlerCron;
use crate::row::say;
use crate::series::Series;

/// Long enough for the clock, short enough for many.
const BATCH: Duration = Duration::from_millis(2);
const BATCHES: usize = 9;
/// What comparing and timing one question may take, about; of what takes longer, less is asked.
const PATIENCE: Duration = Duration::from_millis(100);

/// The expression cannot be written for it, or it cannot be asked that.
pub(super) const UNSAID: &str = "unsaid";
const NO_ANSWER: &str = "none";
const OTHER_ANSWER: &str = "other";

pub(super) fn measure<C: Contender>() -> Measured {
    // The first of all, since what is read once is known afterwards.
    let began = Instant::now();
    let zone = black_box(C::zone(black_box("Europe/Oslo")));
    say("zone by name, not known yet", began.elapsed().as_nanos());
    say("zone by name, known", batches(1, || drop(black_box(C::zone(black_box("Europe/Oslo"))))));
    drop(zone);
    for text in &case::TEXTS {
        let written = C::written(text.text).filter(|written| C::parse(written).is_some());
        match written {
            Some(text_of) => {
                say(&text.figure(), batches(1, || drop(black_box(C::parse(black_box(&text_of))))))
            }
            None => say(&text.figure(), UNSAID),
        }
    }
    for question in case::questions() {
        match ask::<C>(&question) {
            Ok(nanoseconds) => say(&question.figure(), nanoseconds),
            Err(word) => say(&question.figure(), word),
        }
    }
    // All has been said.
    Ok(Vec::new())
}

fn ask<C: Contender>(question: &Question) -> Result<f64, &'static str> {
    let schedule =
        C::schedule(question.text, question.zone).filter(|_| C::can(question.ask)).ok_or(UNSAID)?;
    let mut instants: Vec<C::Instant> =
        question.instants().map(|instant| C::instant(instant, question.zone)).collect();
    instants.truncate(agreeing::<C>(question, &schedule, &instants)?);
    // One loop for each, so that the choice is not made in it.
    let one = match question.ask {
        Ask::Next => batches(instants.len(), || {
            for from in &instants {
                drop(black_box(C::next(black_box(&schedule), black_box(from))));
            }
        }),
        Ask::Previous => batches(instants.len(), || {
            for from in &instants {
                drop(black_box(C::previous(black_box(&schedule), black_box(from))));
            }
        }),
    };
    Ok(one)
}

/// How many of the instants were asked about with the right answer: all, or as many as there was patience for.
pub(super) fn agreeing<C: Contender>(
    question: &Question,
    schedule: &C::Schedule,
    instants: &[C::Instant],
) -> Result<usize, &'static str> {
    let ours = OstlerCron::schedule(question.text, question.zone).ok_or(UNSAID)?;
    let began = Instant::now();
    for (asked, (at, from)) in question.instants().zip(instants).enumerate() {
        match (OstlerCron::answer(&ours, question.ask, &at), C::answer(schedule, question.ask, from)) {
            (expected, answer) if expected == answer => {}
            (_, None) => return Err(NO_ANSWER),
            _ => return Err(OTHER_ANSWER),
        }
        if began.elapsed() > PATIENCE / BATCHES as u32 {
            return Ok(asked + 1);
        }
    }
    Ok(instants.len())
}

/// Nanoseconds for one of the `calls` that `pass` makes: the middle of some batches.
fn batches(calls: usize, mut pass: impl FnMut()) -> f64 {
    let mut timed = |passes: u32| {
        let began = Instant::now();
        (0..passes).for_each(|_| pass());
        began.elapsed()
    };
    let mut passes = 1;
    let mut took = timed(passes);
    while took < BATCH {
        passes *= 2;
        took = timed(passes);
    }
    let batches = if took > PATIENCE / 4 { 1 } else { BATCHES };
    let values = (0..batches).map(|_| timed(passes).as_nanos() as f64 / f64::from(passes) / calls as f64);
    Series::new("", values.collect()).median()
}
