//! The practice library's memory: one SQLite database, in a file or in memory.
//!
//! All SQL of the practice library is in this module. Times are stored as the library's local
//! time, `2026-11-22T10:30:00`: its zone has no daylight saving, so text order is time order.

mod fees;
mod holds;
mod items;
mod ledger;
mod load;
mod loans;
mod meta;
mod patrons;
mod schema;
mod secret;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use fees::FeeRow;
pub use holds::{HoldRow, HoldState};
pub use items::Item;
pub(in crate::practice) use ledger::NewEntry;
pub use ledger::{Kind, LedgerEntry, Tally};
pub use loans::{ClosedHow, Loan};
pub use meta::{Branch, Library};
pub use patrons::Patron;
pub use secret::{hash_secret, verify_secret};

use super::data::Data;
use super::model::LocalTime;

/// How long a statement waits for another program that holds the database file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept.
const STATEMENT_CACHE: usize = 128;

/// Where the database lives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Location {
    /// In memory, gone when the server stops.
    #[default]
    Memory,
    /// In a file, there again after a restart.
    File(PathBuf),
}

/// A database that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened.
    #[error(
        "the practice library's database {path} cannot be opened ({source}): check that the folder exists and may be written, or name another file with --db"
    )]
    Open {
        /// What was tried.
        path: String,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// It belongs to something else.
    #[error("{path} is not a practice library database: name another file with --db")]
    Foreign {
        /// The file.
        path: String,
    },
    /// A newer program wrote it.
    #[error(
        "{path} was written by a newer version of this program (database version {found}, this program knows {known}): update the program or name another file with --db"
    )]
    Newer {
        /// The file.
        path: String,
        /// Version of the file.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// A statement failed.
    #[error("the practice library's database failed: {0}")]
    Sql(#[from] rusqlite::Error),
    /// A stored value cannot be read back.
    #[error(
        "the practice library's database holds an unreadable {what}: restore a copy or start a new file with --db"
    )]
    Damaged {
        /// Which value.
        what: &'static str,
    },
}

/// The open database.
pub struct Store {
    db: Connection,
}

impl Store {
    /// Opens or creates the database and brings its tables to the present version.
    ///
    /// # Errors
    /// [`StoreError`], each saying what to do.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let (path, opened) = match location {
            Location::Memory => ("in memory".to_owned(), Connection::open_in_memory()),
            Location::File(file) => (shown(file), Connection::open(file)),
        };
        let open_error = |source| StoreError::Open { path: path.clone(), source };
        let mut db = opened.map_err(open_error)?;
        db.busy_timeout(BUSY_TIMEOUT).map_err(open_error)?;
        db.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        let version: i64 =
            db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|source| {
                match source.sqlite_error_code() {
                    Some(rusqlite::ErrorCode::NotADatabase) => {
                        StoreError::Foreign { path: path.clone() }
                    }
                    _ => open_error(source),
                }
            })?;
        let application: i64 =
            db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(open_error)?;
        let tables: i64 = db
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(open_error)?;
        if application != schema::APPLICATION_ID && (tables > 0 || version > 0) {
            return Err(StoreError::Foreign { path });
        }
        if version > schema::VERSION {
            return Err(StoreError::Newer { path, found: version, known: schema::VERSION });
        }
        // FULL: in WAL, NORMAL may lose the latest commits at power loss, and a loan is answered
        // as soon as its commit returns.
        db.pragma_update(None, "journal_mode", "WAL").map_err(open_error)?;
        db.pragma_update(None, "synchronous", "FULL").map_err(open_error)?;
        db.pragma_update(None, "foreign_keys", "ON").map_err(open_error)?;
        schema::migrate(&mut db, version)?;
        Ok(Self { db })
    }

    /// Whether the database holds no library yet.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        let count: i64 =
            self.db.query_row("SELECT count(*) FROM branches", [], |row| row.get(0))?;
        Ok(count == 0)
    }

    /// Loads a data file into an empty database, whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::Sql`]; nothing is loaded then.
    pub fn load(&mut self, data: Data, now: LocalTime) -> Result<(), StoreError> {
        self.write(|tx| tx.load(data, now))
    }

    /// Runs `work` in one write transaction and commits it. What `work` returns may be told to
    /// others only after this returned.
    ///
    /// # Errors
    /// What `work` or the commit says; nothing is changed then.
    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let tx = Tx(self.db.transaction_with_behavior(TransactionBehavior::Immediate)?);
        let result = work(&tx)?;
        tx.0.commit()?;
        Ok(result)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// An open transaction: the only way to read or change the library.
pub struct Tx<'a>(Transaction<'a>);

/// A local time as stored.
fn time_text(time: LocalTime) -> String {
    time.to_string()
}

/// A stored local time.
fn read_time(text: &str, what: &'static str) -> Result<LocalTime, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged { what })
}

/// The count of a query as an unsigned number.
fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
