//! The journal: what the station meant to do, did, and still owes, on disk before it is sent or
//! told.
//!
//! SQLite in WAL mode with `synchronous = FULL`: a commit that returned is on the disk's own
//! word durable (with `NORMAL`, WAL may lose the latest commits at power loss). One
//! [`Journal::write`] is one commit. SQL for the station's state lives only here.

mod branches;
mod damage;
mod fees;
mod lists;
mod rows;
mod schema;
mod seal;
mod sentence;
mod space;
mod start;
#[cfg(test)]
mod tests;
mod writing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use crate::session::{FeeStart, JobKind, OpenTxn, Record, RepairRow, Room, SessionCode, TxnId};

pub use branches::BranchFigures;
pub use lists::{Import, ListFigures};
pub use rows::{Figures, Row, Unit};
pub use seal::{KeyError, SealError, Sealer};
pub use sentence::sentence;
pub use start::Beginning;

/// How long another process's write is waited for (`journal list` beside a running station).
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// Units read at once by [`Journal::page`].
pub const PAGE: u32 = 1_000;

/// Most units forgotten at once: no reader waits for it.
pub const FORGET_MAX: u32 = 500;

/// Most groups in one commit of [`Journal::write_all`]: it stays well below what the log takes
/// before it is copied into the database.
pub const GROUPS_MAX: usize = 256;

/// What [`Journal::forget`] took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Units.
    pub units: usize,
    /// Receipts that were printed.
    pub receipts: u64,
    /// Lines on those.
    pub receipt_lines: u64,
}

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be opened or made.
    #[error(
        "journal {path}: {source}; check that the directory exists and may be written by the station's user"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// Damaged, and only looked at or written to.
    #[error("{path}: damaged; start the station, which sets it aside")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Found damaged at work.
    #[error(
        "the journal is damaged ({0}); it is set aside once nobody is here, or at the next start"
    )]
    Broken(#[source] rusqlite::Error),
    /// Open units are sealed under a key that is not the station's.
    #[error(
        "the journal {path} holds open units sealed under another key: put the key file back that it was begun with, or move the journal's files elsewhere and keep them; nothing was changed"
    )]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// Damaged, and cannot be moved away.
    #[error(
        "the journal {path} is damaged and cannot be set aside ({source}): keep its files and replace the disk"
    )]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Written by a newer program.
    #[error(
        "the journal is of version {found}, this program knows {known}: install the newer program again; nothing was changed"
    )]
    Newer {
        /// Version in the file.
        found: usize,
        /// Version known.
        known: usize,
    },
    /// Written by an older program, and only looked at.
    #[error(
        "the journal is of version {found}, this program reads {known}: start the station once, which brings it up to date; nothing was changed"
    )]
    Older {
        /// Version in the file.
        found: usize,
        /// Version read.
        known: usize,
    },
    /// A read or write failed: disk full, damaged file.
    #[error("journal: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A sealed value.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A unit nobody has to settle.
    #[error("unit {id}: {why}")]
    NotForStaff {
        /// Unit.
        id: i64,
        /// Why it cannot be resolved.
        why: &'static str,
    },
    /// A list with more lines than a station remembers.
    #[error("{found} {what}: a station remembers at most {most}; give a shorter list")]
    ListTooLong {
        /// Of what.
        what: &'static str,
        /// Lines in it.
        found: usize,
        /// Most lines.
        most: usize,
    },
    /// A row that this program did not write.
    #[error("journal row {id}: {what} is not understood; keep the file and ask for help")]
    Row {
        /// Row.
        id: i64,
        /// Column.
        what: &'static str,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    db: Connection,
    sealer: Sealer,
    keeper: Option<space::Keeper>,
    /// Branch the station stands in.
    branch: String,
}

impl Journal {
    /// Opens or makes the journal in `path`.
    ///
    /// # Errors
    /// [`JournalError`]; an existing file is never changed when it cannot be used, nor the log of
    /// one that is cut short thrown away.
    pub fn open(path: &Path, sealer: Sealer) -> Result<Self, JournalError> {
        damage::refuse_cut(path)?;
        let wrap = |source| JournalError::Open { path: path.to_owned(), source };
        let db = Connection::open(path).map_err(wrap)?;
        Self::set_up(db, sealer)
    }

