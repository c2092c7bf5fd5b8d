//! ISO 15693 over the chip: the 16-slot inventory and requests to one tag.
//!
//! Times are those of readers.md section 8; `t1`, `t2` and the marks are recalled there,
//! UNCONFIRMED.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::chip::ChipError;
use super::driver::Pn5180Reader;
use super::transceive::{Frame, Heard, Patience};
use super::wire::{Action, Register, TX_EOF_ONLY};
use crate::rfid::iso15693::reply::Found;
use crate::rfid::iso15693::{Mask, Request, inventory};

/// One byte on the air either way, in microseconds, rounded up.
const BYTE_US: u32 = 303;
/// Marks around a request, in microseconds, rounded up.
const REQUEST_MARKS_US: u32 = 114;
/// An EOF alone, in microseconds, rounded up.
const EOF_US: u32 = 38;
/// From the end of a request until an answer must have begun (t3), in microseconds, rounded up.
const BEGIN_US: u32 = 475;
/// The chip's own time between a command and what it does, in microseconds. UNCONFIRMED.
const CHIP_US: u32 = 25;
/// The end mark of an answer, in microseconds, rounded up.
const ANSWER_EOF_US: u32 = 152;
/// From the end of an answer to the next request (t2), in microseconds, rounded up.
const T2_US: u32 = 310;
/// Longest a tag takes for a write, in microseconds (readers.md section 8, UNCONFIRMED).
const WRITE_US: u32 = 20_000;
/// Pause between two looks, in microseconds.
const STEP_US: u32 = 40;
/// Pause between two looks at a tag that writes, in microseconds.
const WRITE_STEP_US: u32 = 300;

/// Bytes of the checksum, which the chip adds and removes.
const CRC_LEN: u32 = 2;
/// Bytes of an answer to an inventory.
const FOUND_LEN: u32 = 10;
/// Slots of a round.
const SLOTS: u8 = 16;

/// Most rounds of one inventory. 20 tags take 7.5 on average; two tags with the same UID take 16
/// before they are given up.
pub const ROUNDS_MAX: usize = 128;
/// Most tags of one inventory.
pub const TAGS_MAX: usize = 256;
/// Most collided slots that wait for their round.
pub const WAITING_MAX: usize = 256;

/// What a slot was.
enum Slot {
    Empty,
    Tag(Found),
    /// Several tags, or one that was not understood: worth a round of its own.
    Again,
}

fn request_us(len: usize) -> u32 {
    REQUEST_MARKS_US + BYTE_US * (len as u32 + CRC_LEN)
}

fn answer_us(len: u32) -> u32 {
    BYTE_US * (len + CRC_LEN) + ANSWER_EOF_US
}

impl<SPI, BUSY, RESET, DELAY> Pn5180Reader<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice,
    BUSY: InputPin,
    RESET: OutputPin,
    DELAY: DelayNs,
{
    /// All tags in the field, each once. Collided slots become rounds with a longer mask; the
    /// field stays on, and no tag is put quiet.
    pub(super) fn list_books(&mut self) -> Result<Vec<Found>, ChipError> {
        let mut found = Vec::new();
        let mut waiting = vec![Mask::ALL];
        for _ in 0..ROUNDS_MAX {
            let Some(mask) = waiting.pop() else { break };
            let mut again = self.round(mask, &mut found)?;
            again.truncate(WAITING_MAX.saturating_sub(waiting.len()));
            waiting.extend(again.into_iter().rev());
        }
        if !waiting.is_empty() {
            tracing::debug!(left = waiting.len(), "inventory given up, tags with one UID?");
        }
        Ok(found)
    }

    fn round(&mut self, mask: Mask, found: &mut Vec<Found>) -> Result<Vec<Mask>, ChipError> {
        let mut again = Vec::new();
        for slot in 0..SLOTS {
            let heard = match slot {
                0 => self.ask(&inventory(mask), FOUND_LEN, BEGIN_US)?,
                _ => self.next_slot()?,
            };
            match understand(&heard, mask, slot) {
                Slot::Empty => {}
                Slot::Tag(tag) => {
                    if found.len() < TAGS_MAX && found.iter().all(|other| other.uid != tag.uid) {
                        found.push(tag);
                    }
                }
                // No longer mask: tags with one UID cannot be told apart.
                Slot::Again => again.extend(mask.with_slot(slot)),
            }
        }
        Ok(again)
    }

    /// Sends an EOF alone: the next slot, or the answer to a write with option flag.
    pub(super) fn next_slot(&mut self) -> Result<Heard, ChipError> {
        let before = [(Register::TxConfig, Action::And(TX_EOF_ONLY))];
        self.on_air(&[], &before, EOF_US, FOUND_LEN, BEGIN_US)
    }

    /// Sends a request; `answer_len` is the length of the usual answer, without checksum.
    pub(super) fn ask(
        &mut self,
        request: &[u8],
        answer_len: u32,
        begin_us: u32,
    ) -> Result<Heard, ChipError> {
        let before = [(Register::TxConfig, Action::Write(self.tx_config))];
        self.on_air(request, &before, request_us(request.len()), answer_len, begin_us)
    }

    /// Sends a request to one tag, and to a tag that wants it the EOF after a write.
    pub(super) fn tell(&mut self, request: Request, answer_len: u32) -> Result<Heard, ChipError> {
        let writes = request.command.writes();
        let begin_us = match (writes, request.option) {
            (true, false) => WRITE_US + BEGIN_US,
            _ => BEGIN_US,
        };
        let heard = self.ask(&request.emit(), answer_len, begin_us)?;
        if !(writes && request.option) || heard != Heard::Nothing {
            return Ok(heard);
        }
        self.chip.pause_us(WRITE_US);
        self.next_slot()
    }

    fn on_air(
        &mut self,
        data: &[u8],
        before: &[(Register, Action)],
        sending_us: u32,
        answer_len: u32,
        begin_us: u32,
    ) -> Result<Heard, ChipError> {
        if std::mem::take(&mut self.pause_due) {
            self.chip.pause_us(T2_US);
        }
        let patience = Patience {
            first_us: sending_us + BEGIN_US + CHIP_US,
            begin_us: sending_us + begin_us + CHIP_US,
            answer_us: answer_us(answer_len),
            step_us: if begin_us > BEGIN_US { WRITE_STEP_US } else { STEP_US },
        };
        let heard = self.chip.exchange(Frame { data, last_bits: 0, before, patience })?;
        self.pause_due = heard != Heard::Nothing;
        Ok(heard)
    }
}

/// A UID is believed only from one whole answer that fits the mask and the slot; garbage of a
/// collision never becomes one.
fn understand(heard: &Heard, mask: Mask, slot: u8) -> Slot {
    match heard {
        Heard::Nothing => Slot::Empty,
        Heard::Frame { bytes, last_bits: 0 } => match Found::parse(bytes) {
            Some(tag) if mask.with_slot(slot).unwrap_or(mask).fits(tag.uid) => Slot::Tag(tag),
            _ => Slot::Again,
        },
        Heard::Frame { .. } | Heard::Collision { .. } | Heard::Damaged(_) => Slot::Again,
    }
}
