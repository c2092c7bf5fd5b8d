//! A damaged journal is set aside whole, and a new one begun: returns must go on. Nothing of it is
//! repaired or thrown away by the station; what was open in it is for staff.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Journal, JournalError, Sealer};

/// Most damaged journals kept beside the good one. A disk that damages so many is itself to be
/// replaced.
const SET_ASIDE_MAX: u32 = 20;

/// First bytes of every database (SQLite file format, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Shortest database: one page of the least size (the same).
const LEAST_LEN: u64 = 512;

/// What SQLite keeps beside a database, in the order in which it is moved away: a log left behind
/// would be played into the new file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", ""];

impl Journal {
    /// Opens or makes the journal in `path`; a damaged one is set aside first, and its new place
    /// returned.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::SetAside`] when it cannot be moved.
    pub fn open_sound(
        path: &Path,
        sealer: Sealer,
    ) -> Result<(Self, Option<PathBuf>), JournalError> {
        let aside = match is_damaged(path) {
            false => None,
            true => Some(set_aside(path)?),
        };
        Ok((Self::open(path, sealer)?, aside))
    }
}

/// Whether a file is there that is no whole database. What cannot be read for another reason is
/// not damaged: opening it says why.
fn is_damaged(path: &Path) -> bool {
    let damaged = |error: &rusqlite::Error| {
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
    };
    if !begins_well(path) {
        return true;
    }
    // Read-only, so that looking neither plays a log into the file nor throws one away.
    let looked = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|db| db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)));
    match looked {
        Ok(answer) => answer != "ok",
        Err(error) => damaged(&error),
    }
}

/// Whether the file begins as every database does; one that is empty or not there is to be made,
/// unless a log lies beside it. SQLite itself would throw away the log of a file too short to be
/// one.
pub(crate) fn begins_well(path: &Path) -> bool {
    let logged = fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| {
        let len = file.metadata()?.len();
        file.take(MAGIC.len() as u64).read_to_end(&mut head)?;
        Ok(len)
    });
    match read {
        Ok(0) => !logged,
        Ok(len) => len >= LEAST_LEN && head == MAGIC,
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
