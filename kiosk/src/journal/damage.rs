//! A damaged journal is set aside whole, and a new one begun: returns must go on. Nothing of it is
//! repaired or thrown away by the station; what was open in it is for staff.
//!
//! Sound is what SQLite finds sound, has the tables of its version, and lets everything be read
//! that a station starts from. Under another key nothing sealed can be read either: that is no
//! damage, and is mended by the right key.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{self, Age};
use super::{BUSY_WAIT, Journal, JournalError, Sealer};

/// Most damaged journals kept beside the good one. A disk that damages so many is itself to be
/// replaced.
const SET_ASIDE_MAX: u32 = 20;

/// First bytes of every database (SQLite file format, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Which versions may write and read the file: rollback journal or log (the same). With another,
/// SQLite opens it for reading only.
const FORMATS: std::ops::Range<usize> = 18..20;

/// Shortest database: one page of the least size (the same).
const LEAST_LEN: u64 = 512;

/// What SQLite keeps beside a database, in the order in which it is moved away: a log left behind
/// would be played into the new file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", ""];

/// What was found where a journal is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// A sound one, none, or one that opening says more of.
    Usable,
    /// A sound one of an older program; its rows are not looked at yet.
    Older,
    Damaged,
}

impl Journal {
    /// Opens or makes the journal in `path`; a damaged one is set aside first, and its new place
    /// returned.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::SetAside`] when it cannot be moved,
    /// [`JournalError::OtherKey`] when it is not damaged and the key is another.
    pub fn open_sound(
        path: &Path,
        sealer: Sealer,
    ) -> Result<(Self, Option<PathBuf>), JournalError> {
        let mut aside = None;
        Self::open_or_begin(path, sealer, &mut aside).map(|journal| (journal, aside))
    }

    /// The same. `aside` is told as soon as the file is moved, whatever becomes of the new one, and
    /// stays as it is where there is nothing to move.
    pub(super) fn open_or_begin(
        path: &Path,
        sealer: Sealer,
        aside: &mut Option<PathBuf>,
    ) -> Result<Self, JournalError> {
        let mut found = look(path, &sealer)?;
        if found == Found::Older {
            // Its rows are read as those of today, so it is brought up to date first.
            found = match Self::open(path, sealer.clone()) {
                Ok(journal) => {
                    drop(journal);
                    look(path, &sealer)?
                }
                Err(error) if is_damage(&error) => Found::Damaged,
                Err(error) => return Err(error),
            };
        }
        if found == Found::Damaged {
            *aside = Some(set_aside(path)?);
        }
        let journal = Self::open(path, sealer)?;
        journal.mark_key();
        Ok(journal)
    }

    /// Notes which key is used, so that damage is known from another key later.
    fn mark_key(&self) {
        let mark = self.sealer.mark();
        if marked(&self.db).is_ok_and(|noted| noted != mark)
            && let Err(error) = self.db.pragma_update(None, "application_id", mark)
        {
            // A full disk. Without it the sealed rows themselves are asked.
            tracing::warn!(%error, "the key's mark cannot be noted");
        }
    }

