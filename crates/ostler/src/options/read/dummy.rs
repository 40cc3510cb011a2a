//! Values that stand in for what is missing or wrong, so that reading goes on and finds the other mistakes too.
//!
//! A dummy answers whatever it is asked for. No value that was made with one is ever given to anybody.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::fault::Fault;

/// How many different answers there are, at most.
pub(super) const CANDIDATES: usize = A_TEXT + TEXTS.len();

// The answers where no type is asked for.
const A_NUMBER: usize = 1;
const A_BOOL: usize = 2;
const A_DURATION: usize = 3;
const A_LIST: usize = 4;
const A_TEXT: usize = 5;

/// The answer to begin with where, as serde says it, `expected` was expected.
pub(super) fn candidate_for(expected: &str) -> usize {
    match expected {
        "struct Duration" => A_DURATION,
        "a boolean" => A_BOOL,
        "a sequence" => A_LIST,
        "a string" | "a borrowed string" => A_TEXT,
        _ => A_NUMBER,
    }
}

/// Texts of many shapes: one of them is likely to be what a type reads from text.
const TEXTS: &[&str] = &[
    "a",
    "",
    "1",
    "0",
    "1s",
    "127.0.0.1",
    "127.0.0.1:80",
    "http://localhost/",
    "00000000-0000-0000-0000-000000000000",
    "1970-01-01",
    "1970-01-01T00:00:00Z",
    "UTC",
    "/",
    "a@localhost",
    "1.0.0",
    "info",
];

/// One answer of several: where the first is refused, another may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dummy {
    candidate: usize,
    depth: usize,
}

impl Dummy {
    pub(super) fn new(candidate: usize) -> Self {
        Self { candidate, depth: 0 }
    }

    fn pick<T: Copy>(self, answers: &[T], last: T) -> T {
        answers.get(self.candidate).copied().unwrap_or(last)
    }

    /// For a value inside. A type may hold itself, so there is an end.
    fn inner(self) -> Result<Self, Fault> {
        const DEEPEST: usize = 16;
        if self.depth < DEEPEST {
            Ok(Self { depth: self.depth + 1, ..self })
        } else {
            Err(Fault::custom("too deep"))
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $number:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            // One first: where zero is not allowed, one mostly is.
            visitor.$visit(self.pick(&[1, 0, 2, 10, 100], 1) as $number)
        }
    )*};
}

impl<'de> Deserializer<'de> for Dummy {
    type Error = Fault;

    numbers! {
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_u128 visit_u128 u128, deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128, deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.candidate {
            0 => visitor.visit_unit(),
            A_NUMBER => visitor.visit_u64(1),
            A_BOOL => visitor.visit_bool(false),
            A_DURATION => visitor.visit_map(Fields { names: &["secs", "nanos"], dummy: Self::new(A_NUMBER) }),
            A_LIST => Self::new(0).deserialize_seq(visitor),
            text => Self::new(text - A_TEXT).deserialize_str(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.pick(&[false], true))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_char(self.pick(&['a', '1', '0'], 'a'))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.pick(TEXTS, "a"))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bytes(&[])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bytes(&[])
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.candidate == 0 {
            visitor.visit_none()
        } else {
            visitor.visit_some(Self { candidate: self.candidate - 1, ..self })
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        // Empty first; then with one, where an empty list is refused.
        visitor.visit_seq(Elements {
            left: usize::from(self.candidate > 0),
            dummy: Self { candidate: 0, ..self },
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Elements { left: length, dummy: self })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Fields { names: &[], dummy: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Fields { names, dummy: self })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match variants.get(self.candidate).or(variants.first()) {
            Some(variant) => visitor.visit_enum(Variant { variant, dummy: Self { candidate: 0, ..self } }),
            None => Err(Fault::custom("no variants")),
        }
    }
}

struct Elements {
    left: usize,
    dummy: Dummy,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.dummy.inner()?).map(Some)
    }
}

struct Fields {
    names: &'static [&'static str],
    dummy: Dummy,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((name, rest)) = self.names.split_first() else { return Ok(None) };
        self.names = rest;
        let name: StrDeserializer<'_, Fault> = (*name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.dummy.inner()?)
    }
}

struct Variant {
    variant: &'static str,
    dummy: Dummy,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.dummy.inner()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.dummy.inner()?.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.dummy.inner()?.deserialize_struct("", names, visitor)
    }
}
