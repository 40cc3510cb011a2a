//! The state that handlers share: [`State<T>`] takes one part of it, [`FromRef`] says where that part is.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Gives a part of a host's state. [`state!`](crate::state) writes these lines for the fields of a struct.
///
/// It is a trait of its own and not axum's, so that the host does not depend on axum. With the feature `axum`,
/// `state!` writes both.
#[diagnostic::on_unimplemented(
    message = "the host state `{S}` has no `{Self}` in it",
    label = "`{Self}` is taken from the state `{S}`, which does not have it",
    note = "add a field of this type to `{S}` and name it in `ostler::state! {{ {S} {{ field: {Self} }} }}`, or implement `FromRef<{S}>` for `{Self}`"
)]
pub trait FromRef<S: ?Sized> {
    /// The part, usually a cheap clone.
    fn from_ref(state: &S) -> Self;
}

/// The whole state is a part of itself.
impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> Self {
        state.clone()
    }
}

/// A state kept in an `Arc` gives its content. (This second candidate also makes rustc name the missing part, where
/// with one candidate alone it would guess at the state.)
impl<T: Clone> FromRef<Arc<T>> for T {
    fn from_ref(state: &Arc<T>) -> Self {
        T::clone(state)
    }
}

/// A part of the host's state, as an argument of a handler.
///
/// ```
/// use ostler::State;
/// # #[derive(Clone)] struct Mailer;
/// async fn send_mail(State(mailer): State<Mailer>) { /* .. */ }
/// ```
///
/// axum has a `State` too. In a file that uses both, either write `ostler::State` in full, or turn on the feature
/// `axum`: then handlers of the host take `axum::extract::State` as well, and one import serves both.
#[derive(Debug, Clone, Copy, Default)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for State<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Writes the [`FromRef`] lines of a state: for each named field, that its type is a part of the struct.
///
/// Each type may be named once, as the type is what handlers ask for. With the feature `axum`, axum's `FromRef` is
/// implemented as well, so that routes and handlers share one state.
///
/// ```
/// #[derive(Clone)]
/// struct Pool;
/// #[derive(Clone)]
/// struct Mailer;
///
/// #[derive(Clone)]
/// struct App { pool: Pool, mailer: Mailer }
///
/// ostler::state! { App { pool: Pool, mailer: Mailer } }
/// ```
#[macro_export]
macro_rules! state {
    ($state:ty { $($field:ident : $part:ty),* $(,)? }) => {
        $(
            impl $crate::FromRef<$state> for $part {
                fn from_ref(state: &$state) -> Self {
                    ::core::clone::Clone::clone(&state.$field)
                }
            }
            $crate::__axum_from_ref!($state, $field, $part);
        )*
    };
}

#[cfg(feature = "axum")]
#[doc(hidden)]
#[macro_export]
macro_rules! __axum_from_ref {
    ($state:ty, $field:ident, $part:ty) => {
        impl $crate::__axum::FromRef<$state> for $part {
            fn from_ref(state: &$state) -> Self {
                ::core::clone::Clone::clone(&state.$field)
            }
        }
    };
}

#[cfg(not(feature = "axum"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __axum_from_ref {
    ($state:ty, $field:ident, $part:ty) => {};
}
