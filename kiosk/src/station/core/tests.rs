//! A journal that breaks under a running station.

use std::collections::BTreeMap;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;

use super::*;
use crate::clock::Clock;
use crate::journal::Sealer;
use crate::session::{ItemId, JobKind, OpenTxn, Remark, TxnOutcome};

const CONFIG: &str = r#"
[station]
id = "T"
data_dir = "/data"
key_file = "/key"
name = { zh-CN = "馆", en = "Library" }
"#;

/// Bytes of the database and its log that stay as they were.
const HEAD: usize = 100;

/// A disk, and nothing else.
struct Disk {
    clock: Clock,
    dir: tempfile::TempDir,
    reopened: usize,
    /// How often it cannot be opened again.
    fails: usize,
}

impl Disk {
    fn new() -> Self {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        Self { clock, dir: tempfile::tempdir().unwrap(), reopened: 0, fails: 0 }
    }

    fn open(&self) -> Result<Journal, JournalError> {
        let path = self.dir.path().join("journal.sqlite");
        let sealer = Sealer::from_file(&self.dir.path().join("key"))?;
        Journal::open_sound(&path, sealer).map(|(journal, _)| journal)
    }

    /// Everything behind the head of the database and of its log is gone.
    fn damage(&self) {
        for name in ["journal.sqlite", "journal.sqlite-wal"] {
            let path = self.dir.path().join(name);
            let mut bytes = std::fs::read(&path).unwrap_or_default();
            bytes.iter_mut().skip(HEAD).for_each(|byte| *byte = 0xA5);
            // In its place, for the station has it open.
            let file = std::fs::OpenOptions::new().write(true).open(&path);
            if let Ok(mut file) = file {
                std::io::Write::write_all(&mut file, &bytes).unwrap();
            }
        }
    }
}

impl Outside for Disk {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn mono_at(&self, moment: Instant) -> Duration {
        self.clock.mono_at(moment)
    }

    fn has_power(&self) -> bool {
        true
    }

    fn codes(&mut self, n: usize) -> Result<Vec<SessionCode>, KeyError> {
        crate::journal::draw_codes(n)
    }

    fn ask(&mut self, _: Vec<(RequestId, Request)>, _: Priority) -> Result<(), SubmitError> {
        Err(SubmitError::Busy)
    }

    fn read(&mut self, _: ReaderNo, _: Command) -> bool {
        false
    }

    fn print(&mut self, _: &Slip) -> Option<Result<JobId, PrintError>> {
        None
    }

    fn forget(&mut self) {}

    fn recorded(&mut self, _: &[Record], _: Option<&JournalError>) {}

    fn room_told(&mut self, _: Room) {}

    fn library_time(&self, told: SipDate) -> Option<DateTime> {
        told.civil()
    }

    fn reopen(&mut self, broken: Journal) -> Option<Journal> {
        drop(broken);
        self.reopened += 1;
        let opened = self.open();
        // At the first try what is new cannot be kept open.
        opened.ok().filter(|_| self.reopened > self.fails)
    }

    fn call_staff(&mut self) {}

    fn today(&mut self) -> jiff::civil::Date {
        self.clock.now().wall.date()
    }
}

fn noted(n: u64) -> Vec<Record> {
    let (txn, session) = (TxnId(n), SessionCode("7K4-M92".to_owned()));
    let (kind, item) = (JobKind::Checkin, ItemId::new(format!("YZ{n:07}")).unwrap());
    let at = "2026-11-22T10:30:00".parse().unwrap();
    let (patron, tags) = (None, Vec::new());
    vec![
        Record::Intent { txn, session, kind, item, patron, tags, at },
        Record::Outcome { txn, outcome: TxnOutcome::Queued { want: None } },
    ]
}

/// What a station that starts now finds open, each with all that is known of it.
fn open(core: &Core<Disk>) -> BTreeMap<u64, String> {
    let begin = core.outside.open().unwrap().beginning(false).unwrap();
    let whole = |unit: &OpenTxn| {
        let patron = unit.patron.as_ref().map(|patron| patron.expose().to_owned());
        (unit.txn.0, format!("{unit:?} {patron:?}"))
    };
    let units = begin.open.iter().map(whole);
    units.chain(begin.repairs.iter().map(|row| (0, format!("{row:?}")))).collect()
}