    /// Whether what does not open was sealed under another key. Only damage keeps a few rows shut
    /// while others open.
    fn is_of_other_key(&self) -> Result<bool, JournalError> {
        match marked(&self.db)? {
            0 => {}
            noted => return Ok(noted != self.sealer.mark()),
        }
        let mut query = self.db.prepare(
            "SELECT patron FROM txn WHERE patron IS NOT NULL
             UNION ALL SELECT words FROM txn WHERE words IS NOT NULL",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let sealed: Vec<u8> = row.get(0)?;
            if self.sealer.open(&sealed).is_ok() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The mark of the key used last; 0 for none.
fn marked(db: &Connection) -> rusqlite::Result<i32> {
    db.query_row("PRAGMA application_id", [], |row| row.get(0))
}

/// Looks whether a file is there that is no whole journal. What cannot be read for another reason
/// is not damaged: opening it says why.
fn look(path: &Path, sealer: &Sealer) -> Result<Found, JournalError> {
    if !begins_well(path) {
        return Ok(Found::Damaged);
    }
    match read_through(path, sealer) {
        Err(error @ JournalError::OtherKey { .. }) => Err(error),
        Err(error) if is_damage(&error) => {
            tracing::error!(%error, "the journal cannot be read");
            Ok(Found::Damaged)
        }
        Err(_) => Ok(Found::Usable),
        Ok(found) => Ok(found),
    }
}

fn read_through(path: &Path, sealer: &Sealer) -> Result<Found, JournalError> {
    // Read-only, so that looking neither plays a log into the file nor throws one away.
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(BUSY_WAIT)?;
    // Not the quick one, which does not compare the index of open units with the units.
    let answer: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if answer != "ok" {
        tracing::error!(answer, "the journal is damaged");
        return Ok(Found::Damaged);
    }
    match schema::age(&db)? {
        Age::Odd => return Ok(Found::Damaged),
        Age::Older => return Ok(Found::Older),
        Age::Fits => {}
    }
    if schema::version(&db)? != schema::VERSION {
        return Ok(Found::Usable);
    }
    let journal = Journal { db, sealer: sealer.clone(), keeper: None, branch: String::new() };
    match journal.beginning(false) {
        Err(JournalError::Seal(_)) if journal.is_of_other_key()? => {
            Err(JournalError::OtherKey { path: path.to_owned() })
        }
        begin => begin.map(|_| Found::Usable),
    }
}

/// Whether that is how a damaged file answers.
fn is_damage(error: &JournalError) -> bool {
    match error {
        JournalError::Sql(source)
        | JournalError::Open { source, .. }
        | JournalError::Broken(source) => {
            is_corrupt(source)
                || is_no_value_of_ours(source)
                // Of statements that are right, and tables that were compared.
                || matches!(source, rusqlite::Error::SqlInputError { .. })
                || source.sqlite_error_code().is_some_and(|code| {
                    matches!(code, ErrorCode::Unknown | ErrorCode::TooBig | ErrorCode::TypeMismatch)
                })
        }
        JournalError::Row { .. } | JournalError::Seal(_) | JournalError::Damaged { .. } => true,
        _ => false,
    }
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// A value that no column of ours ever holds.
pub(super) fn is_no_value_of_ours(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    )
}

/// What is said of damage found at work: whoever has the journal closes and opens it when nobody is
/// here, which sets it aside.
pub(super) fn at_work(error: JournalError) -> JournalError {
    match error {
        JournalError::Sql(source) if is_corrupt(&source) => JournalError::Broken(source),
        error => error,
    }
}

/// SQLite throws away the log of a file too short to be a database, whatever it is opened for.
pub(super) fn refuse_cut(path: &Path) -> Result<(), JournalError> {
    match begins_well(path) {
        true => Ok(()),
        false => Err(JournalError::Damaged { path: path.to_owned() }),
    }
}

/// Whether the file begins as every database does; one that is empty or not there is to be made,
/// unless a log lies beside it.
fn begins_well(path: &Path) -> bool {
    let logged = fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| {
        let len = file.metadata()?.len();
        file.take(FORMATS.end as u64).read_to_end(&mut head)?;
        Ok(len)
    });
    match read {
        Ok(0) => !logged,
        Ok(len) => {
            let formats = head.get(FORMATS).unwrap_or_default();
            len >= LEAST_LEN
                && head.starts_with(MAGIC)
                && formats.iter().all(|format| matches!(format, 1 | 2))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => !logged,
        Err(_) => true,
    }
}

fn beside(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-damaged-{number}.sqlite"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn set_aside(path: &Path) -> Result<PathBuf, JournalError> {
    let failed = |source| JournalError::SetAside { path: path.to_owned(), source };
    let free = (1..=SET_ASIDE_MAX)
        .map(|number| beside(path, number))
        .find(|place| COMPANIONS.iter().all(|suffix| !with_suffix(place, suffix).exists()));
    let place = free.ok_or_else(|| {
        failed(io::Error::other(format!("{SET_ASIDE_MAX} damaged journals lie there already")))
    })?;
    for suffix in COMPANIONS {
        match fs::rename(with_suffix(path, suffix), with_suffix(&place, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{accepted, intent};
    use crate::session::{
        CardRow, ItemId, JobKind, OpenTxn, Payment, PaymentId, Record, SessionCode, TxnId,
        TxnOutcome,
    };

    type Damage = fn(&mut Vec<u8>);

    fn sealer() -> Sealer {
        Sealer::ephemeral().unwrap()
    }

    fn filled(path: &Path, units: u64) {
        let mut journal = Journal::open(path, sealer()).unwrap();
        let first = journal.next_txn().unwrap();
        for n in first..first + units {
            journal.write(&[intent(n), accepted(n)]).unwrap();
        }
    }

    #[test]
    fn a_sound_journal_stays_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        let (journal, aside) = Journal::open_sound(&path, sealer()).unwrap();
        assert_eq!((journal.next_txn().unwrap(), aside), (1, None), "there was none");
        drop(journal);
        filled(&path, 3);
        let (journal, aside) = Journal::open_sound(&path, sealer()).unwrap();
        assert_eq!((journal.next_txn().unwrap(), aside), (4, None));
    }

    #[test]
    fn a_damaged_one_is_kept_whole_and_work_goes_on() {
        let damages: [(&str, Damage); 4] = [
            ("head", |bytes| bytes[..16].fill(0x55)),
            ("middle", |bytes| {
                let (from, to) = (bytes.len() / 4, bytes.len() * 3 / 4);
                bytes[from..to].fill(0xA5);
            }),
            ("cut", |bytes| bytes.truncate(bytes.len() / 2 + 77)),
            ("noise", |bytes| *bytes = (0..9_000_u32).map(|n| ((n * 37) >> 3) as u8).collect()),
        ];
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        for (number, (name, damage)) in damages.into_iter().enumerate() {
            filled(&path, 200);
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let (mut journal, aside) = Journal::open_sound(&path, sealer()).unwrap();
            let aside = aside.unwrap_or_else(|| panic!("{name} was taken for sound"));
            assert!(aside.ends_with(format!("journal-damaged-{}.sqlite", number + 1)), "{aside:?}");
            assert!(fs::read(&aside).unwrap() == bytes, "{name}: not kept as it was");
            journal.write(&[intent(1), accepted(1)]).unwrap();
            assert_eq!(journal.next_txn().unwrap(), 2, "{name}");
        }
    }

    const LOANS: u64 = 100;

    /// A journal of a station that lent off line, closed, and its bytes.
    fn lent(path: &Path, sealer: &Sealer) -> Vec<u8> {
        let mut journal = Journal::open_sound(path, sealer.clone()).unwrap().0;
        let due = "2026-12-12T23:59:00".parse().unwrap();
        for n in 1..=LOANS {
            let outcome = TxnOutcome::LentHere { want: None, due };
            journal.write(&[intent(n), Record::Outcome { txn: TxnId(n), outcome }]).unwrap();
        }
        let card = sealer.cards().hash(&"0200001234".into());
        let row =
            CardRow { lent: 3, seen: Some("2026-11-20".parse().unwrap()), ..CardRow::default() };
        let item = ItemId::new("YZ0000001").unwrap();
        let held = Record::Held { item: item.clone(), day: row.seen };
        let tags = vec!["E00401003123AA27".parse().unwrap()];
        let want = drivers::rfid::security::Security::Released;
        let repair = Record::Repair { txn: TxnId(LOANS + 1), item, tags, want };
        let n = LOANS + 1;
        journal.write(&[Record::Card { card, row }, held, intent(n), accepted(n), repair]).unwrap();
        let payment = Payment {
            id: PaymentId::new("P-1").unwrap(),
            patron: "0200001234".into(),
            amount: 350,
        };
        let (session, at) =
            (SessionCode("7K4-M92".to_owned()), "2026-11-22T10:30:00".parse().unwrap());
        journal.write(&[Record::FeeIntent { txn: TxnId(n + 1), session, payment, at }]).unwrap();
        drop(journal);
        fs::read(path).unwrap()
    }

    /// A return is written, closed, and there after a restart.
    fn takes_a_return(journal: Journal, path: &Path, sealer: &Sealer) -> Result<(), JournalError> {
        let mut journal = journal;
        let n = journal.next_txn()?;
        let mut back = intent(n);
        if let Record::Intent { kind, patron, .. } = &mut back {
            (*kind, *patron) = (JobKind::Checkin, None);
        }
        journal.write(&[
            back,
            Record::Outcome { txn: TxnId(n), outcome: TxnOutcome::Queued { want: None } },
        ])?;
        journal.write(&[])?;
        drop(journal);
        let (journal, aside) = Journal::open_sound(path, sealer.clone())?;
        assert_eq!(aside, None);
        assert!(journal.beginning(false)?.open.iter().any(|unit| unit.txn == TxnId(n)));
        Ok(())
    }

    #[test]
    fn a_bit_turned_over_anywhere_loses_no_unit_and_stops_no_return() {
        let dir = tempfile::tempdir().unwrap();
        let (path, sealer) = (dir.path().join("journal.sqlite"), sealer());
        let sound = lent(&path, &sealer);
        let units = |journal: &Journal| journal.beginning(false).map(|begin| begin.open);
        let whole = units(&Journal::open(&path, sealer.clone()).unwrap()).unwrap();
        assert_eq!(whole.len() as u64, LOANS);
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).unwrap();
        let seed = u64::from_le_bytes(seed);
        // A bit of each byte of the head that says what the file is, then any.
        let head = (16..100_usize).map(|byte| byte * 8 + (seed >> (byte % 61)) as usize % 8);
        let mut state = seed;
        let anywhere = (0..120).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 24) as usize % (sound.len() * 8)
        });
        let mut set_aside = 0;
        for bit in head.chain(anywhere) {
            let say = format!("seed {seed}, bit {} of byte {}", bit % 8, bit / 8);
            let mut bytes = sound.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bytes).unwrap();
            let (journal, aside) = Journal::open_sound(&path, sealer.clone())
                .unwrap_or_else(|error| panic!("{say}: does not start: {error}"));
            let open = units(&journal).unwrap_or_else(|error| panic!("{say}: {error}"));
            if let Some(aside) = aside {
                set_aside += 1;
                assert!(fs::read(&aside).unwrap() == bytes, "{say}: not kept as it was");
                assert!(open.is_empty(), "{say}");
                for suffix in COMPANIONS {
                    let _ = fs::remove_file(with_suffix(&aside, suffix));
                }
            } else {
                // A letter for a letter in one unit cannot be seen.
                let same = open.iter().zip(&whole).filter(|(a, b)| is_same(a, b)).count();
                assert!(open.len() == whole.len() && same + 1 >= open.len(), "{say}: {same}");
            }
            takes_a_return(journal, &path, &sealer)
                .unwrap_or_else(|error| panic!("{say}: {error}"));
            for suffix in COMPANIONS {
                let _ = fs::remove_file(with_suffix(&path, suffix));
            }
        }
        assert!(set_aside > 0, "seed {seed}: nothing was damage");
    }

