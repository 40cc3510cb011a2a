//! The statements of the hot paths, prepared once and held as long as the connection.

use rusqlite::{Connection, Result, Statement};

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $sql:expr;)*) => {
        /// All of them.
        pub(crate) struct Sql<'c> {
            $($(#[$doc])* pub(crate) $name: Statement<'c>,)*
        }

        impl<'c> Sql<'c> {
            /// Prepares them.
            pub(crate) fn prepare(connection: &'c Connection) -> Result<Self> {
                Ok(Self { $($name: connection.prepare($sql)?,)* })
            }
        }
    };
}

statements! {
    begin: "BEGIN IMMEDIATE";
    commit: "COMMIT";
    roll_back: "ROLLBACK";

    add_name: "INSERT INTO ostler_name (id, name) VALUES (?1, ?2)";
    /// A job without what most have not.
    add_plain_job: "INSERT INTO ostler_job (id, kind, queue, priority, created, args) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    add_job: "INSERT INTO ostler_job (id, kind, queue, priority, due, created, uniq, blocked, args)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    /// Takes a key that is free, or whose time is over.
    take_key: "INSERT INTO ostler_uniq (key, job, until) VALUES (?1, ?2, ?3)
        ON CONFLICT (key) DO UPDATE SET job = excluded.job, until = excluded.until
        WHERE until IS NOT NULL AND until <= ?4";
    holder: "SELECT job FROM ostler_uniq WHERE key = ?1";
    free_key: "DELETE FROM ostler_uniq WHERE key = ?1 AND job = ?2 AND until IS NULL";

    /// What a claim needs of a job that is not in memory.
    job: "SELECT attempt, crashes, flags, created, uniq, args FROM ostler_job WHERE id = ?1";
    park: "UPDATE ostler_job SET blocked = ?2 WHERE id = ?1";
    /// Parks a job, and makes numbers of what is none, or none that fits.
    park_unreadable: "UPDATE ostler_job SET blocked = ?2, due = NULL,
        priority = iif(typeof(priority) = 'integer' AND priority BETWEEN 0 AND ?3, priority, ?3),
        attempt = iif(typeof(attempt) = 'integer' AND attempt BETWEEN 0 AND 4294967295, attempt, 0),
        crashes = iif(typeof(crashes) = 'integer' AND crashes BETWEEN 0 AND 4294967295, crashes, 0),
        flags = iif(typeof(flags) = 'integer', flags, 0),
        created = iif(typeof(created) = 'integer', created, ?4)
        WHERE id = ?1";
    add_claim: "INSERT INTO ostler_claim (id, at, alone, jobs) VALUES (?1, ?2, ?3, ?4)";
    cut_claim: "UPDATE ostler_claim SET jobs = ?2 WHERE id = ?1";
    end_claim: "DELETE FROM ostler_claim WHERE id = ?1";

    end_job: "DELETE FROM ostler_job WHERE id = ?1";
    /// A run of numbers, all of which are to go: a third of the time of one by one.
    end_jobs: "DELETE FROM ostler_job WHERE id BETWEEN ?1 AND ?2";
    retry_job: "UPDATE ostler_job SET attempt = ?2, due = ?3, flags = 0, error = ?4 WHERE id = ?1";
    postpone_job: "UPDATE ostler_job SET due = ?2, flags = 0 WHERE id = ?1";
    lose_job: "UPDATE ostler_job SET attempt = ?2, crashes = ?3, flags = 1, due = NULL, error = ?4 WHERE id = ?1";
    ask_cancel: "UPDATE ostler_job SET flags = flags | 2 WHERE id = ?1";

    add_class: "INSERT INTO ostler_class (id, queue, state, age, most) VALUES (?1, ?2, ?3, ?4, ?5)";
    keep_job: "INSERT INTO ostler_history
        (class, id, kind, priority, attempt, crashes, created, finished, detail, args)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    oldest_kept: "SELECT id, kind, created, finished FROM ostler_history
        WHERE class = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id LIMIT ?4";
    forget_kept: "DELETE FROM ostler_history WHERE class = ?1 AND id BETWEEN ?2 AND ?3";
    forget_keys: "DELETE FROM ostler_uniq WHERE key IN
        (SELECT key FROM ostler_uniq WHERE until IS NOT NULL AND until <= ?1 LIMIT ?2)";
    has_old_keys: "SELECT EXISTS (SELECT 1 FROM ostler_uniq WHERE until IS NOT NULL AND until <= ?1)";

    due_jobs: "SELECT due, id, queue, kind, priority FROM ostler_job
        WHERE due IS NOT NULL AND (due, id) > (?1, ?2) AND due <= ?3 AND blocked IS NULL
        ORDER BY due, id LIMIT ?4";
    next_due: "SELECT due FROM ostler_job
        WHERE due IS NOT NULL AND (due, id) > (?1, ?2) AND blocked IS NULL ORDER BY due, id LIMIT 1";
    live_job: "SELECT kind, queue, priority, due, attempt, crashes, flags, created, blocked, error, uniq
        FROM ostler_job WHERE id = ?1";
    /// Moves the arguments from row to row, whatever they are.
    keep_waiting_job: "INSERT INTO ostler_history
        (class, id, kind, priority, attempt, crashes, created, finished, detail, args)
        SELECT ?2, id, kind, priority, attempt, crashes, created, ?3, ?4, args FROM ostler_job WHERE id = ?1";
    kept_job: "SELECT kind, priority, attempt, crashes, created, finished, detail FROM ostler_history
        WHERE class = ?1 AND id = ?2";

    pause: "INSERT OR IGNORE INTO ostler_paused (queue) VALUES (?1)";
    resume: "DELETE FROM ostler_paused WHERE queue = ?1";
}
