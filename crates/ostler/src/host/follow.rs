//! Follows the live settings of all units: the director is told of those that have changed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::line::{Message, Setting};
use crate::live::Origin;
use crate::panics;
use crate::trigger::Followed;

/// Follows what comes from one origin, until it is dropped.
pub(super) type Follow = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One for each origin of the settings, each of which is that of a unit.
pub(super) fn by_origin(settings: Vec<(usize, Followed)>, line: &UnboundedSender<Message>) -> Vec<Follow> {
    let mut groups: Vec<(Arc<dyn Origin>, Vec<Kept>)> = Vec::new();
    for (unit, Followed { origin, last, read }) in settings {
        let kept = Kept { unit, last, read };
        match groups.iter_mut().find(|(known, _)| known.id() == origin.id()) {
            Some((_, group)) => group.push(kept),
            None => groups.push((origin, vec![kept])),
        }
    }
    let follow = |(origin, group)| Box::pin(follow(origin, group, line.clone())) as Follow;
    groups.into_iter().map(follow).collect()
}

/// A setting, and what it was when the director was last told.
struct Kept {
    unit: usize,
    last: Setting,
    read: Box<dyn Fn() -> Setting + Send>,
}

async fn follow(origin: Arc<dyn Origin>, mut settings: Vec<Kept>, line: UnboundedSender<Message>) {
    let mut changes = origin.changes();
    loop {
        changes.borrow_and_update();
        for kept in &mut settings {
            // A user's code reads it; values with which it panics were refused before.
            let Ok(now) = panics::catch(|| (kept.read)()) else { continue };
            if now != kept.last {
                kept.last = now;
                let _ = line.send(Message::Setting(kept.unit, now));
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
