//! Durable commits of the journal, against raw durable writes in the same directory in the same
//! run: 4 KiB (a page of the journal) and `fdatasync`, appended, and written again in place.
//!
//! A transaction is what one write makes durable: here one record of a loan, which are intent,
//! outcome and tags secured. Groups are what `Journal::write_all` takes at once. The directory lies in the build's
//! target directory, on a disk and not in memory.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod timing;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use drivers::rfid::security::Security;
use kiosk::journal::{GROUPS_MAX, Journal, Sealer};
use kiosk::privacy::PatronId;
use kiosk::session::{ItemId, JobKind, Record, SessionCode, TxnId, TxnOutcome};
use timing::{Case, medians, ratio};

/// Time of one case in one round.
const SPAN: Duration = Duration::from_secs(1);

/// Bytes of a raw write: a page of the journal.
const PAGE: usize = 4096;

/// Least rate of single transactions against raw appended writes.
const SINGLE_MIN: f64 = 0.9;

/// Least rate of transactions drained in groups against single ones.
const DRAINED_MIN: f64 = 10.0;

/// The journal with the next unit's number.
struct Station {
    journal: Journal,
    next: u64,
    /// Records of the unit under way.
    waiting: VecDeque<Record>,
}

impl Station {
    fn open(dir: &Path, name: &str) -> Self {
        let sealer = Sealer::from_file(&dir.join("key")).expect("the key is made");
        let path = dir.join(name).with_extension("sqlite");
        let journal = Journal::open(&path, sealer).expect("the journal is made");
        Self { journal, next: 1, waiting: VecDeque::new() }
    }

    /// So many transactions of one record each, handed over at once.
    fn commit(&mut self, transactions: usize) {
        while self.waiting.len() < transactions {
            self.waiting.extend(unit(self.next));
            self.next += 1;
        }
        let now: Vec<Record> = self.waiting.drain(..transactions).collect();
        let groups: Vec<&[Record]> = now.iter().map(std::slice::from_ref).collect();
        let written = self.journal.write_all(&groups);
        assert!(written.iter().all(Result::is_ok), "the journal is written");
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
    let groups = [1, 10, 100, GROUPS_MAX];
    let stations = groups.map(|size| RefCell::new(Station::open(dir, &format!("by-{size}"))));
    let commits = |at: usize| {
        let stations = &stations;
        move || stations[at].borrow_mut().commit(groups[at])
    };
    let mut cases = [
        Case::new("raw, appended", || raw(&mut appended)),
        Case::new("raw, in place", || raw_in_place(&mut in_place)),
        Case::new("journal, single", commits(0)),
        Case::new("journal, groups of 10", commits(1)),
        Case::new("journal, groups of 100", commits(2)),
        Case::new("journal, groups of 256", commits(3)),
    ];
    let times = medians(&mut cases, SPAN);

    println!("Journal, durable transactions on {}, median", file_system(dir));
    println!(
        "{:<24} {:>10} {:>15} {:>17} {:>17} {:>10}",
        "", "one commit", "transactions/s", "of raw, appended", "of raw, in place", "of single"
    );
    let single = times[2].as_secs_f64();
    for (at, (case, time)) in cases.iter().zip(&times).enumerate() {
        let size = at.checked_sub(2).map_or(1, |at| groups[at]) as f64;
        println!(
            "{:<24} {:>7.0} µs {:>15.0} {:>17.2} {:>17.2} {:>10.2}",
            case.name,
            time.as_secs_f64() * 1e6,
            size / time.as_secs_f64(),
            ratio(times[0], *time) * size,
            ratio(times[1], *time) * size,
            single / time.as_secs_f64() * size,
        );
    }
    println!();
    limit("single, of raw, appended", ratio(times[0], times[2]), SINGLE_MIN);
    let drained = ratio(times[2], times[5]) * GROUPS_MAX as f64;
    limit("drained in groups, of single", drained, DRAINED_MIN);
    println!();
}

fn limit(what: &str, seen: f64, least: f64) {
    let held = if seen >= least { "holds" } else { "MISSED" };
    println!("{what:<30} {seen:>8.2}   limit {least:>5.1}   {held}");
}