    fn is_same(a: &OpenTxn, b: &OpenTxn) -> bool {
        format!("{a:?}") == format!("{b:?}")
    }

    /// What SQLite finds sound and a station cannot read.
    #[test]
    fn a_row_that_cannot_be_read_sets_the_journal_aside() {
        for sql in [
            "UPDATE txn SET at = 'never' WHERE id = 7",
            "UPDATE txn SET kind = 'checkouu' WHERE id = 7",
            "UPDATE txn SET due = '' WHERE id = 7",
            "UPDATE txn SET tags = 'E0' WHERE id = 7",
            "UPDATE txn SET patron = zeroblob(60) WHERE id = 7",
            "UPDATE txn SET item = CAST(x'595aff' AS TEXT) WHERE id = 7",
            "UPDATE txn SET patron = NULL WHERE kind = 'fee'",
            "UPDATE repair SET want = 'sold'",
            "PRAGMA user_version = 7",
            "PRAGMA user_version = 2",
            "ALTER TABLE txn RENAME COLUMN due TO dve",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let (path, sealer) = (dir.path().join("journal.sqlite"), sealer());
            lent(&path, &sealer);
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            let bytes = fs::read(&path).unwrap();
            let (journal, aside) = Journal::open_sound(&path, sealer.clone()).unwrap();
            let aside = aside.unwrap_or_else(|| panic!("{sql}: taken for sound"));
            assert!(fs::read(aside).unwrap() == bytes, "{sql}: not kept as it was");
            takes_a_return(journal, &path, &sealer).unwrap();
        }
    }

