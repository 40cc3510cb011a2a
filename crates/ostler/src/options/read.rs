//! The typed layer: a merged tree becomes a value, or all that is wrong with it becomes known at once.
//!
//! serde stops at the first mistake. So what is wrong is noted with its path, a dummy takes its place, and the
//! whole is read again, until nothing new is found. A value that was made with a dummy is thrown away.

mod dummy;
pub(super) mod fault;
mod inside;
mod reader;
mod scalar;
mod session;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::reader::Reader;
pub(super) use self::session::Notes;
use self::session::Session;
use super::layers::Layers;
use super::leaves;
use super::path::Path;

/// How often the whole is read at most. A mistake takes one round, seldom more.
const ROUNDS: usize = 2000;

/// Reads `layers` as a `T`, which stands at `base`. `complete`: whether all layers could be read; else a key that
/// is missing may be in one that could not. No value where anything of it is a dummy; it may be there beside
/// problems such as unknown keys.
pub(super) fn read<T: DeserializeOwned + Serialize>(
    layers: &Layers,
    base: &Path,
    complete: bool,
) -> (Option<T>, Notes) {
    let session = Session::new(layers, base, complete);
    for _ in 0..ROUNDS {
        session.begin();
        match session.settle(&session.root(), T::deserialize(Reader::root(&session))) {
            Ok(_) if session.must_go_again() => {}
            Ok(value) if session.has_dummies() => return (discard(value), session.into_notes()),
            Ok(value) if !session.respell(&leaves::of(&value).unwrap_or_default()) => {
                return (Some(value), session.into_notes());
            }
            Ok(_) => {}
            Err(_) if session.gave_up() => return (None, session.into_notes()),
            Err(_) if session.has_enough() => break,
            Err(_) => {}
        }
    }
    session.gives_up();
    (None, session.into_notes())
}

/// Made with dummies.
fn discard<T>(_value: T) -> Option<T> {
    None
}
