//! Extension blocks of ISO 28560-3, one step at a time (rfid-data.md 5.3).

use std::ops::Range;

use super::view::View;
use crate::rfid::tagdata::Problem;

/// Longest extension block in bytes: its length is one byte.
pub(super) const BLOCK_MAX: usize = 255;
/// Length, identifier, checksum.
pub(super) const HEADER: usize = 4;
/// The same with a four-byte identifier.
pub(super) const LONG_HEADER: usize = 6;
/// High byte of an identifier that goes on for two more bytes.
pub(super) const ID_ESCAPE: u8 = 0xFF;
/// Length byte of the end block.
const END_BLOCK: u8 = 0;
/// Length byte of one byte of fill.
const FILLER: u8 = 1;

/// What stands at a place behind the basic block.
pub(super) enum Step {
    /// A block whose checksum holds; its data is at `data` in the buffer.
    Block { id: u32, data: Range<usize>, next: usize },
    /// One byte of fill.
    Filler { next: usize },
    /// A block to be dropped.
    Bad { problem: Problem, next: usize },
    /// The end block.
    End,
    /// Memory ended where a block could stand.
    Exhausted,
    /// Memory ended inside a block.
    Cut { at_least: usize },
}

/// Reads the block at `at` into `buffer`.
pub(super) fn step(view: View<'_>, at: usize, buffer: &mut [u8; BLOCK_MAX]) -> Step {
    let len = match view.get(at) {
        None => return Step::Exhausted,
        Some(END_BLOCK) => return Step::End,
        Some(FILLER) => return Step::Filler { next: at + 1 },
        Some(len) => usize::from(len),
    };
    let next = at + len;
    if next > view.len() {
        return Step::Cut { at_least: next };
    }
    let offset = u16::try_from(at).unwrap_or(u16::MAX);
    view.copy(at, &mut buffer[..len]);
    let Some((id, header)) = identifier(&buffer[..len]) else {
        return Step::Bad { problem: Problem::BadBlockLength { at: offset }, next };
    };
    if buffer[..len].iter().fold(0, |xor, byte| xor ^ byte) != 0 {
        return Step::Bad { problem: Problem::BadBlockChecksum { at: offset }, next };
    }
    Step::Block { id, data: header..len, next }
}

/// Identifier and header length; `None` when the block is shorter than its header.
fn identifier(block: &[u8]) -> Option<(u32, usize)> {
    match *block {
        [_, low, ID_ESCAPE, middle, high, _, ..] => {
            Some((u32::from_le_bytes([low, middle, high, 0]), LONG_HEADER))
        }
        [_, _, ID_ESCAPE, ..] => None,
        [_, low, high, _, ..] => Some((u32::from(u16::from_le_bytes([low, high])), HEADER)),
        _ => None,
    }
}
