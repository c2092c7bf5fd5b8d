//! Bytes of the FEIG OBID protocol (readers.md section 2).
//!
//! [`Frame`] and [`Decoder`] know length and checksum, [`Command`] and [`Reply`] the rows of the
//! command tables. Numbers inside data are big-endian, only the checksum is little-endian. A reply
//! does not say which sub-command it answers, so it is read with its command at hand.

mod command;
mod frame;
mod host;
mod record;
mod reply;
mod status;

pub use command::{CONFIG_LEN, Command, Op};
pub use frame::{
    ADVANCED_MIN, ADVANCED_OVERHEAD, Decoded, Decoder, FRAME_MAX, Form, Frame, STANDARD_MAX,
    STANDARD_MIN, STANDARD_OVERHEAD, STX, Skip, crc16,
};
pub use host::{Eas, HostCommand, MFR_NXP, Sub, Target};
pub use record::Record;
pub use reply::{Block, DeviceId, Inventory, Reply, SystemInfo, Version};
pub use status::{IsoError, Status};

/// A frame with a good checksum whose content does not fit its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The data end before the field.
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

/// Takes fields off the front of a frame's data; every step is checked.
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

    fn all(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
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
