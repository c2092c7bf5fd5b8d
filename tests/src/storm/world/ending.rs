//! What is left: the journal opened afresh, and the end of a storm.

use std::collections::BTreeSet;

use kiosk::journal::{Journal, Row, Sealer};
use kiosk::practice::Fault as LibraryFault;
use ui::view::Screen;

use super::super::library::PATRONS;
use super::super::pad::lock;
use super::{Heal, JOURNAL, Left, World};

/// The judges' copy of the journal.
const COPY: &str = "/judge/journal.sqlite";
/// Long enough for every time-out, pause and retry to pass.
const LEFT_ALONE: u64 = 1_200_000_000;

impl World<'_> {
    /// The journal opened afresh: as the worst power cut would leave it, or as it is.
    pub(super) fn rows(&self, durable: bool) -> Result<(Vec<Row>, BTreeSet<String>), String> {
        let disk = &self.stage.disk;
        if durable {
            disk.copy_durable(JOURNAL, COPY)
        } else {
            disk.copy_now(JOURNAL, COPY)
        }
        let read = || -> Result<_, kiosk::journal::JournalError> {
            let journal = Journal::open_on(COPY.as_ref(), disk.name(), Sealer::ephemeral()?)?;
            let mut rows: Vec<Row> = Vec::new();
            loop {
                let page = journal.page(rows.last().map_or(0, |row| row.id))?;
                if page.is_empty() {
                    break;
                }
                rows.extend(page);
            }
            let repairs = journal.repairs()?.into_iter().map(|row| row.uid.to_string()).collect();
            Ok((rows, repairs))
        };
        disk.aside(read).map_err(|error| error.to_string())
    }

    /// Everything works again and nobody comes: the judges look at what is left.
    pub fn end(&mut self) -> Left {
        for heal in [
            Heal::Network,
            Heal::Speed,
            Heal::Truth,
            Heal::Closing,
            Heal::Library,
            Heal::Disk,
            Heal::Reader,
            Heal::Paper,
            Heal::Printer,
        ] {
            self.heal(heal);
        }
        self.library.set_fault(LibraryFault::Clear);
        self.stage.disk.fail(0);
        self.stage.disk.never_cut();
        (self.cut_up, self.cut_down, self.twice, self.swapped) = (None, None, false, false);
        self.spoiled.clear();
        lock(&self.field).faults.clear();
        self.lift_all();
        self.run_for(LEFT_ALONE);
        self.judge_end()
    }

    fn judge_end(&mut self) -> Left {
        self.stage.log.with(|text| self.judge.no_trace("the log", text));
        if self.judge.failure.is_some() {
            return Left::default();
        }
        match &self.core {
            None => self.judge.fail("the station is not running"),
            Some(core) => {
                if core.is_busy() {
                    self.judge.fail("the station is busy and nobody is there");
                }
                if !matches!(core.view().screen, Screen::Attract { .. }) {
                    let page = core.view().screen.name();
                    self.judge.fail(format!("the page {page} is shown and nobody is there"));
                }
            }
        }
        for patron in PATRONS {
            for secret in [patron.number, patron.name, patron.pin] {
                if let Some(file) = self.stage.disk.holds(secret.as_bytes()) {
                    self.judge.fail(format!("a patron's data is in clear in {file}"));
                }
            }
        }
        match self.rows(false) {
            Ok((rows, repairs)) => {
                {
                    let field = lock(&self.field);
                    self.judge.end(&rows, &repairs, &field);
                }
                Left { rows, repairs: repairs.len() as u64 }
            }
            Err(error) => {
                self.judge.fail(format!("the journal: {error}"));
                Left::default()
            }
        }
    }
}
