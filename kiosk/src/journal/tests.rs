use drivers::rfid::security::Security;

use super::*;
use crate::privacy::PatronId;
use crate::session::{
    ItemId, Payment, PaymentId, PaymentState, PrintResult, Reason, TxnId, TxnOutcome,
};

pub(super) fn intent(n: u64) -> Record {
    Record::Intent {
        txn: TxnId(n),
        session: SessionCode("7K4-M92".to_owned()),
        kind: JobKind::Checkout,
        item: ItemId::new(format!("YZ{n:07}")).unwrap(),
        patron: Some(PatronId::new("0200001234")),
        tags: vec!["E00401003123AA26".parse().unwrap()],
        at: "2026-11-22T10:30:00".parse().unwrap(),
    }
}

pub(super) fn accepted(n: u64) -> Record {
    let outcome =
        TxnOutcome::Accepted { title: Some("三体".to_owned()), want: Some(Security::Released) };
    Record::Outcome { txn: TxnId(n), outcome }
}

fn on_disk(dir: &Path) -> Journal {
    let sealer = Sealer::from_file(&dir.join("key")).unwrap();
    Journal::open(&dir.join("journal.sqlite"), sealer).unwrap()
}

#[test]
fn what_was_open_is_open_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = on_disk(dir.path());
    journal.write(&[intent(1)]).unwrap();
    journal.write(&[intent(2), accepted(2)]).unwrap();
    journal.write(&[intent(3), accepted(3), Record::Secured { txn: TxnId(3) }]).unwrap();
    drop(journal);

    let journal = on_disk(dir.path());
    assert_eq!(journal.next_txn().unwrap(), 4);
    let open = journal.open_units().unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!(open[0].outcome, None);
    assert_eq!(open[0].patron, Some(PatronId::new("0200001234")));
    let want = Some(Security::Released);
    assert_eq!(open[1].outcome, Some(TxnOutcome::Accepted { title: None, want }));
    assert_eq!(open[1].patron, None, "a settled unit keeps no patron, sealed or not");
    let figures = journal.figures(1).unwrap();
    assert_eq!((figures.loans, figures.open), (2, 2));
}

#[test]
fn records_of_one_write_are_all_there_or_none() {
    let mut journal = Journal::in_memory().unwrap();
    journal.write(&[intent(1)]).unwrap();
    journal.write(&[intent(2), intent(1)]).unwrap_err();
    assert_eq!(journal.next_txn().unwrap(), 2);
}

#[test]
fn no_patron_number_in_clear_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = on_disk(dir.path());
    journal.write(&[intent(1)]).unwrap();
    drop(journal);
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(10).any(|w| w == b"0200001234"));
    }
}

#[test]
fn a_newer_journal_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE future (x); PRAGMA user_version = 99").unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    let error = Journal::open(&path, Sealer::ephemeral().unwrap()).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found: 99, .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_wrong_key_is_said() {
    let dir = tempfile::tempdir().unwrap();
    on_disk(dir.path()).write(&[intent(1)]).unwrap();
    let journal =
        Journal::open(&dir.path().join("journal.sqlite"), Sealer::ephemeral().unwrap()).unwrap();
    assert!(matches!(journal.open_units(), Err(JournalError::Seal(_))));
    std::fs::write(dir.path().join("key"), b"short").unwrap();
    let error = Sealer::from_file(&dir.path().join("key")).unwrap_err();
    assert!(error.to_string().contains("not a key"), "{error}");
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let mut journal = Journal::in_memory().unwrap();
    journal.write(&[intent(1)]).unwrap();
    journal.db.pragma_update(None, "max_page_count", 1).unwrap();
    let mut n = 2;
    let error = loop {
        match journal.write(&[intent(n)]) {
            Ok(()) => n += 1,
            Err(e) => break e,
        }
        assert!(n < 10_000, "the database never filled");
    };
    assert!(matches!(error, JournalError::Sql(_)), "{error}");
    assert_eq!(journal.next_txn().unwrap(), n);
}

