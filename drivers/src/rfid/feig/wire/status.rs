//! Status bytes (readers.md 2.5; FEIG H60301-3e annex D).

use std::fmt;

/// What a reply says first: whether it was done.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

impl Status {
    /// Done.
    pub const OK: Self = Self(0x00);
    /// No transponder, or it keeps quiet, or it is not understood any more.
    pub const NO_TAG: Self = Self(0x01);
    /// Checksum or parity of the tag's answer was wrong.
    pub const DATA_FALSE: Self = Self(0x02);
    /// The written data did not read back: read-only, too far away, noise.
    pub const WRITE_ERROR: Self = Self(0x03);
    /// Outside of the tag's memory.
    pub const ADDRESS_ERROR: Self = Self(0x04);
    /// The tag's type does not know the command.
    pub const WRONG_TYPE: Self = Self(0x05);
    /// A key was wrong (ISO 14443 cards).
    pub const AUTHENT_ERROR: Self = Self(0x08);
    /// Any other error.
    pub const GENERAL_ERROR: Self = Self(0x0E);
    /// The reader's own EEPROM failed.
    pub const EEPROM_FAILURE: Self = Self(0x10);
    /// A parameter is out of range.
    pub const PARAMETER_RANGE: Self = Self(0x11);
    /// A reserved configuration block was read.
    pub const CONFIG_READ: Self = Self(0x15);
    /// A reserved configuration block was written.
    pub const CONFIG_WRITE: Self = Self(0x16);
    /// The reader does not know the command.
    pub const UNKNOWN_COMMAND: Self = Self(0x80);
    /// The command's length is wrong.
    pub const LENGTH_ERROR: Self = Self(0x81);
    /// The command is not available in the reader's present mode.
    pub const NOT_AVAILABLE: Self = Self(0x82);
    /// Communication on the air failed; an inventory is not finished.
    pub const RF_COMMUNICATION: Self = Self(0x83);
    /// A warning about the air. Meaning not read, UNCONFIRMED.
    pub const RF_WARNING: Self = Self(0x84);
    /// More tags than the reader can hold.
    pub const BUFFER_OVERFLOW: Self = Self(0x93);
    /// More records can be asked for.
    pub const MORE_DATA: Self = Self(0x94);
    /// An ISO 15693 error byte follows.
    pub const ISO15693_ERROR: Self = Self(0x95);
    /// An ISO 14443 error byte follows.
    pub const ISO14443_ERROR: Self = Self(0x96);
    /// Something is wrong with the reader itself.
    pub const HARDWARE_WARNING: Self = Self(0xF1);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({self})")
    }
}

/// The tag's own error, behind [`Status::ISO15693_ERROR`] (ISO/IEC 15693-3, 7.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsoError(pub u8);

impl IsoError {
    /// Command not supported.
    pub const UNSUPPORTED: Self = Self(0x01);
    /// Command not recognised.
    pub const FORMAT: Self = Self(0x02);
    /// Option not supported.
    pub const OPTION: Self = Self(0x03);
    /// Unknown.
    pub const UNKNOWN: Self = Self(0x0F);
    /// No such block.
    pub const NO_BLOCK: Self = Self(0x10);
    /// Locked already.
    pub const ALREADY_LOCKED: Self = Self(0x11);
    /// Locked, cannot change.
    pub const LOCKED: Self = Self(0x12);
    /// Not programmed.
    pub const NOT_PROGRAMMED: Self = Self(0x13);
    /// Not locked.
    pub const NOT_LOCKED: Self = Self(0x14);
}
