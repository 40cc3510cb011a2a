//! A serde deserializer over the merged tree. It knows the path and the place of what it reads, and notes what does
//! not fit.

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use super::super::duration::{self, Refused};
use super::super::path::{Path, normal};
use super::super::secret;
use super::super::tree::{Content, Entry, Node, Section};
use super::dummy::Dummy;
use super::fault::{Fault, Found, unknown_variant};
use super::inside::{Elements, Fields, Keys, Parts, Variant};
use super::scalar::{self, Wrong};
use super::session::{Form, Session, Spot};

/// One value of the tree, where it is asked for.
pub(super) struct Reader<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) path: Path,
    /// The value; `None` where there is only a file for it.
    pub(super) node: Option<&'a Node>,
    /// `key_file` beside `key`: good for secrets only.
    pub(super) file: Option<&'a Entry>,
    pub(super) secret: bool,
    /// Whether this is a map's key, which has the path of its value.
    pub(super) key: bool,
}

/// A struct's field and what there is for it; nothing where a dummy stands for it.
pub(super) struct Field<'a> {
    pub(super) name: &'static str,
    pub(super) node: Option<&'a Node>,
    pub(super) file: Option<&'a Entry>,
}

impl<'a> Reader<'a> {
    pub(super) fn root(session: &'a Session<'a>) -> Self {
        let node = Some(&session.layers().merged);
        Self { session, path: Path::default(), node, file: None, secret: false, key: false }
    }

    /// Reads what lies in this one, or has a dummy read in its place.
    pub(super) fn read<'de, S: DeserializeSeed<'de>>(
        &self,
        seed: S,
        at: Path,
        field: &Field<'_>,
    ) -> Result<S::Value, Fault> {
        let place = field.node.or(field.file.map(|file| &file.node)).map(|node| node.place.clone());
        if let Some(Node { content: Content::Unread, .. }) = field.node {
            self.session.give(&at);
        }
        let result = match self.session.given(&at) {
            Some(candidate) => seed.deserialize(Dummy::new(candidate)),
            None => {
                let Field { node, file, .. } = *field;
                seed.deserialize(Reader {
                    session: self.session,
                    path: at.clone(),
                    node,
                    file,
                    secret: self.secret,
                    key: false,
                })
            }
        };
        self.session.settle(
            &Spot { path: at, place, text: field.node.and_then(text_of), secret: self.secret },
            result,
        )
    }

    pub(super) fn read_node<'de, S: DeserializeSeed<'de>>(
        &self,
        seed: S,
        at: Path,
        node: &Node,
    ) -> Result<S::Value, Fault> {
        self.read(seed, at, &Field { name: "", node: Some(node), file: None })
    }

    pub(super) fn spot(&self) -> Spot {
        let place = self.node.map(|node| node.place.clone());
        Spot { path: self.path.clone(), place, text: self.node.and_then(text_of), secret: self.secret }
    }

