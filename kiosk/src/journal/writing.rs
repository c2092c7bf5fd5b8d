//! Writing the journal: each record's row.

use rusqlite::{Transaction, params};

use drivers::rfid::security::Security;

use super::schema::OPEN;
use super::{JournalError, Sealer, branches, fees, lists, rows};
use crate::privacy::PatronId;
use crate::session::{PrintResult, Reason, Record, Remark, TxnId, TxnOutcome};

pub(super) fn write_one(
    tx: &Transaction<'_>,
    sealer: &Sealer,
    branch: &str,
    record: &Record,
) -> Result<(), JournalError> {
    match record {
        Record::Intent { txn, session, kind, item, patron, tags, at } => {
            let patron = patron.as_ref().map(|p| sealer.seal(p)).transpose()?;
            tx.prepare_cached(
                "INSERT INTO txn (id, session, kind, item, patron, tags, at, state, branch)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'intent', ?8)",
            )?
            .execute(params![
                sql_id(*txn),
                session.0,
                rows::kind_name(*kind),
                item.as_str(),
                patron,
                rows::join_tags(tags),
                at.to_string(),
                branch,
            ])?;
        }
        Record::Outcome { txn, outcome } => write_outcome(tx, sealer, *txn, outcome)?,
        Record::Secured { txn } => {
            tx.prepare_cached("UPDATE txn SET tag = 'secured' WHERE id = ?1")?
                .execute([sql_id(*txn)])?;
        }
        Record::Repair { txn, item, tags, want } => {
            tx.prepare_cached("UPDATE txn SET tag = 'repair' WHERE id = ?1")?
                .execute([sql_id(*txn)])?;
            for uid in tags {
                tx.prepare_cached(
                    "INSERT INTO repair (uid, item, want, txn) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (uid) DO UPDATE SET item = ?2, want = ?3, txn = ?4",
                )?
                .execute(params![
                    uid.to_string(),
                    item.as_str(),
                    want_name(*want),
                    sql_id(*txn)
                ])?;
            }
        }
        Record::Repaired { uid } => {
            tx.prepare_cached("DELETE FROM repair WHERE uid = ?1")?.execute([uid.to_string()])?;
        }
        Record::FeeIntent { txn, session, payment, at } => {
            fees::intent(tx, sealer, *txn, session, payment, *at)?;
        }
        Record::FeeSent { txn, owed, at } => fees::sent(tx, *txn, *owed, *at)?,
        Record::Owner { txn, owner } => branches::set_owner(tx, sql_id(*txn), owner)?,
        Record::Branch { txn, branch } => branches::set_branch(tx, sql_id(*txn), branch)?,
        Record::SortSlip { txn, to, result } => {
            branches::write_slip(tx, sql_id(*txn), to, result.map(print_name))?;
        }
        Record::Remark { txn, remark } => {
            let words = match remark {
                Remark::Says(words) => Some(sealer.seal(&PatronId::new(words.as_str()))?),
                _ => None,
            };
            tx.prepare_cached(
                "UPDATE txn SET remark = coalesce(remark || ' ', '') || ?2,
                     words = coalesce(?3, words) WHERE id = ?1",
            )?
            .execute(params![sql_id(*txn), remark.code(), words])?;
        }
        Record::Card { card, row } => lists::put_card(tx, *card, *row)?,
        Record::Held { item, day } => lists::put_held(tx, item, *day)?,
        Record::Receipt { session, lines, result: None } => {
            tx.prepare_cached("INSERT INTO receipt (session, lines) VALUES (?1, ?2)")?
                .execute(params![session.0, lines])?;
        }
        Record::Receipt { session, result: Some(result), .. } => {
            tx.prepare_cached(
                "UPDATE receipt SET result = ?2
                 WHERE id = (SELECT max(id) FROM receipt WHERE session = ?1)",
            )?
            .execute(params![session.0, print_name(*result)])?;
        }
    }
    Ok(())
}

/// Bytes of a unit with all that it may hold, about.
const UNIT_LEN: i64 = 256;

