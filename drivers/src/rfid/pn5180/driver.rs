//! [`Pn5180Reader`]: the chip as a [`TagReader`].

use std::collections::VecDeque;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::cards::Cards;
use super::chip::Pn5180;
use super::recovery::Repeat;
use super::setup::Pn5180Setup;
use super::transceive::Heard;
use crate::rfid::iso15693::reply::{self, Blocks, ReplyError, SystemInformation};
use crate::rfid::iso15693::{self, BLOCK_LEN, Command, Request};
use crate::rfid::{Air, LockTarget, ReaderError, ReaderInfo, Seen, TagMemory, TagReader, Uid};

/// Model name in configuration.
pub const MODEL: &str = "pn5180";

/// Most blocks read by one request: 128 bytes, 40 ms on the air. The chip's buffer would hold
/// more; a longer answer is more likely to be damaged.
pub const READ_BLOCKS_MAX: u8 = 32;
/// A read whose answer is damaged is done so often in all.
pub const READ_TRIES: u32 = 3;
/// So many tags are remembered that lack read multiple.
pub const SINGLES_MAX: usize = 64;

/// In which state the chip was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nobody knows: it must be reset.
    Unknown,
    /// Started, field off.
    FieldOff,
    /// Field on, configured for ISO 15693.
    Books,
}

/// A PN5180 as a reader of books and, every so often, of cards.
///
/// It repeats no request that writes; how often to try again is the caller's rule. When the chip
/// itself fails, reads are repeated while it is brought back, step by step: idle, field off and
/// on, reset. After [`FAILURES_MAX`] failures one after the other the
/// call ends, and the next begins with a reset.
pub struct Pn5180Reader<SPI, BUSY, RESET, DELAY> {
    pub(super) chip: Pn5180<SPI, BUSY, RESET, DELAY>,
    setup: Pn5180Setup,
    pub(super) mode: Mode,
    /// TX_CONFIG as the RF configuration brings it.
    pub(super) tx_config: u32,
    /// Whether an answer has just ended, so that tags are not ready to listen.
    pub(super) pause_due: bool,
    /// Failures of the chip one after the other.
    pub(super) failures: u32,
    /// Tags without read multiple, oldest first.
    singles: VecDeque<[u8; 8]>,
    cards: Cards,
    /// Inventories until cards are looked for again.
    until_cards: u32,
}

pub use super::books::{ROUNDS_MAX, TAGS_MAX, WAITING_MAX};
pub use super::cards::CARDS_MAX;
pub use super::recovery::{CODE_FIELD_OFF, CODE_GENERAL_ERROR, CODE_TOO_HOT, FAILURES_MAX};

const OTHER_SHAPE: ReaderError = ReaderError::Garbled("an answer that does not fit");

