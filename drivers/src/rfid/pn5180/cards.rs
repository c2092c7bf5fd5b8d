//! ISO 14443A cards over the chip: who lies there, nothing more (readers.md section 4.5).

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::chip::ChipError;
use super::driver::{Mode, Pn5180Reader};
use super::transceive::{Frame, Heard, Patience};
use super::wire::{self, Action, CRC_ON, CRYPTO_OFF, Register};
use crate::rfid::Uid;

/// Most cards of one poll.
pub const CARDS_MAX: usize = 8;
/// Cascade levels.
const LEVELS: u8 = 3;
/// Bits of one cascade level: four bytes and their BCC.
const PART_BITS: usize = 40;
/// Field off and on again, so that every card is idle, in microseconds.
const OFF_US: u32 = 5_000;
/// From field on until a card answers, in microseconds (ISO/IEC 14443-3, recalled, UNCONFIRMED).
const POWER_UP_US: u32 = 5_000;
/// First byte of a UID part that is not the last.
const CASCADE_TAG: u8 = 0x88;
/// SAK: the UID goes on.
const SAK_CASCADE: u8 = 0x04;
/// First byte of a 4-byte UID that is another each time (readers.md section 6, UNCONFIRMED).
const RANDOM_UID: u8 = 0x08;

/// Frames at 106 kbit/s are short; an answer begins within 100 us.
const PATIENCE: Patience =
    Patience { first_us: 300, begin_us: 1_500, answer_us: 100, step_us: 100 };

/// What a poll for cards found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cards {
    /// Cards that tell the same UID each time.
    pub(super) found: Vec<Uid>,
    /// Cards whose UID is random: never to be taken for somebody's.
    pub(super) random: u32,
}

impl<SPI, BUSY, RESET, DELAY> Pn5180Reader<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice,
    BUSY: InputPin,
    RESET: OutputPin,
    DELAY: DelayNs,
{
    /// Looks for cards and goes back to books. The field is off for a moment, so that cards
    /// halted before are heard again.
    pub(super) fn list_cards(&mut self) -> Result<Cards, ChipError> {
        self.mode = Mode::FieldOff;
        self.chip.rf_off()?;
        self.chip.pause_us(OFF_US);
        self.chip.load_rf(wire::LOAD_ISO14443A)?;
        self.chip.rf_on()?;
        self.chip.pause_us(POWER_UP_US);
        let mut cards = Cards::default();
        for _ in 0..CARDS_MAX {
            if self.short(0x26)? == Heard::Nothing {
                break;
            }
            if let Some(uid) = self.card_uid()? {
                match uid[..] {
                    [RANDOM_UID, _, _, _] => cards.random += 1,
                    _ => cards.found.extend(Uid::new(&uid)),
                }
            }
            // Silence is the answer to HALT.
            self.card_frame(&[0x50, 0x00], 0, true)?;
        }
        self.tx_config = self.chip.load_rf(wire::LOAD_ISO15693)?;
        self.pause_due = false;
        self.mode = Mode::Books;
        Ok(cards)
    }

    /// REQA or WUPA: 7 bits.
    fn short(&mut self, code: u8) -> Result<Heard, ChipError> {
        self.card_frame(&[code], 7, false)
    }

    fn card_frame(&mut self, data: &[u8], last_bits: u8, crc: bool) -> Result<Heard, ChipError> {
        let crc = if crc { Action::Or(CRC_ON) } else { Action::And(!CRC_ON) };
        let before = [
            // A card pulled away in an anticollision has left BUSY high for good where the crypto
            // bit was still set (dotnet/iot issue 1139).
            (Register::SystemConfig, Action::And(CRYPTO_OFF)),
            (Register::CrcTxConfig, crc),
            (Register::CrcRxConfig, crc),
        ];
        self.chip.exchange(Frame { data, last_bits, before: &before, patience: PATIENCE })
    }

    /// Selects one of the cards that are ready; `None` when it was lost on the way.
    fn card_uid(&mut self) -> Result<Option<Vec<u8>>, ChipError> {
        let mut uid = Vec::new();
        for level in 0..LEVELS {
            let code = 0x93 + 2 * level;
            let Some(part) = self.card_part(code)? else { return Ok(None) };
            let select = [&[code, 0x70], &part[..]].concat();
            let Heard::Frame { bytes, last_bits: 0 } = self.card_frame(&select, 0, true)? else {
                return Ok(None);
            };
            let [sak] = bytes[..] else { return Ok(None) };
            let [a, b, c, d, _] = part;
            match (sak & SAK_CASCADE != 0, a) {
                (true, CASCADE_TAG) => uid.extend([b, c, d]),
                (true, _) => return Ok(None),
                (false, _) => {
                    uid.extend([a, b, c, d]);
                    return Ok(Some(uid));
                }
            }
        }
        Ok(None)
    }

    /// One cascade level: bit by bit where cards differ.
    fn card_part(&mut self, code: u8) -> Result<Option<[u8; 5]>, ChipError> {
        let mut known: Vec<bool> = Vec::new();
        // Each collision makes at least one bit known.
        for _ in 0..PART_BITS {
            let bytes = packed(&known);
            let nvb = (((2 + known.len() / 8) << 4) | (known.len() % 8)) as u8;
            let frame = [&[code, nvb], &bytes[..]].concat();
            match self.card_frame(&frame, (known.len() % 8) as u8, false)? {
                Heard::Frame { bytes, last_bits } => {
                    let unused = if last_bits == 0 { 0 } else { 8 - usize::from(last_bits) };
                    let len = (8 * bytes.len()).saturating_sub(unused);
                    known.extend(bits(&bytes).take(len));
                    // Exactly five bytes, or the card was pulled (dotnet/iot issue 1139).
                    return Ok(whole_part(&known));
                }
                Heard::Collision { bit, bytes } => {
                    let bit = usize::from(bit);
                    if bit >= 8 * bytes.len() || known.len() + bit >= PART_BITS {
                        return Ok(None);
                    }
                    known.extend(bits(&bytes).take(bit));
                    known.push(true);
                }
                Heard::Nothing | Heard::Damaged(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Bits, lowest of the first byte first.
fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> + '_ {
    bytes.iter().flat_map(|byte| (0..8).map(move |n| byte >> n & 1 != 0))
}

fn packed(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        bits.iter().enumerate().fold(0, |byte, (n, bit)| byte | u8::from(*bit) << n)
    };
    bits.chunks(8).map(byte).collect()
}

fn whole_part(bits: &[bool]) -> Option<[u8; 5]> {
    let part: [u8; 5] = packed(bits).try_into().ok()?;
    let [a, b, c, d, bcc] = part;
    (bits.len() == PART_BITS && a ^ b ^ c ^ d == bcc).then_some(part)
}
