//! Panics as values: caught, read, and dropped without a second panic getting out.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// Runs `f` and gives its panic back as a value.
///
/// `AssertUnwindSafe` is right here because whatever `f` touched is thrown away after a panic.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}

/// The panic's message, and the payload dropped for good.
///
/// A payload may itself panic in its `Drop`; that panic is swallowed, and a payload that it carries in turn
/// is leaked rather than dropped, because there is no end to that game.
pub(crate) fn into_message(payload: Payload) -> String {
    let message = message(payload.as_ref());
    discard(payload);
    message
}

/// Drops `value`, whatever its `Drop` does.
pub(crate) fn discard<T>(value: T) {
    if let Err(second) = catch(move || drop(value)) {
        std::mem::forget(second);
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is not text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb(u8);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                std::panic::panic_any(Bomb(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_in_its_drop_stays_inside() {
        let payload = catch(|| std::panic::panic_any(Bomb(2))).unwrap_err();
        assert_eq!(into_message(payload), "a panic whose payload is not text");
    }

    #[test]
    fn the_message_of_a_formatted_panic_is_kept() {
        let number = 7;
        let payload = catch(|| panic!("no {number}")).unwrap_err();
        assert_eq!(into_message(payload), "no 7");
    }
}
