//! Bytes of the 3M pad protocol (readers.md section 3).
//!
//! [`Frame`] and [`Decoder`] know start byte, length and checksum; [`Command`] and [`Reply`] know
//! every row of the command table. All numbers are big-endian, a UID starts with `E0`.

mod command;
mod frame;
mod reply;

pub use command::{Command, Op};
pub use frame::{
    BODY_MAX, Decoded, Decoder, FRAME_MAX, FRAME_OVERHEAD, Frame, LEN_MIN, Skip, Start, crc16,
};
pub use reply::{Block, BlockLock, ErrorCode, Memory, Reply, TagInfo};

/// Options of the read-UIDs command `FE` (readers.md section 3, "FE options").
pub mod uid_option {
    /// Report the UID.
    pub const UID: u8 = 0x01;
    /// Report the DSFID in front of each UID.
    pub const DSFID: u8 = 0x02;
    /// Seen set in every capture (`05`); old firmware treats `05` and `01` alike.
    pub const USUAL: u8 = 0x04;
    /// Skip the quiet command and the second poll.
    pub const SINGLE_POLL: u8 = 0x20;
    /// A protocol byte follows (bit 0 Tag-it, bit 1 ISO 15693).
    pub const PROTOCOL: u8 = 0x40;
}

/// How a read-blocks reply lists its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockLayout {
    /// Count, then block number, lock and data for each.
    #[default]
    Numbered,
    /// First block and count, then lock and data for each (option bit 2).
    Run,
}

/// Option bit of read blocks that asks for [`BlockLayout::Run`].
pub const READ_OPTION_RUN: u8 = 0x04;

/// A frame with a good checksum whose content does not fit its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The body ends before the field.
    #[error("frame {op:02X} ends inside {field}")]
    Short {
        /// Command code of the frame.
        op: u8,
        /// The missing field.
        field: &'static str,
    },
    /// Bytes are left behind the last field.
    #[error("frame {op:02X} has {extra} bytes too many")]
    Long {
        /// Command code of the frame.
        op: u8,
        /// How many bytes are left.
        extra: usize,
    },
    /// A field holds a value that the table does not know.
    #[error("frame {op:02X}: {field} cannot be {value:#04X}")]
    Value {
        /// Command code of the frame.
        op: u8,
        /// The field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
}

/// Takes fields off the front of a body; every step is checked.
struct Fields<'a> {
    op: u8,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], WireError> {
        let (head, rest) =
            self.rest.split_at_checked(n).ok_or(WireError::Short { op: self.op, field })?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        let (head, rest) =
            self.rest.split_first_chunk::<N>().ok_or(WireError::Short { op: self.op, field })?;
        self.rest = rest;
        Ok(*head)
    }

    fn u8(&mut self, field: &'static str) -> Result<u8, WireError> {
        Ok(self.array::<1>(field)?[0])
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    fn uid(&mut self) -> Result<crate::rfid::Uid, WireError> {
        Ok(crate::rfid::Uid::iso15693(self.array("UID")?))
    }

    fn value(&self, field: &'static str, value: u8) -> WireError {
        WireError::Value { op: self.op, field, value }
    }

    fn end(&self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(WireError::Long { op: self.op, extra }),
        }
    }
}

#[cfg(test)]
mod tests;
