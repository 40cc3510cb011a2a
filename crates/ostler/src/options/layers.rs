//! The layers of a configuration, each a tree, and the one tree that they come to.
//!
//! Which layer's value stands is decided by the crate `config`: each layer is a [`config::Source`]. What passes
//! through it is only the shape: normal keys, and for each value a number as its origin, by which the value is
//! found again as it was written, with its spelling and its place. (`config` would lower no case, keeps one text as
//! an origin, and reads a `.` in a key as a path.)

use std::fmt::Debug;
use std::path::PathBuf;

use config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::path::{Path, normal};
use super::place::Place;
use super::problems::Found;
use super::read::fault::Found as Seen;
use super::tree::{Content, Entry, Node, Section};

/// One layer. Its number, in its places, says how strong it is.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) root: Node,
    pub(super) unknown: Unknown,
    /// Where the paths that stand in it begin; `None` for the working directory.
    pub(super) folder: Option<PathBuf>,
    /// Whether it is a file, or stands for one.
    pub(super) is_file: bool,
    /// Whether it says nothing of the section that is bound.
    pub(super) is_absent: bool,
}

/// What is done with keys that nothing reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are problems.
    Refuse,
    /// As `appsettings.json` is shared with others: at the top they are listed, further in they are problems.
    ListAtTop,
    /// Nobody minds: variables without a prefix, most of which are other programs'.
    Ignore,
}

/// A key that was passed over, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ignored {
    pub(super) key: String,
    pub(super) place: Place,
}

impl Layer {
    fn section(&self) -> Option<&Section> {
        match &self.root.content {
            Content::Section(section) => Some(section),
            _ => None,
        }
    }

    /// Only what stands at `path`. Notes what stands beside it, and what stands in its way.
    fn narrow(&mut self, path: &Path, beside: &mut Vec<Ignored>, problems: &mut Vec<Found>) {
        for (depth, part) in path.parts().iter().enumerate() {
            let empty = Node::section(self.root.place.clone(), Section::new());
            let node = std::mem::replace(&mut self.root, empty);
            let Content::Section(mut section) = node.content else {
                self.is_absent = true;
                problems.extend(self.no_section(&path.first(depth), &node));
                return;
            };
            let inner = section.remove(&part.normal());
            beside.extend(section.into_values().map(|entry| Ignored {
                key: path.first(depth).key(&entry.spelling).to_string(),
                place: entry.place,
            }));
            match inner {
                Some(entry) if !self.is_no_value(&entry.node) => self.root = entry.node,
                _ => return self.is_absent = true,
            }
        }
    }

    /// Whether `node` says no more than that there is nothing: in .NET's files, `null` does.
    fn is_no_value(&self, node: &Node) -> bool {
        self.unknown == Unknown::ListAtTop && matches!(node.content, Content::Null)
    }

    /// What could not be read has been told.
    fn no_section(&self, path: &Path, node: &Node) -> Option<Found> {
        let found = Seen::of(&node.content);
        let message = format!("expected a section, found {found}");
        let unread = matches!(node.content, Content::Unread);
        (!unread).then(|| Found::new(Some(node.place.clone()), path, message))
    }
}

/// All of a configuration that is bound.
#[derive(Debug)]
pub(super) struct Layers {
    layers: Vec<Layer>,
    /// What stands outside of the section that is bound.
    pub(super) ignored: Vec<Ignored>,
    /// What stands where the section that is bound should be.
    pub(super) problems: Vec<Found>,
    /// What the layers come to.
    pub(super) merged: Node,
    /// Whether the top is a section among others.
    narrowed: bool,
}

impl Layers {
    /// The `section` of `layers`, the weakest first, merged.
    pub(super) fn merge(mut layers: Vec<Layer>, section: &Path) -> Self {
        let (mut ignored, mut problems) = (Vec::new(), Vec::new());
        layers.iter_mut().for_each(|layer| layer.narrow(section, &mut ignored, &mut problems));
        yield_to_sections(&mut layers);
        let mut nodes = Vec::new();
        let with_it = layers.iter().filter(|layer| !layer.is_absent);
        let sources = with_it.map(|layer| Shape(shape(&layer.root, &mut nodes)));
        let builder = sources.fold(Config::builder(), |builder, source| builder.add_source(source));
        // Nothing in it can fail: no source reads anything, and no key is a path.
        let merged = builder.build().and_then(|merged| merged.collect()).unwrap_or_default().remove(ROOT);
        let merged = rebuild(merged.unwrap_or_default(), &Path::default(), &layers, &nodes);
        drop(nodes);
        Self { layers, ignored, problems, merged, narrowed: !section.is_empty() }
    }

    /// Where an unknown key stands: in layers that mind, and in those that only list it.
    pub(super) fn unknown(&self, path: &Path) -> (Vec<&Entry>, Vec<Ignored>) {
        let (mut refused, mut listed) = (Vec::new(), Vec::new());
        let at_top = path.len() == 1 && !self.narrowed;
        for layer in &self.layers {
            let Some(entry) = layer.root.find_entry(path) else { continue };
            match layer.unknown {
                Unknown::Ignore => {}
                Unknown::ListAtTop if at_top => {
                    listed.push(Ignored {
                        key: crate::error::escaped(&entry.spelling),
                        place: entry.place.clone(),
                    });
                }
                _ => refused.push(entry),
            }
        }
        (refused, listed)
    }

