//! The bounded channels that are compared, behind one face. All of it is resolved at compile time: nothing is boxed
//! and nothing is called through a table.

use std::future::Future;
use std::marker::PhantomData;

use ostler::queue::{self, Items, Queue};

/// A bounded channel for items of the type `T`.
pub(crate) trait Channel<T: Send + 'static>: 'static {
    type Sender: Clone + Send + Sync + 'static;
    type Receiver: Send + 'static;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Waits for room. Whether the item was taken.
    fn send(sender: &Self::Sender, item: T) -> impl Future<Output = bool> + Send;

    /// The next item; `None` when all senders are gone and nothing is left.
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<T>> + Send;

    /// How many items are in it.
    fn len(sender: &Self::Sender) -> usize;
}

/// Ostler's queue without a host.
pub(crate) struct Ostler;

impl<T: Send + 'static> Channel<T> for Ostler {
    type Sender = Queue<T>;
    type Receiver = Items<T>;

    fn bounded(capacity: usize) -> (Queue<T>, Items<T>) {
        queue::bounded(capacity)
    }

    async fn send(sender: &Queue<T>, item: T) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Items<T>) -> Option<T> {
        receiver.recv().await
    }

    fn len(sender: &Queue<T>) -> usize {
        sender.len()
    }
}

pub(crate) struct AsyncChannel;

impl<T: Send + 'static> Channel<T> for AsyncChannel {
    type Sender = async_channel::Sender<T>;
    type Receiver = async_channel::Receiver<T>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, item: T) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn len(sender: &Self::Sender) -> usize {
        sender.len()
    }
}

pub(crate) struct Flume;

impl<T: Send + 'static> Channel<T> for Flume {
    type Sender = flume::Sender<T>;
    type Receiver = flume::Receiver<T>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        flume::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, item: T) -> bool {
        sender.send_async(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv_async().await.ok()
    }

    fn len(sender: &Self::Sender) -> usize {
        sender.len()
    }
}

/// tokio's channel for many senders and one receiver.
pub(crate) struct Mpsc;

impl<T: Send + 'static> Channel<T> for Mpsc {
    type Sender = tokio::sync::mpsc::Sender<T>;
    type Receiver = tokio::sync::mpsc::Receiver<T>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        tokio::sync::mpsc::channel(capacity)
    }

    async fn send(sender: &Self::Sender, item: T) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv().await
    }

    fn len(sender: &Self::Sender) -> usize {
        sender.max_capacity() - sender.capacity()
    }
}

/// Another channel whose receiver gives its thread back after 128 items, as ostler's and tokio's do by themselves.
///
/// Without that a receiver that finds items goes on until there is none, and only then do the senders that it woke get
/// its thread: the channel swings between full and empty. With it, it stays near full.
pub(crate) struct Yielding<C>(PhantomData<C>);

impl<T: Send + 'static, C: Channel<T>> Channel<T> for Yielding<C> {
    type Sender = C::Sender;
    type Receiver = C::Receiver;

    fn bounded(capacity: usize) -> (C::Sender, C::Receiver) {
        C::bounded(capacity)
    }

    fn send(sender: &C::Sender, item: T) -> impl Future<Output = bool> + Send {
        C::send(sender, item)
    }

    async fn recv(receiver: &mut C::Receiver) -> Option<T> {
        tokio::task::coop::consume_budget().await;
        C::recv(receiver).await
    }

    fn len(sender: &C::Sender) -> usize {
        C::len(sender)
    }
}
