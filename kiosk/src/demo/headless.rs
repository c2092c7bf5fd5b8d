//! Runs a script on a rig without a window: one JSON line per view change, one at the end.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drivers::sim::field::Pull;
use drivers::sim::printer::Fault as PrinterFault;
use drivers::sim::reader::Fault as ReaderFault;
use serde::Serialize;
use ui::view::{Screen, Touch, View};

use super::look::{
    advice_code, advice_shown, found, line_touch, lines, lines_in, note_name, pad_count,
    receipt_name, state_name,
};
use super::pads::is_in_state;
use super::rig::Rig;
use super::script::{Condition, FaultStep, Step, TouchStep};
use super::trouble::RigError;
use crate::practice;
use crate::station::{Event, Snapshot, StationHandle};

/// Longest real time a `wait` waits.
pub const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(15);
/// Largest piece in which `sleep` moves the clock, so that the pad is seen between pieces.
const SLEEP_STEP: Duration = Duration::from_secs(5);
/// Looks at the pad for which a card is held there: about half a second, as a hand does.
const CARD_LOOKS: u64 = 6;

/// The closing line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Library system, journal and receipts agree, and every step held.
    pub ok: bool,
    /// Loans the library system confirmed, undone ones taken off.
    pub loans: u64,
    /// Returns it confirmed.
    pub returns: u64,
    /// Renewals it confirmed.
    pub renewals: u64,
    /// Items and cards refused.
    pub refused: u64,
    /// Returns noted and not posted yet.
    pub queued: u64,
    /// Receipts printed.
    pub receipts: u64,
    /// The practice library's own figures; `None` against another system.
    pub central: Option<Central>,
    /// The journal.
    pub journal: JournalSummary,
}

/// The practice library's figures since start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Central {
    /// Loans, undone ones taken off.
    pub loans: u64,
    /// Items taken in.
    pub returns: u64,
}

/// The journal's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct JournalSummary {
    /// Units without an outcome, or with a tag not yet as wanted.
    pub open: u64,
    /// Tags on the repair list.
    pub repair: u64,
}

/// Figures carried over power cuts: a station counts from its start.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    stats: crate::session::Stats,
    journal: crate::journal::Figures,
}

/// A step that did not hold.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// Script line.
    pub line: usize,
    /// Why.
    pub why: String,
}

/// Writes JSON lines; the loop's thread and the runner share it.
#[derive(Clone)]
pub struct Out(Arc<Mutex<OutState>>);

struct OutState {
    to: Box<dyn Write + Send>,
    last: Option<View>,
}

impl Out {
    /// Lines go to `to`.
    #[must_use]
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(OutState { to, last: None })))
    }

    /// Writes a view unless only a countdown moved.
    pub fn view(&self, view: &View) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let still = still(view);
        if state.last.as_ref() == Some(&still) {
            return;
        }
        let line = serde_json::json!({ "screen": view.screen.name(), "view": view });
        write_line(&mut state.to, &line);
        state.last = Some(still);
    }

    /// Writes anything else.
    pub fn json(&self, value: &impl Serialize) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write_line(&mut state.to, value);
    }
}

fn write_line(to: &mut dyn Write, value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        // A closed pipe ends nobody's session.
        let _ = writeln!(to, "{text}");
        let _ = to.flush();
    }
}

fn still(view: &View) -> View {
    let mut view = view.clone();
    if let Screen::Finish(finish) = &mut view.screen {
        finish.seconds = 0;
    }
    if let Some(ui::view::Overlay::Warn { seconds, .. }) = &mut view.overlay {
        *seconds = 0;
    }
    view
}

/// Called before and after steps: the demo paints pictures here.
pub type Watcher<'a> = &'a mut dyn FnMut(usize, &Snapshot);

/// Runs steps in order; stops at the first that does not hold.
pub struct Runner<'a> {
    rig: &'a mut Rig,
    before: Before,
}

impl<'a> Runner<'a> {
    /// For this rig.
    pub fn new(rig: &'a mut Rig) -> Self {
        Self { rig, before: Before::default() }
    }

    /// Runs all steps.
    ///
    /// # Errors
    /// [`Failed`] naming the line.
    pub fn run(&mut self, steps: &[(usize, Step)], watch: Watcher<'_>) -> Result<(), Failed> {
        for (line, step) in steps {
            self.step(step).map_err(|why| Failed { line: *line, why })?;
            if let Some(snapshot) = self.station().ok().and_then(StationHandle::snapshot) {
                watch(*line, &snapshot);
            }
        }
        Ok(())
    }

    fn station(&self) -> Result<&StationHandle, String> {
        self.rig.station().ok_or_else(|| "the station is off".to_owned())
    }

    fn snapshot(&self) -> Result<Snapshot, String> {
        self.station()?.snapshot().ok_or_else(|| "the station does not answer".to_owned())
    }

