//! Reading the journal.

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;

use super::schema::OPEN;
use super::{JournalError, KINDS, Sealer};
use crate::session::{ItemId, JobKind, OpenTxn, QUEUE_MAX, RepairRow, TxnId, TxnOutcome};

/// Most units resumed at one start: the queue when it is full, and what was in flight then.
const OPEN_MAX: u32 = 2 * QUEUE_MAX as u32;

/// One unit for lists: no patron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Unit.
    pub id: i64,
    /// Receipt code of its session.
    pub session: String,
    /// `checkout`, `checkin`, `renew`, `cancel`, `fee`.
    pub kind: String,
    /// Item number; none for a fee.
    pub item: String,
    /// Civil time of the event.
    pub at: String,
    /// `intent`, `accepted`, `refused`, `queued`, `not_sent`, `unsure`, `for_staff`, `resolved`.
    pub state: String,
    /// Why refused or for staff.
    pub reason: Option<String>,
    /// Title; amount and number of a payment.
    pub title: Option<String>,
    /// `none`, `pending`, `secured` (nothing is owed any more), `repair`.
    pub tag: String,
    /// The due day a reader was told, for a loan noted off line.
    pub due: Option<String>,
    /// What is to be said besides, as codes: `time_unsure`, `held`, `late`, `due_differs`,
    /// `already_theirs`, `library_says`.
    pub remark: Option<String>,
}

/// One unit whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// What lists show.
    #[serde(flatten)]
    pub row: Row,
    /// UIDs of its tags.
    pub tags: Vec<String>,
    /// State its tags are to have.
    pub want: Option<String>,
    /// The patron's number, masked; none when it is gone, or the key does not open it.
    pub patron: Option<String>,
    /// The library system's words, where the key opens them. They may name a reader.
    pub words: Option<String>,
    /// What staff did.
    pub note: Option<String>,
}

/// Sums for the closing line and the technician.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Accepted loans less accepted cancels.
    pub loans: u64,
    /// Accepted returns.
    pub returns: u64,
    /// Accepted renewals.
    pub renewals: u64,
    /// Noted, not posted.
    pub queued: u64,
    /// Intent or unsure, or a tag pending.
    pub open: u64,
    /// Tags on the repair list (all, not only from `since`).
    pub repair: u64,
    /// Receipts confirmed or sent (all).
    pub receipts: u64,
    /// Lines on those receipts (all).
    pub receipt_lines: u64,
    /// For staff (all).
    pub for_staff: u64,
}

pub(super) fn kind_name(kind: JobKind) -> &'static str {
    KINDS.iter().find(|(k, _)| *k == kind).map_or("", |(_, name)| name)
}

