//! Bytes of the PN532's host protocol (readers.md section 6).
//!
//! [`Frame`] and [`Decoder`] know start code, lengths and checksums; [`Command`] and [`Reply`]
//! know the commands a reader of card numbers needs.

mod command;
mod frame;
mod reply;

pub use command::{Command, Retries, TARGETS_MAX, TYPE_A_106};
pub use frame::{BODY_MAX, Decoded, Decoder, FRAME_MAX, Frame, Side, Skip};
pub use reply::{Firmware, Reply, Target};

/// A frame with good checksums whose content does not fit its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not a frame of this direction that carries a command or a reply.
    #[error("not a command or reply of this direction")]
    Kind,
    /// A code that this codec does not know.
    #[error("code {code:02X} is not known here")]
    Code {
        /// The code.
        code: u8,
    },
    /// The body ends before the field.
    #[error("frame {code:02X} ends inside {field}")]
    Short {
        /// Code of the frame.
        code: u8,
        /// The missing field.
        field: &'static str,
    },
    /// Bytes are left behind the last field.
    #[error("frame {code:02X} has {extra} bytes too many")]
    Long {
        /// Code of the frame.
        code: u8,
        /// How many bytes are left.
        extra: usize,
    },
    /// A field holds a value that the protocol does not know. The value is not told: it may be a
    /// part of a card's number.
    #[error("frame {code:02X}: {field} has an impossible value")]
    Value {
        /// Code of the frame.
        code: u8,
        /// The field.
        field: &'static str,
    },
}

/// Takes fields off the front of a body; every step is checked.
#[derive(Clone, Copy)]
struct Fields<'a> {
    code: u8,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(body: &'a [u8]) -> Result<Self, WireError> {
        let (&code, rest) = body.split_first().ok_or(WireError::Kind)?;
        Ok(Self { code, rest })
    }

    fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], WireError> {
        let (head, rest) =
            self.rest.split_at_checked(n).ok_or(WireError::Short { code: self.code, field })?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(WireError::Short { code: self.code, field })?;
        self.rest = rest;
        Ok(*head)
    }

    fn u8(&mut self, field: &'static str) -> Result<u8, WireError> {
        self.array(field).map(|[byte]| byte)
    }

    fn value(&self, field: &'static str) -> WireError {
        WireError::Value { code: self.code, field }
    }

    fn end(&self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(WireError::Long { code: self.code, extra }),
        }
    }
}

#[cfg(test)]
mod tests;