#[test]
fn repairs_come_and_go() {
    let mut journal = Journal::in_memory().unwrap();
    let uid = "E00401003123AA26".parse().unwrap();
    let item = ItemId::new("YZ0000001").unwrap();
    let want = Security::Released;
    let repair = Record::Repair { txn: TxnId(1), item, tags: vec![uid], want };
    journal.write(&[intent(1), accepted(1), repair]).unwrap();
    assert_eq!(journal.repairs().unwrap().len(), 1);
    assert!(journal.open_units().unwrap().is_empty());
    assert_eq!(journal.list(1).unwrap()[0].tag, "repair");
    journal.write(&[Record::Repaired { uid }]).unwrap();
    assert!(journal.repairs().unwrap().is_empty());
    assert_eq!(journal.list(1).unwrap()[0].tag, "secured");
}

#[test]
fn codes_are_six_of_thirty() {
    for code in draw_codes(50).unwrap() {
        assert_eq!(code.0.len(), 7);
        assert_eq!(code.0.as_bytes()[3], b'-');
        assert!(code.0.bytes().filter(|&b| b != b'-').all(|b| CODE_LETTERS.contains(&b)));
    }
}

fn for_staff(n: u64) -> Record {
    Record::Outcome { txn: TxnId(n), outcome: TxnOutcome::ForStaff { reason: "unsure".into() } }
}

