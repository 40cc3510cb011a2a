//! What follows without any code of the user's: from a unit's record, a source of options or the runtime's lag, at a
//! moment, to a verdict. Pure.

use std::time::Duration;

use crate::error::escaped;
use crate::live::OriginStanding;
use crate::record::{Now, QueueGauge, Record, UnitState};
use crate::status::Status;

/// `/livez` fails when the main runtime has not ticked for this long, unless
/// [`Host::live_within`](crate::Host::live_within) says otherwise. Shorter than the liveness windows in common use
/// (three probes, ten seconds apart), longer than any pause that a healthy runtime has.
pub const LIVE_WITHIN: Duration = Duration::from_secs(10);

/// From here on a runtime that does not get to its work is Degraded: four times what is logged as a stall, and as
/// long as a client that waits for an answer notices.
const LAGGING: Duration = Duration::from_secs(1);

/// A queue that is filled to nine tenths is nearly full.
const NEARLY_FULL: (usize, usize) = (9, 10);

/// In a queue with fewer places a single item is more than a tenth, and to be full is nothing special.
const NEARLY_FULL_FROM: usize = 10;

/// A reason is cut to so many characters: a line in a body, not a document.
const LONGEST_REASON: usize = 500;

/// How well something is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
}

impl Verdict {
    pub(crate) fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: Some(reason.into()) }
    }
}

/// A verdict in the making.
struct Draft {
    verdict: Verdict,
    /// Whether reasons are written down.
    is_told: bool,
}

impl Draft {
    /// The worst counts, and all reasons are kept.
    fn add(&mut self, status: Status, reason: impl FnOnce() -> String) {
        let verdict = &mut self.verdict;
        verdict.status = verdict.status.max(status);
        if !self.is_told {
            return;
        }
        match &mut verdict.reason {
            Some(reasons) => {
                reasons.push_str("; ");
                reasons.push_str(&reason());
            }
            None => verdict.reason = Some(reason()),
        }
    }
}

/// How well a unit is. The reason is written down where `is_told` wants that for its status: of a hundred thousand
/// units in trouble few are shown, and to write down the others' reasons would take longer than to find them.
pub(crate) fn unit_in_short(unit: &Record, now: Now, is_told: impl FnOnce(Status) -> bool) -> Verdict {
    let short = judged(unit, now, false);
    if short.status == Status::Healthy || !is_told(short.status) {
        return short;
    }
    judged(unit, now, true)
}

fn judged(unit: &Record, now: Now, is_told: bool) -> Verdict {
    let mut draft = Draft { verdict: Verdict::default(), is_told };
    judge(unit, now, &mut draft);
    draft.verdict
}

fn judge(unit: &Record, now: Now, verdict: &mut Draft) {
    let state = unit.state();
    if is_at_rest(state) {
        return;
    }
    if state != UnitState::Running || !unit.is_ready() {
        standing(unit, verdict);
    }
    let name = unit.name();
    if let Some(late) = unit.late(now) {
        verdict
            .add(Status::Degraded, || format!("`{name}` is late: {} beyond what it is allowed", short(late)));
    }
    // There may be a hundred thousand tasks, most of which wait for their first run.
    if !unit.has_done_nothing() && unit.is_enabled() {
        doings(unit, now, verdict);
    }
}

/// Not started yet, at its end, or put to rest by hand: nothing is wrong with that.
fn is_at_rest(state: UnitState) -> bool {
    match state {
        UnitState::Registered
        | UnitState::Paused
        | UnitState::Draining
        | UnitState::Stopped
        | UnitState::Completed => true,
        UnitState::Starting | UnitState::Running | UnitState::Restarting | UnitState::Failed => false,
    }
}

