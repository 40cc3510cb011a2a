//! What is known from one round of reading to the next: what was noted, where dummies stand, how untyped values are
//! told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::duration;
use super::super::layers::{Ignored, Layers};
use super::super::leaves::Leaf;
use super::super::path::{Path, normal};
use super::super::place::Place;
use super::super::problems::{Found as Problem, MOST};
use super::super::tree::Node;
use super::dummy::{CANDIDATES, candidate_for};
use super::fault::{Fault, Found, unknown_key};

/// More than these are not told, beside that there may be more. It bounds what a large file that is wrong all over
/// costs.
const MOST_PROBLEMS: usize = MOST - 1;

/// The whole of a reading. Its cells are there because serde hands out no `&mut`.
pub(super) struct Session<'a> {
    layers: &'a Layers,
    base: &'a Path,
    complete: bool,
    problems: RefCell<Vec<Problem>>,
    /// Whether there are, or may be, more of them.
    more: Cell<bool>,
    ignored: RefCell<Vec<Ignored>>,
    /// Where dummies stand, and which of their answers they give.
    given: RefCell<BTreeMap<Path, usize>>,
    /// Whether something failed in this round already: what fails further out is the same.
    failed: Cell<bool>,
    /// Whether this round's value is not to be used, although nothing failed.
    again: Cell<bool>,
    /// What was asked for as `any` in this round: parts of flattened structs, of tagged and untagged enums. serde
    /// keeps them and asks for their types where this reader is not seen any more, so what is wrong with them is
    /// found by value.
    loose: RefCell<Vec<Loose>>,
    forms: RefCell<BTreeMap<Path, Form>>,
    names: RefCell<BTreeMap<Path, String>>,
    dropped: RefCell<BTreeSet<Path>>,
    /// Where nothing could be made of an empty variable, or flag.
    blanks: RefCell<BTreeSet<Path>>,
    secrets: RefCell<BTreeMap<Path, String>>,
    secret_files: RefCell<BTreeMap<PathBuf, Result<String, String>>>,
}

/// What a reading leaves behind, beside its value.
#[derive(Debug, Default)]
pub(in crate::options) struct Notes {
    pub(in crate::options) problems: Vec<Problem>,
    pub(in crate::options) ignored: Vec<Ignored>,
    /// Which secrets came from a file, and which.
    pub(in crate::options) secrets: BTreeMap<Path, String>,
    /// The files that secrets were read from, or should have been.
    pub(in crate::options) secret_files: Vec<PathBuf>,
}

/// A value, or the key of one, that was asked for without a type.
struct Loose {
    path: Path,
    place: Place,
    what: What,
}

enum What {
    Key(String),
    Value(Found),
}

/// As what a text is told where no type is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// As the type that it looks like.
    Guessed,
    Duration,
    /// As this text, which is the same but for case, `_` and `-`.
    Spelled(String),
}

/// Where in the tree something is read.
pub(super) struct Spot {
    pub(super) path: Path,
    pub(super) place: Option<Place>,
    /// What stands there, if it is a text.
    pub(super) text: Option<String>,
    pub(super) secret: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(layers: &'a Layers, base: &'a Path, complete: bool) -> Self {
        Self {
            layers,
            base,
            complete,
            problems: RefCell::default(),
            more: Cell::default(),
            ignored: RefCell::default(),
            given: RefCell::default(),
            failed: Cell::default(),
            again: Cell::default(),
            loose: RefCell::default(),
            forms: RefCell::default(),
            names: RefCell::default(),
            dropped: RefCell::default(),
            blanks: RefCell::default(),
            secrets: RefCell::default(),
            secret_files: RefCell::default(),
        }
    }

    pub(super) fn begin(&self) {
        self.failed.set(false);
        self.again.set(false);
        self.loose.borrow_mut().clear();
    }

    pub(super) fn must_go_again(&self) -> bool {
        self.again.get()
    }

