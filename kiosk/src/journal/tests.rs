use super::*;
use crate::privacy::PatronId;
use crate::session::ItemId;

fn intent(n: u64) -> Record {
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

fn accepted(n: u64) -> Record {
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
