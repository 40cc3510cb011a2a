//! A value that is never shown.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// What readers and writers of options know a secret by.
pub(super) const NAME: &str = "$ostler::Secret";

/// What is shown instead.
pub(super) const MASK: &str = "***";

/// A value that is never shown: a password, a token. [`expose`](Self::expose) is the only way to it; `Debug`,
/// `Display` and `Serialize` write `***`, and no problem's text contains it.
///
/// A field `password` of this type can be given as `password`, or as `password_file`: the path of a file that
/// contains it (one line break at its end does not count; a path that is not absolute begins at the folder of
/// the configuration's file); a part that serde reads without asking for types (`#[serde(flatten)]`, tagged and
/// untagged enums) and the values of a map take the first form only. It is not wiped from memory.
///
/// ```
/// use ostler::Secret;
///
/// let password = Secret::from("hunter2".to_owned());
/// assert_eq!(format!("{password} {password:?}"), "*** ***");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// The value itself.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, MASK)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
            type Value = Secret<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Secret<T>, D::Error> {
                // The inner error may quote what it found.
                let unfit =
                    |_| D::Error::custom("this does not fit what is asked for; it is a secret and not shown");
                T::deserialize(deserializer).map(Secret).map_err(unfit)
            }
        }

        deserializer.deserialize_newtype_struct(NAME, Inner(std::marker::PhantomData))
    }
}
