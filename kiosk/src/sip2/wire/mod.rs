//! Bytes of SIP2: framing, checksum, borrowed views and the writer (sip2.md sections 1 and 2).
//!
//! A received line is split from the stream by [`Framer`], looked at through [`MessageView`]
//! without copying anything, and read into a typed message by [`crate::sip2::message`].

pub mod checksum;
mod code;
mod framer;
mod view;
mod writer;

pub use checksum::Checksum;
pub use code::{Code, Sender};
pub use framer::{FRAME_MAX, FrameError, Framer};
pub use view::{Fields, MessageView};
pub use writer::{ErrorDetection, Writer};

/// Ends every message: CR.
pub const TERMINATOR: u8 = b'\r';

/// Ends every variable field.
pub const DELIMITER: u8 = b'|';

/// The digit of field `AY`, 0 to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Sequence(u8);

impl Sequence {
    /// A digit as a number.
    #[must_use]
    pub fn new(digit: u8) -> Option<Self> {
        (digit <= 9).then_some(Self(digit))
    }

    /// A digit as an ASCII byte.
    #[must_use]
    pub fn from_ascii(byte: u8) -> Option<Self> {
        byte.is_ascii_digit().then(|| Self(byte - b'0'))
    }

    /// The digit as an ASCII byte.
    #[must_use]
    pub fn ascii(self) -> u8 {
        b'0' + self.0
    }

    /// The digit as a number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The digit of the next new message; 9 is followed by 0.
    #[must_use]
    pub fn next(self) -> Self {
        Self((self.0 + 1) % 10)
    }
}

/// Why a line is not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No two digits at the start: free text, as some systems answer (sip2.md section 10).
    #[error("not a SIP2 message: {len} bytes without a message code")]
    NoCode {
        /// Bytes in the line.
        len: usize,
    },
    /// Two digits that are no code of SIP2 2.00.
    #[error("unknown message code {code:02}")]
    UnknownCode {
        /// The code as a number.
        code: u8,
    },
    /// The fixed part is shorter than the code requires.
    #[error("fixed part of message {code} has {got} bytes, needs {need}")]
    FixedTooShort {
        /// Message code.
        code: Code,
        /// Bytes required after the code.
        need: usize,
        /// Bytes present.
        got: usize,
    },
    /// The answer's first byte is neither yes nor no. It must not count as a no: what was asked may be done.
    #[error("message {code} says neither yes nor no")]
    NeitherYesNorNo {
        /// Message code.
        code: Code,
    },
    /// A message that only the other side sends.
    #[error("message {code} goes the other way")]
    WrongDirection {
        /// Message code.
        code: Code,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_wraps_from_nine_to_zero() {
        let mut digit = Sequence::default();
        let mut seen = String::new();
        for _ in 0..12 {
            seen.push(char::from(digit.ascii()));
            digit = digit.next();
        }
        assert_eq!(seen, "012345678901");
        assert_eq!((Sequence::new(10), Sequence::from_ascii(b'A')), (None, None));
    }
}
