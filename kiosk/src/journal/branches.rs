//! Where the station stood and whose the items were: owners, slips that go with items, figures.

use jiff::civil::Date;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use super::JournalError;

/// Sums of one branch of the station and one owner of items. Nothing of patrons.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct BranchFigures {
    /// Branch the station stood in; empty where the file named none.
    pub branch: String,
    /// Owner of the items; empty where it was not told.
    pub owner: String,
    /// Accepted loans less accepted cancels.
    pub loans: u64,
    /// Accepted returns.
    pub returns: u64,
    /// Accepted renewals.
    pub renewals: u64,
    /// Refused.
    pub refused: u64,
    /// Noted, not posted.
    pub queued: u64,
    /// Left to staff, or settled by them.
    pub for_staff: u64,
    /// Returns with a transit slip that was printed or sent.
    pub transit_slips: u64,
    /// Returns with a hold slip that was printed or sent.
    pub hold_slips: u64,
}

pub(super) fn set_owner(tx: &Transaction<'_>, txn: i64, owner: &str) -> Result<(), JournalError> {
    tx.prepare_cached("UPDATE txn SET owner = ?2 WHERE id = ?1")?.execute(params![txn, owner])?;
    Ok(())
}

pub(super) fn set_branch(tx: &Transaction<'_>, txn: i64, branch: &str) -> Result<(), JournalError> {
    tx.prepare_cached("UPDATE txn SET branch = ?2 WHERE id = ?1")?.execute(params![txn, branch])?;
    Ok(())
}

/// A slip asked for (`result` none), or what became of it.
pub(super) fn write_slip(
    tx: &Transaction<'_>,
    txn: i64,
    to: &str,
    result: Option<&str>,
) -> Result<(), JournalError> {
    match result {
        None => tx
            .prepare_cached("INSERT OR IGNORE INTO slip (txn, destination) VALUES (?1, ?2)")?
            .execute(params![txn, to])?,
        Some(result) => tx
            .prepare_cached("UPDATE slip SET result = ?2 WHERE txn = ?1")?
            .execute(params![txn, result])?,
    };
    Ok(())
}

/// Slips of units that are forgotten go with them.
pub(super) fn forget_slips(tx: &Transaction<'_>) -> Result<(), JournalError> {
    tx.execute("DELETE FROM slip WHERE txn NOT IN (SELECT id FROM txn)", [])?;
    Ok(())
}

pub(super) fn figures(
    db: &Connection,
    from: Date,
    to: Date,
) -> Result<Vec<BranchFigures>, JournalError> {
    let mut query = db.prepare(
        "SELECT branch, owner,
             max(0, sum(state = 'accepted' AND kind = 'checkout')
                  - sum(state = 'accepted' AND kind = 'cancel')),
             sum(state = 'accepted' AND kind = 'checkin'),
             sum(state = 'accepted' AND kind = 'renew'),
             sum(state = 'refused'), sum(state = 'queued'),
             sum(state IN ('for_staff', 'resolved')),
             sum(coalesce(slip.result IN ('done', 'sent'), 0) AND slip.destination <> ''),
             sum(coalesce(slip.result IN ('done', 'sent'), 0) AND slip.destination = '')
         FROM txn LEFT JOIN slip ON slip.txn = txn.id
         WHERE substr(at, 1, 10) BETWEEN ?1 AND ?2
         GROUP BY branch, owner ORDER BY branch, owner",
    )?;
    let n = |r: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<u64> {
        Ok(u64::try_from(r.get::<_, Option<i64>>(at)?.unwrap_or(0)).unwrap_or(0))
    };
    let rows = query.query_map(params![from.to_string(), to.to_string()], |r| {
        Ok(BranchFigures {
            branch: r.get(0)?,
            owner: r.get(1)?,
            loans: n(r, 2)?,
            returns: n(r, 3)?,
            renewals: n(r, 4)?,
            refused: n(r, 5)?,
            queued: n(r, 6)?,
            for_staff: n(r, 7)?,
            transit_slips: n(r, 8)?,
            hold_slips: n(r, 9)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
