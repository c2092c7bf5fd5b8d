//! Room for returns on a full disk: a reserve beside the journal, given back to the file system
//! when the disk is full, so that returns are still written when lending has stopped.
//!
//! [`Space`] decides from what is seen; [`Ground`] is the disk it stands on.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::{Journal, JournalError, Sealer};
use crate::session::Room;

/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;

/// With less than this free, nothing new is lent: the journal's log alone grows to 4 MiB.
const LOW: u64 = 8 * MIB;

/// With this free, besides the reserve, lending goes on. Twice [`LOW`], so that it does not go to
/// and fro.
const HIGH: u64 = 2 * LOW;

/// What is seen of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// So many bytes are free to the station.
    Free(u64),
    /// A commit is on disk.
    Written,
    /// A commit found the disk full.
    Full,
    /// The reserve was made, or could not be.
    Reserved(bool),
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Do {
    /// Nothing.
    Nothing,
    /// Give the reserve back to the file system, and write again.
    Give,
    /// Make the reserve.
    Make,
}

/// Decides what may be written.
#[derive(Debug)]
pub(super) struct Space {
    room: Room,
    /// Bytes of the reserve.
    reserve: u64,
    held: bool,
}

impl Space {
    /// A journal whose reserve is still to be made.
    pub(super) fn new(reserve: u64) -> Self {
        Self { room: Room::All, reserve, held: false }
    }

    pub(super) fn room(&self) -> Room {
        self.room
    }

    /// Takes what is seen and says what is to be done.
    pub(super) fn take(&mut self, seen: Seen) -> Do {
        match seen {
            Seen::Free(free) if self.held => {
                if free >= HIGH {
                    self.room = Room::All;
                } else if free < LOW {
                    self.room = Room::ReturnsOnly;
                }
            }
            Seen::Free(free) => {
                if free >= self.reserve.saturating_add(HIGH) {
                    return Do::Make;
                }
                // What is left is for returns; a reserve is made when there is room for it.
                self.room = match self.room {
                    Room::None if free < LOW => Room::None,
                    _ => Room::ReturnsOnly,
                };
            }
            Seen::Written if self.room == Room::None => self.room = Room::ReturnsOnly,
            Seen::Written => {}
            Seen::Full if self.held => {
                self.held = false;
                self.room = Room::ReturnsOnly;
                return Do::Give;
            }
            Seen::Full => self.room = Room::None,
            Seen::Reserved(true) => {
                self.held = true;
                self.room = Room::All;
            }
            Seen::Reserved(false) => {
                self.held = false;
                self.room = self.room.max(Room::ReturnsOnly);
            }
        }
        Do::Nothing
    }
}

/// The disk under a journal.
pub(super) trait Ground: Debug + Send {
    /// Bytes free to the station; `None` when the system does not say.
    fn free(&self) -> Option<u64>;
    /// Gives the reserve back; whether that made room.
    fn give(&mut self, db: &Connection) -> bool;
    /// Makes the reserve, whole or not at all.
    fn make(&mut self, db: &Connection) -> bool;
}

/// A journal's space: what was decided, and the disk.
#[derive(Debug)]
pub(super) struct Keeper {
    space: Space,
    ground: Box<dyn Ground>,
}

impl Keeper {
    pub(super) fn new(reserve: u64, ground: Box<dyn Ground>) -> Self {
        Self { space: Space::new(reserve), ground }
    }

    fn on(file: ReserveFile) -> Self {
        let held = file.is_whole();
        if !held {
            // Half a reserve, or one of another size; mostly there is none.
            let _ = fs::remove_file(&file.path);
        }
        let mut keeper = Self::new(file.bytes, Box::new(file));
        if held {
            keeper.space.take(Seen::Reserved(true));
        }
        keeper
    }

    pub(super) fn room(&self) -> Room {
        self.space.room()
    }

    /// Looks how much is free, and makes the reserve when there is room for it.
    pub(super) fn look(&mut self, db: &Connection) {
        let Some(free) = self.ground.free() else { return };
        if self.space.take(Seen::Free(free)) == Do::Make {
            let made = self.ground.make(db);
            self.space.take(Seen::Reserved(made));
        }
    }

    pub(super) fn written(&mut self) {
        self.space.take(Seen::Written);
    }

