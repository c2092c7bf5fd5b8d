//! Devices besides the pad, each on its own supervised thread: the barcode scanner and the
//! identity card module. Cards on a reader of their own come by [`super::reader`].
//!
//! What they read leaves here as a patron, an item, or the reason why it is neither; numbers are
//! never logged.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use drivers::idcard::{HashKey, IdCardError, IdCardReader, IdCardSetup, Lookup};
use drivers::port::Port;
use drivers::scanner::rules::{Kind, ScanRules};
use drivers::scanner::setup::{ScannerPort, ScannerSetup};
use drivers::scanner::token::{TokenGuard, TokenTime, Verdict};
use drivers::scanner::{Scan, Scanner, ScannerError};
use ui::view::Advice;

use super::device::{Identity, Inbox, Turn, Work};
use crate::privacy::PatronId;
use crate::session::Proof;

/// Longest wait for one scan; commands are looked at in between.
const SCAN_WAIT: Duration = Duration::from_millis(200);
/// Pause between two looks for an identity card.
const ID_PAUSE: Duration = Duration::from_millis(300);
/// Answers missing in a row after which the module counts as down.
const FAILURES_MAX: u32 = 3;

/// What the loop asks of such a device.
#[derive(Debug)]
pub enum Command {
    /// A session ended: what was scanned and not taken is dropped.
    Forget,
}

/// What such a device tells the loop.
#[derive(Debug)]
pub enum Told {
    /// It works, or not.
    Up(bool),
    /// A patron, and what was shown to prove it.
    Card(PatronId, Proof),
    /// An item's number.
    Item(String),
    /// Something was shown that is neither.
    Neither(Advice),
}

/// Where news go.
pub type Tell = Box<dyn Fn(Told) + Send>;

/// The scanner.
pub struct ScanWork {
    setup: ScannerSetup,
    rules: ScanRules,
    guard: Option<TokenGuard>,
    tell: Tell,
    scanner: Option<Box<dyn Scanner>>,
}

impl ScanWork {
    /// A scanner with these rules; `guard` when patrons show codes that work once.
    #[must_use]
    pub fn new(
        setup: ScannerSetup,
        rules: ScanRules,
        guard: Option<TokenGuard>,
        tell: Tell,
    ) -> Self {
        Self { setup, rules, guard, tell, scanner: None }
    }

    fn scanned(&mut self, scan: &Scan) {
        let told = match self.rules.kind(scan) {
            Kind::Card => Told::Card(PatronId::new(scan.data.expose()), Proof::Copied),
            Kind::Item => Told::Item(scan.data.expose().to_owned()),
            Kind::Other(_) | Kind::Unknown => Told::Neither(Advice::CardUnread),
            Kind::PatronCode(token) => {
                let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let now = TokenTime { wall_s: wall.as_secs(), mono: Instant::now() };
                let verdict = self.guard.as_mut().map(|guard| guard.check(&token, now));
                match verdict {
                    Some(Verdict::Fresh) => {
                        let number = token.patron().unwrap_or(token.whole());
                        Told::Card(PatronId::new(number.expose()), Proof::Code)
                    }
                    Some(Verdict::UsedBefore) => Told::Neither(Advice::QrUsed),
                    Some(Verdict::TooOld | Verdict::InTheFuture) => {
                        Told::Neither(Advice::QrExpired)
                    }
                    Some(Verdict::Forged | Verdict::Full) | None => {
                        Told::Neither(Advice::CardUnread)
                    }
                }
            }
        };
        (self.tell)(told);
    }
}

impl Work for ScanWork {
    type Command = Command;

    fn open(&mut self) -> Result<Identity, String> {
        self.scanner = None;
        self.scanner = Some(self.setup.open().map_err(|error| error.to_string())?);
        Ok(Identity::default())
    }

    fn turn(&mut self, inbox: &Inbox<'_, Command>) -> Turn {
        let Some(scanner) = &mut self.scanner else {
            return Turn::Lost("the scanner is not open".to_owned());
        };
        while let Some(Command::Forget) = inbox.take() {
            if let Err(error) = scanner.discard() {
                return Turn::Lost(error.to_string());
            }
        }
        match scanner.poll(SCAN_WAIT) {
            Ok(None) => {}
            Ok(Some(scan)) => self.scanned(&scan),
            Err(ScannerError::Spoilt(why)) => {
                tracing::info!(%why, "scan dropped");
                (self.tell)(Told::Neither(Advice::CardUnread));
            }
            Err(error) => return Turn::Lost(error.to_string()),
        }
        Turn::GoOn
    }

    fn told(&mut self, up: bool) {
        (self.tell)(Told::Up(up));
    }

    fn refuse(&mut self, _command: Command) {}

    fn is_present(&self) -> Option<bool> {
        match &self.setup.port {
            ScannerPort::Line(port) => port.is_present(),
            ScannerPort::Wedge(_) => None,
        }
    }
}

/// The identity card module.
pub struct IdWork {
    setup: IdCardSetup,
    key: Option<HashKey>,
    tell: Tell,
    reader: Option<IdCardReader<Box<dyn Port>>>,
    failures: u32,
}

impl IdWork {
    /// A module; `key` hashes the numbers, unless the library system knows the numbers themselves.
    #[must_use]
    pub fn new(setup: IdCardSetup, key: Option<HashKey>, tell: Tell) -> Self {
        Self { setup, key, tell, reader: None, failures: 0 }
    }

    fn look(&mut self) -> Result<Option<PatronId>, IdCardError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        match (self.setup.lookup, &self.key) {
            (Lookup::Hash, Some(key)) => {
                Ok(reader.poll(key)?.map(|hash| PatronId::new(hash.as_str())))
            }
            (Lookup::Hash, None) => Ok(None),
            (Lookup::Number, _) => {
                Ok(reader.poll_number()?.map(|number| PatronId::new(number.expose())))
            }
        }
    }
}

impl Work for IdWork {
    type Command = Command;

    fn open(&mut self) -> Result<Identity, String> {
        self.reader = None;
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let mut reader = IdCardReader::open(&self.setup.port, self.setup.lookup)
            .map_err(|error| words(&error))?;
        reader.status().map_err(|error| words(&error))?;
        self.reader = Some(reader);
        self.failures = 0;
        Ok(Identity::default())
    }

    fn turn(&mut self, inbox: &Inbox<'_, Command>) -> Turn {
        // Nothing of a card stays here between turns, so there is nothing to forget.
        let _ = inbox.wait(ID_PAUSE);
        match self.look() {
            Ok(None) => self.failures = 0,
            Ok(Some(patron)) => {
                self.failures = 0;
                (self.tell)(Told::Card(patron, Proof::Held));
            }
            Err(error) if error.is_lay_again() => {
                (self.tell)(Told::Neither(Advice::CardUnread));
            }
            Err(error) => {
                self.failures += 1;
                if error.is_gone() || self.failures >= FAILURES_MAX {
                    return Turn::Lost(error.to_string());
                }
            }
        }
        Turn::GoOn
    }

    fn told(&mut self, up: bool) {
        (self.tell)(Told::Up(up));
    }

    fn refuse(&mut self, _command: Command) {}

    fn is_present(&self) -> Option<bool> {
        self.setup.port.is_present()
    }
}
