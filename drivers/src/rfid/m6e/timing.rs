//! How long to wait: line rate, the time-out a command carries, and a margin for the module.

use std::time::Duration;

use super::wire::{Command, FRAME_MAX};
use crate::port::LineSettings;

/// Usual speed of the line, bit/s (readers.md 5.1).
pub const BAUD: u32 = 115_200;
/// The line: 8N1.
pub const LINE: LineSettings = LineSettings::new(BAUD);

/// Bit times per byte: 8N1.
pub const BITS_PER_BYTE: u32 = 10;

/// The module's own time and the USB bridge's. In the captured logs every setting is answered
/// within 16 ms, one turn of the bridge; the rest is for a busy host.
pub const RESPONSE_MARGIN: Duration = Duration::from_millis(300);

/// From the boot loader into the application: the vendor's program waits 1 s and its line's
/// time-out.
pub const BOOT_TIME: Duration = Duration::from_millis(2000);

/// A module that reads continuously hears "stop" at the end of its search, which somebody else
/// may have made this long (1 s in every capture, and a little).
pub const STOP_TIME: Duration = Duration::from_millis(1200);

/// Longest the module goes on after the time-out a command carries: 22 ms in the captures.
pub const OVERTIME: Duration = Duration::from_millis(100);

/// So long before the end of its search the module is told to stop, so that the host's clock
/// cannot miss the end and pay for another search.
pub const STOP_LEAD: Duration = Duration::from_millis(30);

/// Silence inside a frame after which the rest is not coming. A USB bridge holds bytes back up
/// to 16 ms; a busy host some more.
pub const QUIET_GAP: Duration = Duration::from_millis(150);

/// A written word takes the tag up to 20 ms (ISO/IEC 18000-63, T5, recalled: UNCONFIRMED); with
/// its command, this much time-out for each.
pub const WRITE_WORD_MS: u16 = 30;

/// Time of `bytes` on a line of `baud` bit/s.
#[must_use]
pub fn line_time(bytes: usize, baud: u32) -> Duration {
    let bits = bytes as u64 * u64::from(BITS_PER_BYTE);
    Duration::from_micros(bits * 1_000_000 / u64::from(baud.max(1)))
}

/// Longest the module works on a command before it answers.
#[must_use]
pub fn work_time(command: &Command) -> Duration {
    match command {
        Command::ReadSingle { timeout_ms }
        | Command::ReadMultiple { timeout_ms, .. }
        | Command::WriteEpc { timeout_ms, .. }
        | Command::WriteData { timeout_ms, .. }
        | Command::ReadData { timeout_ms, .. } => {
            Duration::from_millis(u64::from(*timeout_ms)) + OVERTIME
        }
        Command::BootFirmware => BOOT_TIME,
        Command::StopReading => STOP_TIME,
        _ => Duration::ZERO,
    }
}

/// Longest time of one frame on the line.
#[must_use]
pub fn frame_time(baud: u32) -> Duration {
    line_time(FRAME_MAX, baud)
}
