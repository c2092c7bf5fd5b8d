//! The simulator's own frame reader and writer for the PN532 (readers.md section 6).
//!
//! Written apart from `rfid::pn532::wire` on purpose: byte by byte, with running sums, so that a
//! mistake in one is not hidden by the same mistake in the other. Both are pinned to the same
//! frames.

use std::time::{Duration, Instant};

/// Largest LEN the simulated chip takes, TFI included.
const LEN_LIMIT: usize = 265;

/// Silence inside a command after which the chip forgets its beginning. UNCONFIRMED.
const BYTE_GAP: Duration = Duration::from_millis(500);

pub(super) const ACK: [u8; 6] = [0, 0, 0xFF, 0, 0xFF, 0];
pub(super) const ERROR: [u8; 8] = [0, 0, 0xFF, 1, 0xFF, 0x7F, 0x81, 0];

/// What the host said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Ack,
    Nack,
    /// Code and data.
    Command(Vec<u8>),
    /// A whole frame with a wrong checksum.
    Damaged,
}

#[derive(Debug, Default, Clone, Copy)]
enum Stage {
    #[default]
    Idle,
    Zero,
    Len,
    Lcs(u8),
    LongHigh,
    LongLow(u8),
    LongLcs(u8, u8),
    /// Bytes left, checksum included.
    Body(usize),
}

/// Collects one frame from single bytes.
#[derive(Debug, Default)]
pub(super) struct Ear {
    stage: Stage,
    bytes: Vec<u8>,
    last: Option<Instant>,
}

impl Ear {
    pub(super) fn hear(&mut self, byte: u8, now: Instant) -> Option<Heard> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) > BYTE_GAP) {
            self.stage = Stage::Idle;
        }
        self.last = Some(now);
        let (next, heard) = match self.stage {
            Stage::Idle | Stage::Zero => match (self.stage, byte) {
                (_, 0) => (Stage::Zero, None),
                (Stage::Zero, 0xFF) => (Stage::Len, None),
                _ => (Stage::Idle, None),
            },
            Stage::Len => (Stage::Lcs(byte), None),
            Stage::Lcs(len) => match (len, byte) {
                (0, 0xFF) => (Stage::Idle, Some(Heard::Ack)),
                (0xFF, 0) => (Stage::Idle, Some(Heard::Nack)),
                (0xFF, 0xFF) => (Stage::LongHigh, None),
                (len, lcs) => self.body(usize::from(len), u16::from(len) + u16::from(lcs)),
            },
            Stage::LongHigh => (Stage::LongLow(byte), None),
            Stage::LongLow(high) => (Stage::LongLcs(high, byte), None),
            Stage::LongLcs(high, low) => {
                let sum = u16::from(high) + u16::from(low) + u16::from(byte);
                self.body(usize::from(high) * 256 + usize::from(low), sum)
            }
            Stage::Body(left) => {
                self.bytes.push(byte);
                match left {
                    1 => (Stage::Idle, self.whole()),
                    _ => (Stage::Body(left - 1), None),
                }
            }
        };
        self.stage = next;
        heard
    }

    fn body(&mut self, len: usize, sum: u16) -> (Stage, Option<Heard>) {
        self.bytes.clear();
        match (1..=LEN_LIMIT).contains(&len) && sum.is_multiple_of(256) {
            true => (Stage::Body(len + 1), None),
            false => (Stage::Idle, Some(Heard::Damaged)),
        }
    }

    fn whole(&self) -> Option<Heard> {
        let sum: u32 = self.bytes.iter().map(|b| u32::from(*b)).sum();
        if !sum.is_multiple_of(256) {
            return Some(Heard::Damaged);
        }
        match &self.bytes[..] {
            [0xD4, body @ .., _] if !body.is_empty() => Some(Heard::Command(body.to_vec())),
            // Nothing for this side of the line.
            _ => None,
        }
    }
}

/// A reply frame around `body`; an extended one where it does not fit another (nfcpy's line test).
pub(super) fn say(body: &[u8]) -> Vec<u8> {
    let len = body.len() + 1;
    let minus = |sum: usize| ((256 - sum % 256) % 256) as u8;
    let (high, low) = (len / 256, len % 256);
    let mut frame = vec![0, 0, 0xFF];
    if high == 0 {
        frame.extend([low as u8, minus(low)]);
    } else {
        frame.extend([0xFF, 0xFF, high as u8, low as u8, minus(high + low)]);
    }
    frame.push(0xD5);
    frame.extend_from_slice(body);
    frame.push(minus(body.iter().fold(0xD5, |sum, b| sum + usize::from(*b))));
    frame.push(0);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn heard(text: &str) -> Vec<Heard> {
        let mut ear = Ear::default();
        let now = Instant::now();
        hex(text).into_iter().filter_map(|b| ear.hear(b, now)).collect()
    }

    #[test]
    fn golden_frames() {
        for (frame, body) in [
            ("00 00 FF 02 FE D4 02 2A 00", "02"),
            ("00 00 FF 05 FB D4 14 01 14 01 02 00", "14 01 14 01"),
            ("00 00 FF 04 FC D4 4A 01 00 E1 00", "4A 01 00"),
            ("55 55 00 00 00 00 00 FF 03 FD D4 52 00 DA 00", "52 00"),
        ] {
            assert_eq!(heard(frame), [Heard::Command(hex(body))]);
        }
        assert_eq!(heard("00 00 FF 00 FF 00"), [Heard::Ack]);
        assert_eq!(heard("00 00 FF FF 00 00"), [Heard::Nack]);
        for (body, frame) in [
            ("03 32 01 06 07", "00 00 FF 06 FA D5 03 32 01 06 07 E8 00"),
            ("15", "00 00 FF 02 FE D5 15 16 00"),
            ("4B 00", "00 00 FF 03 FD D5 4B 00 E0 00"),
            (
                "4B 01 01 00 04 08 04 DE AD BE EF",
                "00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 DE AD BE EF 96 00",
            ),
        ] {
            assert_eq!(say(&hex(body)), hex(frame));
        }
    }

    #[test]
    fn damage_is_heard_as_damage_and_does_not_deafen() {
        assert_eq!(heard("00 00 FF 02 FE D4 02 2B 00"), [Heard::Damaged]);
        assert_eq!(heard("00 00 FF 02 FD D4 02 2A 00"), [Heard::Damaged]);
        assert_eq!(heard("00 FF FF FF 02 00 FE"), [Heard::Damaged]);
        let after = heard("FF 00 12 00 FF 00 FF 00 00 FF 02 FE D4 02 2A");
        assert_eq!(after, [Heard::Ack, Heard::Command(vec![2])]);
    }

    #[test]
    fn a_half_command_is_forgotten_after_a_gap() {
        let mut ear = Ear::default();
        let now = Instant::now();
        for byte in hex("00 00 FF 05 FB D4 14") {
            assert_eq!(ear.hear(byte, now), None);
        }
        let found: Vec<_> = hex("00 00 FF 02 FE D4 02 2A")
            .into_iter()
            .filter_map(|b| ear.hear(b, now + BYTE_GAP * 2))
            .collect();
        assert_eq!(found.len(), 1);
    }
}
