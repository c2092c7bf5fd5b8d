//! What readers do, what breaks, and what heals.

use kiosk::practice::Fault as LibraryFault;
use kiosk::privacy::PatronId;
use kiosk::session::{Aid, Proof};
use kiosk::station::aids;
use ui::view::{Screen, Touch, View};

use super::super::library::{Lie, PATRONS, SET, item};
use super::super::pad::{self, lock};
use super::super::script::{Act, Fault, Tap};
use super::wire::Spoil;
use super::{CARDS, Event, Heal, MILLI, SECOND, World};

impl World<'_> {
    /// Plays one act.
    pub fn play(&mut self, after: u32, act: Act) {
        self.run_for(u64::from(after) * MILLI);
        self.stage.log.with(|text| self.judge.no_trace("the log", text));
        if self.judge.failure.is_some() {
            return;
        }
        self.trace(|| format!("act {act:?}"));
        match act {
            Act::Tap(tap) => self.tap(tap),
            Act::Card(who) => {
                let who = who % 3;
                self.place(CARDS + who, true);
                self.later(500 * MILLI, Event::Heal(Heal::Card(who)));
            }
            Act::ScanCard(who) => {
                let card = PatronId::new(PATRONS[usize::from(who % 3)].number);
                let told = aids::Told::Card(card, Proof::Copied);
                self.with_core(|core| core.aid_told(Aid::Scanner, told));
            }
            Act::Lay(n) => self.place(n, true),
            Act::LaySet => {
                self.place(SET, true);
                self.place(SET + 1, true);
            }
            Act::Lift(n) => self.place(n, false),
            Act::LiftAll => self.lift_all(),
            Act::Scan(n) => {
                self.judge.scanned(&item(n));
                let told = aids::Told::Item(item(n));
                self.with_core(|core| core.aid_told(Aid::Scanner, told));
            }
            Act::Fault(fault) => self.break_it(fault),
            Act::Wait => {}
        }
    }

    pub(super) fn place(&mut self, n: u8, on_pad: bool) {
        if let Some(tag) = lock(&self.field).tags.get_mut(&pad::uid(n.into())) {
            tag.on_pad = on_pad;
        }
        self.pad_changed = self.now();
        if self.core.is_some() {
            self.kick_reader();
        }
    }

    pub(super) fn lift_all(&mut self) {
        for n in (1..=SET + 1).chain(CARDS..CARDS + 3) {
            self.place(n, false);
        }
    }

    pub(super) fn tap(&mut self, tap: Tap) {
        let Some(view) = self.shown.clone() else { return };
        for touch in touches(tap, &view) {
            self.with_core(|core| core.touch(touch));
        }
    }

    pub(super) fn break_it(&mut self, fault: Fault) {
        *self.faults.entry(fault.name()).or_default() += 1;
        self.judge.wrong_digit |= fault == Fault::WrongDigit;
        self.judge.held_back |= matches!(fault, Fault::Swapped | Fault::Twice);
        let millis = |ms: u32| u64::from(ms) * MILLI;
        let library = |f: LibraryFault, world: &mut Self| world.library.set_fault(f);
        match fault {
            Fault::CutUp(n) => self.cut_up = Some(usize::from(n)),
            Fault::CutDown(n) => self.cut_down = Some(usize::from(n)),
            Fault::NetworkDown(ms) => {
                self.network_up = false;
                self.lose_all();
                self.later(millis(ms), Event::Heal(Heal::Network));
            }
            Fault::Slow(ms) => {
                self.slow = millis(ms);
                self.later(60 * SECOND, Event::Heal(Heal::Speed));
            }
            Fault::Twice => self.twice = true,
            Fault::Swapped => self.swapped = true,
            Fault::Garbled(n) => self.spoiled.extend((0..n).map(|_| Spoil::Bytes)),
            Fault::WrongDigit => library(LibraryFault::WrongDigit(1), self),
            Fault::WrongSum => self.spoiled.push_back(Spoil::Checksum),
            Fault::Silent(n) => library(LibraryFault::SilentAfterCommit(u32::from(n)), self),
            Fault::ClosedBefore => library(LibraryFault::CloseBeforeAnswer(1), self),
            Fault::Again(n) => library(LibraryFault::Answer96(u32::from(n)), self),
            Fault::SaysYes(ms) => {
                self.library.lie = Lie::Yes;
                self.later(millis(ms), Event::Heal(Heal::Truth));
            }
            Fault::SaysNo(ms) => {
                library(LibraryFault::RefuseAll(true), self);
                self.later(millis(ms), Event::Heal(Heal::Refusing));
            }
            Fault::Closes(ms) => {
                self.library.closes = true;
                self.later(millis(ms), Event::Heal(Heal::Closing));
            }
            Fault::SaysOffline(ms) => {
                library(LibraryFault::Offline(true), self);
                self.later(millis(ms), Event::Heal(Heal::Offline));
            }
            Fault::LibraryDown(ms) => {
                self.library_up = false;
                self.lose_all();
                self.later(millis(ms), Event::Heal(Heal::Library));
            }
            Fault::CutAtWrite(n) => self.stage.disk.cut_in(u32::from(n)),
            Fault::PowerCut(ms) => {
                if self.core.is_some() {
                    self.go_dark(millis(ms));
                }
            }
            Fault::DiskFull(ms) => {
                self.stage.disk.full(true);
                self.later(millis(ms), Event::Heal(Heal::Disk));
            }
            Fault::DiskFails(n) => self.stage.disk.fail(u32::from(n)),
            Fault::Write(fault) => lock(&self.field).faults.push_back(fault),
            Fault::ReaderGone(ms) => {
                lock(&self.field).gone = true;
                self.later(millis(ms), Event::Heal(Heal::Reader));
            }
            Fault::PaperOut(ms) => {
                let heard = self.paper.set_out(true);
                self.later(MILLI, Event::FromPrinter(heard.answer));
                self.later(millis(ms), Event::Heal(Heal::Paper));
            }
            Fault::PrinterDies(n) => {
                self.paper.dies_after = Some(usize::from(n));
                self.later(60 * SECOND, Event::Heal(Heal::Printer));
            }
            Fault::PrinterSilent(ms) => {
                self.paper.silent = true;
                self.later(millis(ms), Event::Heal(Heal::Printer));
            }
            Fault::Clock(by) => {
                self.desk.wall_ahead.set(self.desk.wall_ahead.get() + i64::from(by));
            }
        }
    }

    pub(super) fn heal(&mut self, heal: Heal) {
        match heal {
            Heal::Network => self.network_up = true,
            Heal::Speed => self.slow = 0,
            Heal::Truth => self.library.lie = Lie::None,
            Heal::Refusing => self.library.set_fault(LibraryFault::RefuseAll(false)),
            Heal::Closing => self.library.closes = false,
            Heal::Offline => self.library.set_fault(LibraryFault::Offline(false)),
            Heal::Library => self.library_up = true,
            Heal::Disk => self.stage.disk.full(false),
            Heal::Reader => lock(&self.field).gone = false,
            Heal::Paper => {
                let before = self.paper.slips.len();
                let heard = self.paper.set_out(false);
                self.slips += (self.paper.slips.len() - before) as u64;
                self.later(MILLI, Event::FromPrinter(heard.answer));
            }
            Heal::Printer => {
                self.paper.silent = false;
                self.paper.dies_after = None;
            }
            Heal::Card(who) => self.place(CARDS + who, false),
        }
    }
}

