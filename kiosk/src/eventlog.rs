//! The event log: what the station did and what failed, for the technician, one file a day
//! (patron-experience.md section 15).
//!
//! A line has a time, the station, the session's code, an event and the item's number hashed under
//! a key of the day. There is no place in it for anything about a reader of books. The key is in
//! memory only and goes with its day, or with the process: then nobody can try item numbers
//! against the hash.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::{Date, DateTime};
use serde::Serialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::session::{ItemId, JobKind, Reason, Record, SessionCode, TxnId, TxnOutcome};

/// Most bytes of one day's file; what comes after is not logged.
const DAY_MAX: u64 = 8 * 1024 * 1024;

/// Units whose session and item are remembered for the lines that name only the unit.
const UNITS_MAX: usize = 1024;

/// Bytes of an item's hash that are written.
const HASH_LEN: usize = 8;

/// Ending of a day's file.
const ENDING: &str = "jsonl";

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The session, where it is of one.
    pub session: Option<&'a SessionCode>,
    /// What happened.
    pub event: &'a str,
    /// The item; hashed in the log.
    pub item: Option<&'a ItemId>,
    /// Why; the library system's words stay out.
    pub reason: Option<&'a Reason>,
    /// Name of a device in configuration.
    pub device: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// An event of nobody and nothing.
    #[must_use]
    pub fn of(event: &'a str) -> Self {
        Self { session: None, event, item: None, reason: None, device: None }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    station: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
}

/// The file of one day, and its key.
struct Day {
    date: Date,
    key: Option<Zeroizing<[u8; 32]>>,
    file: Option<File>,
    written: u64,
}

/// A station's event log.
pub struct EventLog {
    dir: PathBuf,
    station: String,
    keep_days: u16,
    day: Option<Day>,
    units: BTreeMap<TxnId, (SessionCode, ItemId)>,
}

impl EventLog {
    /// A log in that directory, made with the first line.
    #[must_use]
    pub fn new(dir: &Path, station: &str, keep_days: u16) -> Self {
        let (dir, station) = (dir.to_owned(), station.to_owned());
        Self { dir, station, keep_days, day: None, units: BTreeMap::new() }
    }

    /// Writes what the journal took.
    pub fn records(&mut self, date: Date, at: DateTime, records: &[Record]) {
        for record in records {
            if let Record::Intent { txn, session, kind, item, .. } = record {
                let event = format!("{}_begun", kind_name(*kind));
                let (session, item) = (session.clone(), item.clone());
                let entry =
                    Entry { session: Some(&session), item: Some(&item), ..Entry::of(&event) };
                self.write(date, at, &entry);
                self.units.insert(*txn, (session, item));
                if self.units.len() > UNITS_MAX {
                    self.units.pop_first();
                }
                continue;
            }
            let Some((txn, event, reason)) = event_of(record) else { continue };
            let unit = self.units.get(&txn).cloned();
            let (session, item) = unit.unzip();
            let entry = Entry {
                session: session.as_ref(),
                item: item.as_ref(),
                reason,
                ..Entry::of(event)
            };
            self.write(date, at, &entry);
        }
    }

    /// Writes one event. What cannot be written is not logged: the journal has what must not be
    /// lost.
    pub fn write(&mut self, date: Date, at: DateTime, entry: &Entry<'_>) {
        let dir = &self.dir;
        let day = match &mut self.day {
            Some(day) if day.date == date => day,
            other => other.insert(Day::begin(dir, date)),
        };
        let line = Line {
            at: at.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            station: &self.station,
            session: entry.session.map(|session| session.0.as_str()),
            event: entry.event,
            item: entry.item.and_then(|item| day.hash(item)),
            // Its `Debug` is a code, or says that the library system's words are not shown.
            reason: entry.reason.map(|reason| format!("{reason:?}")),
            device: entry.device,
        };
        let Ok(mut line) = serde_json::to_vec(&line) else { return };
        line.push(b'\n');
        day.append(&line);
    }

