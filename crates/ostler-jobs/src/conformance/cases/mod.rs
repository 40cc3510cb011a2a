//! The cases, one file for each verb. The name of a case is the sentence that it asks for.

// The sentences are names, and the names are what the tests are called by.
#![allow(missing_docs)]

pub mod cancel;
pub mod claim;
pub mod finish;
pub mod hints;
pub mod insert;
pub mod inspect;
pub mod pause;
pub mod payload;
pub mod prune;
pub mod stage;
pub mod suspects;
pub mod unique;
pub mod worker;
