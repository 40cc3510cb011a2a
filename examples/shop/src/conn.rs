//! A database connection for one run: taken from the pool when the run starts, given back when it
//! ends, whether it ended well, with an error or by a panic.
//!
//! It never commits on its own: a handler that opens a transaction must commit it.

use std::ops::{Deref, DerefMut};

use ostler::{FromScope, Scope};
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection};

use crate::app::App;

pub(crate) struct Conn(PoolConnection<Sqlite>);

impl FromScope<App> for Conn {
    type Rejection = sqlx::Error;

    async fn from_scope(scope: &Scope<App>) -> Result<Self, Self::Rejection> {
        scope.state().db.acquire().await.map(Self)
    }
}

impl Deref for Conn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Conn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}
