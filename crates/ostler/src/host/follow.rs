//! Follows the live settings of all units: the director is told of those that have changed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::line::Message;
use crate::live::Origin;
use crate::panics;
use crate::trigger::Followed;

/// Follows what comes from one origin, until it is dropped.
pub(super) type Follow = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A setting, and the place of its unit among all.
type OfUnit = (usize, Followed);

/// One for each origin of the settings.
pub(super) fn by_origin(settings: Vec<OfUnit>, line: &UnboundedSender<Message>) -> Vec<Follow> {
    let mut groups: Vec<(Arc<dyn Origin>, Vec<OfUnit>)> = Vec::new();
    for (unit, setting) in settings {
        match groups.iter_mut().find(|(known, _)| known.id() == setting.origin.id()) {
            Some((_, group)) => group.push((unit, setting)),
            None => groups.push((Arc::clone(&setting.origin), vec![(unit, setting)])),
        }
    }
    let follow = |(origin, group)| Box::pin(follow(origin, group, line.clone())) as Follow;
    groups.into_iter().map(follow).collect()
}

async fn follow(origin: Arc<dyn Origin>, mut settings: Vec<OfUnit>, line: UnboundedSender<Message>) {
    let mut changes = origin.changes();
    loop {
        changes.borrow_and_update();
        for (unit, setting) in &mut settings {
            // A user's code reads it; values with which it panics were refused before.
            let Ok(now) = panics::catch(|| (setting.read)()) else { continue };
            if now != setting.last {
                setting.last = now;
                let _ = line.send(Message::Setting(*unit, now));
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
