//! What must hold of a registration before anything is started.

use std::collections::HashSet;

use super::order::{Entry, Order};
use super::{Prepared, Registered, Work};
use crate::error::{Error, HostError, RegistrationError};
use crate::node;

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
        host.units.iter().for_each(warn);
        spread(host);
        return Ok(order);
    }
    let place = |mistake: &RegistrationError| {
        host.units.iter().position(|unit| *unit.settings.name == *mistake.unit())
    };
    mistakes.sort_by_key(place);
    Err(HostError::Registration(mistakes).into())
}

/// Says what is allowed and is so often a mistake that everyone should hear of it.
fn warn(unit: &Registered) {
    if let Work::Task(plan, _) = &unit.work
        && let Some(schedule) = plan.trigger.restricts_both_days()
    {
        tracing::warn!(unit = %unit.settings.name, %schedule, "both day fields of its schedule must match, where other crons take either");
    }
}

/// Gives each task its place among all machines.
fn spread(host: &mut Prepared) {
    let node = host.node.as_deref().unwrap_or_else(|| node::name());
    for unit in &mut host.units {
        if let Work::Task(plan, _) = &mut unit.work {
            plan.spread(&unit.settings.name, node);
        }
    }
}

fn order(host: &Prepared) -> Result<Order, Vec<RegistrationError>> {
    let entries: Vec<Entry<'_>> = host.units.iter().map(entry).collect();
    Order::new(&entries)
}

fn entry(unit: &Registered) -> Entry<'_> {
    let settings = &unit.settings;
    Entry { name: &settings.name, wave: unit.wave, init: settings.init, after: &settings.after }
}
