//! A whole library of real processes, killed at random: station, practice library system, reader
//! and printer simulators, each ended as `kill -9` ends it, started again, and at the end ledger,
//! journal, tags, paper and what the screen said compared.
//!
//! A seed replays the plan: who comes, with what, which process dies when. The processes
//! themselves run on the real clock, so two runs of one seed are alike and not the same.

mod judge;
mod plant;
mod visit;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use drivers::sim::field::Rng;
use serde::Serialize;
use serde_json::Value;

use crate::rig::{PATIENCE, Said};
use plant::Plant;
pub use plant::{Part, Programs, Role, role};
use visit::{POOL, Visit};

/// Longest look at the station's output before the plan is looked at again.
const TURN: Duration = Duration::from_millis(10);
/// Longest wait until everything open is settled after the last kill.
const SETTLE: Duration = Duration::from_secs(60);
/// Books laid on the pad at once while all is settled.
const BATCH: usize = 5;
/// Shortest and longest time from one kill to the next.
const NEXT_KILL_MS: (u32, u32) = (150, 2800);
/// Longest time a killed part stays away; the library system now and then longer.
const AWAY_MS: u32 = 400;
const AWAY_LONG_MS: u32 = 1800;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Processes killed.
    pub kills: u32,
    /// Least sessions that reach their end.
    pub sessions: u64,
    /// Seed of the plan.
    pub seed: u64,
    /// The programs.
    pub programs: Programs,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Seed of the plan.
    pub seed: u64,
    /// Kills by part.
    pub kills: BTreeMap<Part, u32>,
    /// Sessions begun.
    pub sessions: u64,
    /// Sessions that reached their end.
    pub finished: u64,
    /// What the judge counted.
    #[serde(flatten)]
    pub figures: Figures,
    /// Whole seconds it took.
    pub seconds: u64,
}

/// What the judge counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Loans in the ledger.
    pub loans: usize,
    /// Returns in the ledger, of items not on loan as well.
    pub returns: usize,
    /// Units in the journal.
    pub units: usize,
    /// Of those, left to staff.
    pub for_staff: usize,
    /// Returns noted while the library system was away, all posted since.
    pub noted: usize,
    /// Slips on paper.
    pub slips: usize,
    /// Lines of the screen that said borrowed or returned.
    pub claims: usize,
    /// Tags compared.
    pub tags: usize,
}

/// A run that did not hold.
#[derive(Debug, thiserror::Error)]
#[error("seed {seed}: {}; the files are kept in {}", found.join("; "), kept.display())]
pub struct Failed {
    /// Seed of the plan.
    pub seed: u64,
    /// Everything that is not as it must be.
    pub found: Vec<String>,
    /// Every file of the run.
    pub kept: PathBuf,
}

/// Runs until so many processes were killed, settles what is open, and compares.
///
/// # Errors
/// [`Failed`]: a mismatch, or a part that did not start or end.
///
/// # Panics
/// When the system gives no directory for temporary files.
pub fn run(options: &Options) -> Result<Report, Failed> {
    let dir = tempfile::tempdir().expect("a directory for temporary files");
    let storm = || Storm::new(options, dir.path().to_owned()).run();
    // The rig's waits panic with what they waited for; that is a finding like any other.
    let done = catch_unwind(AssertUnwindSafe(storm)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(vec![text.unwrap_or_else(|| "the run panicked".to_owned())])
    });
    done.map_err(|found| Failed { seed: options.seed, found, kept: dir.keep() })
}

/// What a line of the screen said for good.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    life: u32,
    session: u64,
    line: u64,
    returned: bool,
}

struct Storm<'a> {
    options: &'a Options,
    rng: Rng,
    plant: Plant,
    /// When each part that is away comes back.
    back: BTreeMap<Part, Instant>,
    next_kill: Instant,
    visit: Visit,
    view: Value,
    report: Report,
    claims: BTreeMap<Claim, String>,
}

impl<'a> Storm<'a> {
    fn new(options: &'a Options, dir: PathBuf) -> Self {
        let mut rng = Rng::new(options.seed);
        let plant = Plant::new(dir, options.programs.clone(), options.seed);
        let visit = Visit::new(&mut rng, &visit::Lent::default());
        Self {
            options,
            rng,
            plant,
            back: BTreeMap::new(),
            next_kill: Instant::now(),
            visit,
            view: Value::Null,
            report: Report { seed: options.seed, ..Report::default() },
            claims: BTreeMap::new(),
        }
    }

    fn run(mut self) -> Result<Report, Vec<String>> {
        let began = Instant::now();
        for part in Part::ALL {
            self.plant.start(part);
        }
        let mut lent = visit::Lent::default();
        self.plan_kill();
        let parts = self.options.sessions + u64::from(self.options.kills);
        let end = began + PATIENCE * u32::try_from(parts + 1).unwrap_or(u32::MAX);
        while self.killed() < self.options.kills || self.report.finished < self.options.sessions {
            if Instant::now() > end {
                return Err(vec![format!("nothing moves any more: {}", self.report)]);
            }
            self.come_back(Instant::now());
            self.kill();
            self.listen()?;
            if self.visit.is_over() {
                self.end_visit(&mut lent);
            }
            self.visit.act(&self.view, &mut self.plant);
        }
        for part in self.back.keys().copied().collect::<Vec<_>>() {
            self.restart(part);
        }
        visit::leave(&mut self.plant);
        self.settle()?;
        let ended = self.plant.end_station();
        if ended.code != Some(0) {
            let last = ended.lines.last().cloned().unwrap_or_default();
            return Err(vec![format!("the station ended with {:?}: {last}", ended.code)]);
        }
        self.plant.end_all();
        self.report.figures = judge::compare(&self.plant, &self.claims)?;
        self.report.seconds = began.elapsed().as_secs();
        Ok(self.report)
    }

