//! What a store has to offer to be tested, and the list of the cases.

use std::future::Future;

use ostler::Clock;

use crate::store::Store;

/// A way to make stores of one sort. One value lives for as long as a test does: what is to be cleaned up is cleaned
/// up when it is dropped, after its stores.
pub trait Subject: Default {
    /// The store. Clones are handles of the same one.
    type Store: Store + Clone;

    /// A fresh store on this virtual clock; another one each time.
    fn open(&self, clock: Clock) -> impl Future<Output = Self::Store>;
}

/// Writes one `#[test]` for each case of the suite, for stores of this [`Subject`](crate::conformance::Subject).
#[macro_export]
macro_rules! conformance_suite {
    (@files $subject:ty; $($file:ident { $($case:ident)* })*) => {
        $(mod $file {
            #[allow(unused_imports)]
            use super::*;
            $(#[test]
            fn $case() {
                $crate::conformance::run::<$subject, _>($crate::conformance::cases::$file::$case);
            })*
        })*
    };
    ($subject:ty) => {
        $crate::conformance_suite! { @files $subject;
            insert {
                ids_come_in_order_and_are_never_the_same
                a_new_job_is_as_it_was_added
                a_job_is_ready_at_once_where_its_time_has_come
                a_job_that_is_due_later_is_scheduled
                a_wait_without_end_is_no_error
                an_empty_insert_adds_nothing
                a_relaxed_insert_is_seen_as_well
                a_job_that_was_never_added_is_unknown
            }
            unique {
                a_key_holds_until_its_job_is_finished
                a_key_holds_while_its_job_is_tried_again
                a_key_holds_for_its_time_whatever_becomes_of_the_job
                a_key_for_a_time_holds_when_its_job_is_not_kept
                a_conflict_degrades_one_row_and_not_the_batch
                one_key_twice_in_one_batch_is_one_job
                the_holder_decides_how_long_a_key_holds
                a_key_that_passed_on_is_not_let_go_by_its_former_job
                a_scheduled_job_holds_its_key
                a_key_of_another_kind_is_another_key
            }
            worker {
                no_two_workers_are_the_same
                a_beat_changes_the_number_that_others_see
                a_worker_that_left_is_gone
                to_leave_loses_what_is_still_held
                only_a_worker_that_has_not_beaten_since_expires
                an_expired_worker_is_refused_everything
                a_lost_job_is_ready_counted_and_a_suspect
                lost_jobs_are_ready_in_the_order_of_their_claims
                a_lost_job_that_was_to_be_cancelled_is
                what_has_ended_is_not_lost
                a_beat_tells_what_is_to_be_cancelled_until_it_ends
                a_beat_tells_nothing_of_the_jobs_of_others
            }
            claim {
                jobs_come_in_the_order_in_which_they_became_ready
                the_lowest_priority_number_comes_first
                all_kinds_of_a_queue_are_one_order
                each_queue_has_its_own_limit
                a_want_of_nothing_gets_nothing
                an_empty_claim_is_none
                a_kind_that_is_not_named_stays_where_it_is
                a_claimed_job_is_not_claimed_again
                claims_are_never_the_same
                a_claimed_job_is_as_it_was_added
                who_never_joined_gets_nothing
                a_scheduled_job_is_not_claimed
            }
            suspects {
                suspects_are_left_and_counted
                a_suspect_is_claimed_alone
                suspects_are_taken_as_others
                a_job_that_was_alone_is_blamed_for_each_crash
                a_job_among_others_is_blamed_once
                a_claim_of_one_job_is_not_alone_for_that
                an_orderly_end_clears_the_suspicion_and_not_the_count
                only_suspects_that_could_be_had_are_counted
                alone_takes_one_of_all_queues
                alone_gets_nothing_where_there_is_no_suspect
                nobody_is_alone_twice
                a_job_that_had_others_beside_it_is_blamed_once
                a_suspect_that_is_cancelled_is_gone
                suspects_and_others_are_one_order
            }
            finish {
                a_done_job_has_its_result
                a_done_job_forgets_its_errors
                a_dead_job_has_its_error
                a_cancelled_job_has_its_reason
                a_retry_without_a_wait_is_ready_behind_the_others
                a_retry_with_a_wait_is_scheduled
                a_snooze_does_not_count
                a_given_back_job_is_first_and_does_not_count
                jobs_given_back_together_come_last_first
                a_given_back_job_stays_in_its_priority
                a_second_end_is_stale
                a_second_end_in_one_call_is_stale
                an_end_by_another_claim_is_stale
                an_end_of_an_attempt_before_is_stale
                an_end_of_no_job_is_stale
                verdicts_come_in_order_and_one_by_one
                no_ends_are_no_verdicts
                attempts_add_up
                a_job_of_which_nothing_is_kept_is_gone
                a_wait_without_end_is_no_error
            }
            stage {
                jobs_become_ready_in_the_order_of_their_times
                a_job_is_due_at_its_time_and_not_before
                the_next_time_is_told
                nothing_to_stage_is_no_error
                a_wall_clock_that_is_set_back_makes_nothing_ready
            }
            prune {
                a_job_is_kept_for_its_age
                the_newest_of_a_queue_are_kept
                each_queue_and_each_end_is_counted_for_itself
                it_goes_in_batches
                a_key_whose_time_has_passed_is_removed
                live_jobs_are_never_removed
                a_cancelled_job_is_kept_for_a_week
            }
            cancel {
                a_ready_job_is_cancelled_at_once
                a_scheduled_job_is_cancelled_at_once
                a_running_job_is_asked
                a_finished_job_is_over
                a_job_that_is_not_there_is_unknown
                a_job_that_is_to_be_cancelled_is_not_tried_again
                a_job_that_is_to_be_cancelled_may_end_well_or_for_good_first
                to_ask_twice_changes_nothing
            }
            pause {
                nothing_of_a_paused_queue_is_claimed
                what_runs_goes_on
                paused_queues_are_told
                to_pause_twice_is_to_pause_once
                a_paused_queue_takes_jobs
            }
            inspect {
                counts_tell_each_state
                counts_tell_queues_and_kinds_apart
                counts_of_nothing_are_none
                what_ended_and_is_not_kept_is_not_counted
            }
            payload {
                every_payload_that_is_one_comes_back_unchanged
                what_is_no_payload_is_refused
                a_result_comes_back_unchanged
                texts_of_people_come_back_unchanged
            }
            hints {
                a_job_that_is_ready_is_hinted
                a_cancel_is_hinted
                an_end_is_hinted_after_it_can_be_seen
                a_queue_that_is_resumed_is_hinted
            }
        }
    };
}