/// The touches a tap stands for on this view.
fn touches(tap: Tap, view: &View) -> Vec<Touch> {
    let lines = match &view.screen {
        Screen::Borrow(work) | Screen::GiveBack(work) => &work.lines[..],
        _ => &[],
    };
    let count = |more: u32| match &view.screen {
        Screen::Count { found, .. } => {
            vec![Touch::Count(u8::try_from((found + more).min(11)).unwrap_or(11))]
        }
        _ => Vec::new(),
    };
    let line = |offers: fn(&ui::view::Line) -> bool, touch: fn(u32) -> Touch| {
        lines.iter().find(|line| offers(line)).map(|line| touch(line.id)).into_iter().collect()
    };
    match tap {
        Tap::Borrow => vec![Touch::Borrow],
        Tap::GiveBack => vec![Touch::GiveBack],
        Tap::Account => vec![Touch::Account],
        Tap::Finish => vec![Touch::Finish],
        Tap::Back => vec![Touch::Back],
        Tap::Paper => vec![Touch::Paper],
        Tap::Phone => vec![Touch::Phone],
        Tap::NoReceipt => vec![Touch::NoReceipt],
        Tap::More => vec![Touch::More],
        Tap::Undo => line(|line| line.can_undo, Touch::Undo),
        Tap::Yes => line(|line| line.question, Touch::Yes),
        Tap::No => line(|line| line.question, Touch::No),
        Tap::Renew => match &view.screen {
            Screen::Loans(loans) => {
                loans.loans.first().map(|loan| Touch::Renew(loan.id)).into_iter().collect()
            }
            _ => Vec::new(),
        },
        Tap::RenewAll => vec![Touch::RenewAll],
        Tap::Count => count(0),
        Tap::CountMore => count(1),
        Tap::Pin(who) => {
            if !matches!(view.screen, Screen::Pin { .. }) {
                return Vec::new();
            }
            let digits = PATRONS[usize::from(who % 3)].pin.bytes();
            digits.map(|digit| Touch::Digit(digit - b'0')).chain([Touch::Ok]).collect()
        }
        Tap::Continue => vec![Touch::Continue],
        Tap::EndNow => vec![Touch::EndNow],
        Tap::Language => vec![Touch::Language, Touch::Language],
    }
}
