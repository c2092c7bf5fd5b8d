//! What a station reads when it starts, in one place: the same is read to see whether a journal is
//! sound.

use jiff::civil::DateTime;

use super::{Figures, Journal, JournalError};
use crate::session::{FeeStart, Lists, OpenTxn, RepairRow};

/// What a station starts from.
#[derive(Debug)]
pub struct Beginning {
    /// First unit number never used.
    pub next_txn: u64,
    /// Units left open, oldest first.
    pub open: Vec<OpenTxn>,
    /// Oldest unit left open, or the first new one.
    pub since: u64,
    /// The figures from there.
    pub before: Figures,
    /// The repair list.
    pub repairs: Vec<RepairRow>,
    /// Payments.
    pub fees: FeeStart,
    /// Lists for off-line work.
    pub lists: Lists,
    /// The newest moment of any unit.
    pub newest: Option<DateTime>,
}

impl Journal {
    /// Reads all that a station starts from. `dedup`: the library system books a payment's number
    /// once.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn beginning(&self, dedup: bool) -> Result<Beginning, JournalError> {
        let next_txn = self.next_txn()?;
        let open = self.open_units()?;
        // What a restart finds open is settled now: it counts from here on, its elders do not.
        let since = open.iter().map(|unit| unit.txn.0).min().unwrap_or(next_txn);
        Ok(Beginning {
            next_txn,
            open,
            since,
            before: self.figures(since)?,
            repairs: self.repairs()?,
            fees: self.fee_start(dedup)?,
            lists: self.lists()?,
            newest: self.newest()?,
        })
    }
}
