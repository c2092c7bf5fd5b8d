//! What the three host interfaces of the chip have in common.

use std::io;
use std::time::Instant;

use super::wire::Decoded;
use crate::rfid::ReaderError;

/// A way to the chip: HSU (serial), I2C or SPI.
///
/// No method waits longer than it is told. Bytes are whole frames from preamble to postamble.
pub trait Bus: Send {
    /// Wakes a chip that may be asleep. Not answered.
    ///
    /// # Errors
    /// [`ReaderError::Gone`] when the line is gone.
    fn wake(&mut self) -> Result<(), ReaderError>;

    /// Drops what came and was not taken.
    ///
    /// # Errors
    /// [`ReaderError::Gone`].
    fn discard(&mut self) -> Result<(), ReaderError>;

    /// Sends one frame.
    ///
    /// # Errors
    /// [`ReaderError::Silent`] when the chip did not take it until then, [`ReaderError::Gone`].
    fn send(&mut self, frame: &[u8], until: Instant) -> Result<(), ReaderError>;

    /// Waits for the next bytes. `room` is the length of the expected frame: on I2C and SPI the
    /// host says how much it takes. Empty when nothing began until then; a frame that has begun
    /// is waited for a little longer.
    ///
    /// # Errors
    /// [`ReaderError::Gone`].
    fn receive(&mut self, room: usize, until: Instant) -> Result<Vec<Decoded>, ReaderError>;
}

/// `Silent` since then.
pub(super) fn silent(started: Instant) -> ReaderError {
    let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    ReaderError::Silent { waited_ms }
}

pub(super) fn gone(error: impl Into<io::Error>) -> ReaderError {
    ReaderError::Gone(error.into())
}
