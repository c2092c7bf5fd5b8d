//! Tables and their migrations, numbered by `user_version`.

use rusqlite::Connection;

/// One batch per version; the batch at index `n` leads from version `n` to `n + 1`. Batches are
/// never edited once released, only followed by another.
const MIGRATIONS: [&str; 2] = [
    "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
    user TEXT PRIMARY KEY, salt BLOB NOT NULL, hash BLOB NOT NULL, charset TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE branches (
    code TEXT PRIMARY KEY, zh TEXT NOT NULL, en TEXT NOT NULL, position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE patrons (
    number TEXT PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL,
    class TEXT NOT NULL, loan_limit INTEGER NOT NULL, hold_limit INTEGER NOT NULL,
    fee_limit INTEGER NOT NULL, expires TEXT NOT NULL, born TEXT, state TEXT NOT NULL,
    language TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE items (
    barcode TEXT PRIMARY KEY, title TEXT NOT NULL, author TEXT NOT NULL,
    call_number TEXT NOT NULL, owner TEXT NOT NULL, home TEXT NOT NULL, at TEXT NOT NULL,
    transit_to TEXT, media TEXT NOT NULL, circulation TEXT NOT NULL, age_from INTEGER,
    loan_days INTEGER, parts INTEGER NOT NULL, properties TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX items_title ON items (title);
CREATE TABLE loans (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL REFERENCES items,
    patron TEXT NOT NULL REFERENCES patrons, lent_at TEXT NOT NULL, due TEXT NOT NULL,
    renewals INTEGER NOT NULL, made_at TEXT NOT NULL, filled_hold INTEGER,
    closed_at TEXT, closed_how TEXT
) STRICT;
-- The one rule a library cannot break: an item is lent to one patron at a time.
CREATE UNIQUE INDEX loans_open ON loans (item) WHERE closed_at IS NULL;
CREATE INDEX loans_patron ON loans (patron) WHERE closed_at IS NULL;
CREATE INDEX loans_item ON loans (item);
CREATE TABLE holds (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL REFERENCES items,
    patron TEXT NOT NULL REFERENCES patrons, pickup TEXT NOT NULL, state TEXT NOT NULL,
    placed_at TEXT NOT NULL, expires TEXT, ready_since TEXT
) STRICT;
CREATE UNIQUE INDEX holds_open ON holds (item, patron) WHERE state IN ('waiting', 'ready');
CREATE INDEX holds_patron ON holds (patron) WHERE state IN ('waiting', 'ready');
CREATE INDEX holds_expiry ON holds (expires) WHERE state IN ('waiting', 'ready');
CREATE TABLE fees (
    id INTEGER PRIMARY KEY AUTOINCREMENT, patron TEXT NOT NULL REFERENCES patrons,
    amount INTEGER NOT NULL, fee_type TEXT NOT NULL, item TEXT, loan INTEGER,
    made_at TEXT NOT NULL, cancelled_at TEXT
) STRICT;
CREATE INDEX fees_patron ON fees (patron);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, patron TEXT NOT NULL REFERENCES patrons,
    amount INTEGER NOT NULL, fee INTEGER, transaction_id TEXT UNIQUE, made_at TEXT NOT NULL
) STRICT;
CREATE INDEX payments_patron ON payments (patron);
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, event_at TEXT NOT NULL,
    kind TEXT NOT NULL, item TEXT, patron TEXT, login TEXT NOT NULL, location TEXT NOT NULL,
    institution TEXT NOT NULL, branch TEXT NOT NULL, no_block INTEGER NOT NULL,
    amount INTEGER
) STRICT;
CREATE TRIGGER ledger_kept BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is never deleted from'); END;
CREATE TRIGGER ledger_fixed BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END;
",
    // The number a payment was told with (BK): one booked twice is seen.
    "ALTER TABLE ledger ADD COLUMN reference TEXT;",
];

/// The version this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Marks a database as ours (`application_id`): the letters `JHpr`.
pub(super) const APPLICATION_ID: i64 = 0x4A48_7072;

/// Brings a database from `from` to [`VERSION`], each step in its own transaction.
pub(super) fn migrate(db: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(from).unwrap_or(0);
    for (index, batch) in MIGRATIONS.iter().enumerate().skip(done) {
        let tx = db.transaction()?;
        tx.execute_batch(batch)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", index as i64 + 1)?;
        tx.commit()?;
    }
    Ok(())
}
