//! Where work is handed in and asked for again: a bounded queue on one side, the results on the other.
//! Thumbnails have one. What it holds is in memory: a crash loses it.

use ostler::queue::{self, Items, Queue, TrySendError};
use uuid::Uuid;

use crate::results::{KEPT, Results, Status, Ticket};

pub(crate) struct Desk<W, R> {
    queue: Queue<Order<W, R>>,
    results: Results<R>,
}

/// One accepted piece of work, on its way to a worker.
pub(crate) struct Order<W, R> {
    pub(crate) work: W,
    pub(crate) ticket: Ticket<R>,
}

/// Why work was not accepted. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl<W: Send + 'static, R: Clone + Send + 'static> Desk<W, R> {
    pub(crate) fn open(waiting: usize) -> (Self, Items<Order<W, R>>) {
        let (queue, items) = queue::bounded(waiting);
        (Self { queue, results: Results::keeping(KEPT) }, items)
    }

    /// Accepts the work or says at once why not; it never waits for room.
    pub(crate) fn hand_in(&self, work: W) -> Result<Uuid, Refused> {
        let ticket = self.results.begin();
        let id = ticket.id();
        let (order, refused) = match self.queue.try_send(Order { work, ticket }) {
            Ok(()) => return Ok(id),
            Err(TrySendError::Full(order)) => (order, Refused::Full),
            Err(TrySendError::Closed(order)) => (order, Refused::Closed),
        };
        order.ticket.withdraw();
        Err(refused)
    }

    /// Why work would not be accepted now. Work that is large is not read first, only to be refused.
    pub(crate) fn refuses(&self) -> Option<Refused> {
        if self.queue.is_closed() {
            Some(Refused::Closed)
        } else {
            (self.queue.len() >= self.queue.capacity()).then_some(Refused::Full)
        }
    }

    pub(crate) fn ask(&self, id: Uuid) -> Option<Status<R>> {
        self.results.get(id)
    }
}

// Derived, it would ask for `W: Clone`.
impl<W, R> Clone for Desk<W, R> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), results: self.results.clone() }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "the queue is full; try again in a moment",
            Self::Closed => "the shop is stopping and takes no more work",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_desk_refuses_and_forgets() {
        let (desk, _items) = Desk::<u32, u32>::open(1);
        assert_eq!(desk.refuses(), None);
        let id = desk.hand_in(1).unwrap();
        assert_eq!(desk.refuses(), Some(Refused::Full));
        assert_eq!(desk.hand_in(2), Err(Refused::Full));
        assert_eq!(desk.ask(id), Some(Status::Processing));
    }

    #[test]
    fn a_closed_desk_says_so() {
        let (desk, items) = Desk::<u32, u32>::open(1);
        items.close();
        assert_eq!(desk.refuses(), Some(Refused::Closed));
        assert_eq!(desk.hand_in(1), Err(Refused::Closed));
    }
}
