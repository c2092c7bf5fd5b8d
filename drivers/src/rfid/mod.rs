//! RFID readers and library tag data.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Instant;

/// Most bytes of a [`Uid`]: the 96 bit TID of a UHF tag.
pub const UID_MAX: usize = 12;

/// What tells one tag from all others, in the order it is printed.
///
/// ISO 15693: the UID of 8 bytes, first byte `E0` (ISO/IEC 15693-3, 4.1). ISO 14443: the UID of 4,
/// 7 or 10 bytes in transmit order. UHF (ISO/IEC 18000-63): the TID of 12 bytes, since the EPC
/// changes when a tag is programmed or, in some formats, lent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid {
    bytes: [u8; UID_MAX],
    len: u8,
}

impl Uid {
    /// An ISO 15693 UID, `E0` first.
    #[must_use]
    pub const fn iso15693(uid: [u8; 8]) -> Self {
        let [a, b, c, d, e, f, g, h] = uid;
        Self { bytes: [a, b, c, d, e, f, g, h, 0, 0, 0, 0], len: 8 }
    }

    /// An identifier of another length; `None` unless it has 1 to [`UID_MAX`] bytes.
    #[must_use]
    pub fn new(uid: &[u8]) -> Option<Self> {
        let mut bytes = [0; UID_MAX];
        bytes.get_mut(..uid.len())?.copy_from_slice(uid);
        let len = u8::try_from(uid.len()).ok().filter(|len| *len > 0)?;
        Some(Self { bytes, len })
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    /// The 8 bytes of an ISO 15693 UID; `None` for any other identifier.
    #[must_use]
    pub fn as_iso15693(&self) -> Option<[u8; 8]> {
        self.bytes().try_into().ok()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|b| write!(f, "{b:02X}"))
    }
}
impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({self})")
    }
}

/// Text that is no identifier of a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tag UID is 16 hexadecimal digits (ISO 15693), 8, 14 or 20 (ISO 14443) or 24 (TID of a UHF tag), not {0:?}"
)]
pub struct UidError(pub String);

/// Lengths an identifier has when it is written, in bytes.
const UID_LENS: [usize; 5] = [4, 7, 8, 10, 12];

impl FromStr for Uid {
    type Err = UidError;
    fn from_str(text: &str) -> Result<Self, UidError> {
        let bad = || UidError(text.to_owned());
        let digits: Option<Vec<u8>> =
            text.chars().map(|c| c.to_digit(16).and_then(|n| u8::try_from(n).ok())).collect();
        let digits = digits.ok_or_else(bad)?;
        let (pairs, rest) = digits.as_chunks::<2>();
        if !rest.is_empty() || !UID_LENS.contains(&pairs.len()) {
            return Err(bad());
        }
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        Self::new(&bytes).ok_or_else(bad)
    }
}

/// How a tag speaks through the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Air {
    /// ISO/IEC 15693: library items, and patron cards of the same kind.
    Iso15693,
    /// ISO/IEC 14443 type A or B: patron cards.
    Iso14443,
    /// ISO/IEC 18000-63 (EPC Gen2): UHF library items.
    Gen2,
}

/// One tag seen in an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Who answered.
    pub uid: Uid,
    /// How it answered.
    pub air: Air,
    /// Its data storage format identifier, where the reader reports it.
    pub dsfid: Option<u8>,
}

impl Seen {
    /// An ISO 15693 tag.
    #[must_use]
    pub fn iso15693(uid: Uid, dsfid: Option<u8>) -> Self {
        Self { uid, air: Air::Iso15693, dsfid }
    }
}

/// What a UHF tag says in its memory bank 01 behind the checksum (ISO/IEC 18000-63, 6.3.2.1.2).
///
/// `Debug` shows the length only: on a card it holds the patron's number.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Uii {
    /// Protocol control word: bits 15-11 are the length of `bytes` in words of 2.
    pub pc: u16,
    /// The unique item identifier (EPC), whole words.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Uii {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uii(PC {:04X}, {} bytes)", self.pc, self.bytes.len())
    }
}

