//! What lies inside a value: the elements of a list, the fields of a struct, the keys of a map, the content of a
//! variant.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::super::path::Path;
use super::super::tree::{Content, Entry, Node, Section};
use super::fault::Fault;
use super::reader::{Field, Reader};

/// A key, as serde takes it.
fn key<'de, S: DeserializeSeed<'de>>(seed: S, name: &str) -> Result<S::Value, Fault> {
    let name: StrDeserializer<'_, Fault> = name.into_deserializer();
    seed.deserialize(name)
}

/// The values of a list.
pub(super) struct Elements<'a> {
    at: usize,
    values: Vec<&'a Node>,
    reader: Reader<'a>,
}

impl<'a> Elements<'a> {
    pub(super) fn of(values: Vec<&'a Node>, reader: Reader<'a>) -> Self {
        Self { at: 0, values, reader }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.values.get(self.at) else { return Ok(None) };
        let path = self.reader.path.index(self.at);
        self.at += 1;
        self.reader.read_node(seed, path, node).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len() - self.at)
    }
}

/// The fields of a struct, by its own names.
pub(super) struct Fields<'a> {
    fields: std::vec::IntoIter<Field<'a>>,
    next: Option<Field<'a>>,
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(fields: Vec<Field<'a>>, reader: Reader<'a>) -> Self {
        Self { fields: fields.into_iter(), next: None, reader }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.next = self.fields.next();
        self.next.as_ref().map(|field| key(seed, field.name)).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some(field) = self.next.take() else { return Err(Fault::custom("a value before its key")) };
        self.reader.read(seed, self.reader.path.key(field.name), &field)
    }
}

/// The keys of a map, as they are written.
pub(super) struct Keys<'a> {
    entries: std::vec::IntoIter<(Path, Option<&'a Entry>)>,
    next: Option<(Path, Option<&'a Entry>)>,
    reader: Reader<'a>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(section: &'a Section, reader: Reader<'a>) -> Self {
        let path = |entry: &Entry| {
            let path = reader.path.key(&entry.spelling);
            reader.path.key(&reader.session.name(&path, &entry.spelling))
        };
        let mut entries: Vec<_> = section.values().map(|entry| (path(entry), Some(entry))).collect();
        entries.retain(|(path, _)| !reader.session.is_dropped(path));
        for given in reader.session.given_keys(&reader.path) {
            if entries.iter().all(|(path, _)| *path != given) {
                entries.push((given, None));
            }
        }
        Self { entries: entries.into_iter(), next: None, reader }
    }
}

impl<'de> MapAccess<'de> for Keys<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.next = self.entries.next();
        let Some((path, entry)) = &self.next else { return Ok(None) };
        let Some(entry) = entry else { return key(seed, &path.last().unwrap_or_default()).map(Some) };
        let name = self.reader.session.name(path, &entry.spelling);
        self.reader.session.is_loose_key(path, &name, &entry.place);
        // A number or an enum may be a key too.
        let node = Node::text(entry.place.clone(), name);
        let (session, path, secret) = (self.reader.session, path.clone(), self.reader.secret);
        let reader = Reader { session, path, node: Some(&node), file: None, secret, key: true };
        let spot = reader.spot();
        session.settle(&spot, seed.deserialize(reader)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some((path, entry)) = self.next.take() else {
            return Err(Fault::custom("a value before its key"));
        };
        self.reader.read(seed, path, &Field { name: "", node: entry.map(|entry| &entry.node), file: None })
    }
}

/// A variant of an enum, with its content if it has one.
pub(super) struct Variant<'a> {
    variant: &'static str,
    content: Option<&'a Node>,
    reader: Reader<'a>,
}

impl<'a> Variant<'a> {
    pub(super) fn of(variant: &'static str, content: Option<&'a Node>, reader: Reader<'a>) -> Self {
        Self { variant, content, reader }
    }

    fn content(&self) -> Result<&'a Node, Fault> {
        self.content.ok_or_else(|| Fault::Other(format!("`{}` needs a value of its own", self.variant)))
    }

    /// The variant's content, to be read as `read` does.
    fn read<V>(self, read: impl FnOnce(Reader<'a>) -> Result<V, Fault>) -> Result<V, Fault> {
        let node = self.content()?;
        let Reader { session, path, secret, .. } = self.reader;
        let reader = Reader {
            session,
            path: path.key(self.variant),
            node: Some(node),
            file: None,
            secret,
            key: false,
        };
        let spot = reader.spot();
        session.settle(&spot, read(reader))
    }
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        Ok((key(seed, self.variant)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content.map(|node| &node.content) {
            None | Some(Content::Null) => Ok(()),
            Some(Content::Section(section)) if section.is_empty() => Ok(()),
            Some(_) => Err(Fault::Other(format!("`{}` takes no value", self.variant))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let node = self.content()?;
        let path = self.reader.path.key(self.variant);
        self.reader.read_node(seed, path, node)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.read(|reader| reader.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.read(|reader| reader.deserialize_struct("", names, visitor))
    }
}

/// A duration as serde's own implementation takes it.
pub(super) struct Parts {
    parts: std::vec::IntoIter<(&'static str, u64)>,
    next: u64,
}

impl Parts {
    pub(super) fn of(duration: std::time::Duration) -> Self {
        let parts = vec![("secs", duration.as_secs()), ("nanos", duration.subsec_nanos().into())];
        Self { parts: parts.into_iter(), next: 0 }
    }
}

impl<'de> MapAccess<'de> for Parts {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((name, value)) = self.parts.next() else { return Ok(None) };
        self.next = value;
        key(seed, name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.next.into_deserializer())
    }
}
