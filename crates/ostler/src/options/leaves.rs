//! A value's `Serialize`, walked down to its leaves: each with its path and its text, as it is printed.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::duration;
use super::path::Path;
use super::read::fault::Fault;
use super::secret;

/// A value that holds no others, or a list of such.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) path: Path,
    /// Without control characters.
    pub(super) text: String,
    pub(super) secret: bool,
}

/// All leaves, in the order of their declaration.
pub(super) fn of<T: Serialize>(value: &T) -> Result<Vec<Leaf>, Fault> {
    let mut leaves = Vec::new();
    value.serialize(Writer { leaves: &mut leaves, path: Path::default() })?;
    Ok(leaves)
}

/// `text` in quotes, with all that could move a cursor escaped.
pub(super) fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

struct Writer<'a> {
    leaves: &'a mut Vec<Leaf>,
    path: Path,
}

impl Writer<'_> {
    fn leaf(self, text: impl Into<String>) -> Result<(), Fault> {
        self.leaves.push(Leaf { path: self.path, text: text.into(), secret: false });
        Ok(())
    }
}

impl<'a> Writer<'a> {
    fn group(self, kind: Kind) -> Result<Group<'a>, Fault> {
        let first = self.leaves.len();
        Ok(Group { leaves: self.leaves, path: self.path, kind, first, count: 0, key: None })
    }

    fn below(self, key: &str) -> Self {
        Self { path: self.path.key(key), leaves: self.leaves }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Section,
    Duration,
}

/// A list or a section while it is written.
struct Group<'a> {
    leaves: &'a mut Vec<Leaf>,
    path: Path,
    kind: Kind,
    /// The first of its own leaves.
    first: usize,
    count: usize,
    key: Option<String>,
}

impl Group<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let path = self.path.index(self.count);
        self.count += 1;
        value.serialize(Writer { leaves: self.leaves, path })
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Fault> {
        self.count += 1;
        value.serialize(Writer { leaves: self.leaves, path: self.path.key(key) })
    }

    fn close(self) -> Result<(), Fault> {
        let own = self.leaves.get(self.first..).unwrap_or_default();
        let depth = self.path.len() + 1;
        let simple = own.len() == self.count && own.iter().all(|leaf| leaf.path.len() == depth);
        let texts: Vec<_> = own.iter().map(|leaf| leaf.text.as_str()).collect();
        let text = match self.kind {
            Kind::Duration => duration_of(&texts),
            Kind::List if simple => Some(format!("[{}]", texts.join(", "))),
            Kind::Section if self.count == 0 => Some("{}".into()),
            Kind::List | Kind::Section => None,
        };
        if let Some(text) = text {
            self.leaves.truncate(self.first);
            self.leaves.push(Leaf { path: self.path, text, secret: false });
        }
        Ok(())
    }
}

fn duration_of(texts: &[&str]) -> Option<String> {
    let [seconds, nanos] = texts else { return None };
    let nanos = nanos.parse().ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let duration = std::time::Duration::new(seconds.parse().ok()?, nanos);
    Some(quoted(&duration::shown(duration)))
}

macro_rules! shown {
    ($($method:ident $value:ty),*) => {$(
        fn $method(self, value: $value) -> Result<(), Fault> {
            self.leaf(value.to_string())
        }
    )*};
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Group<'a>;
    type SerializeTuple = Group<'a>;
    type SerializeTupleStruct = Group<'a>;
    type SerializeTupleVariant = Group<'a>;
    type SerializeMap = Group<'a>;
    type SerializeStruct = Group<'a>;
    type SerializeStructVariant = Group<'a>;

    shown! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_i128 i128, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_u128 u128
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        self.leaf(format!("{value:?}"))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        self.leaf(format!("{value:?}"))
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.leaf(quoted(&value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.leaf(quoted(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.leaf(quoted(&String::from_utf8_lossy(value)))
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.leaf("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.leaf("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.leaf("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Fault> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        if name == secret::NAME {
            self.leaves.push(Leaf { path: self.path, text: secret::MASK.into(), secret: true });
            return Ok(());
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self.below(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Group<'a>, Fault> {
        self.group(Kind::List)
    }

    fn serialize_tuple(self, _: usize) -> Result<Group<'a>, Fault> {
        self.group(Kind::List)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Group<'a>, Fault> {
        self.group(Kind::List)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Group<'a>, Fault> {
        self.below(variant).group(Kind::List)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Group<'a>, Fault> {
        self.group(Kind::Section)
    }

    fn serialize_struct(self, name: &'static str, fields: usize) -> Result<Group<'a>, Fault> {
        // As serde writes a `std::time::Duration`.
        let kind = if name == "Duration" && fields == 2 { Kind::Duration } else { Kind::Section };
        self.group(kind)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Group<'a>, Fault> {
        self.below(variant).group(Kind::Section)
    }
}

/// The text of a map's key.
fn key_of<T: Serialize + ?Sized>(key: &T) -> Result<String, Fault> {
    let mut leaves = Vec::new();
    key.serialize(Writer { leaves: &mut leaves, path: Path::default() })?;
    let text = leaves.pop().map(|leaf| leaf.text).unwrap_or_default();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    Ok(bare.map(str::to_owned).unwrap_or(text))
}

macro_rules! lists {
    ($($trait:ident $method:ident),*) => {$(
        impl $trait for Group<'_> {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                self.element(value)
            }

            fn end(self) -> Result<(), Fault> {
                self.close()
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl $trait for Group<'_> {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Fault> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), Fault> {
                self.close()
            }
        }
    )*};
}

structs! { SerializeStruct, SerializeStructVariant }

impl SerializeMap for Group<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.key = Some(key_of(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let key = self.key.take().unwrap_or_default();
        self.field(&key, value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close()
    }
}