    /// The value, where something else than a secret is asked for; then a file beside it is an unknown key.
    fn node(&self) -> Option<&'a Node> {
        if let Some(file) = self.file {
            let name = self.path.last().unwrap_or_default();
            let message = format!("unknown key; `{name}` is not a secret, so it cannot come from a file");
            self.session.not_a_file(&self.beside(file), &message);
        }
        self.node
    }

    /// The path of a key beside this one.
    fn beside(&self, entry: &Entry) -> Path {
        self.path.parent().unwrap_or_default().key(&entry.spelling)
    }

    /// The value as `read` reads it. `None`: it is noted why not.
    fn scalar<V>(&self, read: impl FnOnce(&'a Content) -> Result<V, Wrong>) -> Option<V> {
        let node = self.node()?;
        let content = &node.content;
        if let Content::Unread = content {
            self.session.give(&self.path);
            return None;
        }
        if self.session.passes_over(&self.path, node, false) {
            return None;
        }
        let found = || {
            if self.secret {
                "something else (a secret, not shown)".into()
            } else {
                Found::of(content).to_string()
            }
        };
        let message = match read(content) {
            Ok(value) => return Some(value),
            Err(Wrong::Unfit(expected)) => format!("expected {expected}, found {}", found()),
            Err(Wrong::OutOfRange(expected)) => {
                format!("expected {expected}, found {}, which is out of range", found())
            }
        };
        self.session.blame(&self.spot(), message);
        None
    }

    fn section(&self) -> Option<&'a Section> {
        if self.session.passes_over(&self.path, self.node()?, true) {
            return None;
        }
        self.scalar(|content| match content {
            Content::Section(section) => Ok(section),
            _ => Err(Wrong::Unfit("a section".into())),
        })
    }

    /// The values of a list. Variables write one as a section with the keys 0, 1, 2 and so on.
    fn list(&self) -> Option<Vec<&'a Node>> {
        let unfit = || Wrong::Unfit("a list".into());
        let list = self.scalar(|content| match content {
            Content::List(list) => Ok(list.iter().map(|node| (None, node)).collect()),
            Content::Section(section) => numbered(section).ok_or_else(unfit),
            _ => Err(unfit()),
        })?;
        let gap = list
            .iter()
            .enumerate()
            .find_map(|(at, (index, node))| index.filter(|index| *index != at).map(|_| (at, *node)));
        if let Some((missing, node)) = gap {
            let message =
                format!("the list has no value `{missing}`; its values are counted from 0, without gaps");
            self.session.blame(&Spot { place: Some(node.place.clone()), ..self.spot() }, message);
            return None;
        }
        Some(list.into_iter().map(|(_, node)| node).collect())
    }

    fn duration<'de, V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: Names,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let whole = |content: &Content, most| scalar::whole(content, 0, most).ok();
        let read = self.scalar(|content| match content {
            Content::Text(text) => {
                duration::parse(text).map_err(|refused| Wrong::Unfit(expected_instead(refused)))
            }
            // As serde itself writes one.
            Content::Section(section) if section.len() == 2 => {
                let part = |key, most| section.get(key).and_then(|entry| whole(&entry.node.content, most));
                let parts = part("secs", u64::MAX.into()).zip(part("nanos", 999_999_999));
                let parts =
                    parts.and_then(|(secs, nanos)| Some((secs.try_into().ok()?, nanos.try_into().ok()?)));
                let (secs, nanos) = parts.ok_or_else(|| Wrong::Unfit(duration::EXPECTED.into()))?;
                Ok(std::time::Duration::new(secs, nanos))
            }
            Content::Whole(_) | Content::Float(_) => Err(Wrong::Unfit(expected_instead(Refused::NoUnit))),
            _ => Err(Wrong::Unfit(duration::EXPECTED.into())),
        });
        match read {
            Some(duration) => visitor.visit_map(Parts::of(duration)),
            None => Dummy::new(0).deserialize_struct(name, fields, visitor),
        }
    }

    /// The fields for which there is something, and those for which there is a dummy. All other keys are unknown.
    fn fields(&self, section: &'a Section, names: Names) -> Vec<Field<'a>> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        for (key, entry) in section {
            if self.session.is_dropped(&self.path.key(key)) {
                continue;
            }
            if let Some(name) = name_of(names, key, &entry.spelling) {
                add(&mut fields, Field { name, node: Some(&entry.node), file: None });
            } else if let Some(name) = key.strip_suffix("file").and_then(|key| name_of(names, key, key)) {
                if !matches!(entry.node.content, Content::Null) {
                    add(&mut fields, Field { name, node: None, file: Some(entry) });
                }
            } else {
                self.session.unknown(&self.path.key(key), names);
            }
        }
        for given in self.session.given_keys(&self.path) {
            let name = given.last().and_then(|key| name_of(names, &normal(&key), &key));
            if let Some(name) = name.filter(|name| fields.iter().all(|field| field.name != *name)) {
                fields.push(Field { name, node: None, file: None });
            }
        }
        fields
    }

    /// A secret's own value or its file's content, whichever stands in the stronger layer.
    fn secret<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let own = self.node.map(|node| node.place.layer());
        match self.file {
            Some(file) if own.is_none_or(|own| own < file.node.place.layer()) => {
                self.secret_from(file, visitor)
            }
            Some(file) if own == Some(file.node.place.layer()) => {
                let name = self.path.last().unwrap_or_default();
                let path = self.beside(file);
                let message = format!("`{name}` stands beside it; one of the two is too many");
                self.session.note(&path, Some(file.place.clone()), message);
                visitor.visit_newtype_struct(Reader { file: None, secret: true, ..self })
            }
            _ => visitor.visit_newtype_struct(Reader { file: None, secret: true, ..self }),
        }
    }

    fn secret_from<'de, V: Visitor<'de>>(self, file: &Entry, visitor: V) -> Result<V::Value, Fault> {
        let path = self.beside(file);
        let read = match &file.node.content {
            Content::Text(name) => self.secret_text(name, &file.node),
            other => Err(format!("expected the path of a file, found {}", Found::of(other))),
        };
        match read {
            Ok(text) => {
                let node = Node::text(file.node.place.clone(), text);
                let Self { session, path, .. } = self;
                visitor.visit_newtype_struct(Reader {
                    session,
                    path,
                    node: Some(&node),
                    file: None,
                    secret: true,
                    key: false,
                })
            }
            Err(message) => {
                self.session.note(&path, Some(file.node.place.clone()), message);
                self.session.give(&self.path);
                Dummy::new(0).deserialize_newtype_struct(secret::NAME, visitor)
            }
        }
    }

    fn secret_text(&self, name: &str, node: &Node) -> Result<String, String> {
        let folder = self.session.layers().folder(&node.place);
        let path = folder.map_or_else(|| name.into(), |folder| folder.join(name));
        let text = self.session.secret_file(std::path::absolute(&path).unwrap_or(path))?;
        let source = format!("file {} ({})", crate::error::escaped(name), node.place);
        self.session.secret_came_from(&self.path, source);
        Ok(text)
    }

    /// As what to tell `node`, of which no type is asked. A key is told by its name.
    fn form(&self, node: &Node) -> Option<Form> {
        if self.key {
            return None;
        }
        self.session.is_loose_value(&self.path, node);
        self.session.form(&self.path)
    }

    /// A value of which no type is asked.
    fn any<'de, V: Visitor<'de>>(self, node: &'a Node, visitor: V) -> Result<V::Value, Fault> {
        let form = self.form(node);
        match &node.content {
            Content::Null | Content::Unread => visitor.visit_unit(),
            Content::Bool(value) => visitor.visit_bool(*value),
            Content::Whole(number) => whole_number(*number, visitor),
            Content::Float(number) => visitor.visit_f64(*number),
            Content::Text(text) => match form {
                None => visitor.visit_str(text),
                Some(Form::Spelled(spelled)) => visitor.visit_str(&spelled),
                Some(Form::Duration) => match duration::parse(text) {
                    Ok(duration) => visitor.visit_map(Parts::of(duration)),
                    Err(_) => visitor.visit_str(text),
                },
                Some(Form::Guessed) => guessed(text, visitor),
            },
            Content::List(list) => visitor.visit_seq(Elements::of(list.iter().collect(), self)),
            Content::Section(section) => visitor.visit_map(Keys::of(section, self)),
        }
    }

    /// Which variant is meant, and its content if it has one.
    fn variant(&self, names: Names) -> Option<(&'static str, Option<&'a Node>)> {
        let node = self.node()?;
        if self.session.passes_over(&self.path, node, false) {
            return None;
        }
        let (key, spelling, content) = match &node.content {
            Content::Text(text) => (normal(text), text, None),
            Content::Section(section) => match chosen(section) {
                Some((key, entry)) => (key.clone(), &entry.spelling, Some(&entry.node)),
                None => {
                    let expected = "the name of one variant".to_owned();
                    return self.scalar(|_| Err(Wrong::Unfit(expected)));
                }
            },
            other => {
                let found = if self.secret { "something else".into() } else { Found::of(other).to_string() };
                self.session.blame(&self.spot(), unknown_variant(&found, "", names));
                return None;
            }
        };
        if let Some(name) = name_of(names, &key, spelling) {
            return Some((name, content));
        }
        let found = Fault::UnknownVariant { found: spelling.clone(), known: names };
        self.session.blame(&self.spot(), found.message(self.secret));
        None
    }
}

