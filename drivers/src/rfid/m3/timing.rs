//! How long to wait: line rate, air times, and a margin for the reader itself.
//!
//! An answer is awaited for `line(command) + air + RESPONSE_MARGIN`; once it has begun, for the
//! line time of the longest reply besides. Air times are those of readers.md section 8.

use std::time::Duration;

use crate::port::LineSettings;

use super::wire::{BODY_MAX, Command, FRAME_OVERHEAD};

/// Usual speed of the pad, bit/s (readers.md section 3).
pub const BAUD: u32 = 19_200;
/// The line: 8N1.
pub const LINE: LineSettings = LineSettings::new(BAUD);

/// Bit times per byte: 8N1.
pub const BITS_PER_BYTE: u32 = 10;

/// The reader's own time and the USB bridge's. UNCONFIRMED by any document; the public driver of
/// a real 810 waits 500 ms (readers.md section 1, S4).
pub const RESPONSE_MARGIN: Duration = Duration::from_millis(500);

/// Longest time on the air of one inventory. 20 tags take 219 ms (p95, section 8), their quiet
/// commands and the second poll 100 ms more; this leaves room for some 60 tags.
pub const INVENTORY_AIR: Duration = Duration::from_millis(1000);

/// One block read by its own command: 7.1 ms (section 8), rounded up.
pub const BLOCK_READ_AIR: Duration = Duration::from_millis(8);

/// One block, AFI, DSFID or EAS written: up to 20 ms in the tag and 7 ms of frames (section 8),
/// rounded up.
pub const WRITE_AIR: Duration = Duration::from_millis(30);

/// Any other exchange with one tag: EAS alarm, system information, quiet; below 16 ms each.
pub const SHORT_AIR: Duration = Duration::from_millis(20);

/// A raw request may be a write with a long answer.
pub const PASS_THROUGH_AIR: Duration = Duration::from_millis(100);

/// Silence inside a frame after which the rest is not coming. A USB bridge holds bytes back up
/// to 16 ms; a busy host some more.
pub const QUIET_GAP: Duration = Duration::from_millis(200);

/// Time of `bytes` on a line of `baud` bit/s.
#[must_use]
pub fn line_time(bytes: usize, baud: u32) -> Duration {
    let bits = bytes as u64 * u64::from(BITS_PER_BYTE);
    Duration::from_micros(bits * 1_000_000 / u64::from(baud.max(1)))
}

/// Longest time the reader spends on the air for a command.
#[must_use]
pub fn air_time(command: &Command) -> Duration {
    match command {
        Command::Probe | Command::Version | Command::Other { .. } => Duration::ZERO,
        Command::ReadUids { .. } => INVENTORY_AIR,
        Command::PassThrough { .. } => PASS_THROUGH_AIR,
        Command::ReadBlocks { count, .. } => BLOCK_READ_AIR * u32::from(*count),
        Command::WriteBlocks { data, .. } => WRITE_AIR * data.len() as u32,
        // Write, then lock.
        Command::WriteLockBlock { .. } => WRITE_AIR * 2,
        Command::WriteBlock { .. }
        | Command::LockBlock { .. }
        | Command::WriteAfi { .. }
        | Command::LockAfi(_)
        | Command::SetEas { .. }
        | Command::WriteDsfid { .. }
        | Command::LockDsfid(_) => WRITE_AIR,
        Command::Quiet(_)
        | Command::GetAfi(_)
        | Command::GetEas(_)
        | Command::GetDsfid(_)
        | Command::TagInfo { .. } => SHORT_AIR,
    }
}

/// Most bytes the reply to a command can have.
#[must_use]
pub fn reply_max(command: &Command) -> usize {
    /// Code, error, UID and the few fields of the short replies.
    const SHORT_BODY: usize = 24;
    FRAME_OVERHEAD
        + match command {
            Command::ReadUids { .. } | Command::PassThrough { .. } => BODY_MAX,
            Command::ReadBlocks { count, .. } => SHORT_BODY + 6 * usize::from(*count),
            _ => SHORT_BODY,
        }
}