fn day(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

#[test]
fn staff_settle_what_was_left_to_them_and_nothing_else() {
    let mut journal = Journal::in_memory().unwrap();
    journal.write(&[intent(1), for_staff(1), intent(2), intent(3), accepted(3)]).unwrap();
    let unit = journal.show(1).unwrap().unwrap();
    assert_eq!((unit.row.state.as_str(), unit.patron.as_deref()), ("for_staff", Some("••••34")));
    assert_eq!(unit.tags, ["E00401003123AA26"]);
    journal.resolve(1, "on the shelf").unwrap();
    let unit = journal.show(1).unwrap().unwrap();
    assert_eq!((unit.row.state.as_str(), unit.patron), ("resolved", None));
    assert_eq!(unit.note.as_deref(), Some("on the shelf"));
    assert_eq!(journal.figures(1).unwrap().for_staff, 0);
    for (id, why) in [(1, "already"), (2, "by itself"), (3, "by itself"), (9, "none of this")] {
        let error = journal.resolve(id, "x").unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(journal.open_units().unwrap().len(), 2, "what the station works on is untouched");
    assert_eq!(journal.show(9).unwrap(), None);
}

#[test]
fn settled_units_are_forgotten_and_no_others() {
    let mut journal = Journal::in_memory().unwrap();
    let secured = |n| Record::Secured { txn: TxnId(n) };
    let session = SessionCode("7K4-M92".to_owned());
    let receipt = |result| Record::Receipt { session: session.clone(), lines: 2, result };
    journal.write(&[intent(1), accepted(1), secured(1)]).unwrap();
    // Open, queued, unsure, for staff, a tag pending, a tag on the repair list.
    let outcome = |n, outcome| Record::Outcome { txn: TxnId(n), outcome };
    journal.write(&[intent(2), intent(3), outcome(3, TxnOutcome::Queued { want: None })]).unwrap();
    journal.write(&[intent(4), outcome(4, TxnOutcome::Unsure), intent(5), for_staff(5)]).unwrap();
    journal.write(&[intent(6), accepted(6), intent(7), accepted(7)]).unwrap();
    let repair = Record::Repair {
        txn: TxnId(7),
        item: ItemId::new("YZ0000007").unwrap(),
        tags: vec!["E00401003123AA26".parse().unwrap()],
        want: Security::Secured,
    };
    journal.write(&[repair, intent(8), outcome(8, TxnOutcome::NotSent)]).unwrap();
    journal.write(&[receipt(None), receipt(Some(PrintResult::Done))]).unwrap();
    journal.write(&[intent(9), accepted(9), secured(9)]).unwrap();
    let slip = |n, result| Record::SortSlip { txn: TxnId(n), to: "XB".to_owned(), result };
    journal.write(&[slip(1, None), slip(9, None), slip(9, Some(PrintResult::Done))]).unwrap();
    settled_then(&journal);
    let far = day("2099-01-01");
    assert_eq!(journal.forget(far, 1).unwrap().units, 0, "a clock that runs ahead forgets nothing");
    newest_at(&journal, "2026-11-24T08:00:00");
    assert_eq!(journal.forget(day("2026-11-24"), 2).unwrap().units, 0, "not of that day itself");
    let forgotten = journal.forget(day("2026-11-24"), 1).unwrap();
    assert_eq!((forgotten.units, forgotten.receipts), (2, 0), "a receipt stays with its session");
    let left: Vec<i64> = journal.page(0).unwrap().iter().map(|row| row.id).collect();
    assert_eq!(left, [2, 3, 4, 5, 6, 7, 9], "the newest stays for its number");
    let slips: Vec<(i64, Option<String>)> = journal
        .db
        .prepare("SELECT txn, result FROM slip")
        .unwrap()
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(slips, [(9, Some("done".to_owned()))], "a slip goes with its return");
    assert_eq!(journal.next_txn().unwrap(), 10);
    assert_eq!(journal.page(6).unwrap().len(), 2);
}

#[test]
fn a_receipt_goes_with_the_last_unit_of_its_session() {
    let mut journal = Journal::in_memory().unwrap();
    let session = SessionCode("7K4-M92".to_owned());
    let receipt = |result| Record::Receipt { session: session.clone(), lines: 2, result };
    journal.write(&[intent(1), accepted(1), Record::Secured { txn: TxnId(1) }]).unwrap();
    journal.write(&[receipt(None), receipt(Some(PrintResult::Done))]).unwrap();
    let Record::Intent { kind, item, patron, tags, at, .. } = intent(2) else { unreachable!() };
    let session = SessionCode("999-999".to_owned());
    journal
        .write(&[Record::Intent { txn: TxnId(2), session, kind, item, patron, tags, at }])
        .unwrap();
    newest_at(&journal, "2026-12-24T08:00:00");
    let today = day("2026-12-24");
    journal.db.execute("UPDATE txn SET settled = '2026-12-20T10:00:00'", []).unwrap();
    assert_eq!(journal.forget(today, 20).unwrap().units, 0, "settled days after it happened");
    settled_then(&journal);
    let forgotten = journal.forget(today, 20).unwrap();
    assert_eq!(forgotten, Forgotten { units: 1, receipts: 1, receipt_lines: 2 });
    assert_eq!(journal.figures(1).unwrap().receipts, 0);
}

/// A unit that was made and settled at that time, as the station's clock told it.
fn settled_at(journal: &mut Journal, n: u64, at: &str) {
    journal.write(&[intent(n), accepted(n), Record::Secured { txn: TxnId(n) }]).unwrap();
    let sql = "UPDATE txn SET at = ?1, settled = ?1 WHERE id = ?2";
    journal.db.execute(sql, params![at, n as i64]).unwrap();
}

fn kept(journal: &Journal) -> Vec<i64> {
    journal.page(0).unwrap().iter().map(|row| row.id).collect()
}

#[test]
fn what_was_made_while_the_clock_was_behind_is_kept_as_long_as_all_else() {
    let mut journal = Journal::in_memory().unwrap();
    settled_at(&mut journal, 1, "2026-06-01T10:00:00");
    settled_at(&mut journal, 2, "2026-11-20T10:00:00");
    // The battery was empty.
    settled_at(&mut journal, 3, "2025-01-01T00:10:00");
    settled_at(&mut journal, 4, "2025-01-01T00:20:00");
    // Set right.
    settled_at(&mut journal, 5, "2026-11-22T10:00:00");
    journal.forget(day("2026-11-22"), 90).unwrap();
    assert_eq!(kept(&journal), [2, 3, 4, 5], "only what is old");
    settled_at(&mut journal, 6, "2027-02-20T10:00:00");
    journal.forget(day("2027-02-20"), 90).unwrap();
    assert_eq!(kept(&journal), [3, 4, 5, 6], "the one before goes at its time");
    settled_at(&mut journal, 7, "2027-03-01T10:00:00");
    journal.forget(day("2027-03-01"), 90).unwrap();
    assert_eq!(kept(&journal), [6, 7], "and these when the next is old");
}

#[test]
fn a_station_long_off_with_an_empty_battery_keeps_what_it_did_then() {
    let mut journal = Journal::in_memory().unwrap();
    settled_at(&mut journal, 1, "2026-06-01T10:00:00");
    settled_at(&mut journal, 2, "1970-01-01T00:10:00");
    settled_at(&mut journal, 3, "2026-11-22T10:00:00");
    journal.forget(day("2026-11-22"), 90).unwrap();
    assert_eq!(kept(&journal), [2, 3]);
}

#[test]
fn a_unit_from_a_clock_that_ran_ahead_holds_nothing_back() {
    let mut journal = Journal::in_memory().unwrap();
    settled_at(&mut journal, 1, "2026-06-01T10:00:00");
    settled_at(&mut journal, 2, "2030-01-01T10:00:00");
    settled_at(&mut journal, 3, "2026-06-02T10:00:00");
    settled_at(&mut journal, 4, "2026-11-22T10:00:00");
    journal.forget(day("2026-11-22"), 90).unwrap();
    assert_eq!(kept(&journal), [2, 4]);
}

#[test]
fn a_journal_that_cannot_be_written_is_not_said_to_be_well() {
    let (mut journal, _) = Journal::on_full_disk(0);
    let mut n = 1;
    while journal.write(&[intent(n), accepted(n)]).is_ok() {
        n += 1;
    }
    assert!(journal.write_all(&[&[], &[]]).iter().all(Result::is_err));
    assert_eq!(journal.room(), Room::None);
}

#[test]
fn a_journal_of_the_version_before_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(schema::STEPS[0]).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    db.execute(
        "INSERT INTO txn (id, session, kind, item, tags, at, state)
         VALUES (1, 'A', 'checkin', 'YZ1', '', '2026-01-01T10:00:00', 'for_staff')",
        [],
    )
    .unwrap();
    drop(db);
    let mut journal = on_disk(dir.path());
    journal.resolve(1, "found").unwrap();
    assert_eq!(journal.show(1).unwrap().unwrap().note.as_deref(), Some("found"));
    let sums = journal.by_branch(day("2026-01-01")..=day("2026-01-01")).unwrap();
    assert_eq!((sums[0].branch.as_str(), sums[0].for_staff), ("", 1), "of a branch nobody wrote");
}

/// As though everything had been settled when it happened.
fn settled_then(journal: &Journal) {
    journal.db.execute("UPDATE txn SET settled = at", []).unwrap();
}

fn newest_at(journal: &Journal, at: &str) {
    let sql = "UPDATE txn SET at = ?1 WHERE id = (SELECT max(id) FROM txn)";
    journal.db.execute(sql, [at]).unwrap();
}

#[test]
fn the_librarys_words_are_sealed_and_go_when_staff_are_done() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = on_disk(dir.path());
    let words = "Item not checked out to Lovelace";
    let reason = Reason::Words(words.to_owned());
    assert!(!format!("{reason:?}").contains("Lovelace"));
    let outcome = TxnOutcome::ForStaff { reason };
    journal.write(&[intent(1), Record::Outcome { txn: TxnId(1), outcome }]).unwrap();
    assert_eq!(journal.list(9).unwrap()[0].reason.as_deref(), Some("library_says"));
    assert_eq!(journal.show(1).unwrap().unwrap().words.as_deref(), Some(words));
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"Lovelace"));
    }
    journal.resolve(1, "done").unwrap();
    assert_eq!(journal.show(1).unwrap().unwrap().words, None);
}