/// Writes to every table what a unit writes there, and takes it back before the commit: a journal
/// that takes this takes a unit. What is open is read, since its rows are the ones changed next.
pub(super) fn try_out(tx: &Transaction<'_>) -> Result<(), JournalError> {
    tx.execute(
        "INSERT INTO txn (id, session, kind, item, patron, tags, at, state)
         SELECT coalesce(max(id), 0) + 1, '', 'checkin', '', zeroblob(?1), '', '', 'intent' FROM txn",
        [UNIT_LEN],
    )?;
    let id = tx.last_insert_rowid();
    tx.execute("UPDATE txn SET state = 'queued', tag = 'pending' WHERE id = ?1", [id])?;
    tx.execute("DELETE FROM txn WHERE id = ?1", [id])?;
    tx.execute("INSERT INTO receipt (session, lines) VALUES ('', 0)", [])?;
    tx.execute("DELETE FROM receipt WHERE id = ?1", [tx.last_insert_rowid()])?;
    tx.execute(
        "INSERT INTO slip (txn, destination) SELECT coalesce(max(txn), 0) + 1, '' FROM slip",
        [],
    )?;
    tx.execute("DELETE FROM slip WHERE txn = ?1", [tx.last_insert_rowid()])?;
    // No tag, card or item has an empty number.
    tx.execute_batch(
        "INSERT INTO repair (uid, item, want, txn) VALUES ('', '', '', 0);
         DELETE FROM repair WHERE uid = '';
         INSERT INTO card (card) VALUES (x'');
         DELETE FROM card WHERE card = x'';
         INSERT INTO held (item, day) VALUES ('', '');
         DELETE FROM held WHERE item = '';",
    )?;
    let read = format!("SELECT total(length(item)) FROM txn WHERE {OPEN}");
    tx.query_row(&read, [], |r| r.get::<_, f64>(0))?;
    Ok(())
}

fn write_outcome(
    tx: &Transaction<'_>,
    sealer: &Sealer,
    txn: TxnId,
    outcome: &TxnOutcome,
) -> Result<(), JournalError> {
    let (state, reason, title, want) = match outcome {
        TxnOutcome::Accepted { title, want } => ("accepted", None, title.as_deref(), *want),
        TxnOutcome::Refused { reason } => ("refused", Some(reason), None, None),
        TxnOutcome::Queued { want } => ("queued", None, None, *want),
        TxnOutcome::LentHere { want, .. } => ("queued", None, None, *want),
        TxnOutcome::NotSent => ("not_sent", None, None, None),
        TxnOutcome::Unsure => ("unsure", None, None, None),
        TxnOutcome::ForStaff { reason } => ("for_staff", Some(reason), None, None),
    };
    // What the library system says may name a reader.
    let words = match reason {
        Some(Reason::Words(words)) => Some(sealer.seal(&PatronId::new(words.as_str()))?),
        _ => None,
    };
    let reason = reason.map(|reason| format!("{reason:?}"));
    // A number is needed only to find out or to post; then it goes.
    let keep_patron = matches!(
        outcome,
        TxnOutcome::Unsure | TxnOutcome::ForStaff { .. } | TxnOutcome::LentHere { .. }
    );
    let due = match outcome {
        TxnOutcome::LentHere { due, .. } => Some(due.to_string()),
        _ => None,
    };
    tx.prepare_cached(
        "UPDATE txn SET state = ?2, reason = ?3, title = coalesce(?4, title),
             want = coalesce(?5, want),
             tag = CASE WHEN ?5 IS NULL THEN tag ELSE 'pending' END,
             patron = CASE WHEN ?6 THEN patron ELSE NULL END,
             words = ?7, due = coalesce(?8, due), settled = strftime('%Y-%m-%dT%H:%M:%S', 'now')
         WHERE id = ?1",
    )?
    .execute(params![
        sql_id(txn),
        state,
        reason,
        title,
        want.map(want_name),
        keep_patron,
        words,
        due
    ])?;
    Ok(())
}

pub(super) fn sql_id(txn: TxnId) -> i64 {
    i64::try_from(txn.0).unwrap_or(i64::MAX)
}

pub(super) fn want_name(want: Security) -> &'static str {
    match want {
        Security::Secured => "secured",
        Security::Released => "released",
    }
}

pub(super) fn print_name(result: PrintResult) -> &'static str {
    match result {
        PrintResult::Done => "done",
        PrintResult::Sent => "sent",
        PrintResult::Not(_) => "not_printed",
        PrintResult::Unknown => "unknown",
    }
}
