//! The numbers of this file: of jobs, claims, workers and turns, and how a job's number is an id for the outside.
//!
//! A number is `epoch << 40 | counter`. The epoch is raised by a durable commit at each open and the counter never goes back, so
//! no number that anyone has seen is ever given again, not even after a power loss.

use ostler_jobs::{ErrorKind, JobId, StoreError};

/// The counter's bits; above it stand the 22 bits of the epoch.
const COUNTER_BITS: u32 = 40;
/// The last number of the inbox's jobs, whose epoch is 0.
pub(crate) const LAST_OF_INBOX: i64 = (1 << COUNTER_BITS) - 1;
/// The bits of a number.
const NUMBER_BITS: u32 = 62;
const NUMBER: u128 = (1 << NUMBER_BITS) - 1;
/// The bits of a file's random number.
const FILE: u64 = (1 << 60) - 1;
/// Version 8 and the variant, which make a UUID of it.
const SHAPE: u128 = 8 << 76 | 0b10 << NUMBER_BITS;
const SHAPE_MASK: u128 = 0xf << 76 | 0b11 << NUMBER_BITS;

/// Where numbers come from.
#[derive(Debug)]
pub(crate) struct Ids {
    file: u64,
    epoch: u64,
    last: u64,
}

impl Ids {
    /// Those of this file in this epoch.
    pub(crate) fn new(file: u64, epoch: u64) -> Self {
        Self { file, epoch, last: 0 }
    }

    /// A number that was never there, larger than all before.
    pub(crate) fn next(&mut self) -> Result<u64, StoreError> {
        if self.last + 1 >= 1 << COUNTER_BITS {
            return Err(StoreError::new(
                ErrorKind::Bug,
                "the file has used up the numbers of this opening: open it again",
            ));
        }
        self.last += 1;
        Ok(self.epoch << COUNTER_BITS | self.last)
    }

    /// Whether a job got its number since the file was opened: then its row was written by this process.
    pub(crate) fn is_of_this_epoch(&self, number: u64) -> bool {
        number >> COUNTER_BITS == self.epoch
    }

    /// Whether a job has its number from the inbox, whose epoch is 0: it tells nothing about the order.
    pub(crate) fn is_of_inbox(&self, number: u64) -> bool {
        number >> COUNTER_BITS == 0
    }

    /// The id of the job with this number.
    pub(crate) fn job_id(&self, number: u64) -> JobId {
        to_job_id(self.file, number)
    }

    /// The number of the job with this id, where it is one of this file.
    pub(crate) fn number(&self, job: JobId) -> Option<u64> {
        from_job_id(self.file, job)
    }
}

/// A job's id: a UUID of version 8 whose first 60 free bits are the file's and whose last 62 are the job's number.
pub(crate) fn to_job_id(file: u64, number: u64) -> JobId {
    let file = u128::from(file & FILE);
    JobId::from_u128((file >> 12) << 80 | (file & 0xfff) << 64 | SHAPE | u128::from(number) & NUMBER)
}

/// The number of a job, where the id is one of this file.
pub(crate) fn from_job_id(file: u64, job: JobId) -> Option<u64> {
    let bits = job.as_u128();
    let of_file = bits & !NUMBER == to_job_id(file, 0).as_u128();
    debug_assert!(!of_file || bits & SHAPE_MASK == SHAPE);
    of_file.then_some((bits & NUMBER) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_that_only_its_own_file_knows() {
        for file in [0, 1, 0xfff, 0x1000, FILE] {
            for number in [1, 1 << 40 | 7, (1 << 62) - 1] {
                let id = to_job_id(file, number);
                assert_eq!(id.as_uuid().get_version_num(), 8);
                assert_eq!(from_job_id(file, id), Some(number));
                assert_eq!(from_job_id(file ^ 1, id), None);
                assert_eq!(from_job_id(file, JobId::from_u128(id.as_u128() ^ 1 << 78)), None);
            }
        }
    }

    #[test]
    fn numbers_of_a_later_epoch_are_larger() {
        let (mut first, mut second) = (Ids::new(1, 1), Ids::new(1, 2));
        let before = first.next().unwrap();
        assert!(first.next().unwrap() > before);
        assert!(second.next().unwrap() > first.next().unwrap());
        assert!(first.is_of_this_epoch(before) && !second.is_of_this_epoch(before));
    }

    #[test]
    fn used_up_numbers_are_an_error_and_never_those_of_the_next_epoch() {
        let mut ids = Ids { file: 1, epoch: 1, last: (1 << COUNTER_BITS) - 2 };
        assert_eq!(ids.next().unwrap() >> COUNTER_BITS, 1);
        assert!(ids.next().is_err());
        assert!(ids.next().is_err());
    }
}