fn standing(unit: &Record, verdict: &mut Draft) {
    let name = unit.name();
    // Read again, as they belong together.
    match unit.standing() {
        (UnitState::Failed, ..) => verdict.add(Status::Unhealthy, || format!("unit `{name}` failed")),
        (UnitState::Restarting, ..) => {
            verdict.add(Status::Degraded, || format!("unit `{name}` is restarting"));
        }
        (UnitState::Starting, ..) => verdict.add(Status::Degraded, || format!("unit `{name}` is starting")),
        (UnitState::Running, false, reason) => {
            verdict.add(Status::Unhealthy, || {
                let reason = line(reason.as_deref().unwrap_or("not ready"));
                format!("unit `{name}` is {reason}")
            });
        }
        _ => {}
    }
}

fn doings(unit: &Record, now: Now, verdict: &mut Draft) {
    let name = unit.name();
    if let Some(said) = unit.said().filter(|said| said.status != Status::Healthy) {
        verdict.add(said.status, || format!("unit `{name}`: {}", said.reason));
    }
    let (restarts, window) = unit.recent_restarts(now.now);
    if restarts > 0 {
        verdict.add(Status::Degraded, || {
            let times = if restarts == 1 { "once".to_owned() } else { format!("{restarts} times") };
            format!("`{name}` restarted {times} within the last {window:?}")
        });
    }
    if let Some(outcome) = unit.last_outcome().filter(|outcome| outcome.is_failure()) {
        verdict.add(Status::Degraded, || format!("the last run of `{name}` {outcome}"));
    }
    if let Some(QueueGauge { depth, capacity, .. }) = unit.queue()
        && is_nearly_full(depth, capacity)
    {
        verdict
            .add(Status::Degraded, || format!("the queue of `{name}` is nearly full: {depth} of {capacity}"));
    }
}

fn is_nearly_full(depth: usize, capacity: usize) -> bool {
    let (part, whole) = NEARLY_FULL;
    capacity >= NEARLY_FULL_FROM && depth.saturating_mul(whole) >= capacity.saturating_mul(part)
}

/// How well a source of options is.
pub(crate) fn options(standing: &OriginStanding) -> Verdict {
    let Some(trouble) = &standing.trouble else { return Verdict::default() };
    let mut lines = trouble.lines().map(|line| line.trim().trim_start_matches("- "));
    let first = lines.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = lines.collect();
    let all = if rest.is_empty() { first } else { format!("{first}: {}", rest.join("; ")) };
    Verdict::new(Status::Degraded, format!("options `{}`: {}", standing.name, line(&all)))
}

/// How well the main runtime is, which took so long to get to its work, or has not got to it.
pub(crate) fn runtime(lag: Duration) -> Verdict {
    if lag < LAGGING {
        return Verdict::default();
    }
    Verdict::new(
        Status::Degraded,
        format!("the main runtime does not get to its work: it lags by {}", short(lag)),
    )
}

/// Whether the process should go on, whose main runtime ticked so long ago.
pub(crate) fn alive(tick_age: Duration, within: Duration) -> Verdict {
    if tick_age <= within {
        return Verdict::default();
    }
    let seconds = tick_age.as_secs();
    Verdict::new(Status::Unhealthy, format!("the main runtime has not ticked for {seconds} s"))
}

