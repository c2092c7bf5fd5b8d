//! How fast a reader can be at best: time on the air, and for readers on a serial line the time of
//! their bytes. Nothing honest is faster (readers.md section 8); a bench prints what it measured
//! beside this.

use std::time::Duration;

use super::field::air::{self, Family};
use crate::rfid::Uid;

/// Bytes of a block with nothing else.
const BLOCK_LEN: u32 = 4;
/// Flags, command, UID, first block, number of blocks, checksum.
const READ_REQUEST: u32 = 14;
/// Flags and checksum around the blocks.
const READ_REPLY: u32 = 3;

/// The least time a task takes, by where it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floor {
    /// On the air.
    pub air: Duration,
    /// On the line to the reader.
    pub line: Duration,
}

impl Floor {
    /// One after the other, as readers do it.
    #[must_use]
    pub fn total(self) -> Duration {
        self.air + self.line
    }

    /// How many times longer something took. 1 is perfect.
    #[must_use]
    pub fn ratio(self, took: Duration) -> f64 {
        took.as_secs_f64() / self.total().as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Commands and bytes of one reader model's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineShape {
    /// Time of one byte.
    pub byte_time: Duration,
    /// Pause the reader wants before each command.
    pub gap: Duration,
    /// Bytes of the inventory command.
    pub inventory_out: u32,
    /// Bytes of its answer without tags.
    pub inventory_back: u32,
    /// Bytes of its answer for each tag.
    pub inventory_back_per_tag: u32,
    /// Bytes of the command that reads blocks of one tag.
    pub read_out: u32,
    /// Bytes of its answer without blocks.
    pub read_back: u32,
    /// Bytes of its answer for each block.
    pub read_back_per_block: u32,
}

impl LineShape {
    /// A 3M pad at 19200 8N1 (readers.md sections 3 and 8).
    pub const M3: Self = Self {
        byte_time: Duration::from_nanos(520_833),
        gap: Duration::ZERO,
        inventory_out: 8,
        inventory_back: 10,
        inventory_back_per_tag: 8,
        read_out: 16,
        read_back: 16,
        read_back_per_block: 6,
    };

    /// A FEIG reader at 38400 8E1 (readers.md sections 2 and 8).
    pub const FEIG: Self = Self {
        byte_time: Duration::from_nanos(286_458),
        gap: Duration::from_millis(5),
        inventory_out: 7,
        inventory_back: 7,
        inventory_back_per_tag: 10,
        read_out: 17,
        read_back: 8,
        read_back_per_block: 5,
    };

    /// Time on the line for an inventory of so many tags and so many blocks of each.
    #[must_use]
    pub fn time(&self, tags: u32, blocks: u32) -> Duration {
        let inventory = self.inventory_out + self.inventory_back;
        let read = self.read_out + self.read_back + self.read_back_per_block * blocks;
        let reads = if blocks == 0 { 0 } else { tags };
        let bytes = inventory + self.inventory_back_per_tag * tags + read * reads;
        self.byte_time * bytes + self.gap * (1 + reads)
    }
}

/// The least time on the air to list these tags and to read so many blocks of each by one request.
#[must_use]
pub fn air(uids: &[Uid], blocks: u32) -> Floor {
    let inventory = air::inventory(uids, Family::All).time;
    let read = match blocks {
        0 => Duration::ZERO,
        _ => air::exchange(READ_REQUEST, READ_REPLY + BLOCK_LEN * blocks),
    };
    Floor { air: inventory + read * uids.len() as u32, line: Duration::ZERO }
}

/// The same through a reader on a serial line.
#[must_use]
pub fn serial(uids: &[Uid], blocks: u32, line: &LineShape) -> Floor {
    Floor { line: line.time(uids.len() as u32, blocks), ..air(uids, blocks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reel(count: u64) -> Vec<Uid> {
        (0..count).map(|n| Uid::iso15693((0xE004_0100_0000_0000 | n).to_be_bytes())).collect()
    }

    fn ms(time: Duration) -> f64 {
        (time.as_secs_f64() * 1e4).round() / 10.0
    }

    /// "Total best" of the table in readers.md section 8.
    #[test]
    fn totals_of_the_document() {
        assert_eq!(ms(air(&reel(1), 8).total()), 29.7);
        assert_eq!(ms(air(&reel(5), 8).total()), 109.4);
        assert_eq!(ms(air(&reel(10), 8).total()), 209.1);
    }

    /// Host link figures of section 8: FEIG 18.6 ms for a read of 8 blocks, 3M 41.7 ms, and
    /// 88.5 ms for the answer with 20 tags.
    #[test]
    fn lines_of_the_document() {
        let read = |line: &LineShape| line.time(1, 8) - line.time(1, 0) - line.gap;
        assert_eq!(ms(read(&LineShape::FEIG)), 18.6);
        assert_eq!(ms(read(&LineShape::M3)), 41.7);
        let m3 = LineShape::M3;
        let answer = m3.byte_time * (m3.inventory_back + 20 * m3.inventory_back_per_tag);
        assert_eq!(ms(answer), 88.5);
    }

    #[test]
    fn ratios() {
        let floor = Floor { air: Duration::from_millis(100), line: Duration::from_millis(100) };
        assert!((floor.ratio(Duration::from_millis(220)) - 1.1).abs() < 1e-9);
    }
}