fn text_of(node: &Node) -> Option<String> {
    if let Content::Text(text) = &node.content { Some(text.clone()) } else { None }
}

type Names = &'static [&'static str];

/// The name that is spelled so, or else the same but for case, `_` and `-`.
fn name_of(names: Names, key: &str, spelling: &str) -> Option<&'static str> {
    let exact = names.iter().find(|name| **name == spelling);
    exact.or_else(|| names.iter().find(|name| normal(name) == key)).copied()
}

fn add<'a>(fields: &mut Vec<Field<'a>>, field: Field<'a>) {
    match fields.iter_mut().find(|its| its.name == field.name) {
        Some(its) => {
            its.node = its.node.or(field.node);
            its.file = its.file.or(field.file);
        }
        None => fields.push(field),
    }
}

/// The values of a section whose keys are numbers, in their order.
fn numbered(section: &Section) -> Option<Vec<(Option<usize>, &Node)>> {
    let number =
        |key: &String| key.bytes().all(|byte| byte.is_ascii_digit()).then(|| key.parse().ok()).flatten();
    let numbered = section.iter().map(|(key, entry)| Some((Some(number(key)?), &entry.node)));
    let mut numbered: Vec<_> = numbered.collect::<Option<_>>()?;
    numbered.sort_by_key(|(index, _)| *index);
    (!numbered.is_empty()).then_some(numbered)
}

