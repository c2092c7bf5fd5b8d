//! A disk that keeps, loses or tears what was not synced, under the real SQLite.
//!
//! SQLite reaches it as a virtual file system. A write goes to a volatile layer; a sync makes the
//! file's writes durable; when the power goes, each write since is kept, lost, or torn at a sector.
//! The disk can be full, fail, and lose the power at any single write or sync.

use std::collections::BTreeMap;
use std::io::{BufRead, Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlite_vfs::{DatabaseHandle, LockKind, OpenAccess, OpenOptions, Vfs};

use super::rng::Rng;

/// What a disk writes as one piece.
const SECTOR: usize = 512;

/// Makes names of disks differ within the process.
static DISKS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => put(bytes, *at, data),
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(data);
}

#[derive(Debug, Clone, Default)]
struct File {
    /// As programs see it.
    now: Vec<u8>,
    /// As it surely is after a power cut.
    durable: Vec<u8>,
    /// What was done since the last sync.
    since: Vec<Change>,
}

/// What was done to the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Writes.
    pub writes: u64,
    /// Syncs.
    pub syncs: u64,
    /// Writes and syncs refused because the disk was full or failed.
    pub refused: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Writes lost in power cuts.
    pub lost: u64,
    /// Writes torn in power cuts.
    pub torn: u64,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, File>,
    /// The power goes at this write or sync from now.
    cut_in: Option<u32>,
    /// Nothing answers until [`Disk::power`].
    dead: bool,
    /// No room for another byte.
    full: bool,
    /// So many writes and syncs fail.
    failing: u32,
    counts: Counts,
}

impl State {
    /// Before each write or sync.
    fn touch(&mut self) -> Result<(), Error> {
        if self.dead {
            return Err(Error::other("no power"));
        }
        match &mut self.cut_in {
            Some(0) => {
                self.dead = true;
                return Err(Error::other("no power"));
            }
            Some(n) => *n -= 1,
            None => {}
        }
        if self.failing > 0 {
            self.failing -= 1;
            self.counts.refused += 1;
            return Err(Error::other("I/O error"));
        }
        Ok(())
    }
}

/// A disk. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Disk {
    name: Arc<str>,
    state: Arc<Mutex<State>>,
}

