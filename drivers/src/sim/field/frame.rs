//! Frames through the air, as a receiver hears them.

use std::time::Duration;

use super::air;

/// What a receiver makes of one answer, or of one slot of an inventory. Checksums are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nobody answered.
    Nothing,
    /// One answer, with a good checksum where its kind has one.
    Frame(Vec<u8>),
    /// Several answered at once.
    Collision {
        /// Place of the first bit in which they differ, from the start of the answer.
        bit: u16,
        /// What the receiver took for bytes; from that bit on it is garbage.
        bytes: Vec<u8>,
    },
    /// One answer whose checksum is wrong.
    BadCrc(Vec<u8>),
}

/// One exchange on the air. `t2` before the next request is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// What was heard.
    pub heard: Heard,
    /// Valid bits of the last byte heard, 0 for all 8 (ISO 14443A only).
    pub last_bits: u8,
    /// Whether the answer's kind carries a checksum.
    pub crc: bool,
    /// How long the request was on the air.
    pub request: Duration,
    /// From its end to the answer; without an answer, how long a reader must wait for one.
    pub wait: Duration,
    /// How long the answer was on the air; zero without one.
    pub answer: Duration,
}

impl Reception {
    /// Time on the air, request to end of answer.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.request + self.wait + self.answer
    }

    /// Time on the air with the pause before the next ISO 15693 request.
    #[must_use]
    pub fn time_with_pause(&self) -> Duration {
        self.time() + if self.answer.is_zero() { Duration::ZERO } else { air::T2 }
    }

    /// Nobody answered an ISO 15693 request.
    pub(super) fn nothing(request: Duration) -> Self {
        Self {
            heard: Heard::Nothing,
            last_bits: 0,
            crc: true,
            request,
            wait: air::T3,
            answer: Duration::ZERO,
        }
    }
}

/// The first bit, lowest bit of a byte first, in which two answers differ; the number of bits of
/// the shorter when they do not.
pub(super) fn first_difference(one: &[u8], other: &[u8]) -> u16 {
    let mut bit = 0;
    for (a, b) in one.iter().zip(other) {
        if a != b {
            return bit + (a ^ b).trailing_zeros() as u16;
        }
        bit += 8;
    }
    bit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_count_from_the_lowest_bit() {
        assert_eq!(first_difference(&[0, 0x01], &[0, 0x03]), 9);
        assert_eq!(first_difference(&[0xFF], &[0xFE]), 0);
        assert_eq!(first_difference(&[1, 2], &[1, 2]), 16);
    }
}