    pub(super) fn layers(&self) -> &'a Layers {
        self.layers
    }

    pub(super) fn root(&self) -> Spot {
        let place = (!self.layers.is_empty()).then(|| self.layers.merged.place.clone());
        Spot { path: Path::default(), place, text: None, secret: false }
    }

    pub(super) fn into_notes(self) -> Notes {
        let mut problems = self.problems.into_inner();
        if self.more.get() {
            problems.push(Problem::new(None, self.base, "there may be more that is wrong"));
        }
        Notes {
            problems,
            ignored: self.ignored.into_inner(),
            secrets: self.secrets.into_inner(),
            secret_files: self.secret_files.into_inner().into_keys().collect(),
        }
    }

    // Dummies.

    /// Which answer a dummy at `path` gives, if there is one.
    pub(super) fn given(&self, path: &Path) -> Option<usize> {
        self.given.borrow().get(path).copied()
    }

    /// The keys right below `path` that have dummies.
    pub(super) fn given_keys(&self, path: &Path) -> Vec<Path> {
        let given = self.given.borrow();
        below(&given, path).map(|(its, _)| its).filter(|its| its.len() == path.len() + 1).cloned().collect()
    }

    pub(super) fn give(&self, path: &Path) {
        self.given.borrow_mut().entry(path.clone()).or_insert(0);
    }

    pub(super) fn has_dummies(&self) -> bool {
        !self.given.borrow().is_empty()
    }

    /// Whether even the whole is a dummy.
    pub(super) fn gave_up(&self) -> bool {
        self.given(&Path::default()).is_some()
    }

    /// Another answer of the dummy at `path`; where it has none left, one for the whole around it.
    fn another_answer(&self, path: &Path) {
        let mut given = self.given.borrow_mut();
        let answer = given.entry(path.clone()).or_insert(0);
        *answer += 1;
        if *answer >= CANDIDATES {
            let around = path.parent().unwrap_or_default();
            given.entry(around).or_insert(0);
        }
    }

    /// The dummy to blame where a value could not be made of what holds it.
    fn dummy_below(&self, path: &Path) -> Option<Path> {
        let given = self.given.borrow();
        below(&given, path).find(|(_, answer)| **answer < CANDIDATES).map(|(its, _)| its.clone())
    }

    fn has_dummy_below(&self, path: &Path) -> bool {
        below(&self.given.borrow(), path).next().is_some()
    }

    // Problems.

    /// Notes a problem, once.
    pub(super) fn note(&self, path: &Path, place: Option<Place>, message: impl Into<String>) {
        let problem = Problem::new(place, &self.base.join(path), message);
        let mut problems = self.problems.borrow_mut();
        match problems.contains(&problem) {
            true => {}
            false if problems.len() < MOST_PROBLEMS => problems.push(problem),
            false => self.more.set(true),
        }
    }

    /// Whether nobody would read on.
    pub(super) fn has_enough(&self) -> bool {
        self.problems.borrow().len() >= MOST_PROBLEMS
    }

    /// Notes what is wrong with the value at `spot`, and puts a dummy in its place.
    pub(super) fn blame(&self, spot: &Spot, message: impl Into<String>) {
        if self.is_blank(spot) && self.blanks.borrow_mut().insert(spot.path.clone()) {
            return self.go_again();
        }
        self.note(&spot.path, spot.place.clone(), message);
        self.give(&spot.path);
    }

    /// Reads the whole once more, whatever else this round comes to: that does not count.
    fn go_again(&self) {
        self.failed.set(true);
        self.again.set(true);
    }

    /// Where `node` stands for nothing, it is read again without it. Not so in lists, whose values are counted.
    pub(super) fn passes_over(&self, path: &Path, node: &Node, section_is_asked_for: bool) -> bool {
        let is_new = self.layers.is_nothing(node, section_is_asked_for)
            && self.dropped.borrow_mut().insert(path.clone());
        if is_new {
            self.go_again();
        }
        is_new
    }

    /// Whether nothing could be made of an empty text at `path`, so that it is no value where there may be none.
    pub(super) fn is_none(&self, path: &Path) -> bool {
        self.blanks.borrow().contains(path)
    }

    /// Whether there is no more than an empty variable, or flag.
    fn is_blank(&self, spot: &Spot) -> bool {
        spot.text.as_deref() == Some("")
            && spot.place.as_ref().is_some_and(|place| self.layers.is_outside_of_files(place))
    }

    /// A key that nothing reads, among those that are `known`.
    pub(super) fn unknown(&self, path: &Path, known: &[&str]) {
        self.unread(path, |spelling| unknown_key(spelling, known));
    }

    /// A key for a secret's file beside what is no secret. It is read again without it.
    pub(super) fn not_a_file(&self, path: &Path, message: &str) {
        self.unread(path, |_| message.to_owned());
        self.dropped.borrow_mut().insert(path.clone());
        self.again.set(true);
    }

    /// A key that nothing reads: a mistake in those layers that are ours alone.
    fn unread(&self, path: &Path, message: impl Fn(&str) -> String) {
        let (refused, listed) = self.layers.unknown(path);
        let outer = path.parent().unwrap_or_default();
        for entry in refused {
            self.note(&outer.key(&entry.spelling), Some(entry.place.clone()), message(&entry.spelling));
        }
        let mut ignored = self.ignored.borrow_mut();
        for key in listed {
            if !ignored.contains(&key) {
                ignored.push(key);
            }
        }
    }

    pub(super) fn gives_up(&self) {
        let mut problems = self.problems.borrow_mut();
        if problems.is_empty() {
            problems.push(Problem::new(None, self.base, "this cannot be read: no form of it fits"));
        } else {
            self.more.set(true);
        }
    }

    /// Takes in what failed at `spot`; from there on the failure is known.
    pub(super) fn settle<V>(&self, spot: &Spot, result: Result<V, Fault>) -> Result<V, Fault> {
        result.map_err(|fault| {
            if fault != Fault::Noted && !self.failed.replace(true) {
                self.fail(spot, &fault);
            }
            Fault::Noted
        })
    }

    /// Changes something for the next round, always: a note, a dummy, a form.
    fn fail(&self, spot: &Spot, fault: &Fault) {
        if self.given(&spot.path).is_some() {
            return self.another_answer(&spot.path);
        }
        if let Fault::Missing(key) = fault
            && self.missing(spot, key)
        {
            return;
        }
        if self.repair(&spot.path, fault) || self.pin_down(spot, fault) {
            return;
        }
        if self.has_dummy_below(&spot.path) {
            // It follows from a dummy, and is no mistake of its own.
            return match self.dummy_below(&spot.path).filter(|below| self.is_loose(below)) {
                Some(below) => self.another_answer(&below),
                None => self.give(&spot.path),
            };
        }
        // What serde keeps may be meant for a secret, of which it tells nothing.
        let is_quotable = !spot.secret && !self.is_loose(&spot.path);
        let quote = spot.text.as_ref().filter(|text| is_quotable && fault.leaves_out(text));
        let found = quote.map_or_else(String::new, |text| format!(", found {}", Found::Text(text.clone())));
        self.blame(spot, format!("{}{found}", fault.message(spot.secret)));
    }

    /// A key that a struct needs. Where it is there under another spelling, that is repaired.
    fn missing(&self, spot: &Spot, key: &'static str) -> bool {
        let path = spot.path.key(key);
        if self.given(&path).is_some() {
            return false;
        }
        if self.rename(&spot.path, key) {
            return true;
        }
        if self.complete {
            self.note(&path, spot.place.clone(), "this key is missing, and has no default");
        }
        self.give(&path);
        true
    }

    // Values that were asked for without a type.

    pub(super) fn is_loose_value(&self, path: &Path, node: &Node) {
        let what = What::Value(Found::of(&node.content));
        self.loose.borrow_mut().push(Loose { path: path.clone(), place: node.place.clone(), what });
    }

    pub(super) fn is_loose_key(&self, path: &Path, spelling: &str, place: &Place) {
        let what = What::Key(spelling.to_owned());
        self.loose.borrow_mut().push(Loose { path: path.clone(), place: place.clone(), what });
    }

    fn is_loose(&self, path: &Path) -> bool {
        self.loose.borrow().iter().any(|loose| loose.path == *path)
    }

    pub(super) fn form(&self, path: &Path) -> Option<Form> {
        self.forms.borrow().get(path).cloned()
    }

    /// How the key at `path` is told; its own spelling where that is not known better.
    pub(super) fn name(&self, path: &Path, spelling: &str) -> String {
        self.names.borrow().get(path).cloned().unwrap_or_else(|| spelling.to_owned())
    }

    pub(super) fn is_dropped(&self, path: &Path) -> bool {
        self.dropped.borrow().contains(path)
    }

    /// Tells a value, or a key, in another form, if there is one to try.
    fn repair(&self, within: &Path, fault: &Fault) -> bool {
        match fault {
            Fault::Unfit { found: Found::Text(text), expected } => {
                let form = if expected == "struct Duration" { Form::Duration } else { Form::Guessed };
                let fits = match form {
                    Form::Duration => duration::parse(text).is_ok(),
                    _ => looks_typed(text),
                };
                fits && self.reform(within, text, &form)
            }
            Fault::UnknownVariant { found, known } => {
                let Some(name) = known.iter().find(|name| normal(name) == normal(found)) else {
                    return false;
                };
                self.rename(within, name) || self.reform(within, found, &Form::Spelled((*name).to_owned()))
            }
            _ => false,
        }
    }

    fn reform(&self, within: &Path, text: &str, form: &Form) -> bool {
        let mut forms = self.forms.borrow_mut();
        let loose = self.loose.borrow();
        let untried = loose.iter().find(|loose| {
            let same = matches!(&loose.what, What::Value(Found::Text(its)) if its == text);
            same && within.holds(&loose.path) && forms.get(&loose.path) != Some(form)
        });
        untried.map(|loose| forms.insert(loose.path.clone(), form.clone())).is_some()
    }

    /// Gives the key that is meant by `name` this very name.
    fn rename(&self, within: &Path, name: &str) -> bool {
        let mut names = self.names.borrow_mut();
        let loose = self.loose.borrow();
        let meant = loose.iter().find(|loose| {
            let other = matches!(&loose.what, What::Key(its) if its != name && normal(its) == normal(name));
            other && within.holds(&loose.path) && names.get(&loose.path).is_none_or(|its| its != name)
        });
        meant.map(|loose| names.insert(loose.path.clone(), name.to_owned())).is_some()
    }

    /// Finds the one value, or key, that a failure further out is about.
    fn pin_down(&self, spot: &Spot, fault: &Fault) -> bool {
        let about = |loose: &&Loose| {
            let same = match (fault, &loose.what) {
                (Fault::Unfit { found, .. }, What::Value(value)) => value == found,
                (Fault::UnknownVariant { found, .. }, What::Value(Found::Text(text))) => text == found,
                (Fault::UnknownKey { found, .. } | Fault::UnknownVariant { found, .. }, What::Key(key)) => {
                    key == found
                }
                _ => false,
            };
            same && loose.path != spot.path
                && spot.path.holds(&loose.path)
                && self.given(&loose.path).is_none()
        };
        let loose = self.loose.borrow();
        let mut candidates = loose.iter().filter(about);
        let (Some(only), None) = (candidates.next(), candidates.next()) else { return false };
        let (path, place) = (only.path.clone(), Some(only.place.clone()));
        let at = Spot { path, place, text: None, secret: spot.secret };
        if let Fault::UnknownKey { known, .. } = fault {
            self.unknown(&at.path, known);
            return self.dropped.borrow_mut().insert(at.path);
        }
        self.note(&at.path, at.place, fault.message(at.secret));
        let answer = if let Fault::Unfit { expected, .. } = fault { candidate_for(expected) } else { 0 };
        self.given.borrow_mut().insert(at.path, answer);
        true
    }

    /// Takes over the spelling of keys that `leaves`, the value as it would be written, shows: flattened structs
    /// look for their keys in exactly that one. Whether there is something to read again.
    pub(super) fn respell(&self, leaves: &[Leaf]) -> bool {
        let written = spellings(leaves);
        let mut names = self.names.borrow_mut();
        let mut changed = false;
        for loose in self.loose.borrow().iter() {
            let (What::Key(spelling), Some(spelled)) = (&loose.what, written.get(&loose.path)) else {
                continue;
            };
            let known = spelled.contains(names.get(&loose.path).unwrap_or(spelling));
            if let Some(name) = spelled.first().filter(|_| !known) {
                changed |= names.insert(loose.path.clone(), name.clone()).is_none();
            }
        }
        changed
    }

    // Secrets.

    /// The content of a secret's file, without the line break at its end. Read once.
    pub(super) fn secret_file(&self, path: PathBuf) -> Result<String, String> {
        let read = || super::super::files::read_secret(&path);
        self.secret_files.borrow_mut().entry(path.clone()).or_insert_with(read).clone()
    }

    pub(super) fn secret_came_from(&self, path: &Path, source: String) {
        self.secrets.borrow_mut().insert(self.base.join(path), source);
    }
}

/// What is given at `path` and below it, which is one stretch of all.
fn below<'a>(
    given: &'a BTreeMap<Path, usize>,
    path: &'a Path,
) -> impl Iterator<Item = (&'a Path, &'a usize)> {
    given.range(path..).take_while(|(its, _)| path.holds(its))
}

/// Each path to a leaf or on the way to one, with the spellings of its last key.
fn spellings(leaves: &[Leaf]) -> BTreeMap<Path, BTreeSet<String>> {
    let mut written: BTreeMap<Path, BTreeSet<String>> = BTreeMap::new();
    for leaf in leaves {
        for count in 1..=leaf.path.len() {
            let path = leaf.path.first(count);
            let spelled = path.last().unwrap_or_default();
            written.entry(path).or_default().insert(spelled);
        }
    }
    written
}

/// Whether a text could be a number or a truth value.
fn looks_typed(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok()
        || ["true", "false"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}
