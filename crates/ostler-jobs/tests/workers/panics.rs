//! A panic of a slot's own code: the slot goes on, and its job is not held for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ostler::SECOND;
use ostler_jobs::JobState;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::support::{Step, Test, act};

/// Panics once where a slot says that an attempt is done: what the application logs with is its own.
struct PanicsOnce(Arc<AtomicBool>);

impl<S: tracing::Subscriber> Layer<S> for PanicsOnce {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let is_of_a_slot = event.metadata().target() == "ostler_jobs::worker::attempt";
        assert!(!(is_of_a_slot && self.0.swap(false, Ordering::SeqCst)), "the application's log");
    }
}

#[test]
fn a_slot_that_panics_goes_on_and_its_job_comes_back() {
    let armed = Arc::new(AtomicBool::new(false));
    let _log =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(PanicsOnce(Arc::clone(&armed))));
    let mut test = Test::with(|workers| workers.queue("default", 1).handle(act));
    armed.store(true, Ordering::SeqCst);
    let job = test.run_step(Step::Succeed);
    assert!(!armed.load(Ordering::SeqCst), "it has panicked");
    let other = test.run_step(Step::Succeed);
    test.host.advance(SECOND);
    assert_eq!((test.state(job), test.status(job).attempts), (JobState::Done, 2));
    assert_eq!(test.state(other), JobState::Done);
    assert_eq!(test.host.unit("jobs").restarts, 0);
}
