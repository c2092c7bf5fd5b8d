//! The simulator's own frame reader and writer for FEIG readers (readers.md 2.1).
//!
//! Written apart from `rfid::feig::wire` on purpose: byte by byte, with a bitwise checksum, so that
//! a mistake in one is not hidden by the same mistake in the other. Both are pinned to the
//! document's frames.

use std::time::{Duration, Instant};

/// Silence inside a command after which its beginning is dropped (readers.md 2.2).
pub(super) const BYTE_GAP: Duration = Duration::from_millis(12);

/// Longest advanced command taken, in bytes. Real limits UNCONFIRMED.
const ADVANCED_LIMIT: usize = 1024;

const ADVANCED_MARK: u8 = 0x02;

/// Register shifted right, polynomial 8408, preset FFFF.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut register: u32 = 0xFFFF;
    for &byte in bytes {
        register ^= u32::from(byte);
        for _ in 0..8 {
            let out = register & 1;
            register /= 2;
            if out == 1 {
                register ^= 0x8408;
            }
        }
    }
    [(register % 256) as u8, (register / 256) as u8]
}

/// A whole command with a good checksum.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) advanced: bool,
    pub(super) address: u8,
    /// Command code and data.
    pub(super) body: Vec<u8>,
}

/// Collects one command from single bytes.
#[derive(Debug, Default)]
pub(super) struct Ear {
    bytes: Vec<u8>,
    last: Option<Instant>,
}

impl Ear {
    pub(super) fn hear(&mut self, byte: u8, now: Instant) -> Option<Heard> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) > BYTE_GAP) {
            self.bytes.clear();
        }
        self.last = Some(now);
        self.bytes.push(byte);
        let (head, total) = match self.bytes[..] {
            [ADVANCED_MARK] | [ADVANCED_MARK, _] => return None,
            [ADVANCED_MARK, high, low, ..] => (3, usize::from(high) * 256 + usize::from(low)),
            [total, ..] => (1, usize::from(total)),
            [] => return None,
        };
        // Length, address, code and checksum at the least.
        if total < head + 4 || total > ADVANCED_LIMIT {
            self.bytes.clear();
            return None;
        }
        if self.bytes.len() < total {
            return None;
        }
        let frame = std::mem::take(&mut self.bytes);
        let (covered, crc) = frame.split_last_chunk::<2>()?;
        if checksum(covered) != *crc {
            // No answer to a damaged command.
            return None;
        }
        let (&address, body) = covered.get(head..)?.split_first()?;
        Some(Heard { advanced: head == 3, address, body: body.to_vec() })
    }
}

/// A reply frame around address, code, status and data: advanced where the command was, or where
/// one length byte does not do.
pub(super) fn say(advanced: bool, content: &[u8]) -> Vec<u8> {
    let short = content.len() + 3;
    let mut frame = if advanced || short > 255 {
        let long = content.len() + 5;
        vec![ADVANCED_MARK, (long / 256) as u8, (long % 256) as u8]
    } else {
        vec![short as u8]
    };
    frame.extend_from_slice(content);
    let crc = checksum(&frame);
    frame.extend(crc);
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

    fn plain(address: u8, body: &str) -> Heard {
        Heard { advanced: false, address, body: hex(body) }
    }

    #[test]
    fn frames_of_the_document() {
        assert_eq!(heard("05 FF 65 E5 CB"), [plain(0xFF, "65")]);
        let advanced = Heard { advanced: true, ..plain(0xFF, "B0 01 00") };
        assert_eq!(heard("02 00 09 FF B0 01 00 18 43"), [advanced]);
        assert_eq!(say(false, &hex("00 69 00")), hex("06 00 69 00 F6 FA"));
        assert_eq!(say(false, &hex("00 B0 01")), hex("06 00 B0 01 5C 63"));
    }

    /// From a real reader and its host (see the driver's tests).
    #[test]
    fn captured_frames() {
        let uid = "E0 16 80 FF 08 00 50 24";
        let listed = hex(&format!("00 B0 00 01 03 00 {uid}"));
        assert_eq!(say(false, &listed), hex(&format!("11 00 B0 00 01 03 00 {uid} 80 75")));
        assert_eq!(say(false, &hex("00 B0 83 00")), hex("07 00 B0 83 00 B2 2C"));
        assert_eq!(heard("05 FF 63 D3 AE"), [plain(0xFF, "63")]);
        let block = "00 00 08 01 00 05 00 04 00 00 00 00 00 00";
        let write = heard(&format!("14 FF 81 81 {block} 31 CA"));
        assert_eq!(write, [plain(0xFF, &format!("81 81 {block}"))]);
    }

    #[test]
    fn long_replies_are_advanced() {
        assert_eq!(say(false, &[0; 252])[..2], [255, 0]);
        assert_eq!(say(false, &[0; 253])[..3], [2, 1, 2]);
        assert_eq!(say(true, &[0; 3])[..3], [2, 0, 8]);
    }

    #[test]
    fn damage_is_not_heard_and_does_not_deafen() {
        assert_eq!(heard("05 FF 65 E5 CC 05 FF 65 E5 CB"), [plain(0xFF, "65")]);
        assert_eq!(heard("00 01 04 05 FF 65 E5 CB"), [plain(0xFF, "65")]);
    }

    #[test]
    fn a_half_command_is_forgotten_after_a_gap() {
        let mut ear = Ear::default();
        let now = Instant::now();
        for byte in hex("11 FF B0 23") {
            assert_eq!(ear.hear(byte, now), None);
        }
        let later = now + BYTE_GAP * 2;
        let found: Vec<_> =
            hex("05 FF 65 E5 CB").into_iter().filter_map(|b| ear.hear(b, later)).collect();
        assert_eq!(found.len(), 1);
    }
}