    /// Deletes the files of days that are over for longer than they are kept.
    pub fn forget(&mut self, today: Date) {
        let days = jiff::Span::new().days(i64::from(self.keep_days));
        let Ok(before) = today.checked_sub(days) else { return };
        let Ok(files) = fs::read_dir(&self.dir) else { return };
        for path in files.flatten().map(|file| file.path()) {
            if day_of(&path).is_some_and(|day| day < before)
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::warn!(%error, "an old log cannot be deleted");
            }
        }
    }
}

impl Day {
    fn begin(dir: &Path, date: Date) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        let drawn = getrandom::fill(key.as_mut_slice()).is_ok();
        let path = dir.join(format!("{date}.{ENDING}"));
        let file = fs::create_dir_all(dir)
            .and_then(|()| OpenOptions::new().append(true).create(true).mode(0o600).open(&path));
        let file = file.inspect_err(|error| tracing::warn!(%error, "no event log")).ok();
        let written = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |m| m.len());
        Self { date, key: drawn.then_some(key), file, written }
    }

    fn hash(&self, item: &ItemId) -> Option<String> {
        let key = self.key.as_ref()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).ok()?;
        mac.update(item.as_str().as_bytes());
        let hash = mac.finalize().into_bytes();
        Some(hash.iter().take(HASH_LEN).map(|byte| format!("{byte:02x}")).collect())
    }

    fn append(&mut self, line: &[u8]) {
        let after = self.written.saturating_add(line.len() as u64);
        if after > DAY_MAX {
            return;
        }
        if let Some(file) = &mut self.file
            && file.write_all(line).is_ok()
        {
            self.written = after;
        }
    }
}

fn day_of(path: &Path) -> Option<Date> {
    if path.extension()? != ENDING {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

fn kind_name(kind: JobKind) -> &'static str {
    crate::journal::KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name)
}

