-- Version 1 of the schema. Times are milliseconds since 1970-01-01 UTC. Names start with `ostler_`, because the
-- application's own tables may stand in the same file.

-- 'file': a random number that ids of this file carry. 'epoch': raised at each open, so that no id ever comes back.
-- 'inbox': the largest number of the inbox that was taken.
CREATE TABLE ostler_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Kinds and queues, by small numbers.
CREATE TABLE ostler_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- Live jobs only: those that are finished leave the table. That a job runs is not written here but in its claim.
CREATE TABLE ostler_job (
    id INTEGER PRIMARY KEY,              -- epoch << 40 | counter; epoch 0 is that of the inbox
    kind INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER,                         -- NULL: at once
    attempt INTEGER NOT NULL DEFAULT 0,  -- attempts that have ended and count
    crashes INTEGER NOT NULL DEFAULT 0,
    flags INTEGER NOT NULL DEFAULT 0,    -- 1: suspect, 2: to be cancelled
    created INTEGER NOT NULL,
    uniq BLOB,                           -- its key, where that holds until it is finished
    blocked TEXT,                        -- why it is parked
    error TEXT,                          -- that of the last attempt
    args TEXT NOT NULL
);
CREATE INDEX ostler_job_due ON ostler_job (due) WHERE due IS NOT NULL;

-- One row for each batch that was claimed: (job, attempts that had ended) pairs, eight and four bytes little-endian. A pair is
-- live while its job is there with that many attempts; the row goes with its last live pair.
CREATE TABLE ostler_claim (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, alone INTEGER NOT NULL, jobs BLOB NOT NULL);

-- Finished jobs, clustered by what is kept of them, so that the oldest of a class are its first rows.
CREATE TABLE ostler_class (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    state INTEGER NOT NULL,              -- 4 done, 5 cancelled, 6 dead
    age INTEGER NOT NULL,
    most INTEGER NOT NULL,
    UNIQUE (queue, state, age, most)
);
CREATE TABLE ostler_history (
    class INTEGER NOT NULL,
    id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    created INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    detail TEXT,                         -- the result of a job that is done, else why it ended
    args TEXT NOT NULL,
    PRIMARY KEY (class, id)
) WITHOUT ROWID;

CREATE TABLE ostler_uniq (key BLOB PRIMARY KEY, job INTEGER NOT NULL, until INTEGER) WITHOUT ROWID;
CREATE INDEX ostler_uniq_until ON ostler_uniq (until) WHERE until IS NOT NULL;

CREATE TABLE ostler_paused (queue TEXT PRIMARY KEY) WITHOUT ROWID;

-- What other programs enqueue: INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{"order":7}'). The owner takes the rows
-- out; the number of a row becomes its job's id.
CREATE TABLE ostler_inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL DEFAULT 'default',
    priority INTEGER NOT NULL DEFAULT 5,
    due INTEGER,
    args TEXT NOT NULL,
    uniq BLOB,
    uniq_for INTEGER                     -- milliseconds; NULL with a key: until it is finished
);
