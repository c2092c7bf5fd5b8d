//! Loans. A loan is closed, never deleted.

use rusqlite::{OptionalExtension, Row, params};

use super::{StoreError, Tx, read_time, time_text};
use crate::practice::model::LocalTime;
use crate::privacy::PatronId;

/// A loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// Its row.
    pub id: i64,
    /// Barcode.
    pub item: String,
    /// Borrower.
    pub patron: PatronId,
    /// Lent, by the patron's clock: with `no block` the time the station gives.
    pub lent_at: LocalTime,
    /// Due.
    pub due: LocalTime,
    /// Renewals.
    pub renewals: u16,
    /// When the library recorded it; the undo window counts from here.
    pub made_at: LocalTime,
    /// The hold it fulfilled.
    pub filled_hold: Option<i64>,
    /// When the library recorded its end.
    pub closed_at: Option<LocalTime>,
}

/// How a loan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedHow {
    /// Returned.
    Returned,
    /// Undone at once (BI=Y).
    Cancelled,
}

impl ClosedHow {
    fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
        }
    }
}

const COLUMNS: &str = "id, item, patron, lent_at, due, renewals, made_at, filled_hold, closed_at";

struct RawLoan(i64, String, String, String, String, u16, String, Option<i64>, Option<String>);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawLoan> {
    Ok(RawLoan(
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
    ))
}

fn loan(raw: RawLoan) -> Result<Loan, StoreError> {
    let RawLoan(id, item, patron, lent_at, due, renewals, made_at, filled_hold, closed_at) = raw;
    let time = |text: &str| read_time(text, "time of a loan");
    Ok(Loan {
        id,
        item,
        patron: PatronId::new(patron),
        lent_at: time(&lent_at)?,
        due: time(&due)?,
        renewals,
        made_at: time(&made_at)?,
        filled_hold,
        closed_at: closed_at.as_deref().map(time).transpose()?,
    })
}

impl Tx<'_> {
    fn one_loan(
        &self,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Option<Loan>, StoreError> {
        self.0
            .prepare_cached(&format!("SELECT {COLUMNS} FROM loans WHERE {condition}"))?
            .query_row(parameters, raw)
            .optional()?
            .map(loan)
            .transpose()
    }

    fn many_loans(
        &self,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<Loan>, StoreError> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM loans WHERE {condition}"))?;
        let rows = statement.query_map(parameters, raw)?.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(loan).collect()
    }

    /// The open loan of an item.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn open_loan(&self, item: &str) -> Result<Option<Loan>, StoreError> {
        self.one_loan("item = ?1 AND closed_at IS NULL", [item])
    }

    /// The loan of an item that was returned last.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn last_returned(&self, item: &str) -> Result<Option<Loan>, StoreError> {
        self.one_loan("item = ?1 AND closed_how = 'returned' ORDER BY id DESC LIMIT 1", [item])
    }

    /// A patron's open loans, the first due first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn loans_of(&self, patron: &str) -> Result<Vec<Loan>, StoreError> {
        self.many_loans("patron = ?1 AND closed_at IS NULL ORDER BY due, id", [patron])
    }

    /// Every open loan, in the order they were made.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn open_loans(&self) -> Result<Vec<Loan>, StoreError> {
        self.many_loans("closed_at IS NULL ORDER BY id", [])
    }

    /// Records a loan.
    ///
    /// # Errors
    /// [`StoreError::Sql`], also when the item is on loan already.
    pub fn add_loan(
        &self,
        item: &str,
        patron: &str,
        lent_at: LocalTime,
        due: LocalTime,
        now: LocalTime,
        filled_hold: Option<i64>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO loans (item, patron, lent_at, due, renewals, made_at, filled_hold)
                 VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)",
            )?
            .execute(params![
                item,
                patron,
                time_text(lent_at),
                time_text(due),
                time_text(now),
                filled_hold,
            ])?;
        Ok(())
    }

    /// Records a renewal.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn renew_loan(&self, id: i64, due: LocalTime) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE loans SET due = ?2, renewals = renewals + 1 WHERE id = ?1")?
            .execute(params![id, time_text(due)])?;
        Ok(())
    }

    /// Ends a loan.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn close_loan(&self, id: i64, how: ClosedHow, now: LocalTime) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE loans SET closed_at = ?2, closed_how = ?3 WHERE id = ?1")?
            .execute(params![id, time_text(now), how.name()])?;
        Ok(())
    }

    /// Undoes a return.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn reopen_loan(&self, id: i64) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE loans SET closed_at = NULL, closed_how = NULL WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }
}
