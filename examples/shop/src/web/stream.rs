//! An answer that comes in parts, each when it is there. The server underneath passes every part on at once.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;

/// Where the parts come from.
pub(super) trait Source: Send + Sized + 'static {
    /// The next part, and where the one after it comes from; nothing at the end.
    fn next(self) -> impl Future<Output = Option<(Bytes, Self)>> + Send;
}

/// The parts of `source` as the body of an answer. Dropped with its connection, and the source with it.
pub(super) fn body(source: impl Source) -> Body {
    Body::new(Parts { next: Some(Box::pin(source.next())) })
}

type Next<S> = Pin<Box<dyn Future<Output = Option<(Bytes, S)>> + Send>>;

struct Parts<S> {
    /// The part that is waited for; nothing after the last.
    next: Option<Next<S>>,
}

impl<S: Source> HttpBody for Parts<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let part = ready!(next.as_mut().poll(cx));
        let (part, next) = part.map(|(part, source)| (part, Box::pin(source.next()) as Next<S>)).unzip();
        self.next = next;
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Countdown(u8);

    impl Source for Countdown {
        async fn next(self) -> Option<(Bytes, Self)> {
            (self.0 > 0).then(|| (self.0.to_string().into(), Self(self.0 - 1)))
        }
    }

    #[tokio::test]
    async fn the_parts_come_in_order_and_end() {
        let whole = axum::body::to_bytes(body(Countdown(3)), 100).await.unwrap();
        assert_eq!(whole, "321");
    }
}