impl<SPI, BUSY, RESET, DELAY> Pn5180Reader<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice,
    BUSY: InputPin,
    RESET: OutputPin,
    DELAY: DelayNs,
{
    /// Takes the chip's pins; nothing is sent yet.
    pub fn new(spi: SPI, busy: BUSY, reset: RESET, delay: DELAY, setup: Pn5180Setup) -> Self {
        Self {
            chip: Pn5180::new(spi, busy, reset, delay),
            setup,
            mode: Mode::Unknown,
            tx_config: 0,
            pause_due: false,
            failures: 0,
            singles: VecDeque::new(),
            cards: Cards::default(),
            until_cards: 0,
        }
    }

    /// Starts the chip and its field, as the first command would.
    ///
    /// # Errors
    /// [`ReaderError`]; no tag errors.
    pub fn start(&mut self) -> Result<(), ReaderError> {
        self.on_chip(Repeat::Yes, |_| Ok(()))
    }

    /// Cards with a random UID at the last look for cards. [`TagReader::inventory`] leaves them
    /// out: such a UID tells nobody.
    pub fn random_cards(&self) -> u32 {
        self.cards.random
    }

    /// The 8 bytes of a book's UID; cards know nothing but their UID.
    fn book(uid: Uid) -> Result<[u8; 8], ReaderError> {
        uid.as_iso15693().ok_or(ReaderError::Unsupported { code: 0 })
    }

    /// One request to one tag; the bytes of its answer, refusals included.
    fn answer(&mut self, request: Request, len: usize) -> Result<Vec<u8>, ReaderError> {
        let writes = request.command.writes();
        let (repeat, tries) = if writes { (Repeat::No, 1) } else { (Repeat::Yes, READ_TRIES) };
        let mut damage = "an answer that was damaged";
        for _ in 0..tries {
            match self.on_chip(repeat, |reader| reader.tell(request, len as u32))? {
                Heard::Frame { bytes, last_bits: 0 } => return Ok(bytes),
                Heard::Nothing => return Err(ReaderError::NoTag),
                Heard::Damaged(what) => damage = what,
                Heard::Frame { .. } => damage = "an answer of odd length",
                Heard::Collision { .. } => damage = "several tags of one UID answered",
            }
        }
        Err(ReaderError::Garbled(damage))
    }

    fn ask_tag<T>(
        &mut self,
        uid: Uid,
        option: bool,
        command: Command,
        len: usize,
        read: impl Fn(&[u8]) -> Result<T, ReplyError>,
    ) -> Result<T, ReaderError> {
        let request = Request { uid: Self::book(uid)?, option, command };
        read(&self.answer(request, len)?).map_err(reader_error)
    }

    fn write(&mut self, uid: Uid, command: Command) -> Result<(), ReaderError> {
        self.ask_tag(uid, wants_option(uid), command, 1, reply::done)
    }

    /// Commands of NXP are not even tried on other chips.
    fn nxp(uid: Uid) -> Result<(), ReaderError> {
        match uid.bytes() {
            [_, iso15693::NXP, ..] if uid.as_iso15693().is_some() => Ok(()),
            _ => Err(ReaderError::Unsupported { code: iso15693::ERROR_UNSUPPORTED }),
        }
    }

    fn information(&mut self, uid: Uid) -> Result<SystemInformation, ReaderError> {
        let info = self.ask_tag(uid, false, Command::SystemInformation, 15, |bytes| {
            SystemInformation::parse(bytes)
        })?;
        if Some(info.uid) != uid.as_iso15693() {
            return Err(reader_error(ReplyError::OtherTag));
        }
        Ok(info)
    }

    /// Reads blocks by as few requests as the chip allows; `option` asks for lock bytes.
    fn blocks(
        &mut self,
        uid: Uid,
        first: u8,
        count: u8,
        option: bool,
    ) -> Result<Blocks, ReaderError> {
        let book = Self::book(uid)?;
        if u16::from(first) + u16::from(count) > 256 {
            return Err(ReaderError::NoMemory);
        }
        let mut all = Blocks { data: Vec::new(), locked: Vec::new() };
        let (mut next, mut left) = (u16::from(first), count);
        while left > 0 {
            // `next` stays below 256, as checked above.
            let at = next as u8;
            let single = left == 1 || self.singles.contains(&book);
            let some = if single { 1 } else { left.min(READ_BLOCKS_MAX) };
            let command = match single {
                true => Command::ReadSingle(at),
                false => Command::ReadMultiple(at, some - 1),
            };
            let len = 1 + (BLOCK_LEN + usize::from(option)) * usize::from(some);
            let got = self.ask_tag(uid, option, command, len, |bytes| {
                reply::blocks(bytes, some.into(), option)
            });
            match got {
                Ok(blocks) => {
                    all.data.extend(blocks.data);
                    all.locked.extend(blocks.locked);
                    next += u16::from(some);
                    left -= some;
                }
                Err(ReaderError::Unsupported { .. }) if !single => self.remember_single(book),
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    fn remember_single(&mut self, book: [u8; 8]) {
        if self.singles.len() >= SINGLES_MAX {
            self.singles.pop_front();
        }
        self.singles.push_back(book);
    }

    /// Looks for cards when it is their turn; what was seen then stays until the next look.
    fn look_for_cards(&mut self) -> Result<(), ReaderError> {
        if self.setup.cards_every == 0 {
            return Ok(());
        }
        if self.until_cards == 0 {
            self.cards = self.on_chip(Repeat::Yes, Self::list_cards)?;
            self.until_cards = self.setup.cards_every;
        }
        self.until_cards -= 1;
        Ok(())
    }
}

/// Tag-it chips write only with the option flag and answer after an EOF (rfid-data.md 6.1).
fn wants_option(uid: Uid) -> bool {
    matches!(uid.bytes(), [_, iso15693::TEXAS_INSTRUMENTS, ..])
}

impl<SPI, BUSY, RESET, DELAY> TagReader for Pn5180Reader<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice + Send,
    BUSY: InputPin + Send,
    RESET: OutputPin + Send,
    DELAY: DelayNs + Send,
{
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        let [_, (major, minor)] = self.on_chip(Repeat::Yes, |reader| reader.chip.versions())?;
        // 3.A is written so by its maker.
        Ok(ReaderInfo { model: MODEL, firmware: format!("{major:X}.{minor:X}") })
    }

    /// One round of 16 slots when nothing collides, and one more for each collided slot.
    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        self.look_for_cards()?;
        let books = self.on_chip(Repeat::Yes, Self::list_books)?;
        let books = books.into_iter().map(|b| Seen::iso15693(Uid::iso15693(b.uid), Some(b.dsfid)));
        let card = |uid: &Uid| Seen { uid: *uid, air: Air::Iso14443, dsfid: None };
        Ok(books.chain(self.cards.found.iter().map(card)).collect())
    }

    fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        self.blocks(uid, first, count, false).map(|blocks| blocks.data)
    }

    fn write_blocks(&mut self, uid: Uid, first: u8, data: &[u8]) -> Result<(), ReaderError> {
        let (blocks, rest) = data.as_chunks::<BLOCK_LEN>();
        if !rest.is_empty() || usize::from(first) + blocks.len() > 256 {
            return Err(ReaderError::NoMemory);
        }
        for (number, content) in (first..=u8::MAX).zip(blocks) {
            self.write(uid, Command::WriteSingle(number, *content))?;
        }
        Ok(())
    }

    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        self.information(uid)?.afi.ok_or(NO_FIELD)
    }

    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError> {
        self.write(uid, Command::WriteAfi(afi))
    }

    /// A tag with EAS off keeps silent, as one that is gone does: `false` for both.
    fn eas(&mut self, uid: Uid) -> Result<bool, ReaderError> {
        Self::nxp(uid)?;
        let alarm = self.ask_tag(uid, false, Command::EasAlarm, 33, |b| reply::data(b).map(drop));
        match alarm {
            Ok(()) => Ok(true),
            // Only a tag whose bit is set answers.
            Err(ReaderError::NoTag) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn write_eas(&mut self, uid: Uid, on: bool) -> Result<(), ReaderError> {
        Self::nxp(uid)?;
        self.write(uid, if on { Command::SetEas } else { Command::ResetEas })
    }

    fn write_dsfid(&mut self, uid: Uid, dsfid: u8) -> Result<(), ReaderError> {
        self.write(uid, Command::WriteDsfid(dsfid))
    }

    fn dsfid(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        self.information(uid)?.dsfid.ok_or(NO_FIELD)
    }

    fn memory(&mut self, uid: Uid) -> Result<TagMemory, ReaderError> {
        let info = self.information(uid)?;
        let (blocks, block_len) = info.memory.ok_or(NO_FIELD)?;
        Ok(TagMemory { blocks, block_len, ic_reference: info.ic_reference })
    }

    fn locked(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<bool>, ReaderError> {
        let Some(less) = count.checked_sub(1) else { return Ok(Vec::new()) };
        let len = usize::from(count);
        let command = Command::BlockSecurity(first, less);
        match self.ask_tag(uid, false, command, 1 + len, |b| reply::security(b, len)) {
            Err(ReaderError::Unsupported { .. }) => {
                self.blocks(uid, first, count, true).map(|blocks| blocks.locked)
            }
            other => other,
        }
    }

    fn lock(&mut self, uid: Uid, what: LockTarget) -> Result<(), ReaderError> {
        self.write(
            uid,
            match what {
                LockTarget::Block(block) => Command::LockBlock(block),
                LockTarget::Afi => Command::LockAfi,
                LockTarget::Dsfid => Command::LockDsfid,
            },
        )
    }
}

/// The tag answered and said that it has no such field.
const NO_FIELD: ReaderError = ReaderError::Unsupported { code: iso15693::ERROR_UNSUPPORTED };

/// The error bytes of readers.md section 2.5 in the words of [`ReaderError`].
fn reader_error(error: ReplyError) -> ReaderError {
    match error {
        ReplyError::Length => OTHER_SHAPE,
        ReplyError::OtherTag => ReaderError::Garbled("an answer of another tag"),
        ReplyError::Tag(code) => match code {
            iso15693::ERROR_UNSUPPORTED | iso15693::ERROR_FORMAT | iso15693::ERROR_OPTION => {
                ReaderError::Unsupported { code }
            }
            iso15693::ERROR_NO_BLOCK => ReaderError::NoMemory,
            iso15693::ERROR_ALREADY_LOCKED | iso15693::ERROR_LOCKED => ReaderError::Locked,
            iso15693::ERROR_NOT_PROGRAMMED | iso15693::ERROR_NOT_LOCKED => ReaderError::NotWritten,
            _ => ReaderError::Refused { code },
        },
    }
}