    fn send(&self, event: Event) -> Result<(), String> {
        if self.station()?.send(event) { Ok(()) } else { Err("the station has ended".to_owned()) }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Card(id) => self.card(id),
            Step::Pin(pin) => self.pin(&pin.0),
            Step::Touch(touch) => self.touch(*touch),
            Step::Lay(items) => self.rig.pads().lay(items).map_err(text),
            Step::Lift(items) => self.rig.pads().lift(items).map_err(text),
            Step::Scan(code) => self.send(Event::Scan(code.clone())),
            Step::Wait(condition) => self.wait(condition),
            Step::Expect(condition) => {
                let snapshot = self.snapshot()?;
                match self.holds(condition, &snapshot, Exact::Yes)? {
                    true => Ok(()),
                    false => Err(format!("expected {condition:?}, found {}", found(&snapshot))),
                }
            }
            Step::Fault(fault) => self.fault(fault),
            Step::Sleep(time) => self.sleep(*time),
        }
    }

    /// A card is held near until the reader has surely seen it.
    fn card(&mut self, id: &str) -> Result<(), String> {
        self.rig.pads().lay(&[id]).map_err(text)?;
        let from = self.snapshot()?.scans;
        let seen = self.until(|s| s.scans >= from + CARD_LOOKS);
        self.rig.pads().lift(&[id]).map_err(text)?;
        seen
    }

    fn pin(&mut self, digits: &str) -> Result<(), String> {
        self.wait(&Condition::Screen("pin".to_owned()))?;
        for digit in digits.bytes() {
            self.send(Event::Touch(Touch::Digit(digit - b'0')))?;
        }
        self.send(Event::Touch(Touch::Ok))
    }

    fn touch(&mut self, touch: TouchStep) -> Result<(), String> {
        let touch = match touch {
            TouchStep::Plain(touch) => touch,
            TouchStep::OnLine(kind, n) => {
                let snapshot = self.snapshot()?;
                line_touch(kind, n, &snapshot.view)
                    .ok_or_else(|| format!("no line offers that; {}", found(&snapshot)))?
            }
        };
        self.send(Event::Touch(touch))
    }

    fn wait(&mut self, condition: &Condition) -> Result<(), String> {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let snapshot = self.snapshot()?;
            if self.holds(condition, &snapshot, Exact::No)? {
                return Ok(());
            }
            if Instant::now() >= until {
                let waited = WAIT_MAX.as_secs();
                return Err(format!(
                    "waited {waited} s for {condition:?}, found {}",
                    found(&snapshot)
                ));
            }
            std::thread::park_timeout(LOOK);
        }
    }

    fn until(&self, holds: impl Fn(&Snapshot) -> bool) -> Result<(), String> {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let snapshot = self.snapshot()?;
            if holds(&snapshot) {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(format!("nothing moved for {} s", WAIT_MAX.as_secs()));
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Moves the clock piece by piece; stands still while a device or the library system works.
    fn sleep(&mut self, total: Duration) -> Result<(), String> {
        let mut left = total;
        while !left.is_zero() {
            self.until(|s| !s.busy)?;
            let snapshot = self.snapshot()?;
            let now = self.rig.clock().now().mono;
            let next = snapshot
                .deadline
                .map_or(SLEEP_STEP, |at| at.saturating_sub(now).max(Duration::from_millis(1)));
            let piece = left.min(SLEEP_STEP).min(next);
            self.rig.clock().advance(piece);
            left -= piece;
            self.send(Event::Wake)?;
            if snapshot.reader {
                // The scan under way began before the clock was moved: one more has seen the new
                // time.
                self.until(|s| s.scans > snapshot.scans + 1 || !s.reader)?;
            }
        }
        self.until(|s| !s.busy)
    }

    fn fault(&mut self, fault: &FaultStep) -> Result<(), String> {
        match fault {
            FaultStep::Network(on) => {
                self.rig.set_network(*on);
                Ok(())
            }
            FaultStep::Pull(tag, effect) => {
                let pull = if *effect { Pull::AfterWrite } else { Pull::BeforeWrite };
                self.rig.pull_on_write(tag, pull).map_err(text)
            }
            FaultStep::Power => self.power_cut(),
            FaultStep::Reader(words) => self.reader_fault(words),
            FaultStep::Printer(words) => self.printer_fault(words),
            FaultStep::Practice(words) => {
                let fault: practice::Fault = words.parse().map_err(text)?;
                self.rig.practice().map_err(text)?.set_fault(fault);
                Ok(())
            }
        }
    }

    fn reader_fault(&self, words: &str) -> Result<(), String> {
        match words {
            "unplugged" => self.rig.set_reader_plugged(false).map_err(text),
            "plugged" | "ok" => self.rig.set_reader_plugged(true).map_err(text),
            other => {
                let fault: ReaderFault = other.parse().map_err(text)?;
                self.rig.pads().set_fault(&fault).map_err(text)
            }
        }
    }

    fn printer_fault(&self, words: &str) -> Result<(), String> {
        let printer = self.rig.printer().map_err(text)?;
        if words == "ok" {
            printer.clear_faults();
        } else {
            let fault: PrinterFault = words.parse().map_err(text)?;
            printer.set_fault(fault);
        }
        Ok(())
    }

    fn power_cut(&mut self) -> Result<(), String> {
        let snapshot = self.snapshot()?;
        self.before.add(&snapshot);
        self.rig.power_off();
        self.rig.power_on().map_err(text)
    }

    fn holds(&self, what: &Condition, s: &Snapshot, exact: Exact) -> Result<bool, String> {
        let enough = |n: u64, want: u64| if exact == Exact::Yes { n == want } else { n >= want };
        Ok(match what {
            Condition::Screen(name) => s.view.screen.name() == name,
            Condition::Lines(state, n) => enough(lines_in(&s.view, state), *n),
            Condition::Pad(n) => pad_count(&s.view) == *n,
            Condition::Advice(code) => {
                advice_shown(&s.view).iter().any(|a| advice_code(a) == *code)
            }
            Condition::Note(name) => {
                lines(&s.view).iter().any(|l| note_name(&l.note) == name.as_str())
            }
            Condition::State(name) => state_name(&s.view) == *name,
            Condition::Idle => !s.busy,
            Condition::Online(on) => s.online == *on,
            Condition::Reader(up) => s.reader == *up,
            Condition::Printer(up) => s.printer == *up,
            Condition::Tag(item, released) => {
                let tag = self.rig.pads().tag(item).map_err(text)?;
                is_in_state(&tag, &self.rig.config().security, *released)
            }
            Condition::Figure(name, n) => enough(self.figure(name, s), *n),
            Condition::Receipt(name) => receipt_name(&s.view) == Some(name.as_str()),
            Condition::Language(tag) => s.view.language.tag() == tag,
        })
    }

    fn figure(&self, name: &str, s: &Snapshot) -> u64 {
        let (stats, journal) = self.before.with(s);
        let central = self.central();
        match name {
            "loans" => stats.loans,
            "returns" => stats.returns,
            "renewals" => stats.renewals,
            "refusals" => stats.refused,
            "in_queue" => stats.queued,
            "receipts" => stats.receipts,
            "repaired" => stats.repaired,
            "sessions" => stats.sessions,
            "journal_open" => journal.open,
            "journal_repair" => journal.repair,
            "central_loans" => central.map_or(0, |c| c.loans),
            "central_returns" => central.map_or(0, |c| c.returns),
            _ => 0,
        }
    }

    fn central(&self) -> Option<Central> {
        let tally = self.rig.central()?;
        Some(Central {
            loans: u64::from(tally.loans.saturating_sub(tally.loans_cancelled)),
            returns: u64::from(tally.returns) + u64::from(tally.taken_in),
        })
    }

    /// The closing line: waits for what is under way, then compares what library system, journal
    /// and printer say.
    #[must_use]
    pub fn summary(&self, steps_held: bool) -> Summary {
        let settled = self.until(|s| !s.busy).is_ok();
        let snapshot = self.snapshot().ok();
        let (stats, journal) = snapshot.as_ref().map(|s| self.before.with(s)).unwrap_or_default();
        let central = self.central();
        let paper = self.rig.printer().ok().map(|p| p.receipts().len() as u64);
        let books_agree = central
            .is_none_or(|c| c.loans == stats.loans && c.returns == stats.returns)
            && journal.loans == stats.loans
            && journal.returns == stats.returns
            && journal.renewals == stats.renewals
            && journal.queued == stats.queued
            && journal.open == 0;
        let paper_agrees =
            journal.receipts == stats.receipts && paper.is_none_or(|n| n >= stats.receipts);
        Summary {
            ok: steps_held && settled && snapshot.is_some() && books_agree && paper_agrees,
            loans: stats.loans,
            returns: stats.returns,
            renewals: stats.renewals,
            refused: stats.refused,
            queued: stats.queued,
            receipts: stats.receipts,
            central,
            journal: JournalSummary { open: journal.open, repair: journal.repair },
        }
    }
}

impl Before {
    fn add(&mut self, s: &Snapshot) {
        let (stats, journal) = self.with(s);
        // The journal remembers what is open and queued by itself.
        self.stats = crate::session::Stats { queued: 0, ..stats };
        self.journal = crate::journal::Figures {
            loans: journal.loans,
            returns: journal.returns,
            renewals: journal.renewals,
            receipts: journal.receipts,
            receipt_lines: journal.receipt_lines,
            ..crate::journal::Figures::default()
        };
    }

    fn with(&self, s: &Snapshot) -> (crate::session::Stats, crate::journal::Figures) {
        let (mut stats, mut journal) = (s.stats, s.journal);
        stats.loans += self.stats.loans;
        stats.returns += self.stats.returns;
        stats.renewals += self.stats.renewals;
        stats.refused += self.stats.refused;
        stats.receipts += self.stats.receipts;
        stats.sessions += self.stats.sessions;
        stats.repaired += self.stats.repaired;
        journal.loans += self.journal.loans;
        journal.returns += self.journal.returns;
        journal.renewals += self.journal.renewals;
        journal.receipts += self.journal.receipts;
        journal.receipt_lines += self.journal.receipt_lines;
        (stats, journal)
    }
}

/// Whether a number must be met exactly (`expect`) or at least (`wait`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exact {
    Yes,
    No,
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl From<RigError> for Failed {
    fn from(error: RigError) -> Self {
        Self { line: 0, why: error.to_string() }
    }
}