fn payment(n: u64, id: &str) -> Record {
    let payment = Payment {
        id: PaymentId::new(id).unwrap(),
        patron: PatronId::new("0200001234"),
        amount: 350,
    };
    let session = SessionCode("7K4-M92".to_owned());
    let at = "2026-11-22T10:30:00".parse().unwrap();
    Record::FeeIntent { txn: TxnId(n), session, payment, at }
}

#[test]
fn payments_are_resumed_and_their_numbers_never_used_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = on_disk(dir.path());
    let at = "2026-11-22T10:31:00".parse().unwrap();
    let booked = TxnOutcome::Accepted { title: None, want: None };
    journal.write(&[payment(1, "P-1")]).unwrap();
    journal.write(&[Record::FeeSent { txn: TxnId(1), owed: Some(1250), at }]).unwrap();
    journal.write(&[Record::Outcome { txn: TxnId(1), outcome: booked }]).unwrap();
    journal.write(&[payment(2, "P-2")]).unwrap();
    journal.write(&[payment(3, "P-3")]).unwrap();
    journal.write(&[Record::FeeSent { txn: TxnId(3), owed: Some(1250), at }]).unwrap();
    journal.write(&[payment(4, "P-1")]).unwrap_err();
    drop(journal);

    let journal = on_disk(dir.path());
    let start = journal.fee_start(false).unwrap();
    let open: Vec<_> = start.open.iter().map(|f| (f.payment.id.as_str(), f.sent)).collect();
    assert_eq!(open, [("P-2", None), ("P-3", Some((at, Some(1250))))]);
    assert_eq!(start.open[0].payment.patron, PatronId::new("0200001234"));
    assert_eq!(start.known, [(PaymentId::new("P-1").unwrap(), PaymentState::Booked)]);
    assert!(journal.open_units().unwrap().is_empty(), "a payment is no work on an item");
    let listed = journal.list(9).unwrap();
    assert_eq!((listed[2].kind.as_str(), listed[2].title.as_deref()), ("fee", Some("3.50 P-1")));
    assert_eq!(journal.show(1).unwrap().unwrap().patron, None, "booked: the number goes");
}

