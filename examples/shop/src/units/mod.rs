//! The small units, one file each. The queues have folders of their own, and so has the web.

mod cleanup;
mod daily_report;
mod heartbeat;
mod slow_stop;
mod upstream;

pub(crate) use cleanup::cleanup;
pub(crate) use daily_report::daily_report;
pub(crate) use heartbeat::heartbeat;
pub(crate) use slow_stop::slow_stop;
pub(crate) use upstream::upstream;