    /// Where the paths in the layer of `place` begin.
    pub(super) fn folder(&self, place: &Place) -> Option<&std::path::Path> {
        self.layer(place)?.folder.as_deref()
    }

    /// Whether `node` stands for nothing where another type is asked for: `null` in a file of .NET's, and a text for
    /// a section among variables that may be others'.
    pub(super) fn is_nothing(&self, node: &Node, section_is_asked_for: bool) -> bool {
        let others_may = |layer: &Layer| layer.unknown == Unknown::Ignore;
        self.layer(&node.place).is_some_and(|layer| match node.content {
            Content::Null => layer.is_no_value(node),
            Content::Text(_) => section_is_asked_for && others_may(layer),
            _ => false,
        })
    }

    /// Whether what stands at `place` is in no file: a variable, or a flag.
    pub(super) fn is_outside_of_files(&self, place: &Place) -> bool {
        self.layer(place).is_some_and(|layer| !layer.is_file)
    }

    fn layer(&self, place: &Place) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.root.place.layer() == place.layer())
    }

    /// Whether there is anything at all.
    pub(super) fn is_empty(&self) -> bool {
        self.layers.iter().all(|layer| layer.section().is_some_and(Section::is_empty))
    }
}

/// Among variables that may be others' a text never takes the place of a section: who sets `PATH` knows nothing of
/// it.
fn yield_to_sections(layers: &mut [Layer]) {
    for at in 0..layers.len() {
        let (weaker, rest) = layers.split_at_mut(at);
        let Some(layer) = rest.first_mut().filter(|layer| layer.unknown == Unknown::Ignore) else { continue };
        let roots: Vec<_> = weaker.iter().map(|layer| &layer.root).collect();
        yield_to(&mut layer.root, &roots);
    }
}

fn yield_to(node: &mut Node, weaker: &[&Node]) {
    let Content::Section(section) = &mut node.content else { return };
    section.retain(|key, entry| {
        let inner = weaker.iter().filter_map(|node| match &node.content {
            Content::Section(section) => section.get(key).map(|entry| &entry.node),
            _ => None,
        });
        let inner: Vec<_> = inner.collect();
        yield_to(&mut entry.node, &inner);
        let is_section = |node: &Node| matches!(node.content, Content::Section(_));
        is_section(&entry.node) || !inner.iter().any(|node| is_section(node))
    });
}

/// The only top-level key, so that `config` reads none of ours as a path.
const ROOT: &str = "options";

/// A layer as `config` sees it.
#[derive(Debug, Clone)]
struct Shape(Value);

impl Source for Shape {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(Map::from([(ROOT.to_owned(), self.0.clone())]))
    }
}

/// Sections are merged key by key; all else, lists too, is taken or not taken as a whole.
fn shape<'a>(node: &'a Node, nodes: &mut Vec<&'a Node>) -> Value {
    if let Content::Section(section) = &node.content {
        let table: Map<_, _> =
            section.iter().map(|(key, entry)| (key.clone(), shape(&entry.node, nodes))).collect();
        return Value::new(None, table);
    }
    nodes.push(node);
    Value::new(Some(&(nodes.len() - 1).to_string()), ValueKind::Nil)
}

fn rebuild(value: Value, path: &Path, layers: &[Layer], nodes: &[&Node]) -> Node {
    let origin = value.origin().and_then(|origin| origin.parse::<usize>().ok());
    if let Some(node) = origin.and_then(|at| nodes.get(at)) {
        return (*node).clone();
    }
    let table = if let ValueKind::Table(table) = value.kind { table } else { Map::new() };
    let entries = table.into_iter().filter_map(|(key, value)| {
        let path = path.key(&key);
        let place = entries_at(layers, &path).last()?.place.clone();
        // The weakest layer's spelling: a file's key, which a variable overrides, is not shouted.
        let spelling = entries_at(layers, &path).next()?.spelling.clone();
        let path = path.parent().unwrap_or_default().key(&spelling);
        let node = rebuild(value, &path, layers, nodes);
        Some((normal(&spelling), Entry { spelling, place, node }))
    });
    let entries = entries.collect();
    Node::section(place_of_section(layers, path), entries)
}

fn entries_at<'a>(layers: &'a [Layer], path: &'a Path) -> impl Iterator<Item = &'a Entry> {
    layers.iter().filter_map(|layer| layer.root.find_entry(path))
}

/// A section may have parts in several layers. A file's is of most use to who looks for it.
fn place_of_section(layers: &[Layer], path: &Path) -> Place {
    let with_it = |layer: &&Layer| layer.root.find(path).is_some();
    let in_file = layers.iter().rev().filter(|layer| layer.is_file).find(with_it);
    let layer = in_file.or_else(|| layers.iter().rev().find(with_it));
    layer
        .and_then(|layer| layer.root.find(path))
        .map_or_else(|| Place::named(0, ""), |node| node.place.clone())
}
