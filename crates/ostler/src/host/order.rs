//! In which order units start, and the reverse in which they stop: pure, from their waves and their `after` edges.
//!
//! A unit that comes after one of a later wave is of that wave itself. So all edges lead from a wave to the same or an
//! earlier one, and waves and edges cannot contradict each other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::Wave;
use crate::error::RegistrationError;

/// What the order is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) wave: Wave,
    pub(crate) init: bool,
    pub(crate) after: &'a [String],
}

/// See the module. Units are named by their place among all.
#[derive(Debug, Default)]
pub(crate) struct Order {
    waves: Vec<Wave>,
    /// Direct edges: those that a unit comes after. Only of units that have any.
    after: HashMap<usize, Vec<usize>>,
    before: HashMap<usize, Vec<usize>>,
    /// Each wave's units, each after those it comes after, else in order of registration.
    sequence: Vec<usize>,
}

impl Order {
    /// The order of `units`.
    ///
    /// # Errors
    /// Names in `after` that no unit has, and cycles.
    pub(crate) fn new(units: &[Entry<'_>]) -> Result<Self, Vec<RegistrationError>> {
        let (mut after, mistakes) = edges(units);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let sorted = dependencies_first(units, &after)?;
        let mut waves: Vec<Wave> = units.iter().map(|unit| unit.wave).collect();
        for &unit in &sorted {
            for &other in after.get(&unit).into_iter().flatten() {
                waves[unit] = waves[unit].max(waves[other]);
            }
        }
        let sequence = sequence(&waves, &after);
        chain_inits(units, &waves, &sequence, &mut after);
        let before = reversed(&after);
        Ok(Self { waves, after, before, sequence })
    }

    pub(crate) fn wave(&self, unit: usize) -> Wave {
        self.waves[unit]
    }

    /// Those that this unit comes after, by an edge.
    pub(crate) fn after(&self, unit: usize) -> &[usize] {
        self.after.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// Those that come after this unit, by an edge.
    pub(crate) fn before(&self, unit: usize) -> &[usize] {
        self.before.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// All units, wave by wave.
    pub(crate) fn sequence(&self) -> &[usize] {
        &self.sequence
    }
}

type Edges = HashMap<usize, Vec<usize>>;

fn edges(units: &[Entry<'_>]) -> (Edges, Vec<RegistrationError>) {
    let (mut edges, mut mistakes) = (Edges::new(), Vec::new());
    if units.iter().all(|unit| unit.after.is_empty()) {
        return (edges, mistakes);
    }
    let places: HashMap<&str, usize> = units.iter().enumerate().map(|(at, unit)| (unit.name, at)).collect();
    for (at, unit) in units.iter().enumerate() {
        for name in unit.after {
            match places.get(name.as_str()) {
                Some(&other) => edges.entry(at).or_default().push(other),
                None => {
                    let text = format!("there is no unit `{name}`");
                    mistakes.push(RegistrationError::new(unit.name, "after", text));
                }
            }
        }
    }
    (edges, mistakes)
}

/// Each unit after those it comes after.
fn dependencies_first(units: &[Entry<'_>], after: &Edges) -> Result<Vec<usize>, Vec<RegistrationError>> {
    let mut sorted = Vec::with_capacity(units.len());
    let mut marks = vec![Mark::New; units.len()];
    let mut mistakes = Vec::new();
    for unit in 0..units.len() {
        // The units on the way from `unit` down, each with how many of its edges have been followed.
        let mut path: Vec<(usize, usize)> = Vec::new();
        enter(unit, &mut marks, &mut path);
        while let Some((at, followed)) = path.last_mut() {
            let (at, others) = (*at, after.get(at).map_or(&[][..], Vec::as_slice));
            let Some(&other) = others.get(*followed) else {
                marks[at] = Mark::Done;
                sorted.push(at);
                path.pop();
                continue;
            };
            *followed += 1;
            match marks[other] {
                Mark::New => enter(other, &mut marks, &mut path),
                Mark::OnTheWay => mistakes.push(cycle(units, &path, other)),
                Mark::Done => {}
            }
        }
    }
    if mistakes.is_empty() { Ok(sorted) } else { Err(mistakes) }
}

fn reversed(edges: &Edges) -> Edges {
    let mut reversed = Edges::new();
    for (&unit, others) in edges {
        others.iter().for_each(|&other| reversed.entry(other).or_default().push(unit));
    }
    reversed
}

/// Wave by wave, each unit as early as its edges and its place in the registration allow (Kahn's algorithm).
fn sequence(waves: &[Wave], after: &Edges) -> Vec<usize> {
    let before = reversed(after);
    let mut left: Vec<usize> = (0..waves.len()).map(|unit| after.get(&unit).map_or(0, Vec::len)).collect();
    let free = (0..waves.len()).filter(|&unit| left[unit] == 0);
    let mut free: BinaryHeap<Reverse<(Wave, usize)>> =
        free.map(|unit| Reverse((waves[unit], unit))).collect();
    let mut sequence = Vec::with_capacity(waves.len());
    while let Some(Reverse((_, unit))) = free.pop() {
        sequence.push(unit);
        for &next in before.get(&unit).into_iter().flatten() {
            left[next] -= 1;
            if left[next] == 0 {
                free.push(Reverse((waves[next], next)));
            }
        }
    }
    sequence
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    OnTheWay,
    Done,
}

fn enter(unit: usize, marks: &mut [Mark], path: &mut Vec<(usize, usize)>) {
    if marks[unit] == Mark::New {
        marks[unit] = Mark::OnTheWay;
        path.push((unit, 0));
    }
}

fn cycle(units: &[Entry<'_>], path: &[(usize, usize)], back_to: usize) -> RegistrationError {
    let begins = path.iter().position(|&(unit, _)| unit == back_to).unwrap_or(0);
    let round = path[begins..].iter().map(|&(unit, _)| unit).chain([back_to]);
    let names: Vec<String> = round.map(|unit| format!("`{}`", units[unit].name)).collect();
    let text = format!("these units wait for each other: {}", names.join(" after "));
    RegistrationError::new(units[back_to].name, "after", text)
}

/// The `init` units of one wave run one after the other.
fn chain_inits(units: &[Entry<'_>], waves: &[Wave], sequence: &[usize], after: &mut Edges) {
    let mut inits = sequence.iter().filter(|&&unit| units[unit].init).peekable();
    while let Some(&one) = inits.next() {
        if let Some(&&next) = inits.peek()
            && waves[one] == waves[next]
        {
            let edges = after.entry(next).or_default();
            if !edges.contains(&one) {
                edges.push(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAVES: [Wave; 3] = Wave::IN_ORDER;

    fn order(units: &[(&str, Wave, &[&str])]) -> Result<Vec<String>, Vec<String>> {
        let after: Vec<Vec<String>> =
            units.iter().map(|(_, _, after)| after.iter().map(|&name| name.to_owned()).collect()).collect();
        let entries: Vec<Entry<'_>> = units
            .iter()
            .zip(&after)
            .map(|(&(name, wave, _), after)| Entry { name, wave, init: wave == Wave::Init, after })
            .collect();
        match Order::new(&entries) {
            Ok(order) => Ok(order.sequence().iter().map(|&unit| units[unit].0.to_owned()).collect()),
            Err(mistakes) => Err(mistakes.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn without_edges_the_waves_come_in_order_and_equals_as_registered() {
        let units: [(&str, Wave, &[&str]); 5] = [
            ("door", Wave::Doors, &[]),
            ("b", Wave::Workers, &[]),
            ("a", Wave::Workers, &[]),
            ("migrate", Wave::Init, &[]),
            ("warm", Wave::Init, &[]),
        ];
        assert_eq!(order(&units).unwrap(), ["migrate", "warm", "b", "a", "door"]);
    }

    #[test]
    fn what_comes_after_a_door_is_a_door() {
        let units: [(&str, Wave, &[&str]); 4] = [
            ("after-http", Wave::Workers, &["http"]),
            ("plain", Wave::Workers, &[]),
            ("admin", Wave::Doors, &[]),
            ("http", Wave::Doors, &[]),
        ];
        assert_eq!(order(&units).unwrap(), ["plain", "admin", "http", "after-http"]);
    }

    #[test]
    fn a_cycle_is_named_and_so_is_a_stranger() {
        let units: [(&str, Wave, &[&str]); 4] = [
            ("x", Wave::Workers, &["a"]),
            ("a", Wave::Workers, &["b"]),
            ("b", Wave::Doors, &["c"]),
            ("c", Wave::Workers, &["a"]),
        ];
        let expected = "unit `a`, after: these units wait for each other: `a` after `b` after `c` after `a`";
        assert_eq!(order(&units).unwrap_err(), [expected]);
        let own = order(&[("a", Wave::Workers, &["a"])]).unwrap_err();
        assert_eq!(own, ["unit `a`, after: these units wait for each other: `a` after `a`"]);
        let stranger = order(&[("a", Wave::Workers, &["nobody"])]).unwrap_err();
        assert_eq!(stranger, ["unit `a`, after: there is no unit `nobody`"]);
    }

    proptest! {
        /// Whatever the edges, as long as they lead to units registered before: each unit stands after all that it comes after,
        /// and no wave mixes with another.
        #[test]
        fn the_sequence_keeps_every_edge_and_every_wave(
            waves in prop::collection::vec(0usize..3, 1..40),
            edges in prop::collection::vec((0usize..40, 0usize..40), 0..80),
        ) {
            let names: Vec<String> = (0..waves.len()).map(|unit| format!("u{unit}")).collect();
            let mut after = vec![Vec::new(); names.len()];
            for (one, other) in edges {
                let (one, other) = (one % names.len(), other % names.len());
                if other < one {
                    after[one].push(names[other].clone());
                }
            }
            let entries: Vec<Entry<'_>> = (0..names.len())
                .map(|unit| {
                    let wave = WAVES[waves[unit]];
                    Entry { name: &names[unit], wave, init: wave == Wave::Init, after: &after[unit] }
                })
                .collect();
            let order = Order::new(&entries).unwrap();
            let place = |unit: usize| order.sequence().iter().position(|&other| other == unit).unwrap();
            prop_assert_eq!(order.sequence().len(), names.len());
            for unit in 0..names.len() {
                for &other in order.after(unit) {
                    prop_assert!(place(other) < place(unit));
                    prop_assert!(order.wave(other) <= order.wave(unit));
                    prop_assert!(order.before(other).contains(&unit));
                }
                prop_assert!(order.wave(unit) >= WAVES[waves[unit]]);
            }
            prop_assert!(order.sequence().is_sorted_by_key(|&unit| order.wave(unit)));
        }
    }
}
