//! Thumbnails: an uploaded picture goes in, a small PNG comes out. Four workers make them, off the
//! runtime's own threads.

mod scale;

use axum::body::Bytes;
use ostler::{Halt, Outcome, blocking};

pub(crate) use scale::is_supported;

use crate::desk::{Desk, Order};

/// The first is the upload, PNG or JPEG; the second is the thumbnail, PNG.
pub(crate) type Thumbnails = Desk<Bytes, Bytes>;

pub(crate) async fn make(order: Order<Bytes, Bytes>) -> Outcome {
    let Order { work: upload, ticket } = order;
    let id = ticket.id();
    // Decoding takes whole milliseconds of one core; on the runtime it would hold up every other unit.
    match blocking(move || scale::thumbnail(&upload)).await {
        Ok(png) => {
            tracing::info!(thumbnail = %id, bytes = png.len(), "thumbnail ready");
            ticket.done(png.into());
            Ok(())
        }
        // A broken picture stays broken: there is nothing to try again.
        Err(error) => {
            ticket.failed(&error);
            Err(Halt::discard(error))
        }
    }
}
