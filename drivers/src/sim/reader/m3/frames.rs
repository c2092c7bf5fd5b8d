//! The simulator's own frame reader and writer for the 3M pad (readers.md section 3).
//!
//! Written apart from `rfid::m3::wire` on purpose: byte by byte, with a bitwise checksum, so that
//! a mistake in one is not hidden by the same mistake in the other. Both are pinned to captures.

use std::time::{Duration, Instant};

/// Largest LEN the simulated pad takes: a write of 255 blocks has 1034. Real limit UNCONFIRMED.
const LEN_LIMIT: usize = 1100;

/// Silence inside a command after which the pad forgets its beginning. UNCONFIRMED.
pub(super) const BYTE_GAP: Duration = Duration::from_millis(500);

/// CCITT polynomial, most significant bit first, preset FFFF, inverted at the end.
pub(super) fn checksum(bytes: impl IntoIterator<Item = u8>) -> [u8; 2] {
    let mut register: u32 = 0xFFFF;
    for byte in bytes {
        for bit in (0..8).rev() {
            let feedback = (register >> 15 ^ u32::from(byte) >> bit) & 1;
            register = register << 1 & 0xFFFF;
            if feedback == 1 {
                register ^= 0x1021;
            }
        }
    }
    [!(register >> 8) as u8, !register as u8]
}

/// A whole command with a good checksum.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) start: u8,
    /// Command code and data.
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    LenHigh,
    LenLow(u8),
    Body(usize),
}

/// Collects one command from single bytes.
#[derive(Debug, Default)]
pub(super) struct Ear {
    stage: Stage,
    start: u8,
    bytes: Vec<u8>,
    last: Option<Instant>,
}

impl Ear {
    pub(super) fn hear(&mut self, byte: u8, now: Instant) -> Option<Heard> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) > BYTE_GAP) {
            self.stage = Stage::Idle;
        }
        self.last = Some(now);
        match self.stage {
            Stage::Idle => {
                if byte == 0xD6 || byte == 0xD5 {
                    self.start = byte;
                    self.stage = Stage::LenHigh;
                }
            }
            Stage::LenHigh => self.stage = Stage::LenLow(byte),
            Stage::LenLow(high) => {
                let len = usize::from(high) * 256 + usize::from(byte);
                self.bytes.clear();
                self.bytes.extend([high, byte]);
                self.stage =
                    if (3..=LEN_LIMIT).contains(&len) { Stage::Body(len) } else { Stage::Idle };
            }
            Stage::Body(left) => {
                self.bytes.push(byte);
                if left > 1 {
                    self.stage = Stage::Body(left - 1);
                } else {
                    self.stage = Stage::Idle;
                    return self.whole();
                }
            }
        }
        None
    }

    /// A command with a wrong checksum gets no answer. UNCONFIRMED for this pad; FEIG readers do
    /// the same (readers.md 2.1).
    fn whole(&mut self) -> Option<Heard> {
        let (covered, crc) = self.bytes.split_last_chunk::<2>()?;
        if checksum(covered.iter().copied()) != *crc {
            return None;
        }
        Some(Heard { start: self.start, body: covered[2..].to_vec() })
    }
}

/// A frame around `body`.
pub(super) fn say(start: u8, body: &[u8]) -> Vec<u8> {
    let len = body.len() + 2;
    let mut covered = vec![(len / 256) as u8, (len % 256) as u8];
    covered.extend_from_slice(body);
    let crc = checksum(covered.iter().copied());
    let mut frame = vec![start];
    frame.append(&mut covered);
    frame.extend(crc);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn heard(text: &str) -> Option<Heard> {
        let mut ear = Ear::default();
        let now = Instant::now();
        hex(text).into_iter().filter_map(|b| ear.hear(b, now)).last()
    }

    #[test]
    fn captures_and_vendor_example() {
        assert_eq!(checksum(hex("00 09 03 00 02 00 00 00 03")), [0x12, 0xE6]);
        assert_eq!(
            heard("D5 00 05 04 00 11 8C 66"),
            Some(Heard { start: 0xD5, body: hex("04 00 11") })
        );
        assert_eq!(
            say(0xD5, &hex("04 00 11 0A 05 00 02")),
            hex("D5 00 09 04 00 11 0A 05 00 02 72 50")
        );
    }

    #[test]
    fn damage_is_not_heard_and_does_not_deafen() {
        assert_eq!(heard("D6 00 03 11 64 21"), None);
        let after_noise = heard("00 FF D6 00 01 D6 00 03 11 64 20");
        assert_eq!(after_noise, Some(Heard { start: 0xD6, body: vec![0x11] }));
    }

    #[test]
    fn a_half_command_is_forgotten_after_a_gap() {
        let mut ear = Ear::default();
        let now = Instant::now();
        for byte in hex("D6 00 0D 02 E0") {
            assert_eq!(ear.hear(byte, now), None);
        }
        let later = now + BYTE_GAP * 2;
        let found: Vec<_> =
            hex("D6 00 03 11 64 20").into_iter().filter_map(|b| ear.hear(b, later)).collect();
        assert_eq!(found.len(), 1);
    }
}