/// A tag's memory as the tag itself tells it (ISO/IEC 15693-3, get system information).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagMemory {
    /// Blocks of user memory.
    pub blocks: u16,
    /// Bytes of a block.
    pub block_len: u8,
    /// The chip maker's reference, where told.
    pub ic_reference: Option<u8>,
}

/// What can be locked. Every lock is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockTarget {
    /// One block of user memory.
    Block(u8),
    /// The AFI.
    Afi,
    /// The DSFID.
    Dsfid,
}

/// What a reader says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderInfo {
    /// Model family, as in configuration (`3m810`).
    pub model: &'static str,
    /// Firmware version as the reader writes it.
    pub firmware: String,
}

/// Why a reader did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// No tag with that UID answered: pulled, at the edge, or hidden. Repeating may help.
    #[error("the tag did not answer")]
    NoTag,
    /// The tag or reader took the command but the write did not hold. Repeating may help.
    #[error("the write did not hold")]
    NotWritten,
    /// The block or field is locked for ever.
    #[error("the tag is locked there")]
    Locked,
    /// The tag has no such block or field.
    #[error("the tag has no such memory")]
    NoMemory,
    /// Reader or tag does not know the command.
    #[error("reader or tag does not support this ({code:#04X})")]
    Unsupported {
        /// The device's own code.
        code: u8,
    },
    /// More tags lie there than the reader can list. Repeating does not help: some must be taken
    /// away.
    #[error("more tags lie there than the reader can list")]
    TooMany,
    /// Any other refusal, with the device's own code.
    #[error("the reader refused with code {code:#04X}")]
    Refused {
        /// The device's own code.
        code: u8,
    },
    /// No answer in time: reader deaf, busy or gone.
    #[error("the reader did not answer within {waited_ms} ms")]
    Silent {
        /// Time waited, in milliseconds.
        waited_ms: u64,
    },
    /// Bytes came that are not a frame of the protocol.
    #[error("the reader's answer is damaged: {0}")]
    Garbled(&'static str),
    /// The line is gone (unplugged, closed). The driver must be opened again.
    #[error("the line to the reader is gone")]
    Gone(#[source] io::Error),
}

impl ReaderError {
    /// Whether the port must be opened again before anything can work.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

/// A reader of tags.
///
/// Tags are spoken to by the [`Uid`] an inventory gave. Methods that a tag's kind does not know
/// answer `Unsupported`: a UHF tag has no EAS, an ISO 14443 card nothing but its UID. The user
/// memory of a UHF tag counts in blocks of 4 bytes (2 words) here, like that of an HF tag.
///
/// Every method sends at most one command at a time, waits a bounded time, and leaves the line in
/// step: a late or damaged answer to one call is never taken for the answer to the next.
pub trait TagReader: Send {
    /// Asks model and firmware. No effect on tags.
    ///
    /// # Errors
    /// [`ReaderError`]; no tag errors.
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError>;

    /// Lists the tags in the field, each once, in the reader's order. No effect on tags that
    /// outlasts the call.
    ///
    /// # Errors
    /// [`ReaderError`]; an empty field is `Ok` with an empty list.
    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError>;

    /// When the last inventory stopped listening for tags, on readers where it goes on after that;
    /// `None` where it ends with it.
    fn heard(&self) -> Option<Instant> {
        None
    }

    /// Reads `count` 4-byte blocks from block `first`; the answer has `4 * count` bytes, block 0
    /// byte 0 first, in tag order.
    ///
    /// # Errors
    /// `NoTag` when it left, `NoMemory` past its end. Never a partial answer.
    fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError>;

    /// Writes whole 4-byte blocks from block `first`. On an error a part may have been written:
    /// read back before trusting the tag.
    ///
    /// # Errors
    /// `NoTag`, `NotWritten`, `Locked`, `NoMemory`.
    fn write_blocks(&mut self, uid: Uid, first: u8, data: &[u8]) -> Result<(), ReaderError>;

    /// Reads the application family identifier.
    ///
    /// # Errors
    /// `NoTag`; `Unsupported` on chips without an AFI.
    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError>;

    /// Writes the AFI. Not read back: see [`security`].
    ///
    /// # Errors
    /// `NoTag`, `NotWritten`, `Locked`, `Unsupported`.
    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError>;

    /// Reads the EAS bit. A tag that is gone may read as `false`: ask it something else too.
    ///
    /// # Errors
    /// `Unsupported` on chips without EAS.
    fn eas(&mut self, uid: Uid) -> Result<bool, ReaderError>;

    /// Sets or resets the EAS bit.
    ///
    /// # Errors
    /// `NoTag`, `NotWritten`, `Locked`, `Unsupported`.
    fn write_eas(&mut self, uid: Uid, on: bool) -> Result<(), ReaderError>;

    /// Writes the data storage format identifier.
    ///
    /// # Errors
    /// `NoTag`, `NotWritten`, `Locked`, `Unsupported`.
    fn write_dsfid(&mut self, uid: Uid, dsfid: u8) -> Result<(), ReaderError>;

    /// Reads the data storage format identifier. No effect on the tag.
    ///
    /// # Errors
    /// `NoTag`; `Unsupported` on chips and readers without it.
    fn dsfid(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        let _ = uid;
        Err(UNKNOWN_HERE)
    }

    /// Asks how much memory the tag has. No effect on the tag.
    ///
    /// # Errors
    /// `NoTag`; `Unsupported` on chips and readers without it.
    fn memory(&mut self, uid: Uid) -> Result<TagMemory, ReaderError> {
        let _ = uid;
        Err(UNKNOWN_HERE)
    }

    /// Whether each of `count` blocks from block `first` is locked. No effect on the tag.
    ///
    /// # Errors
    /// As [`TagReader::read_blocks`]; `Unsupported` on readers that do not tell.
    fn locked(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<bool>, ReaderError> {
        let _ = (uid, first, count);
        Err(UNKNOWN_HERE)
    }

    /// Locks something **for ever**. Nothing undoes it.
    ///
    /// # Errors
    /// `NoTag`, `NotWritten`, `Locked` when it was already, `NoMemory`, `Unsupported`.
    fn lock(&mut self, uid: Uid, what: LockTarget) -> Result<(), ReaderError> {
        let _ = (uid, what);
        Err(UNKNOWN_HERE)
    }

    /// Protocol control word and UII of a UHF tag, as last heard or read now. No effect on the
    /// tag.
    ///
    /// # Errors
    /// `NoTag`; `Unsupported` on HF readers.
    fn uii(&mut self, uid: Uid) -> Result<Uii, ReaderError> {
        let _ = uid;
        Err(UNKNOWN_HERE)
    }

    /// Writes protocol control word and UII of a UHF tag. On an error a part may have been
    /// written: read back before trusting the tag.
    ///
    /// # Errors
    /// `NoTag`, `NotWritten`, `Locked`, `NoMemory` when the bank is too small; `Unsupported` on HF
    /// readers.
    fn write_uii(&mut self, uid: Uid, uii: &Uii) -> Result<(), ReaderError> {
        let _ = (uid, uii);
        Err(UNKNOWN_HERE)
    }
}

/// The method does not exist for this reader; no code of a device stands behind it.
const UNKNOWN_HERE: ReaderError = ReaderError::Unsupported { code: 0 };

pub mod card;
pub mod chip;
pub mod feig;
pub mod iso15693;
pub mod m3;
pub mod m6e;
#[cfg(feature = "pcsc")]
pub mod pcsc;
pub mod pn5180;
pub mod pn532;
pub mod program;
pub mod security;
pub mod setup;
pub mod tagdata;
