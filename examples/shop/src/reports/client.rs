//! Where reports are asked for, and asked about. What is known of one is what the store says.

use ostler_jobs::{Client, JobArgs, JobId, JobState, JobStatus, StoreError};
use serde_json::value::RawValue;

use super::Period;
use super::job::MakeReport;
use crate::results::Status;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reports {
    client: Client,
    may_crash: bool,
}

impl Reports {
    pub(crate) fn new(client: Client, may_crash: bool) -> Self {
        Self { client, may_crash }
    }

    /// Accepts a report. When this is `Ok`, it is on disk.
    pub(crate) async fn ask_for(&self, period: Period, crash: bool) -> Result<JobId, StoreError> {
        self.client.enqueue(MakeReport { period, crash }).await.map(|job| job.id())
    }

    /// `None` where there is no such report, or none any more.
    pub(crate) async fn status(&self, id: JobId) -> Result<Option<Status<Box<RawValue>>>, StoreError> {
        let job = self.client.status(id).await?;
        Ok(job.filter(|job| &*job.kind == MakeReport::KIND).map(told))
    }

    /// Whether reports may kill the process.
    pub(crate) fn may_crash(&self) -> bool {
        self.may_crash
    }
}

/// The states of a job, in the words of the shop.
fn told(job: JobStatus) -> Status<Box<RawValue>> {
    match job.state {
        JobState::Done => result(&job),
        // A blocked one is a row that cannot be read: it will not go on by itself.
        JobState::Cancelled | JobState::Dead | JobState::Blocked => {
            Status::Failed(job.error.as_deref().unwrap_or("no reason is known").to_owned())
        }
        _ => Status::Processing,
    }
}

fn result(job: &JobStatus) -> Status<Box<RawValue>> {
    match job.result.as_deref().map(serde_json::from_str) {
        Some(Ok(report)) => Status::Done(report),
        _ => Status::Failed("the report was made and not kept".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn job(state: JobState) -> JobStatus {
        JobStatus::new(JobId::from_u128(1), "report".into(), "reports".into(), state, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn each_state_of_a_job_is_one_of_three_words() {
        for (state, word) in [
            (JobState::Scheduled, "processing"),
            (JobState::Ready, "processing"),
            (JobState::Running, "processing"),
            (JobState::Blocked, "why"),
            (JobState::Cancelled, "why"),
            (JobState::Dead, "why"),
            (JobState::Done, "the report was made and not kept"),
        ] {
            let mut job = job(state);
            job.error = Some("why".into());
            let expected =
                if word == "processing" { Status::Processing } else { Status::Failed(word.into()) };
            let told: Status<String> = match told(job) {
                Status::Processing => Status::Processing,
                Status::Failed(reason) => Status::Failed(reason),
                Status::Done(report) => Status::Done(report.get().to_owned()),
            };
            assert_eq!(told, expected, "{state}");
        }
    }

    #[test]
    fn a_result_is_passed_on_as_it_was_stored() {
        let mut job = job(JobState::Done);
        job.result = Some(r#"{"orders": 7,"from":"2026-01-01"}"#.into());
        let Status::Done(report) = told(job) else { panic!("it is done") };
        assert_eq!(report.get(), r#"{"orders": 7,"from":"2026-01-01"}"#);
    }
}