#[test]
fn groups_share_a_commit_and_not_a_fate() {
    let mut journal = Journal::in_memory().unwrap();
    let groups: [&[Record]; 4] =
        [&[intent(1)], &[intent(2), accepted(2)], &[intent(3), intent(1)], &[intent(4)]];
    let written: Vec<bool> = journal.write_all(&groups).iter().map(Result::is_ok).collect();
    assert_eq!(written, [true, true, false, true]);
    let ids: Vec<i64> = journal.page(0).unwrap().iter().map(|row| row.id).collect();
    assert_eq!(ids, [1, 2, 4], "whole or not at all");
    assert!(journal.write_all(&[]).is_empty());
    let many: Vec<[Record; 1]> =
        (10..10 + 2 * GROUPS_MAX as u64 + 1).map(|n| [intent(n)]).collect();
    let many: Vec<&[Record]> = many.iter().map(|group| &group[..]).collect();
    assert!(journal.write_all(&many).iter().all(Result::is_ok));
    assert_eq!(journal.open_units().unwrap().len(), 3 + many.len());
}

#[test]
fn one_commit_for_a_whole_queue() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = on_disk(dir.path());
    journal.write(&[intent(1_000)]).unwrap();
    let looker = Connection::open(dir.path().join("journal.sqlite")).unwrap();
    let groups: Vec<[Record; 1]> = (1..=100).map(|n| [intent(n)]).collect();
    let groups: Vec<&[Record]> = groups.iter().map(|group| &group[..]).collect();
    let frames = |wal: &Path| std::fs::metadata(wal).unwrap().len() / 4096;
    let wal = dir.path().join("journal.sqlite-wal");
    let before = frames(&wal);
    assert!(journal.write_all(&groups).iter().all(Result::is_ok));
    let grown = frames(&wal) - before;
    assert!(grown < 100, "{grown} pages: a commit each writes at least one each");
    let seen: i64 = looker.query_row("SELECT count(*) FROM txn", [], |r| r.get(0)).unwrap();
    assert_eq!(seen, 101, "durable and to be seen when it is said");
}