    #[test]
    fn a_row_of_the_lists_that_makes_no_sense_costs_no_unit() {
        for sql in [
            "UPDATE card SET lent = 300",
            "UPDATE card SET seen = CAST(x'ff' AS TEXT)",
            "UPDATE held SET item = CAST(x'ff' AS TEXT)",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let (path, sealer) = (dir.path().join("journal.sqlite"), sealer());
            lent(&path, &sealer);
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            let (journal, aside) = Journal::open_sound(&path, sealer.clone()).unwrap();
            assert_eq!(aside, None, "{sql}");
            let begin = journal.beginning(false).unwrap();
            assert_eq!(begin.open.len() as u64, LOANS);
            if sql.contains("card") {
                assert_eq!(begin.lists.card(&"0200001234".into()), None, "{sql}: known no more");
            }
            takes_a_return(journal, &path, &sealer).unwrap();
        }
    }

    #[test]
    fn another_key_is_said_and_is_no_damage() {
        for marked in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let (path, sealer) = (dir.path().join("journal.sqlite"), sealer());
            lent(&path, &sealer);
            if !marked {
                // As an older program left it.
                let db = Connection::open(&path).unwrap();
                db.pragma_update(None, "application_id", 0).unwrap();
            }
            let bytes = fs::read(&path).unwrap();
            let other = Sealer::ephemeral().unwrap();
            let error = Journal::open_sound(&path, other).unwrap_err().to_string();
            assert!(error.contains("put the key file back"), "{error}");
            assert!(fs::read(&path).unwrap() == bytes);
            let (journal, aside) = Journal::open_sound(&path, sealer).unwrap();
            assert_eq!((journal.open_units().unwrap().len() as u64, aside), (LOANS, None));
        }
    }

    #[test]
    fn the_only_sealed_number_damaged_is_no_other_key() {
        let dir = tempfile::tempdir().unwrap();
        let (path, sealer) = (dir.path().join("journal.sqlite"), sealer());
        let mut journal = Journal::open_sound(&path, sealer.clone()).unwrap().0;
        journal.write(&[intent(1)]).unwrap();
        journal.db.execute("UPDATE txn SET patron = zeroblob(60)", []).unwrap();
        drop(journal);
        let (journal, aside) = Journal::open_sound(&path, sealer.clone()).unwrap();
        assert!(aside.is_some());
        takes_a_return(journal, &path, &sealer).unwrap();
    }

    #[test]
    fn a_key_replaced_while_nothing_was_open_is_the_key_from_then_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        let [old, new] = [sealer(), sealer()];
        let open = |key: &Sealer| Journal::open_sound(&path, key.clone());
        let for_staff = TxnOutcome::ForStaff { reason: "unsure".into() };
        let left = [intent(1), Record::Outcome { txn: TxnId(1), outcome: for_staff }];
        open(&old).unwrap().0.write(&left).unwrap();
        open(&new).unwrap().0.write(&[intent(2)]).unwrap();
        assert!(matches!(open(&old), Err(JournalError::OtherKey { .. })));
        assert_eq!(open(&new).unwrap().0.open_units().unwrap().len(), 1);
    }

    #[test]
    fn an_older_journal_is_brought_up_to_date_before_its_rows_are_read() {
        for (at, sound) in [("2026-01-01T10:00:00", true), ("never", false)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("journal.sqlite");
            let db = Connection::open(&path).unwrap();
            schema::STEPS[..3].iter().for_each(|step| db.execute_batch(step).unwrap());
            db.pragma_update(None, "user_version", 3).unwrap();
            db.execute(
                "INSERT INTO txn (id, session, kind, item, tags, at, state)
                 VALUES (1, 'A', 'checkin', 'YZ1', '', ?1, 'queued')",
                [at],
            )
            .unwrap();
            drop(db);
            let (journal, aside) = Journal::open_sound(&path, sealer()).unwrap();
            assert_eq!(
                (journal.open_units().unwrap().len(), aside.is_none()),
                (usize::from(sound), sound)
            );
        }
    }

    #[test]
    fn a_journal_damaged_at_work_takes_nothing_and_does_not_say_that_it_is_well() {
        let dir = tempfile::tempdir().unwrap();
        let (path, sealer) = (dir.path().join("journal.sqlite"), sealer());
        let bytes = lent(&path, &sealer);
        let mut journal = Journal::open(&path, sealer.clone()).unwrap();
        journal.write(&[]).unwrap();
        let rows = journal.list(9).unwrap();
        assert_eq!(rows[0].id as u64, LOANS + 2, "trying leaves nothing");
        drop(journal);
        // All but the first page is gone; nothing of it is looked at by opening.
        let mut gone = bytes.clone();
        gone[4096..].fill(0xA5);
        fs::write(&path, &gone).unwrap();
        let mut journal = Journal::open(&path, sealer.clone()).unwrap();
        let tried = journal.write(&[]).unwrap_err();
        let written = journal.write(&[intent(LOANS + 3)]).unwrap_err();
        for error in [tried, written] {
            assert!(matches!(error, JournalError::Broken(_)), "{error}");
            assert!(error.to_string().contains("set aside"), "{error}");
        }
        drop(journal);
        let (journal, aside) = Journal::open_sound(&path, sealer.clone()).unwrap();
        assert!(aside.is_some());
        takes_a_return(journal, &path, &sealer).unwrap();
    }

    #[test]
    fn a_log_left_behind_is_not_played_into_the_new_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        // Copied while it is open: the log holds all of it.
        let mut journal = Journal::open(&path, sealer()).unwrap();
        journal.write(&[intent(1), accepted(1), intent(2)]).unwrap();
        let log = fs::read(with_suffix(&path, "-wal")).unwrap();
        assert!(!log.is_empty());
        drop(journal);
        fs::write(&path, "this is no database at all, whatever its name says").unwrap();
        fs::write(with_suffix(&path, "-wal"), &log).unwrap();
        let (journal, aside) = Journal::open_sound(&path, sealer()).unwrap();
        assert_eq!(journal.next_txn().unwrap(), 1);
        assert!(fs::read(with_suffix(&aside.unwrap(), "-wal")).unwrap() == log);
    }

    #[test]
    fn a_log_beside_a_file_that_is_empty_or_gone_is_kept() {
        for gone in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("journal.sqlite");
            if !gone {
                fs::write(&path, "").unwrap();
            }
            fs::write(with_suffix(&path, "-wal"), [7; 5000]).unwrap();
            let (_, aside) = Journal::open_sound(&path, sealer()).unwrap();
            let log = fs::read(with_suffix(&aside.unwrap(), "-wal")).unwrap();
            assert_eq!(log, [7; 5000]);
        }
    }

    #[test]
    fn a_disk_that_damages_everything_is_said_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        for number in 1..=SET_ASIDE_MAX {
            fs::write(beside(&path, number), "x").unwrap();
        }
        fs::write(&path, [0x55; 4096]).unwrap();
        let error = Journal::open_sound(&path, sealer()).unwrap_err().to_string();
        assert!(error.contains("replace the disk"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), [0x55; 4096]);
    }
}
