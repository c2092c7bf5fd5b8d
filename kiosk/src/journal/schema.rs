//! The journal's tables. Numbered by `user_version`; a step is never edited once landed.

use rusqlite::Connection;

use super::JournalError;

/// Steps from an empty file to today, in order.
pub(super) const STEPS: [&str; 6] = [
    "
    CREATE TABLE txn (
        id       INTEGER PRIMARY KEY,
        session  TEXT    NOT NULL,
        kind     TEXT    NOT NULL,
        item     TEXT    NOT NULL,
        patron   BLOB,
        tags     TEXT    NOT NULL,
        at       TEXT    NOT NULL,
        state    TEXT    NOT NULL,
        reason   TEXT,
        title    TEXT,
        want     TEXT,
        tag      TEXT    NOT NULL DEFAULT 'none'
    ) STRICT;
    CREATE INDEX txn_open ON txn (id) WHERE state IN ('intent', 'unsure', 'queued') OR tag = 'pending';
    CREATE TABLE repair (
        uid   TEXT PRIMARY KEY,
        item  TEXT NOT NULL,
        want  TEXT NOT NULL,
        txn   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE receipt (
        id      INTEGER PRIMARY KEY,
        session TEXT    NOT NULL,
        lines   INTEGER NOT NULL,
        result  TEXT
    ) STRICT;
",
    // What staff did about a unit; the library system's words, sealed; when it was settled (UTC).
    "ALTER TABLE txn ADD COLUMN note TEXT;
     ALTER TABLE txn ADD COLUMN words BLOB;
     ALTER TABLE txn ADD COLUMN settled TEXT;",
    // Payments: number, amount and what was owed before, in hundredths; when 37 was about to be
    // sent.
    "ALTER TABLE txn ADD COLUMN bk TEXT;
     ALTER TABLE txn ADD COLUMN amount INTEGER;
     ALTER TABLE txn ADD COLUMN owed INTEGER;
     ALTER TABLE txn ADD COLUMN sent TEXT;
     CREATE UNIQUE INDEX txn_payment ON txn (bk) WHERE bk IS NOT NULL;",
    // Where the station stood, whose the item is; slips that went with items.
    "ALTER TABLE txn ADD COLUMN branch TEXT NOT NULL DEFAULT '';
     ALTER TABLE txn ADD COLUMN owner TEXT NOT NULL DEFAULT '';
     CREATE TABLE slip (
         txn         INTEGER PRIMARY KEY,
         destination TEXT NOT NULL,
         result      TEXT
     ) STRICT;",
    // As `OPEN` has it: for a list of three SQLite fills a table of its own at every write.
    "DROP INDEX txn_open;
     CREATE INDEX txn_open ON txn (id)
         WHERE state = 'intent' OR state = 'unsure' OR state = 'queued' OR tag = 'pending';",
    // Work off line: the due day a reader was told, what is to be said of a unit besides how it
    // ended; cards as keyed hashes, and items somebody waits for.
    "ALTER TABLE txn ADD COLUMN due TEXT;
     ALTER TABLE txn ADD COLUMN remark TEXT;
     CREATE TABLE card (
        card    BLOB    PRIMARY KEY,
        seen    TEXT,
        allowed INTEGER NOT NULL DEFAULT 0,
        blocked INTEGER NOT NULL DEFAULT 0,
        until   TEXT,
        lent_on TEXT,
        lent    INTEGER NOT NULL DEFAULT 0
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE held (
        item TEXT PRIMARY KEY,
        day  TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;",
];

/// Which units are open, in the words of the index, so that it is used.
pub(super) const OPEN: &str =
    "state = 'intent' OR state = 'unsure' OR state = 'queued' OR tag = 'pending'";

/// Version this program writes.
pub(super) const VERSION: usize = STEPS.len();

/// Brings a database to [`VERSION`], whole or not at all: nobody who looks meanwhile sees a step
/// between.
pub(super) fn migrate(db: &mut Connection) -> Result<(), JournalError> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > VERSION {
        return Err(JournalError::Newer { found, known: VERSION });
    }
    if found == VERSION {
        return Ok(());
    }
    let tx = db.transaction()?;
    for step in &STEPS[found..] {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", i64::try_from(VERSION).unwrap_or(i64::MAX))?;
    tx.commit()?;
    Ok(())
}