#[test]
fn a_write_keeps_no_reader_waiting_and_no_reader_a_write() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = on_disk(dir.path());
    journal.write(&[intent(1)]).unwrap();
    let sealer = Sealer::from_file(&dir.path().join("key")).unwrap();
    let looker = Journal::open_read_only(&dir.path().join("journal.sqlite"), sealer).unwrap();
    // Nobody waits at all.
    looker.db.busy_timeout(Duration::ZERO).unwrap();
    journal.db.busy_timeout(Duration::ZERO).unwrap();
    journal.db.execute_batch("BEGIN IMMEDIATE; UPDATE txn SET state = 'accepted'").unwrap();
    assert_eq!(looker.list(9).unwrap()[0].state, "intent");
    journal.db.execute_batch("COMMIT").unwrap();
    looker.db.execute_batch("BEGIN").unwrap();
    assert_eq!(looker.list(9).unwrap()[0].state, "accepted");
    journal.write(&[intent(2)]).unwrap();
    assert_eq!(looker.list(9).unwrap().len(), 1, "it sees one moment");
    looker.db.execute_batch("COMMIT").unwrap();
    assert_eq!(looker.list(9).unwrap().len(), 2);
}

#[test]
fn what_is_open_is_found_by_its_index_and_a_write_fills_no_table_for_it() {
    let journal = Journal::in_memory().unwrap();
    let plan = |sql: &str| -> Vec<String> {
        let mut query = journal.db.prepare(sql).unwrap();
        let rows = query.query_map([], |r| {
            Ok(format!(
                "{:?} {:?}",
                r.get::<_, rusqlite::types::Value>(1)?,
                r.get::<_, rusqlite::types::Value>(3)?
            ))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let open = schema::OPEN;
    let steps = plan(&format!("EXPLAIN QUERY PLAN SELECT id FROM txn WHERE {open} ORDER BY id"));
    assert!(steps.iter().any(|step| step.contains("txn_open")), "{steps:?}");
    let steps = plan("EXPLAIN UPDATE txn SET tag = 'secured' WHERE id = 1");
    assert!(!steps.iter().any(|step| step.contains("OpenEphemeral")), "{steps:?}");
    assert!(schema::STEPS.iter().any(|step| step.contains(open)), "one wording");
}

#[test]
fn a_look_at_a_journal_that_is_new_or_old_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let look = || Journal::open_read_only(&path, Sealer::ephemeral().unwrap());
    std::fs::write(&path, b"").unwrap();
    assert_eq!(look().unwrap().list(9).unwrap().len(), 0, "just being made");
    let mut db = Connection::open(&path).unwrap();
    let tx = db.transaction().unwrap();
    tx.execute_batch(schema::STEPS[0]).unwrap();
    tx.pragma_update(None, "user_version", 1).unwrap();
    tx.commit().unwrap();
    let error = look().unwrap_err().to_string();
    assert!(error.contains("start the station once"), "{error}");
    drop(db);
    assert!(on_disk(dir.path()).list(9).unwrap().is_empty(), "brought up to date");
    assert!(look().is_ok());
}
