//! The line in bytes and times, and how long to wait (readers.md 2.2).
//!
//! An answer is awaited for `line(command) + the reader's own limit + margin`; once it has begun,
//! for the line time of the longest reply besides. The reader itself bounds its time on the air
//! by TR-RESPONSE-TIME, and no time-out may be shorter (FEIG H20800-16e, CFG1).

use std::time::Duration;

use super::profile::{FeigProfile, Form};
use super::wire::{
    ADVANCED_OVERHEAD, Command, FRAME_MAX, HostCommand, STANDARD_MAX, STANDARD_OVERHEAD,
};
use crate::port::{LineSettings, Parity};

/// The usual line: 38400 bit/s, 8E1.
pub const LINE: LineSettings = LineSettings { baud: 38_400, parity: Parity::Even };

/// Port of readers on the network (seen in public code; configurable in the reader).
pub const TCP_PORT: u16 = 10_001;

/// Field off in an RF reset.
pub const RF_RESET: Duration = Duration::from_millis(15);

/// Margin on top of TR-RESPONSE-TIME: with its usual 1 s this makes 1.5 s. A design choice, not
/// from a document.
pub const TAG_MARGIN: Duration = Duration::from_millis(500);

/// Longest wait for an answer that needs no tag. A design choice, not from a document.
pub const READER_MARGIN: Duration = Duration::from_millis(300);

/// Silence inside a frame after which the rest is not coming. A USB bridge holds bytes back up to
/// 16 ms; a busy host some more.
pub const QUIET_GAP: Duration = Duration::from_millis(200);

/// Bit times of a byte: start, 8 data bits, parity where there is one, stop.
#[must_use]
pub fn bits_per_byte(parity: Parity) -> u32 {
    match parity {
        Parity::None => 10,
        Parity::Even | Parity::Odd => 11,
    }
}

/// Time of `bytes` on a line.
#[must_use]
pub fn line_time(bytes: usize, line: LineSettings) -> Duration {
    let bits = bytes as u64 * u64::from(bits_per_byte(line.parity));
    Duration::from_nanos(bits * 1_000_000_000 / u64::from(line.baud.max(1)))
}

/// How long the reader may take before it begins to answer.
#[must_use]
pub fn answer_time(command: &Command, profile: &FeigProfile) -> Duration {
    match command {
        Command::Host(host) => {
            // Waiting for a tag to come is not counted in the response time.
            let notify = match host {
                HostCommand::Inventory { notify: Some(time), .. } => u64::from(*time) * 100,
                _ => 0,
            };
            Duration::from_millis(u64::from(profile.response_time_ms) + notify) + TAG_MARGIN
        }
        Command::RfReset => RF_RESET + READER_MARGIN,
        _ => READER_MARGIN,
    }
}

/// Most bytes the reply to a command can have.
#[must_use]
pub fn reply_max(command: &Command) -> usize {
    match command {
        Command::Host(_) | Command::Other { .. } => FRAME_MAX,
        _ => STANDARD_MAX,
    }
}

/// Bytes on the line of one command and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineBytes {
    /// Host to reader.
    pub out: usize,
    /// Reader to host.
    pub back: usize,
}

impl LineBytes {
    /// Both ways on a line, without pauses.
    #[must_use]
    pub fn time(self, line: LineSettings) -> Duration {
        line_time(self.out + self.back, line)
    }

    fn new(form: Form, out: usize, back: usize) -> Self {
        let framed = |body| match form {
            Form::Standard if body + STANDARD_OVERHEAD <= STANDARD_MAX => body + STANDARD_OVERHEAD,
            _ => body + ADVANCED_OVERHEAD,
        };
        Self { out: framed(out), back: framed(back) }
    }
}

/// RF reset.
#[must_use]
pub fn rf_reset_line(form: Form) -> LineBytes {
    LineBytes::new(form, 1, 2)
}

/// An inventory that lists so many ISO 15693 tags in one reply (command, sub-command, mode;
/// command, status, count, 10 bytes for each tag).
#[must_use]
pub fn inventory_line(form: Form, tags: usize) -> LineBytes {
    LineBytes::new(form, 3, 3 + 10 * tags)
}

/// Reading so many blocks of 4 bytes of one tag by one command (command, sub-command, mode, UID,
/// first, count; command, status, count, size, a lock byte and the data of each block).
#[must_use]
pub fn read_blocks_line(form: Form, blocks: usize) -> LineBytes {
    LineBytes::new(form, 13, 4 + 5 * blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// readers.md 2.6 and section 8: 17 + 48 bytes for 8 blocks, 18.6 ms.
    #[test]
    fn lengths_are_those_of_the_document() {
        let read = read_blocks_line(Form::Standard, 8);
        assert_eq!(read, LineBytes { out: 17, back: 48 });
        let us = read.time(LINE).as_micros();
        assert!((18_600..18_640).contains(&us), "{us}");
        assert_eq!(inventory_line(Form::Standard, 2), LineBytes { out: 7, back: 27 });
        assert_eq!(inventory_line(Form::Advanced, 0).out, 9);
        assert_eq!(rf_reset_line(Form::Standard), LineBytes { out: 5, back: 6 });
        // 25 tags do not fit a standard frame.
        assert_eq!(inventory_line(Form::Standard, 24).back, 247);
        assert_eq!(inventory_line(Form::Standard, 25).back, 259);
    }
}