    /// A write failed; whether it is worth writing again at once.
    pub(super) fn failed(&mut self, db: &Connection, error: &JournalError) -> bool {
        self.is_full(error) && self.space.take(Seen::Full) == Do::Give && self.ground.give(db)
    }

    /// A full disk answers a write so, or, where room is found only later, a sync.
    fn is_full(&self, error: &JournalError) -> bool {
        is_full(error, || self.ground.free())
    }
}

fn is_full(error: &JournalError, free: impl Fn() -> Option<u64>) -> bool {
    let (JournalError::Sql(source) | JournalError::Open { source, .. }) = error else {
        return false;
    };
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => true,
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            free().is_some_and(|free| free < LOW)
        }
        _ => false,
    }
}

impl Journal {
    /// Opens or makes the journal in `path` with a reserve of so many MiB beside it; a damaged one
    /// is set aside first, and its new place returned. On a disk too full even to open it, the
    /// reserve is given up for that.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open_reserved(
        path: &Path,
        key_file: &Path,
        reserve_mib: u32,
    ) -> Result<(Self, Option<PathBuf>), JournalError> {
        let bytes = u64::from(reserve_mib) * MIB;
        let mut reserve = ReserveFile { path: path.with_extension("reserve"), bytes };
        let sealer = Sealer::from_file(key_file)?;
        let mut aside = None;
        let opened = match Self::open_or_begin(path, sealer.clone(), &mut aside) {
            Err(error)
                if reserve.is_whole() && is_full(&error, || reserve.free()) && reserve.remove() =>
            {
                Self::open_or_begin(path, sealer, &mut aside)
            }
            opened => opened,
        };
        let mut journal = opened?;
        journal.keeper = Some(Keeper::on(reserve));
        journal.look_after_space();
        Ok((journal, aside))
    }
}

#[derive(Debug)]
struct ReserveFile {
    path: PathBuf,
    bytes: u64,
}

impl ReserveFile {
    /// Whether it lies there with all its blocks.
    fn is_whole(&self) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|file| file.len() == self.bytes && file.blocks() * 512 >= self.bytes)
    }

    fn remove(&mut self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    fn fill(&self) -> std::io::Result<()> {
        let mut open = OpenOptions::new();
        let mut file = open.write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        if fallocate(&file, FallocateFlags::empty(), 0, self.bytes).is_err() {
            // A file system that cannot set room aside is written to.
            self.write_out(&mut file)?;
        }
        file.sync_all()
    }

    fn write_out(&self, file: &mut File) -> std::io::Result<()> {
        let block = vec![0xA5; usize::try_from(MIB).unwrap_or(0)];
        for _ in 0..self.bytes / MIB {
            file.write_all(&block)?;
        }
        Ok(())
    }
}

impl Ground for ReserveFile {
    fn free(&self) -> Option<u64> {
        let disk = statvfs(self.path.parent()?).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn give(&mut self, _: &Connection) -> bool {
        self.remove()
    }

    fn make(&mut self, _: &Connection) -> bool {
        if self.is_whole() {
            return true;
        }
        let made = self.fill().is_ok();
        if !made {
            // Half a reserve helps nobody; what cannot be removed is made again later.
            let _ = fs::remove_file(&self.path);
        }
        made
    }
}

/// A disk of so many pages, on which SQLite truly refuses to write: tests set its size.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Pages {
    /// Bytes said to be free.
    pub(super) free: std::sync::Arc<std::sync::atomic::AtomicU64>,
    /// Pages of the reserve.
    pub(super) reserve: i64,
}

#[cfg(test)]
impl Pages {
    /// Sets the disk's size to what is in use and `more`.
    pub(super) fn limit(db: &Connection, more: i64) {
        let used: i64 = db.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
        db.pragma_update(None, "max_page_count", used + more).unwrap();
    }
}

#[cfg(test)]
impl Ground for Pages {
    fn free(&self) -> Option<u64> {
        Some(self.free.load(std::sync::atomic::Ordering::Relaxed))
    }

    fn give(&mut self, db: &Connection) -> bool {
        Self::limit(db, self.reserve);
        true
    }

