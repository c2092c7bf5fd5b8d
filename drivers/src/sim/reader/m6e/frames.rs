//! The simulator's own frame reader and writer for the ThingMagic protocol (readers.md 5.1).
//!
//! Written apart from `rfid::m6e::wire` on purpose: byte by byte, with a bitwise checksum, so that
//! a mistake in one is not hidden by the same mistake in the other. Both are pinned to captures.

use std::time::{Duration, Instant};

/// Silence inside a command after which the module forgets its beginning. UNCONFIRMED.
pub(super) const BYTE_GAP: Duration = Duration::from_millis(500);

/// Polynomial 1021, bits shifted in at the low end, preset FFFF.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut register: u32 = 0xFFFF;
    for byte in bytes {
        for bit in (0..8).rev() {
            register = register << 1 | u32::from(byte >> bit & 1);
            if register & 0x1_0000 != 0 {
                register ^= 0x1_1021;
            }
        }
    }
    [(register >> 8) as u8, register as u8]
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Length,
    Rest(usize),
}

/// Collects one command from single bytes.
#[derive(Debug, Default)]
pub(super) struct Ear {
    stage: Stage,
    bytes: Vec<u8>,
    last: Option<Instant>,
}

impl Ear {
    /// Command code and data, once whole. A command with a wrong checksum is not answered
    /// (UNCONFIRMED for these modules).
    pub(super) fn hear(&mut self, byte: u8, now: Instant) -> Option<Vec<u8>> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) > BYTE_GAP) {
            self.stage = Stage::Idle;
        }
        self.last = Some(now);
        match self.stage {
            Stage::Idle if byte == 0xFF => self.stage = Stage::Length,
            Stage::Idle => {}
            Stage::Length => {
                self.bytes = vec![byte];
                // Code, data, checksum.
                self.stage = Stage::Rest(1 + usize::from(byte) + 2);
            }
            Stage::Rest(left) => {
                self.bytes.push(byte);
                if left > 1 {
                    self.stage = Stage::Rest(left - 1);
                } else {
                    self.stage = Stage::Idle;
                    let (covered, crc) = self.bytes.split_last_chunk::<2>()?;
                    return (checksum(covered) == *crc).then(|| covered[1..].to_vec());
                }
            }
        }
        None
    }
}

/// The module's frame; `data` has at most 255 bytes.
pub(super) fn say(code: u8, status: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xFF, data.len() as u8, code];
    frame.extend(status.to_be_bytes());
    frame.extend_from_slice(data);
    let crc = checksum(&frame[1..]);
    frame.extend(crc);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn heard(text: &str) -> Option<Vec<u8>> {
        let mut ear = Ear::default();
        let now = Instant::now();
        hex(text).into_iter().filter_map(|b| ear.hear(b, now)).last()
    }

    #[test]
    fn captures() {
        assert_eq!(heard("FF 00 03 1D 0C"), Some(hex("03")));
        assert_eq!(heard("FF 02 93 00 05 51 7D"), Some(hex("93 00 05")));
        assert_eq!(say(0x93, 0, &[]), hex("FF 00 93 00 00 37 1A"));
        assert_eq!(say(0x22, 0x0400, &[]), hex("FF 00 22 04 00 84 E0"));
        assert_eq!(say(0x2F, 0, &[2]), hex("FF 01 2F 00 00 02 30 E6"));
    }

    #[test]
    fn damage_is_not_heard_and_does_not_deafen() {
        assert_eq!(heard("FF 00 03 1D 0D"), None);
        assert_eq!(heard("00 13 FF 00 03 1D 0D FF 00 03 1D 0C"), Some(hex("03")));
    }

    #[test]
    fn a_half_command_is_forgotten_after_a_gap() {
        let mut ear = Ear::default();
        let now = Instant::now();
        for byte in hex("FF 10 2F") {
            assert_eq!(ear.hear(byte, now), None);
        }
        let later = now + BYTE_GAP * 2;
        let found: Vec<_> =
            hex("FF 00 03 1D 0C").into_iter().filter_map(|b| ear.hear(b, later)).collect();
        assert_eq!(found, [hex("03")]);
    }
}