fn event_of(record: &Record) -> Option<(TxnId, &'static str, Option<&Reason>)> {
    match record {
        Record::Outcome { txn, outcome } => {
            let (event, reason) = match outcome {
                TxnOutcome::Accepted { .. } => ("accepted", None),
                TxnOutcome::Refused { reason } => ("refused", Some(reason)),
                TxnOutcome::Queued { .. } => ("queued", None),
                TxnOutcome::LentHere { .. } => ("lent_here", None),
                TxnOutcome::NotSent => ("not_sent", None),
                TxnOutcome::Unsure => ("unsure", None),
                TxnOutcome::ForStaff { reason } => ("for_staff", Some(reason)),
            };
            Some((*txn, event, reason))
        }
        Record::Secured { txn } => Some((*txn, "tag_done", None)),
        Record::Repair { txn, .. } => Some((*txn, "tag_owed", None)),
        Record::FeeSent { txn, .. } => Some((*txn, "fee_sent", None)),
        Record::Intent { .. }
        | Record::FeeIntent { .. }
        | Record::Repaired { .. }
        | Record::Remark { .. }
        | Record::Card { .. }
        | Record::Held { .. }
        | Record::Owner { .. }
        | Record::Branch { .. }
        | Record::SortSlip { .. }
        | Record::Receipt { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::PatronId;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn at(date: Date) -> DateTime {
        date.at(10, 30, 0, 0)
    }

    fn intent(n: u64, item: &str) -> Record {
        Record::Intent {
            txn: TxnId(n),
            session: SessionCode("7K4-M92".to_owned()),
            kind: JobKind::Checkout,
            item: ItemId::new(item).unwrap(),
            patron: Some(PatronId::new("0200001234")),
            tags: Vec::new(),
            at: "2026-11-26T10:30:00".parse().unwrap(),
        }
    }

    fn refused(n: u64, words: &str) -> Record {
        let reason = Reason::Words(words.to_owned());
        Record::Outcome { txn: TxnId(n), outcome: TxnOutcome::Refused { reason } }
    }

    fn lines(dir: &Path, date: &str) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(dir.join(format!("{date}.jsonl"))).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_says_what_and_nothing_of_whom() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = EventLog::new(dir.path(), "S1", 30);
        let today = day("2026-11-26");
        let records = [intent(1, "YZ0000001"), refused(1, "Lovelace owes")];
        log.records(today, at(today), &records);
        let text = fs::read_to_string(dir.path().join("2026-11-26.jsonl")).unwrap();
        for private in ["0200001234", "Lovelace", "YZ0000001"] {
            assert!(!text.contains(private), "{private}: {text}");
        }
        let lines = lines(dir.path(), "2026-11-26");
        assert_eq!(lines[0]["event"], "checkout_begun");
        assert_eq!(lines[0]["session"], "7K4-M92");
        assert_eq!(lines[0]["at"], "2026-11-26T10:30:00");
        assert_eq!(lines[0]["item"].as_str().unwrap().len(), 2 * HASH_LEN);
        assert_eq!(
            (&lines[1]["event"], &lines[1]["reason"]),
            (&"refused".into(), &"library_says".into())
        );
        assert_eq!(lines[1]["item"], lines[0]["item"], "one item, one hash, all day");
    }

    #[test]
    fn an_item_has_another_hash_the_next_day() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = EventLog::new(dir.path(), "S1", 30);
        for date in ["2026-11-26", "2026-11-27"] {
            log.records(
                day(date),
                at(day(date)),
                &[intent(1, "YZ0000001"), intent(2, "YZ0000002")],
            );
        }
        let (first, second) = (lines(dir.path(), "2026-11-26"), lines(dir.path(), "2026-11-27"));
        assert_ne!(first[0]["item"], first[1]["item"]);
        assert_ne!(first[0]["item"], second[0]["item"]);
    }

    #[test]
    fn thirty_days_are_kept_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = EventLog::new(dir.path(), "S1", 30);
        let first = day("2026-10-01");
        for n in 0..60 {
            let date = first.checked_add(jiff::Span::new().days(n)).unwrap();
            log.write(date, at(date), &Entry::of("call_staff"));
        }
        fs::write(dir.path().join("notes.txt"), "of somebody else").unwrap();
        log.forget(day("2026-11-29"));
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().filter_map(|f| day_of(&f.unwrap().path())).collect();
        left.sort();
        assert_eq!((left.len(), left[0]), (31, day("2026-10-30")));
        assert!(dir.path().join("notes.txt").exists());
        log.forget(day("1970-01-01"));
        log.forget(Date::MIN);
        assert!(dir.path().join("2026-10-30.jsonl").exists());
    }

    #[test]
    fn a_day_is_bounded_and_goes_on_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let today = day("2026-11-26");
        let path = dir.path().join("2026-11-26.jsonl");
        EventLog::new(dir.path(), "S1", 30).write(today, at(today), &Entry::of("one"));
        EventLog::new(dir.path(), "S1", 30).write(today, at(today), &Entry::of("two"));
        assert_eq!(lines(dir.path(), "2026-11-26").len(), 2);
        fs::write(&path, vec![b'\n'; usize::try_from(DAY_MAX).unwrap() - 10]).unwrap();
        EventLog::new(dir.path(), "S1", 30).write(today, at(today), &Entry::of("three"));
        assert!(fs::metadata(&path).unwrap().len() <= DAY_MAX);
        // No directory, no log, no harm.
        fs::write(dir.path().join("file"), "").unwrap();
        EventLog::new(&dir.path().join("file"), "S1", 30).write(today, at(today), &Entry::of("x"));
    }

    #[test]
    fn units_remembered_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = EventLog::new(dir.path(), "S1", 30);
        let today = day("2026-11-26");
        for n in 0..=UNITS_MAX as u64 {
            log.records(today, at(today), &[intent(n, "YZ0000001")]);
        }
        assert_eq!(log.units.len(), UNITS_MAX);
        log.records(today, at(today), &[refused(0, "x")]);
        let last = lines(dir.path(), "2026-11-26").pop().unwrap();
        assert_eq!((last.get("session"), &last["event"]), (None, &"refused".into()));
    }
}
