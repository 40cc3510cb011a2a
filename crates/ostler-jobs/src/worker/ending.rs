//! From how a run ended to what is stored of it: pure.

use std::sync::Arc;
use std::time::Duration;

use ostler::{Halt, HaltKind, RunEnd, StopReason};

use super::text;
use crate::policy::{Keep, MAX_RESULT, Policy};
use crate::store::{CANCELLED, ClaimedJob, End};

/// What a handler said, read inside of the guard in which its code runs.
pub(crate) type Said = Result<Option<Arc<str>>, Refusal>;

/// How a handler stopped short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Retry { error: Arc<str>, wait: Option<Duration> },
    Snooze(Duration),
    Cancel(Arc<str>),
    Discard(Arc<str>),
}

impl From<Halt> for Refusal {
    fn from(halt: Halt) -> Self {
        match halt.into_kind() {
            HaltKind::Retry { error, wait } => Self::Retry { error: text::of(&*error), wait },
            HaltKind::Snooze(wait) => Self::Snooze(wait),
            HaltKind::Cancel(reason) => Self::Cancel(text::of_text(&reason)),
            HaltKind::Discard(error) => Self::Discard(text::of(&*error)),
            _ => Self::Retry {
                error: "the handler stopped short, and this version does not know how".into(),
                wait: None,
            },
        }
    }
}

/// Why a job is dead before it is run again, if it is: too often its process died with it, or no attempt is left.
pub(crate) fn refused(job: &ClaimedJob, policy: &Policy, poison_after: Option<u32>) -> Option<End> {
    if poison_after.is_some_and(|limit| job.crashes >= limit) {
        let error = format!("poison: the process died {} times while it ran", job.crashes);
        return Some(End::Dead { error: error.into() });
    }
    let attempts = attempts(policy);
    (job.attempt > attempts).then(|| {
        let error = format!("no attempt is left: all {attempts} have begun, and the last one's process died");
        End::Dead { error: error.into() }
    })
}

/// What is stored of an attempt that ended like this, after its run was told to stop for this reason, if it was. `None`: nothing, because the
/// job is another's by now.
pub(crate) fn end(
    job: &ClaimedJob,
    policy: &Policy,
    run: RunEnd<Said>,
    told: Option<StopReason>,
) -> Option<End> {
    if told == Some(StopReason::LeaseLost) {
        return None;
    }
    let timed_out = (told == Some(StopReason::TimedOut)).then(|| timed_out(policy));
    Some(match run {
        RunEnd::Returned(Ok(result)) => End::Done { result: result.map(kept) },
        RunEnd::Returned(Err(Refusal::Retry { error, wait })) => {
            failed(job, policy, &joined(timed_out.as_deref(), &error), wait)
        }
        RunEnd::Returned(Err(Refusal::Snooze(wait))) => End::Snooze { wait },
        RunEnd::Returned(Err(Refusal::Cancel(reason))) => End::Cancelled { reason },
        RunEnd::Returned(Err(Refusal::Discard(error))) => End::Dead { error },
        RunEnd::Panicked(message) => {
            let message = format!("panicked: {message}");
            failed(job, policy, &joined(timed_out.as_deref(), &message), None)
        }
        RunEnd::Aborted => match (timed_out, told) {
            (Some(error), _) => failed(job, policy, &error, None),
            (None, Some(StopReason::Cancelled)) => End::Cancelled { reason: CANCELLED.into() },
            (None, _) => interrupted(policy),
        },
    })
}

/// What becomes of a job whose attempt had begun and was dropped by a stop: it is given back, but for one that has no other attempt. Such
/// a one must never run twice, and whether its effect has happened is not known.
pub(crate) fn interrupted(policy: &Policy) -> End {
    if attempts(policy) > 1 {
        return End::GiveBack;
    }
    End::Dead { error: "stopped while it ran, and its only attempt is over".into() }
}

/// What is kept of a job that ended like this. One that is tried again may be cancelled before.
pub(crate) fn keep(policy: &Policy, end: &End) -> Keep {
    match end {
        End::Done { .. } => policy.keep.done,
        End::Dead { .. } => policy.keep.dead,
        _ => policy.keep.cancelled,
    }
}

fn failed(job: &ClaimedJob, policy: &Policy, error: &str, wait: Option<Duration>) -> End {
    let error = text::of_text(error);
    if job.attempt >= attempts(policy) {
        return End::Dead { error };
    }
    // Jobs that failed together come back apart.
    let seed = job.id.as_u128() as u64;
    End::Retry { error, wait: wait.unwrap_or_else(|| policy.backoff.delay(job.attempt, seed)) }
}

fn attempts(policy: &Policy) -> u32 {
    policy.attempts.max(1)
}

fn timed_out(policy: &Policy) -> String {
    match policy.timeout {
        Some(timeout) => format!("timed out after {timeout:?}"),
        None => "timed out".to_owned(),
    }
}

fn joined(first: Option<&str>, then: &str) -> String {
    first.map_or_else(|| then.to_owned(), |first| format!("{first}: {then}"))
}

