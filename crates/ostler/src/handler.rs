//! The shapes of handlers: plain async functions whose arguments are extractors.
//!
//! A shape knows nothing of the host's state. That its arguments can be extracted, its future sent between threads
//! and its result understood are bounds of their own on [`Host`](crate::Host)'s methods, so that rustc names the
//! one that fails.

/// The shape of a task or a service: a function of extractors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function that a host can run",
    label = "expected an `async fn` whose arguments are extractors, at most eight"
)]
pub trait TaskFn<Args>: Send + Sync + 'static {
    /// What a call returns: a future, where the function is `async`.
    type Returns;

    /// Calls it.
    fn call(&self, args: Args) -> Self::Returns;
}

/// The shape of a consumer's handler: a function of an item and then extractors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function that can handle items",
    label = "expected an `async fn` whose first argument is the item and whose others are extractors, at most seven"
)]
pub trait HandlerFn<In, Args>: Send + Sync + 'static {
    /// What a call returns: a future, where the function is `async`.
    type Returns;

    /// Calls it.
    fn call(&self, item: In, args: Args) -> Self::Returns;
}

/// That a handler's first argument is what a queue holds. A bound of its own, so that the compiler's message about
/// a wrong item names both types.
#[diagnostic::on_unimplemented(
    message = "the queue holds `{T}`, but the handler's first argument is `{Self}`",
    label = "this handler cannot take items of type `{T}`"
)]
pub trait FromItem<T> {
    /// The argument made of the item.
    fn from_item(item: T) -> Self;
}

impl<T> FromItem<T> for T {
    fn from_item(item: T) -> Self {
        item
    }
}

macro_rules! shapes {
    ($($arg:ident)*) => {
        impl<F, R, $($arg),*> TaskFn<($($arg,)*)> for F
        where
            F: Fn($($arg),*) -> R + Send + Sync + 'static,
        {
            type Returns = R;

            #[allow(non_snake_case)]
            fn call(&self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg),*)
            }
        }

        impl<F, R, In, $($arg),*> HandlerFn<In, ($($arg,)*)> for F
        where
            F: Fn(In, $($arg),*) -> R + Send + Sync + 'static,
        {
            type Returns = R;

            #[allow(non_snake_case)]
            fn call(&self, item: In, ($($arg,)*): ($($arg,)*)) -> R {
                self(item, $($arg),*)
            }
        }
    };
}

shapes!();
shapes!(A1);
shapes!(A1 A2);
shapes!(A1 A2 A3);
shapes!(A1 A2 A3 A4);
shapes!(A1 A2 A3 A4 A5);
shapes!(A1 A2 A3 A4 A5 A6);
shapes!(A1 A2 A3 A4 A5 A6 A7);
shapes!(A1 A2 A3 A4 A5 A6 A7 A8);
