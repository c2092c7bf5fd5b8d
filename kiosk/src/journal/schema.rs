//! The journal's tables. Numbered by `user_version`; a step is never edited once landed, and each
//! changes a table or an index, so that a file's tables tell its version too.

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

/// The version a database says it has.
pub(super) fn version(db: &Connection) -> rusqlite::Result<usize> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(found).unwrap_or(usize::MAX))
}

/// A version above this is no program's.
const VERSION_MAX: i64 = 1_000;

/// What a file's version and tables say of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// Of this version, of one to come, or nothing yet.
    Fits,
    /// Of an older version.
    Older,
    /// The tables are not those of the version, which only damage explains.
    Odd,
}

/// Looks at a database's version and tables.
pub(super) fn age(db: &Connection) -> rusqlite::Result<Age> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(VERSION).unwrap_or(i64::MAX);
    let Some(steps) = usize::try_from(found).ok().and_then(|found| STEPS.get(..found)) else {
        // One bit away from ours with tables that are ours, it is ours with a bit turned over.
        let plausible = (known..=VERSION_MAX).contains(&found)
            && !((found ^ known).count_ones() == 1 && shape(db)? == shape_after(&STEPS)?);
        return Ok(if plausible { Age::Fits } else { Age::Odd });
    };
    Ok(match shape(db)? == shape_after(steps)? {
        false => Age::Odd,
        true if found == 0 || found == known => Age::Fits,
        true => Age::Older,
    })
}

fn shape_after(steps: &[&str]) -> rusqlite::Result<Vec<String>> {
    let db = Connection::open_in_memory()?;
    steps.iter().try_for_each(|step| db.execute_batch(step))?;
    shape(&db)
}

/// Tables with their columns, and indexes, a line each. The words of tables are not compared: steps
/// that add columns leave them to SQLite.
fn shape(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = db.prepare(
        "WITH ours AS (
             SELECT type, name, tbl_name, sql FROM sqlite_schema
             WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!')
         SELECT printf('%s %s of %s %s', type, name, tbl_name, iif(type = 'table', '', sql)) FROM ours
         UNION ALL
         SELECT printf('%s strict %d without_rowid %d', l.name, l.strict, l.wr)
         FROM ours JOIN pragma_table_list(ours.name) l WHERE ours.type = 'table'
         UNION ALL
         SELECT printf('%s.%s %s %d %Q %d', ours.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk)
         FROM ours JOIN pragma_table_xinfo(ours.name) c WHERE ours.type = 'table'
         ORDER BY 1",
    )?;
    query.query_map([], |row| row.get(0))?.collect()
}

/// Brings a database to [`VERSION`], whole or not at all: nobody who looks meanwhile sees a step
/// between.
pub(super) fn migrate(db: &mut Connection) -> Result<(), JournalError> {
    let found = version(db)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(version: usize, says: i64) -> Age {
        let db = Connection::open_in_memory().unwrap();
        STEPS[..version].iter().for_each(|step| db.execute_batch(step).unwrap());
        db.pragma_update(None, "user_version", says).unwrap();
        age(&db).unwrap()
    }

    #[test]
    fn a_version_is_believed_when_the_tables_are_its_own() {
        let known = i64::try_from(VERSION).unwrap();
        assert_eq!(at(0, 0), Age::Fits, "nothing yet");
        assert_eq!(at(VERSION, known), Age::Fits);
        for version in 1..VERSION {
            assert_eq!(at(version, i64::try_from(version).unwrap()), Age::Older);
        }
        for bit in 0..32 {
            let turned = i64::from((VERSION as u32 ^ (1 << bit)) as i32);
            assert_eq!(at(VERSION, turned), Age::Odd, "bit {bit}");
        }
        assert_eq!(at(VERSION, 0), Age::Odd);
        assert_eq!(at(VERSION, 99), Age::Fits, "a program to come");
        assert_eq!(at(VERSION - 1, known + 1), Age::Fits, "the next, with tables of its own");
    }

    #[test]
    fn each_step_changes_the_tables() {
        for version in 0..VERSION {
            let before = shape_after(&STEPS[..version]).unwrap();
            assert_ne!(before, shape_after(&STEPS[..=version]).unwrap(), "{version}");
        }
    }
}
