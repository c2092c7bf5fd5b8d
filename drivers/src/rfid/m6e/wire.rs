//! Bytes of the ThingMagic serial protocol (readers.md section 5).
//!
//! [`Frame`] and [`Decoder`] know start byte, length and checksum; [`Command`] and [`Reply`] know
//! every row of the command table this driver has a use for. All numbers are big-endian.

use std::fmt;
use std::ops::Deref;

mod access;
mod command;
mod frame;
mod parse;
mod record;
mod reply;
mod status;

pub use access::{Access, Bank, Password, Selection};
pub use command::{Command, Op, search_flag};
pub use frame::{
    DATA_MAX, Decoded, Decoder, FRAME_MAX, Frame, HOST_OVERHEAD, MODULE_OVERHEAD, START, Side,
    Skip, crc16,
};
pub use record::{TagRecord, metadata};
pub use reply::{Reply, VersionInfo};
pub use status::Status;

/// Bytes that may hold a patron's number or a password: `Debug` shows how many.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Opaque(pub Vec<u8>);

impl Deref for Opaque {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}
impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A frame with a good checksum whose content does not fit its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A module's frame was expected, or a host's.
    #[error("frame {op:02X} is of the other side")]
    Side {
        /// Command code of the frame.
        op: u8,
    },
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
        /// Its value, or its low byte.
        value: u8,
    },
}

/// Takes fields off the front of data; every step is checked.
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
        let [byte] = self.array(field)?;
        Ok(byte)
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, WireError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    fn all(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest).to_vec()
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
