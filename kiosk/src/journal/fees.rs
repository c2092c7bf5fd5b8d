//! Payments in the journal.

use jiff::civil::DateTime;
use rusqlite::{Connection, Transaction, params};

use super::writing::sql_id;
use super::{JournalError, Sealer};
use crate::session::{
    OpenFee, PAYMENTS_KNOWN_MAX, Payment, PaymentId, PaymentState, SessionCode, TxnId,
};
use crate::sip2::codes::Amount;

/// Most open payments resumed at one start; a station has far fewer under way.
const OPEN_MAX: u32 = 1_000;

/// Money was taken. A number used before is refused by the table itself.
pub(super) fn intent(
    tx: &Transaction<'_>,
    sealer: &Sealer,
    txn: TxnId,
    session: &SessionCode,
    payment: &Payment,
    at: DateTime,
) -> Result<(), JournalError> {
    // For staff lists, which show a title.
    let title = format!("{} {}", Amount::of_minor_units(payment.amount).0, payment.id.as_str());
    tx.prepare_cached(
        "INSERT INTO txn (id, session, kind, item, patron, tags, at, state, title, bk, amount)
         VALUES (?1, ?2, 'fee', '', ?3, '', ?4, 'intent', ?5, ?6, ?7)",
    )?
    .execute(params![
        sql_id(txn),
        session.0,
        sealer.seal(&payment.patron)?,
        at.to_string(),
        title,
        payment.id.as_str(),
        payment.amount,
    ])?;
    Ok(())
}

/// It is about to be sent: from here on it may have been.
pub(super) fn sent(
    tx: &Transaction<'_>,
    txn: TxnId,
    owed: Option<i64>,
    at: DateTime,
) -> Result<(), JournalError> {
    tx.prepare_cached("UPDATE txn SET state = 'unsure', owed = ?2, sent = ?3 WHERE id = ?1")?
        .execute(params![sql_id(txn), owed, at.to_string()])?;
    Ok(())
}

type OpenRow = (i64, Option<Vec<u8>>, Option<String>, Option<i64>, Option<i64>, Option<String>);

/// Payments left open, oldest first.
pub(super) fn open(db: &Connection, sealer: &Sealer) -> Result<Vec<OpenFee>, JournalError> {
    let mut query = db.prepare(
        "SELECT id, patron, bk, amount, owed, sent FROM txn
         WHERE kind = 'fee' AND state IN ('intent', 'unsure') ORDER BY id LIMIT ?1",
    )?;
    let row = |r: &rusqlite::Row<'_>| {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?))
    };
    let rows: Vec<OpenRow> = query.query_map([OPEN_MAX], row)?.collect::<Result<_, _>>()?;
    rows.into_iter().map(|row| open_fee(row, sealer)).collect()
}

fn open_fee(row: OpenRow, sealer: &Sealer) -> Result<OpenFee, JournalError> {
    let (id, patron, bk, amount, owed, sent) = row;
    let bad = |what| JournalError::Row { id, what };
    let number = bk.and_then(|bk| PaymentId::new(bk).ok()).ok_or_else(|| bad("bk"))?;
    let sent = match sent {
        Some(at) => Some((at.parse().map_err(|_| bad("sent"))?, owed)),
        None => None,
    };
    Ok(OpenFee {
        txn: TxnId(u64::try_from(id).map_err(|_| bad("id"))?),
        payment: Payment {
            id: number,
            patron: sealer.open(&patron.ok_or_else(|| bad("patron"))?)?,
            amount: amount.ok_or_else(|| bad("amount"))?,
        },
        sent,
    })
}

/// The newest numbers of payments that ended, oldest first.
pub(super) fn ended(db: &Connection) -> Result<Vec<(PaymentId, PaymentState)>, JournalError> {
    let mut query = db.prepare(
        "SELECT bk, state FROM txn
         WHERE bk IS NOT NULL AND state NOT IN ('intent', 'unsure') ORDER BY id DESC LIMIT ?1",
    )?;
    let limit = i64::try_from(PAYMENTS_KNOWN_MAX).unwrap_or(i64::MAX);
    let rows = query.query_map([limit], |r| Ok((r.get::<_, String>(0)?, r.get(1)?)))?;
    let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
    let known = rows.into_iter().rev().filter_map(|(bk, state)| {
        let state = if state == "accepted" { PaymentState::Booked } else { PaymentState::ForStaff };
        Some((PaymentId::new(bk).ok()?, state))
    });
    Ok(known.collect())
}
