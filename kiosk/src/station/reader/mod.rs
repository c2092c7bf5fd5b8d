//! One RFID reader's work on its thread: looks at the pad, reads what is new, writes security
//! states.
//!
//! It decides nothing about loans; what comes next is the rule of `plan`.

mod classify;
mod plan;

use std::time::{Duration, Instant};

use drivers::port::PortSpec;
use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::{ReaderError, TagReader, Uid};

pub use classify::Classify;

use super::device::{Identity, Inbox, Turn, Work};
use crate::session::{OpId, TagRead, TagResult};
use plan::{News, Plan, ReadResult, SecurityWrite, Step};

/// Failed looks in a row after which the reader counts as down and is opened again.
const FAILURES_MAX: u32 = 3;

/// What the loop asks of the reader.
#[derive(Debug)]
pub enum Command {
    /// Bring these tags to a state and read it back.
    SetSecurity {
        /// Names the write.
        op: OpId,
        /// Tags.
        tags: Vec<Uid>,
        /// State.
        want: Security,
    },
    /// The library system was asked for a loan or return: a write may follow at once.
    Expect,
    /// A session ended: forget cards.
    Forget,
}

/// What the reader tells the loop.
#[derive(Debug)]
pub enum Told {
    /// It works, or not.
    Up(bool),
    /// One complete look, and when its last tag could answer.
    Pad(Vec<TagRead>, Instant),
    /// One tag was read between two looks.
    Read(TagRead),
    /// A write ended.
    Done(OpId, TagResult),
}

/// Opens a reader.
pub type Opener = Box<dyn Fn() -> Result<Box<dyn TagReader>, String> + Send>;

/// Time since any fixed moment.
pub type Time = Box<dyn Fn() -> Duration + Send>;

/// One reader.
pub struct ReaderWork {
    open: Opener,
    port: Option<PortSpec>,
    security: SecurityProfile,
    tell: Box<dyn Fn(Told) + Send>,
    plan: Plan,
    reader: Option<Box<dyn TagReader>>,
    failures: u32,
    time: Time,
}

impl ReaderWork {
    /// A reader that is opened by `open`. `tell` is called on the reader's thread. `port` lets the
    /// supervisor see whether it is plugged in.
    #[must_use]
    pub fn new(
        open: Opener,
        port: Option<PortSpec>,
        security: SecurityProfile,
        classify: Classify,
        tell: Box<dyn Fn(Told) + Send>,
    ) -> Self {
        let plan = Plan::new(classify);
        let begin = Instant::now();
        let time = Box::new(move || begin.elapsed());
        Self { open, port, security, tell, plan, reader: None, failures: 0, time }
    }

    /// The same on another clock (simulation).
    #[must_use]
    pub fn on_clock(self, time: Time) -> Self {
        Self { time, ..self }
    }

    /// Takes a command while the reader is open.
    pub fn take(&mut self, command: Command) {
        match command {
            Command::SetSecurity { op, tags, want } => {
                if !self.plan.write(SecurityWrite { op, tags, want }) {
                    (self.tell)(Told::Done(op, TagResult::ReaderDown));
                }
            }
            Command::Expect => self.plan.expect((self.time)()),
            Command::Forget => self.plan.forget_cards(),
        }
    }

    fn news(&self, news: Option<News>, heard: Instant) {
        match news {
            Some(News::Pad(tags)) => (self.tell)(Told::Pad(tags, heard)),
            Some(News::Read(tag)) => (self.tell)(Told::Read(tag)),
            None => {}
        }
    }

    /// The next step, which may be to rest for so long unless a command comes.
    ///
    /// # Errors
    /// Why the reader is lost. Writes that wait are told as not done; it must be opened again.
    pub fn step(&mut self) -> Result<Option<Duration>, String> {
        let stepped = self.work();
        if stepped.is_err() {
            self.reader = None;
            for write in self.plan.lost() {
                (self.tell)(Told::Done(write.op, TagResult::ReaderDown));
            }
        }
        stepped
    }

