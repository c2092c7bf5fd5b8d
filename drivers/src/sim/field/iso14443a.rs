//! ISO 14443A at frame level: cards beside the books (readers.md section 4.5).
//!
//! Frames, cascade and BCC are those of the sources of section 4.5; the times are ISO/IEC 14443-3
//! values recalled, UNCONFIRMED.

use std::time::Duration;

use super::Field;
use super::frame::{Heard, Reception};
use super::power::CardState;
use super::tag::Chip;
use crate::rfid::Air;

/// One bit at 106 kbit/s (128/fc).
pub const BIT: Duration = Duration::from_nanos(9_440);
/// From the request to the answer (1172/fc).
pub const FRAME_DELAY: Duration = Duration::from_nanos(86_431);
/// Start and end marks, in bits.
const MARK_BITS: u32 = 2;

const REQA: u8 = 0x26;
const WUPA: u8 = 0x52;
/// First byte of a part of a longer UID.
const CASCADE_TAG: u8 = 0x88;
/// SAK of a card whose UID goes on.
const SAK_CASCADE: u8 = 0x04;
/// First byte of a UID that is another each time.
const RANDOM_UID: u8 = 0x08;

/// So many bits, with a parity bit behind each whole byte.
fn on_air(bits: u32) -> Duration {
    BIT * (MARK_BITS + bits + bits / 8)
}

impl Field {
    /// Sends an ISO 14443A frame into the field. `last_bits` are the bits of the last byte that
    /// are sent, 0 for all 8; `crc` whether a good checksum follows.
    pub fn request_a(&mut self, frame: &[u8], last_bits: u8, crc: bool) -> Reception {
        let whole = frame.len() as u32 * 8;
        let bits =
            if last_bits == 0 { whole } else { whole.saturating_sub(8) + u32::from(last_bits) };
        let sent = on_air(bits + if crc { 2 * 8 } else { 0 });
        let mut answers: Vec<(Vec<u8>, u32, bool)> = Vec::new();
        if self.powered {
            for index in self.on_pad.clone() {
                if self.tags[index].chip.air() == Air::Iso14443 && self.answers(index) {
                    answers.extend(self.ask_card(index, frame, bits, crc));
                }
            }
        }
        self.mix_a(sent, &answers)
    }

    /// The UID a card tells this time.
    fn card_uid(&mut self, index: usize) -> Vec<u8> {
        let uid = self.tags[index].uid.bytes().to_vec();
        if uid.len() != 4 || uid.first() != Some(&RANDOM_UID) {
            return uid;
        }
        let [a, b, c, ..] = self.rng.next_u64().to_le_bytes();
        self.powers[index].random_uid.get_or_insert([RANDOM_UID, a, b, c]).to_vec()
    }

    /// Bytes, their number of bits, and whether a checksum follows.
    fn ask_card(
        &mut self,
        index: usize,
        frame: &[u8],
        bits: u32,
        crc: bool,
    ) -> Option<(Vec<u8>, u32, bool)> {
        let state = self.powers[index].card;
        if let ([code @ (REQA | WUPA)], 7, false) = (frame, bits, crc) {
            let wakes = state == CardState::Idle || (state == CardState::Halt && *code == WUPA);
            self.powers[index].card = match wakes {
                true => CardState::Ready { level: 0 },
                // Anything unexpected sends a card back to where it waits.
                false if state == CardState::Halt => CardState::Halt,
                false => CardState::Idle,
            };
            let atqa =
                if self.tags[index].chip == Chip::MifareClassic { [0x04, 0] } else { [0x44, 3] };
            return wakes.then(|| (atqa.to_vec(), 16, false));
        }
        if let ([0x50, 0x00], true, CardState::Active) = (frame, crc, state) {
            self.powers[index].card = CardState::Halt;
            return None;
        }
        let CardState::Ready { level } = state else { return None };
        let uid = self.card_uid(index);
        let part = cascade_part(&uid, level)?;
        let [code, nvb, known @ ..] = frame else { return None };
        if *code != 0x93 + 2 * level {
            return None;
        }
        if *nvb == 0x70 {
            if !crc || known != part {
                self.powers[index].card = CardState::Idle;
                return None;
            }
            let more = part[0] == CASCADE_TAG && uid.len() > 4;
            let last = if self.tags[index].chip == Chip::MifareClassic { 0x08 } else { 0x20 };
            self.powers[index].card = match more {
                true => CardState::Ready { level: level + 1 },
                false => CardState::Active,
            };
            return Some((vec![if more { SAK_CASCADE } else { last }], 8, true));
        }
        let known_bits = (u32::from(nvb >> 4) * 8 + u32::from(nvb & 7)).checked_sub(16)?;
        if crc
            || bits != 16 + known_bits
            || known_bits >= 40
            || !starts_with(&part, known, known_bits)
        {
            return None;
        }
        Some((bits_from(&part, known_bits), 40 - known_bits, false))
    }

    fn mix_a(&mut self, request: Duration, answers: &[(Vec<u8>, u32, bool)]) -> Reception {
        let Some((first, bits, crc)) = answers.first() else {
            let nothing = Reception::nothing(request);
            return Reception { wait: FRAME_DELAY, crc: false, ..nothing };
        };
        let answer = on_air(bits + if *crc { 16 } else { 0 });
        let bit = answers.iter().filter_map(|(other, ..)| differs_at(first, other)).min();
        let heard = match bit {
            // Equal answers at the same bit times are one answer (ISO/IEC 14443-3, Manchester).
            None => Heard::Frame(first.clone()),
            Some(bit) => Heard::Collision { bit, bytes: self.garbage(first, bit) },
        };
        let last_bits = (bits % 8) as u8;
        Reception { heard, last_bits, crc: *crc, request, wait: FRAME_DELAY, answer }
    }
}

fn differs_at(one: &[u8], other: &[u8]) -> Option<u16> {
    (one != other).then(|| super::frame::first_difference(one, other))
}

/// Four bytes of this cascade level and their BCC.
fn cascade_part(uid: &[u8], level: u8) -> Option<[u8; 5]> {
    let four = match (uid, level) {
        (&[a, b, c, d], 0) => [a, b, c, d],
        (&[a, b, c, ..], 0) => [CASCADE_TAG, a, b, c],
        (&[_, _, _, d, e, f, g], 1) => [d, e, f, g],
        (&[_, _, _, d, e, f, ..], 1) => [CASCADE_TAG, d, e, f],
        (&[_, _, _, _, _, _, g, h, i, j], 2) => [g, h, i, j],
        _ => return None,
    };
    let [a, b, c, d] = four;
    Some([a, b, c, d, a ^ b ^ c ^ d])
}

fn bit_of(bytes: &[u8], at: u32) -> u8 {
    bytes.get(at as usize / 8).map_or(0, |byte| byte >> (at % 8) & 1)
}

fn starts_with(part: &[u8], known: &[u8], bits: u32) -> bool {
    (0..bits).all(|at| bit_of(part, at) == bit_of(known, at))
}

/// The bits from `from` on, packed from the lowest bit of the first byte.
fn bits_from(part: &[u8], from: u32) -> Vec<u8> {
    let mut bytes = vec![0; (part.len() * 8 - from as usize).div_ceil(8)];
    for at in from..part.len() as u32 * 8 {
        let to = (at - from) as usize;
        bytes[to / 8] |= bit_of(part, at) << (to % 8);
    }
    bytes
}
