//! [`IdCardReader`]: find, select, read; each with a bounded wait.

use std::io;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::wire::{Command, Damage, Decoder, FRAME_MAX, Reply, sw3};
use super::{HashKey, IdCardError, IdHash, IdNumber, Lookup, Step, block};
use crate::port::{LineSettings, OpenError, Port, PortSpec};

/// Usual line of a module (peripherals.md 3.2).
pub const LINE: LineSettings = LineSettings::new(115_200);

/// Longest wait for the answer to status, find and select, without its time on the line. No
/// document gives one: UNCONFIRMED.
pub const SHORT_WAIT: Duration = Duration::from_millis(1_000);

/// Longest wait for basic data, without its time on the line. No document gives one:
/// UNCONFIRMED.
pub const READ_WAIT: Duration = Duration::from_millis(3_000);

/// A frame is over when nothing came for so long: USB adapters deliver in steps of 16 ms.
const QUIET_GAP: Duration = Duration::from_millis(200);

/// A card found again so soon after it was read still lies there. Modules answer "not found" for
/// a card that did not leave the field (peripherals.md 3.2); whether all do is UNCONFIRMED.
const SAME_CARD: Duration = Duration::from_millis(2_000);

/// Status requests sent to get back into step.
const SETTLE_TRIES: u32 = 3;

/// Bits of one byte on the line.
const BITS_PER_BYTE: f64 = 10.0;

/// Bytes taken from the port at once.
const READ_CHUNK: usize = 512;

/// A SAM_V module.
///
/// Each poll asks for a card once. After an answer that is missing or damaged the next poll first
/// asks the module's state until it is answered: answers do not say what they answer, but no
/// other has that form, and the module answers in order.
pub struct IdCardReader<P: Port> {
    port: P,
    /// Time of the longest frame on the line.
    frame_time: Duration,
    lookup: Lookup,
    in_step: bool,
    /// When the card read last was last seen lying there.
    lying: Option<Instant>,
}

impl IdCardReader<Box<dyn Port>> {
    /// Opens the port; nothing is sent yet.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(spec: &PortSpec, lookup: Lookup) -> Result<Self, OpenError> {
        Ok(Self::new(spec.open(LINE, SHORT_WAIT)?, spec.line(LINE).baud, lookup))
    }
}

impl<P: Port> IdCardReader<P> {
    /// Takes an open port. `baud` is the line's speed in bit/s.
    pub fn new(port: P, baud: u32, lookup: Lookup) -> Self {
        let seconds = FRAME_MAX as f64 * BITS_PER_BYTE / f64::from(baud.max(1));
        let frame_time = Duration::from_secs_f64(seconds);
        Self { port, frame_time, lookup, in_step: false, lying: None }
    }

    /// Asks whether the module works.
    ///
    /// # Errors
    /// `ModuleUnfit`, `Silent`, `Garbled`, `Gone`.
    pub fn status(&mut self) -> Result<(), IdCardError> {
        self.in_step = false;
        self.settle()
    }

    /// Looks for a card and gives the keyed hash of its number; `None` when no new card lies
    /// there. The number is wiped before this returns. Takes at most the sum of the waits named in
    /// this file.
    ///
    /// # Errors
    /// [`IdCardError`]; after `Unread` the card must be laid again.
    pub fn poll(&mut self, key: &HashKey) -> Result<Option<IdHash>, IdCardError> {
        Ok(self.read_card()?.map(|number| number.hashed(key)))
    }

    /// Looks for a card and hands its number over, once; `None` when no new card lies there.
    ///
    /// # Errors
    /// `NumberNotAllowed` unless the site is set to [`Lookup::Number`]; nothing is sent then.
    pub fn poll_number(&mut self) -> Result<Option<IdNumber>, IdCardError> {
        match self.lookup {
            Lookup::Number => self.read_card(),
            Lookup::Hash => Err(IdCardError::NumberNotAllowed),
        }
    }

    fn read_card(&mut self) -> Result<Option<IdNumber>, IdCardError> {
        if !self.in_step {
            self.settle()?;
        }
        let now = Instant::now();
        match self.exchange(Command::Find, SHORT_WAIT)?.code() {
            sw3::FOUND => {}
            sw3::NOT_FOUND => {
                self.lying = None;
                return Ok(None);
            }
            code => return Err(refusal(Step::Find, code)),
        }
        if self.lying.is_some_and(|seen| now.duration_since(seen) < SAME_CARD) {
            self.lying = Some(now);
            return Ok(None);
        }
        self.lying = None;
        let reply = self.exchange(Command::Select, SHORT_WAIT)?;
        expect_ok(Step::Select, &reply)?;
        let reply = self.exchange(Command::ReadBasic, READ_WAIT)?;
        expect_ok(Step::Read, &reply)?;
        let text = reply.text().ok_or(IdCardError::Garbled("lengths of text and photo"))?;
        let number = block::number_of(text)?;
        self.lying = Some(Instant::now());
        Ok(Some(number))
    }