    fn work(&mut self) -> Result<Option<Duration>, String> {
        let Some(reader) = self.reader.as_deref_mut() else {
            return Err("the reader is not open".to_owned());
        };
        let done = match self.plan.next((self.time)()) {
            Step::Rest(pause) => return Ok(Some(pause)),
            Step::Look => match reader.inventory() {
                Ok(seen) => {
                    self.failures = 0;
                    let heard = reader.heard().unwrap_or_else(Instant::now);
                    let news = self.plan.looked(&seen, (self.time)());
                    self.news(Some(news), heard);
                    Ok(())
                }
                Err(error) => self.failed(&error),
            },
            Step::Read { uid, first, count } => {
                let read = reader.read_blocks(uid, first, count);
                let gone = read.as_ref().err().filter(|e| e.is_gone()).map(ToString::to_string);
                let news = self.plan.read(uid, result_of(read));
                self.news(news, Instant::now());
                gone.map_or(Ok(()), Err)
            }
            Step::Uii(uid) => {
                let uii = reader.uii(uid);
                let gone = uii.as_ref().err().filter(|e| e.is_gone()).map(ToString::to_string);
                let news = self.plan.uii(uid, uii.ok());
                self.news(news, Instant::now());
                gone.map_or(Ok(()), Err)
            }
            Step::Secure(write) => {
                let result = set_security(reader, &self.security, &write);
                (self.tell)(Told::Done(write.op, result));
                if result == TagResult::ReaderDown {
                    return Err("the line broke while a tag was written".to_owned());
                }
                Ok(())
            }
        };
        done.map(|()| None)
    }

    fn failed(&mut self, error: &ReaderError) -> Result<(), String> {
        self.failures += 1;
        if error.is_gone() || self.failures >= FAILURES_MAX {
            return Err(error.to_string());
        }
        Ok(())
    }
}

/// Reads what lies on a reader until every tag is known, by the same plan as at a station, on any
/// clock: for benchmarks on virtual time. At most [`PILE_STEPS_MAX`] steps.
///
/// # Errors
/// The reader's error.
pub fn read_pile(
    reader: &mut dyn TagReader,
    classify: Classify,
    now: impl Fn() -> std::time::Duration,
) -> Result<Vec<TagRead>, ReaderError> {
    let mut plan = Plan::new(classify);
    let mut known = Vec::new();
    let mut seen = 0;
    for _ in 0..PILE_STEPS_MAX {
        let news = match plan.next(now()) {
            Step::Look if seen > 0 => break,
            Step::Look => {
                let found = reader.inventory()?;
                seen = found.len();
                Some(plan.looked(&found, now()))
            }
            Step::Read { uid, first, count } => {
                plan.read(uid, result_of(reader.read_blocks(uid, first, count)))
            }
            Step::Uii(uid) => plan.uii(uid, reader.uii(uid).ok()),
            Step::Secure(_) | Step::Rest(_) => None,
        };
        if let Some(News::Read(tag)) = news {
            known.push(tag);
        }
    }
    Ok(known)
}

/// Steps after which [`read_pile`] gives up.
pub const PILE_STEPS_MAX: u32 = 10_000;

fn result_of(read: Result<Vec<u8>, ReaderError>) -> ReadResult {
    match read {
        Ok(bytes) => ReadResult::Blocks(bytes),
        Err(ReaderError::NoMemory) => ReadResult::NoMemory,
        Err(_) => ReadResult::Failed,
    }
}

fn set_security(
    reader: &mut dyn TagReader,
    profile: &SecurityProfile,
    write: &SecurityWrite,
) -> TagResult {
    for &uid in &write.tags {
        return match security::apply(reader, uid, profile, write.want) {
            Ok(()) => continue,
            Err(ReaderError::NoTag) => TagResult::Gone,
            Err(ReaderError::Gone(_)) => TagResult::ReaderDown,
            Err(error) => {
                tracing::info!(%uid, %error, "security write");
                TagResult::Failed
            }
        };
    }
    TagResult::Done
}

impl Work for ReaderWork {
    type Command = Command;

    fn open(&mut self) -> Result<Identity, String> {
        // The old one first: a port is held by one at a time.
        self.reader = None;
        let mut reader = (self.open)()?;
        let info = reader.identify().map_err(|error| error.to_string())?;
        self.reader = Some(reader);
        self.failures = 0;
        Ok(Identity { firmware: Some(info.firmware) })
    }

    fn turn(&mut self, inbox: &Inbox<'_, Command>) -> Turn {
        while let Some(command) = inbox.take() {
            self.take(command);
        }
        match self.step() {
            Ok(None) => Turn::GoOn,
            Ok(Some(pause)) => {
                if let Some(command) = inbox.wait(pause) {
                    self.take(command);
                }
                Turn::GoOn
            }
            Err(trouble) => Turn::Lost(trouble),
        }
    }

    fn told(&mut self, up: bool) {
        (self.tell)(Told::Up(up));
    }

    fn refuse(&mut self, command: Command) {
        match command {
            Command::SetSecurity { op, .. } => {
                (self.tell)(Told::Done(op, TagResult::ReaderDown));
            }
            Command::Expect => {}
            Command::Forget => self.plan.forget_cards(),
        }
    }

    fn is_present(&self) -> Option<bool> {
        self.port.as_ref()?.is_present()
    }
}
