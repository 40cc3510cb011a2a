//! The units by HTTP: seen in a listing and as a stream of events, steered by actions.

mod actions;
mod control;
mod events;
mod history;
mod listing;
mod millis;
mod operation;
mod unit;
mod workers;

pub(super) use control::Control;