    /// The same on a virtual file system that was registered with SQLite under that name and has no
    /// shared memory (simulated disks): the file is this connection's alone.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open_on(path: &Path, vfs: &str, sealer: Sealer) -> Result<Self, JournalError> {
        let wrap = |source| JournalError::Open { path: path.to_owned(), source };
        let db =
            Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs).map_err(wrap)?;
        db.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(wrap)?;
        Self::set_up(db, sealer)
    }

    /// Opens an existing journal to look at, changing nothing.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open_read_only(path: &Path, sealer: Sealer) -> Result<Self, JournalError> {
        damage::refuse_cut(path)?;
        let wrap = |source| JournalError::Open { path: path.to_owned(), source };
        let db =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(wrap)?;
        db.busy_timeout(BUSY_WAIT)?;
        let found = schema::version(&db).map_err(wrap)?;
        if found > schema::VERSION {
            return Err(JournalError::Newer { found, known: schema::VERSION });
        }
        if found == 0 {
            // A station that is just making it: nothing is in it yet.
            return Self::set_up(Connection::open_in_memory()?, sealer);
        }
        if found < schema::VERSION {
            return Err(JournalError::Older { found, known: schema::VERSION });
        }
        Ok(Self { db, sealer, keeper: None, branch: String::new() })
    }

    /// A journal that is gone with the process (tests, benchmarks of the codec alone).
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn in_memory() -> Result<Self, JournalError> {
        Self::set_up(Connection::open_in_memory()?, Sealer::ephemeral()?)
    }

    /// A journal that takes nothing: in the place of one that cannot be opened.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn closed() -> Result<Self, JournalError> {
        let journal = Self::in_memory()?;
        journal.db.pragma_update(None, "query_only", true)?;
        Ok(journal)
    }

    /// What was read from the file so far is read again.
    #[cfg(test)]
    pub(crate) fn forget_cached(&self) {
        self.db.execute_batch("PRAGMA shrink_memory").expect("a database");
    }

    /// A journal of small pages whose disk is full and has so many pages in reserve; and what
    /// the disk says is free.
    #[cfg(test)]
    pub(crate) fn on_full_disk(
        reserve: i64,
    ) -> (Self, std::sync::Arc<std::sync::atomic::AtomicU64>) {
        let db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "page_size", 512).unwrap();
        let mut journal = Self::set_up(db, Sealer::ephemeral().unwrap()).unwrap();
        let free = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX));
        let ground = space::Pages { free: std::sync::Arc::clone(&free), reserve };
        journal.keeper = Some(space::Keeper::new(0, Box::new(ground)));
        journal.look_after_space();
        space::Pages::limit(&journal.db, 0);
        free.store(0, std::sync::atomic::Ordering::Relaxed);
        (journal, free)
    }

    fn set_up(mut db: Connection, sealer: Sealer) -> Result<Self, JournalError> {
        db.busy_timeout(BUSY_WAIT)?;
        // A newer file is refused before any pragma could touch it.
        schema::migrate(&mut db)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        Ok(Self { db, sealer, keeper: None, branch: String::new() })
    }

    /// Units written from now on are of this branch; older ones stay those of theirs.
    pub fn stand_in(&mut self, branch: &str) {
        branch.clone_into(&mut self.branch);
    }

    /// Sums by branch of the station and owner of the item, over whole days.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn by_branch(
        &self,
        days: std::ops::RangeInclusive<jiff::civil::Date>,
    ) -> Result<Vec<BranchFigures>, JournalError> {
        branches::figures(&self.db, *days.start(), *days.end())
    }

    /// Looks how much room the disk has; to be said now and then.
    pub fn look_after_space(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.look(&self.db);
        }
    }

    /// What the disk has room for, as last seen.
    #[must_use]
    pub fn room(&self) -> Room {
        self.keeper.as_ref().map_or(Room::All, space::Keeper::room)
    }

    /// Writes all records or none, durably. On a full disk the reserve is given up for it. No
    /// records at all try the journal: it is written to as it would be for a unit, and holds
    /// nothing new.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing of them is on disk.
    pub fn write(&mut self, records: &[Record]) -> Result<(), JournalError> {
        self.commit(&[records])
    }

    /// Writes groups that do not depend on each other, in this order and with few commits; each
    /// group whole or not at all. An answer of `Ok` means durable.
    pub fn write_all(&mut self, groups: &[&[Record]]) -> Vec<Result<(), JournalError>> {
        let mut results = Vec::with_capacity(groups.len());
        for chunk in groups.chunks(GROUPS_MAX) {
            match self.commit(chunk) {
                Ok(()) => results.extend(chunk.iter().map(|_| Ok(()))),
                Err(error) if chunk.len() == 1 => results.push(Err(error)),
                // One that cannot be written does not keep the others from the disk.
                Err(_) => results.extend(chunk.iter().map(|group| self.commit(&[group]))),
            }
        }
        results
    }

    fn commit(&mut self, groups: &[&[Record]]) -> Result<(), JournalError> {
        let mut result = self.try_commit(groups);
        if self.is_worth_again(&result) {
            result = self.try_commit(groups);
            self.is_worth_again(&result);
        }
        if let (Ok(()), Some(keeper)) = (&result, &mut self.keeper) {
            keeper.written();
        }
        result.map_err(damage::at_work)
    }

    fn is_worth_again(&mut self, result: &Result<(), JournalError>) -> bool {
        match (result, &mut self.keeper) {
            (Err(error), Some(keeper)) => keeper.failed(&self.db, error),
            _ => false,
        }
    }

    fn try_commit(&mut self, groups: &[&[Record]]) -> Result<(), JournalError> {
        let tx = self.db.transaction()?;
        for group in groups {
            if group.is_empty() {
                // An empty commit touches no disk and proves nothing.
                writing::try_out(&tx)?;
            }
            for record in *group {
                writing::write_one(&tx, &self.sealer, &self.branch, record)?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// First unit number never used.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn next_txn(&self) -> Result<u64, JournalError> {
        let last: Option<i64> = self.db.query_row("SELECT max(id) FROM txn", [], |r| r.get(0))?;
        Ok(last.and_then(|id| u64::try_from(id).ok()).unwrap_or(0) + 1)
    }

    /// Units left open, oldest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open_units(&self) -> Result<Vec<OpenTxn>, JournalError> {
        rows::open_units(&self.db, &self.sealer)
    }

    /// Payments left open, and the numbers of those that ended, for a new station. `dedup`: the
    /// library system books a number once.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn fee_start(&self, dedup: bool) -> Result<FeeStart, JournalError> {
        let open = fees::open(&self.db, &self.sealer)?;
        Ok(FeeStart { open, known: fees::ended(&self.db)?, dedup })
    }

    /// The repair list.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn repairs(&self) -> Result<Vec<RepairRow>, JournalError> {
        rows::repairs(&self.db)
    }

    /// The last `limit` units, newest first, without patrons.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn list(&self, limit: u32) -> Result<Vec<Row>, JournalError> {
        rows::list(&self.db, limit)
    }

    /// One unit with all that is known of it; its patron's number masked, where the key opens it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn show(&self, id: i64) -> Result<Option<Unit>, JournalError> {
        rows::show(&self.db, &self.sealer, id)
    }

    /// Whether a unit is in it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn has(&self, txn: TxnId) -> Result<bool, JournalError> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM txn WHERE id = ?1")?;
        Ok(query.exists([i64::try_from(txn.0).unwrap_or(i64::MAX)])?)
    }

    /// The next units after `after`, oldest first, at most [`PAGE`], without patrons.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn page(&self, after: i64) -> Result<Vec<Row>, JournalError> {
        rows::page(&self.db, after, PAGE)
    }

    /// Staff have settled a unit that was left to them. Its patron's number goes.
    ///
    /// # Errors
    /// [`JournalError::NotForStaff`] for any other unit: what the station still works on is its
    /// own.
    pub fn resolve(&mut self, id: i64, note: &str) -> Result<(), JournalError> {
        let changed = self.db.execute(
            "UPDATE txn SET state = 'resolved', note = ?2, patron = NULL, words = NULL,
                 settled = strftime('%Y-%m-%dT%H:%M:%S', 'now')
             WHERE id = ?1 AND state = 'for_staff'",
            params![id, note],
        )?;
        if changed > 0 {
            return Ok(());
        }
        let why = match rows::show(&self.db, &self.sealer, id)? {
            None => "there is none of this number",
            Some(unit) if unit.row.state == "resolved" => "it is resolved already",
            Some(_) => "it was not left to staff; the station settles it by itself",
        };
        Err(JournalError::NotForStaff { id, why })
    }

    /// Forgets units that happened and were settled before that day, oldest first, at most
    /// [`FORGET_MAX`] at once. What is open, queued, left to staff or owes a tag stays, however old.
    /// A day after the newest unit counts as that unit's day: a clock that runs ahead forgets
    /// nothing. A unit that says it is older than one before it was made while the clock was
    /// behind: it counts as young as the next one whose time can be believed.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing is forgotten.
    pub fn forget(
        &mut self,
        today: jiff::civil::Date,
        keep_days: u16,
    ) -> Result<Forgotten, JournalError> {
        let newest: Option<String> =
            self.db.query_row("SELECT max(at) FROM txn", [], |r| r.get(0))?;
        let newest = newest.and_then(|at| at.parse::<jiff::civil::DateTime>().ok());
        let Some(newest) = newest else { return Ok(Forgotten::default()) };
        let days = jiff::Span::new().days(i64::from(keep_days));
        let Ok(before) = today.min(newest.date()).checked_sub(days) else {
            return Ok(Forgotten::default());
        };
        let tx = self.db.transaction()?;
        let old = rows::last_old(&tx, before, today)?;
        let units = tx.execute(
            "DELETE FROM txn WHERE id IN (
                 SELECT id FROM txn
                 WHERE id <= ?3 AND at < ?1 AND coalesce(settled, at) < ?1 AND state IN ('accepted', 'refused', 'not_sent', 'resolved')
                     AND tag <> 'pending'
                     AND NOT EXISTS (SELECT 1 FROM repair WHERE repair.txn = txn.id)
                     -- The newest stays, so that no number is given twice.
                     AND id < (SELECT max(id) FROM txn)
                 ORDER BY id LIMIT ?2)",
            params![before.to_string(), FORGET_MAX, old],
        )?;
        let mut forgotten = Forgotten { units, ..Forgotten::default() };
        if units > 0 {
            branches::forget_slips(&tx)?;
            let of_nobody = "FROM receipt WHERE session NOT IN (SELECT session FROM txn)";
            let counted = "coalesce(sum(result IN ('done', 'sent')), 0), \
                           coalesce(sum(CASE WHEN result IN ('done', 'sent') THEN lines END), 0)";
            let (receipts, lines): (i64, i64) =
                tx.query_row(&format!("SELECT {counted} {of_nobody}"), [], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })?;
            tx.execute(&format!("DELETE {of_nobody}"), [])?;
            forgotten.receipts = u64::try_from(receipts).unwrap_or(0);
            forgotten.receipt_lines = u64::try_from(lines).unwrap_or(0);
        }
        tx.commit()?;
        Ok(forgotten)
    }

    /// Sums over units from `since` on.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn figures(&self, since: u64) -> Result<Figures, JournalError> {
        rows::figures(&self.db, since)
    }
}

/// Characters of a session code (patron-experience.md section 9).
const CODE_LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Draws session codes at random.
///
/// # Errors
/// [`KeyError::Random`] when the system gives no random bytes.
pub fn draw_codes(n: usize) -> Result<Vec<SessionCode>, KeyError> {
    (0..n).map(|_| draw_code()).collect()
}

fn draw_code() -> Result<SessionCode, KeyError> {
    let mut code = String::with_capacity(7);
    while code.len() < 7 {
        if code.len() == 3 {
            code.push('-');
        }
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(|_| KeyError::Random)?;
        // 240 = 8 * 30: values above would make some letters likelier.
        if byte[0] < 240 {
            code.push(char::from(CODE_LETTERS[usize::from(byte[0]) % CODE_LETTERS.len()]));
        }
    }
    Ok(SessionCode(code))
}

/// The kinds as they are written.
pub(crate) const KINDS: [(JobKind, &str); 4] = [
    (JobKind::Checkout, "checkout"),
    (JobKind::Checkin, "checkin"),
    (JobKind::Renew, "renew"),
    (JobKind::Cancel, "cancel"),
];
