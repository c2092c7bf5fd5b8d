//! Durable commits of the journal, against raw durable writes in the same directory in the same
//! run: 4 KiB (a page of the journal) and `fdatasync`, appended, and written again in place.
//!
//! The records are a loan's: intent, outcome, tags secured. The directory lies in the build's
//! target directory, on a disk and not in memory.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod timing;

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use drivers::rfid::security::Security;
use kiosk::journal::{Journal, Sealer};
use kiosk::privacy::PatronId;
use kiosk::session::{ItemId, JobKind, Record, SessionCode, TxnId, TxnOutcome};
use timing::{Case, medians, ratio};

/// Time of one case in one round.
const SPAN: Duration = Duration::from_secs(1);

/// Bytes of a raw write: a page of the journal.
const PAGE: usize = 4096;

/// The journal with the next unit's number.
struct Station {
    journal: Journal,
    next: u64,
    /// Records of the unit under way.
    waiting: Vec<Record>,
}

impl Station {
    fn open(dir: &Path, name: &str) -> Self {
        let sealer = Sealer::from_file(&dir.join("key")).expect("the key is made");
        let path = dir.join(name).with_extension("sqlite");
        let journal = Journal::open(&path, sealer).expect("the journal is made");
        Self { journal, next: 1, waiting: Vec::new() }
    }

    /// One commit of so many records.
    fn commit(&mut self, records: usize) {
        while self.waiting.len() < records {
            self.waiting.extend(unit(self.next));
            self.next += 1;
        }
        let later = self.waiting.split_off(records);
        self.journal.write(&self.waiting).expect("the journal is written");
        self.waiting = later;
    }
}

/// All that is written about one loan.
fn unit(number: u64) -> [Record; 3] {
    let txn = TxnId(number);
    let intent = Record::Intent {
        txn,
        session: SessionCode("7K4-M92".to_owned()),
        kind: JobKind::Checkout,
        item: ItemId::new(format!("YZ{number:07}")).expect("a barcode"),
        patron: Some(PatronId::new("0200001234")),
        tags: vec!["E00401003123AA26".parse().expect("a UID")],
        at: "2026-11-22T10:30:00".parse().expect("a moment"),
    };
    let want = Some(Security::Released);
    let outcome = TxnOutcome::Accepted { title: Some("三体（典藏版）".to_owned()), want };
    [intent, Record::Outcome { txn, outcome }, Record::Secured { txn }]
}

/// The bare write of a page.
fn raw(file: &mut File) {
    file.write_all(&[0xA5; PAGE]).expect("the disk has room");
    file.sync_data().expect("the disk takes it");
}

fn raw_in_place(file: &mut File) {
    file.seek(SeekFrom::Start(0)).expect("a file has a start");
    raw(file);
}

fn make(dir: &Path, name: &str) -> File {
    let open = OpenOptions::new().create(true).truncate(true).write(true).open(dir.join(name));
    open.expect("the directory takes files")
}

/// Kind of the file system a directory lies on, as the system names it.
fn file_system(dir: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let around = places.filter(|(place, _)| dir.starts_with(place));
    around.max_by_key(|(place, _)| place.len()).map_or("unknown", |(_, kind)| kind).to_owned()
}

fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a writable target");
    let dir = dir.path();
    let (mut appended, mut in_place) = (make(dir, "appended"), make(dir, "in_place"));
    let station = |name: &str| RefCell::new(Station::open(dir, name));
    let stations = [station("one"), station("ten"), station("hundred")];
    let groups = [1, 10, 100];
    let commits = |at: usize| {
        let stations = &stations;
        move || stations[at].borrow_mut().commit(groups[at])
    };
    let mut cases = [
        Case::new("raw, appended", || raw(&mut appended)),
        Case::new("raw, in place", || raw_in_place(&mut in_place)),
        Case::new("journal, 1 record", commits(0)),
        Case::new("journal, 10 records", commits(1)),
        Case::new("journal, 100 records", commits(2)),
    ];
    let times = medians(&mut cases, SPAN);

    println!("Journal, durable commits on {}, median", file_system(dir));
    println!(
        "{:<22} {:>10} {:>11} {:>11} {:>17} {:>17}",
        "", "one commit", "commits/s", "records/s", "of raw, appended", "of raw, in place"
    );
    for (at, (case, time)) in cases.iter().zip(&times).enumerate() {
        let rate = 1.0 / time.as_secs_f64();
        let group = at.checked_sub(2).map(|at| groups[at] as f64);
        let records = group.map_or_else(|| "-".to_owned(), |size| format!("{:.0}", rate * size));
        println!(
            "{:<22} {:>7.0} µs {:>11.0} {:>11} {:>17.2} {:>17.2}",
            case.name,
            time.as_secs_f64() * 1e6,
            rate,
            records,
            ratio(times[0], *time),
            ratio(times[1], *time),
        );
    }
    println!();
}