    fn make(&mut self, db: &Connection) -> bool {
        Self::limit(db, 1_000_000);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVE: u64 = 16 * MIB;

    fn held() -> Space {
        let mut space = Space::new(RESERVE);
        assert_eq!(space.take(Seen::Free(RESERVE + HIGH)), Do::Make);
        space.take(Seen::Reserved(true));
        assert_eq!(space.room(), Room::All);
        space
    }

    #[test]
    fn little_room_stops_lending_and_keeps_the_reserve() {
        let mut space = held();
        assert_eq!(space.take(Seen::Free(LOW)), Do::Nothing);
        assert_eq!(space.room(), Room::All);
        assert_eq!(space.take(Seen::Free(LOW - 1)), Do::Nothing);
        assert_eq!(space.room(), Room::ReturnsOnly);
        space.take(Seen::Free(HIGH - 1));
        assert_eq!(space.room(), Room::ReturnsOnly, "not to and fro");
        space.take(Seen::Free(HIGH));
        assert_eq!(space.room(), Room::All);
    }

    #[test]
    fn a_full_disk_is_given_the_reserve_once() {
        let mut space = held();
        assert_eq!(space.take(Seen::Full), Do::Give);
        assert_eq!(space.room(), Room::ReturnsOnly);
        space.take(Seen::Written);
        assert_eq!(space.room(), Room::ReturnsOnly, "a write from the reserve frees nothing");
        assert_eq!(space.take(Seen::Full), Do::Nothing);
        assert_eq!(space.room(), Room::None);
        space.take(Seen::Free(LOW - 1));
        assert_eq!(space.room(), Room::None);
        space.take(Seen::Written);
        assert_eq!(space.room(), Room::ReturnsOnly);
    }

    #[test]
    fn the_reserve_is_made_again_before_lending_goes_on() {
        let mut space = held();
        space.take(Seen::Full);
        space.take(Seen::Full);
        assert_eq!(space.take(Seen::Free(LOW)), Do::Nothing);
        assert_eq!(space.room(), Room::ReturnsOnly);
        assert_eq!(space.take(Seen::Free(RESERVE + HIGH - 1)), Do::Nothing);
        assert_eq!(space.take(Seen::Free(RESERVE + HIGH)), Do::Make);
        space.take(Seen::Reserved(false));
        assert_eq!(space.room(), Room::ReturnsOnly);
        assert_eq!(space.take(Seen::Free(RESERVE + HIGH)), Do::Make);
        space.take(Seen::Reserved(true));
        assert_eq!(space.room(), Room::All);
        assert_eq!(space.take(Seen::Full), Do::Give);
    }

    #[test]
    fn a_station_that_starts_on_a_full_disk_lends_nothing() {
        let mut space = Space::new(RESERVE);
        assert_eq!(space.take(Seen::Free(0)), Do::Nothing);
        assert_eq!(space.room(), Room::ReturnsOnly);
    }

    #[test]
    fn a_journal_has_its_reserve_beside_it_and_keeps_it_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        let open = |mib| Journal::open_reserved(&path, &dir.path().join("key"), mib).unwrap().0;
        let reserve = || fs::metadata(dir.path().join("journal.reserve")).map(|file| file.ino());
        let journal = open(4);
        if journal.room() != Room::All {
            // The tests' own disk is nearly full: then there is none, and only returns.
            return assert!(reserve().is_err());
        }
        let first = reserve().unwrap();
        drop(journal);
        assert_eq!(open(4).room(), Room::All);
        assert_eq!(reserve().unwrap(), first);
        assert_eq!(open(5).room(), Room::All);
        assert_eq!(fs::metadata(dir.path().join("journal.reserve")).unwrap().len(), 5 * MIB);
    }

    #[test]
    fn a_reserve_takes_its_room_and_gives_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.reserve");
        let mut file = ReserveFile { path: path.clone(), bytes: 4 * MIB };
        let db = Connection::open_in_memory().unwrap();
        assert!(file.make(&db) && file.is_whole());
        assert!(fs::metadata(&path).unwrap().blocks() * 512 >= 4 * MIB);
        assert!(file.make(&db), "it is there");
        assert!(file.give(&db) && !path.exists());
        assert!(!file.give(&db), "nothing was given");
        // A run that ended while it was made.
        fs::write(&path, b"x").unwrap();
        assert!(!file.is_whole());
        assert!(file.make(&db) && file.is_whole());
        // What cannot be made leaves nothing.
        let mut nowhere = ReserveFile { path: dir.path().join("no/reserve"), bytes: MIB };
        assert!(!nowhere.make(&db));
    }
}
