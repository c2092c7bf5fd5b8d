//! The ledger: every accepted transaction, in order, for ever.

use rusqlite::{Row, params};

use super::{StoreError, Tx, count, read_time, time_text};
use crate::practice::model::{Block, LocalTime, Station};
use crate::practice::money::Fen;
use crate::privacy::PatronId;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Lent.
    Loan,
    /// Renewed.
    Renewal,
    /// Returned.
    Return,
    /// Taken in though not on loan.
    TakenIn,
    /// A loan undone.
    LoanCancelled,
    /// A return undone.
    ReturnCancelled,
    /// A hold placed.
    HoldPlaced,
    /// A hold given up.
    HoldCancelled,
    /// A hold's pickup branch changed.
    HoldChanged,
    /// A fee paid.
    FeePaid,
    /// A card blocked.
    CardBlocked,
    /// A card enabled.
    CardEnabled,
    /// Item properties stored.
    ItemUpdated,
}

impl Kind {
    const ALL: [(Self, &'static str); 13] = [
        (Self::Loan, "loan"),
        (Self::Renewal, "renewal"),
        (Self::Return, "return"),
        (Self::TakenIn, "taken_in"),
        (Self::LoanCancelled, "loan_cancelled"),
        (Self::ReturnCancelled, "return_cancelled"),
        (Self::HoldPlaced, "hold_placed"),
        (Self::HoldCancelled, "hold_cancelled"),
        (Self::HoldChanged, "hold_changed"),
        (Self::FeePaid, "fee_paid"),
        (Self::CardBlocked, "card_blocked"),
        (Self::CardEnabled, "card_enabled"),
        (Self::ItemUpdated, "item_updated"),
    ];

    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("loan", |(_, name)| name)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// One accepted transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its number, rising without end.
    pub id: i64,
    /// When the library recorded it.
    pub at: LocalTime,
    /// When it happened: earlier than `at` with `no block`.
    pub event_at: LocalTime,
    /// What was done.
    pub kind: Kind,
    /// Barcode.
    pub item: Option<String>,
    /// Patron.
    pub patron: Option<PatronId>,
    /// Station.
    pub station: Station,
    /// Branch of the station.
    pub branch: String,
    /// Whether it was reported after the fact.
    pub block: Block,
    /// Money paid.
    pub amount: Option<Fen>,
    /// The number a payment was told with, BK.
    pub reference: Option<String>,
}

/// Figures of a stretch of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Loans, those undone again included.
    pub loans: u32,
    /// Returns that ended a loan, those undone again included.
    pub returns: u32,
    /// Renewals.
    pub renewals: u32,
    /// Loans undone.
    pub loans_cancelled: u32,
    /// Items taken in that were not on loan.
    pub taken_in: u32,
}

/// What the desk writes of a transaction.
pub(in crate::practice) struct NewEntry<'a> {
    pub(in crate::practice) at: LocalTime,
    pub(in crate::practice) event_at: LocalTime,
    pub(in crate::practice) kind: Kind,
    pub(in crate::practice) item: Option<&'a str>,
    pub(in crate::practice) patron: Option<&'a str>,
    pub(in crate::practice) station: &'a Station,
    pub(in crate::practice) branch: &'a str,
    pub(in crate::practice) block: Block,
    pub(in crate::practice) amount: Option<Fen>,
    pub(in crate::practice) reference: Option<&'a str>,
}

struct RawEntry {
    entry: LedgerEntry,
    at: String,
    event_at: String,
    kind: String,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawEntry> {
    let no_block: bool = row.get(10)?;
    Ok(RawEntry {
        at: row.get(1)?,
        event_at: row.get(2)?,
        kind: row.get(3)?,
        entry: LedgerEntry {
            id: row.get(0)?,
            at: LocalTime::default(),
            event_at: LocalTime::default(),
            kind: Kind::Loan,
            item: row.get(4)?,
            patron: row.get::<_, Option<String>>(5)?.map(PatronId::new),
            station: Station {
                login: row.get(6)?,
                location: row.get(7)?,
                institution: row.get(8)?,
            },
            branch: row.get(9)?,
            block: if no_block { Block::No } else { Block::Allowed },
            amount: row.get::<_, Option<i64>>(11)?.map(Fen),
            reference: row.get(12)?,
        },
    })
}

impl Tx<'_> {
    pub(in crate::practice) fn record(&self, entry: &NewEntry<'_>) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO ledger (at, event_at, kind, item, patron, login, location,
                 institution, branch, no_block, amount, reference)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                time_text(entry.at),
                time_text(entry.event_at),
                entry.kind.name(),
                entry.item,
                entry.patron,
                entry.station.login,
                entry.station.location,
                entry.station.institution,
                entry.branch,
                entry.block == Block::No,
                entry.amount.map(|amount| amount.0),
                entry.reference,
            ])?;
        Ok(())
    }

    /// Entries with a number above `after`, at most `limit`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn ledger(&self, after: i64, limit: u32) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, at, event_at, kind, item, patron, login, location, institution, branch,
                    no_block, amount, reference FROM ledger WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, limit], raw)?;
        rows.map(|row| {
            let RawEntry { entry, at, event_at, kind } = row?;
            Ok(LedgerEntry {
                at: read_time(&at, "time in the ledger")?,
                event_at: read_time(&event_at, "time in the ledger")?,
                kind: Kind::from_name(&kind)
                    .ok_or(StoreError::Damaged { what: "kind in the ledger" })?,
                ..entry
            })
        })
        .collect()
    }

    /// Number of the newest entry, 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn ledger_end(&self) -> Result<i64, StoreError> {
        Ok(self.0.query_row("SELECT coalesce(max(id), 0) FROM ledger", [], |row| row.get(0))?)
    }

    /// Figures of the entries above `after`; of one station when `location` names it.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn tally(&self, after: i64, location: Option<&str>) -> Result<Tally, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT kind, count(*) FROM ledger
             WHERE id > ?1 AND (?2 IS NULL OR location = ?2) GROUP BY kind",
        )?;
        let mut rows = statement.query(params![after, location])?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next()? {
            let kind: String = row.get(0)?;
            let number = count(row.get(1)?);
            match Kind::from_name(&kind) {
                Some(Kind::Loan) => tally.loans = number,
                Some(Kind::Return) => tally.returns = number,
                Some(Kind::Renewal) => tally.renewals = number,
                Some(Kind::LoanCancelled) => tally.loans_cancelled = number,
                Some(Kind::TakenIn) => tally.taken_in = number,
                _ => {}
            }
        }
        Ok(tally)
    }
}