    fn settle(&mut self) -> Result<(), IdCardError> {
        let mut waited = 0;
        let mut tries = SETTLE_TRIES;
        loop {
            tries -= 1;
            match self.exchange(Command::Status, SHORT_WAIT) {
                Ok(reply) if reply.code() == sw3::OK => return Ok(()),
                // A refusal may still be the late answer to an earlier command.
                Ok(reply) if tries == 0 => {
                    self.in_step = false;
                    return Err(refusal(Step::Find, reply.code()));
                }
                Ok(_) => {}
                Err(IdCardError::Silent { waited_ms }) if tries == 0 => {
                    return Err(IdCardError::Silent { waited_ms: waited + waited_ms });
                }
                Err(IdCardError::Silent { waited_ms }) => waited += waited_ms,
                Err(error) if tries == 0 || error.is_gone() => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn exchange(&mut self, command: Command, wait: Duration) -> Result<Reply, IdCardError> {
        self.in_step = false;
        self.port.discard_input().map_err(IdCardError::Gone)?;
        let started = Instant::now();
        self.send(&command.emit(), started)?;
        let until = started + wait + self.frame_time;
        let reply = self.listen(command, started, started + wait, until)?;
        self.in_step = true;
        Ok(reply)
    }

    fn send(&mut self, mut bytes: &[u8], started: Instant) -> Result<(), IdCardError> {
        self.port.set_timeout(SHORT_WAIT).map_err(IdCardError::Gone)?;
        while !bytes.is_empty() {
            match self.port.write(bytes) {
                Ok(0) => return Err(IdCardError::Gone(io::ErrorKind::WriteZero.into())),
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_timeout(&e) => return Err(silent(started)),
                Err(e) => return Err(IdCardError::Gone(e)),
            }
        }
        self.port.flush().map_err(IdCardError::Gone)
    }

    /// The answer to `command`: its first byte by `first_by`, all of it by `all_by`.
    fn listen(
        &mut self,
        command: Command,
        started: Instant,
        first_by: Instant,
        all_by: Instant,
    ) -> Result<Reply, IdCardError> {
        let mut buf = Zeroizing::new([0; READ_CHUNK]);
        let mut decoder = Decoder::new();
        let mut last_byte = started;
        let mut other = false;
        loop {
            let now = Instant::now();
            let in_frame = decoder.pending() > 0 || decoder.damage().is_some();
            let until = if in_frame { all_by.min(last_byte + QUIET_GAP) } else { first_by };
            if now >= until {
                return Err(missing(&decoder, other, started));
            }
            let Some(n) = read_once(&mut self.port, buf.as_mut_slice(), until - now)? else {
                continue;
            };
            last_byte = Instant::now();
            for reply in decoder.feed(buf.get(..n).unwrap_or_default()) {
                if reply.answers(command) {
                    return Ok(reply);
                }
                tracing::debug!(?reply, "answer to another command passed over");
                other = true;
            }
        }
    }
}

/// Why nothing useful came.
fn missing(decoder: &Decoder, other: bool, started: Instant) -> IdCardError {
    match decoder.damage() {
        Some(Damage::BadCheck) => IdCardError::Garbled("checksum"),
        Some(Damage::BadLength) => IdCardError::Garbled("impossible frame length"),
        _ if decoder.pending() > 0 => IdCardError::Garbled("frame cut short"),
        Some(Damage::NotAStart) => IdCardError::Garbled("no frame in what came"),
        None if other => IdCardError::Garbled("answer of another kind"),
        None => silent(started),
    }
}

fn expect_ok(step: Step, reply: &Reply) -> Result<(), IdCardError> {
    match reply.code() {
        sw3::OK => Ok(()),
        code => Err(refusal(step, code)),
    }
}

/// The table of peripherals.md 3.2 in the words of [`IdCardError`].
fn refusal(step: Step, code: u8) -> IdCardError {
    match code {
        sw3::NOT_AUTHORISED | sw3::SELF_TEST => IdCardError::ModuleUnfit { code },
        // 31 to 33: card and module do not know each other.
        sw3::AUTHENTICATION..=0x33
        | sw3::WRONG_CARD
        | sw3::READ_FAILED
        | sw3::NOT_FOUND
        | sw3::SELECT_FAILED
        | sw3::NO_CONTENT => IdCardError::Unread { step, code },
        _ => IdCardError::Refused { step, code },
    }
}

/// `None` when nothing came within `patience`.
fn read_once<P: Port>(
    port: &mut P,
    buf: &mut [u8],
    patience: Duration,
) -> Result<Option<usize>, IdCardError> {
    port.set_timeout(patience.max(Duration::from_millis(1))).map_err(IdCardError::Gone)?;
    match port.read(buf) {
        Ok(0) => Err(IdCardError::Gone(io::ErrorKind::UnexpectedEof.into())),
        Ok(n) => Ok(Some(n)),
        Err(e) if is_timeout(&e) || e.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(e) => Err(IdCardError::Gone(e)),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn silent(started: Instant) -> IdCardError {
    let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    IdCardError::Silent { waited_ms }
}
