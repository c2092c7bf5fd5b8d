//! How long to wait: line rate, air times, and a margin for the chip itself.

use std::time::Duration;

use crate::port::LineSettings;

use super::wire::Command;

/// Speed of the high speed UART after power-up, bit/s (readers.md section 6).
pub const BAUD: u32 = 115_200;
/// The line: 8N1.
pub const LINE: LineSettings = LineSettings::new(BAUD);

const BITS_PER_BYTE: u64 = 10;

/// Longest wait for an acknowledge. The chip sends it within 15 ms, after which the command is to
/// be sent again (PN532 user manual 6.2.3, quoted in nfc-tools/libnfc pull 429); a USB bridge
/// holds bytes back up to 16 ms, and nfcpy waits 100 ms. First bytes through a USB bridge on an
/// early Raspberry Pi took up to 1 s (nfcpy, pn532.py): settable, see
/// [`Pn532Setup`](super::Pn532Setup).
pub const ACK_WAIT: Duration = Duration::from_millis(150);

/// The chip's and the bridge's own time for a reply. UNCONFIRMED by any document.
pub const REPLY_MARGIN: Duration = Duration::from_millis(300);

/// Longest time on the air of one call for cards that nobody answers. UNCONFIRMED; nfcpy and
/// libnfc only bound the whole command by 1 s or less.
pub const CALL_AIR: Duration = Duration::from_millis(30);

/// Longest time on the air to select two cards: three cascade levels of some 2 ms each
/// (ISO 14443-3 at 106 kbit/s) and the ATS, doubled.
pub const SELECT_AIR: Duration = Duration::from_millis(40);

/// Rest after a command was broken off: without it the next command goes unheard (nfc-tools/libnfc
/// issue 167); nfcpy gives the chip 10 ms.
pub const ABORT_REST: Duration = Duration::from_millis(20);

/// Rest after the wake-up bytes (readers.md section 6: about 2 ms).
pub const WAKE_REST: Duration = Duration::from_millis(2);

/// Silence inside a frame after which the rest is not coming.
pub const QUIET_GAP: Duration = Duration::from_millis(60);

/// How often a chip on I2C or SPI is asked whether it has something to say. Adafruit's driver asks
/// every 10 ms; an acknowledge is ready sooner.
pub const POLL: Duration = Duration::from_millis(2);

/// Time of `bytes` on a serial line of `baud` bit/s.
#[must_use]
pub fn line_time(bytes: usize, baud: u32) -> Duration {
    Duration::from_micros(bytes as u64 * BITS_PER_BYTE * 1_000_000 / u64::from(baud.max(1)))
}

/// Longest time the chip spends on the air for a command, calling `passive_retries` times more.
#[must_use]
pub fn air_time(command: &Command, passive_retries: u8) -> Duration {
    match command {
        Command::ListTypeA { .. } => CALL_AIR * (u32::from(passive_retries) + 1) + SELECT_AIR,
        _ => Duration::ZERO,
    }
}

/// Bytes of the longest usual reply to a command, from preamble to postamble. On I2C and SPI so
/// many are taken at once; a longer reply is asked for again.
#[must_use]
pub fn reply_room(command: &Command) -> usize {
    /// Firmware version: 13; the others are shorter.
    const SHORT: usize = 13;
    /// Two targets with UIDs of 7 bytes and one ATS of 20.
    const LISTING: usize = 56;
    match command {
        Command::ListTypeA { .. } => LISTING,
        _ => SHORT,
    }
}
