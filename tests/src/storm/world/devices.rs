//! The station's devices: a reader of the pad, and the printer.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use drivers::printer::device::PrinterEvent;
use drivers::printer::spooler::{Effect as PrinterEffect, Input as PrinterInput, Outcome};
use kiosk::station::device::Work;
use kiosk::station::reader::{Classify, ReaderWork, Told};

use super::super::pad::{SimReader, lock};
use super::{Event, MILLI, SECOND, World};

impl World<'_> {
    pub(super) fn open_reader(&mut self) {
        let (field, origin) = (Arc::clone(&self.field), self.origin);
        let open = Box::new(move || {
            SimReader::open(&field, origin).map(|reader| Box::new(reader) as Box<_>)
        });
        let told = Arc::clone(&self.told);
        let tell = Box::new(move |news| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(news);
        });
        let clock = Arc::clone(&lock(&self.field).clock);
        let time = Box::new(move || Duration::from_micros(clock.load(Ordering::Relaxed)));
        let classify = Classify::new(&self.config.session);
        let work = ReaderWork::new(open, None, self.config.security, classify, tell);
        self.reader = Some(work.on_clock(time));
        self.reader_up = false;
        self.try_reader();
    }

    pub(super) fn try_reader(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        match reader.open() {
            Ok(_) => {
                self.reader_up = true;
                reader.told(true);
                self.kick_reader();
            }
            Err(_) => self.later(SECOND, Event::OpenReader),
        }
        self.tell(MILLI);
    }

    pub(super) fn kick_reader(&mut self) {
        self.reader_turn += 1;
        let turn = self.reader_turn;
        self.later(MILLI, Event::Reader(turn));
    }

    /// Sends on what the reader told.
    pub(super) fn tell(&mut self, after: u64) {
        let told: Vec<Told> =
            self.told.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for news in told {
            self.later(after, Event::Told(news));
        }
    }

    pub(super) fn reader_step(&mut self) {
        let now = self.now();
        let clock = Arc::clone(&lock(&self.field).clock);
        clock.store(now, Ordering::Relaxed);
        let Some(reader) = self.reader.as_mut().filter(|_| self.reader_up) else { return };
        let stepped = reader.step();
        let took = clock.load(Ordering::Relaxed) - now;
        {
            let mut field = lock(&self.field);
            self.judge.released(&mut field);
        }
        match stepped {
            Ok(rest) => {
                let quiet = now.saturating_sub(self.pad_changed);
                let pause = match rest {
                    None => 0,
                    // Hours pass in fewer looks.
                    Some(_) if quiet > 30 * SECOND => 2 * SECOND,
                    Some(_) if quiet > 3 * SECOND => 500 * MILLI,
                    Some(rest) => u64::try_from(rest.as_micros()).unwrap_or(0).max(60 * MILLI),
                };
                self.reader_turn += 1;
                let turn = self.reader_turn;
                self.later(took + pause.max(MILLI), Event::Reader(turn));
            }
            Err(_) => {
                self.reader_up = false;
                reader.told(false);
                self.later(took + SECOND, Event::OpenReader);
            }
        }
        self.tell(took);
    }

    pub(super) fn printer_effects(&mut self) {
        while let Some(effect) = self.spooler.poll_effect() {
            self.trace(|| format!("printer {effect:?}"));
            match effect {
                PrinterEffect::Open => {
                    let up = !self.paper.gone && self.printing;
                    self.writes += 1;
                    let input = if up { PrinterInput::LinkUp } else { PrinterInput::LinkDown };
                    self.spooler.handle(input, self.instant());
                }
                PrinterEffect::Close | PrinterEffect::DropWrites => self.writes += 1,
                PrinterEffect::Write(bytes) => {
                    let writes = self.writes;
                    self.later(4 * MILLI, Event::ToPrinter(writes, bytes));
                }
                PrinterEffect::Outcome { id, outcome } => {
                    self.printed(id.bytes(), outcome);
                    self.with_core(|core| core.printer_told(PrinterEvent::Outcome { id, outcome }));
                }
                PrinterEffect::Health(health) => {
                    self.with_core(|core| core.printer_told(PrinterEvent::Health(health)));
                }
                PrinterEffect::PaperLow => {}
            }
        }
    }

    /// The spooler says what became of a slip; the paper says whether that is so.
    pub(super) fn printed(&mut self, id: [u8; 4], outcome: Outcome) {
        let whole = self.paper.slips.iter().filter(|slip| slip.id == id).count();
        match outcome {
            Outcome::Done if whole != 1 => {
                self.judge.fail(format!("a slip is said to be printed and came out {whole} times"));
            }
            Outcome::NotPrinted { .. } if whole > 0 => {
                self.judge.fail("a slip is said not to be printed and came out");
            }
            _ => {}
        }
    }

    pub(super) fn printer_hears(&mut self, writes: u64, bytes: Vec<u8>) {
        if writes != self.writes {
            return;
        }
        let before = self.paper.slips.len();
        let heard = self.paper.receive(&bytes);
        for slip in self.paper.slips.iter().skip(before) {
            self.judge.no_trace("paper", &String::from_utf8_lossy(&slip.bytes));
        }
        self.slips += (self.paper.slips.len() - before) as u64;
        self.spooler.handle(PrinterInput::Written(bytes.len()), self.instant());
        if heard.broke {
            self.writes += 1;
            return self.later(MILLI, Event::PrinterBroke);
        }
        if !heard.answer.is_empty() {
            self.later(6 * MILLI, Event::FromPrinter(heard.answer));
        }
    }
}
