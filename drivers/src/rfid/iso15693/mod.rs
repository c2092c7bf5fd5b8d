//! ISO/IEC 15693-3 requests and replies at tag level, for readers that pass frames through
//! (rfid-data.md section 6). Checksums are the reader's; they are not in these frames.
//!
//! - [`Request`]: what is said to one tag, [`Mask`] and [`inventory`] what is said to all.
//! - [`reply`]: what comes back.

pub mod reply;
mod request;

pub use request::{Command, Mask, Request, inventory};

/// Bytes of a block; all library chips have 4 (rfid-data.md section 6.1).
pub const BLOCK_LEN: usize = 4;

/// First byte of every UID.
pub const UID_START: u8 = 0xE0;

/// Manufacturer code of NXP: second byte of its UIDs and of its custom commands.
pub const NXP: u8 = 0x04;
/// Manufacturer code of Texas Instruments: second byte of Tag-it UIDs.
pub const TEXAS_INSTRUMENTS: u8 = 0x07;

/// Error byte: command not supported.
pub const ERROR_UNSUPPORTED: u8 = 0x01;
/// Error byte: command not recognised.
pub const ERROR_FORMAT: u8 = 0x02;
/// Error byte: option not supported.
pub const ERROR_OPTION: u8 = 0x03;
/// Error byte: no such block.
pub const ERROR_NO_BLOCK: u8 = 0x10;
/// Error byte: already locked.
pub const ERROR_ALREADY_LOCKED: u8 = 0x11;
/// Error byte: locked, cannot change.
pub const ERROR_LOCKED: u8 = 0x12;
/// Error byte: not programmed.
pub const ERROR_NOT_PROGRAMMED: u8 = 0x13;
/// Error byte: not locked.
pub const ERROR_NOT_LOCKED: u8 = 0x14;

#[cfg(test)]
mod tests;
