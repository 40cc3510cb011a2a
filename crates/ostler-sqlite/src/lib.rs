//! Durable jobs in one SQLite file: the embedded store of [`ostler_jobs`].
//!
//! This file is the map.
