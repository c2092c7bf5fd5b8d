//! A journal that breaks under a running station.

use super::*;
use crate::clock::Clock;
use crate::journal::Sealer;
use crate::session::{ItemId, JobKind, TxnOutcome};

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
}

impl Disk {
    fn new() -> Self {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        Self { clock, dir: tempfile::tempdir().unwrap(), reopened: 0 }
    }

    fn open(&self) -> Result<(Journal, bool), JournalError> {
        let path = self.dir.path().join("journal.sqlite");
        let sealer = Sealer::from_file(&self.dir.path().join("key"))?;
        Journal::open_sound(&path, sealer).map(|(journal, aside)| (journal, aside.is_some()))
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

    fn reopen(&mut self, broken: Journal) -> Reopened {
        drop(broken);
        self.reopened += 1;
        match self.open() {
            Ok((journal, true)) => Reopened::New(journal),
            Ok((journal, false)) => Reopened::Same(journal),
            Err(_) => Reopened::Not,
        }
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

/// What a station that starts now finds open.
fn open(core: &Core<Disk>) -> Vec<u64> {
    let begin = core.outside.open().unwrap().0.beginning(false).unwrap();
    begin.open.iter().map(|unit| unit.txn.0).collect()
}

fn write(core: &mut Core<Disk>, n: u64) -> bool {
    core.writes.push((Token(1 << 40), noted(n)));
    core.write_out().iter().any(|input| matches!(input, Input::Recorded(_, true)))
}

#[test]
fn what_is_owed_goes_into_a_new_journal_when_the_old_one_breaks() {
    let disk = Disk::new();
    let mut journal = disk.open().unwrap().0;
    for n in 1..=40 {
        journal.write(&noted(n)).unwrap();
    }
    let config: Config = toml::from_str(CONFIG).unwrap();
    let mut core = Core::new(&config, journal, false, disk).unwrap();
    core.wake();
    assert!(write(&mut core, 41), "sound so far");
    core.tidy();
    assert_eq!(core.outside.reopened, 0);

    core.outside.damage();
    core.journal.forget_cached();
    assert!(!write(&mut core, 42), "it cannot be written, and is not said to be");
    core.tidy();
    assert_eq!(core.outside.reopened, 1);
    let set_aside = std::fs::read_dir(core.outside.dir.path()).unwrap().any(|entry| {
        entry.unwrap().file_name().to_str().is_some_and(|name| name.contains("damaged"))
    });
    assert!(set_aside, "kept whole");
    // 41 was none of the session's.
    assert_eq!(open(&core), (1..=40).collect::<Vec<_>>());
    assert!(write(&mut core, 43), "returns are taken again");
    let mut all: Vec<u64> = (1..=40).collect();
    all.push(43);
    assert_eq!(open(&core), all);
    // Settled in the new one, it is settled.
    let outcome = TxnOutcome::Accepted { title: None, want: None };
    core.writes.push((Token(1 << 40), vec![Record::Outcome { txn: TxnId(7), outcome }]));
    core.write_out();
    assert!(!open(&core).contains(&7));
}
