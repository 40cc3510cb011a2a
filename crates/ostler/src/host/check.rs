//! What must hold of a registration before anything is started.

use std::collections::HashSet;

use super::order::{Entry, Order};
use super::{Prepared, Registered};
use crate::error::{Error, HostError, RegistrationError};

/// The order in which units start; or all mistakes at once, in order of registration.
pub(super) fn check(host: &mut Prepared) -> Result<Order, Error> {
    let mut mistakes = std::mem::take(&mut host.mistakes);
    let mut names = HashSet::new();
    for unit in &host.units {
        unit.settings.check(unit.kind, &mut mistakes);
        if !names.insert(&unit.settings.name) {
            let text = "another unit has this name; each needs its own";
            mistakes.push(RegistrationError::new(&unit.settings.name, "name", text));
        }
    }
    let mut queues = HashSet::new();
    for unit in &host.units {
        if unit.queue.is_some_and(|queue| !queues.insert(queue)) {
            let text = "another unit consumes this queue; one consumer with more `workers` does the same";
            mistakes.push(RegistrationError::new(&unit.settings.name, "queue", text));
        }
    }
    let mut checks = HashSet::new();
    for (check, _) in &host.checks {
        check.inspect(&host.lease, &mut mistakes);
        if !checks.insert(&check.name) {
            let text = format!("`{}`: another check has this name; each needs its own", check.name);
            mistakes.push(RegistrationError::new("", "check", text));
        }
    }
    let order = order(host).unwrap_or_else(|cycles| {
        mistakes.extend(cycles);
        Order::default()
    });
    if mistakes.is_empty() {
        return Ok(order);
    }
    let place = |mistake: &RegistrationError| {
        host.units.iter().position(|unit| *unit.settings.name == *mistake.unit())
    };
    mistakes.sort_by_key(place);
    Err(HostError::Registration(mistakes).into())
}

fn order(host: &Prepared) -> Result<Order, Vec<RegistrationError>> {
    let entries: Vec<Entry<'_>> = host.units.iter().map(entry).collect();
    Order::new(&entries)
}

fn entry(unit: &Registered) -> Entry<'_> {
    let settings = &unit.settings;
    Entry { name: &settings.name, wave: unit.wave, init: settings.init, after: &settings.after }
}