    fn killed(&self) -> u32 {
        self.report.kills.values().sum()
    }

    fn end_visit(&mut self, lent: &mut visit::Lent) {
        visit::leave(&mut self.plant);
        self.visit.tell(lent);
        self.report.sessions += u64::from(self.visit.began());
        self.report.finished += u64::from(self.visit.finished());
        self.visit = Visit::new(&mut self.rng, lent);
    }

    fn plan_kill(&mut self) {
        let (least, most) = NEXT_KILL_MS;
        let wait = least + self.rng.below(most - least);
        self.next_kill = Instant::now() + Duration::from_millis(wait.into());
    }

    fn kill(&mut self) {
        if Instant::now() < self.next_kill || self.killed() >= self.options.kills {
            return;
        }
        let victim = match self.rng.below(20) {
            0..8 => Part::Station,
            8..13 => Part::Practice,
            13..16 => Part::Reader,
            _ => Part::Printer,
        };
        self.plan_kill();
        if self.back.contains_key(&victim) {
            return;
        }
        self.plant.kill(victim);
        *self.report.kills.entry(victim).or_default() += 1;
        if victim == Part::Station {
            self.view = Value::Null;
            self.visit.cut_short();
        }
        let long = victim == Part::Practice && self.rng.below(3) == 0;
        let away = self.rng.below(if long { AWAY_LONG_MS } else { AWAY_MS });
        self.back.insert(victim, Instant::now() + Duration::from_millis(away.into()));
    }

    fn come_back(&mut self, now: Instant) {
        let due = self.back.iter().filter(|(_, at)| **at <= now).map(|(part, _)| *part);
        for part in due.collect::<Vec<_>>() {
            self.restart(part);
        }
    }

    fn restart(&mut self, part: Part) {
        self.back.remove(&part);
        self.plant.start(part);
        if part == Part::Reader {
            self.visit.reader_is_back();
        }
    }

    /// Takes what the station says; at most one turn.
    fn listen(&mut self) -> Result<(), Vec<String>> {
        let Some(station) = self.plant.station() else {
            std::thread::park_timeout(TURN);
            return Ok(());
        };
        let mut wait = TURN;
        loop {
            match station.next_line(wait) {
                Said::Line(line) => {
                    let value: Value = serde_json::from_str(&line)
                        .map_err(|error| vec![format!("the station said {line:?}: {error}")])?;
                    if !value["failed"].is_null() {
                        return Err(vec![format!("a step of the station failed: {line}")]);
                    }
                    let life = self.plant.lives(Part::Station);
                    claim(&mut self.claims, life, self.report.sessions, &value);
                    self.view = value;
                    wait = Duration::ZERO;
                }
                Said::Nothing => return Ok(()),
                Said::Ended => return Err(vec!["the station ended by itself".to_owned()]),
            }
        }
    }

    /// Every part is there: what is open is found out, what is owed is written when the books lie
    /// on the pad again.
    fn settle(&mut self) -> Result<(), Vec<String>> {
        for books in POOL.chunks(BATCH) {
            self.until("an empty pad", |storm| visit::pad_count(&storm.view) == Some(0))?;
            self.plant.lay(books);
            let n = books.len() as u64;
            self.until("all books on the pad", |storm| visit::pad_count(&storm.view) == Some(n))?;
            self.until("nothing open or owed", |storm| {
                let open = judge::open(&storm.plant);
                !open.iter().any(|(item, tag)| !tag || books.contains(&item.as_str()))
            })?;
            self.plant.lift(books);
        }
        self.until("an empty pad", |storm| visit::pad_count(&storm.view) == Some(0))
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<(), Vec<String>> {
        let end = Instant::now() + SETTLE;
        loop {
            self.listen()?;
            if holds(self) {
                return Ok(());
            }
            visit::clear_screen(&self.view, &mut self.plant, &mut self.visit);
            if Instant::now() > end {
                let screen = self.view["screen"].as_str().unwrap_or("none").to_owned();
                let open = judge::open(&self.plant);
                return Err(vec![format!(
                    "waited {} s for {what} at page {screen}, open: {open:?}",
                    SETTLE.as_secs()
                )]);
            }
        }
    }
}

/// Notes what the lines of a page say for good.
fn claim(claims: &mut BTreeMap<Claim, String>, life: u32, session: u64, line: &Value) {
    for page in ["borrow", "give_back"] {
        let lines = line["view"]["screen"][page]["lines"].as_array();
        for line in lines.into_iter().flatten() {
            let returned = match line["state"].as_str() {
                Some("borrowed") => false,
                Some("returned") => true,
                _ => continue,
            };
            let number = line["id"].as_u64().unwrap_or(0);
            let title = line["title"].as_str().unwrap_or_default().to_owned();
            claims.insert(Claim { life, session, line: number, returned }, title);
        }
    }
}

/// A seed nobody chose.
#[must_use]
pub fn draw_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let figures = &self.figures;
        writeln!(f, "seed {}, {} s", self.seed, self.seconds)?;
        for (part, kills) in &self.kills {
            writeln!(f, "killed {part:?} {kills}")?;
        }
        writeln!(f, "sessions {}, of those finished {}", self.sessions, self.finished)?;
        writeln!(
            f,
            "ledger: loans {}, returns {}; journal: units {}, for staff {}, noted off line {}",
            figures.loans, figures.returns, figures.units, figures.for_staff, figures.noted
        )?;
        write!(
            f,
            "slips {}, lines of the screen {}, tags {}: all agree",
            figures.slips, figures.claims, figures.tags
        )
    }
}
