//! RFID readers and library tag data.

use std::fmt;
use std::io;
use std::str::FromStr;

/// A tag's unique identifier, first byte `E0` for ISO 15693 (ISO/IEC 15693-3, 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub [u8; 8]);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02X}"))
    }
}
impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({self})")
    }
}

/// Text that is not 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tag UID is 16 hexadecimal digits, not {0:?}")]
pub struct UidError(pub String);

impl FromStr for Uid {
    type Err = UidError;
    fn from_str(text: &str) -> Result<Self, UidError> {
        let bad = || UidError(text.to_owned());
        if text.len() != 16 || !text.is_ascii() {
            return Err(bad());
        }
        let mut uid = [0; 8];
        for (i, byte) in uid.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(uid))
    }
}

/// One tag seen in an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Who answered.
    pub uid: Uid,
    /// Its data storage format identifier, where the reader reports it.
    pub dsfid: Option<u8>,
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

/// A reader of ISO 15693 tags.
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

    /// Reads the EAS bit. On some readers a tag that is gone reads as `false`.
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
}

pub mod m3;
pub mod security;
pub mod tagdata;