fn write(core: &mut Core<Disk>, n: u64) -> bool {
    core.writes.push((Token(1 << 40), noted(n)));
    core.write_out().iter().any(|input| matches!(input, Input::Recorded(_, true)))
}

/// A station that noted returns in two branches, one of them under a wrong clock, and a loan, and
/// has a tag to bring right.
fn station(disk: Disk) -> Core<Disk> {
    let mut journal = disk.open().unwrap();
    for n in 1..=40 {
        journal.stand_in(if n < 10 { "B1" } else { "B4" });
        journal.write(&noted(n)).unwrap();
    }
    journal.write(&[Record::Remark { txn: TxnId(12), remark: Remark::TimeUnsure }]).unwrap();
    let due = "2026-12-06".parse().unwrap();
    let mut loan = noted(41);
    let tags: Vec<Uid> = vec!["E00401003123AA27".parse().unwrap()];
    let item = ItemId::new("YZ0000041").unwrap();
    if let Record::Intent { kind, patron, .. } = &mut loan[0] {
        (*kind, *patron) = (JobKind::Checkout, Some("0200001234".into()));
    }
    loan[1] = Record::Outcome { txn: TxnId(41), outcome: TxnOutcome::LentHere { want: None, due } };
    loan.push(Record::Repair { txn: TxnId(41), item, tags, want: Security::Released });
    journal.write(&loan).unwrap();
    // One of yesterday, which is no figure of this run.
    let outcome = TxnOutcome::Accepted { title: None, want: None };
    journal.write(&[Record::Outcome { txn: TxnId(1), outcome }]).unwrap();
    let config: Config = toml::from_str(CONFIG).unwrap();
    let mut core = Core::new(&config, journal, false, disk).unwrap();
    core.wake();
    core
}

#[test]
fn a_journal_that_was_sound_after_all_is_left_as_it_is() {
    let mut core = station(Disk::new());
    let rows = |core: &Core<Disk>| {
        let rows = core.outside.open().unwrap().list(100).unwrap();
        format!("{rows:?} {:?}", core.figures())
    };
    let (known, told) = (open(&core), rows(&core));
    core.broken = Some(Duration::ZERO);
    core.tidy();
    assert_eq!((core.outside.reopened, core.broken), (1, None));
    assert_eq!((open(&core), rows(&core)), (known, told));
    assert!(write(&mut core, 50));
}

#[test]
fn what_is_owed_goes_into_a_new_journal_when_the_old_one_breaks() {
    for fails in [0, 1] {
        let mut core = station(Disk { fails, ..Disk::new() });
        let known = open(&core);
        assert_eq!(known.len(), 41);
        assert!(write(&mut core, 50), "sound so far");
        core.tidy();
        assert_eq!(core.outside.reopened, 0);

        core.outside.damage();
        core.journal.forget_cached();
        assert!(!write(&mut core, 51), "it cannot be written, and is not said to be");
        for _ in 0..fails {
            core.tidy();
            assert!(!write(&mut core, 52), "nothing is taken while there is no journal");
            core.outside.clock.advance(BROKEN_AGAIN);
        }
        core.tidy();
        assert_eq!(core.outside.reopened, 1 + fails);
        let set_aside = std::fs::read_dir(core.outside.dir.path()).unwrap().any(|entry| {
            entry.unwrap().file_name().to_str().is_some_and(|name| name.contains("damaged"))
        });
        assert!(set_aside, "kept whole");
        // 50 was none of the session's.
        assert_eq!(open(&core), known);
        assert!(write(&mut core, 53), "returns are taken again");
        assert!(open(&core).contains_key(&53));
        // Settled in the new one, it is settled.
        let outcome = TxnOutcome::Accepted { title: None, want: None };
        core.writes.push((Token(1 << 40), vec![Record::Outcome { txn: TxnId(7), outcome }]));
        core.write_out();
        assert!(!open(&core).contains_key(&7));
    }
}