/// The only variant that is named, or the one that the strongest layer names.
fn chosen(section: &Section) -> Option<(&String, &Entry)> {
    let strongest = section.values().map(|entry| entry.place.layer()).max()?;
    let mut chosen = section.iter().filter(|(_, entry)| entry.place.layer() == strongest);
    chosen.next().filter(|_| chosen.next().is_none())
}

fn expected_instead(refused: Refused) -> String {
    match refused {
        Refused::NoUnit => "a duration with its unit, such as `30s` or `5m`".into(),
        Refused::Negative => "a duration that is not negative".into(),
        Refused::NotOne => duration::EXPECTED.into(),
    }
}

fn whole_number<'de, V: Visitor<'de>>(number: i128, visitor: V) -> Result<V::Value, Fault> {
    if let Ok(number) = u64::try_from(number) {
        visitor.visit_u64(number)
    } else if let Ok(number) = i64::try_from(number) {
        visitor.visit_i64(number)
    } else {
        visitor.visit_i128(number)
    }
}

fn guessed<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Fault> {
    let trimmed = text.trim();
    if let Ok(number) = trimmed.parse::<i128>() {
        whole_number(number, visitor)
    } else if let Ok(number) = trimmed.parse::<f64>() {
        visitor.visit_f64(number)
    } else if let Ok(value) = trimmed.to_ascii_lowercase().parse::<bool>() {
        visitor.visit_bool(value)
    } else {
        visitor.visit_str(text)
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $number:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let least = i128::try_from(<$number>::MIN).unwrap_or(i128::MIN);
            let most = i128::try_from(<$number>::MAX).unwrap_or(i128::MAX);
            match self.scalar(|content| scalar::whole(content, least, most)).map(<$number>::try_from) {
                Some(Ok(number)) => visitor.$visit(number),
                _ => Dummy::new(0).$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    whole_numbers! {
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_u128 visit_u128 u128, deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node() {
            Some(node) => self.any(node, visitor),
            None => Dummy::new(0).deserialize_any(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar(scalar::bool) {
            Some(value) => visitor.visit_bool(value),
            None => Dummy::new(0).deserialize_bool(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar(|content| scalar::float(content, f32::MAX.into())) {
            #[allow(clippy::cast_possible_truncation, reason = "it is within the range")]
            Some(number) => visitor.visit_f32(number as f32),
            None => Dummy::new(0).deserialize_f32(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar(|content| scalar::float(content, f64::MAX)) {
            Some(number) => visitor.visit_f64(number),
            None => Dummy::new(0).deserialize_f64(visitor),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar(scalar::char) {
            Some(c) => visitor.visit_char(c),
            None => Dummy::new(0).deserialize_char(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar(scalar::text) {
            Some(text) => visitor.visit_str(text),
            None => Dummy::new(0).deserialize_str(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    /// The kind of a tagged enum.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node().and_then(|node| self.form(node)) {
            Some(Form::Spelled(spelled)) => visitor.visit_str(&spelled),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node() {
            Some(Node { content: Content::List(_), .. }) => self.deserialize_seq(visitor),
            _ => match self.scalar(scalar::text) {
                Some(text) => visitor.visit_bytes(text.as_bytes()),
                None => Dummy::new(0).deserialize_bytes(visitor),
            },
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match (self.node, self.file) {
            (Some(Node { content: Content::Null, .. }), None) => visitor.visit_none(),
            _ if self.session.is_none(&self.path) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == secret::NAME { self.secret(visitor) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.list() {
            Some(values) => visitor.visit_seq(Elements::of(values, self)),
            None => Dummy::new(0).deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        match self.list() {
            Some(values) if values.len() == length => visitor.visit_seq(Elements::of(values, self)),
            Some(values) => {
                let message = format!("expected a list of {length}, found a list of {}", values.len());
                self.session.blame(&self.spot(), message);
                Dummy::new(0).deserialize_tuple(length, visitor)
            }
            None => Dummy::new(0).deserialize_tuple(length, visitor),
        }
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
        match self.section() {
            Some(section) => visitor.visit_map(Keys::of(section, self)),
            None => Dummy::new(0).deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == "Duration" && names == ["secs", "nanos"] {
            return self.duration(name, names, visitor);
        }
        match self.section() {
            Some(section) => visitor.visit_map(Fields::of(self.fields(section, names), self)),
            None => Dummy::new(0).deserialize_struct(name, names, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.variant(names) {
            Some((variant, content)) => visitor.visit_enum(Variant::of(variant, content, self)),
            None => Dummy::new(0).deserialize_enum(name, names, visitor),
        }
    }
}