impl Disk {
    /// A new, empty disk known to SQLite. It stays known until the process ends: make one a thread
    /// and [`Disk::format`] it between runs.
    ///
    /// # Errors
    /// When SQLite does not take it.
    pub fn new() -> Result<Self, sqlite_vfs::RegisterError> {
        let name = format!("storm-{}", DISKS.fetch_add(1, Ordering::Relaxed));
        let disk = Self { name: name.as_str().into(), state: Arc::default() };
        sqlite_vfs::register(&name, disk.clone(), false)?;
        Ok(disk)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its name at SQLite.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Empties it and ends all faults.
    pub fn format(&self) {
        *self.state() = State::default();
    }

    /// The power goes at the `n`th write or sync from now.
    pub fn cut_in(&self, n: u32) {
        self.state().cut_in = Some(n);
    }

    /// Whether it is without power.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Takes the power away now.
    pub fn kill(&self) {
        self.state().dead = true;
    }

    /// Full, or not any more.
    pub fn full(&self, full: bool) {
        self.state().full = full;
    }

    /// The next `n` writes and syncs fail.
    pub fn fail(&self, n: u32) {
        self.state().failing = n;
    }

    /// No cut is planned any more.
    pub fn never_cut(&self) {
        self.state().cut_in = None;
    }

    /// Runs something that counts for nothing and meets no fault: the judges' reading.
    pub fn aside<T>(&self, run: impl FnOnce() -> T) -> T {
        let faults = {
            let mut state = self.state();
            let State { cut_in, dead, full, failing, counts, .. } = &mut *state;
            let faults = (*cut_in, *dead, *full, *failing, *counts);
            (*cut_in, *dead, *full, *failing) = (None, false, false, 0);
            faults
        };
        let out = run();
        let mut state = self.state();
        let State { cut_in, dead, full, failing, counts, .. } = &mut *state;
        (*cut_in, *dead, *full, *failing, *counts) = faults;
        out
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// The power comes back: of each write since its file's last sync, chance decides.
    pub fn power(&self, rng: &mut Rng) {
        let mut state = self.state();
        let State { files, counts, cut_in, dead, .. } = &mut *state;
        (*cut_in, *dead) = (None, false);
        counts.cuts += 1;
        // Some disks lose all, some little, some anything.
        let (kept, torn) = *rng.pick(&[(0, 0), (30, 30), (50, 25), (90, 10), (100, 0)]);
        for file in files.values_mut() {
            for change in std::mem::take(&mut file.since) {
                match change {
                    change if rng.chance(kept) => change.apply(&mut file.durable),
                    Change::Write { at, data } if rng.chance(torn) => {
                        counts.torn += 1;
                        tear(&mut file.durable, at, &data, rng);
                    }
                    _ => counts.lost += 1,
                }
            }
            file.now.clone_from(&file.durable);
        }
    }

    /// Copies what of `from` and its companions is durable, so that the copy can be opened as after
    /// the worst power cut.
    pub fn copy_durable(&self, from: &str, to: &str) {
        self.copy(from, to, |file| file.durable.clone());
    }

    /// Copies `from` and its companions as they are.
    pub fn copy_now(&self, from: &str, to: &str) {
        self.copy(from, to, |file| file.now.clone());
    }

    fn copy(&self, from: &str, to: &str, image: impl Fn(&File) -> Vec<u8>) {
        let mut state = self.state();
        for suffix in ["", "-wal", "-journal"] {
            let copy = state.files.get(&format!("{from}{suffix}")).map(&image);
            let place = format!("{to}{suffix}");
            match copy {
                Some(bytes) => {
                    let file = File { now: bytes.clone(), durable: bytes, since: Vec::new() };
                    state.files.insert(place, file);
                }
                None => drop(state.files.remove(&place)),
            }
        }
    }

    /// Whether any file holds these bytes, on the platter or on the way there.
    #[must_use]
    pub fn holds(&self, bytes: &[u8]) -> Option<String> {
        let state = self.state();
        let within = |hay: &[u8]| find(hay, bytes);
        let found = state.files.iter().find(|(_, f)| within(&f.now) || within(&f.durable));
        found.map(|(name, _)| name.clone())
    }
}

/// Whether bytes hold others; by the first byte first, for logs are long.
fn find(hay: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    let mut rest = hay;
    // Skips up to and with the byte, or everything.
    while rest.skip_until(*first).is_ok_and(|skipped| skipped > 0) {
        let at = hay.len() - rest.len() - 1;
        if hay[at..].starts_with(needle) {
            return true;
        }
    }
    false
}

/// Writes some of the sectors a write touches.
fn tear(bytes: &mut Vec<u8>, at: usize, data: &[u8], rng: &mut Rng) {
    let mut from = 0;
    while from < data.len() {
        let to = (((at + from) / SECTOR + 1) * SECTOR - at).min(data.len());
        if rng.chance(50) {
            put(bytes, at + from, &data[from..to]);
        }
        from = to;
    }
}

impl Vfs for Disk {
    type Handle = Handle;

    fn open(&self, path: &str, opts: OpenOptions) -> Result<Handle, Error> {
        let mut state = self.state();
        if state.dead {
            return Err(Error::other("no power"));
        }
        if !state.files.contains_key(path) {
            if matches!(opts.access, OpenAccess::Read | OpenAccess::Write) {
                return Err(ErrorKind::NotFound.into());
            }
            state.files.insert(path.to_owned(), File::default());
        }
        Ok(Handle { path: path.to_owned(), state: Arc::clone(&self.state), lock: LockKind::None })
    }

    fn delete(&self, path: &str) -> Result<(), Error> {
        let mut state = self.state();
        state.touch()?;
        state.files.remove(path);
        Ok(())
    }

    fn exists(&self, path: &str) -> Result<bool, Error> {
        Ok(self.state().files.contains_key(path))
    }

    fn temporary_name(&self) -> String {
        format!("temporary-{}", DISKS.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self, buffer: &mut [i8]) {
        // Only SQLite's own salts come from here; what a storm does depends on none of them.
        for (n, byte) in buffer.iter_mut().enumerate() {
            *byte = i8::try_from(n % 100).unwrap_or(0);
        }
    }

    fn sleep(&self, duration: Duration) -> Duration {
        duration
    }
}

/// An open file.
pub struct Handle {
    path: String,
    state: Arc<Mutex<State>>,
    lock: LockKind,
}

impl Handle {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: Change, grows: bool) -> Result<(), Error> {
        let mut state = self.state();
        state.touch()?;
        if state.full && grows {
            state.counts.refused += 1;
            // The kind by which the file system under SQLite is told of a full disk.
            return Err(ErrorKind::WriteZero.into());
        }
        state.counts.writes += 1;
        let file = state.files.entry(self.path.clone()).or_default();
        change.apply(&mut file.now);
        file.since.push(change);
        Ok(())
    }
}

impl DatabaseHandle for Handle {
    type WalIndex = sqlite_vfs::WalDisabled;

    fn size(&self) -> Result<u64, Error> {
        Ok(self.state().files.get(&self.path).map_or(0, |file| file.now.len() as u64))
    }

    fn read_exact_at(&mut self, buf: &mut [u8], offset: u64) -> Result<(), Error> {
        let state = self.state();
        if state.dead {
            return Err(Error::other("no power"));
        }
        let at = usize::try_from(offset).map_err(Error::other)?;
        let bytes = state.files.get(&self.path).map_or(&[][..], |file| &file.now);
        let there = bytes.get(at..).unwrap_or(&[]);
        let count = there.len().min(buf.len());
        buf[..count].copy_from_slice(&there[..count]);
        // SQLite wants what is not there as zeros.
        buf[count..].fill(0);
        if count < buf.len() { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn write_all_at(&mut self, buf: &[u8], offset: u64) -> Result<(), Error> {
        let at = usize::try_from(offset).map_err(Error::other)?;
        self.change(Change::Write { at, data: buf.to_vec() }, true)
    }

    fn sync(&mut self, _data_only: bool) -> Result<(), Error> {
        let mut state = self.state();
        state.touch()?;
        state.counts.syncs += 1;
        if let Some(file) = state.files.get_mut(&self.path) {
            for change in std::mem::take(&mut file.since) {
                change.apply(&mut file.durable);
            }
        }
        Ok(())
    }

    fn set_len(&mut self, size: u64) -> Result<(), Error> {
        let length = usize::try_from(size).map_err(Error::other)?;
        self.change(Change::Length(length), false)
    }

    fn lock(&mut self, lock: LockKind) -> Result<bool, Error> {
        self.lock = lock;
        Ok(true)
    }

    fn reserved(&mut self) -> Result<bool, Error> {
        Ok(matches!(self.lock, LockKind::Reserved | LockKind::Pending | LockKind::Exclusive))
    }

    fn current_lock(&self) -> Result<LockKind, Error> {
        Ok(self.lock)
    }

    fn wal_index(&self, _readonly: bool) -> Result<Self::WalIndex, Error> {
        Ok(sqlite_vfs::WalDisabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_anywhere_is_found() {
        for (hay, needle, found) in [
            ("abc020304", "0203", true),
            ("0203", "0203", true),
            ("00203", "0203", true),
            ("020", "0203", false),
            ("", "0203", false),
            ("xx0202", "0203", false),
        ] {
            assert_eq!(find(hay.as_bytes(), needle.as_bytes()), found, "{hay}");
        }
    }

    #[test]
    fn what_was_synced_stays_and_the_rest_is_left_to_chance() {
        let (mut kept, mut lost) = (0, 0);
        for seed in 0..200 {
            let disk = Disk { name: "none".into(), state: Arc::default() };
            let state = Arc::clone(&disk.state);
            let mut file = Handle { path: "a".to_owned(), state, lock: LockKind::None };
            file.write_all_at(b"first", 0).unwrap();
            file.sync(true).unwrap();
            file.write_all_at(b"second", 5).unwrap();
            disk.kill();
            assert!(file.write_all_at(b"third", 11).is_err());
            disk.power(&mut Rng::new(seed));
            let mut bytes = [0; 5];
            file.read_exact_at(&mut bytes, 0).unwrap();
            assert_eq!(&bytes, b"first");
            match file.size().unwrap() {
                5 => lost += 1,
                11 => kept += 1,
                other => panic!("{other}"),
            }
        }
        assert!(kept > 20 && lost > 20, "{kept} {lost}");
    }
}