/// The result, or a note in its place.
fn kept(result: Arc<str>) -> Arc<str> {
    if result.len() <= MAX_RESULT {
        return result;
    }
    let bytes = result.len();
    format!(r#"{{"omitted":"the result has {bytes} bytes; at most {MAX_RESULT} are kept"}}"#).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::JobId;
    use jiff::Timestamp;
    use ostler::SECOND;
    use ostler::backoff::Backoff;

    fn job(attempt: u32, crashes: u32) -> ClaimedJob {
        let (kind, queue, args) = ("k".into(), "q".into(), "1".into());
        let (id, priority, created) = (JobId::from_u128(7), 5, Timestamp::UNIX_EPOCH);
        ClaimedJob { id, kind, queue, priority, args, attempt, crashes, created }
    }

    fn policy() -> Policy {
        Policy::new().attempts(3).timeout(SECOND).backoff(Backoff::exponential(SECOND).jitter(0.0))
    }

    fn ended(attempt: u32, run: RunEnd<Said>, told: Option<StopReason>) -> Option<End> {
        end(&job(attempt, 0), &policy(), run, told)
    }

    fn retry(error: &str) -> RunEnd<Said> {
        RunEnd::Returned(Err(Refusal::Retry { error: error.into(), wait: None }))
    }

    fn retried(error: &str, wait: Duration) -> Option<End> {
        Some(End::Retry { error: error.into(), wait })
    }

    fn dead(error: &str) -> Option<End> {
        Some(End::Dead { error: error.into() })
    }

    #[test]
    fn a_failure_waits_by_the_policy_and_the_last_one_is_the_death() {
        assert_eq!(ended(1, retry("x"), None), retried("x", SECOND));
        assert_eq!(ended(2, retry("x"), None), retried("x", 2 * SECOND));
        assert_eq!(ended(3, retry("x"), None), dead("x"));
        assert_eq!(ended(1, RunEnd::Panicked("p".into()), None), retried("panicked: p", SECOND));
        let named = Refusal::Retry { error: "x".into(), wait: Some(7 * SECOND) };
        assert_eq!(ended(2, RunEnd::Returned(Err(named)), None), retried("x", 7 * SECOND));
    }

    #[test]
    fn why_a_run_was_told_to_stop_decides_what_its_being_dropped_means() {
        let aborted = |told| ended(1, RunEnd::Aborted, told);
        assert_eq!(aborted(Some(StopReason::Requested)), Some(End::GiveBack));
        assert_eq!(aborted(Some(StopReason::TimedOut)), retried("timed out after 1s", SECOND));
        let cancelled = End::Cancelled { reason: CANCELLED.into() };
        assert_eq!(aborted(Some(StopReason::Cancelled)), Some(cancelled));
        assert_eq!(aborted(Some(StopReason::LeaseLost)), None);
        assert_eq!(ended(3, RunEnd::Aborted, Some(StopReason::TimedOut)), dead("timed out after 1s"));
        assert_eq!(
            ended(3, RunEnd::Aborted, Some(StopReason::Requested)),
            Some(End::GiveBack),
            "not counted"
        );
    }

    #[test]
    fn a_stop_gives_back_what_has_another_attempt_and_is_the_death_of_what_has_none() {
        let once =
            |attempts, told| end(&job(1, 0), &Policy::new().attempts(attempts), RunEnd::Aborted, Some(told));
        for attempts in [0, 1] {
            let over = dead("stopped while it ran, and its only attempt is over");
            assert_eq!(once(attempts, StopReason::Requested), over);
        }
        assert_eq!(once(2, StopReason::Requested), Some(End::GiveBack));
        let cancelled = End::Cancelled { reason: CANCELLED.into() };
        assert_eq!(once(1, StopReason::Cancelled), Some(cancelled), "it is known why");
    }

    #[test]
    fn what_a_handler_returns_counts_although_it_was_told_to_stop() {
        let done = || RunEnd::Returned(Ok(None));
        for told in [StopReason::Requested, StopReason::TimedOut, StopReason::Cancelled] {
            assert_eq!(ended(1, done(), Some(told)), Some(End::Done { result: None }));
        }
        assert_eq!(ended(1, done(), Some(StopReason::LeaseLost)), None, "but for a lost lease");
        assert_eq!(
            ended(1, retry("x"), Some(StopReason::TimedOut)),
            retried("timed out after 1s: x", SECOND)
        );
    }

    #[test]
    fn a_job_is_refused_when_it_is_poison_or_no_attempt_is_left() {
        assert_eq!(refused(&job(3, 2), &policy(), Some(3)), None);
        let Some(End::Dead { error }) = refused(&job(1, 3), &policy(), Some(3)) else {
            panic!("it is poison")
        };
        assert!(error.starts_with("poison"), "{error}");
        assert_eq!(refused(&job(1, 3), &policy(), None), None, "poison is off");
        assert!(matches!(refused(&job(4, 0), &policy(), Some(3)), Some(End::Dead { .. })));
        let never = Policy::new().attempts(0);
        assert_eq!(refused(&job(1, 0), &never, None), None, "there is always one attempt");
    }

    #[test]
    fn a_result_that_is_too_large_is_replaced_by_a_note() {
        let text = |bytes: usize| -> Arc<str> { "1".repeat(bytes).into() };
        assert_eq!(kept(text(MAX_RESULT)).len(), MAX_RESULT);
        let note: serde_json::Value = serde_json::from_str(&kept(text(MAX_RESULT + 1))).unwrap();
        assert!(note["omitted"].as_str().unwrap().contains("65537 bytes"), "{note}");
    }
}