pub(super) fn join_tags(tags: &[Uid]) -> String {
    tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn want(text: &str) -> Option<Security> {
    match text {
        "secured" => Some(Security::Secured),
        "released" => Some(Security::Released),
        _ => None,
    }
}

struct OpenRow {
    id: i64,
    kind: String,
    item: String,
    patron: Option<Vec<u8>>,
    tags: String,
    at: String,
    state: String,
    want: Option<String>,
    tag: String,
    due: Option<String>,
    remark: Option<String>,
    branch: String,
}

pub(super) fn open_units(db: &Connection, sealer: &Sealer) -> Result<Vec<OpenTxn>, JournalError> {
    let mut query = db.prepare(&format!(
        "SELECT id, kind, item, patron, tags, at, state, want, tag, due, remark, branch FROM txn
         WHERE ({OPEN}) AND kind <> 'fee' ORDER BY id LIMIT ?1"
    ))?;
    let rows: Vec<OpenRow> = query
        .query_map([OPEN_MAX], |r| {
            Ok(OpenRow {
                id: r.get(0)?,
                kind: r.get(1)?,
                item: r.get(2)?,
                patron: r.get(3)?,
                tags: r.get(4)?,
                at: r.get(5)?,
                state: r.get(6)?,
                want: r.get(7)?,
                tag: r.get(8)?,
                due: r.get(9)?,
                remark: r.get(10)?,
                branch: r.get(11)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    rows.into_iter().map(|row| open_unit(row, sealer)).collect()
}

fn open_unit(row: OpenRow, sealer: &Sealer) -> Result<OpenTxn, JournalError> {
    let OpenRow { id, kind, item, patron, tags, at, state, want: wanted, tag, due, remark, branch } =
        row;
    let bad = |what| JournalError::Row { id, what };
    let want = wanted.as_deref().and_then(want).filter(|_| tag == "pending");
    Ok(OpenTxn {
        txn: TxnId(u64::try_from(id).map_err(|_| bad("id"))?),
        kind: KINDS.iter().find(|(_, name)| *name == kind).ok_or_else(|| bad("kind"))?.0,
        item: ItemId::new(item).map_err(|_| bad("item"))?,
        patron: patron.map(|p| sealer.open(&p)).transpose()?,
        tags: tags
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| bad("tags"))?,
        at: at.parse().map_err(|_| bad("at"))?,
        outcome: match state.as_str() {
            "intent" => None,
            "unsure" => Some(TxnOutcome::Unsure),
            "queued" => Some(match due {
                Some(due) => {
                    TxnOutcome::LentHere { want, due: due.parse().map_err(|_| bad("due"))? }
                }
                None => TxnOutcome::Queued { want },
            }),
            _ => Some(TxnOutcome::Accepted { title: None, want }),
        },
        time_unsure: remark.is_some_and(|r| r.split(' ').any(|code| code == "time_unsure")),
        branch,
    })
}

pub(super) fn repairs(db: &Connection) -> Result<Vec<RepairRow>, JournalError> {
    let mut query = db.prepare("SELECT uid, item, want, txn FROM repair ORDER BY uid")?;
    let rows: Vec<(String, String, String, i64)> = query
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
        .collect::<Result<_, _>>()?;
    rows.into_iter()
        .map(|(uid, item, wanted, id)| {
            let bad = |what| JournalError::Row { id, what };
            Ok(RepairRow {
                uid: uid.parse().map_err(|_| bad("repair uid"))?,
                item: ItemId::new(item).map_err(|_| bad("repair item"))?,
                want: want(&wanted).ok_or_else(|| bad("repair want"))?,
            })
        })
        .collect()
}

/// Columns of a [`Row`]. A technician must not be sent after a tag that is right again, or that a
/// later unit answers for: the repair list itself says what is owed.
const ROW: &str = "id, session, kind, item, at, state, reason, title,
    CASE WHEN tag = 'repair' AND NOT EXISTS (SELECT 1 FROM repair WHERE repair.txn = txn.id)
         THEN 'secured' ELSE tag END, due, remark";

fn row(r: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: r.get(0)?,
        session: r.get(1)?,
        kind: r.get(2)?,
        item: r.get(3)?,
        at: r.get(4)?,
        state: r.get(5)?,
        reason: r.get(6)?,
        title: r.get(7)?,
        tag: r.get(8)?,
        due: r.get(9)?,
        remark: r.get(10)?,
    })
}

pub(super) fn list(db: &Connection, limit: u32) -> Result<Vec<Row>, JournalError> {
    let mut query = db.prepare(&format!("SELECT {ROW} FROM txn ORDER BY id DESC LIMIT ?1"))?;
    Ok(query.query_map([limit], row)?.collect::<Result<_, _>>()?)
}

pub(super) fn page(db: &Connection, after: i64, limit: u32) -> Result<Vec<Row>, JournalError> {
    let sql = format!("SELECT {ROW} FROM txn WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut query = db.prepare_cached(&sql)?;
    Ok(query.query_map([after, i64::from(limit)], row)?.collect::<Result<_, _>>()?)
}

pub(super) fn show(
    db: &Connection,
    sealer: &Sealer,
    id: i64,
) -> Result<Option<Unit>, JournalError> {
    let sql = format!("SELECT {ROW}, tags, want, patron, note, words FROM txn WHERE id = ?1");
    let unit = db.query_row(&sql, [id], |r| {
        let tags: String = r.get(11)?;
        let sealed: Option<Vec<u8>> = r.get(13)?;
        let words: Option<Vec<u8>> = r.get(15)?;
        Ok(Unit {
            row: row(r)?,
            tags: tags.split_whitespace().map(str::to_owned).collect(),
            want: r.get(12)?,
            patron: sealed.and_then(|sealed| sealer.open(&sealed).ok()).map(|p| p.masked()),
            note: r.get(14)?,
            words: words.and_then(|w| sealer.open(&w).ok()).map(|w| w.expose().to_owned()),
        })
    });
    Ok(unit.optional()?)
}

/// Number of the last unit that surely happened before that day; 0 when there is none. Numbers go
/// up as time does, so a unit is no younger than a later one with a believable time: one that is
/// not after today, and not before the time of a unit with a smaller number.
pub(super) fn last_old(db: &Connection, before: Date, today: Date) -> Result<i64, JournalError> {
    let past_today = today.tomorrow().unwrap_or(Date::MAX);
    let id: Option<i64> = db
        .query_row(
            "SELECT id FROM txn
             WHERE at < ?1 AND id < coalesce(
                 (SELECT min(id) FROM txn WHERE at >= ?1 AND at < ?2), 9223372036854775807)
             ORDER BY at DESC, id DESC LIMIT 1",
            [before.to_string(), past_today.to_string()],
            |r| r.get(0),
        )
        .optional()?;
    Ok(id.unwrap_or(0))
}

pub(super) fn figures(db: &Connection, since: u64) -> Result<Figures, JournalError> {
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let of = |sql: &str| -> Result<u64, JournalError> {
        let n: i64 = db.query_row(sql, [since], |r| r.get(0))?;
        Ok(u64::try_from(n).unwrap_or(0))
    };
    let accepted = |kind: &str| {
        of(&format!(
            "SELECT count(*) FROM txn WHERE id >= ?1 AND state = 'accepted' AND kind = '{kind}'"
        ))
    };
    Ok(Figures {
        loans: accepted("checkout")?.saturating_sub(accepted("cancel")?),
        returns: accepted("checkin")?,
        renewals: accepted("renew")?,
        queued: of("SELECT count(*) FROM txn WHERE ?1 = ?1 AND state = 'queued'")?,
        open: of("SELECT count(*) FROM txn WHERE ?1 = ?1 AND (state IN ('intent', 'unsure') \
                  OR tag = 'pending')")?,
        repair: of("SELECT count(*) FROM repair WHERE ?1 = ?1")?,
        receipts: of("SELECT count(*) FROM receipt WHERE ?1 = ?1 AND result IN ('done', 'sent')")?,
        receipt_lines: of("SELECT coalesce(sum(lines), 0) FROM receipt \
                           WHERE ?1 = ?1 AND result IN ('done', 'sent')")?,
        for_staff: of("SELECT count(*) FROM txn WHERE ?1 = ?1 AND state = 'for_staff'")?,
    })
}