/// Text from outside as one line of bearable length.
pub(crate) fn line(text: &str) -> String {
    let text = escaped(text.trim());
    match text.char_indices().nth(LONGEST_REASON) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

pub(crate) fn ago(age: Duration) -> String {
    format!("{} ago", short(age))
}

/// To the second, or where it is less than ten to the tenth of one.
fn short(time: Duration) -> String {
    match time {
        _ if time >= Duration::from_secs(10) => format!("{}s", time.as_secs()),
        _ if time >= Duration::from_secs(1) => {
            format!("{:?}", Duration::from_millis(time.as_millis() as u64 / 100 * 100))
        }
        _ => format!("{}ms", time.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::{Clock, MINUTE, SECOND};
    use crate::outcome::RunOutcome;
    use crate::record::UnitKind;
    use crate::status::Said;
    use crate::tally::Ended;

    fn now() -> Now {
        let clock = Clock::real();
        Now { now: clock.now(), wall: clock.wall() }
    }

    fn record(state: UnitState) -> Record {
        let now = now();
        let record = Record::new("u".into(), UnitKind::Service, now.wall);
        record.stands(state, state == UnitState::Running, now.wall, None);
        record
    }

    fn with_run(state: UnitState, outcome: RunOutcome) -> Record {
        let (record, now) = (record(state), now().now);
        record.tally(0).run_ended(Ended { id: 1, attempts: 1, outcome, began: now, ended: now, sent: None });
        record.task_run_ended(outcome);
        record
    }

    fn gauge(depth: usize, capacity: usize) -> QueueGauge {
        QueueGauge { left: 0, depth, capacity, dropped: 0, workers: 1 }
    }

    fn unit(record: &Record, now: Now) -> Verdict {
        unit_in_short(record, now, |_| true)
    }

    fn of(record: &Record) -> (Status, String) {
        let verdict = unit(record, now());
        (verdict.status, verdict.reason.unwrap_or_default())
    }

    #[test]
    fn each_state_means_what_it_should() {
        let fine = (Status::Healthy, String::new());
        for (state, expected) in [
            (UnitState::Registered, fine.clone()),
            (UnitState::Starting, (Status::Degraded, "unit `u` is starting".into())),
            (UnitState::Running, fine.clone()),
            (UnitState::Paused, fine.clone()),
            (UnitState::Restarting, (Status::Degraded, "unit `u` is restarting".into())),
            (UnitState::Draining, fine.clone()),
            (UnitState::Stopped, fine.clone()),
            (UnitState::Completed, fine.clone()),
            (UnitState::Failed, (Status::Unhealthy, "unit `u` failed".into())),
        ] {
            assert_eq!(of(&record(state)), expected, "{state}");
        }
    }

    #[test]
    fn a_unit_that_took_its_word_back_is_unhealthy_and_says_why() {
        let unit = record(UnitState::Running);
        unit.stands(UnitState::Running, false, now().wall, Some("not ready: no\nupstream".into()));
        assert_eq!(of(&unit), (Status::Unhealthy, "unit `u` is not ready: no\\nupstream".into()));
    }

    #[test]
    fn a_failed_run_is_told_unless_the_unit_is_put_to_rest() {
        let failed = of(&with_run(UnitState::Running, RunOutcome::TimedOut));
        assert_eq!(failed, (Status::Degraded, "the last run of `u` timed out".into()));
        assert_eq!(of(&with_run(UnitState::Running, RunOutcome::Cancelled)).0, Status::Healthy);
        assert_eq!(of(&with_run(UnitState::Paused, RunOutcome::Failed)).0, Status::Healthy);
        assert_eq!(of(&with_run(UnitState::Stopped, RunOutcome::Failed)).0, Status::Healthy);
    }

    #[test]
    fn a_restart_counts_as_long_as_its_window_lasts() {
        let (unit, now) = (record(UnitState::Running), now());
        unit.restarts_count_for(MINUTE);
        unit.restarted(now.now);
        unit.restarted(now.now + SECOND);
        let at = |after| super::tests::unit(&unit, Now { now: now.now + after, ..now }).reason;
        assert_eq!(at(SECOND).as_deref(), Some("`u` restarted 2 times within the last 60s"));
        assert_eq!(at(MINUTE).as_deref(), Some("`u` restarted once within the last 60s"));
        assert_eq!(at(MINUTE + SECOND), None);
        unit.restarted(now.now);
        unit.forget_restarts();
        assert_eq!(at(Duration::ZERO), None);
    }

    #[test]
    fn a_queue_is_nearly_full_from_nine_tenths_on_and_a_small_one_never() {
        for (depth, capacity, full) in
            [(89, 100, false), (90, 100, true), (9, 10, true), (8, 10, false), (9, 9, false), (0, 10, false)]
        {
            assert_eq!(is_nearly_full(depth, capacity), full, "{depth} of {capacity}");
        }
        let unit = record(UnitState::Running);
        unit.gauge_with(|| gauge(95, 100));
        assert_eq!(of(&unit), (Status::Degraded, "the queue of `u` is nearly full: 95 of 100".into()));
    }

    #[test]
    fn what_a_unit_says_counts_until_another_instance_is_launched() {
        let unit = record(UnitState::Running);
        let instance = unit.speaking_instance();
        let says = |status| unit.says(instance, Said { status, reason: "no route".into(), at: now().now });
        says(Status::Unhealthy);
        assert_eq!(of(&unit), (Status::Unhealthy, "unit `u`: no route".into()));
        unit.another_speaks();
        assert_eq!(of(&unit).0, Status::Healthy);
        says(Status::Degraded);
        assert_eq!(of(&unit).0, Status::Healthy, "the instance that is gone is not heard");
    }

    #[test]
    fn all_reasons_are_told_and_the_worst_counts() {
        let unit = with_run(UnitState::Failed, RunOutcome::Panicked);
        assert_eq!(of(&unit), (Status::Unhealthy, "unit `u` failed; the last run of `u` panicked".into()));
    }

    #[test]
    fn a_reason_that_nobody_wants_is_not_written_down() {
        let failed = with_run(UnitState::Failed, RunOutcome::Panicked);
        let asked = std::cell::Cell::new(None);
        let verdict = unit_in_short(&failed, now(), |status| {
            asked.set(Some(status));
            false
        });
        assert_eq!(verdict, Verdict { status: Status::Unhealthy, reason: None });
        assert_eq!(asked.get(), Some(Status::Unhealthy), "for the whole status");
        let well = unit_in_short(&record(UnitState::Running), now(), |_| panic!("nothing to tell"));
        assert_eq!(well, Verdict::default());
    }

    #[test]
    fn options_in_trouble_are_degraded_in_one_line() {
        let standing = |trouble: Option<&str>| OriginStanding {
            name: "ostler.toml".into(),
            trouble: trouble.map(Arc::from),
            taken: 1,
            refused: 1,
        };
        assert_eq!(options(&standing(None)), Verdict::default());
        let two = "2 problems in the configuration\n  - a.toml:1:2: `x`: bad\n  - `y`: worse";
        let verdict = options(&standing(Some(two)));
        let line = "options `ostler.toml`: 2 problems in the configuration: a.toml:1:2: `x`: bad; `y`: worse";
        assert_eq!(verdict, Verdict::new(Status::Degraded, line));
    }

    #[test]
    fn a_runtime_that_lags_is_degraded_and_one_that_does_not_tick_is_dead() {
        assert_eq!(runtime(LAGGING - Duration::from_nanos(1)), Verdict::default());
        assert_eq!(runtime(LAGGING).status, Status::Degraded);
        assert_eq!(alive(LIVE_WITHIN, LIVE_WITHIN).status, Status::Healthy);
        assert_eq!(alive(LIVE_WITHIN + Duration::from_nanos(1), LIVE_WITHIN).status, Status::Unhealthy);
    }

    #[test]
    fn text_from_outside_is_one_line_and_no_document() {
        assert_eq!(line(" a\nb "), "a\\nb");
        assert_eq!(line(&"ä".repeat(LONGEST_REASON)).chars().count(), LONGEST_REASON);
        assert_eq!(line(&"ä".repeat(LONGEST_REASON + 1)).chars().count(), LONGEST_REASON + 1);
        assert!(line(&"ä".repeat(1_000_000)).ends_with("ä…"));
    }

    #[test]
    fn ages_are_short() {
        let ages = [0, 999, 1_000, 3_250, 12_900].map(|millis| short(Duration::from_millis(millis)));
        assert_eq!(ages, ["0ms", "999ms", "1s", "3.2s", "12s"]);
    }
}
